#![expect(clippy::disallowed_methods, reason = "a test may read the cases that it is about")]

mod rbac;
mod robust;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::explain::Cause;
use crate::scenario::Scenario;

/// The cases in testdata/import: artifacts as people paste them, and what comes of them.
fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/import");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn artifacts(case: &Path) -> Vec<Artifact> {
    let mut files: Vec<PathBuf> = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .filter(|file| file.file_name().unwrap() != "wanted.json")
        .map(|file| Artifact {
            file: file.file_name().unwrap().to_str().unwrap().to_owned(),
            text: fs::read_to_string(&file).unwrap(),
            kind: None,
        })
        .collect()
}

fn wanted(case: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(case.join("wanted.json")).unwrap()).unwrap()
}

fn options(anonymise: Option<u64>) -> Options {
    Options {
        id: "case".to_owned(),
        anonymise,
    }
}

fn told(findings: &[Finding]) -> String {
    let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

#[test]
fn every_case_comes_out_right_or_is_refused_with_the_line_to_fix() {
    let mut wrong = Vec::new();
    for case in cases() {
        let (name, wanted) = (case.file_name().unwrap().to_str().unwrap().to_owned(), wanted(&case));
        match (
            import(&artifacts(&case), &options(None)),
            wanted.get("refused").and_then(Value::as_str),
        ) {
            (Err(refusal), Some(text)) => {
                if !told(&refusal.findings).contains(text) {
                    wrong.push(format!("{name}: refused, but with\n{}", told(&refusal.findings)));
                }
            }
            (Err(refusal), None) => wrong.push(format!("{name}: refused\n{}", told(&refusal.findings))),
            (Ok(import), Some(_)) => wrong.push(format!("{name}: not refused: {}", import.explanation.cause.id())),
            (Ok(import), None) => {
                let cause = import.explanation.cause.id();
                if wanted.get("cause").and_then(Value::as_str) != Some(cause) {
                    wrong.push(format!("{name}: the cause is {cause}\n{}", told(&import.findings)));
                }
                if let Some(caller) = wanted
                    .get("caller")
                    .and_then(Value::as_str)
                    .filter(|caller| *caller != import.caller)
                {
                    wrong.push(format!("{name}: the caller is {}, not {caller}", import.caller));
                }
                for says in wanted.get("says").and_then(Value::as_array).into_iter().flatten() {
                    if !told(&import.findings).contains(says.as_str().unwrap()) {
                        wrong.push(format!("{name}: {says} is not said, but\n{}", told(&import.findings)));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_configmap_is_kept_as_it_was_pasted() {
    let case = cases()
        .into_iter()
        .find(|case| case.ends_with("role-with-path"))
        .unwrap();
    let imported = import(&artifacts(&case), &options(None)).unwrap();
    let pasted = fs::read_to_string(case.join("aws-auth.yaml")).unwrap();
    let kept = imported
        .files
        .iter()
        .find(|(name, _)| *name == "aws-auth.yaml")
        .unwrap();
    assert_eq!(kept.1, pasted);
}

/// Each entry was looked for among all before it.
#[test]
fn thousands_of_entries_are_read_in_one_pass() {
    const MANY: usize = 40_000;
    let arns: Vec<String> = (0..MANY)
        .chain([7])
        .map(|at| format!("\"arn:aws:iam::111122223333:role/r{at}\""))
        .collect();
    let text = format!("{{\n\"accessEntries\": [\n{}\n]\n}}\n", arns.join(",\n"));
    let artifact = Artifact {
        file: "entries.json".to_owned(),
        text,
        kind: None,
    };
    let facts = read(&[artifact], &mut Vec::new());
    assert_eq!(facts.entries.len(), MANY);
}

#[test]
fn what_the_fixed_configmap_lost_is_reported_in_it() {
    let case = cases()
        .into_iter()
        .find(|case| case.ends_with("mode-config-map-broken-list"))
        .unwrap();
    let imported = import(&artifacts(&case), &options(None)).unwrap();
    let fixed = imported.files.iter().find(|(name, _)| *name == "aws-auth-fixed.yaml");
    let fixed = &fixed.unwrap().1;
    assert!(fixed.starts_with("# Not in here, as it cannot be read: "), "{fixed}");
    assert!(fixed.contains("user/jane"), "{fixed}");
}

/// What a scenario is without its names.
fn shape(text: &str) -> String {
    let keys = text.lines().map(|line| {
        let indent = line.len() - line.trim_start().len();
        let key = line.trim_start().split([':', ' ']).next().unwrap_or_default();
        format!("{indent} {}", if key.starts_with(['-', '#']) { "-" } else { key })
    });
    keys.collect::<Vec<_>>().join("\n")
}

/// The names and ids that the cases have, and that nobody may find in what comes of them.
const SECRETS: [&str; 17] = [
    "111122223333",
    "444455556666",
    "jane",
    "jane@example.com",
    "bob",
    "role/dev",
    "DevOps",
    "1ABCDEF",
    "team-a",
    "ci-run-17",
    "0123456789abcdef",
    "fedcba9876543210",
    "0123456789ABCDEF",
    "AROAEXAMPLEEXAMPLE123",
    "AIDAEXAMPLEEXAMPLE123",
    "ASIAEXAMPLEEXAMPLE12",
    "cluster prod ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, max_shrink_iters: 0, ..ProptestConfig::default() })]
    #[test]
    fn nothing_of_the_customer_is_left_and_the_verdict_is_the_same(seed in any::<u64>()) {
        for case in cases() {
            let artifacts = artifacts(&case);
            let (Ok(plain), changed) = (import(&artifacts, &options(None)), import(&artifacts, &options(Some(seed)))) else { continue };
            let changed = changed.map_err(|refusal| TestCaseError::fail(format!("{}: {}", case.display(), told(&refusal.findings))))?;
            prop_assert_eq!(plain.explanation.cause, changed.explanation.cause, "{}", case.display());
            prop_assert_eq!(plain.findings.len(), changed.findings.len(), "{}", case.display());
            for ((name, text), (_, other)) in plain.files.iter().zip(&changed.files) {
                // Principals are in order of their names, so lines may change places.
                let lines = |text: &str| shape(text).lines().map(str::to_owned).collect::<BTreeSet<_>>();
                if *name == "scenario.yaml" {
                    prop_assert_eq!(lines(text), lines(other), "{}", case.display());
                }
                // What the case does not hold is a placeholder of ours.
                let held = |secret: &&str| artifacts.iter().any(|artifact| artifact.text.contains(secret));
                for secret in SECRETS.iter().filter(|secret| held(secret)) {
                    prop_assert!(!other.contains(*secret), "{}: {secret} is left in {name}\n{other}", case.display());
                }
            }
        }
    }

}

proptest! {
    // Each makes and stages worlds, which takes its time in a debug build.
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        let _ = import(&[Artifact { file: "x".to_owned(), text, kind: None }], &options(Some(1)));
    }

    #[test]
    fn any_part_of_a_case_is_read(at in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let cases = cases();
        let mut artifacts = artifacts(&cases[at.index(cases.len())]);
        for artifact in &mut artifacts {
            let characters = artifact.text.chars().count();
            artifact.text = artifact.text.chars().take(cut.index(characters + 1)).collect();
        }
        if let Ok(imported) = import(&artifacts, &options(None)) {
            prop_assert_ne!(imported.explanation.cause, Cause::Granted);
            prop_assert!(Scenario::parse(&assemble::with_files(&imported.files)).is_ok());
        }
    }
}
