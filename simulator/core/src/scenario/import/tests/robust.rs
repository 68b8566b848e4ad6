//! What is blotted out, cut off or not to be read, beside what is.

use super::*;

/// A log and an aws-auth, each with its own account.
fn denied(caller: &str, mapped: &str) -> [Artifact; 2] {
    let artifact = |file: &str, text: String| Artifact {
        file: file.to_owned(),
        text,
        kind: None,
    };
    let log = format!(
        "time=\"2026-11-20T08:00:00Z\" level=warning msg=\"access denied\" arn=\"arn:aws:iam::{caller}:role/dev\" \
         error=\"identity is not mapped\"\n"
    );
    let aws_auth = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n  mapRoles: |\n    - \
         rolearn: arn:aws:iam::{mapped}:role/dev\n      username: dev\n"
    );
    [artifact("log", log), artifact("aws-auth", aws_auth)]
}

#[test]
fn a_blot_is_an_account_in_every_form_and_shown_as_it_was_written() {
    for blot in [
        "xxxxxxxxxxxx",
        "XXXX",
        "<account-id>",
        "<ACCOUNT_ID>",
        "${ACCOUNT}",
        "123456",
        "111",
        "***",
        "****",
        "REDACTED",
        "[REDACTED]",
        "ID",
        "ACCOUNT",
        "account",
        "…",
        "",
        "1234-5678-9012",
    ] {
        let mut artifacts = denied(blot, blot);
        artifacts[1].text = artifacts[1].text.replace("role/dev", "role/team/dev");
        let imported = import(&artifacts, &options(None)).map_err(|refusal| told(&refusal.findings));
        let imported = imported.unwrap_or_else(|refusal| panic!("`{blot}`: {refusal}"));
        let explanation = &imported.explanation;
        assert_eq!(explanation.cause, Cause::MappedWithPath, "`{blot}`");
        let fix = format!("write arn:aws:iam::{blot}:role/dev instead");
        assert!(explanation.fix.starts_with(&fix), "{}", explanation.fix);
        let evidence = format!("aws-auth has arn:aws:iam::{blot}:role/team/dev");
        assert!(explanation.evidence.contains(&evidence), "{:?}", explanation.evidence);
        assert!(
            !explanation.sentence.contains("900000000001"),
            "{}",
            explanation.sentence
        );
        let told = told(&imported.findings);
        assert!(
            told.contains("log:1:81: note: ") && told.contains("stands in for it"),
            "{told}"
        );
    }
}

/// Whether a blot hides the caller's account is not known; two that are written in one way are two accounts.
#[test]
fn another_account_is_not_concluded_from_a_blot() {
    for (caller, mapped, wanted) in [
        ("<dev>", "<prod>", Cause::MappedInOtherAccount),
        ("111122223333", "444455556666", Cause::MappedInOtherAccount),
        ("xxxx", "<prod>", Cause::IdentityNotMapped),
        ("", "REDACTED", Cause::IdentityNotMapped),
    ] {
        let imported = import(&denied(caller, mapped), &options(None)).unwrap();
        assert_eq!(imported.explanation.cause, wanted, "{caller} {mapped}");
        let told = told(&imported.findings);
        let is_open = wanted == Cause::IdentityNotMapped;
        assert_eq!(told.contains("whether the two accounts"), is_open, "{told}");
        let fix = &imported.explanation.fix;
        assert!(!fix.contains("9000000000"), "{fix}");
    }
    // The only account that is named may be the one that is hidden: with it the caller would be in.
    let cause = import(&denied("111122223333", "xxxx"), &options(None)).map(|imported| imported.explanation.cause);
    assert_ne!(cause.ok(), Some(Cause::MappedInOtherAccount));
}

#[test]
fn a_principal_is_asked_about_in_the_tickets_own_words() {
    let [_, aws_auth] = denied("", "<account>");
    let explained = explain_principal("arn:aws:iam::<account>:role/dev", std::slice::from_ref(&aws_auth)).unwrap();
    let text = explained.render_text();
    assert!(text.contains("arn:aws:iam::<account>:role/dev is dev"), "{text}");
    assert!(!text.contains("9000000000"), "{text}");
}

/// One part that cannot be read takes nothing from the others.
#[test]
fn what_cannot_be_read_is_a_warning() {
    for junk in [
        "{\"cluster\": {\"name\": \"pro",
        "{\"a\": [1, 2",
        "apiVersion: v1\nkind: ConfigMap\n  x: [\n",
        "{\"Account\": \"1\", \"Arn\": \"none\", \"UserId\": \"x\"}",
        "kind: ConfigMap\ndata:\n  mapRoles:\n  - rolearn: x\n",
        "+----+\n| ? |\n+----+\n",
        "ACCESSCONFIG\tx\n",
        "Hello\n",
        "",
    ] {
        let mut artifacts = denied("111122223333", "444455556666").to_vec();
        artifacts.push(Artifact {
            file: "junk".to_owned(),
            text: junk.to_owned(),
            kind: None,
        });
        let imported = import(&artifacts, &options(None)).map_err(|refusal| told(&refusal.findings));
        let imported = imported.unwrap_or_else(|refusal| panic!("{junk}: {refusal}"));
        assert_eq!(imported.explanation.cause, Cause::MappedInOtherAccount, "{junk}");
        let is_warned = |finding: &Finding| finding.file == "junk" && finding.severity == Severity::Warning;
        assert!(
            imported.findings.iter().any(is_warned),
            "{junk}\n{}",
            told(&imported.findings)
        );
        // Alone there is nothing to be imported.
        assert!(import(&artifacts[2..], &options(None)).is_err(), "{junk}");
    }
}

/// Items that the authenticator cannot read are kept, and judged as it judges them: the good ones count.
#[test]
fn a_broken_item_of_aws_auth_is_kept() {
    let mut artifacts = denied("111122223333", "111122223333");
    artifacts[1].text = artifacts[1].text.replace("role/dev", "role/team/dev") + "  mapAccounts: |\n    - id: 1\n";
    let imported = import(&artifacts, &options(None)).unwrap();
    assert_eq!(imported.explanation.cause, Cause::MappedWithPath);
    let kept = imported
        .files
        .iter()
        .find(|(name, _)| *name == "aws-auth.yaml")
        .unwrap();
    assert_eq!(kept.1, artifacts[1].text);
}

const ENTRY: &str = "arn:aws:iam::111122223333:role/team/dev";
const POLICY: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";

/// The same entry with its policy, as the AWS CLI prints it in other forms than JSON.
fn forms() -> [String; 3] {
    let text = [
        format!(
            "ACCESSENTRY\tarn:aws:eks:us-west-2:111122223333:access-entry/prod/x\tprod\t{ENTRY}\tSTANDARD\tdev-user"
        ),
        "KUBERNETESGROUPS\tdevs".to_owned(),
        "KUBERNETESGROUPS\tops".to_owned(),
        String::new(),
        format!("prod\t{ENTRY}"),
        format!("ASSOCIATEDACCESSPOLICIES\t2026-01-01\t2026-01-01\t{POLICY}"),
        "ACCESSSCOPE\tnamespace".to_owned(),
        "NAMESPACES\ta".to_owned(),
        "NAMESPACES\tb".to_owned(),
    ];
    let table = format!(
        "---------
|  DescribeAccessEntry  |
+-------+
||  accessEntry  ||
|+---+---+|
||  principalArn |  {ENTRY}  ||
||  type         |  STANDARD  ||
||  username     |  dev-user  ||
|+---+---+|
|||  kubernetesGroups  |||
||+---+||
|||  devs  |||
|||  ops   |||
||+---+||

---------
|  ListAssociatedAccessPolicies  |
+---+---+
|  clusterName  |  prod  |
|  principalArn |  {ENTRY}  |
+---+---+
||  associatedAccessPolicies  ||
|+---+---+---+|
||  associatedAt  |  modifiedAt  |  policyArn  ||
|+---+---+---+|
||  2026  |  2026  |  {POLICY}  ||
|+---+---+---+|
|||  accessScope  |||
||+---+---+||
|||  type  |  namespace  |||
||+---+---+||
||||  namespaces  ||||
|||+---+|||
||||  a  ||||
||||  b  ||||
|||+---+|||
"
    );
    let yaml = format!(
        "accessEntry:
  principalArn: {ENTRY}
  type: STANDARD
  username: dev-user
  kubernetesGroups:
  - devs
  - ops

Bye

associatedAccessPolicies:
- policyArn: {POLICY}
  accessScope:
    type: namespace
    namespaces:
    - a
    - b
principalArn: {ENTRY}
"
    );
    [text.join("\n"), table, yaml]
}

#[test]
fn tables_and_text_say_what_json_says() {
    for text in forms() {
        let mut findings = Vec::new();
        let artifact = Artifact {
            file: "x".to_owned(),
            text: text.clone(),
            kind: None,
        };
        let facts = read(&[artifact], &mut findings);
        assert_eq!(facts.entries.len(), 1, "{text}\n{}", told(&findings));
        let found = &facts.entries[0];
        assert_eq!(found.value.arn, ENTRY);
        let details = found.value.details.clone().unwrap();
        assert_eq!(details.entry_type, "STANDARD", "{text}");
        assert_eq!(details.username, "dev-user", "{text}");
        assert_eq!(details.groups, ["devs", "ops"], "{text}");
        // Its place is that of the ARN in the text.
        let line = text.lines().nth(found.place.line - 1).unwrap();
        let from: String = line.chars().skip(found.place.column - 1).collect();
        assert!(from.starts_with(ENTRY), "{line}: {}", found.place.column);
        assert_eq!(facts.policies.len(), 1, "{text}\n{}", told(&findings));
        let given = &facts.policies[0].value;
        assert_eq!(
            (given.principal.as_str(), given.arn.as_str()),
            (ENTRY, POLICY),
            "{text}"
        );
        assert_eq!(given.namespaces, ["a", "b"], "{text}");
    }
}

#[test]
fn what_is_whole_of_json_that_is_cut_off_is_read() {
    const WHOLE: &str = "{\"cluster\": {\"name\": \"prod\", \"version\": \"1.32\", \"tags\": [\"a\", {\"b\": 1}], \"arn\": \
                         \"arn:aws:eks:eu-west-1:111122223333:cluster/prod\"}}";
    let mut read_names = 0;
    for end in 1..WHOLE.len() {
        let artifact = Artifact {
            file: "x".to_owned(),
            text: WHOLE.chars().take(end).collect(),
            kind: None,
        };
        let mut findings = Vec::new();
        let facts = read(&[artifact], &mut findings);
        let told = told(&findings);
        assert!(told.contains("the JSON is cut off"), "{end}: {told}");
        assert!(!told.contains("neither YAML nor JSON"), "{end}: {told}");
        for found in &facts.cluster_names {
            read_names += 1;
            assert_eq!(found.value.name, "prod", "half a name is none");
        }
    }
    assert!(read_names > 50);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn findings_point_into_the_text(
        text in "(arn:aws:iam::|<id>|xxxx|:role/|\\{\"a\": |\\[|\"|\n|\t|- |mapRoles: \\||mapAccounts:|data:|ACCESSENTRIES\t|\\|\\| a \\| b|[a-z ]{0,3}){0,20}",
    ) {
        let artifact = Artifact { file: "x".to_owned(), text: text.clone(), kind: None };
        let findings = match import(&[artifact], &options(None)) {
            Ok(imported) => imported.findings,
            Err(refusal) => refusal.findings,
        };
        let lines: Vec<usize> = text.split('\n').map(|line| line.chars().count()).collect();
        for finding in findings.iter().filter(|finding| finding.line > 0) {
            prop_assert!(finding.line <= lines.len(), "{finding}");
            prop_assert!(finding.column <= lines[finding.line - 1] + 1, "{finding}\n{text}");
        }
    }
}
