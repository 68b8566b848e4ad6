//! What the ARN in a mapping or entry names, or why it names nothing.

use std::collections::BTreeMap;

use crate::value::arn::Arn;
use crate::value::arn::Partition;
use crate::value::spelling::differ_by;

/// An ARN that has the form of one.
pub(super) struct Named {
    pub(super) arn: Arn,
    pub(super) kind: ArnKind,
    /// Between the kind and the name, without slashes at its ends.
    pub(super) path: String,
    /// The last part of the resource.
    pub(super) name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArnKind {
    FederatedUser,
    Group,
    InstanceProfile,
    Other,
    Role,
    Root,
    Session,
    User,
}

/// Why a text is no ARN that a principal could have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    AccountId(String),
    Malformed(&'static str),
    NotAscii(char),
    Partition(String),
    WhiteSpace,
    Wildcard,
}

/// Reads it without regard to case, as mappings are compared.
pub(super) fn read(text: &str) -> Result<Named, Fault> {
    if text.chars().any(char::is_whitespace) {
        return Err(Fault::WhiteSpace);
    }
    if let Some(character) = text.chars().find(|character| !character.is_ascii_graphic()) {
        return Err(Fault::NotAscii(character));
    }
    if text.contains(['*', '?']) {
        return Err(Fault::Wildcard);
    }
    let lower = Arn::parse(&text.to_lowercase()).map_err(|_| {
        Fault::Malformed(if text.to_lowercase().starts_with("arn:") {
            "it has fewer than six sections"
        } else {
            "it does not begin with `arn:`"
        })
    })?;
    let mut sections = text.splitn(6, ':');
    let mut section = || sections.next().unwrap_or_default().to_owned();
    let (_, partition, service, region, account_id, resource) =
        (section(), section(), section(), section(), section(), section());
    if Partition::from_name(&lower.partition).is_none() {
        return Err(Fault::Partition(partition));
    }
    if !matches!(lower.service.as_str(), "iam" | "sts") {
        return Err(Fault::Malformed("its service is neither iam nor sts"));
    }
    if !region.is_empty() {
        return Err(Fault::Malformed("it names a region, which IAM has none of"));
    }
    if account_id.len() != 12 || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::AccountId(account_id));
    }
    let (word, rest) = resource.split_once('/').unwrap_or((&resource, ""));
    let (path, name) = rest.rsplit_once('/').unwrap_or(("", rest));
    let kind = match (lower.service.as_str(), word.to_lowercase().as_str()) {
        ("iam", "root") if rest.is_empty() => ArnKind::Root,
        ("iam", "role") => ArnKind::Role,
        ("iam", "user") => ArnKind::User,
        ("iam", "instance-profile") => ArnKind::InstanceProfile,
        ("iam", "group") => ArnKind::Group,
        ("sts", "assumed-role") => ArnKind::Session,
        ("sts", "federated-user") => ArnKind::FederatedUser,
        _ => ArnKind::Other,
    };
    if name.is_empty() && !matches!(kind, ArnKind::Root | ArnKind::Other) {
        return Err(Fault::Malformed("it names nobody"));
    }
    Ok(Named {
        path: path.trim_matches('/').to_owned(),
        name: name.to_owned(),
        kind,
        arn: Arn {
            partition,
            service,
            region,
            account_id,
            resource,
        },
    })
}

impl Named {
    /// The ARN of the role behind a session or with a path: as STS shows it.
    pub(super) fn role_without_path(&self) -> String {
        let role = match self.kind {
            ArnKind::Session => self.path.rsplit('/').next().unwrap_or_default(),
            _ => &self.name,
        };
        format!("arn:{}:iam::{}:role/{role}", self.arn.partition, self.arn.account_id)
    }
}

/// The templates that a username or group may hold.
pub(super) const TEMPLATES: [&str; 5] = [
    "{{AccessKeyID}}",
    "{{AccountID}}",
    "{{EC2PrivateDNSName}}",
    "{{SessionName}}",
    "{{SessionNameRaw}}",
];

/// The first `{{…}}` that is no template.
pub(super) fn unknown_template(text: &str) -> Option<String> {
    let mut rest = text.to_owned();
    for template in TEMPLATES {
        rest = rest.replace(template, "");
    }
    let (_, tail) = rest.split_once("{{")?;
    let inner = tail.split_once("}}").map_or(tail, |(inner, _)| inner);
    let end = if tail.contains("}}") { "}}" } else { "" };
    Some(format!("{{{{{inner}{end}"))
}

/// Whether two words differ by at most two letters put in, left out or exchanged.
pub(super) fn is_near(a: &str, b: &str) -> bool {
    differ_by(2, a, b)
}

/// Looks for names that are nearly those that are written, as long as that is soon done.
pub(super) struct Suggestions<'a> {
    known: Vec<&'a str>,
    /// What was looked for before.
    found: BTreeMap<String, Option<&'a str>>,
    /// How many letters may still be compared.
    letters: usize,
}

/// So many letters are compared for suggestions among one kind of names; what is looked for behind that has none. It is
/// enough for some hundred wrong names among some hundred that are known.
const SUGGESTION_LETTERS: usize = 4_000_000;

impl<'a> Suggestions<'a> {
    pub(super) fn new(known: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            known: known.into_iter().collect(),
            found: BTreeMap::new(),
            letters: SUGGESTION_LETTERS,
        }
    }

    /// The first of the known names that is near.
    pub(super) fn nearest(&mut self, name: &str) -> Option<&'a str> {
        if let Some(found) = self.found.get(name) {
            return *found;
        }
        let mut found = None;
        for known in &self.known {
            let letters = known.len().min(name.len()).saturating_add(1);
            let Some(rest) = self.letters.checked_sub(letters) else {
                self.letters = 0;
                break;
            };
            self.letters = rest;
            if is_near(name, known) {
                found = Some(*known);
                break;
            }
        }
        self.found.insert(name.to_owned(), found);
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By the table of all distances.
    fn by_definition(a: &str, b: &str) -> bool {
        let b: Vec<char> = b.chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (at, left) in (1..).zip(a.chars()) {
            let mut next = vec![at];
            for (place, right) in b.iter().enumerate() {
                let change = row[place] + usize::from(left != *right);
                next.push(change.min(row[place + 1] + 1).min(next[place] + 1));
            }
            row = next;
        }
        row[b.len()] <= 2
    }

    proptest! {
        #[test]
        fn near_words_are_those_of_the_definition(a in "[abö]{0,7}", b in "[abö]{0,7}") {
            prop_assert_eq!(is_near(&a, &b), by_definition(&a, &b), "{} {}", a, b);
        }
    }

    /// A table of distances would have 10^11 cells.
    #[test]
    fn long_words_are_compared_in_time_linear_in_them() {
        let long = "a".repeat(300_000);
        assert!(is_near(&format!("{long}bc"), &long));
        assert!(!is_near(&format!("{long}bcd"), &long));
        assert!(is_near(&format!("x{long}"), &format!("{long}y")));
    }

    #[test]
    fn suggestions_are_the_first_near_name_and_end_where_there_are_too_many() {
        let mut few = Suggestions::new(["stage", "prod", "prof"]);
        assert_eq!(few.nearest("prod1"), Some("prod"));
        assert_eq!(few.nearest("test"), None);
        let names: Vec<String> = (0..20_000)
            .map(|at| format!("arn:aws:eks:us-west-2:111122223333:cluster/{at:08}"))
            .collect();
        let mut many = Suggestions::new(names.iter().map(String::as_str));
        for at in 0..20_000 {
            let _ = many.nearest(&format!("arn:aws:eks:us-west-2:111122223333:cluster/other-{at}"));
        }
        assert_eq!(many.letters, 0);
        assert_eq!(many.nearest(&names[0]), None);
    }
}
