//! Whether objects have what the documents that are served say they have.

use super::*;
use crate::cluster::eks::ClusterOwner;
use crate::cluster::eks::nodegroup::NewNodegroup;
use crate::cluster::eks::settings::ClusterRequest;
use crate::cluster::eks::settings::VpcChange;
use crate::kube::kinds;
use crate::scenario;
use crate::scenario::Scenario;
use crate::value::arn::AccountId;
use crate::value::instant::Timestamp;
use crate::world::World;

const ENDPOINT: &str = "https://127.0.0.1:6443";

/// The documents of a cluster.
struct Documents(BTreeMap<GroupVersion, Value>);

impl Documents {
    fn of(cluster: &crate::cluster::eks::Cluster) -> Self {
        let resources = Resources::of(cluster);
        let pairs = resources.group_versions().into_iter();
        Self(
            pairs
                .map(|pair| {
                    let document = with_document(resources, &pair, |document| serde_json::from_str(&document.text));
                    (pair, document.unwrap())
                })
                .collect(),
        )
    }

    /// The required fields that an object of a resource lacks.
    fn missing(&self, row: &ResourceType, object: &Value) -> Vec<String> {
        let document = &self.0[&(Arc::clone(&row.group), Arc::clone(&row.version))];
        let schemas = document.pointer("/components/schemas").unwrap();
        let wanted = group_version_kind(&row.to_kind());
        let (name, _) = schemas
            .as_object()
            .unwrap()
            .iter()
            .find(|(_, schema)| {
                let kinds = schema["x-kubernetes-group-version-kind"].as_array();
                kinds.is_some_and(|kinds| kinds.contains(&wanted))
            })
            .unwrap_or_else(|| panic!("{wanted} is not in its document"));
        let mut found = Vec::new();
        walk(
            schemas,
            &json!({"$ref": format!("#/components/schemas/{name}")}),
            object,
            &row.kind,
            &mut found,
        );
        found
    }
}

fn walk(schemas: &Value, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"));
    if let Some(reference) = reference.and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap();
        return walk(schemas, &schemas[name], value, path, found);
    }
    match value {
        Value::Object(map) => {
            for field in schema["required"].as_array().into_iter().flatten() {
                let field = field.as_str().unwrap();
                if map.get(field).is_none_or(Value::is_null) {
                    found.push(format!("{path}.{field}"));
                }
            }
            for (name, value) in map {
                let of_field = schema["properties"]
                    .get(name)
                    .unwrap_or(&schema["additionalProperties"]);
                walk(schemas, of_field, value, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(schemas, &schema["items"], item, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

/// Checks one object, as the API shows it.
#[track_caller]
pub(in crate::service::kube) fn check_whole(cluster: &crate::cluster::eks::Cluster, object: &Value) {
    let kind = |row: &&Arc<ResourceType>| {
        *row.kind == *object["kind"].as_str().unwrap() && row.api_version() == object["apiVersion"].as_str().unwrap()
    };
    let rows = Resources::of(cluster).all();
    let row = rows.iter().find(kind).unwrap();
    assert_eq!(
        Documents::of(cluster).missing(row, object),
        Vec::<String>::new(),
        "{object}"
    );
}

/// Checks every object of every cluster, and tells how many those were.
fn check_world(name: &str, world: &World) -> usize {
    let mut checked = 0;
    for cluster in world.clusters.values() {
        let documents = Documents::of(cluster);
        for row in Resources::of(cluster).all() {
            if !row.verbs.contains(&"list") {
                continue;
            }
            for (key, object) in cluster.objects().list(&row.stored_as(), None) {
                let missing = documents.missing(&row, &row.shown(object));
                assert_eq!(missing, Vec::<String>::new(), "{name}: {key:?}");
                checked += 1;
            }
        }
    }
    checked
}

/// Lets the clusters say where they answer, as they do once a listener is bound.
fn bound(mut world: World) -> World {
    let names: Vec<String> = world.clusters.keys().cloned().collect();
    for name in names {
        let (cluster, ids) = world.cluster_mut(&name).unwrap();
        cluster.set_api(ENDPOINT.to_owned(), "PEM".to_owned(), ids, Timestamp::UNIX_EPOCH);
    }
    world
}

/// A scenario with the files that stand beside it.
#[expect(clippy::disallowed_methods, reason = "the scenarios are data of the repository")]
fn scenario_text(folder: &std::path::Path) -> String {
    let mut text = std::fs::read_to_string(folder.join("scenario.yaml")).unwrap();
    let mut files = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "scenario.yaml" {
            let file = std::fs::read_to_string(folder.join(&name)).unwrap();
            files += &format!("  {}: {}\n", json!(name), json!(file));
        }
    }
    if !files.is_empty() {
        text += &format!("\nfiles:\n{files}");
    }
    text
}

#[test]
fn what_the_simulator_makes_has_what_its_schema_requires() {
    let now = Timestamp::parse_rfc3339("2026-11-24T00:00:00Z").unwrap();
    let article = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
    assert!(check_world("the default world", &bound(article)) > 150);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let mut scenarios = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.join("scenario.yaml").exists() {
            let scenario = Scenario::parse(&scenario_text(&path)).unwrap();
            check_world(&scenario.id, &bound(scenario.stage(now).world));
            scenarios += 1;
        }
    }
    assert!(scenarios > 80, "{scenarios}");
}

#[test]
fn what_is_missing_is_found() {
    let world = scenario::stage(scenario::ARTICLE_WORLD, Timestamp::UNIX_EPOCH)
        .unwrap()
        .world;
    let documents = Documents::of(world.cluster("my-cluster").unwrap());
    let find = |plural| kinds::find("", "v1", plural).unwrap();
    let node = json!({"status": {"nodeInfo": {"bootID": null}, "conditions": [{"type": "Ready"}]}});
    let missing = documents.missing(find("nodes"), &node);
    for field in ["nodeInfo.bootID", "nodeInfo.systemUUID", "conditions[].status"] {
        assert!(
            missing.contains(&format!("Node.status.{field}")),
            "{field} among {missing:?}"
        );
    }
    let pod = json!({"status": {"containerStatuses": [{"name": "c", "image": "i", "ready": true, "restartCount": 0}]}});
    let wanted = ["Pod.status.containerStatuses[].imageID"];
    assert_eq!(documents.missing(find("pods"), &pod), wanted);
}

#[test]
fn a_cluster_that_is_made_and_its_nodes_have_what_their_schemas_require() {
    let now = Timestamp::parse_rfc3339("2026-11-24T00:00:00Z").unwrap();
    let mut world = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
    let request = ClusterRequest {
        name: "new".to_owned(),
        role_arn: "arn:aws:iam::111122223333:role/eks".to_owned(),
        vpc: VpcChange {
            subnet_ids: Some(vec!["subnet-1".to_owned(), "subnet-2".to_owned()]),
            ..VpcChange::default()
        },
        bootstrap_self_managed_addons: true,
        ..ClusterRequest::default()
    };
    let owner = ClusterOwner {
        region: "us-west-2".to_owned(),
        account: AccountId::parse("111122223333").unwrap(),
        creator: None,
        principal: None,
    };
    world
        .create_cluster(request, owner, ENDPOINT.to_owned(), "PEM".to_owned(), now)
        .unwrap();
    let (cluster, directory, ids) = world.cluster_and_directory_mut("new").unwrap();
    let spec = NewNodegroup {
        name: "workers".to_owned(),
        node_role: "arn:aws:iam::111122223333:role/my-cluster-node-role".to_owned(),
        others: [("scalingConfig".to_owned(), json!({"desiredSize": 3}))].into(),
        ..NewNodegroup::default()
    };
    cluster.create_nodegroup(spec, directory, ids, now).unwrap();
    assert!(check_world("a new cluster", &world) > 250);
}
