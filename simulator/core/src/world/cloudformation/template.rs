//! Templates: their form, and what stands for what in them.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::ACCESS_ENTRY;
use super::StackError;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;

/// Functions that are looked into deeper than this are refused.
const DEPTH: usize = 32;
/// How many resources a template may have (CloudFormation User Guide, "Understand CloudFormation quotas").
const RESOURCES: usize = 500;
/// How many bytes of text the values of a template may come to, each time that one is needed counted.
///
/// FIDELITY: the service bounds what values come to as well; its numbers are not published.
const MADE_BYTES: usize = 4_000_000;

/// A template in JSON or YAML, of which every resource is one that can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// As written.
    pub description: Option<String>,
    /// Defaults by name.
    declared: BTreeMap<String, Option<String>>,
    /// By logical id.
    pub(super) resources: BTreeMap<String, Resource>,
    /// Values by name, with functions.
    pub(super) outputs: BTreeMap<String, Value>,
}

/// A resource as the template has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// With functions.
    pub(super) properties: Value,
}

fn format_error(message: impl Into<String>) -> StackError {
    StackError::TemplateFormat {
        message: message.into(),
    }
}

/// A number or a text as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) | Value::Null | Value::Object(_) => None,
    }
}

impl Template {
    /// Reads a template.
    ///
    /// FIDELITY: of YAML, the short forms of functions (`!Ref`) are not read; the long ones are.
    ///
    /// # Errors
    /// [`StackError::TemplateFormat`], [`StackError::Unserved`].
    pub fn parse(body: &str) -> Result<Self, StackError> {
        let value: Value = serde_json::from_str(body)
            .or_else(|_| serde_saphyr::from_str(body))
            .map_err(|_| format_error("unsupported structure."))?;
        let members = value
            .as_object()
            .ok_or_else(|| format_error("unsupported structure."))?;
        for name in members.keys() {
            match name.as_str() {
                "AWSTemplateFormatVersion"
                | "Description"
                | "Metadata"
                | "Mappings"
                | "Outputs"
                | "Parameters"
                | "Resources" => {}
                "Conditions" | "Rules" | "Transform" => {
                    return Err(StackError::Unserved {
                        what: format!("{name} in templates"),
                    });
                }
                _ => {
                    return Err(format_error(format!(
                        "Invalid template property or properties [{name}]"
                    )));
                }
            }
        }
        let section = |name: &str| {
            members
                .get(name)
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        let mut resources = BTreeMap::new();
        let mut unserved: Vec<String> = Vec::new();
        for (logical_id, resource) in section("Resources") {
            let kind = resource.get("Type").and_then(Value::as_str);
            let kind = kind.ok_or_else(|| {
                format_error(format!(
                    "[/Resources/{logical_id}] Every Resources object must contain a Type member."
                ))
            })?;
            if kind != ACCESS_ENTRY {
                unserved.push(kind.to_owned());
                continue;
            }
            let properties = resource.get("Properties").cloned().unwrap_or_else(|| json!({}));
            resources.insert(logical_id, Resource { properties });
        }
        if !unserved.is_empty() {
            unserved.sort();
            unserved.dedup();
            return Err(StackError::Unserved {
                what: format!(
                    "resources of the types [{}] in templates, only {ACCESS_ENTRY}",
                    unserved.join(", ")
                ),
            });
        }
        if resources.len() > RESOURCES {
            return Err(format_error(format!(
                "Number of resources, {}, is greater than maximum allowed, {RESOURCES}",
                resources.len()
            )));
        }
        if resources.is_empty() {
            return Err(format_error("At least one Resources member must be defined."));
        }
        let declared = section("Parameters").into_iter();
        let outputs = section("Outputs").into_iter();
        Ok(Self {
            description: members.get("Description").and_then(text),
            declared: declared
                .map(|(name, parameter)| (name, parameter.get("Default").and_then(text)))
                .collect(),
            resources,
            outputs: outputs
                .map(|(name, output)| (name, output.get("Value").cloned().unwrap_or_default()))
                .collect(),
        })
    }

    /// The values of its parameters.
    ///
    /// # Errors
    /// [`StackError::UnknownParameters`], [`StackError::MissingParameters`].
    pub(super) fn parameters(&self, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, StackError> {
        let unknown: Vec<String> = given
            .keys()
            .filter(|name| !self.declared.contains_key(*name))
            .cloned()
            .collect();
        if !unknown.is_empty() {
            return Err(StackError::UnknownParameters { names: unknown });
        }
        let value = |name: &String, default: &Option<String>| given.get(name).or(default.as_ref()).cloned();
        let missing: Vec<String> = self
            .declared
            .iter()
            .filter(|(name, default)| value(name, default).is_none())
            .map(|(name, _)| name.clone())
            .collect();
        if !missing.is_empty() {
            return Err(StackError::MissingParameters { names: missing });
        }
        let values = self.declared.iter();
        Ok(values
            .filter_map(|(name, default)| Some((name.clone(), value(name, default)?)))
            .collect())
    }
}

/// What names stand for.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    names: BTreeMap<String, String>,
    /// The ARNs of access entries by logical id.
    arns: BTreeMap<String, String>,
    /// How many bytes of text may still be made.
    room: Cell<usize>,
}

impl Scope {
    pub(super) fn new(
        parameters: &BTreeMap<String, String>,
        account: &AccountId,
        region: &str,
        stack_name: &str,
        stack_id: &str,
    ) -> Self {
        let partition = Partition::of_region(region);
        let mut names = parameters.clone();
        names.extend(
            [
                ("AWS::AccountId", account.as_str()),
                ("AWS::Partition", partition.as_str()),
                ("AWS::Region", region),
                ("AWS::StackId", stack_id),
                ("AWS::StackName", stack_name),
                ("AWS::URLSuffix", partition.dns_suffix()),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        Self {
            names,
            arns: BTreeMap::new(),
            room: Cell::new(MADE_BYTES),
        }
    }

    /// A resource that was made.
    pub(super) fn add(&mut self, logical_id: &str, physical_id: &str, arn: &str) {
        self.names.insert(logical_id.to_owned(), physical_id.to_owned());
        self.arns.insert(logical_id.to_owned(), arn.to_owned());
    }

    /// A value without functions. `block` is where it stands, for messages.
    ///
    /// FIDELITY: the functions are Ref, Fn::GetAtt, Fn::Join and Fn::Sub with names only. A resource's property cannot
    /// refer to another resource.
    pub(super) fn resolve(&self, value: &Value, block: &'static str) -> Result<Value, StackError> {
        self.resolve_at(value, block, 0)
    }

    /// A value that must come to text.
    pub(super) fn resolve_text(&self, value: &Value, block: &'static str) -> Result<String, StackError> {
        let value = self.resolve(value, block)?;
        text(&value).ok_or_else(|| format_error(format!("a value in the {block} block is no string")))
    }

    /// Counts text before it is made: a few functions may name long values many times.
    fn make(&self, length: usize) -> Result<(), StackError> {
        let room = self
            .room
            .get()
            .checked_sub(length)
            .ok_or(StackError::TemplateTooLarge)?;
        self.room.set(room);
        Ok(())
    }

    fn resolve_at(&self, value: &Value, block: &'static str, depth: usize) -> Result<Value, StackError> {
        if depth > DEPTH {
            return Err(format_error("unsupported structure."));
        }
        let deeper = |value: &Value| self.resolve_at(value, block, depth + 1);
        match value {
            Value::Array(items) => items
                .iter()
                .map(deeper)
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
            Value::Object(members) => {
                if let Some((function, argument)) = single(members)
                    && (function == "Ref" || function.starts_with("Fn::"))
                {
                    return self.call(function, argument, block, depth);
                }
                let members: Result<Map<String, Value>, StackError> = members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), deeper(value)?)))
                    .collect();
                members.map(Value::Object)
            }
            Value::String(text) => {
                self.make(text.len())?;
                Ok(value.clone())
            }
            Value::Bool(_) | Value::Null | Value::Number(_) => Ok(value.clone()),
        }
    }

    fn call(&self, function: &str, argument: &Value, block: &'static str, depth: usize) -> Result<Value, StackError> {
        let malformed = || format_error(format!("the argument of {function} has another form"));
        match function {
            "Ref" => self
                .name(argument.as_str().ok_or_else(malformed)?, block)
                .map(Value::String),
            "Fn::GetAtt" => {
                let (logical_id, attribute) = match argument {
                    Value::String(both) => both.split_once('.'),
                    Value::Array(parts) => match parts.as_slice() {
                        [Value::String(logical_id), Value::String(attribute)] => Some((&**logical_id, &**attribute)),
                        _ => None,
                    },
                    _ => None,
                }
                .ok_or_else(malformed)?;
                match (self.arns.get(logical_id), attribute) {
                    (Some(arn), "AccessEntryArn") => {
                        self.make(arn.len())?;
                        Ok(json!(arn))
                    }
                    _ => Err(StackError::Unresolved {
                        name: logical_id.to_owned(),
                        block,
                    }),
                }
            }
            "Fn::Join" => {
                let [Value::String(separator), items] = argument.as_array().ok_or_else(malformed)?.as_slice() else {
                    return Err(malformed());
                };
                let items = self.resolve_at(items, block, depth + 1)?;
                let items = items.as_array().ok_or_else(malformed)?;
                let items: Option<Vec<String>> = items.iter().map(text).collect();
                let items = items.ok_or_else(malformed)?;
                let separators = separator.len().saturating_mul(items.len().saturating_sub(1));
                let length = items.iter().map(String::len).fold(separators, usize::saturating_add);
                self.make(length)?;
                Ok(json!(items.join(separator)))
            }
            "Fn::Sub" => self
                .substitute(argument.as_str().ok_or_else(malformed)?, block)
                .map(Value::String),
            _ => Err(StackError::Unserved {
                what: format!("{function} in templates"),
            }),
        }
    }

    fn name(&self, name: &str, block: &'static str) -> Result<String, StackError> {
        let value = self.names.get(name).ok_or_else(|| StackError::Unresolved {
            name: name.to_owned(),
            block,
        })?;
        self.make(value.len())?;
        Ok(value.clone())
    }

    /// `${NAME}` gives way to what it stands for, `${!NAME}` to `${NAME}`.
    fn substitute(&self, text: &str, block: &'static str) -> Result<String, StackError> {
        self.make(text.len())?;
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                return Err(format_error("an expression of Fn::Sub has no end"));
            };
            match name.strip_prefix('!') {
                Some(literal) => result.push_str(&format!("${{{literal}}}")),
                None => result.push_str(&self.name(name, block)?),
            }
            rest = behind;
        }
        result.push_str(rest);
        Ok(result)
    }
}

/// The only member of an object that has one.
fn single(members: &Map<String, Value>) -> Option<(&String, &Value)> {
    let mut members = members.iter();
    members.next().filter(|_| members.next().is_none())
}
