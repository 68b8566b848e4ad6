//! The fields that are found in messages of JSON.
//!
//! Source: the User Guide's page on discovered fields: `a.b` for what is inside, `a.0` for what is in a list, another `@`
//! before a name that starts with one. Only what the query names is kept.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::value::FieldValue;

/// How many fields of a message are looked at; the others are as if they were not there.
const MAX_FIELDS: usize = 1000;

/// A place in the list of names of a query.
pub(super) type Slot = usize;

/// The values of the named fields of one row, by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots<'a>(Vec<(Slot, FieldValue<'a>)>);

impl<'a> Slots<'a> {
    /// What a value takes beside its text, in bytes.
    pub(super) const ENTRY_BYTES: usize = size_of::<(Slot, FieldValue<'a>)>();

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many bytes they take.
    pub(super) fn kept(&self) -> usize {
        self.0.iter().map(|(_, value)| Self::ENTRY_BYTES + value.kept()).sum()
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&FieldValue<'a>> {
        let at = self.0.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    pub(super) fn set(&mut self, slot: Slot, value: FieldValue<'a>) {
        match self.0.binary_search_by_key(&slot, |(slot, _)| *slot) {
            Ok(at) => {
                if let Some((_, old)) = self.0.get_mut(at) {
                    *old = value;
                }
            }
            Err(at) => self.0.insert(at, (slot, value)),
        }
    }
}

/// The fields of a message that have names in the list; none where the message is no JSON object.
pub(super) fn discover<'a>(message: &'a str, names: &BTreeMap<String, Slot>) -> Slots<'a> {
    let mut found = Slots::default();
    if names.is_empty() || !message.trim_start().starts_with('{') {
        return found;
    }
    let mut reader = serde_json::Deserializer::from_str(message);
    let mut left = MAX_FIELDS;
    let walk = Walk {
        path: &mut String::new(),
        names,
        found: &mut found,
        left: &mut left,
    };
    if walk.deserialize(&mut reader).and_then(|()| reader.end()).is_err() {
        return Slots::default();
    }
    found
}

/// Where the reader is in the message.
struct Walk<'w, 'a> {
    path: &'w mut String,
    names: &'w BTreeMap<String, Slot>,
    found: &'w mut Slots<'a>,
    left: &'w mut usize,
}

impl<'a> Walk<'_, 'a> {
    fn leaf<E>(self, value: impl FnOnce() -> FieldValue<'a>) -> Result<(), E> {
        if *self.left > 0 {
            *self.left -= 1;
            if let Some(slot) = self.names.get(self.path.as_str()) {
                self.found.set(*slot, value());
            }
        }
        Ok(())
    }

    fn inside(&mut self) -> Walk<'_, 'a> {
        Walk {
            path: self.path,
            names: self.names,
            found: self.found,
            left: self.left,
        }
    }
}

impl<'a> DeserializeSeed<'a> for Walk<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Walk<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.leaf(|| FieldValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.leaf(|| whole_number(value, value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.leaf(|| match i64::try_from(value) {
            Ok(small) => whole_number(small, value.to_string()),
            Err(_) => FieldValue::Text(Cow::Owned(value.to_string())),
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.leaf(|| FieldValue::Text(Cow::Owned(value.to_string())))
    }

    fn visit_borrowed_str<E>(self, value: &'a str) -> Result<(), E> {
        self.leaf(|| FieldValue::text(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.leaf(|| FieldValue::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut items: A) -> Result<(), A::Error> {
        let length = self.path.len();
        let mut index = 0_usize;
        loop {
            self.path.push('.');
            self.path.push_str(&index.to_string());
            let item = items.next_element_seed(self.inside())?;
            self.path.truncate(length);
            if item.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut members: A) -> Result<(), A::Error> {
        let length = self.path.len();
        while members.next_key_seed(Key(self.path))?.is_some() {
            members.next_value_seed(self.inside())?;
            self.path.truncate(length);
        }
        Ok(())
    }
}

/// A member's name, put at the end of the path.
struct Key<'w>(&'w mut String);

impl<'a> DeserializeSeed<'a> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        if !self.0.is_empty() {
            self.0.push('.');
        } else if name.starts_with('@') {
            self.0.push('@');
        }
        self.0.push_str(name);
        Ok(())
    }
}

/// A number, or its digits where a number would lose some.
fn whole_number<'a>(value: i64, digits: String) -> FieldValue<'a> {
    const EXACT: u64 = 1 << 53;
    if value.unsigned_abs() <= EXACT {
        FieldValue::Number(super::value::millis_as_number(value))
    } else {
        FieldValue::Text(Cow::Owned(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, name: &str, expected: Option<&str>) {
        let names = BTreeMap::from([(name.to_owned(), 3), ("other".to_owned(), 1)]);
        let found = discover(message, &names);
        let value = found.get(3).and_then(FieldValue::render);
        assert_eq!(value.as_deref(), expected, "{name} in {message}");
    }

    #[test]
    fn what_is_inside_has_dotted_names() {
        let message = r#" {"other":1,"user":{"username":"kubernetes-admin","groups":["a","b\n",{"c":1.5}]},"n":9007199254740993,
            "@x":-7,"yes":true,"no":null,"objectRef.name":"dots","a":{"k/v":"odd"}}"#;
        check(message, "user.username", Some("kubernetes-admin"));
        check(message, "user.groups.1", Some("b\n"));
        check(message, "user.groups.2.c", Some("1.5"));
        check(message, "n", Some("9007199254740993"));
        check(message, "@@x", Some("-7"));
        check(message, "@x", None);
        check(message, "yes", Some("1"));
        check(message, "no", None);
        check(message, "user", None);
        check(message, "objectRef.name", Some("dots"));
        check(message, "a.k/v", Some("odd"));
    }

    #[test]
    fn what_is_no_json_object_has_no_fields() {
        for message in ["", "a=1", "[1]", r#"{"a":1"#, r#"{"a":1} x"#, "{", "{\"a\":1,}"] {
            check(message, "a", None);
        }
        check(&format!("{}1{}", r#"{"a":"#.repeat(5000), "}".repeat(5000)), "a", None);
    }

    #[test]
    fn fields_after_the_thousandth_are_not_found() {
        let members: Vec<String> = (0..1001).map(|n| format!(r#""f{n}":{n}"#)).collect();
        let message = format!("{{{}}}", members.join(","));
        check(&message, "f999", Some("999"));
        check(&message, "f1000", None);
    }
}
