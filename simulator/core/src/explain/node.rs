//! Nodes: how they are recognised, what lets them in, and why they are refused.
//!
//! Sources: the EKS User Guide ("Amazon EKS node IAM role", "Create access entries", "Amazon EKS Pod execution IAM role",
//! "Prepare cluster access for hybrid nodes", "Enable Windows support"), and of Kubernetes 1.36
//! `plugin/pkg/auth/authorizer/node/node_authorizer.go` and `plugin/pkg/admission/noderestriction/admission.go`.

#[cfg(test)]
mod tests;

use super::Cause;
use super::Finding;
use super::fix::word;
use crate::aws::aws_host::is_region;
use crate::cluster::authorize::entry_of;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::parameter::EntryType;
use crate::cluster::eks::settings::is_cluster_name;
use crate::kube::request_info::Attributes;
use crate::value::arn::Arn;
use crate::value::arn::CanonicalArn;
use crate::value::log::go_quote;
use crate::value::user::UserInfo;

/// The group by which Kubernetes knows a node.
pub(crate) const NODES: &str = "system:nodes";
/// The group that may ask for a node's certificate.
pub(crate) const BOOTSTRAPPERS: &str = "system:bootstrappers";
/// What every node's username begins with.
pub(crate) const NODE_USER: &str = "system:node:";

/// What a node runs on, by which its mapping differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// EKS Auto Mode.
    Auto,
    /// An EC2 instance with Linux.
    Ec2Linux,
    /// An EC2 instance with Windows.
    Ec2Windows,
    /// Fargate.
    Fargate,
    /// A machine that is not AWS's.
    Hybrid,
}

impl NodeKind {
    /// By the names of the role and its session.
    pub(crate) fn of(role: &str, session: &str) -> Self {
        let letters = letters(role);
        if letters.contains("fargate") || letters.contains("podexecution") || session.starts_with("fargate-") {
            Self::Fargate
        } else if letters.contains("hybrid") || session.starts_with("mi-") {
            Self::Hybrid
        } else if letters.contains("windows") {
            Self::Ec2Windows
        } else if letters.contains("autonode") {
            Self::Auto
        } else {
            Self::Ec2Linux
        }
    }

    /// The type of its access entry.
    pub(crate) fn entry_type(self) -> EntryType {
        match self {
            Self::Auto => EntryType::Ec2,
            Self::Ec2Linux => EntryType::Ec2Linux,
            Self::Ec2Windows => EntryType::Ec2Windows,
            Self::Fargate => EntryType::FargateLinux,
            Self::Hybrid => EntryType::HybridLinux,
        }
    }

    /// Its username in `aws-auth`.
    pub(crate) fn username(self) -> &'static str {
        match self {
            Self::Auto | Self::Ec2Linux | Self::Ec2Windows => "system:node:{{EC2PrivateDNSName}}",
            Self::Fargate | Self::Hybrid => "system:node:{{SessionName}}",
        }
    }

    /// Its groups in `aws-auth`.
    pub(crate) fn groups(self) -> &'static [&'static str] {
        match self {
            Self::Auto | Self::Ec2Linux | Self::Hybrid => &[BOOTSTRAPPERS, NODES],
            Self::Ec2Windows => &[BOOTSTRAPPERS, NODES, "eks:kube-proxy-windows"],
            Self::Fargate => &[BOOTSTRAPPERS, NODES, "system:node-proxier"],
        }
    }
}

/// The cluster as a command names it: placeholders in capitals where it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) cluster: String,
    /// Its region.
    pub(crate) region: String,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            cluster: "CLUSTER".to_owned(),
            region: "REGION".to_owned(),
        }
    }
}

impl Target {
    /// Of a cluster of a World.
    pub(crate) fn of(cluster: &Cluster) -> Self {
        Self {
            cluster: cluster.name.clone(),
            region: cluster.region.clone(),
        }
    }

    /// By what a text says of it. What EKS gives no cluster and AWS no region as a name stays a placeholder: whoever wrote it
    /// has no say in commands that others run.
    pub(crate) fn of_names(cluster: Option<&str>, region: Option<&str>) -> Self {
        let unknown = Self::default();
        Self {
            cluster: cluster
                .filter(|name| is_cluster_name(name))
                .map_or(unknown.cluster, str::to_owned),
            region: region
                .filter(|name| is_region(name))
                .map_or(unknown.region, str::to_owned),
        }
    }

    /// A fix or a command with its names in place of CLUSTER and REGION.
    pub(crate) fn fill(&self, text: &str) -> String {
        text.replace("name CLUSTER", &format!("name {}", self.cluster))
            .replace("--region REGION", &format!("--region {}", self.region))
    }

    /// The options of `aws eks` that name the entry of a principal.
    fn entry(&self, arn: &str) -> String {
        format!(
            "--cluster-name {} --region {} --principal-arn {}",
            self.cluster,
            self.region,
            word(arn)
        )
    }

    /// Makes the nodes' access entry.
    pub(crate) fn create(&self, arn: &str, kind: NodeKind) -> String {
        let entry = self.entry(arn);
        let create = format!(
            "`aws eks create-access-entry {entry} --type {}`",
            kind.entry_type().as_str()
        );
        if kind != NodeKind::Auto {
            return create;
        }
        let partition = Arn::parse(arn).map_or_else(|_| "aws".to_owned(), |arn| arn.partition);
        format!(
            "{create} and `aws eks associate-access-policy {entry} --policy-arn \
             arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy --access-scope type=cluster`"
        )
    }

    /// Puts the nodes' access entry in the place of one for people: an update changes no type, and gives no group of
    /// Kubernetes' own.
    pub(crate) fn replace(&self, arn: &str, kind: NodeKind) -> String {
        format!(
            "`aws eks delete-access-entry {}` and {}",
            self.entry(arn),
            self.create(arn, kind)
        )
    }
}

/// The nodes' item of `aws-auth`, as an advice.
pub(crate) fn item(arn: &str, kind: NodeKind) -> String {
    let groups = match kind.groups() {
        [first, second] => format!("{first} and {second}"),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
        [] => String::new(),
    };
    format!(
        "add `rolearn: {}` to mapRoles of aws-auth, with the username {} and the groups {groups}",
        arn.replace('`', "'"),
        kind.username()
    )
}

/// Either of them, where the authentication mode is not known.
pub(crate) fn either(target: &Target, arn: &str, kind: NodeKind) -> String {
    format!(
        "{}; where the authentication mode is CONFIG_MAP, {}",
        target.create(arn, kind),
        item(arn, kind)
    )
}

/// What is to be done where people come in by the mapping of nodes.
pub(crate) const PEOPLE_AS_NODES: &str = "give the mapping of people and pipelines a username of its own, such as \
                                          `admin:{{SessionName}}`, and no group of nodes; system:node:… is for nodes \
                                          alone. Where nodes have the same role, let people assume another";

/// Whether a session's name is one that AWS gives to a node: an instance's id, a managed machine's, or Fargate's.
pub(crate) fn is_session(name: &str) -> bool {
    let hexadecimal = |rest: &str| {
        (8..=17).contains(&rest.len())
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    };
    name.strip_prefix("i-").is_some_and(hexadecimal)
        || name.strip_prefix("mi-").is_some_and(hexadecimal)
        || name.starts_with("fargate-ip-")
}

/// Whether a role's name says that it is of nodes, as those do that eksctl, CloudFormation, Terraform, Karpenter and the
/// console make.
pub(crate) fn is_role_name(name: &str) -> bool {
    let letters = letters(name);
    const ROLE_NAMES: [&str; 4] = ["nodegrouprole", "nodeinstancerole", "noderole", "podexecutionrole"];
    const NODE_NAMES: [&str; 8] = [
        "autonode",
        "eksnodes",
        "hybridnode",
        "karpenternode",
        "nodegroup",
        "nodeinstance",
        "podexecution",
        "workernode",
    ];
    // Those who look after nodes are none. Clusters have such names too, so that the role's own words come first.
    const OTHERS: [&str; 7] = [
        "admin",
        "autoscaler",
        "controller",
        "deploy",
        "manager",
        "operator",
        "termination",
    ];
    let has = |parts: &[&str]| parts.iter().any(|part| letters.contains(part));
    has(&ROLE_NAMES) || (has(&NODE_NAMES) && !has(&OTHERS))
}

fn letters(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// A node by its ARN: that of its role, or of its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeArn {
    /// The role's, without its path.
    pub(crate) role_arn: String,
    /// What it runs on.
    pub(crate) kind: NodeKind,
    /// The session's name; empty where it is not known.
    pub(crate) session: String,
}

impl NodeArn {
    /// Nothing where neither the session nor the role's name shows a node. `session` counts where the ARN has none.
    pub(crate) fn find(arn: &str, session: &str) -> Option<Self> {
        let canonical = CanonicalArn::parse(arn).ok()?.arn;
        let parsed = Arn::parse(&canonical).ok()?;
        let name = parsed.resource.strip_prefix("role/")?.rsplit('/').next()?;
        let own = arn
            .split_once(":assumed-role/")
            .and_then(|(_, rest)| rest.rsplit('/').next())
            .unwrap_or(session);
        // A session of another name is somebody's who assumed the role.
        let is_one = if own.is_empty() {
            is_role_name(name)
        } else {
            is_session(own)
        };
        is_one.then(|| Self {
            role_arn: format!("arn:{}:iam::{}:role/{name}", parsed.partition, parsed.account_id),
            kind: NodeKind::of(name, own),
            session: own.to_owned(),
        })
    }
}

/// The node that a username names, which was made for people: `…assumed-role/ROLE/i-…`, `i-…`, or `x:i-…`.
pub(crate) fn session_in_username(username: &str) -> Option<&str> {
    let last = username.rsplit(['/', ':']).next()?;
    (is_session(last) && !username.starts_with(NODE_USER)).then_some(last)
}

/// Why the request of a node is forbidden; nothing where no node asks.
pub(super) fn request_finding(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Option<Finding> {
    let is_in_group = user.groups.iter().any(|group| group == NODES);
    match user.username.strip_prefix(NODE_USER) {
        Some(node) if is_in_group => Some(refused(node, attributes)),
        _ => mapped_as_people(user, is_in_group, cluster),
    }
}

/// The Node authorizer and NodeRestriction speak for nodes, not bindings.
fn refused(node: &str, attributes: &Attributes) -> Finding {
    match words(node, attributes) {
        Some(words) => {
            let is_other = words.contains("same name as") || words.contains("is not allowed to modify node");
            let (cause, fix) = if is_other {
                (Cause::NodeNameDiffers, own_name_fix(node))
            } else {
                (Cause::NotAuthorized, AS_ITSELF.to_owned())
            };
            Finding::new(
                cause,
                format!("forbidden: the user is the node {node}, and EKS answers it: {words}"),
                fix,
            )
            .with("a node has what the Node authorizer and the admission plugin NodeRestriction leave it, which is its own; bindings have no part in it")
        }
        None => Finding::new(
            Cause::NotAuthorized,
            format!(
                "forbidden in the simulator, which has no Node authorizer; EKS lets the node {node} do this with what is its own"
            ),
            "nothing is to be fixed for EKS; see \"Bootstrap roles\" in docs/fidelity.md",
        ),
    }
}

/// What whoever acts as a node has to do for what no node may do.
pub(crate) const AS_ITSELF: &str = "let whoever asks act as itself: a pod by EKS Pod Identity or IRSA, with a role of its own that \
                                    is mapped, people and pipelines with their own profile, not with the instance's role; no \
                                    binding gives it to nodes rightly";

/// What to do where a node's username and the node's own name differ.
pub(crate) fn own_name_fix(node: &str) -> String {
    let node = node.replace('`', "'");
    if is_session(&node) {
        format!(
            "the username names the session {node}, so that it comes of {{{{SessionName}}}}: map the role of EC2 nodes with the \
             username system:node:{{{{EC2PrivateDNSName}}}} in aws-auth, or with an access entry of type EC2_LINUX, and restart the kubelet"
        )
    } else {
        format!(
            "let the kubelet register under the name {node}, which is the instance's private DNS name: without --hostname-override, \
             and with DHCP options of the VPC whose domain-name is AWS's own; then replace the node"
        )
    }
}

/// How EKS words it; nothing where a node may do it with what is its own, or where that hangs on what the request holds.
fn words(node: &str, attributes: &Attributes) -> Option<String> {
    let Attributes {
        verb,
        api_group,
        namespace,
        resource,
        subresource,
        name,
        ..
    } = attributes;
    let is_other = !name.is_empty() && name != node;
    match (api_group.as_str(), resource.as_str()) {
        ("", "nodes") => match verb.as_str() {
            "create" | "update" | "patch" => is_other.then(|| {
                format!(
                    "node {} is not allowed to modify node {}",
                    go_quote(node),
                    go_quote(name)
                )
            }),
            "get" | "list" | "watch" if name.is_empty() => {
                Some(format!("node '{node}' cannot read all nodes, only its own Node object"))
            }
            "get" | "list" | "watch" => {
                is_other.then(|| format!("node '{node}' cannot read '{name}', only its own Node object"))
            }
            _ => Some("a node may read and write its own Node object, and no more".to_owned()),
        },
        ("coordination.k8s.io", "leases") if OWN_VERBS.contains(&verb.as_str()) && namespace != "kube-node-lease" => {
            Some("can only access leases in the \"kube-node-lease\" system namespace".to_owned())
        }
        ("coordination.k8s.io", "leases") => own_object(node, attributes, "a node lease", "can only access node lease"),
        ("storage.k8s.io", "csinodes") if !subresource.is_empty() => {
            Some("cannot authorize CSINode subresources".to_owned())
        }
        ("storage.k8s.io", "csinodes") => own_object(node, attributes, "a CSINode", "can only access CSINode"),
        ("", "pods") => match verb.as_str() {
            "list" | "watch" => Some("can only list/watch pods with spec.nodeName field selector".to_owned()),
            "create" | "delete" | "get" | "patch" | "update" => None,
            _ => Some("a node has the pods that are bound to it, and no others".to_owned()),
        },
        ("", "secrets" | "configmaps" | "persistentvolumeclaims" | "persistentvolumes") => match verb.as_str() {
            "get" | "list" | "watch" => Some(format!("no relationship found between node '{node}' and this object")),
            _ => Some("can only read resources of this type".to_owned()),
        },
        _ => Some(
            "the ClusterRole system:node, which is all that a node has beside what is its own, does not cover it"
                .to_owned(),
        ),
    }
}

/// What a node may do with its own lease and CSINode.
const OWN_VERBS: [&str; 5] = ["get", "create", "update", "patch", "delete"];

/// Leases and CSINodes have the names of their nodes.
fn own_object(node: &str, attributes: &Attributes, what: &str, only: &str) -> Option<String> {
    if !OWN_VERBS.contains(&attributes.verb.as_str()) {
        return Some(format!("can only get, create, update, patch, or delete {what}"));
    }
    (!attributes.name.is_empty() && attributes.name != node)
        .then(|| format!("{only} with the same name as the requesting node"))
}

/// A node's session that came in as people do, or whose mapping lacks the group.
fn mapped_as_people(user: &UserInfo, is_in_group: bool, cluster: &Cluster) -> Option<Finding> {
    let fact = |name: &str| {
        let values = user.extra.get(name)?;
        values.first().map(String::as_str)
    };
    let session = fact("sessionName").unwrap_or_default();
    let arn = fact("canonicalArn").or_else(|| fact("arn"))?;
    let node = NodeArn::find(arn, session).filter(|node| !node.session.is_empty())?;
    let target = Target::of(cluster);
    let how = if is_in_group {
        format!("called {}, which is no node's username", user.username)
    } else {
        format!("without the group {NODES}")
    };
    let finding = Finding::new(
        Cause::NodeRoleNotMapped,
        format!(
            "forbidden: the node {} is let in as {}, but not as a node: it is {how}",
            node.session, user.username
        ),
        match entry_of(user, cluster) {
            Some(entry) => target.replace(&entry.principal_arn, node.kind),
            None => item(&node.role_arn, node.kind).replacen("add ", "in place of its item, add ", 1),
        },
    );
    Some(match entry_of(user, cluster) {
        Some(entry) => finding.with(format!(
            "its access entry is of type {}; UpdateAccessEntry changes no type, and gives no group that begins with system:",
            entry.entry_type.as_str()
        )),
        None => finding,
    })
}
