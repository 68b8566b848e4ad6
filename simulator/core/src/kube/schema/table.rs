//! Reads the tables of types.
//!
//! A file begins with `package ALIAS PREFIX GROUP VERSION` (`-` for the core group). A line `type NAME` or `kind NAME`
//! begins a type; an indented line is a field of it: `NAME NUMBER SHAPE FLAG… -- DESCRIPTION`.
//!
//! - The number is that of protobuf, `-` where there is none, `2.1` for field 1 of the message that is embedded as field 2.
//!   After it stands `!` where a zero value is written always, `*` where it is kept, `?` where null is written (see [`Zero`]).
//! - A shape is a word such as `int32`, the name of a type of the same file, `ALIAS.NAME`, or another shape after
//!   `[atomic]`, `[]` (atomic, and OpenAPI says nothing of it), `[set]`, `[map:KEY,KEY]`, `{}` or `{atomic}` (maps).
//! - Flags: `required`, `merge`, `merge=KEY`, `retainKeys`, `default=JSON`, `go=TYPE`; for types, `atomic`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Field;
use super::Kind;
use super::ListKind;
use super::ListShape;
use super::MapShape;
use super::ObjectType;
use super::Schema;
use super::SchemaAlternative;
use super::Shape;
use super::Zero;

/// The tables of the built-in types.
pub(super) const FILES: &[&str] = &[
    include_str!("types/admissionregistration.txt"),
    include_str!("types/apiextensions.txt"),
    include_str!("types/apiregistration.txt"),
    include_str!("types/apps.txt"),
    include_str!("types/authentication.txt"),
    include_str!("types/authorization.txt"),
    include_str!("types/autoscaling_v1.txt"),
    include_str!("types/autoscaling_v2.txt"),
    include_str!("types/batch.txt"),
    include_str!("types/certificates.txt"),
    include_str!("types/coordination.txt"),
    include_str!("types/core.txt"),
    include_str!("types/discovery.txt"),
    include_str!("types/events.txt"),
    include_str!("types/meta.txt"),
    include_str!("types/networking.txt"),
    include_str!("types/policy.txt"),
    include_str!("types/rbac.txt"),
    include_str!("types/scheduling.txt"),
    include_str!("types/storage.txt"),
];

/// A table that does not follow the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TableError {
    #[error("file does not begin with a package: `{0}`")]
    Package(String),
    #[error("field stands before any type: `{0}`")]
    NoType(String),
    #[error("line does not follow the rules: `{0}`")]
    Line(String),
    #[error("no package has the alias `{0}`")]
    Alias(String),
}

/// One file's first line.
struct Package<'a> {
    alias: &'a str,
    prefix: &'a str,
    group: &'a str,
    version: &'a str,
}

/// Reads tables; a type may refer to types of any of them.
///
/// # Errors
/// [`TableError`] names the first bad line.
pub(super) fn parse(files: &[&str]) -> Result<Schema, TableError> {
    let packages = files
        .iter()
        .map(|text| package(text))
        .collect::<Result<Vec<_>, TableError>>()?;
    let prefixes: BTreeMap<&str, &str> = packages.iter().map(|package| (package.alias, package.prefix)).collect();
    let mut schema = Schema::default();
    for (text, package) in files.iter().zip(&packages) {
        let mut reader = Reader {
            package,
            prefixes: &prefixes,
            names: BTreeMap::new(),
        };
        let mut current: Option<ObjectType> = None;
        for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
            if line.starts_with(' ') {
                let (name, field) = reader.field(line)?;
                let object = current.as_mut().ok_or_else(|| TableError::NoType(line.to_owned()))?;
                object.fields.insert(name, field);
                continue;
            }
            if let Some(done) = current.take() {
                schema.insert(done);
            }
            current = Some(reader.head(line, &mut schema)?);
        }
        if let Some(done) = current {
            schema.insert(done);
        }
    }
    Ok(schema)
}

fn package(text: &str) -> Result<Package<'_>, TableError> {
    let line = text.lines().next().unwrap_or_default();
    let words: Vec<&str> = line.split(' ').collect();
    match &words[..] {
        ["package", alias, prefix, group, version] => Ok(Package {
            alias,
            prefix,
            group: if *group == "-" { "" } else { group },
            version,
        }),
        _ => Err(TableError::Package(line.to_owned())),
    }
}

struct Reader<'a> {
    package: &'a Package<'a>,
    prefixes: &'a BTreeMap<&'a str, &'a str>,
    /// Full names by the words of the table, so that each is made once.
    names: BTreeMap<&'a str, Arc<str>>,
}

impl<'a> Reader<'a> {
    fn head(&mut self, line: &'a str, schema: &mut Schema) -> Result<ObjectType, TableError> {
        let bad = || TableError::Line(line.to_owned());
        let (facts, description) = line.split_once(" -- ").unwrap_or((line, ""));
        let mut words = facts.split(' ');
        let is_kind = match words.next() {
            Some("kind") => true,
            Some("type") => false,
            _ => return Err(bad()),
        };
        let short = words.next().ok_or_else(bad)?;
        let name = self.name(short)?;
        let mut object = ObjectType::new(&name);
        object.description = Arc::from(description);
        for flag in words {
            match flag {
                "atomic" => object.atomic = true,
                _ => return Err(bad()),
            }
        }
        if is_kind {
            schema.insert_kind(Kind::new(self.package.group, self.package.version, short), &name);
            for (field, description) in [
                ("apiVersion", "The group and version that the object is written in."),
                ("kind", "What the object is."),
            ] {
                let mut value = Field::new(Shape::String);
                value.description = Arc::from(description);
                object.fields.insert(Arc::from(field), value);
            }
        }
        Ok(object)
    }

    fn field(&mut self, line: &'a str) -> Result<(Arc<str>, Field), TableError> {
        let bad = || TableError::Line(line.to_owned());
        let (facts, description) = line.split_once(" -- ").unwrap_or((line, ""));
        let mut words = facts.trim_start().split(' ');
        let name = words.next().ok_or_else(bad)?;
        let number = words.next().ok_or_else(bad)?;
        let mut field = Field::new(self.shape(words.next().ok_or_else(bad)?)?);
        field.description = Arc::from(description);
        let number = if let Some(number) = number.strip_suffix('!') {
            field.zero = Zero::Written;
            number
        } else if let Some(number) = number.strip_suffix('?') {
            field.zero = Zero::Null;
            number
        } else if let Some(number) = number.strip_suffix('*') {
            field.zero = Zero::Kept;
            number
        } else {
            number
        };
        if number != "-" {
            let (embedded, own) = number
                .split_once('.')
                .map_or((None, number), |(outer, own)| (Some(outer), own));
            field.number = Some(own.parse().map_err(|_| bad())?);
            field.embedded = embedded.map(str::parse).transpose().map_err(|_| bad())?;
        }
        for flag in words {
            match flag.split_once('=') {
                None if flag == "required" => field.required = true,
                None if flag == "merge" => field.patch.merge = Some(None),
                None if flag == "retainKeys" => field.patch.retain_keys = true,
                Some(("merge", key)) => field.patch.merge = Some(Some(Arc::from(key))),
                Some(("go", name)) => field.go_type = Some(Arc::from(name)),
                Some(("default", json)) => field.default = Some(serde_json::from_str(json).map_err(|_| bad())?),
                _ => return Err(bad()),
            }
        }
        Ok((Arc::from(name), field))
    }

    fn shape(&mut self, word: &'a str) -> Result<Shape, TableError> {
        if let Some(rest) = word.strip_prefix('[') {
            let (kind, items) = rest.split_once(']').ok_or_else(|| TableError::Line(word.to_owned()))?;
            let kind = match kind.strip_prefix("map:") {
                Some(keys) => ListKind::Map(keys.split(',').map(Arc::from).collect()),
                None if kind == "set" => ListKind::Set,
                None => ListKind::Atomic,
            };
            let items = self.shape(items)?;
            return Ok(Shape::List(Arc::new(ListShape { items, kind })));
        }
        if let Some(rest) = word.strip_prefix('{') {
            let (kind, values) = rest.split_once('}').ok_or_else(|| TableError::Line(word.to_owned()))?;
            let values = self.shape(values)?;
            return Ok(Shape::Map(Arc::new(MapShape {
                values,
                atomic: kind == "atomic",
            })));
        }
        Ok(match word {
            "any" | "fields" => Shape::Any,
            "bool" => Shape::Boolean,
            "bytes" => Shape::Bytes,
            "double" => Shape::Double,
            "duration" => Shape::Duration,
            "int32" => Shape::Int32,
            "int64" => Shape::Int64,
            "intorstring" => Shape::IntOrString,
            "microtime" => Shape::MicroTime,
            "quantity" => Shape::Quantity,
            "schemaorarray" => Shape::SchemaOr(SchemaAlternative::Schemas),
            "schemaorbool" => Shape::SchemaOr(SchemaAlternative::Boolean),
            "schemaorstrings" => Shape::SchemaOr(SchemaAlternative::Names),
            "string" => Shape::String,
            "time" => Shape::Time,
            name => Shape::Object(self.name(name)?),
        })
    }

    /// The full name of `PodSpec` or `core.PodSpec`.
    fn name(&mut self, word: &'a str) -> Result<Arc<str>, TableError> {
        if let Some(known) = self.names.get(word) {
            return Ok(Arc::clone(known));
        }
        let full: Arc<str> = match word.split_once('.') {
            None => format!("{}.{word}", self.package.prefix).into(),
            Some((alias, name)) => {
                let prefix = self
                    .prefixes
                    .get(alias)
                    .ok_or_else(|| TableError::Alias(alias.to_owned()))?;
                format!("{prefix}.{name}").into()
            }
        };
        self.names.insert(word, Arc::clone(&full));
        Ok(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn referred(shape: &Shape) -> Option<&Arc<str>> {
        match shape {
            Shape::Object(name) => Some(name),
            Shape::Map(map) => referred(&map.values),
            Shape::List(list) => referred(&list.items),
            _ => None,
        }
    }

    #[test]
    fn every_table_is_read_and_every_reference_leads_somewhere() {
        let schema = parse(FILES).unwrap();
        assert!(schema.kinds().count() >= 55);
        for object in schema.objects.values() {
            for (name, field) in &object.fields {
                let at = format!("{}.{name}", object.name);
                let target = referred(&field.shape).map(|name| {
                    schema
                        .object(name)
                        .unwrap_or_else(|| panic!("{at} refers to {name}, which is not there"))
                });
                if let Shape::List(list) = &field.shape {
                    let mut keys: Vec<&Arc<str>> = field.patch.merge.iter().flatten().collect();
                    if let ListKind::Map(more) = &list.kind {
                        keys.extend(more);
                    }
                    for key in keys {
                        assert!(target.unwrap().fields.contains_key(key), "{at} has no key {key}");
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_are_unique_within_a_message() {
        for object in parse(FILES).unwrap().objects.values() {
            let mut seen = std::collections::BTreeSet::new();
            for (name, field) in &object.fields {
                if let Some(number) = field.number {
                    assert!(seen.insert((field.embedded, number)), "{} {name}", object.name);
                }
            }
        }
    }

    #[test]
    fn a_line_says_all_there_is_to_a_field() {
        let schema = parse(FILES).unwrap();
        let container = schema.object("io.k8s.api.core.v1.Container").unwrap();
        let ports = &container.fields["ports"];
        assert_eq!(ports.number, Some(6));
        assert_eq!(ports.patch.merge, Some(Some("containerPort".into())));
        let Shape::List(list) = &ports.shape else {
            panic!("{ports:?}");
        };
        assert_eq!(
            list.kind,
            ListKind::Map(vec!["containerPort".into(), "protocol".into()])
        );
        let volume = schema.object("io.k8s.api.core.v1.Volume").unwrap();
        assert_eq!(volume.fields["configMap"].embedded, Some(2));
        assert_eq!(
            schema
                .kind(&Kind::of("rbac.authorization.k8s.io/v1", "Role"))
                .unwrap()
                .short_name(),
            "Role"
        );
    }

    #[test]
    fn bad_lines_are_named() {
        let refused = |text: &str| parse(&[text]).unwrap_err();
        assert_eq!(refused("type A"), TableError::Package("type A".to_owned()));
        assert_eq!(
            refused("package a b - v1\n  x 1 string"),
            TableError::NoType("  x 1 string".to_owned())
        );
        assert_eq!(
            refused("package a b - v1\ntype A\n  x y string"),
            TableError::Line("  x y string".to_owned())
        );
        assert_eq!(
            refused("package a b - v1\ntype A\n  x 1 z.B"),
            TableError::Alias("z".to_owned())
        );
    }
}
