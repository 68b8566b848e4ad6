//! What the API serves: one row a resource.

/// A resource, with the verbs that are really served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResourceType {
    /// Empty for the core group.
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) plural: &'static str,
    pub(super) singular: &'static str,
    pub(super) kind: &'static str,
    pub(super) namespaced: bool,
    pub(super) short_names: &'static [&'static str],
    pub(super) categories: &'static [&'static str],
    pub(super) access: Access,
}

/// How far a resource is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Reviews: they are posted and answered, never stored.
    Create,
    /// get and list.
    Read,
    /// Everything but watch and deletecollection.
    Write,
}

impl Access {
    pub(super) fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Create => &["create"],
            Self::Read => &["get", "list"],
            Self::Write => &["create", "delete", "get", "list", "patch", "update"],
        }
    }
}

impl ResourceType {
    /// Plural and group, as in messages and in the store: `configmaps`, `roles.rbac.authorization.k8s.io`.
    pub(super) fn qualified(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// `v1`, `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// Group and version as Go prints them: `/v1`, `apps/v1`.
    pub(super) fn group_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }

    /// The resource of that group, version and plural.
    pub(super) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Self> {
        RESOURCES
            .iter()
            .find(|row| row.group == group && row.version == version && row.plural == plural)
    }
}

/// Groups and versions in the order of discovery, the core group first.
pub(super) fn group_versions() -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    for row in RESOURCES {
        if !found.contains(&(row.group, row.version)) {
            found.push((row.group, row.version));
        }
    }
    found
}

const RBAC: &str = "rbac.authorization.k8s.io";

const fn row(
    (group, version): (&'static str, &'static str),
    (plural, singular, kind): (&'static str, &'static str, &'static str),
    namespaced: bool,
    short_names: &'static [&'static str],
    categories: &'static [&'static str],
    access: Access,
) -> ResourceType {
    ResourceType {
        group,
        version,
        plural,
        singular,
        kind,
        namespaced,
        short_names,
        categories,
        access,
    }
}

/// Everything that is served.
pub(super) const RESOURCES: &[ResourceType] = &[
    row(
        ("", "v1"),
        ("configmaps", "configmap", "ConfigMap"),
        true,
        &["cm"],
        &[],
        Access::Write,
    ),
    row(
        ("", "v1"),
        ("events", "event", "Event"),
        true,
        &["ev"],
        &[],
        Access::Read,
    ),
    row(
        ("", "v1"),
        ("namespaces", "namespace", "Namespace"),
        false,
        &["ns"],
        &[],
        Access::Read,
    ),
    row(("", "v1"), ("nodes", "node", "Node"), false, &["no"], &[], Access::Read),
    row(
        ("", "v1"),
        ("pods", "pod", "Pod"),
        true,
        &["po"],
        &["all"],
        Access::Read,
    ),
    row(
        ("", "v1"),
        ("secrets", "secret", "Secret"),
        true,
        &[],
        &[],
        Access::Read,
    ),
    row(
        ("", "v1"),
        ("serviceaccounts", "serviceaccount", "ServiceAccount"),
        true,
        &["sa"],
        &[],
        Access::Read,
    ),
    row(
        ("", "v1"),
        ("services", "service", "Service"),
        true,
        &["svc"],
        &["all"],
        Access::Read,
    ),
    row(
        ("authentication.k8s.io", "v1"),
        ("selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview"),
        false,
        &[],
        &[],
        Access::Create,
    ),
    row(
        ("authorization.k8s.io", "v1"),
        (
            "selfsubjectaccessreviews",
            "selfsubjectaccessreview",
            "SelfSubjectAccessReview",
        ),
        false,
        &[],
        &[],
        Access::Create,
    ),
    row(
        ("authorization.k8s.io", "v1"),
        (
            "selfsubjectrulesreviews",
            "selfsubjectrulesreview",
            "SelfSubjectRulesReview",
        ),
        false,
        &[],
        &[],
        Access::Create,
    ),
    row(
        ("discovery.k8s.io", "v1"),
        ("endpointslices", "endpointslice", "EndpointSlice"),
        true,
        &[],
        &[],
        Access::Read,
    ),
    row(
        (RBAC, "v1"),
        ("clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding"),
        false,
        &[],
        &[],
        Access::Read,
    ),
    row(
        (RBAC, "v1"),
        ("clusterroles", "clusterrole", "ClusterRole"),
        false,
        &[],
        &[],
        Access::Read,
    ),
    row(
        (RBAC, "v1"),
        ("rolebindings", "rolebinding", "RoleBinding"),
        true,
        &[],
        &[],
        Access::Read,
    ),
    row((RBAC, "v1"), ("roles", "role", "Role"), true, &[], &[], Access::Read),
];
