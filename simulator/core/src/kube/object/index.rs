//! What else is known of the objects, kept up to date with each change of one.

use imbl::OrdMap;
use imbl::OrdSet;
use serde_json::Value;

use super::ObjectKey;
use super::items;
use super::text;

/// Indices over all objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Where the object of a uid stands.
    by_uid: OrdMap<String, ObjectKey>,
    /// uids of owners with what they own.
    owned: OrdSet<(String, ObjectKey)>,
    /// The addresses that services have.
    cluster_ips: OrdSet<String>,
    /// The ports that services have on nodes, with their protocol.
    node_ports: OrdSet<(i64, String)>,
}

impl Index {
    pub(super) fn change(&mut self, key: &ObjectKey, before: Option<&Value>, after: Option<&Value>) {
        let uid = |object: Option<&Value>| object.map(|object| text(object, "/metadata/uid").to_owned());
        let (old, new) = (uid(before), uid(after));
        if old != new {
            if let Some(old) = old {
                self.by_uid.remove(&old);
            }
            if let Some(new) = new {
                self.by_uid.insert(new, key.clone());
            }
        }
        let owners = |object: Option<&Value>| object.map(owner_uids).unwrap_or_default();
        let (old, new) = (owners(before), owners(after));
        if old != new {
            for owner in old {
                self.owned.remove(&(owner, key.clone()));
            }
            for owner in new {
                self.owned.insert((owner, key.clone()));
            }
        }
        if key.resource == "services" {
            if let Some(before) = before {
                for ip in items(before, "/spec/clusterIPs").iter().filter_map(Value::as_str) {
                    self.cluster_ips.remove(ip);
                }
                for port in node_ports(before) {
                    self.node_ports.remove(&port);
                }
            }
            if let Some(after) = after {
                let ips = items(after, "/spec/clusterIPs").iter().filter_map(Value::as_str);
                self.cluster_ips
                    .extend(ips.filter(|ip| *ip != "None").map(str::to_owned));
                self.node_ports.extend(node_ports(after));
            }
        }
    }

    /// A new object that nobody owns and that is no Service.
    pub(super) fn add(&mut self, uid: &str, key: &ObjectKey) {
        self.by_uid.insert(uid.to_owned(), key.clone());
    }

    /// Where the object of that uid stands.
    pub(super) fn find(&self, uid: &str) -> Option<&ObjectKey> {
        self.by_uid.get(uid)
    }

    /// What names the object of that uid among its owners.
    pub(super) fn owned(&self, uid: &str) -> Vec<ObjectKey> {
        let first = (uid.to_owned(), ObjectKey::new("", "", ""));
        let range = self.owned.range(first..);
        range
            .take_while(|(owner, _)| owner == uid)
            .map(|(_, key)| key.clone())
            .collect()
    }

    pub(super) fn has_cluster_ip(&self, ip: &str) -> bool {
        self.cluster_ips.contains(ip)
    }

    pub(super) fn has_node_port(&self, port: i64, protocol: &str) -> bool {
        self.node_ports.contains(&(port, protocol.to_owned()))
    }
}

/// The uids that an object names as its owners'.
pub(super) fn owner_uids(object: &Value) -> Vec<String> {
    let references = items(object, "/metadata/ownerReferences").iter();
    references.map(|reference| text(reference, "/uid").to_owned()).collect()
}

fn node_ports(service: &Value) -> Vec<(i64, String)> {
    let ports = items(service, "/spec/ports").iter();
    ports
        .filter_map(|port| {
            let number = port
                .get("nodePort")
                .and_then(Value::as_i64)
                .filter(|number| *number != 0)?;
            Some((number, protocol(port).to_owned()))
        })
        .collect()
}

/// The protocol of a service's port.
pub(super) fn protocol(port: &Value) -> &str {
    match text(port, "/protocol") {
        "" => "TCP",
        protocol => protocol,
    }
}
