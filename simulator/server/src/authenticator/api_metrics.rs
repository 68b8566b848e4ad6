//! `/metrics` of a cluster's API server, in Prometheus' text format.
//!
//! Source of names, labels and what is counted: `apiserver/pkg/endpoints/metrics/metrics.go`,
//! `apiserver/pkg/endpoints/filters/metrics.go` and `apiserver/pkg/storage/etcd3/metrics` of Kubernetes 1.32. As there, a
//! request is counted once it is authorized and reaches a resource or a health path: who is refused before shows in
//! `authentication_attempts` and `authorization_attempts_total` only. A watch counts when it ends.
//!
//! FIDELITY: these are the metrics of requests and of stored objects; the real server has hundreds more (etcd, caches,
//! admission, flow control, the Go runtime). What does not come to be here is left out, so that no number is made up.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use eks_auth_core::cluster::eks::Cluster;
use eks_auth_core::kube::kinds;
use eks_auth_core::kube::patch::PatchKind;
use eks_auth_core::kube::request_info::Attributes;
use eks_auth_core::service::http::Request;
use eks_auth_core::service::http::Response;
use eks_auth_core::service::kube::Resources;
use eks_auth_core::service::kube::build;
use eks_auth_core::service::kube::is_health_path;
use eks_auth_core::service::kube::media_type;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::world::World;
use prometheus::Encoder;
use prometheus::HistogramOpts;
use prometheus::HistogramVec;
use prometheus::IntCounterVec;
use prometheus::IntGaugeVec;
use prometheus::Opts;
use prometheus::Registry;
use prometheus::TextEncoder;

use crate::state::clock::Stopwatch;

const COMPONENT: &str = "apiserver";
/// Buckets of durations, in seconds.
const SECONDS: [f64; 23] = [
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0,
    45.0, 60.0,
];
/// Buckets of sizes, in bytes.
const BYTES: [f64; 7] = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/// What tells requests apart, but for dry runs and codes.
const ROUTE: [&str; 7] = [
    "verb",
    "group",
    "version",
    "resource",
    "subresource",
    "scope",
    "component",
];

/// The metrics of each cluster's API server.
#[derive(Default)]
pub(crate) struct ApiServers {
    // A std lock: held to look a cluster up or to add one, never across an await.
    by_cluster: RwLock<BTreeMap<String, (Timestamp, Arc<ApiMetrics>)>>,
}

impl ApiServers {
    /// Those of a cluster, which begin when they are asked for first. One that is recreated under the same name begins
    /// again.
    pub(crate) fn of(&self, world: &World, cluster: &Cluster) -> Option<Arc<ApiMetrics>> {
        let known = self.by_cluster.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((created, metrics)) = known.get(&cluster.name)
            && *created == cluster.created
        {
            return Some(Arc::clone(metrics));
        }
        drop(known);
        let mut known = self.by_cluster.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|name, (created, _)| world.cluster(name).is_some_and(|cluster| cluster.created == *created));
        let (_, metrics) = match known.entry(cluster.name.clone()) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(free) => free.insert((cluster.created, Arc::new(ApiMetrics::new().ok()?))),
        };
        Some(Arc::clone(metrics))
    }
}

/// The metrics of one API server.
pub(crate) struct ApiMetrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    sizes: HistogramVec,
    open: IntGaugeVec,
    authentications: IntCounterVec,
    users: IntCounterVec,
    authorizations: IntCounterVec,
}

impl ApiMetrics {
    /// Registers them all.
    ///
    /// # Errors
    /// When two have the same name.
    fn new() -> prometheus::Result<Self> {
        let route = |more: &[&'static str]| [&ROUTE[..1], more, &ROUTE[1..]].concat();
        let counter = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let metrics = Self {
            requests: counter(
                "apiserver_request_total",
                "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
                &[&route(&["dry_run"])[..], &["code"]].concat(),
            )?,
            durations: HistogramVec::new(
                HistogramOpts::new(
                    "apiserver_request_duration_seconds",
                    "[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
                )
                .buckets(SECONDS.to_vec()),
                &route(&["dry_run"]),
            )?,
            sizes: HistogramVec::new(
                HistogramOpts::new(
                    "apiserver_response_sizes",
                    "[STABLE] Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.",
                )
                .buckets(BYTES.to_vec()),
                &ROUTE,
            )?,
            open: IntGaugeVec::new(
                Opts::new(
                    "apiserver_longrunning_requests",
                    "[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.",
                ),
                &ROUTE,
            )?,
            authentications: counter(
                "authentication_attempts",
                "[ALPHA] Counter of authenticated attempts.",
                &["result"],
            )?,
            users: counter(
                "authenticated_user_requests",
                "[ALPHA] Counter of authenticated requests broken out by username.",
                &["username"],
            )?,
            authorizations: counter(
                "authorization_attempts_total",
                "[ALPHA] Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
                &["result"],
            )?,
            registry: Registry::new(),
        };
        metrics.registry.register(Box::new(metrics.requests.clone()))?;
        metrics.registry.register(Box::new(metrics.durations.clone()))?;
        metrics.registry.register(Box::new(metrics.sizes.clone()))?;
        metrics.registry.register(Box::new(metrics.open.clone()))?;
        metrics.registry.register(Box::new(metrics.authentications.clone()))?;
        metrics.registry.register(Box::new(metrics.users.clone()))?;
        metrics.registry.register(Box::new(metrics.authorizations.clone()))?;
        Ok(metrics)
    }

    /// Counts an attempt to say who one is: the username where it succeeded.
    pub(crate) fn authenticated(&self, username: Option<&str>) {
        let result = if username.is_some() { "success" } else { "failure" };
        self.authentications.with_label_values(&[result]).inc();
        if let Some(username) = username {
            self.users.with_label_values(&[kind_of_user(username)]).inc();
        }
    }

    /// Counts a decision. No authorizer of an API server denies: they have no opinion.
    pub(crate) fn authorized(&self, allowed: bool) {
        let result = if allowed { "allowed" } else { "no-opinion" };
        self.authorizations.with_label_values(&[result]).inc();
    }

    /// Counts a request with its answer, where it is one to be counted. One whose answer goes on is counted when it ends.
    pub(crate) fn answered(
        &self,
        cluster: &Cluster,
        request: &Request,
        attributes: &Attributes,
        response: &Response,
        seconds: f64,
    ) {
        if response.delivery.goes_on() {
            return;
        }
        if let Some(route) = Route::of(cluster, request, attributes) {
            self.count(&route, response.status, seconds);
            if route.is_read {
                let size = u32::try_from(response.body.len()).map_or(f64::from(u32::MAX), f64::from);
                self.sizes.with_label_values(&route.labels()).observe(size);
            }
        }
    }

    fn count(&self, route: &Route, code: u16, seconds: f64) {
        let [verb, rest @ ..] = route.labels();
        let mut labels = vec![verb, route.dry_run];
        labels.extend(rest);
        self.durations.with_label_values(&labels).observe(seconds);
        let code = code.to_string();
        labels.push(&code);
        self.requests.with_label_values(&labels).inc();
    }

    /// Forgets what was counted, but for the requests that go on.
    pub(crate) fn reset(&self) {
        self.requests.reset();
        self.durations.reset();
        self.sizes.reset();
        self.authentications.reset();
        self.users.reset();
        self.authorizations.reset();
    }

    pub(crate) fn render(&self, cluster: &Cluster) -> Vec<u8> {
        let mut families = self.registry.gather();
        families.extend(of_the_moment(cluster).unwrap_or_default());
        families.sort_by(|one, other| one.name().cmp(other.name()));
        let mut text = Vec::new();
        // Writing to memory cannot fail, and families without metrics are not gathered.
        let _ = TextEncoder::new().encode(&families, &mut text);
        text
    }
}

/// What is looked up when it is asked for: the objects, and the release.
fn of_the_moment(cluster: &Cluster) -> prometheus::Result<Vec<prometheus::proto::MetricFamily>> {
    let registry = Registry::new();
    let objects = IntGaugeVec::new(
        Opts::new(
            "apiserver_storage_objects",
            "[STABLE] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.",
        ),
        &["resource"],
    )?;
    let mut stored: Vec<String> = Resources::of(cluster)
        .all()
        .iter()
        .filter(|row| row.verbs.contains(&"list"))
        .map(|row| row.stored_as())
        .collect();
    stored.sort_unstable();
    stored.dedup();
    for resource in stored {
        let count = cluster.objects().list(&resource, None).count();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        objects.with_label_values(&[&resource]).set(count);
    }
    registry.register(Box::new(objects))?;
    let build = build(&cluster.version);
    let names: Vec<&str> = build.iter().map(|(name, _)| *name).collect();
    let info = IntGaugeVec::new(
        Opts::new(
            "kubernetes_build_info",
            "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
        ),
        &names,
    )?;
    let values: Vec<&str> = build.iter().map(|(_, value)| value.as_str()).collect();
    info.with_label_values(&values).set(1);
    registry.register(Box::new(info))?;
    Ok(registry.gather())
}

/// A request whose answer goes on. It is counted when this is dropped.
pub(crate) struct OpenRequest {
    metrics: Arc<ApiMetrics>,
    route: Route,
    stopwatch: Stopwatch,
}

impl OpenRequest {
    /// One that begins now.
    pub(crate) fn begin(
        metrics: &Arc<ApiMetrics>,
        cluster: &Cluster,
        request: &Request,
        attributes: &Attributes,
    ) -> Option<Self> {
        let route = Route::of(cluster, request, attributes)?;
        metrics.open.with_label_values(&route.labels()).inc();
        Some(Self {
            metrics: Arc::clone(metrics),
            route,
            stopwatch: Stopwatch::start(),
        })
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.metrics.open.with_label_values(&self.route.labels()).dec();
        self.metrics.count(&self.route, 200, self.stopwatch.seconds());
    }
}

/// What tells requests apart. Each value is one of few: paths and names that clients make up are in none.
struct Route {
    verb: &'static str,
    group: String,
    version: String,
    resource: String,
    subresource: String,
    scope: &'static str,
    /// Empty for health paths, as upstream.
    component: &'static str,
    dry_run: &'static str,
    is_read: bool,
}

impl Route {
    /// That of a request which reaches something.
    fn of(cluster: &Cluster, request: &Request, attributes: &Attributes) -> Option<Self> {
        if !attributes.is_resource {
            return is_health_path(&request.path).then(|| Self {
                verb: verb(request, attributes, ""),
                group: String::new(),
                version: String::new(),
                resource: String::new(),
                subresource: request.path.clone(),
                scope: "",
                component: "",
                dry_run: dry_run(request),
                is_read: true,
            });
        }
        let Attributes {
            api_group,
            api_version,
            resource,
            subresource,
            ..
        } = attributes;
        let is_served = match kinds::find(api_group, api_version, resource) {
            Some(found) => subresource.is_empty() || found.subresource(subresource).is_some(),
            None => Resources::of(cluster)
                .find(api_group, api_version, resource)
                .is_some_and(|found| subresource.is_empty() || found.subresource(subresource).is_some()),
        };
        let scope = scope(attributes);
        is_served.then(|| Self {
            verb: verb(request, attributes, scope),
            group: api_group.clone(),
            version: api_version.clone(),
            resource: resource.clone(),
            subresource: subresource.clone(),
            scope,
            component: COMPONENT,
            dry_run: dry_run(request),
            is_read: matches!(attributes.verb.as_str(), "get" | "list"),
        })
    }

    /// In the order of [`ROUTE`].
    fn labels(&self) -> [&str; 7] {
        [
            self.verb,
            &self.group,
            &self.version,
            &self.resource,
            &self.subresource,
            self.scope,
            self.component,
        ]
    }
}

/// How much a request is about (`CleanScope`).
fn scope(attributes: &Attributes) -> &'static str {
    if !attributes.name.is_empty() || attributes.verb == "create" {
        "resource"
    } else if !attributes.namespace.is_empty() {
        "namespace"
    } else {
        "cluster"
    }
}

/// The method, with lists, watches, applications and connections told apart (`CanonicalVerb`, `cleanVerb`).
fn verb(request: &Request, attributes: &Attributes, scope: &str) -> &'static str {
    const CONNECTED: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];
    if attributes.is_resource && CONNECTED.contains(&attributes.subresource.as_str()) {
        return "CONNECT";
    }
    match request.method.as_str() {
        "GET" | "HEAD" if attributes.verb == "watch" => "WATCH",
        "GET" | "HEAD" if scope.is_empty() || scope == "resource" => "GET",
        "GET" | "HEAD" => "LIST",
        "PATCH" if PatchKind::of(media_type(request)) == Some(PatchKind::Apply) => "APPLY",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

fn dry_run(request: &Request) -> &'static str {
    match request.query_value("dryRun").as_deref() {
        None | Some("") => "",
        Some("All") => "All",
        Some(_) => "invalid",
    }
}

/// Of what kind a username is: they are not told one by one (`compressUsername`).
fn kind_of_user(username: &str) -> &'static str {
    const KNOWN: [&str; 5] = [
        "admin",
        "client",
        "kube_proxy",
        "kubelet",
        "system:serviceaccount:kube-system:default",
    ];
    match KNOWN.iter().find(|known| **known == username) {
        Some(known) => known,
        None if username.contains('@') => "email_id",
        None => "other",
    }
}

#[cfg(test)]
mod tests;
