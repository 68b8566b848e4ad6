//! Who owns which fields of an object: `metadata.managedFields`, read and written.
//!
//! Source: `managedfields.go` and `capmanagers.go` in `apimachinery/pkg/util/managedfields/internal` of Kubernetes 1.32.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::set::FieldSet;
use super::value::go_json;
use crate::value::instant::Timestamp;

/// So many entries of updates are kept apart.
const MAX_UPDATE_MANAGERS: usize = 10;

/// What owns fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) manager: String,
    pub(super) applies: bool,
    /// Empty for those that apply, so that each has one entry.
    pub(super) api_version: String,
    pub(super) subresource: String,
}

impl Identity {
    pub(super) fn new(manager: &str, applies: bool, api_version: &str, subresource: &str) -> Self {
        Self {
            manager: if manager.is_empty() && !applies {
                "unknown"
            } else {
                manager
            }
            .to_owned(),
            applies,
            api_version: if applies { "" } else { api_version }.to_owned(),
            subresource: subresource.to_owned(),
        }
    }

    /// By which the API server orders and names managers.
    pub(super) fn key(&self) -> String {
        let text = |text: &str| go_json(&Value::String(text.to_owned()));
        let mut parts = Vec::new();
        if !self.manager.is_empty() {
            parts.push(format!("\"manager\":{}", text(&self.manager)));
        }
        parts.push(format!("\"operation\":\"{}\"", operation(self.applies)));
        if !self.api_version.is_empty() {
            parts.push(format!("\"apiVersion\":{}", text(&self.api_version)));
        }
        if !self.subresource.is_empty() {
            parts.push(format!("\"subresource\":{}", text(&self.subresource)));
        }
        format!("{{{}}}", parts.join(","))
    }
}

fn operation(applies: bool) -> &'static str {
    if applies { "Apply" } else { "Update" }
}

/// What one manager owns.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) identity: Identity,
    pub(super) api_version: String,
    pub(super) fields: FieldSet,
}

/// All managers of an object, by the keys of their identities.
#[derive(Clone, Debug, Default)]
pub(super) struct Managers {
    pub(super) owned: BTreeMap<String, Owned>,
    /// RFC 3339, as it was read; kept apart from what is owned, as upstream keeps it.
    times: BTreeMap<String, Value>,
}

impl Managers {
    /// The managers of a list of entries.
    ///
    /// # Errors
    /// What is wrong with it, as the API server says it.
    pub(super) fn read(entries: Option<&Value>) -> Result<Self, String> {
        let mut managers = Self::default();
        for (index, entry) in entries.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
            let applies = match text("operation") {
                "Apply" => true,
                "Update" => false,
                _ => return Err("operation must be `Apply` or `Update`".to_owned()),
            };
            if text("apiVersion").is_empty() {
                return Err("apiVersion must not be empty".to_owned());
            }
            match text("fieldsType") {
                "FieldsV1" => {}
                "" => return Err(format!("missing fieldsType in managed fields entry {index}")),
                other => {
                    return Err(format!(
                        "invalid fieldsType \"{other}\" in managed fields entry {index}"
                    ));
                }
            }
            let fields = match entry.get("fieldsV1") {
                None | Some(Value::Null) => FieldSet::default(),
                Some(fields) => FieldSet::from_json(fields)?,
            };
            let identity = Identity {
                manager: text("manager").to_owned(),
                applies,
                api_version: if applies { "" } else { text("apiVersion") }.to_owned(),
                subresource: text("subresource").to_owned(),
            };
            let key = identity.key();
            let time = entry.get("time").cloned().unwrap_or_default();
            managers.times.insert(key.clone(), time);
            let api_version = text("apiVersion").to_owned();
            managers.owned.insert(
                key,
                Owned {
                    identity,
                    api_version,
                    fields,
                },
            );
        }
        Ok(managers)
    }

    pub(super) fn set_time(&mut self, key: &str, now: Timestamp) {
        self.times.insert(key.to_owned(), json!(now.render_rfc3339()));
    }

    fn seconds(&self, key: &str) -> i64 {
        let time = self.times.get(key).and_then(Value::as_str);
        time.and_then(|time| Timestamp::parse_rfc3339(time).ok())
            .map_or(0, Timestamp::unix_seconds)
    }

    /// Merges the oldest updates of each version into one entry, until there are few enough.
    pub(super) fn cap(&mut self) {
        let mut updaters: Vec<(i64, String)> = self
            .owned
            .iter()
            .filter(|(_, owned)| !owned.identity.applies)
            .map(|(key, _)| (self.seconds(key), key.clone()))
            .collect();
        let mut count = updaters.len();
        updaters.sort();
        let mut first_of_version: BTreeMap<String, String> = BTreeMap::new();
        for (_, key) in updaters {
            if count <= MAX_UPDATE_MANAGERS {
                return;
            }
            let Some(version) = self.owned.get(&key).map(|owned| owned.api_version.clone()) else {
                continue;
            };
            let Some(first) = first_of_version.get(&version) else {
                first_of_version.insert(version, key);
                continue;
            };
            let identity = Identity::new("ancient-changes", false, &version, "");
            let bucket = identity.key();
            if !self.owned.contains_key(&bucket)
                && let Some(owned) = self.owned.remove(first)
            {
                self.owned.insert(bucket.clone(), Owned { identity, ..owned });
            }
            let Some(merged) = self.owned.remove(&key) else {
                continue;
            };
            // A bucket that is itself the one to merge goes with it, as upstream has it.
            if let Some(owned) = self.owned.get_mut(&bucket) {
                owned.fields = owned.fields.union(&merged.fields);
            }
            count -= 1;
            // It is the more recent one.
            let time = self.times.get(&key).cloned().unwrap_or_default();
            self.times.insert(bucket, time);
        }
    }

    /// The entries, in the order of the API server; `None` where there are none.
    pub(super) fn write(&self) -> Option<Value> {
        let mut entries: Vec<(&String, &Owned)> = self.owned.iter().collect();
        entries.sort_by(|(one_key, one), (other_key, other)| {
            let order = |key: &str, owned: &Owned| {
                let Identity {
                    manager,
                    applies,
                    subresource,
                    ..
                } = owned.identity.clone();
                (
                    operation(applies),
                    self.seconds(key),
                    manager,
                    owned.api_version.clone(),
                    subresource,
                )
            };
            order(one_key, one).cmp(&order(other_key, other))
        });
        let entries: Vec<Value> = entries.into_iter().map(|(key, owned)| self.entry(key, owned)).collect();
        (!entries.is_empty()).then_some(Value::Array(entries))
    }

    fn entry(&self, key: &str, owned: &Owned) -> Value {
        let mut entry = Map::new();
        let mut text = |field: &str, text: &str| {
            if !text.is_empty() {
                entry.insert(field.to_owned(), json!(text));
            }
        };
        text("manager", &owned.identity.manager);
        text("operation", operation(owned.identity.applies));
        text("apiVersion", &owned.api_version);
        text("fieldsType", "FieldsV1");
        text("subresource", &owned.identity.subresource);
        if let Some(time) = self.times.get(key).filter(|time| !time.is_null()) {
            entry.insert("time".to_owned(), time.clone());
        }
        entry.insert("fieldsV1".to_owned(), owned.fields.to_json());
        Value::Object(entry)
    }
}
