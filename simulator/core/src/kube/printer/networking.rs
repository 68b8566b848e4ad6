//! Services and their endpoints, and networking.k8s.io.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::View;
use super::items;
use super::join;
use super::labels_or_none;
use super::non_empty;
use super::number;
use super::or_none;
use super::selector_or_none;
use super::text;

/// How many of a list are shown.
const SHOWN: usize = 3;

pub(super) fn service(view: &View<'_>) -> Vec<Value> {
    let kind = view.text_or("/spec/type", "ClusterIP");
    let cluster_ip = view
        .items("/spec/clusterIPs")
        .first()
        .and_then(Value::as_str)
        .unwrap_or_else(|| view.text_or("/spec/clusterIP", "<none>"));
    let ports = view.items("/spec/ports").iter().map(|port| {
        let protocol = non_empty(text(port, "/protocol")).unwrap_or("TCP");
        let number_of = |pointer| number(port, pointer);
        match number_of("/nodePort") {
            node_port @ 1.. => format!("{}:{node_port}/{protocol}", number_of("/port")),
            _ => format!("{}/{protocol}", number_of("/port")),
        }
    });
    vec![
        json!(view.name()),
        json!(kind),
        json!(cluster_ip),
        json!(external_ip(view, kind)),
        json!(or_none(join(ports, ","))),
        json!(view.age()),
        json!(labels_or_none(view.object, "/spec/selector")),
    ]
}

fn external_ip(view: &View<'_>, kind: &str) -> String {
    let external = view.items("/spec/externalIPs").iter().filter_map(Value::as_str);
    match kind {
        "ClusterIP" | "NodePort" => or_none(join(external, ",")),
        "LoadBalancer" => match join(ingress_points(view).into_iter().chain(external), ",") {
            none if none.is_empty() => "<pending>".to_owned(),
            some => some,
        },
        "ExternalName" => view.text("/spec/externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

/// Where a load balancer is reached, in order.
fn ingress_points<'a>(view: &View<'a>) -> BTreeSet<&'a str> {
    items(view.object, "/status/loadBalancer/ingress")
        .iter()
        .filter_map(|point| non_empty(text(point, "/ip")).or_else(|| non_empty(text(point, "/hostname"))))
        .collect()
}

pub(super) fn endpoints(view: &View<'_>) -> Vec<Value> {
    let mut addresses = Vec::new();
    for subset in view.items("/subsets") {
        let ips = || items(subset, "/addresses").iter().map(|address| text(address, "/ip"));
        match items(subset, "/ports") {
            [] => addresses.extend(ips().map(str::to_owned)),
            ports => {
                for port in ports {
                    let port = number(port, "/port");
                    addresses.extend(ips().map(|ip| match ip.contains(':') {
                        true => format!("[{ip}]:{port}"),
                        false => format!("{ip}:{port}"),
                    }));
                }
            }
        }
    }
    let shown = match view.size("/subsets") {
        0 => "<none>".to_owned(),
        _ => first_three(addresses),
    };
    vec![json!(view.name()), json!(shown), json!(view.age())]
}

pub(super) fn endpoint_slice(view: &View<'_>) -> Vec<Value> {
    let ports = view
        .items("/ports")
        .iter()
        .map(|port| match port.get("port").and_then(Value::as_i64) {
            Some(number) => number.to_string(),
            None => port.get("name").and_then(Value::as_str).unwrap_or("*").to_owned(),
        })
        .collect();
    let addresses = view
        .items("/endpoints")
        .iter()
        .flat_map(|endpoint| items(endpoint, "/addresses"))
        .filter_map(|address| address.as_str().map(str::to_owned))
        .collect();
    vec![
        json!(view.name()),
        json!(view.text("/addressType")),
        json!(or_unset(first_three(ports))),
        json!(or_unset(first_three(addresses))),
        json!(view.age()),
    ]
}

/// The first three, and how many more there are.
fn first_three(list: Vec<String>) -> String {
    let count = list.len();
    let shown = join(list.into_iter().take(SHOWN), ",");
    match count {
        _ if count > SHOWN => format!("{shown} + {} more...", count - SHOWN),
        _ => shown,
    }
}

fn or_unset(text: String) -> String {
    if text.is_empty() { "<unset>".to_owned() } else { text }
}

pub(super) fn ingress(view: &View<'_>) -> Vec<Value> {
    let ports = match view.items("/spec/tls") {
        [] => "80",
        _ => "80, 443",
    };
    vec![
        json!(view.name()),
        json!(view.given("/spec/ingressClassName").unwrap_or("<none>")),
        json!(hosts(view.items("/spec/rules"))),
        json!(join(ingress_points(view), ",")),
        json!(ports),
        json!(view.age()),
    ]
}

/// The first hosts; a rule without one counts when it is about how many more there are.
fn hosts(rules: &[Value]) -> String {
    let mut shown = Vec::new();
    let mut more = false;
    for rule in rules {
        more |= shown.len() == SHOWN;
        if !more {
            shown.extend(non_empty(text(rule, "/host")));
        }
    }
    match (shown.is_empty(), more) {
        (true, _) => "*".to_owned(),
        (false, false) => join(shown, ","),
        (false, true) => format!("{} + {} more...", join(shown, ","), rules.len().saturating_sub(SHOWN)),
    }
}

pub(super) fn ingress_class(view: &View<'_>) -> Vec<Value> {
    let parameters = match view.object.pointer("/spec/parameters").filter(|found| !found.is_null()) {
        None => "<none>".to_owned(),
        Some(found) => match found.get("apiGroup").and_then(Value::as_str) {
            Some(group) => format!("{}.{group}/{}", text(found, "/kind"), text(found, "/name")),
            None => format!("{}/{}", text(found, "/kind"), text(found, "/name")),
        },
    };
    vec![
        json!(view.name()),
        json!(view.text("/spec/controller")),
        json!(parameters),
        json!(view.age()),
    ]
}

pub(super) fn network_policy(view: &View<'_>) -> Vec<Value> {
    let pods = selector_or_none(view.object, "/spec/podSelector");
    vec![json!(view.name()), json!(pods), json!(view.age())]
}
