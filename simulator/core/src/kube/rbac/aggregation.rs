//! What the clusterrole-aggregation controller does: the rules of the roles that an aggregated ClusterRole selects are
//! written into it (`pkg/controller/clusterroleaggregation` of Kubernetes 1.32).
//!
//! FIDELITY: the controller takes a moment, and writes by server-side apply; here the rules are there at once.

use std::collections::BTreeMap;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use serde_json::Value;

use super::CLUSTER_ROLES;
use crate::kube::object::ObjectKey;
use crate::kube::object::ObjectStore;
use crate::kube::selector::selects;

/// Brings the rules of every aggregated ClusterRole up to date: those of the roles that it selects, by name, no rule
/// twice; what was written into the role itself is overwritten.
pub(crate) fn aggregate(objects: &mut ObjectStore) {
    let aggregated = objects
        .kept(CLUSTER_ROLES)
        .filter(|(_, role)| role.peek().get("aggregationRule").is_some_and(Value::is_object))
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
    let mut rules = Rules::default();
    for selector in selectors.into_iter().flatten() {
        let selected = objects
            .kept(CLUSTER_ROLES)
            .map(|(other, role)| (other, role.peek()))
            .filter(|(other, object)| *other != key && selects(selector, object))
            .filter_map(|(_, object)| object.get("rules")?.as_array());
        for rule in selected.flatten() {
            rules.add(rule);
        }
    }
    let rules = rules.list;
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

/// Rules, none of them twice. A role may have tens of thousands.
#[derive(Default)]
struct Rules {
    list: Vec<Value>,
    /// Where in the list the rules of a hash are.
    by_hash: BTreeMap<u64, Vec<usize>>,
}

impl Rules {
    fn add(&mut self, rule: &Value) {
        let mut hasher = DefaultHasher::new();
        rule.hash(&mut hasher);
        let same = self.by_hash.entry(hasher.finish()).or_default();
        if same.iter().all(|at| self.list.get(*at) != Some(rule)) {
            same.push(self.list.len());
            self.list.push(rule.clone());
        }
    }
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

    /// It was quadratic.
    #[test]
    fn tens_of_thousands_of_rules_are_aggregated_once_each() {
        let rule = |at: usize| json!({"apiGroups": [""], "resources": [format!("r{at}")], "verbs": ["get"]});
        let part = |name: &str, from: usize| {
            let rules: Value = (from..from + 15_000).map(rule).collect();
            let key = ObjectKey::new(CLUSTER_ROLES, "", name);
            (key, json!({"metadata": {"labels": {"to": "all"}}, "rules": rules}))
        };
        let all = json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to": "all"}}]}});
        let key = ObjectKey::new(CLUSTER_ROLES, "", "all");
        let mut objects = store([(key, all), part("a", 0), part("b", 5_000)]);
        aggregate(&mut objects);
        assert_eq!(rules(&objects, "all").len(), 20_000);
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
