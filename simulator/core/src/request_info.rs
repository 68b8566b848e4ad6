//! From a request line to the attributes that are authorized.
//!
//! Source: `RequestInfoFactory.NewRequestInfo` in `apiserver/pkg/endpoints/request/requestinfo.go`, Kubernetes 1.32.

use percent_encoding::percent_decode_str;

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

/// Reads method, path and query as the API server does.
#[must_use]
pub fn attributes(method: &str, path: &str, query: &str) -> Attributes {
    let other = Attributes {
        verb: method.to_lowercase(),
        path: path.to_owned(),
        ..Attributes::default()
    };
    let parts: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (group, version, mut rest) = match &parts[..] {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return other,
    };
    let mut verb = match method {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        "GET" | "HEAD" => "get",
        _ => "",
    };
    if let ["watch", tail @ ..] = rest {
        if tail.is_empty() {
            return other;
        }
        (verb, rest) = ("watch", tail);
    }
    let mut found = Attributes {
        api_group: group.to_owned(),
        api_version: version.to_owned(),
        is_resource: true,
        ..other
    };
    if let ["namespaces", namespace, tail @ ..] = rest {
        found.namespace = (*namespace).to_owned();
        // Behind a namespace stands a resource inside it, unless it is a part of the namespace itself.
        if let [first, ..] = tail
            && !matches!(*first, "status" | "finalize")
        {
            rest = tail;
        }
    }
    let part = |at: usize| rest.get(at).copied().unwrap_or_default().to_owned();
    (found.resource, found.name, found.subresource) = (part(0), part(1), part(2));
    if found.name.is_empty() && matches!(verb, "get" | "delete" | "watch") {
        let pairs = query_pairs(query);
        let value = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        verb = match (verb, value("watch")) {
            ("get", Some("true" | "1" | "")) | ("watch", _) => "watch",
            ("get", _) => "list",
            _ => "deletecollection",
        };
        found.name = value("fieldSelector").and_then(selected_name).unwrap_or_default();
    }
    verb.clone_into(&mut found.verb);
    found
}

/// The one name that a field selector leaves.
fn selected_name(selector: &str) -> Option<String> {
    selector.split(',').find_map(|term| {
        let value = term.strip_prefix("metadata.name=")?;
        Some(value.strip_prefix('=').unwrap_or(value).to_owned())
    })
}

fn query_pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(request: &str, wanted: &str) {
        let (method, url) = request.split_once(' ').unwrap();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let a = attributes(method, path, query);
        let got = format!(
            "{} {}/{} {} {}/{} {}",
            a.verb, a.api_group, a.api_version, a.namespace, a.resource, a.subresource, a.name
        );
        assert_eq!(got, wanted, "{request}");
        assert!(a.is_resource);
    }

    #[test]
    fn resources_are_read_as_the_api_server_reads_them() {
        check("GET /api/v1/pods", "list /v1  pods/ ");
        check("GET /api/v1/namespaces/default/pods/p", "get /v1 default pods/ p");
        check(
            "GET /api/v1/namespaces/default/pods/p/log",
            "get /v1 default pods/log p",
        );
        check(
            "GET /api/v1/namespaces/default/pods?watch=true",
            "watch /v1 default pods/ ",
        );
        check(
            "GET /api/v1/namespaces/default/pods?watch=false",
            "list /v1 default pods/ ",
        );
        check("GET /api/v1/watch/namespaces/default/pods", "watch /v1 default pods/ ");
        check("GET /api/v1/namespaces", "list /v1  namespaces/ ");
        check(
            "GET /api/v1/namespaces/kube-system",
            "get /v1 kube-system namespaces/ kube-system",
        );
        check(
            "PUT /api/v1/namespaces/kube-system/finalize",
            "update /v1 kube-system namespaces/finalize kube-system",
        );
        check(
            "POST /apis/rbac.authorization.k8s.io/v1/namespaces/n/roles",
            "create rbac.authorization.k8s.io/v1 n roles/ ",
        );
        check(
            "PATCH /api/v1/namespaces/kube-system/configmaps/aws-auth?fieldManager=x",
            "patch /v1 kube-system configmaps/ aws-auth",
        );
        check(
            "DELETE /api/v1/namespaces/n/configmaps",
            "deletecollection /v1 n configmaps/ ",
        );
        check(
            "GET /api/v1/configmaps?fieldSelector=metadata.name%3Daws-auth&limit=500",
            "list /v1  configmaps/ aws-auth",
        );
    }

    #[test]
    fn other_paths_are_no_resources() {
        for path in [
            "/",
            "/api",
            "/api/v1",
            "/apis/apps/v1",
            "/version",
            "/healthz/ping",
            "/api/v1/watch",
        ] {
            let found = attributes("GET", path, "");
            assert_eq!(
                (found.is_resource, found.verb.as_str(), found.path.as_str()),
                (false, "get", path)
            );
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(method in "[A-Z]{0,7}", path in ".{0,40}", query in ".{0,40}") {
            let _ = attributes(&method, &path, &query);
            let _ = attributes(&method, &format!("/api/v1/{path}"), &query);
        }
    }
}
