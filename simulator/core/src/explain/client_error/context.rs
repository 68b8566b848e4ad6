//! What a whole text says besides its messages: which client printed it, and the names that belong into a fix.

use super::statement::Statement;
use crate::value::arn::Partition;

/// Who printed a text, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Ansible,
    ArgoCd,
    Console,
    Eksctl,
    Fabric8,
    Flux,
    GitlabRunner,
    Helm,
    JavaClient,
    Kubectl,
    NodeClient,
    Pulumi,
    PythonClient,
    Terraform,
    Other,
}

/// By words that only this client prints, the most specific first.
const SIGNS: &[(Client, &[&str])] = &[
    (
        Client::Console,
        &[
            "current iam principal doesn't have access",
            "current user or role does not have access",
        ],
    ),
    (
        Client::Pulumi,
        &[
            "pulumi",
            "kubernetes:core/v1",
            "unable to load schema information from the api server",
        ],
    ),
    (
        Client::Terraform,
        &[
            "with kubernetes_",
            "with helm_release",
            "with kubectl_manifest",
            "terraform",
        ],
    ),
    (
        Client::ArgoCd,
        &[
            "argocd",
            "argo-cd",
            "failed to load live state",
            "managed objects",
            "comparisonerror",
            "cluster cache",
        ],
    ),
    (
        Client::Flux,
        &[
            "kustomize-controller",
            "helm-controller",
            "source-controller",
            "flux-system",
            "flux ",
        ],
    ),
    (
        Client::Eksctl,
        &["eksctl", "[✖]", "[ℹ]", "auth configmap", "raw rest client"],
    ),
    (
        Client::GitlabRunner,
        &[
            "gitlab-runner",
            "prepare environment: setting up",
            "job failed (system failure)",
        ],
    ),
    (
        Client::Fabric8,
        &["fabric8", "kubernetesclientexception", "failure executing: "],
    ),
    (Client::JavaClient, &["io.kubernetes.client"]),
    (Client::Ansible, &["ansible", "failed! => {", "fatal: ["]),
    (
        Client::PythonClient,
        &[
            "kubernetes.client",
            "apiexception",
            "traceback",
            "http response headers",
            "kubernetes/client",
            "urllib3",
            "httpsconnectionpool",
        ],
    ),
    (
        Client::NodeClient,
        &[
            "kubernetes/client-node",
            "httperror: http request failed",
            "http-code: ",
            "econnrefused",
            "enotfound",
            "node_modules",
        ],
    ),
    (
        Client::Helm,
        &[
            "kubernetes cluster unreachable",
            "installation failed",
            "upgrade failed",
            "helm",
        ],
    ),
    (
        Client::Kubectl,
        &[
            "kubectl",
            "you must be logged in to the server",
            "error from server",
            "unable to connect to the server",
            "memcache.go",
            "the connection to the server",
        ],
    ),
];

impl Client {
    fn of(statements: &[Statement]) -> Self {
        SIGNS
            .iter()
            .find(|(_, signs)| statements.iter().any(|statement| statement.says(signs)))
            .map_or(Self::Other, |(client, _)| *client)
    }

    /// Whom this client acts as.
    pub(super) fn identity(self) -> &'static str {
        match self {
            Self::Ansible => {
                "Ansible acts by the kubeconfig and the AWS environment of the task's host and user (`become`), not by yours"
            }
            Self::ArgoCd => {
                "Argo CD acts by the cluster's Secret (awsAuthConfig, or a bearer token) and the role of its own pods \
                 (argocd-application-controller and argocd-server), not by your kubeconfig"
            }
            Self::Console => "the console acts as the principal that is signed in there, not as your kubectl does",
            Self::Eksctl => {
                "eksctl makes its token from its own AWS credentials (AWS_PROFILE, --profile), not from the kubeconfig"
            }
            Self::Fabric8 | Self::JavaClient | Self::NodeClient | Self::PythonClient => {
                "a program acts by the kubeconfig of its user, or by the service account of its pod; some libraries keep a \
                 token that ends after 15 minutes"
            }
            Self::Flux => {
                "Flux acts by the kubeConfig Secret of its object, or by the service account of its controller"
            }
            Self::GitlabRunner => {
                "the runner acts by its own configuration or the service account of its pod, not as who started the job"
            }
            Self::Helm => {
                "helm acts by the kubeconfig of the user and machine that run it (KUBECONFIG, --kube-context)"
            }
            Self::Kubectl => {
                "kubectl acts by the current context of the kubeconfig, and by the AWS environment of its shell"
            }
            Self::Pulumi => {
                "Pulumi acts by the provider's `kubeconfig` and the AWS environment of `pulumi up`, not by your kubectl's"
            }
            Self::Terraform => {
                "Terraform acts by the provider's block (exec, or a `token` that is 15 minutes old at most) and the AWS \
                 environment of the run, not by your kubectl's"
            }
            Self::Other => "a client acts by its own kubeconfig and AWS environment, which need not be your shell's",
        }
    }
}

/// What the text says besides.
pub(super) struct Context {
    pub(super) client: Client,
    pub(super) is_of_kubernetes: bool,
    region: Option<String>,
    cluster: Option<String>,
    principal: Option<String>,
}

impl Context {
    pub(super) fn of(statements: &[Statement], is_boxed: bool) -> Self {
        let client = Client::of(statements);
        let first = |read: fn(&str) -> Option<String>| statements.iter().find_map(|statement| read(statement.text()));
        Self {
            client: if client == Client::Other && is_boxed {
                Client::Terraform
            } else {
                client
            },
            is_of_kubernetes: statements.iter().any(Statement::is_of_kubernetes),
            region: first(region),
            cluster: first(cluster),
            principal: first(principal),
        }
    }

    /// A fix with the names that the text has in place of `{cluster}`, `{region}`, `{partition}`, `{principal}` (an access
    /// entry's) and `{role}` (that principal's name), or else with placeholders.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("{cluster}", self.cluster.as_deref().unwrap_or("CLUSTER"))
            .replace("{region}", self.region.as_deref().unwrap_or("REGION"))
            .replace("{partition}", self.partition())
            .replace("{principal}", self.principal.as_deref().unwrap_or("ARN"))
            .replace("{role}", self.role().unwrap_or("ROLE"))
    }

    fn partition(&self) -> &str {
        let of_principal = self.principal.as_deref().and_then(|arn| arn.split(':').nth(1));
        let of_region = || {
            self.region
                .as_deref()
                .map(|region| Partition::of_region(region).as_str())
        };
        of_principal.or_else(of_region).unwrap_or("aws")
    }

    fn role(&self) -> Option<&str> {
        let (_, path) = self.principal.as_deref()?.split_once(":role/")?;
        path.rsplit('/').next()
    }
}

/// The region in the host of a cluster, or of EKS itself, or in a cluster's ARN, or in a command.
fn region(text: &str) -> Option<String> {
    let of_host = text
        .split_once(".eks.amazonaws.com")
        .and_then(|(before, _)| before.rsplit(['.', '/']).next());
    let of_service = text
        .split_once("://eks.")
        .and_then(|(_, after)| after.split_once(".amazonaws.com"))
        .map(|(region, _)| region);
    let of_arn = text.split_once(":eks:").and_then(|(_, after)| after.split(':').next());
    let behind = |sign: &str| {
        let (_, after) = text.split_once(sign)?;
        after.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()
    };
    [
        of_host,
        of_service,
        of_arn,
        behind("--region "),
        behind("--region="),
        behind("://oidc.eks."),
    ]
    .into_iter()
    .flatten()
    .find(|region| is_region(region))
    .map(str::to_owned)
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    (3..=4).contains(&parts.len())
        && parts
            .last()
            .is_some_and(|last| last.len() == 1 && last.chars().all(|digit| digit.is_ascii_digit()))
        && parts
            .iter()
            .rev()
            .skip(1)
            .all(|part| !part.is_empty() && part.chars().all(|letter| letter.is_ascii_lowercase()))
}

/// The name in a cluster's ARN or in the plugin's arguments.
fn cluster(text: &str) -> Option<String> {
    let is_of_name = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    [
        "--cluster-name ",
        "--cluster-name=",
        ":cluster/",
        "EKS Access Entry (",
        "No cluster found for name: ",
    ]
    .iter()
    .filter_map(|sign| text.split_once(sign))
    .map(|(_, after)| after.chars().take_while(is_of_name).collect::<String>())
    .find(|name| !name.is_empty() && name != "CLUSTER")
}

/// The principal of an access entry: in a command, in a request's JSON, or in Terraform's name for the entry, `CLUSTER:ARN`.
fn principal(text: &str) -> Option<String> {
    let of_terraform = || {
        let (_, after) = text.split_once("EKS Access Entry (")?;
        after.split_once(':').map(|(_, arn)| arn)
    };
    let arn = ["--principal-arn", "principalArn", "principal_arn"]
        .iter()
        .find_map(|sign| text.split_once(sign))
        .map(|(_, after)| after.trim_start_matches([' ', '=', ':', '"', '\'']))
        .or_else(of_terraform)?;
    let arn = arn.split([' ', '"', '\'', '`', ')', ']', '}', ';', '<']).next()?;
    let arn = arn.trim_end_matches([',', '.', ':']);
    let is_of_arn = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@:/-".contains(letter);
    let is_one = arn.starts_with("arn:") && arn.contains(":iam::") && arn.contains('/') && arn.chars().all(is_of_arn);
    is_one.then(|| arn.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_hosts_and_arns() {
        for (text, wanted) in [
            (
                "Get \"https://0A.gr7.us-gov-west-1.eks.amazonaws.com/version\": x",
                "CLUSTER us-gov-west-1",
            ),
            (
                "https://0A.sk1.cn-north-1.eks.amazonaws.com.cn/api",
                "CLUSTER cn-north-1",
            ),
            (
                "\"https://eks.eu-west-3.amazonaws.com/clusters/x\"",
                "CLUSTER eu-west-3",
            ),
            ("arn:aws:eks:us-east-1:111122223333:cluster/shop is", "shop us-east-1"),
            ("aws eks get-token --cluster-name shop --output json", "shop REGION"),
            ("https://***.eks.amazonaws.com", "CLUSTER REGION"),
            (
                "$ aws eks list-access-entries --region eu-west-1 --cluster-name shop",
                "shop eu-west-1",
            ),
            (
                "found in your account for https://oidc.eks.us-east-1.amazonaws.com/id/0A",
                "CLUSTER us-east-1",
            ),
        ] {
            let context = Context::of(&Statement::all(text), false);
            assert_eq!(context.fill("{cluster} {region}"), wanted, "{text}");
        }
    }

    #[test]
    fn principals_stand_in_commands_and_requests() {
        for (text, wanted) in [
            (
                "$ aws eks create-access-entry --cluster-name shop --principal-arn arn:aws:iam::111122223333:role/team/dev",
                "arn:aws:iam::111122223333:role/team/dev dev aws",
            ),
            (
                "\"principalArn\": \"arn:aws-cn:iam::111122223333:user/dev\",",
                "arn:aws-cn:iam::111122223333:user/dev ROLE aws-cn",
            ),
            (
                "Error: creating EKS Access Entry (shop:arn:aws:iam::111122223333:role/dev): ResourceInUseException",
                "arn:aws:iam::111122223333:role/dev dev aws",
            ),
            (
                "The specified principalArn is invalid: invalid principal.",
                "ARN ROLE aws",
            ),
            ("--principal-arn arn:aws:iam::***:role/dev", "ARN ROLE aws"),
            ("--principal-arn `id` --region us-gov-west-1", "ARN ROLE aws-us-gov"),
        ] {
            let context = Context::of(&Statement::all(text), false);
            assert_eq!(context.fill("{principal} {role} {partition}"), wanted, "{text}");
        }
    }
}
