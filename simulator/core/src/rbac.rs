//! Kubernetes RBAC: roles and bindings, indexed by subject.
//!
//! Source: `plugin/pkg/auth/authorizer/rbac/rbac.go` and `pkg/registry/rbac/validation/rule.go`, Kubernetes 1.32.

pub mod bootstrap;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::object::ObjectStore;
use crate::request_info::Attributes;
use crate::user::UserInfo;

/// What the resource names of RBAC objects end in.
pub const RESOURCE_SUFFIX: &str = ".rbac.authorization.k8s.io";

/// One rule of a role. A rule is for resources or for URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyRule {
    /// `*` means every verb.
    pub verbs: Vec<String>,
    /// `*` means every group.
    pub api_groups: Vec<String>,
    /// `pods`, `pods/log`, `*/scale`, `*`.
    pub resources: Vec<String>,
    /// Empty means any name.
    pub resource_names: Vec<String>,
    /// `/healthz`, `/api/*`, `*`.
    pub non_resource_urls: Vec<String>,
}

/// Roles and bindings by subject.
#[derive(Clone, Debug, Default)]
pub struct RbacIndex {
    /// Rules by kind, namespace (empty for ClusterRoles) and name.
    roles: BTreeMap<RoleKey, Arc<Vec<PolicyRule>>>,
    bindings: Vec<Binding>,
    /// The bindings in which a subject occurs, ascending: ClusterRoleBindings come first.
    by_subject: BTreeMap<Subject, Vec<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RoleKey {
    kind: String,
    namespace: String,
    name: String,
}

#[derive(Clone, Debug)]
struct Binding {
    /// Empty for a ClusterRoleBinding.
    namespace: String,
    name: String,
    role: RoleKey,
}

/// Whom a binding is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Group(String),
    ServiceAccount { namespace: String, name: String },
    User(String),
}

/// What RBAC says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RbacDecision {
    /// Allowed, and by what.
    Allowed {
        /// `RBAC: allowed by …`.
        reason: String,
    },
    /// No rule allows it.
    NoOpinion {
        /// Roles that bindings name but that are not there, as the API server tells them; usually empty.
        reason: String,
    },
}

impl RbacIndex {
    /// Reads all roles and bindings. Parts that are malformed grant nothing.
    #[must_use]
    pub fn build(objects: &ObjectStore) -> Self {
        let mut index = Self::default();
        let mut aggregated = Vec::new();
        let mut labelled: Vec<(&str, &Value)> = Vec::new();
        for (kind, resource) in [
            ("ClusterRole", "clusterroles.rbac.authorization.k8s.io"),
            ("Role", "roles.rbac.authorization.k8s.io"),
        ] {
            for (key, object) in objects.list(resource, None) {
                let role = RoleKey {
                    kind: kind.to_owned(),
                    namespace: key.namespace.clone(),
                    name: key.name.clone(),
                };
                if kind == "ClusterRole" {
                    labelled.push((&key.name, object));
                    if let Some(rule) = object.get("aggregationRule") {
                        aggregated.push((role.clone(), rule));
                    }
                }
                index.roles.insert(role, Arc::new(rules_of(object)));
            }
        }
        for (role, rule) in aggregated {
            let rules = aggregate(&role.name, rule, &labelled);
            index.roles.insert(role, Arc::new(rules));
        }
        for resource in [
            "clusterrolebindings.rbac.authorization.k8s.io",
            "rolebindings.rbac.authorization.k8s.io",
        ] {
            for (key, object) in objects.list(resource, None) {
                index.bind(&key.namespace, &key.name, object);
            }
        }
        index
    }

    /// Decides by all ClusterRoleBindings, then the RoleBindings of the request's namespace; the first rule that allows
    /// ends it.
    #[must_use]
    pub fn authorize(&self, user: &UserInfo, attributes: &Attributes) -> RbacDecision {
        let mut missing = Vec::new();
        for (binding, subject) in self.bindings_of(user, &attributes.namespace) {
            let Some(rules) = self.roles.get(&binding.role) else {
                missing.push(binding.role.not_found());
                continue;
            };
            if rules.iter().any(|rule| rule.allows(attributes)) {
                return RbacDecision::Allowed {
                    reason: binding.reason(subject),
                };
            }
        }
        RbacDecision::NoOpinion {
            reason: match &missing[..] {
                [] => String::new(),
                [one] => format!("RBAC: {one}"),
                many => format!("RBAC: [{}]", many.join(", ")),
            },
        }
    }

    /// All rules that a user has in a namespace, for SelfSubjectRulesReview.
    #[must_use]
    pub fn rules_for(&self, user: &UserInfo, namespace: &str) -> Vec<PolicyRule> {
        self.bindings_of(user, namespace)
            .filter_map(|(binding, _)| Some((binding, self.roles.get(&binding.role)?)))
            .flat_map(|(binding, rules)| {
                let cluster_wide = binding.namespace.is_empty();
                rules
                    .iter()
                    .filter(move |rule| cluster_wide || rule.non_resource_urls.is_empty())
            })
            .cloned()
            .collect()
    }

    fn bindings_of(&self, user: &UserInfo, namespace: &str) -> impl Iterator<Item = (&Binding, &Subject)> {
        let mut subjects: Vec<Subject> = user.groups.iter().cloned().map(Subject::Group).collect();
        subjects.push(Subject::User(user.username.clone()));
        if let Some((namespace, name)) = user
            .username
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'))
        {
            subjects.push(Subject::ServiceAccount {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            });
        }
        let found: BTreeMap<usize, &Subject> = subjects
            .iter()
            .filter_map(|subject| self.by_subject.get_key_value(subject))
            .flat_map(|(subject, bindings)| bindings.iter().map(move |at| (*at, subject)))
            .collect();
        let namespace = namespace.to_owned();
        found
            .into_iter()
            .filter_map(|(at, subject)| Some((self.bindings.get(at)?, subject)))
            .filter(move |(binding, _)| binding.namespace.is_empty() || binding.namespace == namespace)
    }

    fn bind(&mut self, namespace: &str, name: &str, object: &Value) {
        let role = |field: &str| object.pointer(&format!("/roleRef/{field}")).and_then(Value::as_str);
        let (Some(kind), Some(role_name)) = (role("kind"), role("name")) else {
            return;
        };
        let at = self.bindings.len();
        self.bindings.push(Binding {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            role: RoleKey {
                kind: kind.to_owned(),
                namespace: if kind == "Role" { namespace } else { "" }.to_owned(),
                name: role_name.to_owned(),
            },
        });
        let subjects = object.get("subjects").and_then(Value::as_array);
        let subjects: BTreeSet<Subject> = subjects
            .into_iter()
            .flatten()
            .filter_map(|subject| Subject::parse(subject, namespace))
            .collect();
        for subject in subjects {
            self.by_subject.entry(subject).or_default().push(at);
        }
    }
}

impl RoleKey {
    fn not_found(&self) -> String {
        format!(
            "{}.rbac.authorization.k8s.io {:?} not found",
            self.kind.to_lowercase(),
            self.name
        )
    }
}

impl Binding {
    fn reason(&self, subject: &Subject) -> String {
        let (kind, name) = if self.namespace.is_empty() {
            ("ClusterRoleBinding", self.name.clone())
        } else {
            ("RoleBinding", format!("{}/{}", self.name, self.namespace))
        };
        let (subject_kind, subject) = match subject {
            Subject::Group(name) => ("Group", name.clone()),
            Subject::ServiceAccount { namespace, name } => ("ServiceAccount", format!("{name}/{namespace}")),
            Subject::User(name) => ("User", name.clone()),
        };
        format!(
            "RBAC: allowed by {kind} {name:?} of {} {:?} to {subject_kind} {subject:?}",
            self.role.kind, self.role.name
        )
    }
}

impl Subject {
    fn parse(subject: &Value, binding_namespace: &str) -> Option<Self> {
        let text = |field: &str| {
            subject
                .get(field)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let name = text("name")?.to_owned();
        match text("kind")? {
            "Group" => Some(Self::Group(name)),
            "ServiceAccount" => Some(Self::ServiceAccount {
                namespace: text("namespace").unwrap_or(binding_namespace).to_owned(),
                name,
            }),
            "User" => Some(Self::User(name)),
            _ => None,
        }
    }
}

impl PolicyRule {
    fn parse(rule: &Value) -> Self {
        let list = |field: &str| {
            let values = rule.get(field).and_then(Value::as_array);
            let texts = values.into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        Self {
            verbs: list("verbs"),
            api_groups: list("apiGroups"),
            resources: list("resources"),
            resource_names: list("resourceNames"),
            non_resource_urls: list("nonResourceURLs"),
        }
    }

    /// Whether this rule allows a request (`RuleAllows`).
    #[must_use]
    pub fn allows(&self, attributes: &Attributes) -> bool {
        let any = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
        if !any(&self.verbs, &attributes.verb) {
            return false;
        }
        if !attributes.is_resource {
            return self.non_resource_urls.iter().any(|url| match url.strip_suffix('*') {
                Some(prefix) => attributes.path.starts_with(prefix),
                None => *url == attributes.path,
            });
        }
        any(&self.api_groups, &attributes.api_group)
            && self.names_resource(&attributes.resource, &attributes.subresource)
            && (self.resource_names.is_empty() || self.resource_names.contains(&attributes.name))
    }

    fn names_resource(&self, resource: &str, subresource: &str) -> bool {
        self.resources.iter().any(|item| {
            item == "*"
                || match (item.split_once('/'), subresource) {
                    (None, "") => item == resource,
                    (Some((_, _)), "") | (None, _) => false,
                    (Some((parent, child)), subresource) => {
                        (parent == "*" || parent == resource) && child == subresource
                    }
                }
        })
    }
}

fn rules_of(role: &Value) -> Vec<PolicyRule> {
    let rules = role.get("rules").and_then(Value::as_array);
    rules.into_iter().flatten().map(PolicyRule::parse).collect()
}

/// The rules of every ClusterRole that a selector picks, by name, each once. A role does not aggregate itself.
fn aggregate(own: &str, rule: &Value, roles: &[(&str, &Value)]) -> Vec<PolicyRule> {
    let selectors = rule.get("clusterRoleSelectors").and_then(Value::as_array);
    let selectors: Vec<&Value> = selectors.into_iter().flatten().collect();
    let picked = |role: &Value| {
        selectors.iter().any(|selector| {
            selector
                .get("matchLabels")
                .and_then(Value::as_object)
                .is_some_and(|wanted| {
                    let labels = role.pointer("/metadata/labels");
                    wanted
                        .iter()
                        .all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
                })
        })
    };
    let mut rules: Vec<PolicyRule> = Vec::new();
    for (name, role) in roles {
        if *name == own || !picked(role) {
            continue;
        }
        // edit carries view's label and is itself aggregated: its parts carry theirs, so its own rules add nothing.
        for rule in rules_of(role) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    rules
}
