//! Volumes and storage.k8s.io.

use serde_json::Value;
use serde_json::json;

use super::View;
use super::items;
use super::join;
use super::or_none;
use super::quantity;
use super::text;

/// The annotation that named the class before there was a field.
const BETA_CLASS: &str = "/metadata/annotations/volume.beta.kubernetes.io~1storage-class";

/// The annotations that make a class the default.
const DEFAULT_CLASS: [&str; 2] = [
    "/metadata/annotations/storageclass.kubernetes.io~1is-default-class",
    "/metadata/annotations/storageclass.beta.kubernetes.io~1is-default-class",
];

pub(super) fn persistent_volume(view: &View<'_>) -> Vec<Value> {
    let claim = match view.object.pointer("/spec/claimRef").filter(|claim| !claim.is_null()) {
        Some(claim) => format!("{}/{}", text(claim, "/namespace"), text(claim, "/name")),
        None => String::new(),
    };
    vec![
        json!(view.name()),
        json!(quantity(view.object.pointer("/spec/capacity/storage"))),
        json!(access_modes(view, "/spec/accessModes")),
        json!(view.text("/spec/persistentVolumeReclaimPolicy")),
        json!(phase(view)),
        json!(claim),
        json!(class(view)),
        json!(view.given("/spec/volumeAttributesClassName").unwrap_or("<unset>")),
        json!(view.text("/status/reason")),
        json!(view.age()),
        json!(view.given("/spec/volumeMode").unwrap_or("<unset>")),
    ]
}

pub(super) fn persistent_volume_claim(view: &View<'_>) -> Vec<Value> {
    let (capacity, modes) = match view.text("/spec/volumeName") {
        "" => (String::new(), String::new()),
        _ => (
            quantity(view.object.pointer("/status/capacity/storage")),
            access_modes(view, "/status/accessModes"),
        ),
    };
    vec![
        json!(view.name()),
        json!(phase(view)),
        json!(view.text("/spec/volumeName")),
        json!(capacity),
        json!(modes),
        json!(class(view)),
        json!(view.given("/spec/volumeAttributesClassName").unwrap_or("<unset>")),
        json!(view.age()),
        json!(view.given("/spec/volumeMode").unwrap_or("<unset>")),
    ]
}

fn phase<'a>(view: &'a View<'_>) -> &'a str {
    if view.is_deleted() {
        "Terminating"
    } else {
        view.text("/status/phase")
    }
}

fn class<'a>(view: &'a View<'_>) -> &'a str {
    view.given(BETA_CLASS)
        .unwrap_or_else(|| view.text("/spec/storageClassName"))
}

fn access_modes(view: &View<'_>, pointer: &str) -> String {
    let found = view.items(pointer);
    let modes = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let shown = modes
        .iter()
        .filter(|(mode, _)| found.iter().any(|found| found == mode))
        .map(|(_, short)| short);
    join(shown, ",")
}

pub(super) fn storage_class(view: &View<'_>) -> Vec<Value> {
    let is_default = DEFAULT_CLASS.iter().any(|annotation| view.text(annotation) == "true");
    let name = view.name();
    vec![
        json!(if is_default {
            format!("{name} (default)")
        } else {
            name.to_owned()
        }),
        json!(view.text("/provisioner")),
        json!(view.given("/reclaimPolicy").unwrap_or("Delete")),
        json!(view.given("/volumeBindingMode").unwrap_or("Immediate")),
        json!(view.flag_or("/allowVolumeExpansion", false)),
        json!(view.age()),
    ]
}

pub(super) fn csi_driver(view: &View<'_>) -> Vec<Value> {
    let modes = view
        .items("/spec/volumeLifecycleModes")
        .iter()
        .filter_map(Value::as_str);
    let audiences = match view.object.pointer("/spec/tokenRequests") {
        None | Some(Value::Null) => "<unset>".to_owned(),
        Some(_) => {
            let requests = items(view.object, "/spec/tokenRequests").iter();
            join(requests.map(|request| text(request, "/audience")), ",")
        }
    };
    vec![
        json!(view.name()),
        json!(view.flag_or("/spec/attachRequired", true)),
        json!(view.flag_or("/spec/podInfoOnMount", false)),
        json!(view.flag_or("/spec/storageCapacity", false)),
        json!(audiences),
        json!(view.flag_or("/spec/requiresRepublish", false)),
        json!(or_none(join(modes, ","))),
        json!(view.age()),
    ]
}

pub(super) fn csi_node(view: &View<'_>) -> Vec<Value> {
    vec![json!(view.name()), json!(view.size("/spec/drivers")), json!(view.age())]
}

pub(super) fn volume_attachment(view: &View<'_>) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(view.text("/spec/attacher")),
        json!(view.text("/spec/source/persistentVolumeName")),
        json!(view.text("/spec/nodeName")),
        json!(view.flag_or("/status/attached", false)),
        json!(view.age()),
    ]
}
