//! CloudTrail records of STS and EKS.
//!
//! Source: "CloudTrail record contents" of the AWS CloudTrail User Guide.

use super::Read;
use super::Target;
use super::When;
use super::of_line;
use super::window;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::Diagnosis;
use crate::explain::Evidence;
use crate::explain::explain_client_error;
use crate::explain::fix::word;
use crate::explain::lint::tree::Node;

/// A record in the parts that count here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TrailRecord {
    source: String,
    event: String,
    error: String,
    message: String,
    /// Who asked.
    arn: String,
    key: String,
    /// The role that was to be assumed.
    role: String,
    /// Whose access entry it was about.
    principal: String,
    when: Option<When>,
}

impl TrailRecord {
    /// Nothing where the document is none of STS or EKS.
    pub(super) fn read(node: &Node) -> Option<Self> {
        let text = |name: &str| node.text_at(name).unwrap_or_default().to_owned();
        let (source, event) = (text("eventSource"), text("eventName"));
        if event.is_empty() || !["sts.amazonaws.com", "eks.amazonaws.com"].contains(&source.as_str()) {
            return None;
        }
        let identity = |name: &str| {
            let text = node.get("userIdentity").and_then(|identity| identity.text_at(name));
            text.unwrap_or_default().to_owned()
        };
        let parameter = |name: &str| {
            let text = node
                .get("requestParameters")
                .and_then(|parameters| parameters.text_at(name));
            text.unwrap_or_default().to_owned()
        };
        Some(Self {
            source,
            event,
            error: text("errorCode"),
            message: text("errorMessage"),
            arn: identity("arn"),
            key: identity("accessKeyId"),
            role: parameter("roleArn"),
            principal: parameter("principalArn"),
            when: node.text_at("eventTime").and_then(When::of),
        })
    }

    pub(super) fn diagnose(&self, number: usize, line: &str, target: &Target) -> Option<Read> {
        let mut diagnosis = if !self.error.is_empty() {
            self.failed(number, line, target)
        } else if self.event == "GetCallerIdentity" {
            let sentence = format!(
                "STS vouched for {} when it was asked: that is who signed the token, or ran get-caller-identity; whether a mapper of the \
                 cluster knows it, the record does not say",
                self.arn
            );
            let mut diagnosis = of_line(Certainty::NotKnown, sentence, number, line);
            diagnosis.look_at = window::authenticator_lines(target, self.when.as_ref());
            diagnosis
        } else {
            // It went well.
            return None;
        };
        for (name, value) in [
            ("userIdentity.arn", &self.arn),
            ("userIdentity.accessKeyId", &self.key),
            ("requestParameters.roleArn", &self.role),
            ("requestParameters.principalArn", &self.principal),
        ] {
            if !value.is_empty() {
                diagnosis.evidence.push(Evidence {
                    line: None,
                    text: format!("CloudTrail: {name} {value}"),
                });
            }
        }
        Some((diagnosis, self.when.clone()))
    }

    /// An error has the words that its client saw.
    fn failed(&self, number: usize, line: &str, target: &Target) -> Diagnosis {
        let Self {
            source,
            event,
            error,
            message,
            ..
        } = self;
        let printed = format!("An error occurred ({error}) when calling the {event} operation: {message}");
        match explain_client_error(&printed) {
            Some(explained) => {
                let mut diagnosis = of_line(Certainty::Named(explained.cause), explained.sentence, number, line);
                diagnosis.fix = target.fill(&explained.fix);
                // An ARN that AWS does not know is none to try again.
                if !self.principal.is_empty() && explained.cause != Cause::EntryPrincipalInvalid {
                    diagnosis.fix = diagnosis.fix.replace(
                        "--principal-arn ARN",
                        &format!("--principal-arn {}", word(&self.principal)),
                    );
                }
                if !self.role.is_empty() {
                    let name = self.role.rsplit('/').next().unwrap_or_default();
                    diagnosis.fix = diagnosis
                        .fix
                        .replace("--role-name ROLE", &format!("--role-name {}", word(name)));
                }
                diagnosis
            }
            None => {
                let sentence = format!(
                    "{source} refused {event} with {error}, which names no cause that is known here: {message}"
                );
                let mut diagnosis = of_line(Certainty::NotKnown, sentence, number, line);
                diagnosis.look_at = vec!["the record's errorMessage and requestParameters, in full".to_owned()];
                diagnosis
            }
        }
    }
}
