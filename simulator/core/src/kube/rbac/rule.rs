//! One rule of a role, and which requests it allows (`pkg/apis/rbac/v1/evaluation_helpers.go`).

use serde_json::Value;

use crate::kube::request_info::Attributes;
use crate::value::log::go_quote;

/// A rule: verbs on resources, or verbs on paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyRule {
    /// `*` or verbs.
    pub verbs: Vec<String>,
    /// `*` or groups; the core group is empty.
    pub api_groups: Vec<String>,
    /// `*`, `pods`, `pods/log` or `*/scale`.
    pub resources: Vec<String>,
    /// Names that the rule is limited to; none means no limit.
    pub resource_names: Vec<String>,
    /// `*`, a path, or the beginning of paths followed by `*`.
    pub non_resource_urls: Vec<String>,
}

impl PolicyRule {
    /// Whether this rule alone allows the request.
    #[must_use]
    pub fn allows(&self, attributes: &Attributes) -> bool {
        let named = |list: &[String], wanted: &str| list.iter().any(|entry| entry == "*" || entry == wanted);
        if !named(&self.verbs, &attributes.verb) {
            return false;
        }
        if !attributes.is_resource {
            return self.non_resource_urls.iter().any(|url| covers(url, &attributes.path));
        }
        named(&self.api_groups, &attributes.api_group)
            && self.resources.iter().any(|resource| is_resource(resource, attributes))
            && (self.resource_names.is_empty() || self.resource_names.contains(&attributes.name))
    }

    /// How much the rule has in common with the request; nothing where it is about other things.
    pub(crate) fn likeness(&self, attributes: &Attributes) -> usize {
        let named = |list: &[String], wanted: &str| list.iter().any(|entry| entry == "*" || entry == wanted);
        let verb = usize::from(named(&self.verbs, &attributes.verb));
        if !attributes.is_resource {
            let path = self.non_resource_urls.iter().any(|url| covers(url, &attributes.path));
            return verb + 2 * usize::from(path);
        }
        if self.resources.is_empty() {
            return 0;
        }
        let group = usize::from(named(&self.api_groups, &attributes.api_group));
        let resource = usize::from(self.resources.iter().any(|resource| is_resource(resource, attributes)));
        let whole = usize::from(self.allows(attributes));
        // The same name in another group is another resource.
        verb + group + 2 * group * resource + whole
    }

    /// What of the request the rule does not cover: nothing where it allows it.
    pub(crate) fn shortfall(&self, attributes: &Attributes) -> Vec<String> {
        let named = |list: &[String], wanted: &str| list.iter().any(|entry| entry == "*" || entry == wanted);
        let mut lacks = Vec::new();
        if !named(&self.verbs, &attributes.verb) {
            lacks.push(format!("the verb {}", attributes.verb));
        }
        if !attributes.is_resource {
            if !self.non_resource_urls.iter().any(|url| covers(url, &attributes.path)) {
                lacks.push(format!("the path {}", attributes.path));
            }
            return lacks;
        }
        if !named(&self.api_groups, &attributes.api_group) {
            lacks.push(format!("the API group {}", go_quote(&attributes.api_group)));
        }
        if !self.resources.iter().any(|resource| is_resource(resource, attributes)) {
            lacks.push(match attributes.subresource.as_str() {
                "" => format!("the resource {}", attributes.resource),
                subresource => format!(
                    "the subresource {}/{subresource}, which must be named itself",
                    attributes.resource
                ),
            });
        }
        if !self.resource_names.is_empty() && !self.resource_names.contains(&attributes.name) {
            lacks.push(match attributes.name.as_str() {
                "" => "requests that name no object".to_owned(),
                name => format!("the object {name}"),
            });
        }
        lacks
    }
}

fn is_resource(resource: &str, attributes: &Attributes) -> bool {
    if resource == "*" {
        return true;
    }
    if attributes.subresource.is_empty() {
        return resource == attributes.resource;
    }
    resource
        .strip_suffix(attributes.subresource.as_str())
        .and_then(|parent| parent.strip_suffix('/'))
        .is_some_and(|parent| parent == "*" || parent == attributes.resource)
}

pub(super) fn covers(url: &str, path: &str) -> bool {
    url == path || (url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
}

/// The rules of a Role or ClusterRole.
#[must_use]
pub fn parse(role: &Value) -> Vec<PolicyRule> {
    let rules = role.get("rules").and_then(Value::as_array);
    rules
        .into_iter()
        .flatten()
        .map(|rule| PolicyRule {
            verbs: strings(rule, "verbs"),
            api_groups: strings(rule, "apiGroups"),
            resources: strings(rule, "resources"),
            resource_names: strings(rule, "resourceNames"),
            non_resource_urls: strings(rule, "nonResourceURLs"),
        })
        .collect()
}

/// The strings of a list.
pub(super) fn strings(object: &Value, field: &str) -> Vec<String> {
    let list = object.get(field).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

/// The string at a JSON pointer, or nothing.
pub(super) fn text(object: &Value, pointer: &str) -> String {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
