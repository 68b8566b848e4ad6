//! The `aws-auth` ConfigMap, parsed as aws-iam-authenticator does.

use serde_json::Value;

/// The mappings of an `aws-auth` ConfigMap and what was wrong with it.
#[derive(Clone, Debug, Default)]
pub struct AwsAuth {}

impl AwsAuth {
    /// Parses the `data` of a ConfigMap object.
    #[must_use]
    pub fn from_config_map(object: &Value) -> Self {
        let _ = object;
        Self::default()
    }
}
