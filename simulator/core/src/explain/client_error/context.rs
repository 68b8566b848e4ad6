//! What a whole text says besides its messages: which client printed it, and the names that belong into a fix.

use super::marks;
use super::statement::Statement;
use crate::explain::fix::word;
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
    Java,
    Kubectl,
    JavaScript,
    Pulumi,
    Python,
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
    (Client::Java, &["io.kubernetes.client"]),
    (Client::Ansible, &["ansible", "failed! => {", "fatal: ["]),
    (
        Client::Python,
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
        Client::JavaScript,
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

/// What begins an error of this client, whatever stands around it: tags, manifests and prose name others.
const OWN: &[(Client, &[&str])] = &[
    (
        Client::Kubectl,
        &[
            "you must be logged in to the server",
            "error from server",
            "error: unable to recognize \"",
            "unable to connect to the server",
            "the connection to the server",
        ],
    ),
    (
        Client::Python,
        &[
            "exception when calling ",
            "reason: unauthorized",
            "reason: forbidden",
            "http response body",
        ],
    ),
];

/// So far from its beginning may the words of [`OWN`] stand in a message, behind `error: `.
const OWN_PLACE: usize = 12;

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
            Self::Fabric8 | Self::Java | Self::JavaScript | Self::Python => {
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
    /// AWS or EKS is spoken of.
    pub(super) is_of_aws: bool,
    /// EKS is spoken of.
    pub(super) is_of_eks: bool,
    /// Whose cluster it is, where it is none of EKS.
    pub(super) elsewhere: Option<&'static str>,
    /// It failed when a quarter of an hour was over.
    pub(super) is_aged: bool,
    /// The URL in a token stands there.
    pub(super) has_token_url: bool,
    /// STS's own answer stands there, in XML or JSON.
    pub(super) has_answer_of_sts: bool,
    /// kubectl is let in, somebody says.
    pub(super) does_kubectl_work: bool,
    /// Version 32.0.0 of Python's client ran the plugin.
    pub(super) is_python_32: bool,
    /// Vault asks or is asked.
    pub(super) is_of_vault: bool,
    /// Terraform's address of an access entry.
    pub(super) address: Option<String>,
    /// The plugin's command in a kubeconfig.
    pub(super) plugin: Option<String>,
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
            is_of_aws: marks::is_of_aws(statements),
            is_of_eks: marks::is_of_eks(statements),
            elsewhere: marks::other_cluster(statements),
            is_aged: marks::is_aged(statements),
            has_token_url: marks::has_token_url(statements),
            has_answer_of_sts: marks::has_answer_of_sts(statements),
            does_kubectl_work: marks::does_kubectl_work(statements),
            is_python_32: statements
                .iter()
                .any(|statement| statement.says(&["aws: error: the following arguments are required: command"])),
            is_of_vault: statements.iter().any(|statement| statement.says(&["vault"])),
            address: first(address),
            plugin: plugin(statements),
            region: first(region),
            cluster: first(cluster),
            principal: first(principal),
        }
    }

    /// Who printed this message: by its own words before those of the text around it.
    pub(super) fn client_of(&self, statement: &Statement) -> Client {
        let begins = |sign: &&str| statement.find_any_case(sign).is_some_and(|at| at < OWN_PLACE);
        OWN.iter()
            .find(|(_, signs)| signs.iter().any(begins))
            .or_else(|| SIGNS.iter().find(|(_, signs)| statement.says(signs)))
            .map_or(self.client, |(client, _)| *client)
    }

    /// The command that shows what keeps the plugin from a token: that of the kubeconfig, where the text has it.
    pub(super) fn plugin_command(&self) -> String {
        self.plugin
            .clone()
            .unwrap_or_else(|| self.fill("aws eks get-token --cluster-name {cluster} --region {region}"))
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

/// Terraform's address of an access entry, as it stands in an error or a plan.
fn address(text: &str) -> Option<String> {
    let at = text.find("aws_eks_access_entry.")?;
    let start = text
        .get(..at)?
        .rfind([' ', '`', '(', '\''])
        .map_or(0, |before| before + 1);
    let address = text.get(start..)?.split([' ', ',', '`', ')', '\'']).next()?;
    let is_of_address = |letter: char| letter.is_ascii_alphanumeric() || "_-.[]\"/:".contains(letter);
    // What is merely referred to has an attribute behind it.
    let is_one = address.chars().all(is_of_address) && !address.ends_with('.') && !address.ends_with("_arn");
    is_one.then(|| word(address.trim_end_matches(':')))
}

/// The plugin's command with its arguments, as a kubeconfig lists them.
fn plugin(statements: &[Statement]) -> Option<String> {
    /// The exec section of a kubeconfig is not longer, in lines before and behind its command.
    const NEAR: usize = 24;
    const COMMAND: &str = "command: ";
    let at = statements
        .iter()
        .position(|statement| statement.has(&["command: aws", "command: \"aws", "command: 'aws"]))?;
    let (_, behind) = statements.get(at)?.text().split_once(COMMAND)?;
    let quotes = ['"', '\'', ','];
    let name = behind.split_whitespace().next()?.trim_matches(quotes);
    if !matches!(name, "aws" | "aws-iam-authenticator") {
        return None;
    }
    let near: Vec<&str> = statements
        .iter()
        .skip(at.saturating_sub(NEAR))
        .take(NEAR + NEAR)
        .map(Statement::text)
        .collect();
    let near = near.join(" ");
    let (_, list) = near.split_once("args:")?;
    let mut command = vec![name.to_owned()];
    let mut words = list.split_whitespace();
    while words.next() == Some("-") {
        // A key begins the next item of another list.
        let Some(argument) = words.next().filter(|argument| !argument.ends_with(':')) else {
            break;
        };
        command.push(word(argument.trim_matches(quotes)));
    }
    (command.len() > 1).then(|| command.join(" "))
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
    fn a_message_is_of_the_client_that_words_it() {
        for (text, wanted) in [
            (
                "tags: alpha.eksctl.io/cluster-name\n\nReason: Unauthorized",
                Client::Python,
            ),
            (
                "terraform applied it\n\nerror: You must be logged in to the server (Unauthorized)",
                Client::Kubectl,
            ),
            ("$ terraform apply\n\nError: Unauthorized", Client::Terraform),
            (
                "$ eksctl get nodegroup\n\ngetting auth ConfigMap: Unauthorized",
                Client::Eksctl,
            ),
        ] {
            let statements = Statement::all(text);
            let context = Context::of(&statements, false);
            let last = statements.last().unwrap();
            assert_eq!(context.client_of(last), wanted, "{text}");
        }
    }

    #[test]
    fn the_plugins_command_is_that_of_the_kubeconfig() {
        for (text, wanted) in [
            (
                "exec:\n  command: aws-iam-authenticator\n  args:\n    - \"token\"\n    - \"-i\"\n    - \"shop\"\n",
                Some("aws-iam-authenticator token -i shop"),
            ),
            (
                "exec:\n  args:\n  - --region\n  - eu-west-1\n  - eks\n  - get-token\n  command: aws\n",
                Some("aws --region eu-west-1 eks get-token"),
            ),
            ("  command: aws\n  env: null\n", None),
            ("  command: gke-gcloud-auth-plugin\n  args:\n  - x\n", None),
        ] {
            let context = Context::of(&Statement::all(text), false);
            assert_eq!(context.plugin.as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn an_address_of_terraform_is_read() {
        for (text, wanted) in [
            (
                "with module.eks.aws_eks_access_entry.this[\"creator\"],",
                Some("'module.eks.aws_eks_access_entry.this[\"creator\"]'"),
            ),
            ("with aws_eks_access_entry.dev,", Some("aws_eks_access_entry.dev")),
            ("resource \"aws_eks_access_entry\" \"dev\" {", None),
        ] {
            let context = Context::of(&Statement::all(text), false);
            assert_eq!(context.address.as_deref(), wanted, "{text}");
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
