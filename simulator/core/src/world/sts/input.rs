//! The parameters of STS operations, checked as the service's model has it: all faults are reported at once.
//!
//! Source: botocore's model of 2011-06-15 for bounds and patterns; the wording is what STS answers.

use std::sync::Arc;

use super::WireError;
use super::validation_error;
use crate::aws::iam::Directory;
use crate::aws::iam::SessionFacts;
use crate::aws::iam::is_of_aws;
use crate::aws::iam_policy::PolicyDocument;
use crate::aws::iam_policy::PolicyKind;
use crate::value::arn::AccountId;
use crate::value::constraint;

/// Bytes of session policies and tags that fill the packed form.
///
/// FIDELITY: AWS does not tell how it packs; its limit is of another form, so that the percentage is an estimate.
const PACKED_BYTES: usize = 4096;
/// Characters that an inline session policy and its managed policies' ARNs may have together (STS API reference).
const POLICY_CHARACTERS: usize = 2048;
/// Managed policies that may narrow one session (STS API reference).
const POLICY_ARNS: usize = 10;
/// Tags of one session.
const TAGS: usize = 50;

/// What the model asks of a text.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) pattern: Option<Pattern>,
}

/// The characters of a text.
#[derive(Clone, Copy)]
pub(super) struct Pattern {
    /// As messages show it.
    text: &'static str,
    allows: fn(char) -> bool,
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

const NAME: Pattern = Pattern {
    text: r"[\w+=,.@-]*",
    allows: |c| is_word(c) || "+=,.@-".contains(c),
};
const TAG_PATTERN: fn(char) -> bool = |c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);

pub(super) const ROLE_ARN: Rule = Rule {
    least: 20,
    most: 2048,
    pattern: None,
};
pub(super) const SESSION_NAME: Rule = Rule {
    least: 2,
    most: 64,
    pattern: Some(NAME),
};
pub(super) const FEDERATED_NAME: Rule = Rule {
    least: 2,
    most: 32,
    pattern: Some(NAME),
};
pub(super) const EXTERNAL_ID: Rule = Rule {
    least: 2,
    most: 1224,
    pattern: Some(Pattern {
        text: r"[\w+=,.@:\/-]*",
        allows: |c| is_word(c) || "+=,.@:/-".contains(c),
    }),
};
pub(super) const SERIAL_NUMBER: Rule = Rule {
    least: 9,
    most: 256,
    pattern: Some(Pattern {
        text: r"[\w+=/:,.@-]*",
        allows: |c| is_word(c) || "+=/:,.@-".contains(c),
    }),
};
pub(super) const TOKEN_CODE: Rule = Rule {
    least: 6,
    most: 6,
    pattern: Some(Pattern {
        text: r"[\d]*",
        allows: |c| c.is_ascii_digit(),
    }),
};
pub(super) const ACCESS_KEY_ID: Rule = Rule {
    least: 16,
    most: 128,
    pattern: Some(Pattern {
        text: r"[\w]*",
        allows: is_word,
    }),
};
pub(super) const ENCODED_MESSAGE: Rule = Rule {
    least: 1,
    most: 10_240,
    pattern: None,
};
pub(super) const WEB_IDENTITY_TOKEN: Rule = Rule {
    least: 4,
    most: 20_000,
    pattern: None,
};
pub(super) const PROVIDER_ID: Rule = Rule {
    least: 4,
    most: 2048,
    pattern: None,
};
const POLICY: Rule = Rule {
    least: 1,
    most: usize::MAX,
    pattern: Some(Pattern {
        text: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
        allows: |c| "\t\n\r".contains(c) || ('\u{20}'..='\u{ff}').contains(&c),
    }),
};
const POLICY_ARN: Rule = Rule {
    least: 20,
    most: 2048,
    pattern: None,
};
const TAG_KEY: Rule = Rule {
    least: 1,
    most: 128,
    pattern: Some(Pattern {
        text: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+",
        allows: TAG_PATTERN,
    }),
};
const TAG_VALUE: Rule = Rule {
    least: 0,
    most: 256,
    pattern: Some(Pattern {
        text: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*",
        allows: TAG_PATTERN,
    }),
};

/// What is wrong with a request so far.
#[derive(Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, value: Option<&str>, member: &str, wanted: &str) {
        self.0.push(constraint::fault(value, member, wanted));
    }

    /// A text that must be there; where it is not, the fault is noted and an empty one stands for it.
    pub(super) fn required<'a>(&mut self, value: Option<&'a str>, member: &str, rule: Rule) -> &'a str {
        if value.is_none() {
            self.0.push(constraint::missing(member));
        }
        self.optional(value, member, rule).unwrap_or_default()
    }

    /// The same for a text that the model calls sensitive, which messages do not show.
    pub(super) fn required_secret<'a>(&mut self, value: Option<&'a str>, member: &str, rule: Rule) -> &'a str {
        let Some(text) = value else {
            return self.required(None, member, rule);
        };
        if let Some(wanted) = constraint::of_length(text.chars().count(), rule.least, rule.most) {
            self.0.push(constraint::secret_fault(member, &wanted));
        }
        text
    }

    /// A text that may be absent.
    pub(super) fn optional<'a>(&mut self, value: Option<&'a str>, member: &str, rule: Rule) -> Option<&'a str> {
        let text = value?;
        if let Some(constraint) = constraint::of_length(text.chars().count(), rule.least, rule.most) {
            self.add(value, member, &constraint);
        }
        if let Some(pattern) = rule.pattern.filter(|pattern| !text.chars().all(pattern.allows)) {
            let constraint = format!("Member must satisfy regular expression pattern: {}", pattern.text);
            self.add(value, member, &constraint);
        }
        value
    }

    /// `DurationSeconds` from 900 to `most`.
    pub(super) fn duration(&mut self, value: Option<&str>, default: u32, most: u32) -> u32 {
        let Some(text) = value else {
            return default;
        };
        let Ok(seconds) = text.parse::<u32>() else {
            self.add(value, "durationSeconds", "Member must be an integer");
            return default;
        };
        if let Some(constraint) = constraint::of_value(seconds, 900, most) {
            self.add(value, "durationSeconds", &constraint);
        }
        seconds
    }

    fn at_most<T>(&mut self, list: &[T], most: usize, member: &str) {
        if let Some(constraint) = constraint::of_length(list.len(), 0, most) {
            self.add(Some(&format!("[{} members]", list.len())), member, &constraint);
        }
    }

    /// # Errors
    /// ValidationError, where anything is wrong.
    pub(super) fn finish(self) -> Result<(), WireError> {
        match constraint::message(&self.0) {
            Some(message) => Err(validation_error(message)),
            None => Ok(()),
        }
    }
}

/// What narrows or marks a session, as it came.
#[derive(Clone, Debug, Default)]
pub struct SessionParameters<'a> {
    /// `Policy`.
    pub policy: Option<&'a str>,
    /// `PolicyArns`.
    pub policy_arns: Vec<&'a str>,
    /// `Tags`, keys with values.
    pub tags: Vec<(&'a str, &'a str)>,
    /// `TransitiveTagKeys`.
    pub transitive_tag_keys: Vec<&'a str>,
    /// `SourceIdentity`.
    pub source_identity: Option<&'a str>,
}

impl SessionParameters<'_> {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.optional(self.policy, "policy", POLICY);
        faults.at_most(&self.policy_arns, POLICY_ARNS, "policyArns");
        for (at, arn) in (1..).zip(&self.policy_arns) {
            faults.optional(Some(arn), &format!("policyArns.{at}.member.arn"), POLICY_ARN);
        }
        faults.at_most(&self.tags, TAGS, "tags");
        for (at, (key, value)) in (1..).zip(&self.tags) {
            faults.optional(Some(key), &format!("tags.{at}.member.key"), TAG_KEY);
            faults.optional(Some(value), &format!("tags.{at}.member.value"), TAG_VALUE);
        }
        faults.at_most(&self.transitive_tag_keys, TAGS, "transitiveTagKeys");
        for (at, key) in (1..).zip(&self.transitive_tag_keys) {
            faults.optional(Some(key), &format!("transitiveTagKeys.{at}.member"), TAG_KEY);
        }
        faults.optional(self.source_identity, "sourceIdentity", SESSION_NAME);
    }

    /// What a session keeps of them, with the size of the packed policies and tags in percent, where there are some.
    ///
    /// # Errors
    /// MalformedPolicyDocument, PackedPolicyTooLarge, InvalidParameterValue.
    pub(super) fn facts(&self) -> Result<(SessionFacts, Option<usize>), WireError> {
        let policy = self.inline_policy()?;
        let mut seen: Vec<String> = self.tags.iter().map(|(key, _)| key.to_lowercase()).collect();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() < self.tags.len() {
            let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(error("InvalidParameterValue", message));
        }
        let policies = self.policy.map_or(0, str::len) + self.policy_arns.iter().map(|arn| arn.len()).sum::<usize>();
        let tags: usize = self.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        let percent = ((policies + tags) * 100).div_ceil(PACKED_BYTES);
        if policies > POLICY_CHARACTERS || percent > 100 {
            let percent = percent.max(policies.saturating_mul(100) / POLICY_CHARACTERS);
            let message = format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.");
            return Err(error("PackedPolicyTooLarge", message));
        }
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let facts = SessionFacts {
            policy,
            policy_arns: owned(&self.policy_arns),
            tags: self
                .tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            transitive_tag_keys: owned(&self.transitive_tag_keys),
            source_identity: self.source_identity.map(str::to_owned),
            ..SessionFacts::default()
        };
        Ok((facts, (policies + tags > 0).then_some(percent)))
    }

    /// That the managed policies are there, in the account that the session is of.
    ///
    /// FIDELITY: AWS does not say how STS refuses one that is not there; the words are IAM's for a policy that cannot be
    /// attached. AWS's own that are not known here are taken, and allow nothing.
    ///
    /// # Errors
    /// ValidationError.
    pub(super) fn check_managed(&self, directory: &Directory, account: &AccountId) -> Result<(), WireError> {
        let is_there = |arn: &str| is_of_aws(arn) || directory.document(account, arn).is_some();
        match self.policy_arns.iter().find(|arn| !is_there(arn)) {
            Some(arn) => Err(validation_error(format!(
                "Policy {arn} does not exist or is not attachable."
            ))),
            None => Ok(()),
        }
    }

    fn inline_policy(&self) -> Result<Option<Arc<PolicyDocument>>, WireError> {
        let parse = |text| PolicyDocument::parse(text, PolicyKind::Identity).map(Arc::new);
        let parsed = self.policy.map(parse).transpose();
        parsed.map_err(|refusal| error("MalformedPolicyDocument", refusal.to_string()))
    }
}

fn error(code: &'static str, message: impl Into<String>) -> WireError {
    WireError {
        code,
        status: 400,
        message: message.into(),
    }
}
