//! What a cluster refuses to a known caller, read out of the message itself.
//!
//! Sources of the texts: kube-apiserver `endpoints/handlers/responsewriters/errors.go`, which says
//! `User "U" cannot VERB resource "R" in API group "G" …`, and before 1.12 `cannot VERB R.G in the namespace "N"`;
//! `plugin/pkg/admission/noderestriction`, `plugin/pkg/auth/authorizer/node`, and `pkg/registry/rbac/escalation_check.go`. Every
//! client prints the server's message behind words of its own.

use super::context::Client;
use super::context::Context;
use super::statement::Statement;
use super::symptom::Rank;
use super::symptom::Reading;
use super::symptom::Says;
use crate::explain::cause::Cause;
use crate::explain::fix::word;
use crate::explain::rbac_fix;
use crate::explain::request::ANONYMOUS_FIX;
use crate::kube::request_info::Attributes;

/// What was refused to whom.
#[derive(Debug, PartialEq, Eq)]
struct Refusal<'a> {
    user: &'a str,
    verb: &'a str,
    /// With its subresource; nothing where a path was refused.
    resource: &'a str,
    group: &'a str,
    path: &'a str,
    namespace: Option<&'a str>,
    /// The object's, where it is known.
    name: &'a str,
}

impl<'a> Refusal<'a> {
    /// Reads it, with its place.
    fn parse(text: &'a str) -> Option<(usize, Self)> {
        const CANNOT: &str = "\" cannot ";
        let at = text.find(CANNOT)?;
        let (before, rest) = text.split_at_checked(at)?;
        let user_at = before.rfind("ser \"")?;
        let user = before.get(user_at + 5..)?;
        let (verb, rest) = rest.strip_prefix(CANNOT)?.split_once(' ')?;
        let quoted = |sign: &str| {
            let (_, after) = rest.split_once(sign)?;
            after.split_once('"').map(|(value, _)| value)
        };
        let (resource, group) = match (quoted("resource \""), quoted("in API group \"")) {
            (Some(resource), group) => (resource, group.unwrap_or_default()),
            // Before 1.12: `deployments.extensions`.
            (None, _) if rest.starts_with("path ") => ("", ""),
            (None, _) => {
                let word = rest.split(' ').next().unwrap_or_default();
                word.split_once('.').unwrap_or((word, ""))
            }
        };
        let name = before
            .rfind("\" is forbidden")
            .and_then(|end| before.get(..end))
            .and_then(|text| text.rsplit('"').next())
            .unwrap_or_default();
        let refusal = Self {
            user,
            verb,
            resource,
            group,
            path: quoted("path \"").unwrap_or_default(),
            namespace: quoted("in the namespace \"").filter(|namespace| !namespace.is_empty()),
            name,
        };
        Some((user_at.saturating_sub(1), refusal))
    }

    /// What was refused, in words.
    fn what(&self) -> String {
        if self.resource.is_empty() {
            return format!("{} the path {}", self.verb, self.path);
        }
        let group = if self.group.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.group)
        };
        let scope = match self.namespace {
            Some(namespace) => format!("in the namespace {namespace}"),
            None => "in the whole cluster".to_owned(),
        };
        format!("{} {}{group} {scope}", self.verb, self.resource)
    }

    /// As kubectl writes it: `deployments.apps/scale`.
    fn resource_argument(&self) -> String {
        match (self.group, self.resource.split_once('/')) {
            ("", _) => self.resource.to_owned(),
            (group, Some((resource, sub))) => format!("{resource}.{group}/{sub}"),
            (group, None) => format!("{}.{group}", self.resource),
        }
    }

    fn attributes(&self) -> Attributes {
        if self.resource.is_empty() {
            return Attributes::non_resource(self.verb, self.path);
        }
        let (resource, sub) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        let namespace = self.namespace.unwrap_or_default();
        Attributes::resource(self.verb, self.group, "", resource, sub, namespace, self.name)
    }

    /// The commands that allow this and no more.
    fn grant(&self) -> String {
        rbac_fix::grant_by_name(&rbac_fix::subject_of(self.user), &self.attributes())
    }

    fn question(&self) -> String {
        let scope = self
            .namespace
            .map_or_else(String::new, |namespace| format!(" -n {}", word(namespace)));
        let what = if self.resource.is_empty() {
            self.path.to_owned()
        } else {
            self.resource_argument()
        };
        format!("kubectl auth can-i {} {}{scope}", word(self.verb), word(&what))
    }
}

/// What a message says of a refused request.
pub(super) fn read(statement: &Statement, context: &Context) -> Option<Reading> {
    if let Some(at) = statement.find(&["is attempting to grant RBAC permissions not currently held"]) {
        return Some(escalation(statement, at));
    }
    if let Some(reading) = node(statement) {
        return Some(reading);
    }
    if let Some(at) = statement.find(&["Authorization error (user="]) {
        return Some(node_cannot_ask(at, context));
    }
    if let Some((at, refusal)) = Refusal::parse(statement.text()) {
        return Some(refused(at, &refusal, statement, context));
    }
    unsaid(statement)
}

fn reading(at: usize, says: Says, sentence: String, fix: String, look_at: Vec<String>) -> Reading {
    Reading {
        rank: Rank::Forbidden,
        at,
        certainty: says.certainty(),
        sentence,
        fix,
        look_at,
    }
}

fn escalation(statement: &Statement, at: usize) -> Reading {
    let user = statement
        .text()
        .split_once("user \"")
        .and_then(|(_, rest)| rest.split('"').next())
        .unwrap_or("the caller");
    reading(
        at,
        Says::Named(Cause::RbacEscalation),
        format!(
            "{user} would grant by a role or binding more than it holds itself, and lacks the verb `bind` or `escalate` on the role; \
             what it may do by an access policy of EKS does not count as held, as the check reads RBAC only"
        ),
        "grant no more than the caller holds by RBAC; or have it done by an administrator with AmazonEKSClusterAdminPolicy (with \
         AmazonEKSAdminPolicy it is refused) or one whose group RBAC binds; or have one give the caller the verb `bind` on this one \
         role: --verb=bind --resource=roles,clusterroles --resource-name=ROLE"
            .to_owned(),
        Vec::new(),
    )
}

/// What NodeRestriction and the node authorizer refuse to a node that names another.
fn node(statement: &Statement) -> Option<Reading> {
    let text = statement.text();
    let modified = text.split_once("node \"").and_then(|(_, rest)| {
        let (own, rest) = rest.split_once("\" is not allowed to modify node \"")?;
        Some((own.rsplit("node \"").next()?, rest.split('"').next()?))
    });
    let leased = text
        .contains("with the same name as the requesting node")
        .then(|| Refusal::parse(text))
        .flatten()
        .and_then(|(_, refusal)| Some((refusal.user.strip_prefix("system:node:")?, refusal.name)));
    let (own, other) = modified.or(leased).filter(|(own, other)| own != other)?;
    let at = statement
        .find(&["is not allowed to modify node"])
        .or_else(|| statement.find(&["with the same name as the requesting node"]))?;
    Some(reading(
        at,
        Says::Named(Cause::NodeNameDiffers),
        format!(
            "a node asks as system:node:{own} for the node {other}: its username is not made of its own name, and a node may change \
             only itself"
        ),
        format!(
            "map the nodes' role so that the username is system:node:{}: in aws-auth `username: \
             system:node:{{{{EC2PrivateDNSName}}}}` with the groups system:bootstrappers and system:nodes, or an access entry of \
             type EC2_LINUX (EC2_WINDOWS for Windows); and let the kubelet keep the instance's private DNS name \
             (no --hostname-override)",
            other.replace('`', "'")
        ),
        Vec::new(),
    ))
}

/// What a kubelet answers to `kubectl logs` and `exec` where its own question to the API server, whether that is allowed, failed
/// (`pkg/kubelet/server/server.go`). Where the answer was no, it says `Forbidden (user=`.
fn node_cannot_ask(at: usize, context: &Context) -> Reading {
    reading(
        at,
        Says::Likeliest(&[Cause::NodeRoleNotMapped, Cause::ServerUnreachable]),
        "the kubelet of the pod's node could not ask the API server whether logs or exec are allowed: most likely the node itself is \
         not let in any more, as its role is not mapped"
            .to_owned(),
        context.fill(
            "map the role of the nodes: `aws eks create-access-entry --cluster-name {cluster} --region {region} --principal-arn ARN \
             --type EC2_LINUX`, or in aws-auth with the username system:node:{{EC2PrivateDNSName}} and the groups \
             system:bootstrappers and system:nodes",
        ),
        vec![
            "kubectl get nodes: whether that node is NotReady".to_owned(),
            "journalctl -u kubelet on the node: `Unauthorized`, or a connection that fails".to_owned(),
            context.fill("aws eks list-access-entries --cluster-name {cluster} --region {region}"),
        ],
    )
}

/// Words in the name or namespace of a service account that runs jobs.
const RUNNERS: &[&str] = &[
    "jenkins",
    "gitlab",
    "runner",
    "runners",
    "actions",
    "atlantis",
    "terraform",
    "spacelift",
    "buildkite",
    "tekton",
    "drone",
    "teamcity",
    "bamboo",
    "ci",
    "cicd",
];

/// The groups that kube-apiserver serves itself, besides that without a name.
const BUILT_IN: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// A request of nobody's: no token came, or an API server behind kube-apiserver did not see whose it was.
fn anonymous(at: usize, refusal: &Refusal<'_>, statement: &Statement, context: &Context) -> Reading {
    let send = context.fill(
        &ANONYMOUS_FIX
            .replace("CLUSTER", "{cluster}")
            .replace("REGION", "{region}"),
    );
    let group = refusal
        .path
        .strip_prefix("/apis/")
        .and_then(|path| path.split('/').next())
        .unwrap_or(refusal.group);
    if !BUILT_IN.contains(&group) {
        return aggregated(at, group, refusal, &send);
    }
    const UPGRADE: &str = "an old one does not know the `exec` section of a kubeconfig, and sends no token without a word (client-go \
                           before 7.0, of Kubernetes 1.10; and what programs copied from it)";
    // kubernetes-client/python issues 2333 and 2353.
    let is_python_32 = context.is_python_32;
    let is_kubectl = statement.has(&["Error from server"]);
    let fix = if is_python_32 {
        "upgrade the client: the Python package kubernetes 32.0.0 runs the plugin without its arguments (pip install \
         'kubernetes>32.0.0'), and goes on without a token"
            .to_owned()
    } else if context.does_kubectl_work && !is_kubectl {
        format!("as kubectl is let in, upgrade the client: {UPGRADE}; or else {send}")
    } else if is_kubectl {
        send
    } else {
        format!("{send}; where kubectl is let in by the same kubeconfig, upgrade the client: {UPGRADE}")
    };
    reading(
        at,
        Says::Named(Cause::Anonymous),
        format!(
            "the cluster saw no token: the request to {} came from system:anonymous",
            refusal.what()
        ),
        format!("{fix}; do not bind roles to system:anonymous"),
        Vec::new(),
    )
}

/// A group that an API server behind kube-apiserver serves, or a custom resource.
fn aggregated(at: usize, group: &str, refusal: &Refusal<'_>, send: &str) -> Reading {
    let group = group.replace('`', "'");
    reading(
        at,
        Says::Likeliest(&[Cause::Anonymous]),
        format!(
            "{} was refused to system:anonymous: the API server behind {group} (an APIService) saw no user, as the headers of \
             kube-apiserver's front proxy did not reach it or were not trusted (requestheader-client-ca), or as the mapping gives an \
             empty username; or the client sent no token at all",
            refusal.what()
        ),
        format!(
            "where other requests of the same client are let in, have the server behind {group} trust the front proxy: the Role \
             extension-apiserver-authentication-reader in kube-system must be bound to its service account, no flag of it may \
             replace --requestheader-client-ca-file, and the `username` of the caller's mapping must not be empty; where none is, \
             {send}; do not bind roles to system:anonymous"
        ),
        vec![
            "kubectl auth whoami, and whether kubectl get pods is refused to system:anonymous too".to_owned(),
            format!("kubectl get apiservices, for who serves {group}, and the log of that server"),
        ],
    )
}

/// Words in the name of a service account that is made for the pods of a runner's jobs.
const EXECUTORS: &[&str] = &["agent", "executor", "executors", "runner", "runners"];

fn refused(at: usize, refusal: &Refusal<'_>, statement: &Statement, context: &Context) -> Reading {
    if refusal.user == "system:anonymous" {
        return anonymous(at, refusal, statement, context);
    }
    let grant = refusal.grant();
    if let Some(account) = refusal.user.strip_prefix("system:serviceaccount:") {
        let is_runner = account
            .split([':', '-', '_', '.'])
            .any(|word| RUNNERS.contains(&word.to_ascii_lowercase().as_str()));
        let is_tool = matches!(context.client, Client::Terraform | Client::Eksctl | Client::Pulumi);
        // An account that somebody made for the jobs of a runner is meant to ask; `default` is whose there is no other.
        let is_meant = account.split_once(':').is_some_and(|(_, name)| {
            name.split(['-', '_', '.'])
                .any(|word| EXECUTORS.contains(&word.to_ascii_lowercase().as_str()))
        });
        let is_fallback = (is_runner && !is_meant) || is_tool || statement.has(&["aws-auth"]);
        let of: &'static [Cause] = if is_fallback {
            &[
                Cause::ServiceAccountInsteadOfIam,
                Cause::NotAuthorized,
                Cause::NoBinding,
            ]
        } else {
            &[
                Cause::NotAuthorized,
                Cause::NoBinding,
                Cause::ServiceAccountInsteadOfIam,
            ]
        };
        let instead = context.fill(
            "give the pod the role that is mapped (IRSA, EKS Pod Identity), and the client a kubeconfig there: \
             `aws eks update-kubeconfig --name {cluster} --region {region}`, or the provider its `host`, `cluster_ca_certificate` and \
             `exec`",
        );
        return reading(
            at,
            Says::Likeliest(of),
            if is_fallback {
                format!(
                    "the client asked as the service account {account} of its own pod, so IAM had no part in it: it found no \
                     kubeconfig and fell back to the one in the cluster; that account may not {}",
                    refusal.what()
                )
            } else {
                format!(
                    "the service account {account} may not {}: no Role or ClusterRole that is bound to it allows it",
                    refusal.what()
                )
            },
            if is_fallback {
                format!("{instead}; or, if the service account is meant, as an administrator of the cluster: {grant}")
            } else {
                format!("as an administrator of the cluster: {grant}; or, if an IAM role was meant to ask, {instead}")
            },
            vec![
                format!("kubectl auth can-i {} --as={}", word(refusal.verb), word(refusal.user)),
                "whether the client was meant to use a kubeconfig or an IAM role (KUBECONFIG, AWS_ROLE_ARN in its pod)"
                    .to_owned(),
            ],
        );
    }
    let fragile = if refusal.user.contains(":assumed-role/") || refusal.user.contains('@') {
        "; where the username has the name of a session in it, bind a group of the mapping instead (--group=GROUP)"
    } else {
        ""
    };
    reading(
        at,
        Says::Likeliest(&[Cause::NotAuthorized, Cause::NoBinding]),
        format!(
            "the cluster let {} in and refused to let it {}: nothing that is bound to it allows that",
            refusal.user,
            refusal.what()
        ),
        format!("as an administrator of the cluster: {grant}{fragile}"),
        vec![
            "kubectl auth whoami, for the groups".to_owned(),
            refusal.question(),
            "kubectl get rolebindings,clusterrolebindings -A -o wide, and the policies of the access entry (aws eks \
             list-associated-access-policies)"
                .to_owned(),
        ],
    )
}

/// A 403 whose message does not say who may not do what.
fn unsaid(statement: &Statement) -> Option<Reading> {
    let at = [
        "(Forbidden)",
        "is forbidden: ",
        "Reason: Forbidden",
        "Forbidden!",
        "\"reason\":\"Forbidden\"",
        "statusCode: 403",
        "status: 403",
    ]
    .iter()
    .find_map(|text| statement.find(&[*text]))
    .or_else(|| statement.find(&["\"code\":403"]))
    .or_else(|| statement.find(&["ApiException: (403)"]))?;
    let is_server = statement.is_of_kubernetes()
        || statement.has(&[
            "Error from server",
            "is forbidden: ",
            "Reason: Forbidden",
            "ApiException",
        ]);
    is_server.then(|| {
        reading(
            at,
            Says::NotKnown,
            "a cluster let the caller in and refused the request (403), and the message does not say who may not do what".to_owned(),
            String::new(),
            vec![
                "the line with `User \"…\" cannot …`, or `message` of the response's body".to_owned(),
                "kubectl auth whoami, and kubectl auth can-i VERB RESOURCE -n NAMESPACE".to_owned(),
            ],
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, what: &str, grant: &str) {
        let (_, refusal) = Refusal::parse(text).unwrap();
        assert_eq!(refusal.what(), what, "{text}");
        assert_eq!(refusal.grant(), grant, "{text}");
    }

    #[test]
    fn the_least_that_helps_is_granted() {
        check(
            "pods is forbidden: User \"dev\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop\"",
            "list pods in the namespace shop",
            "`kubectl create role list-pods --verb=list --resource=pods -n shop` and `kubectl create rolebinding dev-list-pods \
             --role=list-pods --user=dev -n shop`",
        );
        check(
            "User \"a b\" cannot patch resource \"deployments/scale\" in API group \"apps\" at the cluster scope",
            "patch deployments/scale (apps) in the whole cluster",
            "`kubectl create clusterrole patch-deployments-scale --verb=patch --resource=deployments.apps/scale` and `kubectl create \
             clusterrolebinding a-b-patch-deployments-scale --clusterrole=patch-deployments-scale --user='a b'`",
        );
        check(
            "forbidden: User \"system:serviceaccount:shop:web\" cannot get path \"/metrics\"",
            "get the path /metrics",
            "`kubectl create clusterrole get-metrics --verb=get --non-resource-url=/metrics` and `kubectl create clusterrolebinding \
             web-get-metrics --clusterrole=get-metrics --serviceaccount=shop:web`",
        );
        check(
            "deployments.extensions \"web\" is forbidden: User \"dev\" cannot get deployments.extensions in the namespace \"default\".",
            "get deployments (extensions) in the namespace default",
            "`kubectl create role get-deployments --verb=get --resource=deployments.extensions -n default` and `kubectl create \
             rolebinding dev-get-deployments --role=get-deployments --user=dev -n default`",
        );
        check(
            "users \"bob\" is forbidden: User \"dev\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
            "impersonate users in the whole cluster",
            "`kubectl create clusterrole impersonate-users --verb=impersonate --resource=users --resource-name=bob` and `kubectl \
             create clusterrolebinding dev-impersonate-users --clusterrole=impersonate-users --user=dev`",
        );
    }
}
