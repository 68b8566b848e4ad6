//! What the clusterrole-aggregation controller does: the rules of the roles that an aggregated ClusterRole selects are
//! written into it (`pkg/controller/clusterroleaggregation` of Kubernetes 1.32).
//!
//! FIDELITY: the controller takes a moment, and writes by server-side apply; here the rules are there at once.

use serde_json::Value;

use super::CLUSTER_ROLES;
use crate::kube::object::ObjectKey;
use crate::kube::object::ObjectStore;
use crate::kube::selector::selects;

/// Brings the rules of every aggregated ClusterRole up to date: those of the roles that it selects, by name, no rule
/// twice; what was written into the role itself is overwritten.
pub(crate) fn aggregate(objects: &mut ObjectStore) {
    let aggregated = objects
        .list(CLUSTER_ROLES, None)
        .filter(|(_, role)| role.get("aggregationRule").is_some_and(Value::is_object))
        .map(|(key, _)| key.clone())
        .collect::<Vec<_>>();
    // Aggregated roles may select one another (admin selects edit, edit selects view), so rules travel one step a round.
    for _ in 0..=aggregated.len() {
        let mut changed = false;
        for key in &aggregated {
            changed |= refresh(objects, key);
        }
        if !changed {
            break;
        }
    }
}

/// Whether the rules are others than before.
fn refresh(objects: &mut ObjectStore, key: &ObjectKey) -> bool {
    let Some(role) = objects.find(key) else { return false };
    let selectors = role
        .pointer("/aggregationRule/clusterRoleSelectors")
        .and_then(Value::as_array);
    let mut rules: Vec<Value> = Vec::new();
    for selector in selectors.into_iter().flatten() {
        let selected = objects
            .list(CLUSTER_ROLES, None)
            .filter(|(other, object)| *other != key && selects(selector, object))
            .filter_map(|(_, object)| object.get("rules")?.as_array());
        for rule in selected.flatten() {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    let before = role.get("rules").and_then(Value::as_array);
    if before.map_or(&[][..], Vec::as_slice) == rules {
        return false;
    }
    let mut written = (**role).clone();
    if let Some(fields) = written.as_object_mut() {
        fields.insert("rules".to_owned(), rules.into());
    }
    objects.update(key, written).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::store;
    use super::*;
    use crate::kube::rbac::bootstrap;

    fn rules(store: &ObjectStore, name: &str) -> Vec<Value> {
        let role = store.find(&ObjectKey::new(CLUSTER_ROLES, "", name)).unwrap();
        role["rules"].as_array().cloned().unwrap()
    }

    #[test]
    fn roles_that_aggregate_one_another_end() {
        let role = |name: &str, label: &str, verb: &str| {
            let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": [verb]}]);
            let key = ObjectKey::new(CLUSTER_ROLES, "", name);
            (key, json!({"metadata": {"labels": {"to": label}}, "rules": rules}))
        };
        let aggregated = |name: &str, label: &str| {
            let (key, mut object) = role(name, label, "get");
            object["rules"] = Value::Null;
            object["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {"to": name}}]});
            (key, object)
        };
        let mut objects = store([aggregated("a", "b"), aggregated("b", "a"), role("leaf", "a", "get")]);
        aggregate(&mut objects);
        assert_eq!(rules(&objects, "a"), rules(&objects, "leaf"));
        assert_eq!(rules(&objects, "b"), rules(&objects, "leaf"));
        let revision = objects.revision();
        aggregate(&mut objects);
        assert_eq!(objects.revision(), revision, "nothing is written twice");
    }

    #[test]
    fn admin_holds_what_edit_and_view_hold() {
        let mut objects = store(bootstrap::objects());
        aggregate(&mut objects);
        let admin = rules(&objects, "admin");
        for part in ["edit", "view", "system:aggregate-to-admin"] {
            assert!(rules(&objects, part).iter().all(|rule| admin.contains(rule)), "{part}");
        }
        assert_eq!(rules(&objects, "view"), rules(&objects, "system:aggregate-to-view"));
    }
}
