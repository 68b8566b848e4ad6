//! What a Service is given: an address in the cluster and ports on the nodes.
//!
//! Source: `pkg/registry/core/service/{storage/alloc.go,ipallocator,portallocator}` and `pkg/apis/core/v1/defaults.go` of
//! Kubernetes 1.32. FIDELITY: addresses are IPv4 only, and no load balancer ever answers for a Service.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::ObjectStore;
use super::index::protocol;
use super::items;
use super::text;
use crate::value::id::IdGenerator;

const FIRST_NODE_PORT: i64 = 30_000;
const LAST_NODE_PORT: i64 = 32_767;
/// Addresses below are left for those who choose one (`calculateRangeOffset`).
const STATIC_ADDRESSES: u32 = 256;
/// Draws before the range is walked instead.
const DRAWS: usize = 16;

/// A field of a Service that cannot be what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct ServiceError {
    /// Such as `spec.clusterIPs`.
    pub field: String,
    /// In the words of the API server, with the value in question.
    pub message: String,
}

/// Gives a Service what it has by default and what it is to be allocated from `cidr`, the range of the cluster's services.
/// `stored` is what it was before.
///
/// # Errors
/// [`ServiceError`] where it asks for what it cannot have.
pub fn allocate(
    store: &ObjectStore,
    stored: Option<&Value>,
    service: &mut Value,
    cidr: &str,
    ids: &mut IdGenerator,
) -> Result<(), ServiceError> {
    let Some(spec) = service
        .as_object_mut()
        .map(|service| service.entry("spec").or_insert_with(|| json!({})))
        .and_then(Value::as_object_mut)
    else {
        return Ok(());
    };
    defaults(spec);
    let kind = member(spec, "type").to_owned();
    if kind == "ExternalName" {
        for field in [
            "clusterIP",
            "clusterIPs",
            "ipFamilies",
            "ipFamilyPolicy",
            "internalTrafficPolicy",
        ] {
            spec.remove(field);
        }
        return Ok(());
    }
    allocate_address(store, stored, spec, cidr, ids)?;
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        allocate_ports(store, stored, spec, ids)
    } else {
        release_ports(stored, spec);
        Ok(())
    }
}

fn defaults(spec: &mut Map<String, Value>) {
    let mut default = |field: &str, value: Value| {
        let slot = spec.entry(field).or_insert(Value::Null);
        if slot.is_null() || slot == "" {
            *slot = value;
        }
    };
    default("type", json!("ClusterIP"));
    default("sessionAffinity", json!("None"));
    default("internalTrafficPolicy", json!("Cluster"));
    default("ipFamilyPolicy", json!("SingleStack"));
    default("ipFamilies", json!(["IPv4"]));
    match member(spec, "type") {
        "LoadBalancer" => {
            spec.entry("allocateLoadBalancerNodePorts").or_insert(json!(true));
            spec.entry("externalTrafficPolicy").or_insert(json!("Cluster"));
        }
        "NodePort" => {
            spec.entry("externalTrafficPolicy").or_insert(json!("Cluster"));
        }
        _ => {}
    }
    for port in spec
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(port) = port.as_object_mut() {
            port.entry("protocol").or_insert(json!("TCP"));
            if let Some(number) = port.get("port").cloned() {
                port.entry("targetPort").or_insert(number);
            }
        }
    }
}

fn member<'a>(map: &'a Map<String, Value>, field: &str) -> &'a str {
    map.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn allocate_address(
    store: &ObjectStore,
    stored: Option<&Value>,
    spec: &mut Map<String, Value>,
    cidr: &str,
    ids: &mut IdGenerator,
) -> Result<(), ServiceError> {
    let listed = spec
        .get("clusterIPs")
        .and_then(Value::as_array)
        .and_then(|list| list.first());
    let asked = match (member(spec, "clusterIP"), listed.and_then(Value::as_str)) {
        ("", Some(listed)) => listed.to_owned(),
        (asked, _) => asked.to_owned(),
    };
    let before = stored.map(|stored| text(stored, "/spec/clusterIP")).unwrap_or_default();
    let wrong = |field: &str, message: String| ServiceError {
        field: field.to_owned(),
        message: format!("Invalid value: []string{{{asked:?}}}: {message}"),
    };
    let address = match asked.as_str() {
        "" if !before.is_empty() => before.to_owned(),
        "" => draw_address(store, cidr, ids).ok_or_else(|| {
            wrong(
                "spec.clusterIPs",
                "failed to allocate a serviceIP: range is full".to_owned(),
            )
        })?,
        _ if asked == before => asked.clone(),
        _ if !before.is_empty() => {
            return Err(wrong("spec.clusterIPs[0]", "may not change once set".to_owned()));
        }
        "None" => asked.clone(),
        _ => {
            let in_range = asked.parse().is_ok_and(|address| contains(cidr, address));
            if !in_range {
                return Err(wrong(
                    "spec.clusterIPs",
                    format!(
                        "failed to allocate IP {asked}: the provided IP ({asked}) is not in the valid range. The range of valid IPs is {cidr}"
                    ),
                ));
            }
            if store.index.has_cluster_ip(&asked) {
                return Err(wrong(
                    "spec.clusterIPs",
                    format!("failed to allocate IP {asked}: provided IP is already allocated"),
                ));
            }
            asked.clone()
        }
    };
    spec.insert("clusterIP".to_owned(), json!(address));
    spec.insert("clusterIPs".to_owned(), json!([address]));
    Ok(())
}

/// The first address of an IPv4 range and how many it has.
fn range(cidr: &str) -> Option<(u32, u32)> {
    let (base, bits) = cidr.split_once('/')?;
    let base: Ipv4Addr = base.parse().ok()?;
    let bits: u32 = bits.parse().ok().filter(|bits| (1..=32).contains(bits))?;
    let size = 1_u32.checked_shl(32 - bits)?;
    Some((base.to_bits() & !(size - 1), size))
}

fn contains(cidr: &str, address: Ipv4Addr) -> bool {
    range(cidr).is_some_and(|(base, size)| {
        let offset = address.to_bits().wrapping_sub(base);
        // The first is the network's, the last the broadcast's.
        offset > 0 && offset < size - 1
    })
}

fn draw_address(store: &ObjectStore, cidr: &str, ids: &mut IdGenerator) -> Option<String> {
    let (base, size) = range(cidr)?;
    let lowest = STATIC_ADDRESSES.min(size / 16).max(1);
    let at = |offset: u32| Ipv4Addr::from_bits(base.wrapping_add(offset)).to_string();
    let is_free = |address: &String| !store.index.has_cluster_ip(address);
    let span = size.saturating_sub(1).saturating_sub(lowest);
    for _ in 0..DRAWS {
        let address = at(lowest + drawn(ids, span));
        if span > 0 && is_free(&address) {
            return Some(address);
        }
    }
    (lowest..size.saturating_sub(1)).chain(1..lowest).map(at).find(is_free)
}

/// A number below `span`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction of a number is not greater than it, nor negative"
)]
fn drawn(ids: &mut IdGenerator, span: u32) -> u32 {
    (ids.fraction() * f64::from(span)) as u32
}

/// The number of a port of a Service; 0 where it has none.
fn port_of(port: &Value) -> i64 {
    port.get("port").and_then(Value::as_i64).unwrap_or_default()
}

fn allocate_ports(
    store: &ObjectStore,
    stored: Option<&Value>,
    spec: &mut Map<String, Value>,
    ids: &mut IdGenerator,
) -> Result<(), ServiceError> {
    let before = stored.map(|stored| items(stored, "/spec/ports")).unwrap_or_default();
    // By what they are found, since a Service may have tens of thousands.
    let mut numbers_before: BTreeSet<(i64, String)> = BTreeSet::new();
    let mut by_port: BTreeMap<(i64, &str), &Value> = BTreeMap::new();
    for old in before {
        let (number, protocol) = (old.get("nodePort").and_then(Value::as_i64), protocol(old));
        numbers_before.extend(number.map(|number| (number, protocol.to_owned())));
        by_port.entry((port_of(old), protocol)).or_insert(old);
    }
    let wants_none = spec.get("allocateLoadBalancerNodePorts") == Some(&Value::Bool(false));
    let ports = spec.get_mut("ports").and_then(Value::as_array_mut);
    let mut taken: BTreeSet<(i64, String)> = BTreeSet::new();
    for (at, port) in ports.into_iter().flatten().enumerate() {
        let protocol = protocol(port).to_owned();
        let asked = port.get("nodePort").and_then(Value::as_i64).unwrap_or_default();
        let is_taken = |number: i64, taken: &BTreeSet<(i64, String)>| {
            let port = (number, protocol.clone());
            (store.index.has_node_port(number, &protocol) && !numbers_before.contains(&port)) || taken.contains(&port)
        };
        let number = if asked != 0 {
            let wrong = |message: &str| ServiceError {
                field: format!("spec.ports[{at}].nodePort"),
                message: format!("Invalid value: {asked}: {message}"),
            };
            if !(FIRST_NODE_PORT..=LAST_NODE_PORT).contains(&asked) {
                return Err(wrong(
                    "provided port is not in the valid range. The range of valid ports is 30000-32767",
                ));
            }
            if is_taken(asked, &taken) {
                return Err(wrong("provided port is already allocated"));
            }
            asked
        } else {
            let kept = by_port
                .get(&(port_of(port), protocol.as_str()))
                .and_then(|old| old.get("nodePort"))
                .and_then(Value::as_i64)
                .filter(|kept| *kept != 0);
            match kept {
                Some(kept) => kept,
                None if wants_none => continue,
                None => {
                    let span = u32::try_from(LAST_NODE_PORT - FIRST_NODE_PORT + 1).unwrap_or_default();
                    let first = i64::from(drawn(ids, span));
                    let all = i64::from(span);
                    (0..all)
                        .map(|step| FIRST_NODE_PORT + (first + step) % all)
                        .find(|number| !is_taken(*number, &taken))
                        .ok_or_else(|| ServiceError {
                            field: format!("spec.ports[{at}].nodePort"),
                            message: "Invalid value: 0: failed to allocate a nodePort: range is full".to_owned(),
                        })?
                }
            }
        };
        taken.insert((number, protocol));
        if let Some(port) = port.as_object_mut() {
            port.insert("nodePort".to_owned(), json!(number));
        }
    }
    Ok(())
}

/// Takes away the node ports that a Service had as another type and still names.
fn release_ports(stored: Option<&Value>, spec: &mut Map<String, Value>) {
    let Some(stored) = stored else { return };
    let before: BTreeSet<i64> = items(stored, "/spec/ports")
        .iter()
        .filter_map(|port| port.get("nodePort")?.as_i64())
        .collect();
    for port in spec
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(port) = port.as_object_mut()
            && port
                .get("nodePort")
                .and_then(Value::as_i64)
                .is_some_and(|port| before.contains(&port))
        {
            port.remove("nodePort");
        }
    }
    for field in ["externalTrafficPolicy", "allocateLoadBalancerNodePorts"] {
        if stored.pointer(&format!("/spec/{field}")) == spec.get(field) {
            spec.remove(field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::object::ObjectKey;
    use crate::value::instant::Timestamp;

    const CIDR: &str = "10.100.0.0/16";

    fn made(store: &mut ObjectStore, ids: &mut IdGenerator, name: &str, spec: Value) -> Result<Value, ServiceError> {
        let mut service = json!({"spec": spec});
        allocate(store, None, &mut service, CIDR, ids)?;
        store
            .create(
                ObjectKey::new("services", "n", name),
                service.clone(),
                ids,
                Timestamp::UNIX_EPOCH,
            )
            .unwrap();
        Ok(service)
    }

    #[test]
    fn a_service_gets_an_address_and_ports_that_are_free() {
        let (mut store, mut ids) = (ObjectStore::default(), IdGenerator::new(1));
        let ports = json!([{"port": 80}, {"port": 53, "protocol": "UDP"}]);
        let plain = made(&mut store, &mut ids, "a", json!({"ports": ports})).unwrap();
        let address: Ipv4Addr = plain["spec"]["clusterIP"].as_str().unwrap().parse().unwrap();
        assert!(contains(CIDR, address), "{plain}");
        assert_eq!(
            plain["spec"]["ports"][0],
            json!({"port": 80, "protocol": "TCP", "targetPort": 80})
        );
        let nodes = made(&mut store, &mut ids, "b", json!({"type": "NodePort", "ports": ports})).unwrap();
        let port = nodes["spec"]["ports"][0]["nodePort"].as_i64().unwrap();
        assert!((FIRST_NODE_PORT..=LAST_NODE_PORT).contains(&port));
        for (spec, wanted) in [
            (
                json!({"clusterIP": address.to_string()}),
                format!("spec.clusterIPs: Invalid value: []string{{\"{address}\"}}: failed to allocate IP {address}: provided IP is already allocated"),
            ),
            (
                json!({"clusterIP": "10.101.0.1"}),
                "spec.clusterIPs: Invalid value: []string{\"10.101.0.1\"}: failed to allocate IP 10.101.0.1: the provided IP (10.101.0.1) is not in the valid range. The range of valid IPs is 10.100.0.0/16".to_owned(),
            ),
            (
                json!({"type": "NodePort", "ports": [{"port": 1, "nodePort": port}]}),
                format!("spec.ports[0].nodePort: Invalid value: {port}: provided port is already allocated"),
            ),
            (
                json!({"type": "NodePort", "ports": [{"port": 1, "nodePort": 80}]}),
                "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767".to_owned(),
            ),
        ] {
            assert_eq!(made(&mut store, &mut ids, "c", spec).unwrap_err().to_string(), wanted);
        }
        assert_eq!(
            made(&mut store, &mut ids, "d", json!({"clusterIP": "None"})).unwrap()["spec"]["clusterIPs"],
            json!(["None"])
        );
        let external = made(
            &mut store,
            &mut ids,
            "e",
            json!({"type": "ExternalName", "externalName": "x.y"}),
        )
        .unwrap();
        assert_eq!(external["spec"].get("clusterIP"), None);
    }

    #[test]
    fn an_update_keeps_what_was_allocated() {
        let (mut store, mut ids) = (ObjectStore::default(), IdGenerator::new(1));
        let ports = json!([{"port": 80}]);
        let stored = made(&mut store, &mut ids, "a", json!({"type": "NodePort", "ports": ports})).unwrap();
        let mut applied = json!({"spec": {"type": "NodePort", "ports": ports}});
        allocate(&store, Some(&stored), &mut applied, CIDR, &mut ids).unwrap();
        assert_eq!(applied, stored);
        let mut plain = stored.clone();
        plain["spec"]["type"] = json!("ClusterIP");
        allocate(&store, Some(&stored), &mut plain, CIDR, &mut ids).unwrap();
        assert_eq!(plain["spec"]["ports"][0].get("nodePort"), None);
        assert_eq!(plain["spec"].get("externalTrafficPolicy"), None);
        let mut moved = stored.clone();
        moved["spec"]["clusterIP"] = json!("10.100.9.9");
        let error = allocate(&store, Some(&stored), &mut moved, CIDR, &mut ids).unwrap_err();
        assert_eq!(error.field, "spec.clusterIPs[0]");
    }

    #[test]
    fn a_full_range_is_walked_to_its_end() {
        let (mut store, mut ids) = (ObjectStore::default(), IdGenerator::new(1));
        let mut found = Vec::new();
        for at in 0..14 {
            let mut service = json!({"spec": {}});
            allocate(&store, None, &mut service, "10.0.0.0/28", &mut ids).unwrap();
            found.push(service["spec"]["clusterIP"].as_str().unwrap().to_owned());
            let key = ObjectKey::new("services", "n", &at.to_string());
            store.create(key, service, &mut ids, Timestamp::UNIX_EPOCH).unwrap();
        }
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 14);
        let mut service = json!({"spec": {}});
        assert!(allocate(&store, None, &mut service, "10.0.0.0/28", &mut ids).is_err());
    }
}
