//! Argo CD's Secret of a cluster, whose `config` is JSON in a string.
//!
//! Source: `ClusterConfig` in `pkg/apis/application/v1alpha1/types.go` of Argo CD, and "Clusters" in its declarative setup.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Form;
use super::is_reference;
use crate::explain::lint::FileKind;
use crate::explain::lint::Rule;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Place;
use crate::explain::lint::tree::Reading;
use crate::explain::lint::tree::Shape;
use crate::explain::lint::tree::Source;

const LABEL: &str = "argocd.argoproj.io/secret-type";

pub(super) fn is_one(node: &Node) -> bool {
    let labels = node.get("metadata").and_then(|metadata| metadata.get("labels"));
    let is_labelled = labels.and_then(|labels| labels.text_at(LABEL)) == Some("cluster");
    let holds = |key: &str| {
        let data = node.get(key);
        data.is_some_and(|data| data.entry("config").is_some() && data.entry("server").is_some())
    };
    node.text_at("kind") == Some("Secret") && (is_labelled || holds("stringData") || holds("data"))
}

pub(super) fn read(node: &Node, source: &Source) -> Form {
    let mut form = Form::new(FileKind::ArgoCluster);
    let plain = node.get("stringData").and_then(|data| data.get("config"));
    let packed = node.get("data").and_then(|data| data.get("config"));
    let read = match (plain, packed) {
        // What is plain wins, as the API server has it.
        (Some(plain), _) if plain.text().is_some_and(is_reference) => return form,
        (Some(plain), _) => source
            .inner(plain, Reading::Object)
            .map(|inner| inner.root)
            .map_err(|broken| (broken.place, broken.message)),
        (None, Some(packed)) => unpacked(packed),
        (None, None) => return form,
    };
    match read {
        Ok(Some(config)) if matches!(config.shape, Shape::Map(_)) => form.connections.push(config),
        Ok(_) => {}
        Err((place, message)) => form.fault(
            Rule::InputBroken,
            place,
            format!("`config` is no JSON: {message}"),
            "write one JSON object; under `data` its base64, under `stringData` the object itself",
        ),
    }
    form
}

/// What is in base64 has the place of the whole.
fn unpacked(packed: &Node) -> Result<Option<Node>, (Place, String)> {
    let refused = |message: &str| (packed.place, message.to_owned());
    let text = packed.text().ok_or_else(|| refused("it is no string"))?;
    let letters: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let bytes = STANDARD.decode(letters).map_err(|_| refused("it is no base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| refused("it is no UTF-8"))?;
    let inner = Source::new(&text);
    let documents = inner.documents(&text).map_err(|broken| refused(&broken.message))?;
    Ok(documents.first().map(|node| placed(node, packed.place)))
}

fn placed(node: &Node, place: Place) -> Node {
    let shape = match &node.shape {
        Shape::List(items) => Shape::List(items.iter().map(|item| placed(item, place)).collect()),
        Shape::Map(entries) => Shape::Map(
            entries
                .iter()
                .map(|entry| MapEntry {
                    key: entry.key.clone(),
                    place,
                    value: placed(&entry.value, place),
                })
                .collect(),
        ),
        other => other.clone(),
    };
    Node::made(place, shape)
}
