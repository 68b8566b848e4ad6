//! The Kubernetes user that an authentication yields.

use std::collections::BTreeMap;

/// What Kubernetes knows of a caller (`authentication.k8s.io` UserInfo).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// The name that RBAC subjects of kind User are compared with.
    pub username: String,
    /// An identifier that is unique over time; empty for built-in users.
    pub uid: String,
    /// The groups in the order in which the authenticator gave them.
    pub groups: Vec<String>,
    /// Further facts, each a list of values.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// The group whose members may do everything, by an authorizer that comes before RBAC.
pub const SYSTEM_MASTERS: &str = "system:masters";
/// The group that the API server adds to every authenticated user.
pub const SYSTEM_AUTHENTICATED: &str = "system:authenticated";
/// The group of callers that sent no credentials.
pub const SYSTEM_UNAUTHENTICATED: &str = "system:unauthenticated";
/// The user that stands for callers that sent no credentials.
pub const SYSTEM_ANONYMOUS: &str = "system:anonymous";

impl UserInfo {
    /// The user of a request without credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            username: SYSTEM_ANONYMOUS.to_owned(),
            groups: vec![SYSTEM_UNAUTHENTICATED.to_owned()],
            ..Self::default()
        }
    }

    /// This user with `system:authenticated` added, as the API server's group adder does.
    #[must_use]
    pub fn authenticated(mut self) -> Self {
        if !self.groups.iter().any(|group| group == SYSTEM_AUTHENTICATED) {
            self.groups.push(SYSTEM_AUTHENTICATED.to_owned());
        }
        self
    }
}
