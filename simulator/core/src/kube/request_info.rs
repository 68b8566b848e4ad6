//! From a request line to the attributes that are authorized (`apiserver/pkg/endpoints/request/requestinfo.go`).

use percent_encoding::percent_decode_str;

use crate::kube::selector::FieldOperator;
use crate::kube::selector::FieldSelector;

/// What a request wants to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `get`, `list`, `create`, …; for paths that are no resource, the lower-cased HTTP method.
    pub verb: String,
    /// Empty for the core group.
    pub api_group: String,
    /// Such as `v1`.
    pub api_version: String,
    /// Empty when the whole cluster is meant.
    pub namespace: String,
    /// The plural, such as `pods`; empty for paths that are no resource.
    pub resource: String,
    /// Such as `log`, or empty.
    pub subresource: String,
    /// The object's name, or empty.
    pub name: String,
    /// The path of the request.
    pub path: String,
    /// Whether the path names a resource.
    pub is_resource: bool,
}

impl Attributes {
    /// What a review asks about a resource; `subresource`, `namespace` and `name` may be empty.
    #[must_use]
    pub fn resource(
        verb: &str,
        group: &str,
        version: &str,
        resource: &str,
        subresource: &str,
        namespace: &str,
        name: &str,
    ) -> Self {
        Self {
            verb: verb.to_owned(),
            api_group: group.to_owned(),
            api_version: version.to_owned(),
            namespace: namespace.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            name: name.to_owned(),
            path: String::new(),
            is_resource: true,
        }
    }

    /// What a review asks about a path that is no resource.
    #[must_use]
    pub fn non_resource(verb: &str, path: &str) -> Self {
        Self {
            verb: verb.to_owned(),
            path: path.to_owned(),
            ..Self::default()
        }
    }
}

/// Reads method, path and query as the API server does (`RequestInfoFactory.NewRequestInfo`). `path` and `query` are as
/// they stood in the request line, still percent-encoded.
#[must_use]
pub fn attributes(method: &str, path: &str, query: &str) -> Attributes {
    // Go decodes the whole path before anyone splits it, so `%2F` separates parts too.
    let path = percent_decode_str(path).decode_utf8_lossy();
    let non_resource = Attributes::non_resource(&method.to_lowercase(), &path);
    let trimmed = path.trim_matches('/');
    let parts: Vec<&str> = trimmed.split('/').collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return non_resource,
    };
    let (verb, rest) = match rest {
        [special @ ("proxy" | "watch"), rest @ ..] if !rest.is_empty() => (*special, rest),
        // The API server answers 500 here; no rule but one with `*` covers what has no resource.
        ["proxy" | "watch"] => {
            return Attributes {
                api_group: group.to_owned(),
                api_version: version.to_owned(),
                is_resource: true,
                ..non_resource
            };
        }
        _ => (verb_of(method), rest),
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace] | ["namespaces", namespace, "status" | "finalize", ..] => (*namespace, rest),
        ["namespaces", namespace, rest @ ..] => (*namespace, rest),
        _ => ("", rest),
    };
    let part = |index: usize| rest.get(index).copied().unwrap_or_default();
    let subresource = if verb == "proxy" { "" } else { part(2) };
    let mut found = Attributes::resource(verb, group, version, part(0), subresource, namespace, part(1));
    if found.name.is_empty() && verb == "get" {
        found.verb = if is_watch(query) { "watch" } else { "list" }.to_owned();
        found.name = selected_name(query).unwrap_or_default();
    } else if found.name.is_empty() && verb == "delete" {
        found.verb = "deletecollection".to_owned();
    }
    found.path = path.into_owned();
    found
}

fn verb_of(method: &str) -> &'static str {
    match method {
        "POST" => "create",
        "GET" | "HEAD" => "get",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    }
}

/// Any value but `false` and `0` is a yes (`Convert_Slice_string_To_bool`).
fn is_watch(query: &str) -> bool {
    query_value(query, "watch").is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
}

/// The first value of a query parameter, decoded.
fn query_value(query: &str, wanted: &str) -> Option<String> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(key, _)| decode(key) == wanted)
        .map(|(_, value)| decode(value))
}

/// The name that a field selector pins, so that a rule with resourceNames can allow a list or a watch.
fn selected_name(query: &str) -> Option<String> {
    let selector = FieldSelector::parse(&query_value(query, "fieldSelector")?).ok()?;
    let found = selector
        .terms()
        .iter()
        .find(|term| term.field == "metadata.name" && term.operator == FieldOperator::Equal)
        .map(|term| term.value.clone());
    found.filter(|name| name != "." && name != ".." && !name.contains(['/', '%']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `expected` is `verb group/version resource/subresource namespace name`, `-` for empty, or `verb path`.
    #[track_caller]
    fn check(method: &str, target: &str, expected: &str) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let found = attributes(method, path, query);
        let or_dash = |text: &str| {
            if text.is_empty() {
                "-".to_owned()
            } else {
                text.to_owned()
            }
        };
        let rendered = if found.is_resource {
            let sub = if found.subresource.is_empty() { "" } else { "/" };
            format!(
                "{} {}/{} {}{sub}{} {} {}",
                or_dash(&found.verb),
                or_dash(&found.api_group),
                found.api_version,
                or_dash(&found.resource),
                found.subresource,
                or_dash(&found.namespace),
                or_dash(&found.name)
            )
        } else {
            format!("{} {}", found.verb, found.path)
        };
        assert_eq!(rendered, expected, "{method} {target}");
    }

    #[test]
    fn paths_that_are_no_resource_keep_the_method_in_lower_case() {
        check("GET", "/", "get /");
        check("GET", "/api", "get /api");
        check("GET", "/api/v1", "get /api/v1");
        check("GET", "/api/v1/", "get /api/v1/");
        check("GET", "/apis/apps/v1", "get /apis/apps/v1");
        check("POST", "/version", "post /version");
        check("HEAD", "/healthz/etcd/more", "head /healthz/etcd/more");
        check("GET", "/openapi/v3/apis/apps/v1", "get /openapi/v3/apis/apps/v1");
    }

    #[test]
    fn resources_are_read_with_their_verb() {
        check("GET", "/api/v1/namespaces/default/pods", "list -/v1 pods default -");
        check("GET", "/api/v1/pods", "list -/v1 pods - -");
        check("GET", "/api/v1/namespaces/default/pods/a", "get -/v1 pods default a");
        check("HEAD", "/api/v1/namespaces/default/pods/a", "get -/v1 pods default a");
        check(
            "GET",
            "/api/v1/namespaces/default/pods/a/log",
            "get -/v1 pods/log default a",
        );
        check("POST", "/api/v1/namespaces/default/pods", "create -/v1 pods default -");
        check("PUT", "/api/v1/nodes/n/status", "update -/v1 nodes/status - n");
        check(
            "PATCH",
            "/apis/apps/v1/namespaces/x/deployments/d",
            "patch apps/v1 deployments x d",
        );
        check(
            "DELETE",
            "/apis/apps/v1/namespaces/x/deployments/d",
            "delete apps/v1 deployments x d",
        );
        check(
            "DELETE",
            "/apis/apps/v1/namespaces/x/deployments",
            "deletecollection apps/v1 deployments x -",
        );
        check("OPTIONS", "/api/v1/pods", "- -/v1 pods - -");
        check(
            "GET",
            "/api/v1/namespaces/x/services/s/proxy/a/b",
            "get -/v1 services/proxy x s",
        );
    }

    #[test]
    fn a_namespace_is_a_resource_inside_itself() {
        check("GET", "/api/v1/namespaces", "list -/v1 namespaces - -");
        check("GET", "/api/v1/namespaces/x", "get -/v1 namespaces x x");
        check("GET", "/api/v1/namespaces/x/", "get -/v1 namespaces x x");
        check(
            "PUT",
            "/api/v1/namespaces/x/status",
            "update -/v1 namespaces/status x x",
        );
        check(
            "PUT",
            "/api/v1/namespaces/x/finalize",
            "update -/v1 namespaces/finalize x x",
        );
        check("GET", "/api/v1/namespaces/x/other", "list -/v1 other x -");
    }

    #[test]
    fn watches_are_known_by_query_and_by_the_old_path() {
        check("GET", "/api/v1/pods?watch=true", "watch -/v1 pods - -");
        check("GET", "/api/v1/pods?watch", "watch -/v1 pods - -");
        check("GET", "/api/v1/pods?watch=False", "list -/v1 pods - -");
        check("GET", "/api/v1/pods?watch=0&watch=1", "list -/v1 pods - -");
        check("GET", "/api/v1/namespaces/x/pods/p?watch=1", "get -/v1 pods x p");
        check("GET", "/api/v1/watch/namespaces/x/pods", "watch -/v1 pods x -");
        check("GET", "/api/v1/watch/namespaces/x/pods/p", "watch -/v1 pods x p");
        check(
            "GET",
            "/apis/apps/v1/watch/deployments",
            "watch apps/v1 deployments - -",
        );
        check("GET", "/api/v1/watch", "get -/v1 - - -");
        check(
            "GET",
            "/api/v1/proxy/namespaces/x/services/s/a",
            "proxy -/v1 services x s",
        );
    }

    #[test]
    fn a_field_selector_on_the_name_names_the_object_of_a_list() {
        check(
            "GET",
            "/api/v1/pods?fieldSelector=metadata.name%3Da",
            "list -/v1 pods - a",
        );
        check(
            "GET",
            "/api/v1/pods?watch=1&fieldSelector=metadata.name==a",
            "watch -/v1 pods - a",
        );
        check(
            "GET",
            "/api/v1/pods?fieldSelector=x%3Dy,metadata.name%3Da",
            "list -/v1 pods - a",
        );
        check(
            "GET",
            "/api/v1/pods?fieldSelector=metadata.name!%3Da",
            "list -/v1 pods - -",
        );
        check(
            "GET",
            "/api/v1/pods?fieldSelector=metadata.name%3Da,nonsense",
            "list -/v1 pods - -",
        );
        check(
            "GET",
            "/api/v1/pods?fieldSelector=metadata.name%3D..",
            "list -/v1 pods - -",
        );
        check(
            "GET",
            "/api/v1/pods?fieldSelector=metadata.name%3Da%2Fb",
            "list -/v1 pods - -",
        );
        // Upstream reads the selector for get requests only, so a collection is never narrowed to a name.
        check(
            "DELETE",
            "/api/v1/pods?fieldSelector=metadata.name%3Da",
            "deletecollection -/v1 pods - -",
        );
    }

    #[test]
    fn the_path_is_decoded_before_it_is_split() {
        check("GET", "/api/v1/namespaces/x/pods/a%3Ab", "get -/v1 pods x a:b");
        check("GET", "/api/v1/namespaces/x%2Fpods", "list -/v1 pods x -");
        check("GET", "/api/v1/namespaces/x/pods/%zz", "get -/v1 pods x %zz");
    }

    proptest! {
        #[test]
        fn no_request_line_panics(method in ".*", path in ".*", query in ".*") {
            let _ = attributes(&method, &path, &query);
            let _ = attributes("GET", &format!("/api/v1/{path}"), &format!("fieldSelector={query}"));
        }
    }
}
