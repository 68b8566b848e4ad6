//! Kubernetes objects of a world.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_saphyr::Spanned;

use super::ScenarioError;
use super::at;
use super::steps::artifact;
use crate::kube::object::ObjectKey;

/// Kinds that stand in no namespace.
const CLUSTER_SCOPED: [&str; 16] = [
    "APIService",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "FlowSchema",
    "IAMIdentityMapping",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingWebhookConfiguration",
];

/// The objects of the world itself and of the files that it names, in order.
pub(super) fn objects(
    own: Vec<Spanned<Value>>,
    from: &[Spanned<String>],
    files: &BTreeMap<String, String>,
) -> Result<Vec<(ObjectKey, Value)>, ScenarioError> {
    let mut reader = Reader::default();
    let mut objects = Vec::new();
    for object in own {
        let key = reader.key(&object.value).map_err(|message| at(&object, message))?;
        objects.push((key, object.value));
    }
    for name in from {
        for object in documents(artifact(files, name, &name.value)?).map_err(|message| at(name, message))? {
            let key = reader.key(&object).map_err(|message| at(name, message))?;
            objects.push((key, object));
        }
    }
    Ok(objects)
}

/// The data of a ConfigMap aws-auth as somebody pasted it.
pub(super) fn aws_auth(
    name: &Spanned<String>,
    files: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ScenarioError> {
    let text = artifact(files, name, &name.value)?;
    let data = |object: &Value| -> Option<BTreeMap<String, String>> {
        let data = object.get("data")?.as_object()?;
        let texts = data
            .iter()
            .map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        texts.collect()
    };
    let objects = documents(text).map_err(|message| at(name, message))?;
    let found = objects.first().and_then(data);
    found.ok_or_else(|| at(name, format!("`{}` is no ConfigMap with texts as data", name.value)))
}

fn documents(text: &str) -> Result<Vec<Value>, String> {
    serde_saphyr::from_multiple(text).map_err(|error| {
        let message = error.without_snippet().to_string();
        message.lines().next().unwrap_or_default().to_owned()
    })
}

/// Knows the custom resources that were defined so far.
#[derive(Default)]
struct Reader {
    /// Group and kind, with plural and whether they stand in namespaces.
    custom: BTreeMap<(String, String), (String, bool)>,
}

impl Reader {
    fn key(&mut self, object: &Value) -> Result<ObjectKey, String> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let (Some(version), Some(kind), Some(name)) = (text("/apiVersion"), text("/kind"), text("/metadata/name"))
        else {
            return Err("an object has apiVersion, kind and metadata.name".to_owned());
        };
        let group = version.split_once('/').map_or("", |(group, _)| group);
        if kind == "CustomResourceDefinition"
            && let (Some(group), Some(kind), Some(plural)) = (
                text("/spec/group"),
                text("/spec/names/kind"),
                text("/spec/names/plural"),
            )
        {
            let namespaced = text("/spec/scope") == Some("Namespaced");
            let names = (group.to_owned(), kind.to_owned());
            self.custom.insert(names, (plural.to_owned(), namespaced));
        }
        let (plural, namespaced) = self
            .custom
            .get(&(group.to_owned(), kind.to_owned()))
            .cloned()
            .unwrap_or_else(|| (plural(kind), !CLUSTER_SCOPED.contains(&kind)));
        let resource = if group.is_empty() {
            plural
        } else {
            format!("{plural}.{group}")
        };
        let namespace = match text("/metadata/namespace") {
            _ if !namespaced => "",
            Some(namespace) => namespace,
            None => "default",
        };
        Ok(ObjectKey::new(&resource, namespace, name))
    }
}

/// The plural of a kind as Kubernetes makes it (apimachinery, `meta.UnsafeGuessKindToResource`).
fn plural(kind: &str) -> String {
    let singular = kind.to_lowercase();
    // Kinds that are plurals already.
    if singular == "endpoints" {
        return singular;
    }
    if let Some(stem) = singular.strip_suffix('y') {
        return format!("{stem}ies");
    }
    if singular.ends_with('s') || singular.ends_with("ss") || singular.ends_with('x') {
        return format!("{singular}es");
    }
    format!("{singular}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_plurals() {
        for (kind, wanted) in [
            ("Pod", "pods"),
            ("NetworkPolicy", "networkpolicies"),
            ("Endpoints", "endpoints"),
            ("Ingress", "ingresses"),
            ("StorageClass", "storageclasses"),
            ("RoleBinding", "rolebindings"),
        ] {
            assert_eq!(plural(kind), wanted);
        }
    }
}
