//! ConfigMap, Secret, Service and Lease.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Map;
use serde_json::Value;

use super::Errors;
use super::entries;
use super::items;
use super::metadata;
use super::name;
use super::text;
use crate::value::log::go_quote;

/// The sum of a ConfigMap's or a Secret's values, in bytes.
const DATA_LIMIT: usize = 1024 * 1024;

fn bytes(value: &Value) -> Vec<u8> {
    BASE64_STANDARD
        .decode(value.as_str().unwrap_or_default())
        .unwrap_or_default()
}

pub(in crate::kube) fn config_map(errors: &mut Errors, old: Option<&Value>, object: &Value) {
    let mut size = 0;
    for field in ["data", "binaryData"] {
        for (key, value) in entries(object, &format!("/{field}")) {
            size += if field == "data" {
                value.as_str().unwrap_or_default().len()
            } else {
                bytes(value).len()
            };
            errors.invalid_text(&format!("{field}[{key}]"), key, name::config_key(key));
            if field == "data"
                && object
                    .pointer("/binaryData")
                    .is_some_and(|other| other.get(key).is_some())
            {
                let why = "duplicate of key present in binaryData";
                errors.invalid(&format!("data[{key}]"), &go_quote(key), why);
            }
        }
    }
    if size > DATA_LIMIT {
        // How Go prints a path without a name.
        errors.too_long("[]", DATA_LIMIT);
    }
    immutable(errors, old, object, &["data", "binaryData"]);
}

/// What cannot change once `immutable` is true.
fn immutable(errors: &mut Errors, old: Option<&Value>, object: &Value, fields: &[&str]) {
    let Some(old) = old.filter(|old| old.get("immutable") == Some(&Value::Bool(true))) else {
        return;
    };
    let nothing = |value: Option<&Value>| value.is_none_or(|value| value.as_object().is_some_and(Map::is_empty));
    for field in ["immutable"].iter().chain(fields) {
        let (before, after) = (old.get(field), object.get(field));
        if before != after && !(nothing(before) && nothing(after)) {
            errors.forbidden(field, "field is immutable when `immutable` is set");
        }
    }
}

pub(in crate::kube) fn secret(errors: &mut Errors, old: Option<&Value>, object: &Value) {
    let mut size = 0;
    for (key, value) in entries(object, "/data") {
        errors.invalid_text(&format!("data[{key}]"), key, name::config_key(key));
        size += bytes(value).len();
    }
    if size > DATA_LIMIT {
        errors.too_long("data", DATA_LIMIT);
    }
    let has = |key: &str| object.get("data").is_some_and(|data| data.get(key).is_some());
    match text(object, "/type") {
        "kubernetes.io/service-account-token" => {
            let annotations = object.pointer("/metadata/annotations");
            let account = annotations.and_then(|map| map.get("kubernetes.io/service-account.name"));
            if account.and_then(Value::as_str).unwrap_or_default().is_empty() {
                errors.required("metadata.annotations[kubernetes.io/service-account.name]", "");
            }
        }
        "kubernetes.io/dockercfg" => docker(errors, object, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => docker(errors, object, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            errors.required("data[username]", "");
            errors.required("data[password]", "");
        }
        "kubernetes.io/ssh-auth" if text(object, "/data/ssh-privatekey").is_empty() => {
            errors.required("data[ssh-privatekey]", "");
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"].into_iter().filter(|key| !has(key)) {
                errors.required(&format!("data[{key}]"), "");
            }
        }
        _ => {}
    }
    if let Some(old) = old {
        let (before, after) = (text(old, "/type"), text(object, "/type"));
        if before != after {
            errors.invalid("type", &go_quote(after), "field is immutable");
        }
    }
    immutable(errors, old, object, &["data"]);
}

fn docker(errors: &mut Errors, object: &Value, key: &str) {
    match object.get("data").and_then(|data| data.get(key)) {
        None => errors.required(&format!("data[{key}]"), ""),
        Some(value) => {
            if let Err(error) = serde_json::from_slice::<Map<String, Value>>(&bytes(value)) {
                let shown = "\"<secret contents redacted>\"";
                errors.invalid(&format!("data[{key}]"), shown, &error.to_string());
            }
        }
    }
}

pub(in crate::kube) fn service(errors: &mut Errors, object: &Value) {
    const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    let kind = text(object, "/spec/type");
    let headless = text(object, "/spec/clusterIP") == "None";
    let ports = items(object, "/spec/ports");
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.required("spec.ports", "");
    }
    if kind == "ExternalName" {
        let outside = text(object, "/spec/externalName");
        let outside = outside.strip_suffix('.').unwrap_or(outside);
        if outside.is_empty() {
            errors.required("spec.externalName", "");
        } else {
            errors.invalid_text("spec.externalName", outside, name::subdomain(outside));
        }
    }
    let mut names = BTreeSet::new();
    for (at, port) in ports.iter().enumerate() {
        service_port(errors, &format!("spec.ports[{at}]"), port, ports.len() > 1, &mut names);
    }
    metadata::labels(errors, "spec.selector", object.pointer("/spec/selector"));
    let affinity = text(object, "/spec/sessionAffinity");
    if !["ClientIP", "None"].contains(&affinity) {
        errors.not_supported("spec.sessionAffinity", affinity, &["ClientIP", "None"]);
    }
    if !TYPES.contains(&kind) {
        errors.not_supported("spec.type", kind, &TYPES);
    }
    let mut seen = BTreeSet::new();
    for (at, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{at}]");
        let number = |field: &str| port.get(field).and_then(Value::as_i64).unwrap_or_default();
        if kind == "ClusterIP" && number("nodePort") != 0 {
            errors.forbidden(
                &format!("{path}.nodePort"),
                "may not be used when `type` is 'ClusterIP'",
            );
        }
        let protocol = text(port, "/protocol");
        if !seen.insert((protocol, number("port"))) {
            let shown = format!(
                "core.ServicePort{{Name:\"\", Protocol:{}, AppProtocol:(*string)(nil), Port:{}, TargetPort:intstr.IntOrString{{Type:0, IntVal:0, StrVal:\"\"}}, NodePort:0}}",
                go_quote(protocol),
                number("port")
            );
            errors.duplicate(&path, &shown);
        }
    }
}

fn service_port<'a>(errors: &mut Errors, path: &str, port: &'a Value, named: bool, names: &mut BTreeSet<&'a str>) {
    const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
    let own = text(port, "/name");
    let name_path = format!("{path}.name");
    if named && own.is_empty() {
        errors.required(&name_path, "");
    } else if !own.is_empty() {
        errors.invalid_text(&name_path, own, name::label(own));
        if !names.insert(own) {
            errors.duplicate(&name_path, &go_quote(own));
        }
    }
    let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
    port_number(errors, &format!("{path}.port"), number);
    let protocol = text(port, "/protocol");
    if protocol.is_empty() {
        errors.required(&format!("{path}.protocol"), "");
    } else if !PROTOCOLS.contains(&protocol) {
        errors.not_supported(&format!("{path}.protocol"), protocol, &PROTOCOLS);
    }
    if let Some(target) = port.get("targetPort").and_then(Value::as_i64) {
        port_number(errors, &format!("{path}.targetPort"), target);
    }
}

/// `IsValidPortNum`.
pub(super) fn port_number(errors: &mut Errors, path: &str, number: i64) {
    if !(1..=65535).contains(&number) {
        errors.invalid(path, &number.to_string(), "must be between 1 and 65535, inclusive");
    }
}

pub(in crate::kube) fn lease(errors: &mut Errors, object: &Value) {
    let number = |field: &str| object.pointer(&format!("/spec/{field}")).and_then(Value::as_i64);
    if let Some(seconds) = number("leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
        errors.invalid(
            "spec.leaseDurationSeconds",
            &seconds.to_string(),
            "must be greater than 0",
        );
    }
    if let Some(count) = number("leaseTransitions").filter(|count| *count < 0) {
        let why = "must be greater than or equal to 0";
        errors.invalid("spec.leaseTransitions", &count.to_string(), why);
    }
    if !text(object, "/spec/preferredHolder").is_empty() && text(object, "/spec/strategy").is_empty() {
        let why = "may only be specified if `strategy` is defined";
        errors.forbidden("spec.preferredHolder", why);
    }
}
