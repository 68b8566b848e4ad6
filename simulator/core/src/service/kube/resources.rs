//! What the API serves: built-in types, and those that CustomResourceDefinitions add.
//!
//! Source of names, short names, categories and verbs: discovery of Kubernetes 1.32 (`pkg/registry/*/*/storage` and the
//! `ShortNames` and `Categories` there).

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use serde_json::Value;

use crate::cluster::eks::Cluster;
use crate::cluster::eks::api_service;
use crate::kube::conversion;
use crate::kube::object::DEFINITIONS;
use crate::kube::object::ObjectKey;
use crate::kube::schema::Kind;

/// A resource of one group and version, with the verbs that are really served.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceType {
    /// Empty for the core group.
    pub group: Arc<str>,
    /// Such as `v1`.
    pub version: Arc<str>,
    /// Such as `pods`.
    pub plural: Arc<str>,
    /// Such as `pod`.
    pub singular: Arc<str>,
    /// Such as `Pod`.
    pub kind: Arc<str>,
    /// Such as `ConfigMapList`.
    pub list_kind: Arc<str>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Such as `po`.
    pub short_names: Vec<Arc<str>>,
    /// Such as `all`.
    pub categories: Vec<Arc<str>>,
    /// In the order of discovery. Reviews have `create` only, and are never stored.
    pub verbs: Vec<&'static str>,
    /// What is below an object of it, such as `status`.
    pub subresources: Vec<Subresource>,
    /// Whether `metadata.generation` counts the changes of what is wanted.
    pub counts_generations: bool,
    /// Whether its objects are stored as another kind or version (see [`conversion`]).
    pub is_converted: bool,
    /// What its definition says, where it is a custom one.
    pub custom: Option<CustomType>,
}

/// A part of a resource with a path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// Such as `status`.
    pub name: Arc<str>,
    /// The group of `kind`.
    pub group: Arc<str>,
    /// The version of `kind`.
    pub version: Arc<str>,
    /// What is sent or answered, such as `Scale`.
    pub kind: Arc<str>,
    pub verbs: Vec<&'static str>,
}

/// What a CustomResourceDefinition says of one version.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomType {
    /// The entry of `spec.versions`: its schema, its printer columns, its selectable fields, its subresources.
    pub version: Value,
    /// `spec.versions[].name` of the version that is stored.
    pub storage_version: Arc<str>,
}

impl CustomType {
    /// Its `openAPIV3Schema`; null where it has none.
    pub fn schema(&self) -> &Value {
        const NONE: &Value = &Value::Null;
        self.version.pointer("/schema/openAPIV3Schema").unwrap_or(NONE)
    }
}

impl ResourceType {
    /// Plural and group, as in messages and in the store: `configmaps`, `roles.rbac.authorization.k8s.io`.
    pub fn qualified(&self) -> String {
        match &*self.group {
            "" => self.plural.to_string(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// The store's name for its objects: [`ResourceType::qualified`], but for Events of events.k8s.io.
    pub fn stored_as(&self) -> String {
        conversion::stored_resource(&self.group, &self.plural).map_or_else(|| self.qualified(), str::to_owned)
    }

    /// Its group, version and kind.
    pub fn to_kind(&self) -> Kind {
        Kind::new(&self.group, &self.version, &self.kind)
    }

    /// A stored object as this resource shows it.
    pub fn shown<'a>(&self, stored: &'a Value) -> Cow<'a, Value> {
        if self.is_converted {
            conversion::from_stored(&self.to_kind(), stored)
        } else {
            Cow::Borrowed(stored)
        }
    }

    /// [`ResourceType::shown`], without a copy where none is needed.
    pub fn shown_shared(&self, stored: &Arc<Value>) -> Arc<Value> {
        match self.shown(stored) {
            Cow::Borrowed(_) => Arc::clone(stored),
            Cow::Owned(shown) => Arc::new(shown),
        }
    }

    /// An object of this resource as it is stored.
    pub fn to_stored(&self, object: Value) -> Value {
        if self.is_converted {
            conversion::to_stored(&self.to_kind(), object)
        } else {
            object
        }
    }

    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        match &*self.group {
            "" => self.version.to_string(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The built-in resource of that group, version and plural.
    pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Arc<Self>> {
        // One map a group and version would be no quicker: there are a few rows of the same plural at most.
        BUILT_IN
            .by_plural
            .get(plural)?
            .iter()
            .find(|row| *row.group == *group && *row.version == *version)
    }

    /// Every built-in resource.
    pub fn built_in() -> &'static [Arc<Self>] {
        &BUILT_IN.rows
    }

    /// The subresource of that name.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|one| *one.name == *name)
    }

    /// Whether its status is written by a path of its own, and by that path only.
    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }
}

/// The resources of one cluster.
#[derive(Clone, Copy, Debug)]
pub struct Resources<'a> {
    cluster: &'a Cluster,
}

impl<'a> Resources<'a> {
    /// The built-in ones and those of the cluster's established CustomResourceDefinitions.
    pub fn of(cluster: &'a Cluster) -> Self {
        Self { cluster }
    }

    /// The resource of that group, version and plural.
    pub fn find(self, group: &str, version: &str, plural: &str) -> Option<Arc<ResourceType>> {
        if let Some(found) = ResourceType::find(group, version, plural) {
            return Some(Arc::clone(found));
        }
        let key = ObjectKey::new(DEFINITIONS, "", &format!("{plural}.{group}"));
        let definition = self.cluster.objects().find(&key)?;
        custom(definition).into_iter().find(|row| *row.version == *version)
    }

    /// Every resource, the built-in ones first, each group and version in one piece.
    pub fn all(self) -> Vec<Arc<ResourceType>> {
        let definitions = self.cluster.objects().list(DEFINITIONS, None);
        let mut custom: Vec<Arc<ResourceType>> = definitions.flat_map(|(_, definition)| custom(definition)).collect();
        custom.sort_by(|one, other| {
            let versions = || priority(&other.version).cmp(&priority(&one.version));
            one.group
                .cmp(&other.group)
                .then_with(versions)
                .then_with(|| one.plural.cmp(&other.plural))
        });
        let mut all = BUILT_IN.rows.clone();
        all.extend(custom);
        all
    }

    /// Groups and versions in the order of discovery, the core group first.
    pub fn group_versions(self) -> Vec<(Arc<str>, Arc<str>)> {
        let mut found: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for row in self.all() {
            let pair = (Arc::clone(&row.group), Arc::clone(&row.version));
            if !found.contains(&pair) {
                found.push(pair);
            }
        }
        found
    }
}

/// The served versions of a definition that is established.
fn custom(definition: &Value) -> Vec<Arc<ResourceType>> {
    let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str);
    let conditions = definition.pointer("/status/conditions").and_then(Value::as_array);
    let established = conditions.into_iter().flatten().any(|condition| {
        condition.get("type").is_some_and(|found| found == "Established")
            && condition.get("status").is_some_and(|found| found == "True")
    });
    let (true, Some(group), Some(plural), Some(kind)) = (
        established,
        text("/spec/group"),
        text("/spec/names/plural"),
        text("/spec/names/kind"),
    ) else {
        return Vec::new();
    };
    let names = |field: &str| {
        let list = definition
            .pointer(&format!("/spec/names/{field}"))
            .and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(Arc::from)
            .collect()
    };
    let is = |version: &Value, field: &str| version.get(field) == Some(&Value::Bool(true));
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let versions: Vec<&Value> = versions.into_iter().flatten().collect();
    let name = |version: &Value| {
        version
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let storage_version = versions
        .iter()
        .find(|version| is(version, "storage"))
        .map(|version| name(version));
    let singular = kind.to_lowercase();
    let mut rows: Vec<ResourceType> = versions
        .iter()
        .filter(|version| is(version, "served"))
        .map(|version| {
            let mut row = Group {
                name: group,
                version: &name(version),
            }
            .row(plural, kind, text("/spec/scope") == Some("Namespaced"));
            row.singular = Arc::from(text("/spec/names/singular").unwrap_or(&singular));
            if let Some(list_kind) = text("/spec/names/listKind") {
                row.list_kind = Arc::from(list_kind);
            }
            row.short_names = names("shortNames");
            row.categories = names("categories");
            row.counts_generations = true;
            let has = |name: &str| version.pointer(&format!("/subresources/{name}")).is_some();
            if has("status") {
                row = row.status();
            }
            if has("scale") {
                row = row.scale();
            }
            row.custom = Some(CustomType {
                version: (*version).clone(),
                storage_version: Arc::from(storage_version.as_deref().unwrap_or_default()),
            });
            row
        })
        .collect();
    rows.sort_by_key(|row| Reverse(priority(&row.version)));
    rows.into_iter().map(Arc::new).collect()
}

/// How early a version stands in discovery: releases before betas before alphas, newer before older, the rest last
/// (`apimachinery/pkg/version/helpers.go`).
fn priority(version: &str) -> (u8, u64, u64) {
    let parsed = version.strip_prefix('v').and_then(|rest| {
        let (stage, major, minor) = match (rest.split_once("beta"), rest.split_once("alpha")) {
            (Some((major, minor)), _) => (2, major, minor),
            (None, Some((major, minor))) => (1, major, minor),
            (None, None) => (3, rest, "0"),
        };
        Some((stage, major.parse().ok()?, minor.parse().ok()?))
    });
    parsed.unwrap_or_default()
}

const FULL: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const CONNECT: [&str; 2] = ["create", "get"];
const PROXY: [&str; 5] = ["create", "delete", "get", "patch", "update"];
const PART: [&str; 3] = ["get", "patch", "update"];

/// A group in one version, to make rows of.
#[derive(Clone, Copy)]
struct Group<'a> {
    name: &'a str,
    version: &'a str,
}

impl Group<'_> {
    fn row(self, plural: &str, kind: &str, namespaced: bool) -> ResourceType {
        ResourceType {
            group: Arc::from(self.name),
            version: Arc::from(self.version),
            plural: Arc::from(plural),
            singular: Arc::from(kind.to_lowercase()),
            kind: Arc::from(kind),
            list_kind: Arc::from(format!("{kind}List")),
            namespaced,
            short_names: Vec::new(),
            categories: Vec::new(),
            verbs: FULL.to_vec(),
            subresources: Vec::new(),
            counts_generations: false,
            is_converted: conversion::is_converted(&Kind::new(self.name, self.version, kind)),
            custom: None,
        }
    }

    fn namespaced(self, plural: &str, kind: &str) -> ResourceType {
        self.row(plural, kind, true)
    }

    fn cluster(self, plural: &str, kind: &str) -> ResourceType {
        self.row(plural, kind, false)
    }

    fn review(self, plural: &str, kind: &str, namespaced: bool) -> ResourceType {
        ResourceType {
            verbs: vec!["create"],
            ..self.row(plural, kind, namespaced)
        }
    }
}

impl ResourceType {
    fn short(mut self, names: &[&str]) -> Self {
        self.short_names = names.iter().map(|name| Arc::from(*name)).collect();
        self
    }

    fn category(mut self, name: &str) -> Self {
        self.categories.push(Arc::from(name));
        self
    }

    fn generations(mut self) -> Self {
        self.counts_generations = true;
        self
    }

    fn status(self) -> Self {
        self.part("status", &PART)
    }

    fn scale(self) -> Self {
        self.part_of("scale", ("autoscaling", "v1", "Scale"), &PART)
    }

    /// A subresource whose kind is the resource's own.
    fn part(self, name: &str, verbs: &[&'static str]) -> Self {
        let (group, version, kind) = (self.group.to_string(), self.version.to_string(), self.kind.to_string());
        self.part_of(name, (&group, &version, &kind), verbs)
    }

    fn part_of(mut self, name: &str, (group, version, kind): (&str, &str, &str), verbs: &[&'static str]) -> Self {
        self.subresources.push(Subresource {
            name: Arc::from(name),
            group: Arc::from(group),
            version: Arc::from(version),
            kind: Arc::from(kind),
            verbs: verbs.to_vec(),
        });
        self
    }
}

struct BuiltIn {
    rows: Vec<Arc<ResourceType>>,
    by_plural: BTreeMap<Arc<str>, Vec<Arc<ResourceType>>>,
}

static BUILT_IN: LazyLock<BuiltIn> = LazyLock::new(|| {
    let rows: Vec<Arc<ResourceType>> = built_in().into_iter().map(Arc::new).collect();
    let mut by_plural: BTreeMap<Arc<str>, Vec<Arc<ResourceType>>> = BTreeMap::new();
    for row in &rows {
        by_plural
            .entry(Arc::clone(&row.plural))
            .or_default()
            .push(Arc::clone(row));
    }
    BuiltIn { rows, by_plural }
});

fn built_in() -> Vec<ResourceType> {
    let mut rows = core();
    rows.extend(workloads());
    rows.extend(cluster_services());
    // Stable, so that the rows of a group and version stay as they stand here.
    rows.sort_by(|one, other| {
        api_service::rank(&one.group, &one.version).cmp(&api_service::rank(&other.group, &other.version))
    });
    rows
}

fn core() -> Vec<ResourceType> {
    let core = Group {
        name: "",
        version: "v1",
    };
    let mut namespaces = core
        .cluster("namespaces", "Namespace")
        .short(&["ns"])
        .part("finalize", &["update"])
        .status();
    namespaces.verbs.retain(|verb| *verb != "deletecollection");
    vec![
        core.namespaced("configmaps", "ConfigMap").short(&["cm"]),
        core.namespaced("endpoints", "Endpoints").short(&["ep"]),
        core.namespaced("events", "Event").short(&["ev"]),
        core.namespaced("limitranges", "LimitRange").short(&["limits"]),
        namespaces,
        core.cluster("nodes", "Node")
            .short(&["no"])
            .part_of("proxy", ("", "v1", "NodeProxyOptions"), &PROXY)
            .status(),
        core.namespaced("persistentvolumeclaims", "PersistentVolumeClaim")
            .short(&["pvc"])
            .status(),
        core.cluster("persistentvolumes", "PersistentVolume")
            .short(&["pv"])
            .status(),
        core.namespaced("pods", "Pod")
            .short(&["po"])
            .category("all")
            .part_of("attach", ("", "v1", "PodAttachOptions"), &CONNECT)
            .part_of("binding", ("", "v1", "Binding"), &["create"])
            .part("ephemeralcontainers", &PART)
            .part_of("eviction", ("policy", "v1", "Eviction"), &["create"])
            .part_of("exec", ("", "v1", "PodExecOptions"), &CONNECT)
            .part("log", &["get"])
            .part_of("portforward", ("", "v1", "PodPortForwardOptions"), &CONNECT)
            .part_of("proxy", ("", "v1", "PodProxyOptions"), &PROXY)
            .status(),
        core.namespaced("podtemplates", "PodTemplate").generations(),
        core.namespaced("replicationcontrollers", "ReplicationController")
            .short(&["rc"])
            .category("all")
            .generations()
            .scale()
            .status(),
        core.namespaced("resourcequotas", "ResourceQuota")
            .short(&["quota"])
            .status(),
        core.namespaced("secrets", "Secret"),
        core.namespaced("serviceaccounts", "ServiceAccount")
            .short(&["sa"])
            .part_of("token", ("authentication.k8s.io", "v1", "TokenRequest"), &["create"]),
        core.namespaced("services", "Service")
            .short(&["svc"])
            .category("all")
            .part_of("proxy", ("", "v1", "ServiceProxyOptions"), &PROXY)
            .status(),
    ]
}

fn workloads() -> Vec<ResourceType> {
    let apps = Group {
        name: "apps",
        version: "v1",
    };
    let batch = Group {
        name: "batch",
        version: "v1",
    };
    let autoscaling = ["v2", "v1"].map(|version| Group {
        name: "autoscaling",
        version,
    });
    let workload = |group: Group<'_>, plural: &str, kind: &str, short: &[&str]| {
        group
            .namespaced(plural, kind)
            .short(short)
            .category("all")
            .generations()
    };
    let mut rows = vec![
        apps.namespaced("controllerrevisions", "ControllerRevision"),
        workload(apps, "daemonsets", "DaemonSet", &["ds"]).status(),
        workload(apps, "deployments", "Deployment", &["deploy"])
            .scale()
            .status(),
        workload(apps, "replicasets", "ReplicaSet", &["rs"]).scale().status(),
        workload(apps, "statefulsets", "StatefulSet", &["sts"]).scale().status(),
        workload(batch, "cronjobs", "CronJob", &["cj"]).status(),
        workload(batch, "jobs", "Job", &[]).status(),
    ];
    rows.extend(autoscaling.map(|group| {
        group
            .namespaced("horizontalpodautoscalers", "HorizontalPodAutoscaler")
            .short(&["hpa"])
            .category("all")
            .status()
    }));
    rows
}

fn cluster_services() -> Vec<ResourceType> {
    let admission = Group {
        name: "admissionregistration.k8s.io",
        version: "v1",
    };
    let extensions = Group {
        name: "apiextensions.k8s.io",
        version: "v1",
    };
    let registration = Group {
        name: "apiregistration.k8s.io",
        version: "v1",
    };
    let authentication = Group {
        name: "authentication.k8s.io",
        version: "v1",
    };
    let authorization = Group {
        name: "authorization.k8s.io",
        version: "v1",
    };
    let certificates = Group {
        name: "certificates.k8s.io",
        version: "v1",
    };
    let coordination = Group {
        name: "coordination.k8s.io",
        version: "v1",
    };
    let discovery = Group {
        name: "discovery.k8s.io",
        version: "v1",
    };
    let events = Group {
        name: "events.k8s.io",
        version: "v1",
    };
    let networking = Group {
        name: "networking.k8s.io",
        version: "v1",
    };
    let policy = Group {
        name: "policy",
        version: "v1",
    };
    let rbac = Group {
        name: "rbac.authorization.k8s.io",
        version: "v1",
    };
    let scheduling = Group {
        name: "scheduling.k8s.io",
        version: "v1",
    };
    let storage = Group {
        name: "storage.k8s.io",
        version: "v1",
    };
    let extension = |row: ResourceType| row.category("api-extensions").generations();
    vec![
        extension(admission.cluster("mutatingwebhookconfigurations", "MutatingWebhookConfiguration")),
        extension(admission.cluster("validatingwebhookconfigurations", "ValidatingWebhookConfiguration")),
        extension(extensions.cluster("customresourcedefinitions", "CustomResourceDefinition"))
            .short(&["crd", "crds"])
            .status(),
        ResourceType {
            counts_generations: false,
            ..extension(registration.cluster("apiservices", "APIService")).status()
        },
        authentication.review("selfsubjectreviews", "SelfSubjectReview", false),
        authentication.review("tokenreviews", "TokenReview", false),
        authorization.review("localsubjectaccessreviews", "LocalSubjectAccessReview", true),
        authorization.review("selfsubjectaccessreviews", "SelfSubjectAccessReview", false),
        authorization.review("selfsubjectrulesreviews", "SelfSubjectRulesReview", false),
        authorization.review("subjectaccessreviews", "SubjectAccessReview", false),
        certificates
            .cluster("certificatesigningrequests", "CertificateSigningRequest")
            .short(&["csr"])
            .part("approval", &PART)
            .status(),
        coordination.namespaced("leases", "Lease"),
        discovery.namespaced("endpointslices", "EndpointSlice").generations(),
        events.namespaced("events", "Event").short(&["ev"]),
        networking.cluster("ingressclasses", "IngressClass").generations(),
        networking
            .namespaced("ingresses", "Ingress")
            .short(&["ing"])
            .generations()
            .status(),
        networking
            .namespaced("networkpolicies", "NetworkPolicy")
            .short(&["netpol"])
            .generations(),
        policy
            .namespaced("poddisruptionbudgets", "PodDisruptionBudget")
            .short(&["pdb"])
            .generations()
            .status(),
        rbac.cluster("clusterrolebindings", "ClusterRoleBinding"),
        rbac.cluster("clusterroles", "ClusterRole"),
        rbac.namespaced("rolebindings", "RoleBinding"),
        rbac.namespaced("roles", "Role"),
        scheduling
            .cluster("priorityclasses", "PriorityClass")
            .short(&["pc"])
            .generations(),
        storage.cluster("storageclasses", "StorageClass").short(&["sc"]),
    ]
}

#[cfg(test)]
mod tests {
    use crate::scenario;
    use crate::value::id::IdGenerator;
    use crate::value::instant::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_group_and_version_is_one_piece() {
        let rows = &BUILT_IN.rows;
        let pieces = rows
            .chunk_by(|one, other| one.group == other.group && one.version == other.version)
            .count();
        let mut pairs: Vec<_> = rows.iter().map(|row| (&row.group, &row.version)).collect();
        pairs.sort();
        pairs.dedup();
        assert_eq!(pieces, pairs.len());
    }

    #[test]
    fn every_group_and_version_but_their_own_has_an_api_service() {
        let world = scenario::stage(scenario::ARTICLE_WORLD, Timestamp::UNIX_EPOCH)
            .unwrap()
            .world;
        let cluster = world.cluster("my-cluster").unwrap();
        let services = cluster.objects().list("apiservices.apiregistration.k8s.io", None);
        let mut registered: Vec<String> = services.map(|(key, _)| key.name.clone()).collect();
        registered.push("v1.apiregistration.k8s.io".to_owned());
        registered.sort_unstable();
        let served = Resources::of(cluster).group_versions().into_iter();
        let mut served: Vec<String> = served.map(|(group, version)| format!("{version}.{group}")).collect();
        served.sort_unstable();
        assert_eq!(registered, served);
    }

    #[test]
    fn what_is_converted_is_stored_under_one_name() {
        let find = |group, version, plural| ResourceType::find(group, version, plural).unwrap();
        let (new, old) = (find("events.k8s.io", "v1", "events"), find("", "v1", "events"));
        assert_eq!(new.stored_as(), old.stored_as());
        assert_eq!(new.qualified(), "events.events.k8s.io");
        let autoscalers = ["v1", "v2"].map(|version| find("autoscaling", version, "horizontalpodautoscalers"));
        assert_eq!(autoscalers[0].stored_as(), autoscalers[1].stored_as());
        assert_eq!(
            [new, old, autoscalers[0], autoscalers[1]].map(|row| row.is_converted),
            [true, false, true, false]
        );
    }

    #[test]
    fn an_established_definition_adds_its_served_versions() {
        let world = scenario::stage(scenario::ARTICLE_WORLD, Timestamp::UNIX_EPOCH)
            .unwrap()
            .world;
        let mut cluster = (**world.cluster("my-cluster").unwrap()).clone();
        let mut definition = json!({
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "crontabs", "kind": "CronTab", "shortNames": ["ct"]},
                "versions": [
                    {"name": "v1", "served": true, "storage": true, "subresources": {"status": {}}},
                    {"name": "v1alpha1", "served": false, "storage": false},
                ],
            },
        });
        let key = ObjectKey::new(DEFINITIONS, "", "crontabs.example.com");
        let mut ids = IdGenerator::new(1);
        cluster
            .create_object(key.clone(), definition.clone(), &mut ids, Timestamp::UNIX_EPOCH)
            .unwrap();
        assert_eq!(Resources::of(&cluster).find("example.com", "v1", "crontabs"), None);
        definition["status"] = json!({"conditions": [{"type": "Established", "status": "True"}]});
        cluster.update_object(&key, definition).unwrap();
        let resources = Resources::of(&cluster);
        let found = resources.find("example.com", "v1", "crontabs").unwrap();
        assert_eq!(
            (&*found.list_kind, &*found.singular, found.has_status()),
            ("CronTabList", "crontab", true)
        );
        assert_eq!(*found.short_names[0], *"ct");
        assert_eq!(resources.find("example.com", "v1alpha1", "crontabs"), None);
        assert_eq!(resources.all().last(), Some(&found));
    }
}
