//! The fuzz targets over their corpora, so that they compile and their seeds hold with every test run; `cargo fuzz` looks
//! for new inputs (see CONTRIBUTING.md).

#![expect(
    clippy::disallowed_methods,
    reason = "the core reads no files; this test of it reads the corpora, so that none is forgotten"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a corpus that cannot be read fails the test; clippy knows only functions with #[test] as tests here"
)]

#[path = "../fuzz/src/lib.rs"]
pub mod targets;

use std::fs;
use std::path::Path;

/// So many files of a corpus are damaged as well; a fuzzing session leaves thousands in it.
const DAMAGED_FILES: usize = 16;
/// So many places of a file, evenly spread: a debug build takes milliseconds for a query with a regular expression.
const DAMAGED_PLACES: usize = 64;

/// Runs a target over its corpus: each file, and what is left of it where it is cut off or one byte is another.
#[track_caller]
fn check(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for (at, file) in files.iter().enumerate() {
        let input = fs::read(file).unwrap();
        target(&input);
        if at >= DAMAGED_FILES {
            continue;
        }
        for end in (0..input.len()).step_by(input.len() / DAMAGED_PLACES + 1) {
            target(&input[..end]);
            let mut damaged = input.clone();
            damaged[end] ^= 0x20;
            target(&damaged);
        }
    }
}

#[test]
fn apply() {
    check("apply", targets::apply);
}

#[test]
fn aws_auth() {
    check("aws_auth", targets::aws_auth);
}

#[test]
fn aws_call() {
    check("aws_call", targets::aws_call);
}

#[test]
fn cloudformation() {
    check("cloudformation", targets::cloudformation);
}

#[test]
fn field_paths() {
    check("field_paths", targets::field_paths);
}

#[test]
fn filter_pattern() {
    check("filter_pattern", targets::filter_pattern);
}

#[test]
fn iam_policy() {
    check("iam_policy", targets::iam_policy);
}

#[test]
fn import() {
    check("import", targets::import);
}

#[test]
fn insights() {
    check("insights", targets::insights);
}

#[test]
fn json_patch() {
    check("json_patch", targets::json_patch);
}

#[test]
fn kubeconfig() {
    check("kubeconfig", targets::kubeconfig);
}

#[test]
fn protobuf() {
    check("protobuf", targets::protobuf);
}

#[test]
fn query() {
    check("query", targets::query);
}

#[test]
fn scenario() {
    check("scenario", targets::scenario);
}

#[test]
fn selectors() {
    check("selectors", targets::selectors);
}

#[test]
fn signature() {
    check("signature", targets::signature);
}

#[test]
fn strategic_merge() {
    check("strategic_merge", targets::strategic_merge);
}

#[test]
fn ticket() {
    check("ticket", targets::ticket);
}

#[test]
fn token() {
    check("token", targets::token);
}

#[test]
fn token_review() {
    check("token_review", targets::token_review);
}

#[test]
fn every_target_has_a_corpus_that_is_run() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names = |folder: &str| {
        let mut names: Vec<String> = fs::read_dir(fuzz.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let run = [
        "apply",
        "aws_auth",
        "aws_call",
        "cloudformation",
        "field_paths",
        "filter_pattern",
        "iam_policy",
        "import",
        "insights",
        "json_patch",
        "kubeconfig",
        "protobuf",
        "query",
        "scenario",
        "selectors",
        "signature",
        "strategic_merge",
        "ticket",
        "token",
        "token_review",
    ];
    assert_eq!(names("fuzz_targets"), run);
    assert_eq!(names("corpus"), run);
}
