//! The API server's words of a 403, as far as they are about nodes and about nobody.

use std::sync::LazyLock;

use regex::Regex;

use super::Target;
use super::of_line;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::Diagnosis;
use crate::explain::fix::word;
use crate::explain::node;
use crate::explain::node::NODE_USER;
use crate::explain::node::NodeArn;
use crate::explain::request::ANONYMOUS_FIX;
use crate::value::user::SYSTEM_ANONYMOUS;

/// A refusal in its parts; empty where it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Forbidden {
    /// Of the object.
    pub(super) name: String,
    pub(super) user: String,
    pub(super) verb: String,
    pub(super) resource: String,
    /// What the authorizer or an admission plugin says.
    pub(super) reason: String,
}

impl Forbidden {
    /// Reads a line whose quotes are not escaped.
    ///
    /// Source: `apierrors.NewForbidden` and `responsewriters.Forbidden` of Kubernetes.
    pub(super) fn find(text: &str) -> Option<Self> {
        static IS: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r#"([a-z0-9.-]+)(?: "([^"]*)")? is forbidden: ([^\r\n]*)"#).ok());
        static CANNOT: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(
                r#"User "([^"]*)" cannot (\S+) (?:resource "([^"]*)" in API group "[^"]*"|path "[^"]*")(?: in the namespace "[^"]*"| at the cluster scope)?(?:: ([^\r\n]*))?"#,
            )
            .ok()
        });
        let is = IS.as_ref()?.captures(text);
        let cannot = CANNOT.as_ref()?.captures(text);
        if is.is_none() && cannot.is_none() {
            return None;
        }
        let part = |found: &Option<regex::Captures<'_>>, at: usize| {
            let part = found.as_ref().and_then(|found| found.get(at));
            part.map_or_else(String::new, |part| part.as_str().to_owned())
        };
        let has_user = cannot.is_some();
        let resource = if has_user { part(&cannot, 3) } else { part(&is, 1) };
        let reason = if has_user { part(&cannot, 4) } else { part(&is, 3) };
        Some(Self {
            name: part(&is, 2),
            user: part(&cannot, 1),
            verb: part(&cannot, 2),
            resource,
            reason: reason.trim_end_matches('"').to_owned(),
        })
    }

    /// What it says where a node asked, or nobody; `arn` is the caller's, where something else says it.
    pub(super) fn of_node(&self, arn: &str, number: usize, line: &str, target: &Target) -> Option<Diagnosis> {
        if self.user == SYSTEM_ANONYMOUS {
            return Some(anonymous(number, line, target));
        }
        if let Some((own, other)) = self.modified() {
            return Some(other_name(&own, &other, number, line));
        }
        let is_restricted = ["node \"", "node requested "]
            .iter()
            .any(|begin| self.reason.starts_with(begin));
        if is_restricted || self.reason.contains("is not allowed to modify labels") {
            return Some(self.restricted(number, line));
        }
        if let Some(node) = self.user.strip_prefix(NODE_USER) {
            return Some(self.of_named_node(node, arn, number, line, target));
        }
        let session = node::session_in_username(&self.user);
        let by_arn = NodeArn::find(arn, "").filter(|node| !node.session.is_empty());
        if session.is_none() && by_arn.is_none() {
            return None;
        }
        Some(self.mapped_as_people(session.unwrap_or_default(), arn, number, line, target))
    }

    /// `node "x" is not allowed to modify node "y"`.
    fn modified(&self) -> Option<(String, String)> {
        let rest = self.reason.strip_prefix("node \"")?;
        let (own, other) = rest.split_once("\" is not allowed to modify node \"")?;
        let other = other.split('"').next().unwrap_or_default();
        Some((own.to_owned(), other.to_owned()))
    }

    /// What NodeRestriction refuses of a node's own object.
    fn restricted(&self, number: usize, line: &str) -> Diagnosis {
        let reason = shown(&self.reason);
        let sentence = format!("forbidden by the admission plugin NodeRestriction: {reason}");
        let mut diagnosis = of_line(Certainty::Named(Cause::NotAuthorized), sentence, number, line);
        diagnosis.fix = if self.reason.contains("labels") {
            format!(
                "take these labels out of the kubelet's --node-labels: a node gives itself labels outside of kubernetes.io and k8s.io, \
                 and a few of these; set the others as an administrator: `kubectl label node {} {}`",
                self.restricted_node(),
                self.restricted_labels()
            )
        } else {
            "do it as an administrator, not with the node's own credentials".to_owned()
        };
        diagnosis
    }

    /// Whose labels they are.
    fn restricted_node(&self) -> String {
        let by_reason = self
            .reason
            .split_once("node \"")
            .and_then(|(_, rest)| rest.split('"').next());
        match by_reason.unwrap_or(&self.name) {
            "" => "NODE".to_owned(),
            node => word(node),
        }
    }

    /// As kubectl sets them; their values do not stand there.
    fn restricted_labels(&self) -> String {
        let keys = ["to set the following labels: ", "to modify labels: "]
            .iter()
            .find_map(|sign| self.reason.split_once(sign))
            .map(|(_, keys)| shown(keys))
            .unwrap_or_default();
        let labels: Vec<String> = keys
            .split(',')
            .map(|key| key.trim_matches([' ', '"']))
            .filter(|key| !key.is_empty())
            .map(|key| word(&format!("{key}=VALUE")))
            .collect();
        if labels.is_empty() {
            "KEY=VALUE".to_owned()
        } else {
            labels.join(" ")
        }
    }

    fn of_named_node(&self, node: &str, arn: &str, number: usize, line: &str, target: &Target) -> Diagnosis {
        if self.reason.contains("same name as the requesting node") {
            return other_name(node, &self.name, number, line);
        }
        if !self.reason.is_empty() {
            let reason = shown(&self.reason);
            let sentence =
                format!("forbidden: the caller acts as the node {node}, and the Node authorizer says: {reason}");
            let mut diagnosis = of_line(Certainty::Named(Cause::NotAuthorized), sentence, number, line);
            diagnosis.fix = node::AS_ITSELF.to_owned();
            return diagnosis;
        }
        // The Node authorizer lets each node do these: it did not take this one for a node.
        let is_for_nodes = [
            "nodes",
            "nodes/status",
            "certificatesigningrequests",
            "leases",
            "csinodes",
            "events",
        ]
        .contains(&self.resource.as_str())
            && matches!(self.verb.as_str(), "create" | "get" | "update" | "patch");
        if !is_for_nodes {
            let sentence = format!(
                "forbidden: the caller acts as the node {node}, and a node may not {} {}",
                self.verb, self.resource
            );
            let of = vec![Cause::NotAuthorized, Cause::NodeRoleNotMapped];
            let certainty = Certainty::Likeliest {
                cause: Cause::NotAuthorized,
                of,
            };
            let mut diagnosis = of_line(certainty, sentence, number, line);
            diagnosis.fix = node::AS_ITSELF.to_owned();
            diagnosis.look_at = vec![MAPPING.to_owned()];
            return diagnosis;
        }
        let sentence = format!(
            "forbidden: {NODE_USER}{node} has a node's username, and the API server does not take it for a node: most likely its mapping \
             lacks the group {}",
            node::NODES
        );
        let certainty = Certainty::Likeliest {
            cause: Cause::NodeRoleNotMapped,
            of: vec![Cause::NodeRoleNotMapped, Cause::NotAuthorized],
        };
        let mut diagnosis = of_line(certainty, sentence, number, line);
        let found = NodeArn::find(arn, "");
        diagnosis.fix = found.map_or_else(
            || {
                format!(
                    "give the nodes' item of mapRoles in aws-auth the groups {} and {}, or their role an access entry of type EC2_LINUX",
                    node::BOOTSTRAPPERS,
                    node::NODES
                )
            },
            |found| node::either(target, &found.role_arn, found.kind),
        );
        diagnosis.look_at = vec![MAPPING.to_owned()];
        diagnosis
    }

    /// A node's session under the username of people.
    fn mapped_as_people(&self, session: &str, arn: &str, number: usize, line: &str, target: &Target) -> Diagnosis {
        let found = NodeArn::find(arn, "").or_else(|| NodeArn::find(&self.user, ""));
        let role = found.as_ref().map_or("ROLE_ARN", |found| found.role_arn.as_str());
        let kind = found
            .as_ref()
            .map_or_else(|| node::NodeKind::of("", session), |found| found.kind);
        let sentence = format!(
            "forbidden: a node is let in as {}, which is a username for people, so that it is no node to Kubernetes",
            self.user
        );
        let mut diagnosis = of_line(Certainty::Named(Cause::NodeRoleNotMapped), sentence, number, line);
        diagnosis.fix = format!(
            "where its role has an access entry of type STANDARD, put one for nodes in its place, for no update changes a type: {}; \
             where aws-auth maps it, {}",
            target.replace(role, kind),
            node::item(role, kind).replacen("add ", "in place of its item, add ", 1)
        );
        diagnosis
    }
}

/// Where the mapping of a node stands.
const MAPPING: &str = "kubectl -n kube-system get configmap aws-auth -o yaml, and aws eks describe-access-entry --cluster-name CLUSTER \
                       --region REGION --principal-arn ARN, of the nodes' role";

/// The reason up to where klog's next field begins, such as `" node="…"`.
fn shown(reason: &str) -> &str {
    let is_field = |rest: &str| {
        rest.split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()))
    };
    reason
        .match_indices("\" ")
        .find(|(at, quote)| {
            let behind = at.saturating_add(quote.len());
            reason.get(behind..).is_some_and(is_field)
        })
        .and_then(|(at, _)| reason.get(..at))
        .unwrap_or(reason)
}

fn other_name(own: &str, other: &str, number: usize, line: &str) -> Diagnosis {
    let sentence = format!(
        "forbidden by NodeRestriction and the Node authorizer: the caller is the node {own} by its username, and asks for what is of \
         the node {other}"
    );
    let mut diagnosis = of_line(Certainty::Named(Cause::NodeNameDiffers), sentence, number, line);
    diagnosis.fix = node::own_name_fix(own);
    diagnosis
}

/// Nobody is known.
pub(super) fn anonymous(number: usize, line: &str, target: &Target) -> Diagnosis {
    let sentence = "forbidden: the request came without a token, so that nobody is known";
    let mut diagnosis = of_line(Certainty::Named(Cause::Anonymous), sentence, number, line);
    diagnosis.fix = target.fill(ANONYMOUS_FIX);
    diagnosis
}
