//! Policy documents, from their JSON to statements that are quick to evaluate.
//!
//! FIDELITY: of what IAM checks in a resource's ARN, the form and the partition are checked. Names of elements and
//! operators are taken in IAM's own spelling only. Sizes are not limited.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::MapAccess;
use serde::de::Visitor;

use super::condition;
use super::condition::Condition;
use super::condition::Operator;
use super::error::PolicyError;
use super::pattern::Pattern;
use crate::value::arn::Partition;

/// What a policy is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// A user, group, role or session, or a permissions boundary: no principals.
    Identity,
    /// A role, to say who may assume it: principals, no resources.
    Trust,
}

/// What a statement does where it applies.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// It allows, where nothing denies.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// A policy document, parsed. The default is one without statements, which allows nothing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct PolicyDocument {
    pub(super) statements: Vec<Statement>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Statement {
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) principals: Principals,
    /// Compared with actions in small letters.
    pub(super) actions: Element,
    pub(super) resources: Element,
    pub(super) conditions: Vec<Condition>,
}

/// An element that lists what is meant, or what is not.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) enum Element {
    AnyOf(Vec<Pattern>),
    NoneOf(Vec<Pattern>),
}

/// Whom a statement of a trust policy means. None in an identity policy.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Principals {
    pub(super) aws: Vec<String>,
    pub(super) federated: Vec<String>,
    pub(super) service: Vec<String>,
}

impl PolicyDocument {
    /// Reads a document in JSON.
    ///
    /// # Errors
    /// [`PolicyError`] with the message of MalformedPolicyDocument. Whether principals exist is not asked here.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, PolicyError> {
        match kind {
            PolicyKind::Identity => parse_identity(text),
            PolicyKind::Trust => {
                let file = TrustFile::parse(text)?;
                let statements = file.0.statements(Statement::of_trust)?;
                Ok(Self { statements })
            }
        }
    }

    /// One document with the statements of several, as the policies that are given for one session count.
    #[must_use]
    pub fn join<'a>(documents: impl IntoIterator<Item = &'a Self>) -> Self {
        let statements = documents.into_iter().flat_map(|document| &document.statements);
        Self {
            statements: statements.cloned().collect(),
        }
    }
}

/// The checks in the order in which IAM makes them, as far as it is known.
fn parse_identity(text: &str) -> Result<PolicyDocument, PolicyError> {
    let file: DocumentFile = serde_json::from_str(text).map_err(|_| PolicyError::Syntax)?;
    let statements = file.statement.as_ref().map(Listed::values).unwrap_or_default();
    if statements.is_empty() {
        return Err(PolicyError::Syntax);
    }
    for statement in statements {
        statement.check_identity_syntax()?;
    }
    match file.version.as_deref() {
        Some("2012-10-17") => {}
        Some("2008-10-17") | None => return Err(PolicyError::Version),
        Some(_) => return Err(PolicyError::Syntax),
    }
    if statements.iter().any(|statement| statement.fails_legacy_parsing()) {
        return Err(PolicyError::LegacyParsing);
    }
    if has_duplicate_sid(statements) {
        return Err(PolicyError::DuplicateSid);
    }
    if statements.iter().any(|statement| statement.actions().is_empty()) {
        return Err(PolicyError::MissingActions);
    }
    for resource in statements.iter().flat_map(|statement| statement.resources()) {
        check_resource(resource)?;
    }
    for action in statements.iter().flat_map(|statement| statement.actions()) {
        check_action(action)?;
    }
    if statements.iter().any(|statement| statement.resources().is_empty()) {
        return Err(PolicyError::MissingResources);
    }
    let statements = file.statements(Statement::of_identity)?;
    Ok(PolicyDocument { statements })
}

fn has_duplicate_sid(statements: &[StatementFile]) -> bool {
    let mut seen = BTreeSet::new();
    statements
        .iter()
        .filter_map(|statement| statement.sid.as_deref().filter(|sid| !sid.is_empty()))
        .any(|sid| !seen.insert(sid))
}

fn check_action(action: &str) -> Result<(), PolicyError> {
    if action == "*" {
        return Ok(());
    }
    let (vendor, name) = action.split_once(':').ok_or(PolicyError::ActionVendor)?;
    if name.contains(':') {
        return Err(PolicyError::ActionColons);
    }
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if vendor == "*" || (!vendor.is_empty() && vendor.chars().all(good)) {
        return Ok(());
    }
    Err(PolicyError::InvalidVendor {
        vendor: vendor.to_owned(),
    })
}

fn check_resource(resource: &str) -> Result<(), PolicyError> {
    if resource == "*" {
        return Ok(());
    }
    let mut sections = resource.splitn(6, ':').skip(1);
    let Some(partition) = sections.next() else {
        return Err(PolicyError::ResourceFormat {
            resource: resource.to_owned(),
        });
    };
    if partition != "*" && Partition::from_name(partition).is_none() {
        let rest: Vec<&str> = sections.chain(["*"; 4]).take(4).collect();
        return Err(PolicyError::ResourcePartition {
            partition: partition.to_owned(),
            resource: format!("arn:{partition}:{}", rest.join(":")),
        });
    }
    match sections.next() {
        Some(_) => Ok(()),
        None => Err(PolicyError::ResourceVendor),
    }
}

impl Statement {
    fn of_identity(file: &StatementFile, variables: bool) -> Result<Self, PolicyError> {
        let patterns = |texts: &[String]| -> Vec<Pattern> {
            texts
                .iter()
                .map(|text| Pattern::with_wildcards(text, variables))
                .collect()
        };
        Self::new(
            file,
            Principals::default(),
            match &file.not_resource {
                Some(not) => Element::NoneOf(patterns(not.values())),
                None => Element::AnyOf(patterns(file.resources())),
            },
            variables,
        )
    }

    fn of_trust(file: &StatementFile, variables: bool) -> Result<Self, PolicyError> {
        let mut principals = Principals::default();
        for (kind, values) in file.principal.as_ref().map(PrincipalFile::kinds).unwrap_or_default() {
            let list = match kind {
                "AWS" => &mut principals.aws,
                "Federated" => &mut principals.federated,
                _ => &mut principals.service,
            };
            list.extend(values.iter().cloned());
        }
        let any = Element::AnyOf(vec![Pattern::with_wildcards("*", false)]);
        Self::new(file, principals, any, variables)
    }

    fn new(
        file: &StatementFile,
        principals: Principals,
        resources: Element,
        variables: bool,
    ) -> Result<Self, PolicyError> {
        let actions: Vec<Pattern> = file.actions().iter().map(|action| Pattern::action(action)).collect();
        let mut conditions = Vec::new();
        for (operator, keys) in file.conditions() {
            for (key, wanted) in &keys.0 {
                let operator = Operator::parse(operator).ok_or(PolicyError::Syntax)?;
                conditions.push(Condition::new(operator, key, &Scalar::texts(wanted), variables));
            }
        }
        Ok(Self {
            sid: file.sid.clone().filter(|sid| !sid.is_empty()),
            effect: match file.effect.as_deref() {
                Some("Allow") => Effect::Allow,
                _ => Effect::Deny,
            },
            principals,
            actions: match &file.not_action {
                Some(_) => Element::NoneOf(actions),
                None => Element::AnyOf(actions),
            },
            resources,
            conditions,
        })
    }
}

// The JSON as it is written, and as a trust policy is written back.

/// A trust policy that has passed the checks.
#[derive(Debug)]
pub(super) struct TrustFile(DocumentFile);

impl TrustFile {
    pub(super) fn parse(text: &str) -> Result<Self, PolicyError> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|_| PolicyError::InvalidJson)?;
        if !value.is_object() {
            return Err(PolicyError::Syntax);
        }
        let file: DocumentFile = serde_json::from_str(text).map_err(|_| PolicyError::Syntax)?;
        if !matches!(file.version.as_deref(), Some("2012-10-17" | "2008-10-17") | None) {
            return Err(PolicyError::TrustVersion);
        }
        let statements = file.statement.as_ref().map(Listed::values).unwrap_or_default();
        if statements.is_empty() {
            return Err(PolicyError::EmptyStatement);
        }
        for statement in statements {
            statement.check_trust()?;
        }
        if has_duplicate_sid(statements) {
            return Err(PolicyError::DuplicateTrustSid);
        }
        Ok(Self(file))
    }

    /// The document with each AWS principal that `replace` has another text for shown by that.
    pub(super) fn render(mut self, replace: impl Fn(&str) -> Option<String>) -> String {
        let statements = self.0.statement.as_mut().map(Listed::values_mut).unwrap_or_default();
        for statement in statements {
            let Some(PrincipalFile::Kinds(kinds)) = &mut statement.principal else {
                continue;
            };
            let aws = kinds.0.iter_mut().filter(|(kind, _)| kind == "AWS");
            for principal in aws.flat_map(|(_, values)| values.values_mut()) {
                if let Some(other) = replace(principal) {
                    *principal = other;
                }
            }
        }
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct DocumentFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    statement: Option<Listed<StatementFile>>,
}

impl DocumentFile {
    fn statements(
        &self,
        read: impl Fn(&StatementFile, bool) -> Result<Statement, PolicyError>,
    ) -> Result<Vec<Statement>, PolicyError> {
        // Policy variables came with the version of 2012.
        let variables = self.version.as_deref() == Some("2012-10-17");
        let statements = self.statement.as_ref().map(Listed::values).unwrap_or_default();
        statements.iter().map(|statement| read(statement, variables)).collect()
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct StatementFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<PrincipalFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_principal: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Listed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<Listed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Listed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<Listed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Entries<Entries<Listed<Scalar>>>>,
}

impl StatementFile {
    /// What Action or NotAction lists.
    fn actions(&self) -> &[String] {
        let listed = self.action.as_ref().or(self.not_action.as_ref());
        listed.map(Listed::values).unwrap_or_default()
    }

    /// What Resource or NotResource lists.
    fn resources(&self) -> &[String] {
        let listed = self.resource.as_ref().or(self.not_resource.as_ref());
        listed.map(Listed::values).unwrap_or_default()
    }

    fn conditions(&self) -> &[(String, Entries<Listed<Scalar>>)] {
        self.condition
            .as_ref()
            .map(|entries| entries.0.as_slice())
            .unwrap_or_default()
    }

    /// Whether an operator with keys is none of IAM's.
    fn has_unknown_operator(&self) -> bool {
        self.conditions()
            .iter()
            .any(|(operator, keys)| !keys.0.is_empty() && Operator::parse(operator).is_none())
    }

    fn check_identity_syntax(&self) -> Result<(), PolicyError> {
        if self.principal.is_some() || self.not_principal.is_some() {
            return Err(PolicyError::PrincipalNotAllowed);
        }
        let good_effect = self
            .effect
            .as_ref()
            .is_some_and(|effect| ["allow", "deny"].contains(&effect.to_lowercase().as_str()));
        let both = (self.action.is_some() && self.not_action.is_some())
            || (self.resource.is_some() && self.not_resource.is_some());
        if !good_effect || both || self.has_unknown_operator() {
            return Err(PolicyError::Syntax);
        }
        Ok(())
    }

    /// An effect in other letters, a resource with too few sections, a date that is none.
    fn fails_legacy_parsing(&self) -> bool {
        let bad_resource = |resource: &String| resource.matches(':').count() < 5 && resource.contains("::");
        let mut dates = self
            .conditions()
            .iter()
            .filter(|(operator, _)| Operator::parse(operator).is_some_and(Operator::is_of_dates));
        !matches!(self.effect.as_deref(), Some("Allow" | "Deny"))
            || self
                .resources()
                .iter()
                .any(|resource| check_resource(resource).is_ok() && bad_resource(resource))
            || dates.any(|(_, keys)| {
                keys.0
                    .iter()
                    .flat_map(|(_, values)| Scalar::texts(values))
                    .any(|value| !value.contains("${") && condition::parse_date(&value).is_none())
            })
    }

    fn check_trust(&self) -> Result<(), PolicyError> {
        match self.effect.as_deref() {
            Some("Allow" | "Deny") => {}
            None => return Err(PolicyError::MissingField { field: "Effect" }),
            Some(got) => return Err(PolicyError::InvalidEffect { got: got.to_owned() }),
        }
        if self.not_principal.is_some() {
            return Err(PolicyError::NotPrincipal);
        }
        let missing = |field| PolicyError::MissingField { field };
        let principal = self.principal.as_ref().ok_or_else(|| missing("Principal"))?;
        if matches!(principal, PrincipalFile::All(all) if all != "*") {
            return Err(PolicyError::PrincipalNotObject);
        }
        let kinds = principal.kinds();
        if kinds.iter().all(|(_, values)| values.is_empty()) {
            return Err(PolicyError::EmptyPrincipal);
        }
        for (kind, values) in kinds {
            if !["AWS", "Federated", "Service"].contains(&kind) {
                return Err(PolicyError::InvalidPrincipal {
                    kind: kind.to_owned(),
                    value: values.first().cloned().unwrap_or_default(),
                });
            }
        }
        if self.action.is_some() && self.not_action.is_some() || self.has_unknown_operator() {
            return Err(PolicyError::Syntax);
        }
        if self.actions().is_empty() {
            return Err(missing("Action"));
        }
        if self
            .actions()
            .iter()
            .any(|action| !action.to_lowercase().starts_with("sts:"))
        {
            return Err(PolicyError::NotStsAction);
        }
        match (&self.resource, &self.not_resource) {
            (Some(_), _) => Err(PolicyError::ProhibitedField { field: "Resource" }),
            (None, Some(_)) => Err(PolicyError::ProhibitedField { field: "NotResource" }),
            (None, None) => Ok(()),
        }
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum PrincipalFile {
    /// `*`, which stands for `{"AWS": "*"}`.
    All(String),
    Kinds(Entries<Listed<String>>),
}

impl PrincipalFile {
    fn kinds(&self) -> Vec<(&str, &[String])> {
        match self {
            Self::All(all) => vec![("AWS", std::slice::from_ref(all))],
            Self::Kinds(kinds) => kinds
                .0
                .iter()
                .map(|(kind, values)| (kind.as_str(), values.values()))
                .collect(),
        }
    }
}

/// A list, or a single value, which counts as a list of one.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Listed<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> Listed<T> {
    fn values(&self) -> &[T] {
        match self {
            Self::Many(values) => values,
            Self::One(value) => std::slice::from_ref(value),
        }
    }

    fn values_mut(&mut self) -> &mut [T] {
        match self {
            Self::Many(values) => values,
            Self::One(value) => std::slice::from_mut(value),
        }
    }
}

/// A condition's value, which JSON may have as a string, a Boolean or a number.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
}

impl Scalar {
    fn texts(values: &Listed<Self>) -> Vec<String> {
        let text = |value: &Self| match value {
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        };
        values.values().iter().map(text).collect()
    }
}

/// The members of an object in their order; of two with one name, both are kept.
#[derive(Debug)]
struct Entries<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Members<V> {
            type Value = Entries<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

impl<V: Serialize> Serialize for Entries<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
