//! What a request may cost, told before it is answered, so that the shell can keep costly ones from those that wait for
//! nothing.

use super::Endpoint;
use super::http::Request;
use crate::kube::rbac;
use crate::kube::request_info::attributes;
use crate::world::World;

/// What a request may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Well below a millisecond.
    Light,
    /// As much as its bounds allow.
    Heavy,
}

/// A body of more bytes is heavy.
const LIGHT_BODY: usize = 16 * 1024;
/// A cluster whose objects take more bytes of memory has heavy lists. A new one has about a fifth of it.
const LIGHT_OBJECTS: usize = 4 * 1024 * 1024;
/// What the targets of CloudWatch Logs begin with. Its calls look through many events.
const LOGS_TARGET: &str = "Logs_20140328.";

/// What a request to an endpoint may cost.
#[must_use]
pub fn weight(endpoint: &Endpoint, request: &Request, world: &World) -> Weight {
    let is_heavy = request.body.len() > LIGHT_BODY
        || match endpoint {
            Endpoint::Aws => is_heavy_at_aws(request),
            Endpoint::Cluster(name) => {
                let bytes = world.cluster(name).map_or(0, |cluster| cluster.objects().bytes());
                is_heavy_at_kubernetes(request, bytes)
            }
            Endpoint::Webhook(_) => false,
        };
    if is_heavy { Weight::Heavy } else { Weight::Light }
}

fn is_heavy_at_aws(request: &Request) -> bool {
    let target = request.header("x-amz-target");
    let is_logs = target.is_some_and(|target| target.starts_with(LOGS_TARGET));
    let makes_cluster = request.method == "POST" && request.path == "/clusters";
    // What is in a stack may be much. Query protocols take their parameters from either.
    is_logs || makes_cluster || request.query.contains("Stack") || contains(&request.body, b"Stack")
}

fn is_heavy_at_kubernetes(request: &Request, bytes: usize) -> bool {
    match request.method.as_str() {
        // What begins with all objects, and the schemas, are not light; an object by its name and what is no resource are.
        "GET" | "HEAD" if request.path.starts_with("/openapi") => true,
        "GET" | "HEAD" => {
            let begins_with_all = || {
                let asked = attributes(&request.method, &request.path, &request.query);
                asked.is_resource && matches!(asked.verb.as_str(), "list" | "watch")
            };
            bytes > LIGHT_OBJECTS && begins_with_all()
        }
        // What may be granted is compared with what is held.
        "POST" => request.path.contains(rbac::GROUP),
        // The object that is changed may be large, and what hangs on it may be much.
        _ => true,
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;
    use crate::value::instant::Timestamp;

    fn request(method: &str, url: &str, target: &str, body: usize) -> Request {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![("x-amz-target".to_owned(), target.to_owned())],
            body: vec![b'x'; body],
            peer: ([127, 0, 0, 1], 1).into(),
        }
    }

    #[test]
    fn among_many_objects_lists_are_heavy_and_one_of_them_is_not() {
        for (path, wanted) in [
            ("/api/v1/namespaces/default/configmaps", true),
            ("/api/v1/configmaps?watch=true", true),
            ("/api/v1/namespaces/default/configmaps/a", false),
            ("/healthz", false),
            ("/version", false),
            ("/apis", false),
        ] {
            let request = request("GET", path, "", 0);
            assert_eq!(is_heavy_at_kubernetes(&request, LIGHT_OBJECTS + 1), wanted, "{path}");
            assert!(!is_heavy_at_kubernetes(&request, LIGHT_OBJECTS), "{path}");
        }
    }

    #[test]
    fn what_may_cost_much_is_told_before_it_is_answered() {
        let world = scenario::stage(scenario::ARTICLE_WORLD, Timestamp::UNIX_EPOCH)
            .unwrap()
            .world;
        let cluster = Endpoint::Cluster("my-cluster".to_owned());
        let webhook = Endpoint::Webhook("my-cluster".to_owned());
        let logs = "Logs_20140328.StartQuery";
        for (endpoint, line, target, body, wanted) in [
            (
                &cluster,
                "GET /api/v1/namespaces/default/services",
                "",
                0,
                Weight::Light,
            ),
            (&cluster, "GET /openapi/v2", "", 0, Weight::Heavy),
            (
                &cluster,
                "POST /api/v1/namespaces/default/configmaps",
                "",
                100,
                Weight::Light,
            ),
            (
                &cluster,
                "POST /api/v1/namespaces/default/configmaps",
                "",
                100_000,
                Weight::Heavy,
            ),
            (&cluster, "POST /authenticate", "", 4_000, Weight::Light),
            (
                &cluster,
                "POST /apis/rbac.authorization.k8s.io/v1/clusterroles",
                "",
                100,
                Weight::Heavy,
            ),
            (
                &cluster,
                "PATCH /api/v1/namespaces/default/configmaps/a",
                "",
                10,
                Weight::Heavy,
            ),
            (&webhook, "POST /authenticate", "", 4_000, Weight::Light),
            (&webhook, "POST /authenticate", "", 1_000_000, Weight::Heavy),
            (&Endpoint::Aws, "POST /", "", 60, Weight::Light),
            (&Endpoint::Aws, "POST /", logs, 60, Weight::Heavy),
            (&Endpoint::Aws, "GET /clusters", "", 0, Weight::Light),
            (&Endpoint::Aws, "POST /clusters", "", 100, Weight::Heavy),
            (&Endpoint::Aws, "GET /?Action=CreateStack", "", 0, Weight::Heavy),
        ] {
            let (method, path) = line.split_once(' ').unwrap();
            let request = request(method, path, target, body);
            assert_eq!(weight(endpoint, &request, &world), wanted, "{line} {target} {body}");
        }
    }
}
