//! What artifacts say of one principal: mapped, not mapped, or not known.

use std::fmt::Write;

use super::Finding;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::explain::Explanation;
use crate::value::printable;

/// Whether a principal is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// The artifacts map it.
    Yes,
    /// They do not, and nothing that is missing could.
    No,
    /// It hangs on what they do not say.
    NotKnown,
}

/// What becomes of a principal in an authentication mode that the cluster may be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByMode {
    /// The mode.
    pub mode: AuthenticationMode,
    /// Whether it is mapped in it.
    pub mapped: Mapped,
    /// What `explain` says by what is known. Where that is not enough, its denial is no verdict.
    pub explanation: Explanation,
}

/// What artifacts say of a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalExplanation {
    /// The cluster's name, or a word that stands for it.
    pub cluster: String,
    /// In all modes that the cluster may be in.
    pub mapped: Mapped,
    /// In each of them, at least one.
    pub answers: Vec<ByMode>,
    /// What no artifact says, and what would.
    pub not_known: Vec<String>,
    /// What is to be said of the artifacts; none is an error.
    pub findings: Vec<Finding>,
}

impl PrincipalExplanation {
    /// The one explanation, where there is a verdict and no mode changes it.
    #[must_use]
    pub fn verdict(&self) -> Option<&Explanation> {
        let (first, others) = self.answers.split_first()?;
        let is_one = others.iter().all(|other| other.explanation == first.explanation);
        (is_one && self.mapped != Mapped::NotKnown).then_some(&first.explanation)
    }

    /// The whole for a terminal.
    #[must_use]
    pub fn render_text(&self) -> String {
        let mut text = String::new();
        match self.verdict() {
            Some(explanation) => text.push_str(&explanation.render_text()),
            None => self.render_modes(&mut text),
        }
        if !self.not_known.is_empty() {
            text.push_str("\nnot known:\n");
        }
        for fact in &self.not_known {
            let _ = writeln!(text, "  {}", printable::line(fact));
        }
        text
    }

    /// One paragraph for the modes of which the same is to be said.
    fn render_modes(&self, text: &mut String) {
        text.push_str(match self.mapped {
            Mapped::Yes => "it is mapped\n",
            Mapped::No => "it is not mapped\n",
            Mapped::NotKnown => "whether it is mapped is not known from these files\n",
        });
        let mut paragraphs: Vec<(Vec<&str>, String)> = Vec::new();
        for answer in &self.answers {
            let said = answer.render();
            match paragraphs.iter_mut().find(|(_, known)| *known == said) {
                Some((modes, _)) => modes.push(answer.mode.as_str()),
                None => paragraphs.push((vec![answer.mode.as_str()], said)),
            }
        }
        for (modes, said) in paragraphs {
            let _ = write!(text, "\nin authentication mode {}{said}", modes.join(" or "));
        }
    }
}

impl ByMode {
    fn render(&self) -> String {
        let explanation = &self.explanation;
        let mut text = match self.mapped {
            Mapped::NotKnown => ": what is missing may map it; by what was given,\n",
            Mapped::Yes | Mapped::No => ":\n",
        }
        .to_owned();
        let sentence = printable::line(&explanation.sentence);
        let _ = writeln!(text, "  {sentence}\n  cause: {}", explanation.cause.id());
        for fact in &explanation.evidence {
            let _ = writeln!(text, "  evidence: {}", printable::line(fact));
        }
        if !explanation.fix.is_empty() {
            let _ = writeln!(text, "  fix: {}", printable::line(&explanation.fix));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scenario::import::Artifact;
    use crate::scenario::import::ArtifactKind;
    use crate::scenario::import::Refusal;
    use crate::scenario::import::explain_principal;

    const AWS_AUTH: &str = "data:\n  mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:role/dev\n      username: dev:{{SessionName}}\n      groups: [devs]\n    - rolearn: arn:aws:iam::111122223333:role/team/ops\n      username: ops\n  mapUsers: |\n    - userarn: arn:aws:iam::111122223333:user/jane\n      username: jane\n      groups: [system:masters]\n";
    const LIST: &str = r#"{"accessEntries": ["arn:aws:iam::111122223333:role/team/ops"]}"#;
    const ENTRY: &str = r#"{"accessEntry": {"clusterName": "prod", "principalArn": "arn:aws:iam::111122223333:role/team/ops", "kubernetesGroups": ["ops"], "username": "ops-user", "type": "STANDARD", "createdAt": "2026-01-01T00:00:00+00:00"}}"#;

    fn described(mode: &str) -> String {
        format!(
            r#"{{"cluster": {{"name": "prod", "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod", "accessConfig": {{"authenticationMode": "{mode}"}}}}}}"#
        )
    }

    fn explain(principal: &str, texts: &[(ArtifactKind, &str)]) -> Result<PrincipalExplanation, Refusal> {
        let artifacts: Vec<Artifact> = texts
            .iter()
            .map(|(kind, text)| Artifact {
                file: kind.to_string(),
                text: (*text).to_owned(),
                kind: Some(*kind),
            })
            .collect();
        explain_principal(principal, &artifacts)
    }

    #[track_caller]
    fn check(principal: &str, texts: &[(ArtifactKind, &str)], mapped: Mapped, says: &[&str]) -> String {
        let explained = explain(principal, texts).unwrap();
        let text = explained.render_text();
        assert_eq!(explained.mapped, mapped, "{text}");
        for said in says {
            assert!(text.contains(said), "`{said}` is not in\n{text}");
        }
        // Unique ids are made up, and so is the creator.
        for made_up in ["AROA", "AIDA", "cluster-creator"] {
            assert!(!text.contains(made_up), "{text}");
        }
        text
    }

    #[test]
    fn what_the_files_say_is_a_verdict_and_what_they_lack_is_named() {
        let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
        let (config_map, both, api) = (
            described("CONFIG_MAP"),
            described("API_AND_CONFIG_MAP"),
            described("API"),
        );
        let aws_auth = (ArtifactKind::AwsAuth, AWS_AUTH);
        let (config_map, both, api) = (
            (ArtifactKind::Cluster, config_map.as_str()),
            (ArtifactKind::Cluster, both.as_str()),
            (ArtifactKind::Cluster, api.as_str()),
        );
        let (list, entry) = (
            (ArtifactKind::AccessEntries, LIST),
            (ArtifactKind::AccessEntries, ENTRY),
        );
        let jane = "arn:aws:iam::111122223333:user/jane";
        let text = check(
            jane,
            &[aws_auth, config_map],
            Mapped::Yes,
            &["user/jane is jane in [system:masters]"],
        );
        assert!(!text.contains("not known"), "{text}");
        // The session of a role's own ARN is not known.
        check(
            &role("dev"),
            &[aws_auth, config_map],
            Mapped::Yes,
            &["dev:SESSION", "the session's name"],
        );
        let session = "arn:aws:sts::111122223333:assumed-role/dev/me";
        let text = check(session, &[aws_auth, config_map], Mapped::Yes, &["is dev:me in [devs]"]);
        assert!(!text.contains("SESSION"), "{text}");
        // Nobody else is mapped, unless it is the hidden creator.
        let says = [
            "cause: identity-not-mapped",
            "who created the cluster",
            "add `rolearn: ",
        ];
        check(&role("none"), &[aws_auth, config_map], Mapped::No, &says);
        check(
            &role("ops"),
            &[aws_auth, config_map],
            Mapped::No,
            &["cause: mapped-with-path"],
        );
        // The made-up creator is nobody.
        let creator = explain(
            "arn:aws:iam::111122223333:user/cluster-creator",
            &[aws_auth, config_map],
        );
        assert_eq!(creator.unwrap().mapped, Mapped::No);
        let creator = explain("arn:aws:iam::111122223333:user/cluster-creator", &[list, api]);
        assert_eq!(creator.unwrap().mapped, Mapped::No);
        // Without the entries nothing is known of a principal that aws-auth does not have.
        let says = ["role/none has an access entry: give `aws eks list-access-entries`"];
        let text = check(&role("none"), &[aws_auth, both], Mapped::NotKnown, &says);
        assert!(!text.contains("0 principals"), "{text}");
        check(&role("none"), &[aws_auth, both, entry], Mapped::NotKnown, &says);
        check(
            &role("none"),
            &[aws_auth, both, list],
            Mapped::No,
            &["1 principals have access entries"],
        );
        check(
            &role("none"),
            &[both, list],
            Mapped::NotKnown,
            &["aws-auth: give `kubectl"],
        );
        check(
            &role("none"),
            &[api, list],
            Mapped::No,
            &["--cluster-name prod --region eu-west-1 --principal-arn"],
        );
        check(
            &role("dev"),
            &[aws_auth, api, list],
            Mapped::No,
            &["cause: aws-auth-ignored"],
        );
        // An entry that is only listed does not say as whom.
        let says = [
            "role/ops has an access entry\n",
            "the entry's username",
            "deleted and recreated",
        ];
        check(&role("team/ops"), &[api, list], Mapped::Yes, &says);
        let text = check(&role("team/ops"), &[api, entry], Mapped::Yes, &["is ops-user in [ops]"]);
        assert!(!text.contains("the entry's username"), "{text}");
        check(
            "arn:aws:sts::111122223333:assumed-role/ops/me",
            &[both, entry],
            Mapped::Yes,
            &["ops-user"],
        );
        // Each mode that is left is tried.
        let says = [
            "in authentication mode CONFIG_MAP or API_AND_CONFIG_MAP:\n  arn:aws:iam::111122223333:user/jane is jane",
            "in authentication mode API: what is missing may map it",
            "which may be CONFIG_MAP or API_AND_CONFIG_MAP or API",
            "the cluster's name, for which NAME stands",
        ];
        check(jane, &[aws_auth], Mapped::NotKnown, &says);
        check(jane, &[aws_auth, list], Mapped::NotKnown, &["API: "]);
        let text = check(
            &role("team/ops"),
            &[aws_auth, entry],
            Mapped::Yes,
            &["is ops-user in [ops]"],
        );
        assert!(!text.contains("CONFIG_MAP or API_AND_CONFIG_MAP"), "{text}");
    }

    #[test]
    fn a_mapping_of_another_partition_is_nobodys_there() {
        let says = [
            "cause: mapped-in-other-partition",
            "its principals are arn:aws-cn:",
            "write arn:aws-cn:iam::111122223333:role/dev instead",
        ];
        let cluster = described("CONFIG_MAP").replace("arn:aws:eks:eu-west-1", "arn:aws-cn:eks:cn-north-1");
        let cluster = (ArtifactKind::Cluster, cluster.as_str());
        let aws_auth = (ArtifactKind::AwsAuth, AWS_AUTH);
        let role = "arn:aws-cn:iam::111122223333:role/dev";
        let text = check(role, &[aws_auth, cluster], Mapped::No, &says);
        assert!(
            text.contains("aws-auth has arn:aws:iam::111122223333:role/dev"),
            "{text}"
        );
        // The caller tells the partition, too.
        check(role, &[aws_auth], Mapped::NotKnown, &says);
        // Nobody of one partition is asked of in another.
        let refusal = explain("arn:aws:iam::111122223333:role/dev", &[aws_auth, cluster]).unwrap_err();
        assert!(
            refusal
                .findings
                .iter()
                .any(|found| found.message.contains("of partition aws, ")),
            "{refusal:?}"
        );
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        for arn in [
            "",
            "jane",
            "arn:aws:s3:::bucket",
            "arn:aws-mars:iam::111122223333:role/x",
        ] {
            let refusal = explain(arn, &[(ArtifactKind::AwsAuth, AWS_AUTH)]).unwrap_err();
            assert!(!refusal.findings.is_empty(), "{arn}");
        }
        let broken = explain("arn:aws:iam::111122223333:user/jane", &[(ArtifactKind::AwsAuth, "[")]);
        assert!(broken.is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn any_principal_and_any_text_are_read(name in "[ -~]{0,30}", text in any::<String>()) {
            let _ = explain(&format!("arn:aws:iam::111122223333:role/{name}"), &[(ArtifactKind::AwsAuth, AWS_AUTH)]);
            let _ = explain(&name, &[(ArtifactKind::AwsAuth, &text)]);
        }
    }
}
