//! Why a request is refused that authorization allowed, or that was authorized by what is no longer so.
//!
//! Such a refusal reads like a lack of rights, and a binding does not help. Behind authorization stand the check that nobody
//! grants what it does not hold, and admission. Before it stands the API server's cache of tokens, which knows a caller with
//! the groups of some time ago.

use super::Cause;
use super::Explanation;
use super::Finding;
use super::explain_request;
use super::request::ANONYMOUS_FIX;
use super::request::identity_of;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::cluster::authorize::entry_of;
use crate::cluster::authorize::forbidden_message;
use crate::cluster::eks::Cluster;
use crate::cluster::mapping;
use crate::kube::request_info::Attributes;
use crate::value::trace::Trace;
use crate::value::user::UserInfo;

/// What refuses a request that authorization has allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refuser {
    /// Admission, or what a resource checks by itself.
    Admission,
    /// The authorizer, asked once more: of what the request entails, such as the creation by an apply.
    Authorizer(Attributes),
    /// The check that nobody grants what it does not hold.
    Escalation(Granting),
}

/// How a write would grant something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granting {
    /// By binding this role.
    Binding {
        /// `ClusterRole` or `Role`.
        kind: String,
        /// Its name.
        name: String,
    },
    /// By the rules of the role that is written.
    Rules,
}

/// Rules that are reported as lacking; the message may have hundreds.
const MOST_RULES: usize = 10;
/// Bytes that are reported of a message, which may hold a whole object.
const MOST_OF_MESSAGE: usize = 2048;

/// Explains why a request that authorization allowed is refused, with the message of the refusal.
#[must_use]
pub fn explain_refused(
    user: &UserInfo,
    attributes: &Attributes,
    refuser: &Refuser,
    message: &str,
    cluster: &Cluster,
) -> Explanation {
    let finding = match refuser {
        Refuser::Authorizer(entailed) => return explain_request(user, entailed, cluster),
        Refuser::Admission => admission_finding(user, attributes, message),
        Refuser::Escalation(granting) => escalation_finding(user, attributes, granting, message, cluster),
    };
    finding.explained(authorize(user, attributes, cluster).trace)
}

/// Explains why a request without any credentials is answered 401: since Kubernetes 1.32 EKS lets nobody in who is not known,
/// but to the health paths (EKS user guide, "Kubernetes versions").
#[must_use]
pub fn explain_no_token() -> Explanation {
    Finding::new(
        Cause::Anonymous,
        "unauthorized: the request came without a token, so that nobody is known",
        ANONYMOUS_FIX,
    )
    .explained(Trace::new())
}

/// Explains why a request is forbidden to a user whose token the API server had judged `age_seconds` before: by what that
/// judgement gave, though the mapping of now may give more.
#[must_use]
pub fn explain_cached_request(
    user: &UserInfo,
    attributes: &Attributes,
    age_seconds: i64,
    cluster: &Cluster,
) -> Explanation {
    let mut explanation = explain_request(user, attributes, cluster);
    let Some(identity) = identity_of(user) else {
        return explanation;
    };
    let resolution = mapping::resolve(&identity, cluster);
    let since = format!("the API server has the token in its cache: it was judged {age_seconds} s before");
    let mapped = match resolution.outcome {
        Ok(mapped) => UserInfo {
            username: mapped.username,
            groups: mapped.groups,
            ..user.clone()
        }
        .authenticated(),
        Err(error) => {
            explanation.evidence.push(since);
            explanation
                .evidence
                .push(format!("judged now it would be denied: {error}"));
            return explanation;
        }
    };
    if (&mapped.username, &mapped.groups) == (&user.username, &user.groups) {
        return explanation;
    }
    let now = format!(
        "judged now it would be {} in [{}]",
        mapped.username,
        mapped.groups.join(" ")
    );
    let authorization = authorize(&mapped, attributes, cluster);
    if authorization.decision != Decision::Allow {
        explanation.evidence.push(since);
        explanation.evidence.push(format!("{now}, who may not do this either"));
        return explanation;
    }
    let finding = Finding::new(
        Cause::RefusedFromCache,
        format!(
            "forbidden: the API server still takes the caller for {} in [{}], as of {age_seconds} s ago; the mapping of now \
             would allow this",
            user.username,
            user.groups.join(" ")
        ),
        format!(
            "wait {} s, or make a new token (kubectl with an exec plugin makes one whenever it is started): only a token that \
             is authenticated again sees changes of its mapping",
            i64::from(cluster.token_cache_seconds).saturating_sub(age_seconds).max(0)
        ),
    )
    .with(since)
    .with(now)
    .with(forbidden_message(user, attributes, ""));
    finding.explained(explanation.trace)
}

fn admission_finding(user: &UserInfo, attributes: &Attributes, message: &str) -> Finding {
    let fix = if message.contains("because it is being terminated") {
        format!(
            "wait until the namespace is gone (`kubectl get namespace {0}` says NotFound), make it again (`kubectl create namespace \
             {0}`) and repeat the request; or use another namespace",
            attributes.namespace
        )
    } else {
        "change the object or the request as the message asks; no binding and no access policy changes the answer"
            .to_owned()
    };
    Finding::new(
        Cause::AdmissionRefused,
        format!(
            "refused by admission, not by RBAC: {} may do this, and what checks the object itself refuses it",
            user.username
        ),
        fix,
    )
    .with(beginning(message))
}

fn escalation_finding(
    user: &UserInfo,
    attributes: &Attributes,
    granting: &Granting,
    message: &str,
    cluster: &Cluster,
) -> Finding {
    let Attributes { verb, resource, .. } = attributes;
    let who = &user.username;
    let sentence = match granting {
        Granting::Binding { kind, name } => format!(
            "forbidden: {who} may {verb} {resource}, but {kind} {name} has rules that {who} does not hold by RBAC, and {who} may \
             not `bind` it"
        ),
        Granting::Rules => format!(
            "forbidden: {who} may {verb} {resource}, but this one would have rules that {who} does not hold by RBAC, and {who} \
             may not `escalate` {resource}"
        ),
    };
    let fix = match granting {
        Granting::Binding { kind, name } => bind_fix(user, attributes, kind, name, cluster),
        Granting::Rules => format!(
            "leave the rules that are lacking out of it, or have it written by somebody who holds them by RBAC or may `escalate` \
             {resource}: {}",
            administrators(cluster)
        ),
    };
    let (said, lacking) = message.split_once('\n').unwrap_or((message, ""));
    let mut finding = Finding::new(Cause::RbacEscalation, sentence, fix).with(beginning(said));
    let rules: Vec<&str> = lacking.lines().collect();
    for rule in rules.iter().take(MOST_RULES) {
        finding = finding.with(format!("lacking: {}", beginning(rule)));
    }
    if rules.len() > MOST_RULES {
        finding = finding.with(format!("lacking: {} more rules", rules.len() - MOST_RULES));
    }
    let policies = entry_of(user, cluster).map_or(&[][..], |entry| &entry.policies);
    if !policies.is_empty() {
        let names: Vec<&str> = policies.iter().map(|association| association.policy.name).collect();
        finding = finding.with(format!(
            "what the access policies of the entry give ({}) does not count here: the API server compares with what RBAC \
             gives, and asks the policies for the verbs `bind` and `escalate` only",
            names.join(", ")
        ));
    }
    finding
}

/// Those who may grant everything.
fn administrators(cluster: &Cluster) -> &'static str {
    if cluster.authentication_mode().has_access_entries() {
        "a member of system:masters, or a principal with the access policy AmazonEKSClusterAdminPolicy for the whole cluster"
    } else {
        "a member of system:masters"
    }
}

/// Who can make the binding, and how a right to bind this role alone is given.
fn bind_fix(user: &UserInfo, attributes: &Attributes, kind: &str, name: &str, cluster: &Cluster) -> String {
    let administrators = administrators(cluster);
    let by_administrator =
        format!("have the binding made by somebody who may `bind` this role: {administrators}; or bind a smaller role");
    let namespace = &attributes.namespace;
    let Some(subject) = subject(user) else {
        return by_administrator;
    };
    if !is_plain(name) || !is_plain(namespace) {
        return by_administrator;
    }
    let (make_role, reference) = if kind == "ClusterRole" {
        let role = format!(
            "kubectl create clusterrole bind-{name} --verb=bind --resource=clusterroles.rbac.authorization.k8s.io \
             --resource-name={name}"
        );
        (role, format!("--clusterrole=bind-{name}"))
    } else {
        let role = format!(
            "kubectl create role bind-{name} --verb=bind --resource=roles.rbac.authorization.k8s.io --resource-name={name} \
             -n {namespace}"
        );
        (role, format!("--role=bind-{name}"))
    };
    let make_binding = if namespace.is_empty() {
        format!("kubectl create clusterrolebinding bind-{name} {reference} {subject}")
    } else {
        format!("kubectl create rolebinding bind-{name} {reference} {subject} -n {namespace}")
    };
    format!(
        "{by_administrator}. To let {} bind this one role, such an administrator runs `{make_role}` and `{make_binding}`",
        user.username
    )
}

/// How kubectl is told to whom a role is bound: to a group that the mapping gives, or else to the user, whose name is another
/// one in each session where it has the session's name in it.
fn subject(user: &UserInfo) -> Option<String> {
    let group = user.groups.iter().find(|group| !group.starts_with("system:"));
    if let Some(group) = group.filter(|group| is_plain(group)) {
        return Some(format!("--group={group}"));
    }
    let name = user.username.as_str();
    if let Some(account) = name.strip_prefix("system:serviceaccount:") {
        return is_plain(account).then(|| format!("--serviceaccount={account}"));
    }
    let is_lasting = !name.contains(":assumed-role/") && !name.starts_with("system:");
    (is_lasting && is_plain(name)).then(|| format!("--user={name}"))
}

/// Whether a shell takes it as it stands.
fn is_plain(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_' | '/' | '@'))
}

/// As much of a text as is kept.
fn beginning(text: &str) -> String {
    if text.len() <= MOST_OF_MESSAGE {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(MOST_OF_MESSAGE / 4).collect();
    kept.push('…');
    kept
}
