//! Which requests are audited, and how much of them: `audit.k8s.io/v1` Policy.
//!
//! Source: `apiserver/pkg/audit/policy/checker.go` and `apiserver/pkg/apis/audit/validation` of Kubernetes 1.32.

use std::sync::Arc;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::kube::request_info::Attributes;
use crate::value::user::UserInfo;

/// The rules of EKS, as AWS's EKS Best Practices Guide prints them (Auditing and logging).
const EKS: &str = include_str!("eks_policy.json");

static EKS_POLICY: LazyLock<Arc<AuditPolicy>> = LazyLock::new(|| {
    let policy = serde_json::from_str(EKS).unwrap_or_default();
    Arc::new(policy)
});

/// How much of a request is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// Who, what and when.
    Metadata,
    /// The request's object too.
    Request,
    /// The answer's object too.
    RequestResponse,
}

impl Level {
    /// As events say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Metadata => "Metadata",
            Self::Request => "Request",
            Self::RequestResponse => "RequestResponse",
        }
    }
}

/// At which point of a request an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum AuditStage {
    /// It has come in.
    RequestReceived,
    /// The answer's head is sent, and its body goes on for long.
    ResponseStarted,
    /// The answer is sent.
    ResponseComplete,
    /// The server has failed.
    Panic,
}

impl AuditStage {
    /// As events say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestReceived => "RequestReceived",
            Self::ResponseStarted => "ResponseStarted",
            Self::ResponseComplete => "ResponseComplete",
            Self::Panic => "Panic",
        }
    }
}

/// An audit policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditPolicy {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    /// Not looked at.
    #[serde(default, skip_serializing)]
    metadata: Value,
    rules: Vec<Rule>,
    #[serde(default)]
    omit_stages: Vec<AuditStage>,
    #[serde(default)]
    omit_managed_fields: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    level: Level,
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    user_groups: Vec<String>,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    resources: Vec<GroupResources>,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default, rename = "nonResourceURLs")]
    non_resource_urls: Vec<String>,
    #[serde(default)]
    omit_stages: Vec<AuditStage>,
    #[serde(default)]
    omit_managed_fields: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupResources {
    #[serde(default)]
    group: String,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    resource_names: Vec<String>,
}

/// What a policy says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditConfig {
    /// How much is written.
    pub level: Level,
    /// At which points nothing is.
    pub omit_stages: Vec<AuditStage>,
    /// Whether objects are written without their `managedFields`.
    pub omit_managed_fields: bool,
}

impl AuditPolicy {
    /// EKS's.
    #[must_use]
    pub fn eks() -> Arc<Self> {
        Arc::clone(&EKS_POLICY)
    }

    /// Reads a Policy object.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn parse(object: Value) -> Result<Self, PolicyError> {
        let policy: Self = serde_json::from_value(object)?;
        if policy.api_version != "audit.k8s.io/v1" || policy.kind != "Policy" {
            return Err(PolicyError::Kind);
        }
        if policy.rules.is_empty() {
            return Err(PolicyError::NoRules);
        }
        policy.rules.iter().try_for_each(Rule::check)?;
        Ok(policy)
    }

    /// What is to be written of a request. The first rule that matches decides; without one nothing is written.
    #[must_use]
    pub fn evaluate(&self, user: Option<&UserInfo>, attributes: &Attributes) -> AuditConfig {
        let rule = self.rules.iter().find(|rule| rule.matches(user, attributes));
        let mut omit_stages = self.omit_stages.clone();
        omit_stages.extend(rule.into_iter().flat_map(|rule| &rule.omit_stages));
        AuditConfig {
            level: rule.map_or(Level::None, |rule| rule.level),
            omit_stages,
            omit_managed_fields: rule
                .and_then(|rule| rule.omit_managed_fields)
                .unwrap_or(self.omit_managed_fields),
        }
    }
}

impl Rule {
    fn check(&self) -> Result<(), PolicyError> {
        for url in self.non_resource_urls.iter().filter(|url| *url != "*") {
            if !url.starts_with('/') {
                return Err(PolicyError::UrlStart(url.clone()));
            }
            if url.trim_end_matches('*').contains('*') || url.ends_with("**") {
                return Err(PolicyError::UrlWildcard(url.clone()));
            }
        }
        let about_resources = !self.resources.is_empty() || !self.namespaces.is_empty();
        if about_resources && !self.non_resource_urls.is_empty() {
            return Err(PolicyError::Mixed);
        }
        let is_odd = |listed: &GroupResources| !listed.resource_names.is_empty() && listed.resources.is_empty();
        if self.resources.iter().any(is_odd) {
            return Err(PolicyError::NamesOfNothing);
        }
        Ok(())
    }

    fn matches(&self, user: Option<&UserInfo>, attributes: &Attributes) -> bool {
        let fits = |list: &[String], wanted: &str| list.is_empty() || list.iter().any(|entry| entry == wanted);
        let username = user.map_or("", |user| user.username.as_str());
        let groups = user.map_or(&[][..], |user| &user.groups);
        if !fits(&self.users, username)
            || !fits(&self.verbs, &attributes.verb)
            || !(self.user_groups.is_empty() || groups.iter().any(|group| self.user_groups.contains(group)))
        {
            return false;
        }
        if !self.namespaces.is_empty() || !self.resources.is_empty() {
            return attributes.is_resource
                && fits(&self.namespaces, &attributes.namespace)
                && (self.resources.is_empty() || self.resources.iter().any(|listed| listed.matches(attributes)));
        }
        let covers = |url: &String| {
            let is_prefix = url.ends_with('*') && attributes.path.starts_with(url.trim_end_matches('*'));
            is_prefix || *url == attributes.path
        };
        self.non_resource_urls.is_empty() || (!attributes.is_resource && self.non_resource_urls.iter().any(covers))
    }
}

impl GroupResources {
    fn matches(&self, attributes: &Attributes) -> bool {
        if self.group != attributes.api_group {
            return false;
        }
        let (resource, subresource) = (&attributes.resource, &attributes.subresource);
        let covers = |listed: &String| {
            let is_exact = match listed.split_once('/') {
                None => subresource.is_empty() && listed == resource,
                Some((parent, child)) => parent == resource && child == subresource,
            };
            let by_star = listed == "*"
                || (!subresource.is_empty() && listed.strip_prefix("*/") == Some(subresource))
                || listed.strip_suffix("/*") == Some(resource);
            is_exact || by_star
        };
        let is_named = self.resource_names.is_empty() || self.resource_names.contains(&attributes.name);
        self.resources.is_empty() || (is_named && self.resources.iter().any(covers))
    }
}

/// Why an object is no audit policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is no Policy of this version.
    #[error("an audit policy has apiVersion audit.k8s.io/v1 and kind Policy")]
    Kind,
    /// A rule is about resources and about URLs.
    #[error("rules cannot apply to both regular resources and non-resource URLs")]
    Mixed,
    /// A rule names objects, but not what they are.
    #[error("using resourceNames requires at least one resource")]
    NamesOfNothing,
    /// It has no rules.
    #[error("an audit policy has at least one rule")]
    NoRules,
    /// It has other fields, or values, in the words of the reader.
    #[error("{0}")]
    Shape(String),
    /// A rule's URL is no path.
    #[error("`{0}`: non-resource URL rules must begin with a '/' character")]
    UrlStart(String),
    /// A rule's URL has a wildcard inside.
    #[error("`{0}`: non-resource URL wildcards '*' must be the final character of the rule")]
    UrlWildcard(String),
}

impl From<serde_json::Error> for PolicyError {
    fn from(error: serde_json::Error) -> Self {
        Self::Shape(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kube::request_info::attributes;

    #[test]
    fn levels_are_those_of_eks() {
        assert!(!AuditPolicy::eks().rules.is_empty());
        for (method, path, wanted, stages) in [
            ("GET", "/healthz/etcd", Level::None, 0),
            ("GET", "/version", Level::None, 0),
            ("GET", "/apis", Level::Metadata, 1),
            ("GET", "/api/v1/pods", Level::Request, 1),
            ("GET", "/api/v1/secrets", Level::Metadata, 1),
            ("GET", "/api/v1/namespaces/a/configmaps/b", Level::Metadata, 1),
            (
                "PATCH",
                "/api/v1/namespaces/kube-system/configmaps/aws-auth",
                Level::RequestResponse,
                1,
            ),
            (
                "PATCH",
                "/api/v1/namespaces/kube-system/configmaps/b",
                Level::Metadata,
                1,
            ),
            ("GET", "/api/v1/events", Level::None, 0),
            ("POST", "/api/v1/namespaces/a/pods", Level::RequestResponse, 1),
            (
                "POST",
                "/apis/authentication.k8s.io/v1/tokenreviews",
                Level::Metadata,
                1,
            ),
            (
                "POST",
                "/api/v1/namespaces/a/serviceaccounts/b/token",
                Level::Request,
                0,
            ),
            ("GET", "/apis/stable.example.com/v1/crontabs", Level::Metadata, 1),
        ] {
            let found = AuditPolicy::eks().evaluate(None, &attributes(method, path, ""));
            assert_eq!((found.level, found.omit_stages.len()), (wanted, stages), "{path}");
        }
    }

    fn rule(rule: Value) -> AuditPolicy {
        AuditPolicy::parse(json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [rule]})).unwrap()
    }

    #[test]
    fn a_rule_matches_by_all_that_it_names() {
        let user = UserInfo {
            username: "jane".to_owned(),
            groups: vec!["devs".to_owned()],
            ..UserInfo::default()
        };
        let level = |given: Value, path: &str| {
            let found = rule(given).evaluate(Some(&user), &attributes("GET", path, ""));
            found.level != Level::None
        };
        let pod_log = "/api/v1/namespaces/x/pods/p/log";
        for (given, path, wanted) in [
            (json!({"users": ["jane"]}), "/", true),
            (json!({"users": ["bob"]}), "/", false),
            (json!({"userGroups": ["a", "devs"]}), "/", true),
            (json!({"userGroups": ["a"]}), "/", false),
            (json!({"verbs": ["get"]}), pod_log, true),
            (json!({"verbs": ["list"]}), pod_log, false),
            (json!({"namespaces": ["x"]}), pod_log, true),
            (json!({"namespaces": ["y"]}), pod_log, false),
            (json!({"namespaces": [""]}), "/api/v1/nodes", true),
            (json!({"namespaces": [""]}), "/", false),
            (json!({"resources": [{"group": ""}]}), pod_log, true),
            (json!({"resources": [{"resources": ["pods"]}]}), pod_log, false),
            (json!({"resources": [{"resources": ["pods/log"]}]}), pod_log, true),
            (json!({"resources": [{"resources": ["*/log"]}]}), pod_log, true),
            (json!({"resources": [{"resources": ["pods/*"]}]}), pod_log, true),
            (
                json!({"resources": [{"resources": ["*"], "resourceNames": ["q"]}]}),
                pod_log,
                false,
            ),
            (json!({"resources": [{"group": "apps"}]}), pod_log, false),
            (json!({"nonResourceURLs": ["/api*"]}), "/apis", true),
            (json!({"nonResourceURLs": ["/api*"]}), pod_log, false),
            (json!({"nonResourceURLs": ["*"]}), "/metrics", true),
        ] {
            let mut with_level = given.clone();
            with_level["level"] = json!("Metadata");
            assert_eq!(level(with_level, path), wanted, "{given} {path}");
        }
    }

    #[test]
    fn a_policy_that_makes_no_sense_is_refused() {
        let policy = |rules: Value| {
            AuditPolicy::parse(json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}))
        };
        for (given, wanted) in [
            (policy(json!([])), PolicyError::NoRules),
            (
                policy(json!([{}])),
                PolicyError::Shape("missing field `level`".to_owned()),
            ),
            (
                policy(json!([{"level": "None", "nonResourceURLs": ["metrics"]}])),
                PolicyError::UrlStart("metrics".to_owned()),
            ),
            (
                policy(json!([{"level": "None", "nonResourceURLs": ["/a*b"]}])),
                PolicyError::UrlWildcard("/a*b".to_owned()),
            ),
            (
                policy(json!([{"level": "None", "nonResourceURLs": ["*"], "namespaces": ["x"]}])),
                PolicyError::Mixed,
            ),
            (
                policy(json!([{"level": "None", "resources": [{"resourceNames": ["x"]}]}])),
                PolicyError::NamesOfNothing,
            ),
            (AuditPolicy::parse(json!({"rules": []})), PolicyError::Kind),
        ] {
            assert_eq!(given.unwrap_err(), wanted);
        }
        for rules in [
            json!([{"level": "All"}]),
            json!([{"level": "None", "omitStages": ["Never"]}]),
        ] {
            let error = policy(rules).unwrap_err().to_string();
            assert!(error.contains("unknown variant"), "{error}");
        }
    }
}
