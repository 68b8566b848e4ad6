//! Kubernetes RBAC: roles and bindings, indexed by subject.
//!
//! The semantics are those of `pkg/registry/rbac/validation/rule.go` and `plugin/pkg/auth/authorizer/rbac/rbac.go` of
//! Kubernetes 1.32. Who may do everything without RBAC is [`crate::cluster::authorize`]'s to say; what a cluster is born with
//! stands in [`bootstrap`].

pub(crate) mod aggregation;
pub mod bootstrap;
pub mod escalation;
mod rule;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::kube::object::ObjectStore;
use crate::kube::object::kept::Kept;
use crate::kube::request_info::Attributes;
use crate::value::user::SYSTEM_AUTHENTICATED;
use crate::value::user::SYSTEM_UNAUTHENTICATED;
use crate::value::user::UserInfo;

pub use self::rule::PolicyRule;
pub use self::rule::parse as rules_of;
use self::rule::text;
use crate::value::log::go_quote;

/// The API group of roles and bindings.
pub const GROUP: &str = "rbac.authorization.k8s.io";
/// What the resource names of RBAC objects end in.
pub const RESOURCE_SUFFIX: &str = ".rbac.authorization.k8s.io";

pub(crate) const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const CLUSTER_ROLE_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";
pub(crate) const ROLES: &str = "roles.rbac.authorization.k8s.io";
const ROLE_BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";

/// Whom a binding is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`; a subject of any other kind is nobody.
    pub kind: String,
    /// The name of the user, group or service account.
    pub name: String,
    /// The namespace of a service account; empty means that of the binding.
    pub namespace: String,
}

/// The role that a binding gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRef {
    /// `Role` or `ClusterRole`.
    pub kind: String,
    /// The name of the role.
    pub name: String,
}

/// What RBAC says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RbacAnswer {
    /// Whether a rule allows it.
    pub allowed: bool,
    /// The binding that allows it; on a denial the roles that were not found, usually none.
    pub reason: String,
}

/// The rules that hold for a user in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserRules<'a> {
    /// In the order in which they are tried.
    pub rules: Vec<&'a PolicyRule>,
    /// The roles that were not found.
    pub errors: Vec<String>,
}

/// One rule that a binding gives.
pub(crate) struct Grant<'a> {
    /// As RBAC's reasons describe it.
    pub(crate) binding: String,
    /// Where it holds; empty for the whole cluster.
    pub(crate) namespace: &'a str,
    /// What it allows.
    pub(crate) rule: &'a PolicyRule,
}

/// Roles and bindings by subject.
#[derive(Clone, Debug, Default)]
pub struct RbacIndex {
    bindings: Vec<Binding>,
    /// By the namespace that a binding holds in; empty for the whole cluster.
    scopes: BTreeMap<String, Scope>,
}

/// The places in [`RbacIndex::bindings`], and in their subjects, at which a user or a group is named.
#[derive(Clone, Debug, Default)]
struct Scope {
    users: BTreeMap<String, Vec<(usize, usize)>>,
    groups: BTreeMap<String, Vec<(usize, usize)>>,
}

/// A binding, with the rules of its role.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    /// Where it holds; empty for the whole cluster.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) role_ref: RoleRef,
    pub(crate) subjects: Vec<Subject>,
    /// What the role allows, or that it is not there.
    pub(crate) rules: Result<Arc<[PolicyRule]>, String>,
}

impl RbacIndex {
    /// Reads all roles and bindings. What is malformed grants nothing.
    #[must_use]
    pub fn build(objects: &ObjectStore) -> Self {
        let rules_of = |resource| -> BTreeMap<(&str, &str), Arc<[PolicyRule]>> {
            let rules = |key, role: &Kept| {
                let shared = role.base().and_then(|base| bootstrap::shared_rules(key, base));
                shared.map_or_else(|| rule::parse(role.peek()).into(), Arc::clone)
            };
            let roles = objects.kept(resource);
            roles
                .map(|(key, role)| ((key.namespace.as_str(), key.name.as_str()), rules(key, role)))
                .collect()
        };
        let (cluster_roles, roles) = (rules_of(CLUSTER_ROLES), rules_of(ROLES));
        let mut index = Self::default();
        for resource in [CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS] {
            for (key, binding) in objects.kept(resource) {
                let object = binding.peek();
                let role_ref = RoleRef {
                    kind: text(object, "/roleRef/kind"),
                    name: text(object, "/roleRef/name"),
                };
                let (kind, found) = match role_ref.kind.as_str() {
                    "ClusterRole" => ("clusterrole", cluster_roles.get(&("", role_ref.name.as_str()))),
                    "Role" => ("role", roles.get(&(key.namespace.as_str(), role_ref.name.as_str()))),
                    _ => ("", None),
                };
                let rules = match found {
                    Some(rules) => Ok(Arc::clone(rules)),
                    None if kind.is_empty() => {
                        Err(format!("unsupported role reference kind: {}", go_quote(&role_ref.kind)))
                    }
                    None => Err(format!(
                        "{kind}{RESOURCE_SUFFIX} {} not found",
                        go_quote(&role_ref.name)
                    )),
                };
                index.add(Binding {
                    namespace: key.namespace.clone(),
                    name: key.name.clone(),
                    role_ref,
                    subjects: subjects(object),
                    rules,
                });
            }
        }
        index
    }

    /// All ClusterRoleBindings, then the RoleBindings of the namespace; the first rule that allows decides.
    #[must_use]
    pub fn authorize_rbac(&self, user: &UserInfo, attributes: &Attributes) -> RbacAnswer {
        let mut errors = Vec::new();
        for (binding, subject) in self.bindings_of(user, &attributes.namespace) {
            match &binding.rules {
                Ok(rules) if rules.iter().any(|rule| rule.allows(attributes)) => {
                    return RbacAnswer {
                        allowed: true,
                        reason: format!("RBAC: allowed by {}", binding.describe(subject)),
                    };
                }
                Ok(_) => {}
                Err(error) => errors.push(error.as_str()),
            }
        }
        RbacAnswer {
            allowed: false,
            reason: match errors.as_slice() {
                [] => String::new(),
                errors => format!("RBAC: {}", joined(errors)),
            },
        }
    }

    /// Every rule that holds for the user in the namespace, for a SelfSubjectRulesReview.
    #[must_use]
    pub fn rules_for(&self, user: &UserInfo, namespace: &str) -> UserRules<'_> {
        let mut found = UserRules::default();
        for (binding, _) in self.bindings_of(user, namespace) {
            match &binding.rules {
                Ok(rules) => found.rules.extend(rules.iter()),
                Err(error) => found.errors.push(error.clone()),
            }
        }
        found
    }

    /// The rules that were given to the user in particular, in any namespace: not those that everyone has.
    pub(crate) fn grants_of(&self, user: &UserInfo) -> Vec<Grant<'_>> {
        let mut grants = Vec::new();
        for (binding, subject) in self.own_bindings_of(user) {
            for rule in binding.rules.iter().flat_map(|rules| rules.iter()) {
                grants.push(Grant {
                    binding: binding.describe(subject),
                    namespace: &binding.namespace,
                    rule,
                });
            }
        }
        grants
    }

    /// Whether anything is bound to the user in particular, in any namespace.
    pub(crate) fn has_binding(&self, user: &UserInfo) -> bool {
        self.own_bindings_of(user).next().is_some()
    }

    /// Every binding: those of the cluster, then those of namespaces.
    pub(crate) fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The names of all subjects of kind User.
    pub(crate) fn user_subjects(&self) -> impl Iterator<Item = &str> {
        let subjects = self.bindings.iter().flat_map(|binding| &binding.subjects);
        subjects
            .filter(|subject| subject.kind == "User")
            .map(|subject| subject.name.as_str())
    }

    fn own_bindings_of(&self, user: &UserInfo) -> impl Iterator<Item = (&Binding, &Subject)> {
        self.bindings.iter().filter_map(move |binding| {
            let mut subjects = binding.subjects.iter();
            let subject = subjects.find(|subject| binding.is_for(subject, user))?;
            Some((binding, subject))
        })
    }

    fn add(&mut self, binding: Binding) {
        let scope = self.scopes.entry(binding.namespace.clone()).or_default();
        let place = self.bindings.len();
        for (position, subject) in binding.subjects.iter().enumerate() {
            let (names, name) = match subject.kind.as_str() {
                "User" => (&mut scope.users, subject.name.clone()),
                "Group" => (&mut scope.groups, subject.name.clone()),
                "ServiceAccount" => match binding.namespace_of(subject) {
                    // A ClusterRoleBinding has no namespace to lend.
                    "" => continue,
                    namespace => (
                        &mut scope.users,
                        format!("system:serviceaccount:{namespace}:{}", subject.name),
                    ),
                },
                _ => continue,
            };
            names.entry(name).or_default().push((place, position));
        }
        self.bindings.push(binding);
    }

    /// The bindings that hold for the user, in order, each with the first subject that names the user.
    fn bindings_of<'a>(
        &'a self,
        user: &UserInfo,
        namespace: &str,
    ) -> impl Iterator<Item = (&'a Binding, &'a Subject)> + use<'a> {
        // The cluster's bindings were added first, so ordering by place keeps them ahead.
        let mut places = BTreeMap::new();
        for name in BTreeSet::from(["", namespace]) {
            let Some(scope) = self.scopes.get(name) else { continue };
            let of_groups = user.groups.iter().filter_map(|group| scope.groups.get(group));
            for (place, position) in scope.users.get(&user.username).into_iter().chain(of_groups).flatten() {
                let first = places.entry(*place).or_insert(*position);
                *first = (*first).min(*position);
            }
        }
        places.into_iter().filter_map(|(place, position)| {
            let binding = self.bindings.get(place)?;
            Some((binding, binding.subjects.get(position)?))
        })
    }
}

impl Binding {
    /// Whether the subject, which is one of the binding's, names the user in particular: everybody's groups do not.
    pub(crate) fn is_for(&self, subject: &Subject, user: &UserInfo) -> bool {
        const EVERYONE: [&str; 2] = [SYSTEM_AUTHENTICATED, SYSTEM_UNAUTHENTICATED];
        match subject.kind.as_str() {
            "User" => subject.name == user.username,
            "Group" => user.groups.contains(&subject.name) && !EVERYONE.contains(&subject.name.as_str()),
            "ServiceAccount" => {
                let account = user.username.strip_prefix("system:serviceaccount:");
                account.and_then(|account| account.split_once(':'))
                    == Some((self.namespace_of(subject), subject.name.as_str()))
            }
            _ => false,
        }
    }

    pub(crate) fn namespace_of<'a>(&'a self, subject: &'a Subject) -> &'a str {
        if subject.namespace.is_empty() {
            &self.namespace
        } else {
            &subject.namespace
        }
    }

    /// Name before namespace is upstream's order (`clusterRoleBindingDescriber`, `roleBindingDescriber`).
    pub(crate) fn describe(&self, subject: &Subject) -> String {
        let (kind, name) = if self.namespace.is_empty() {
            ("ClusterRoleBinding", self.name.clone())
        } else {
            ("RoleBinding", format!("{}/{}", self.name, self.namespace))
        };
        let subject_name = if subject.kind == "ServiceAccount" {
            format!("{}/{}", subject.name, self.namespace_of(subject))
        } else {
            subject.name.clone()
        };
        format!(
            "{kind} {} of {} {} to {} {}",
            go_quote(&name),
            self.role_ref.kind,
            go_quote(&self.role_ref.name),
            subject.kind,
            go_quote(&subject_name)
        )
    }
}

/// Several errors as one, each once, as `utilerrors.NewAggregate` words them.
fn joined(errors: &[&str]) -> String {
    let mut seen = BTreeSet::new();
    let once: Vec<&str> = errors.iter().copied().filter(|error| seen.insert(*error)).collect();
    match once.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(", ")),
    }
}

fn subjects(binding: &Value) -> Vec<Subject> {
    binding
        .get("subjects")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|subject| Subject {
            kind: text(subject, "/kind"),
            name: text(subject, "/name"),
            namespace: text(subject, "/namespace"),
        })
        .collect()
}
