//! `/healthz`, `/livez` and `/readyz`, with their checks one by one.
//!
//! Source: `apiserver/pkg/server/healthz/healthz.go`, and what kube-apiserver 1.32 answers. FIDELITY: the checks are those
//! of a server with default flags; EKS's own, for its key management, are not known. None ever fails.

use super::status::Failure;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::value::log::go_quote;

/// What `/readyz` alone looks at before the hooks.
const READINESS: [&str; 2] = ["etcd-readiness", "informer-sync"];
const BASIC: [&str; 3] = ["ping", "log", "etcd"];
const HOOKS: &[&str] = &[
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
];

/// The paths that EKS lets anonymous callers reach.
#[must_use]
pub fn is_health_path(path: &str) -> bool {
    matches!(path, "/healthz" | "/livez" | "/readyz")
}

/// The answer at a path that is one of these, or below one.
pub(super) fn answer(request: &Request) -> Option<Result<Response, Failure>> {
    let path = request.path.strip_prefix('/')?;
    let (name, check) = match path.split_once('/') {
        Some((name, check)) => (name, Some(check)),
        None => (path, None),
    };
    if !matches!(name, "healthz" | "livez" | "readyz") {
        return None;
    }
    let checks = checks(name);
    Some(match check {
        None => Ok(text(all(name, &checks, request))),
        Some(check) if checks.contains(&check) => Ok(text("ok".to_owned())),
        Some(_) => Err(Failure::path_not_found()),
    })
}

/// Every path that is answered.
pub(super) fn paths() -> impl Iterator<Item = String> {
    ["healthz", "livez", "readyz"].into_iter().flat_map(|name| {
        let each = checks(name).into_iter().map(move |check| format!("/{name}/{check}"));
        std::iter::once(format!("/{name}")).chain(each)
    })
}

/// The checks of `healthz`, `livez` or `readyz`.
fn checks(name: &str) -> Vec<&'static str> {
    let is_readiness = name == "readyz";
    let mut checks = BASIC.to_vec();
    checks.extend(READINESS.iter().filter(|_| is_readiness));
    checks.extend(HOOKS);
    checks.extend(Some("shutdown").filter(|_| is_readiness));
    checks
}

fn all(name: &str, checks: &[&str], request: &Request) -> String {
    let pairs = request.query_pairs();
    if !pairs.iter().any(|(key, _)| key == "verbose") {
        return "ok".to_owned();
    }
    let mut excluded: Vec<&str> = pairs
        .iter()
        .filter(|(key, value)| key == "exclude" && !value.is_empty())
        .map(|(_, value)| value.as_str())
        .collect();
    let mut text = String::new();
    for check in checks {
        let before = excluded.len();
        excluded.retain(|name| name != check);
        let outcome = if excluded.len() < before { "excluded: ok" } else { "ok" };
        text.push_str(&format!("[+]{check} {outcome}\n"));
    }
    if !excluded.is_empty() {
        excluded.sort_unstable();
        excluded.dedup();
        let names: Vec<String> = excluded.iter().map(|name| go_quote(name)).collect();
        text.push_str(&format!(
            "warn: some health checks cannot be excluded: no matches for {}\n",
            names.join(",")
        ));
    }
    text.push_str(&format!("{name} check passed\n"));
    text
}

fn text(body: String) -> Response {
    Response::new(200, "text/plain; charset=utf-8", body).with_header("x-content-type-options", "nosniff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn body(path: &str, query: &str) -> String {
        let request = Request {
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            peer: ([127, 0, 0, 1], 1).into(),
        };
        String::from_utf8(answer(&request).unwrap().unwrap().body).unwrap()
    }

    #[test]
    fn checks_are_listed_where_that_is_asked_for() {
        assert_eq!(body("/livez", ""), "ok");
        assert_eq!(body("/livez/ping", ""), "ok");
        assert_eq!(body("/readyz/poststarthook/rbac/bootstrap-roles", ""), "ok");
        let ready = body("/readyz", "verbose");
        assert!(ready.starts_with("[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync ok\n"));
        assert!(ready.ends_with("[+]shutdown ok\nreadyz check passed\n"));
        let live = body("/livez", "verbose&exclude=etcd&exclude=foo&exclude=bar");
        assert!(live.starts_with("[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n[+]poststarthook/"));
        assert!(live.ends_with(
            "warn: some health checks cannot be excluded: no matches for \"bar\",\"foo\"\nlivez check passed\n"
        ));
    }

    #[test]
    fn what_is_no_check_is_not_found() {
        for path in ["/livez/shutdown", "/healthz/", "/readyz/none"] {
            let request = Request {
                method: "GET".to_owned(),
                path: path.to_owned(),
                query: String::new(),
                headers: Vec::new(),
                body: Vec::new(),
                peer: ([127, 0, 0, 1], 1).into(),
            };
            assert_eq!(
                answer(&request).unwrap().unwrap_err(),
                Failure::path_not_found(),
                "{path}"
            );
        }
    }
}
