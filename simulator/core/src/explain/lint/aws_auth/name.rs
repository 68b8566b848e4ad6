//! The rules for the username and the groups of an item.

use super::BOOTSTRAPPERS;
use super::List;
use super::NODE_TEMPLATE;
use super::NODES;
use super::mapping::MappingItem;
use crate::explain::lint::Report;
use crate::explain::lint::Rule;
use crate::explain::lint::principal;
use crate::explain::lint::principal::Named;
use crate::explain::lint::tree::Place;
use crate::value::user::SYSTEM_MASTERS;

/// Groups that Kubernetes gives by itself.
const GIVEN_GROUPS: [&str; 3] = [
    "system:authenticated",
    "system:serviceaccounts",
    "system:unauthenticated",
];
/// Groups of Kubernetes that a mapping may give.
const SYSTEM_GROUPS: [&str; 5] = [
    BOOTSTRAPPERS,
    SYSTEM_MASTERS,
    "system:monitoring",
    "system:node-proxier",
    NODES,
];
/// ClusterRoles that are taken for groups.
const CLUSTER_ROLES: [&str; 4] = ["admin", "cluster-admin", "edit", "view"];

/// An empty name is lost on the way to an aggregated API: the header X-Remote-User is empty, and so is whoever asks. Source:
/// `AuthenticateRequest` in `pkg/authentication/request/headerrequest/requestheader.go` of k8s.io/apiserver.
pub(super) fn lint_names(report: &mut Report<'_>, item: &MappingItem<'_>, named: Option<&Named>) {
    match item.username {
        Some((name, place)) if !name.is_empty() => {
            lint_name(report, name, place);
            let reserved =
                name.starts_with("eks:") || (name.starts_with("system:") && !name.starts_with("system:node:"));
            if reserved {
                report.add(
                    Rule::AuthReservedUsername,
                    place,
                    format!("`{name}` looks like a part of the cluster"),
                    "write a username without `system:` or `eks:`",
                );
            }
            let of_session = name.contains("{{SessionName}}") || name.contains("{{SessionNameRaw}}");
            let is_sso = named.is_some_and(|named| named.name.to_lowercase().starts_with("awsreservedsso_"));
            if of_session && item.list == List::Users {
                report.add(
                    Rule::AuthSessionNameOfUser,
                    place,
                    "a user has no session, so the template becomes nothing",
                    "write the user's name",
                );
            } else if name.contains("{{SessionName}}") && (is_sso || name.contains('@')) {
                report.add(
                    Rule::AuthSessionNameAt,
                    place,
                    "a session called `dev@example.com` becomes `dev-example.com`",
                    "write `{{SessionNameRaw}}`, or `-` for `@` in the RBAC subjects",
                );
            }
        }
        _ if item.lost.contains(&"username") => {}
        other => report.add(
            Rule::AuthNoUsername,
            other.map_or(item.place, |(_, place)| place),
            if item.has_group(SYSTEM_MASTERS) {
                "the user gets an empty name: the API server itself lets it in, but an aggregated API, such as that of \
                 metrics-server, refuses it: `kubectl top` says Unauthorized"
            } else {
                "the user gets an empty name, which no aggregated API, such as that of metrics-server, lets in"
            },
            "add `username`",
        ),
    }
    for (group, place) in &item.groups {
        lint_group(report, group, *place);
    }
    let for_nodes = item
        .username
        .is_some_and(|(name, _)| name.contains(NODE_TEMPLATE) || name.starts_with("system:node:"));
    if item.groups.is_empty() && !item.lost.contains(&"groups") && !for_nodes {
        report.add(
            Rule::AuthNoGroups,
            item.place,
            "the mapping has no groups",
            "add `groups`, or bind roles to the username",
        );
    }
}

/// What holds for usernames and groups.
fn lint_name(report: &mut Report<'_>, name: &str, place: Place) {
    if name.trim() != name {
        report.add(
            Rule::AuthWhiteSpace,
            place,
            format!("the white space around `{}` is part of the name", name.trim()),
            format!("write `{}`", name.trim()),
        );
    }
    if let Some(template) = principal::unknown_template(name) {
        report.add(
            Rule::AuthUnknownTemplate,
            place,
            format!("`{template}` is no template and stays as it is"),
            format!("write one of {}, exactly so", principal::TEMPLATES.join(", ")),
        );
    }
}

fn lint_group(report: &mut Report<'_>, group: &str, place: Place) {
    if group.is_empty() {
        return report.add(Rule::AuthEmptyGroup, place, "a group without a name", "remove it");
    }
    lint_name(report, group, place);
    let trimmed = group.trim();
    if group.contains(',') {
        report.add(
            Rule::AuthSeveralGroups,
            place,
            format!("`{group}` is one group"),
            "write each group as an item of its own",
        );
    } else if GIVEN_GROUPS.contains(&trimmed) || trimmed.starts_with("system:serviceaccounts:") {
        report.add(
            Rule::AuthUselessGroup,
            place,
            format!("Kubernetes itself gives `{trimmed}`"),
            "remove it",
        );
    } else if CLUSTER_ROLES.contains(&trimmed) {
        report.add(
            Rule::AuthRoleNameAsGroup,
            place,
            format!("`{trimmed}` is a ClusterRole; the group of that name has no binding unless you made one"),
            format!("bind a group to the ClusterRole `{trimmed}`, and write that group"),
        );
    } else if trimmed.starts_with("system:")
        && !SYSTEM_GROUPS.contains(&trimmed)
        && !trimmed.starts_with("system:bootstrappers:")
    {
        let near = SYSTEM_GROUPS
            .into_iter()
            .find(|known| principal::is_near(trimmed, known));
        report.add(
            Rule::AuthUnknownSystemGroup,
            place,
            format!("Kubernetes has no group `{trimmed}`"),
            near.map_or_else(
                || "write a group without `system:`".to_owned(),
                |near| format!("write `{near}`"),
            ),
        );
    }
}

/// What to write for people who are called as nodes are.
const PEOPLE_FIX: &str = "write another username, such as `admin:{{SessionName}}`, for people and pipelines";

/// By its other groups, a mapping with system:nodes is of nodes of some kind, or of people.
fn node_username_fix(item: &MappingItem<'_>) -> String {
    const OF_NODES: [&str; 4] = [NODES, BOOTSTRAPPERS, "system:node-proxier", "eks:kube-proxy-windows"];
    let is_of_people = item.groups.iter().any(|(group, _)| !OF_NODES.contains(group));
    if item.has_group("system:node-proxier") {
        "write `system:node:{{SessionName}}`".to_owned()
    } else if is_of_people {
        format!(
            "for people, remove {NODES} and {BOOTSTRAPPERS}; for nodes, write `system:node:{NODE_TEMPLATE}` and no other groups"
        )
    } else {
        format!("write `system:node:{NODE_TEMPLATE}`")
    }
}

pub(super) fn lint_node(report: &mut Report<'_>, item: &MappingItem<'_>) {
    let (name, place) = item.username.unwrap_or(("", item.place));
    let template = name.contains(NODE_TEMPLATE);
    if template && item.list == List::Users {
        return report.add(
            Rule::AuthNodeTemplateForUser,
            place,
            "a user has no session with an instance's id, so it is always refused",
            "write the user's name",
        );
    }
    if item.lost.contains(&"groups") {
        return;
    }
    let (nodes, bootstrappers) = (item.has_group(NODES), item.has_group(BOOTSTRAPPERS));
    if template && item.is_for_people() {
        report.add(
            Rule::AuthNodeTemplateForPeople,
            place,
            "only a session named by an EC2 instance's id gets in: `SessionName did not contain an instance id`",
            PEOPLE_FIX,
        );
    } else if item.is_called_as_node() && item.is_for_people() {
        report.add(
            Rule::AuthPeopleAsNodes,
            place,
            "the groups are not those of nodes, so these are people, called as nodes are",
            PEOPLE_FIX,
        );
    } else if nodes && !name.starts_with("system:node:") && !item.lost.contains(&"username") {
        report.add(
            Rule::AuthNodeUsername,
            place,
            format!("a member of {NODES} must be called `system:node:NAME`"),
            node_username_fix(item),
        );
    } else if name.starts_with("system:node:") || template {
        for (is_there, rule, group) in [
            (nodes, Rule::AuthNodeWithoutNodes, NODES),
            (bootstrappers, Rule::AuthNodeWithoutBootstrappers, BOOTSTRAPPERS),
        ] {
            if !is_there {
                report.add(
                    rule,
                    item.place,
                    format!("the mapping of a node lacks the group {group}"),
                    format!("add `- {group}` to its groups"),
                );
            }
        }
    }
}
