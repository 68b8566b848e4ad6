//! What the API of one cluster serves: built-in types, and those that its CustomResourceDefinitions add.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::Value;

use crate::cluster::eks::Cluster;
use crate::kube::kinds;
use crate::kube::object::DEFINITIONS;
use crate::kube::object::ObjectKey;
use crate::kube::resource::CustomType;
use crate::kube::resource::ResourceType;

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
        if let Some(found) = kinds::find(group, version, plural) {
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
        let mut all = kinds::built_in().to_vec();
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
            let namespaced = text("/spec/scope") == Some("Namespaced");
            let mut row = ResourceType::new(group, &name(version), (plural, kind), namespaced);
            row.singular = Arc::from(text("/spec/names/singular").unwrap_or(&singular));
            if let Some(list_kind) = text("/spec/names/listKind") {
                row.list_kind = Arc::from(list_kind);
            }
            row.short_names = names("shortNames");
            row.categories = names("categories");
            let has = |name: &str| version.pointer(&format!("/subresources/{name}")).is_some();
            if has("status") {
                row = row.status();
            }
            if has("scale") {
                row = row.scale();
            }
            row.of_definition(CustomType {
                version: (*version).clone(),
                storage_version: Arc::from(storage_version.as_deref().unwrap_or_default()),
            })
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

#[cfg(test)]
mod tests {
    use crate::scenario;
    use crate::value::id::IdGenerator;
    use crate::value::instant::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_group_and_version_is_one_piece() {
        let rows = kinds::built_in();
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
        let find = |group, version, plural| kinds::find(group, version, plural).unwrap();
        let (new, old) = (find("events.k8s.io", "v1", "events"), find("", "v1", "events"));
        assert_eq!(new.stored_as(), old.stored_as());
        assert_eq!(new.qualified(), "events.events.k8s.io");
        let autoscalers = ["v1", "v2"].map(|version| find("autoscaling", version, "horizontalpodautoscalers"));
        assert_eq!(autoscalers[0].stored_as(), autoscalers[1].stored_as());
        assert_eq!(
            [new, old, autoscalers[0], autoscalers[1]].map(|row| row.conversion.is_some()),
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
        assert!(Resources::of(&cluster).find("example.com", "v1", "crontabs").is_none());
        definition["status"] = json!({"conditions": [{"type": "Established", "status": "True"}]});
        cluster.update_object(&key, definition).unwrap();
        let resources = Resources::of(&cluster);
        let found = resources.find("example.com", "v1", "crontabs").unwrap();
        assert_eq!(
            (&*found.list_kind, &*found.singular, found.has_status()),
            ("CronTabList", "crontab", true)
        );
        assert_eq!(*found.short_names[0], *"ct");
        assert!(resources.find("example.com", "v1alpha1", "crontabs").is_none());
        assert_eq!(resources.all().last().unwrap().to_kind(), found.to_kind());
    }
}
