//! Objects that a world stages.

use serde_json::Value;

use super::identify;
use super::strategy::Strategy;
use super::text;
use crate::kube::kinds;
use crate::kube::schema::Kind;
use crate::kube::schema::decode::complete;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// Brings an object that a world stages into a state in which it could have been stored: with a uid and the defaults of its
/// kind, with the first status of a new one where none is staged, and with every field that its schema wants.
pub fn stage(object: &mut Value, ids: &mut IdGenerator, now: Timestamp) {
    let kind = Kind::of(text(object, "/apiVersion"), text(object, "/kind"));
    kinds::set_defaults(&kind, object);
    identify(object, ids);
    let strategy = Strategy {
        has_status: true,
        counts_generations: false,
        ..kinds::of_kind(&kind).map_or(Strategy::PLAIN, |row| row.strategy)
    };
    let is_new = object.get("status").is_none() && object.pointer("/metadata/deletionTimestamp").is_none();
    if is_new {
        strategy.before_create(object, now);
    } else {
        (strategy.controlled)(object, now);
        (strategy.staged)(object);
        strategy.decoded(object);
    }
    complete(object);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn staged(mut object: Value) -> Value {
        stage(&mut object, &mut IdGenerator::new(1), NOW);
        object
    }

    #[test]
    fn what_a_world_stages_is_as_if_it_had_been_posted_but_for_its_status() {
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.com"},
            "spec": {"names": {"kind": "Thing", "plural": "things"}, "versions": [{"name": "v1", "storage": true}]},
        });
        let mut conflicting = definition.clone();
        let condition = json!([{"lastTransitionTime": null, "type": "Established", "status": "False"}]);
        conflicting["status"] = json!({"conditions": condition});
        let status = staged(definition)["status"].take();
        assert_eq!(status["conditions"][1]["status"], "True");
        let status = staged(conflicting)["status"].take();
        assert_eq!(
            (&status["conditions"], &status["acceptedNames"]["kind"]),
            (&condition, &json!("Thing"))
        );

        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {}, "stringData": {"a": "x"}});
        let secret = staged(secret);
        assert_eq!(
            (&secret["type"], &secret["data"]["a"]),
            (&json!("Opaque"), &json!("eA=="))
        );

        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}});
        assert_eq!(staged(namespace.clone())["status"], json!({"phase": "Active"}));
        let mut ending = namespace;
        ending["metadata"]["deletionTimestamp"] = json!("2026-11-24T10:30:00Z");
        ending["status"] = json!({"phase": "Terminating"});
        let ended = staged(ending.clone());
        assert_eq!(ended["status"], ending["status"]);
        assert_eq!(
            ended["metadata"]["deletionTimestamp"],
            ending["metadata"]["deletionTimestamp"]
        );
        assert_eq!(ended["metadata"]["labels"]["kubernetes.io/metadata.name"], "n");
    }

    #[test]
    fn what_a_world_stages_has_what_its_schema_wants() {
        let node =
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {"phase": "Running"}});
        for node in [
            node.clone(),
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        ] {
            assert_eq!(staged(node)["status"]["nodeInfo"]["bootID"], "");
        }
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "status": {"containerStatuses": [{"name": "c"}]},
        });
        assert_eq!(staged(pod)["status"]["containerStatuses"][0]["imageID"], "");
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "status": {"active": 1}});
        let job = staged(job);
        assert_eq!(
            job["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"],
            job["metadata"]["uid"]
        );
        assert_eq!(job["status"]["active"], 1);
    }
}
