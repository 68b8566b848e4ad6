//! Why a request of a known user is forbidden.
//!
//! The first that holds is reported:
//! 1. nobody is known, for there was no token;
//! 2. a node asks, for which the Node authorizer and NodeRestriction speak, or one that was let in as people are;
//! 3. the access entry comes before `aws-auth`, which would allow it;
//! 4. the mapping's `groups` is no list; another mapping of the same ARN, which would allow it, is shadowed;
//! 5. a binding names the session with the `@` that the username has not;
//! 6. the caller is in by its account, which gives no groups;
//! 7. a binding or a role nearly allows it, and no other does (`rbac_near_miss.rs`);
//! 8. nothing is bound to the user, or else what is bound does not cover the request.

use serde_json::Value;

use super::Cause;
use super::Finding;
use super::fix;
use super::fix::aws_auth::NewItem;
use super::fix::aws_auth::names;
use super::fix::with_command;
use super::node;
use super::rbac_fix::grant;
use super::rbac_near_miss::near_miss;
use super::rbac_near_miss::scope_of;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::cluster::authorize::entry_of;
use crate::cluster::authorize::forbidden_message;
use crate::cluster::eks::AWS_AUTH_NAME;
use crate::cluster::eks::AWS_AUTH_NAMESPACE;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::EntryMatch;
use crate::cluster::eks::parameter::AccessScope;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::cluster::mapping::Identity;
use crate::cluster::mapping::MappedUser;
use crate::cluster::mapping::aws_auth;
use crate::cluster::mapping::aws_auth::MappedArn;
use crate::cluster::mapping::user_by_aws_auth;
use crate::cluster::mapping::user_by_item;
use crate::kube::object::ObjectKey;
use crate::kube::rbac::PolicyRule;
use crate::kube::request_info::Attributes;
use crate::value::arn::Arn;
use crate::value::log::go_quote;
use crate::value::user::SYSTEM_ANONYMOUS;
use crate::value::user::SYSTEM_MASTERS;
use crate::value::user::UserInfo;

/// What to do about [`Cause::Anonymous`].
pub(super) const ANONYMOUS_FIX: &str = "let the client send one: a kubeconfig user needs the `exec` section that \
                                         `aws eks update-kubeconfig --name CLUSTER --region REGION` writes, a provider its \
                                         own; a kubeconfig without a user, or with another context, sends none";

/// Why a request of a known user is forbidden.
pub(super) fn denial_finding(user: &UserInfo, attributes: &Attributes, reason: &str, cluster: &Cluster) -> Finding {
    let message = forbidden_message(user, attributes, reason);
    if user.username == SYSTEM_ANONYMOUS {
        return Finding::new(
            Cause::Anonymous,
            "forbidden: the request came without a token, so that nobody is known",
            ANONYMOUS_FIX,
        )
        .with(message);
    }
    if let Some(finding) = node::request_finding(user, attributes, cluster) {
        return finding.with(message);
    }
    let identity = identity_of(user);
    let special = identity.as_ref().and_then(|identity| {
        shadowed(user, identity, attributes, cluster).or_else(|| badly_mapped(user, identity, attributes, cluster))
    });
    let special = special
        .or_else(|| session_name_rewritten(user, identity.as_ref(), attributes, cluster))
        .or_else(|| by_account(user, identity.as_ref()?, attributes, cluster));
    if let Some(finding) = special {
        return finding.with(message);
    }
    let groups = format!("the groups are [{}]", user.groups.join(" "));
    let near = match near_miss(user, identity.as_ref(), attributes, cluster) {
        Ok(finding) => return finding.with(groups).with(message),
        Err(facts) => facts,
    };
    let nearest = nearest(user, attributes, cluster);
    let has_entries = cluster.authentication_mode().has_access_entries();
    let grant = grant(user, attributes, cluster);
    let finding = if nearest.is_empty() && !is_bound(user, cluster) {
        Finding::new(
            Cause::NoBinding,
            format!("forbidden: {} is known, but nothing is bound to it", user.username),
            with_command(
                if has_entries {
                    "bind a role to the user or one of its groups, or associate an access policy whose scope covers the request"
                } else {
                    "bind a role to the user or one of its groups"
                },
                grant,
            ),
        )
    } else {
        let is_by_policy = entry_of(user, cluster).is_some_and(|entry| !entry.policies.is_empty());
        let is_custom = attributes.is_resource && scope_of(attributes).is_none();
        Finding::new(
            Cause::NotAuthorized,
            format!(
                "forbidden: {} is known and has rights, but none of them covers this",
                user.username
            ),
            with_command(
                if is_by_policy && is_custom {
                    "no access policy covers custom resources, so bind a role"
                } else if has_entries {
                    "add a rule for this to the role, bind another role, or associate an access policy whose rules and scope \
                     cover the request; no access policy covers custom resources"
                } else {
                    "add a rule for this to the role, or bind another role, in the namespace of the request"
                },
                grant,
            ),
        )
    };
    let finding = finding.with(groups).with(message);
    let finding = nearest
        .into_iter()
        .enumerate()
        .fold(finding, |finding, (place, rule)| match place {
            0 => finding.with(format!("the nearest rule: {rule}")),
            _ => finding.with(format!("as near: {rule}")),
        });
    let facts = near.into_iter().map(|fact| format!("nearly: {fact}"));
    facts
        .chain(policies(user, attributes, cluster))
        .chain(outside_namespaces(user, attributes, cluster))
        .fold(finding, Finding::with)
}

/// What each access policy of the user lacks for the request.
fn policies(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Vec<String> {
    let associated = entry_of(user, cluster).map_or(&[][..], |entry| &entry.policies);
    associated
        .iter()
        .map(|association| {
            let place = match &association.scope {
                AccessScope::Cluster => "the cluster".to_owned(),
                AccessScope::Namespaces(namespaces) => format!("namespaces {}", namespaces.join(" ")),
            };
            let allows = association.policy.rules.iter().any(|rule| rule.allows(attributes));
            let lacks = match (allows, association.scope.covers(attributes)) {
                (true, _) => "its rules allow this, its scope does not cover it",
                (false, true) => "its scope covers this, none of its rules allows it",
                (false, false) => "neither its scope nor its rules cover this",
            };
            format!(
                "access policy {} is associated in {place}: {lacks}",
                association.policy.name
            )
        })
        .collect()
}

/// RoleBindings whose role has the rule, where the resource stands in no namespace.
fn outside_namespaces(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Option<String> {
    if !attributes.namespace.is_empty() || (attributes.is_resource && scope_of(attributes) != Some(false)) {
        return None;
    }
    let grants = cluster.rbac().grants_of(user);
    let grant = grants
        .iter()
        .find(|grant| !grant.namespace.is_empty() && grant.rule.allows(attributes))?;
    let what = if attributes.is_resource {
        &attributes.resource
    } else {
        &attributes.path
    };
    Some(format!(
        "{} has the rule, but a RoleBinding gives nothing outside its namespace, and {what} stands in none: it takes a \
         ClusterRoleBinding",
        grant.binding
    ))
}

/// Whom the authenticator let in as this user.
pub(super) fn identity_of(user: &UserInfo) -> Option<Identity> {
    let fact = |name: &str| user.extra.get(name).and_then(|values| values.first()).cloned();
    let canonical_arn = fact("canonicalArn")?;
    Some(Identity {
        arn: fact("arn")?,
        account_id: Arn::parse(&canonical_arn).ok()?.account_id,
        canonical_arn,
        user_id: fact("principalId")?,
        session_name: fact("sessionName").unwrap_or_default(),
        access_key_id: fact("accessKeyId").unwrap_or_default(),
    })
}

fn would_allow(mapped: MappedUser, attributes: &Attributes, cluster: &Cluster) -> bool {
    let would_be = UserInfo {
        username: mapped.username,
        groups: mapped.groups,
        ..UserInfo::default()
    };
    authorize(&would_be.authenticated(), attributes, cluster).decision == Decision::Allow
}

/// The user came in by an access entry, and `aws-auth` would have made somebody of it who may do this.
fn shadowed(user: &UserInfo, identity: &Identity, attributes: &Attributes, cluster: &Cluster) -> Option<Finding> {
    if cluster.authentication_mode() != AuthenticationMode::ApiAndConfigMap {
        return None;
    }
    let EntryMatch::Found(entry) = cluster
        .access_entries()
        .find(&identity.user_id, &identity.canonical_arn)
    else {
        return None;
    };
    let mapped = user_by_aws_auth(identity, cluster)?;
    let groups = mapped.groups.join(" ");
    let mapped_groups = mapped.groups.clone();
    let is_master = mapped.groups.iter().any(|group| group == SYSTEM_MASTERS);
    if !would_allow(mapped, attributes, cluster) {
        return None;
    }
    let fix = if is_master {
        fix::associate(&entry.principal_arn, fix::ADMIN_POLICY, &AccessScope::Cluster, cluster)
    } else {
        fix::update_entry(&entry.principal_arn, &mapped_groups, cluster)
    };
    Some(
        Finding::new(
            Cause::AccessEntryShadowsAwsAuth,
            format!(
                "forbidden: the access entry of {} comes before aws-auth, whose groups [{groups}] would allow this",
                entry.principal_arn
            ),
            format!("let the entry give it too: {fix}"),
        )
        .with(format!(
            "the entry gives the user {} with the groups [{}] and {} access policies",
            user.username,
            entry.groups.join(" "),
            entry.policies.len()
        )),
    )
}

/// The mapping of `aws-auth` by which the user came in.
fn item_of<'a>(user: &UserInfo, identity: &Identity, cluster: &'a Cluster) -> Option<&'a MappedArn> {
    if entry_of(user, cluster).is_some() || !cluster.asks_aws_auth() {
        return None;
    }
    let item = cluster.aws_auth().find(&identity.canonical_arn)?;
    let mapped = user_by_item(item, identity, cluster)?;
    (mapped.username == user.username).then_some(item)
}

/// The mapping says less than whoever wrote it meant.
fn badly_mapped(user: &UserInfo, identity: &Identity, attributes: &Attributes, cluster: &Cluster) -> Option<Finding> {
    let item = item_of(user, identity, cluster)?;
    let aws_auth = cluster.aws_auth();
    let key = ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME);
    let written = cluster
        .objects()
        .find(&key)
        .and_then(|object| aws_auth::written_item(object, &item.arn));
    let groups = written
        .as_ref()
        .and_then(|item| item.as_object())
        .and_then(|fields| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("groups")))
        .map(|(_, groups)| groups)
        .filter(|groups| !groups.is_array() && !groups.is_null());
    if let (Some(groups), true) = (groups, item.groups.is_empty()) {
        return Some(
            Finding::new(
                Cause::GroupsNotAList,
                format!(
                    "forbidden: the groups of the mapping of {} are no list, so that it gives none",
                    item.arn
                ),
                with_command(
                    "write the groups as a list, each behind a dash on its own line",
                    listed(item, groups, identity, cluster),
                ),
            )
            .with(format!("aws-auth has `groups: {groups}` for it"))
            .with(format!("aws-auth has errors: {}", aws_auth.errors().join("; "))),
        );
    }
    let earlier = aws_auth
        .roles()
        .iter()
        .chain(aws_auth.users())
        .filter(|other| !std::ptr::eq(*other, item) && other.arn.eq_ignore_ascii_case(&item.arn))
        .find(|other| {
            user_by_item(other, identity, cluster).is_some_and(|mapped| would_allow(mapped, attributes, cluster))
        })?;
    Some(
        Finding::new(
            Cause::DuplicateShadowsMapping,
            format!(
                "forbidden: aws-auth maps {} twice, and the mapping that would allow this is not the one that counts",
                identity.canonical_arn
            ),
            with_command("leave one mapping, with the groups of both", {
                let mut groups = item.groups.clone();
                groups.extend(
                    earlier
                        .groups
                        .iter()
                        .filter(|group| !item.groups.contains(group))
                        .cloned(),
                );
                let whole = NewItem {
                    arn: &identity.canonical_arn,
                    username: &item.username,
                    groups: &groups,
                };
                let is_one = |text: &str| names(text, &item.arn) || names(text, &earlier.arn);
                fix::aws_auth::map(&whole, &is_one, identity, cluster)
            }),
        )
        .with(format!(
            "{} is mapped to {} in [{}], which would allow it",
            earlier.arn,
            earlier.username,
            earlier.groups.join(" ")
        ))
        .with(format!(
            "{} is mapped to {} in [{}], which counts: of several the last does, whatever the case of the ARN",
            item.arn,
            item.username,
            item.groups.join(" ")
        )),
    )
}

/// The command that makes a list of groups that stand in one text.
fn listed(item: &MappedArn, groups: &Value, identity: &Identity, cluster: &Cluster) -> Option<String> {
    let groups: Vec<String> = groups
        .as_str()?
        .split([',', ' '])
        .filter(|group| !group.is_empty())
        .map(str::to_owned)
        .collect();
    let whole = NewItem {
        arn: &item.arn,
        username: &item.username,
        groups: &groups,
    };
    fix::aws_auth::map(&whole, &|text| names(text, &item.arn), identity, cluster)
}

/// `{{SessionName}}` has `-` where the session's name has `@`.
fn session_name_rewritten(
    user: &UserInfo,
    identity: Option<&Identity>,
    attributes: &Attributes,
    cluster: &Cluster,
) -> Option<Finding> {
    let meant = cluster.rbac().user_subjects().find(|name| {
        let mapped = || MappedUser {
            username: (*name).to_owned(),
            groups: user.groups.clone(),
        };
        name.contains('@') && name.replace('@', "-") == user.username && would_allow(mapped(), attributes, cluster)
    })?;
    let fix = if entry_of(user, cluster).is_some() {
        format!("name the subject {} in the binding", user.username)
    } else {
        with_command(
            &format!(
                "name the subject {} in the binding, or write {{{{SessionNameRaw}}}} for {{{{SessionName}}}} in the mapping",
                user.username
            ),
            identity.and_then(|identity| raw_named(user, identity, cluster)),
        )
    };
    Some(
        Finding::new(
            Cause::SessionNameRewritten,
            format!(
                "forbidden: a binding is for {meant}, but the username is {}: {{{{SessionName}}}} turns @ into -",
                user.username
            ),
            fix,
        )
        .with(format!("a binding has the subject User {}", go_quote(meant))),
    )
}

/// The command that keeps the `@` of session names in the usernames of a mapping.
fn raw_named(user: &UserInfo, identity: &Identity, cluster: &Cluster) -> Option<String> {
    let item = item_of(user, identity, cluster)?;
    let username = item.username.replace("{{SessionName}}", "{{SessionNameRaw}}");
    let whole = NewItem {
        arn: &item.arn,
        username: &username,
        groups: &item.groups,
    };
    fix::aws_auth::map(&whole, &|text| names(text, &item.arn), identity, cluster)
}

/// mapAccounts lets everyone of an account in, with the ARN for a name.
fn by_account(user: &UserInfo, identity: &Identity, attributes: &Attributes, cluster: &Cluster) -> Option<Finding> {
    let is_in_by_account = user.username == identity.canonical_arn
        && entry_of(user, cluster).is_none()
        && cluster.asks_aws_auth()
        && cluster.aws_auth().find(&identity.canonical_arn).is_none()
        && cluster.aws_auth().accounts().contains(&identity.account_id);
    is_in_by_account.then(|| {
        Finding::new(
            Cause::AccountMappedWithoutGroups,
            format!(
                "forbidden: {} is let in as one of account {}, which gives no groups",
                user.username, identity.account_id
            ),
            with_command(
                &format!(
                    "map {} itself with groups, or bind a role to the user {}",
                    identity.canonical_arn, user.username
                ),
                grant(user, attributes, cluster),
            ),
        )
        .with(format!("mapAccounts of aws-auth has {}", identity.account_id))
    })
}

/// Whether anything is bound to the user, if only a role that is not there.
fn is_bound(user: &UserInfo, cluster: &Cluster) -> bool {
    entry_of(user, cluster).is_some_and(|entry| !entry.policies.is_empty()) || cluster.rbac().has_binding(user)
}

/// How many rules are reported that came as near as any.
const NEAREST: usize = 3;

/// The rules of the user that have most in common with the request, each with what it lacks.
fn nearest(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Vec<String> {
    let grants = cluster.rbac().grants_of(user);
    let by_rbac = grants.iter().map(|grant| {
        let place = match grant.namespace {
            "" => String::new(),
            namespace => format!(" in namespace {namespace}"),
        };
        (grant.rule, place, grant.binding.clone())
    });
    let policies = entry_of(user, cluster).map_or(&[][..], |entry| &entry.policies);
    let by_policy = policies.iter().flat_map(|association| {
        association.policy.rules.iter().map(move |rule| {
            let place = match &association.scope {
                AccessScope::Cluster => String::new(),
                AccessScope::Namespaces(namespaces) => format!(" in namespaces {}", namespaces.join(" ")),
            };
            (rule, place, format!("access policy {}", association.policy.name))
        })
    });
    // Those that are bound later are reported first, as they were bound for a purpose.
    let mut found: Vec<(usize, String)> = by_policy
        .chain(by_rbac)
        .map(|(rule, place, source)| (rule.likeness(attributes), rule, place, source))
        .filter(|(likeness, ..)| *likeness > 0)
        .map(|(likeness, rule, place, source)| {
            let lacks = match rule.shortfall(attributes).as_slice() {
                [] => " only".to_owned(),
                lacks => format!(", but not {}", lacks.join(", nor ")),
            };
            (likeness, format!("{source} allows {}{place}{lacks}", render_rule(rule)))
        })
        .collect();
    let best = found.iter().map(|(likeness, _)| *likeness).max();
    found.reverse();
    let mut nearest: Vec<String> = Vec::new();
    for (likeness, text) in found {
        if Some(likeness) == best && !nearest.contains(&text) {
            nearest.push(text);
        }
    }
    nearest.truncate(NEAREST);
    nearest
}

/// Such as `get list on pods of the API group ""`.
fn render_rule(rule: &PolicyRule) -> String {
    let verbs = rule.verbs.join(" ");
    if rule.resources.is_empty() {
        return format!("{verbs} on paths {}", rule.non_resource_urls.join(" "));
    }
    let groups: Vec<String> = rule.api_groups.iter().map(|group| go_quote(group)).collect();
    let names = match rule.resource_names.join(" ") {
        names if names.is_empty() => names,
        names => format!(" named {names}"),
    };
    format!(
        "{verbs} on {}{names} of the API group {}",
        rule.resources.join(" "),
        groups.join(" ")
    )
}
