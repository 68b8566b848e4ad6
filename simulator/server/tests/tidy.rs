//! Reads the sources and holds what docs/architecture.md promises of them.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources should end at once"
)]

#[path = "tidy/modules.rs"]
mod modules;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::modules::Modules;

/// What the core may depend on: nothing that does I/O.
const CORE_DEPENDENCIES: [&str; 20] = [
    "base64",
    "crc32fast",
    "hcl-edit",
    "hmac",
    "imbl",
    "percent-encoding",
    "quick-xml",
    "regex",
    "rsa",
    "saphyr-parser",
    "schemars",
    "serde",
    "serde-saphyr",
    "serde_json",
    "sha1",
    "sha2",
    "subtle",
    "thiserror",
    "time",
    "zeroize",
];

/// The wings of the core; each uses only those before it.
const WINGS: [&str; 10] = [
    "value", "go", "kube", "aws", "logs", "cluster", "world", "explain", "service", "scenario",
];

/// Modules of the server that use each other still, sorted. One that is opened leaves this list, and none comes in.
const KNOWN_CIRCLES: &[&[&str]] = &[];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Every file below `folder` whose name ends so, with its path from the root and its text.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("target") && !path.ends_with(".git") {
                    walk(&path, ending, found);
                }
            } else if path.to_str().unwrap().ends_with(ending) {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(folder), ending, &mut paths);
    paths.sort();
    let relative = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    paths
        .iter()
        .map(|path| (relative(path), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The files of `found` in which one of the texts stands.
fn holding(found: &[(String, String)], texts: &[&str]) -> Vec<String> {
    found
        .iter()
        .filter(|(_, source)| texts.iter().any(|text| source.contains(text)))
        .map(|(path, _)| path.clone())
        .collect()
}

#[test]
fn the_core_is_synchronous_and_depends_on_nothing_that_does_io() {
    let sources = files("simulator/core/src", ".rs");
    assert_eq!(
        holding(&sources, &["async fn", "async move", "tokio::"]),
        Vec::<String>::new()
    );
    let manifest = fs::read_to_string(root().join("simulator/core/Cargo.toml")).unwrap();
    let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
    let names: Vec<&str> = dependencies
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split(['.', ' ']).next().unwrap())
        .collect();
    assert_eq!(names, CORE_DEPENDENCIES);
}

#[test]
fn wings_use_only_those_before_them() {
    let core = modules("simulator/core/src");
    assert_eq!(core.wings(), WINGS.into(), "WINGS does not list the modules of lib.rs");
    let place = |module: &[String]| WINGS.iter().position(|wing| *wing == module[0]);
    let wrong: Vec<String> = core
        .between_wings()
        .filter(|(module, used)| place(used) > place(module))
        .map(|(module, used)| format!("{} uses {}", module.join("::"), used.join("::")))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// The circles in a folder that are not known, and the known ones that are open, in words.
fn wrong_circles(folder: &str, known: &[&[&str]]) -> Vec<String> {
    let modules = modules(folder);
    let circles = modules.circles();
    let new = circles
        .iter()
        .filter(|circle| !known.contains(&names(circle).as_slice()));
    let open = known
        .iter()
        .filter(|known| !circles.iter().any(|circle| names(circle) == **known));
    new.map(|circle| {
        format!(
            "a circle, or what is left of a known one:\n{}",
            modules.describe(circle)
        )
    })
    .chain(open.map(|known| format!("open, so KNOWN_CIRCLES must not list it: {known:?}\n")))
    .collect()
}

#[test]
fn no_modules_use_each_other() {
    for (folder, known) in [("simulator/core/src", &[][..]), ("simulator/server/src", KNOWN_CIRCLES)] {
        let wrong = wrong_circles(folder, known);
        assert!(wrong.is_empty(), "{folder}:\n{}", wrong.join("\n"));
    }
}

fn names(circle: &[String]) -> Vec<&str> {
    circle.iter().map(String::as_str).collect()
}

/// The modules of a crate, by the folder of its sources.
fn modules(folder: &str) -> Modules {
    let files = files(folder, ".rs");
    let start = format!("{folder}/");
    Modules::read(
        files
            .iter()
            .map(|(path, text)| (path.strip_prefix(&start).unwrap(), text.as_str())),
    )
}

#[test]
fn one_file_reads_the_clock() {
    let sources = files("simulator", ".rs");
    let readers = holding(&sources, &["SystemTime::now()", "Instant::now()", "now_utc()"]);
    assert_eq!(
        readers,
        ["simulator/server/src/state/clock.rs", "simulator/server/tests/tidy.rs"]
    );
}

#[test]
fn one_file_connects_to_anything() {
    let sources = files("simulator/server/src", ".rs");
    assert_eq!(
        holding(
            &sources,
            &[
                "TcpStream::connect(",
                "UnixStream::connect(",
                "to_socket_addrs(",
                "lookup_host("
            ]
        ),
        ["simulator/server/src/net/client.rs"]
    );
}

/// Others would stay where a signal ends the process, or be open to everybody.
#[test]
fn temporary_folders_are_made_in_one_place() {
    let sources = files("simulator/server/src", ".rs");
    assert_eq!(
        holding(&sources, &["tempfile::Builder"]),
        [
            "simulator/server/src/ending.rs",
            "simulator/server/src/state/private_file.rs"
        ]
    );
}

/// Whatever is printed otherwise, a terminal may obey. A log line quotes its values.
#[test]
fn printing_passes_through_one_file() {
    let sources = files("simulator/server/src", ".rs");
    assert_eq!(
        holding(&sources, &["stdout()", "stderr()"]),
        [
            "simulator/server/src/cli/serve.rs",
            "simulator/server/src/cli/terminal.rs"
        ]
    );
}

#[test]
fn wire_errors_are_worded_in_one_place_a_service() {
    let sources = files("simulator", ".rs")
        .into_iter()
        // What others were told is no word of ours.
        .filter(|(path, _)| path.contains("/src/") && !path.ends_with("/client_error/tests/texts.rs"))
        .collect::<Vec<_>>();
    assert_eq!(
        holding(&sources, &["<ErrorResponse"]),
        ["simulator/core/src/service/aws/wire.rs"]
    );
    assert_eq!(
        holding(&sources, &["kind: \"Status\""]),
        ["simulator/core/src/service/kube/status.rs"]
    );
}

#[test]
fn every_departure_is_reported_in_fidelity_md() {
    let told = fs::read_to_string(root().join("docs/fidelity.md")).unwrap();
    for (path, source) in files("simulator", ".rs") {
        if path.ends_with("tests/tidy.rs") || !source.contains("FIDELITY:") {
            continue;
        }
        assert!(told.contains(&path), "docs/fidelity.md does not name {path}");
    }
}

#[test]
fn every_scenario_is_named_after_its_folder_and_listed() {
    let listed = fs::read_to_string(root().join("docs/scenarios.md")).unwrap();
    let scenarios = files("scenarios", "scenario.yaml");
    assert!(!scenarios.is_empty());
    for (path, _) in scenarios {
        let folder = path.split('/').nth(1).unwrap();
        let scenario = scenario(folder);
        assert_eq!(scenario.id, folder);
        assert!(
            listed.contains(&format!("`{folder}`")),
            "docs/scenarios.md does not list {folder}"
        );
        for text in scenario.hints.iter().chain([&scenario.title, &scenario.story]) {
            assert!(
                !text.en.trim().is_empty() && !text.ko.trim().is_empty(),
                "{folder} lacks a text"
            );
        }
    }
}

#[test]
fn every_scenario_is_found_by_its_symptom() {
    for page in ["docs/troubleshooting.md", "docs/ko/troubleshooting.md"] {
        let told = fs::read_to_string(root().join(page)).unwrap();
        for id in eks_auth_sim::runner::catalogue::built_in() {
            let row = format!("| `{id}` | `{}` |", scenario(id).cause.id());
            assert!(told.contains(&row), "{page} does not lead to {id}: `{row}`");
        }
    }
}

#[test]
fn every_cause_is_reported_in_explain_md() {
    let told = fs::read_to_string(root().join("docs/explain.md")).unwrap();
    let in_tables: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let mut missing: Vec<&str> = eks_auth_core::explain::Cause::ALL
        .iter()
        .map(|cause| cause.id())
        .collect();
    missing.retain(|id| !in_tables.contains(id));
    assert_eq!(missing, Vec::<&str>::new());
    assert_eq!(in_tables.len(), eks_auth_core::explain::Cause::ALL.len());
}

/// Causes that show in what clients print only: no request comes to the simulator, or it has no tunnel, proxy or kuberc of the kind.
/// `explain/client_error/tests/texts.rs` has their texts.
const ONLY_IN_TEXTS: &[&str] = &[
    "certificate-for-other-name",
    "entry-not-standard",
    "exec-output-not-json",
    "exec-plugin-failed",
    "exec-plugin-not-allowed",
    "kubeconfig-invalid",
    "node-name-differs",
    "region-missing",
    "role-assumes-itself",
    "service-account-instead-of-iam",
    "username-missing",
];

#[test]
fn every_cause_of_trouble_occurs_in_a_scenario() {
    let scenarios = files("scenarios", "scenario.yaml");
    let missing: Vec<&str> = eks_auth_core::explain::Cause::ALL
        .into_iter()
        .map(eks_auth_core::explain::Cause::id)
        .filter(|id| {
            *id != "granted"
                && !ONLY_IN_TEXTS.contains(id)
                && holding(&scenarios, &[&format!("\ncause: {id}\n")]).is_empty()
        })
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// Scenarios in whose proof nobody comes to the cluster as a principal of IAM.
const WITHOUT_CALLER: &[&str] = &["irsa-wrong-subject", "service-account-without-rights"];

/// A scenario of the catalogue, with the files that stand beside it.
fn scenario(id: &str) -> eks_auth_core::scenario::Scenario {
    let text = eks_auth_sim::runner::catalogue::load(id).unwrap();
    eks_auth_core::scenario::Scenario::parse(&text).unwrap()
}

/// What people are told of a scenario of the catalogue.
#[test]
fn every_scenario_has_three_hints_in_both_languages_and_a_proof_of_who_is_let_in() {
    for id in eks_auth_sim::runner::catalogue::built_in() {
        let scenario = scenario(id);
        assert_eq!(scenario.hints.len(), 3, "{id}");
        assert!(scenario.learned.is_some(), "{id}");
        let is_proven = scenario.proof.iter().any(|step| step.caller.is_some());
        assert!(is_proven != WITHOUT_CALLER.contains(&id), "{id}: caller");
        let texts = scenario.hints.iter().chain([&scenario.title, &scenario.story]);
        for text in texts.chain(&scenario.learned) {
            let is_korean = |c: char| ('가'..='힣').contains(&c);
            assert!(!text.en.chars().any(is_korean), "{id}: {}", text.en);
            assert!(text.ko.chars().any(is_korean), "{id}: {}", text.ko);
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let others = ["CONTRIBUTING.md", "README.ko.md", "SECURITY.md", "THIRD-PARTY.md"]
        .map(|name| (name.to_owned(), fs::read_to_string(root().join(name)).unwrap()));
    let documents = files("docs", ".md").into_iter().chain(files(".", "README.md"));
    for (path, text) in documents.chain(others) {
        let folder = root().join(&path);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !target.contains("://") {
                let file = folder.parent().unwrap().join(target.split('#').next().unwrap());
                assert!(file.exists(), "{path}: {target}");
            }
        }
    }
}

/// What must be the same in every language: the levels of headings, code blocks to the letter, and the commands of tables.
fn outline(text: &str) -> Vec<&str> {
    let mut is_code = false;
    text.lines()
        .filter_map(|line| {
            let is_fence = line.starts_with("```");
            is_code ^= is_fence;
            if is_code || is_fence {
                return Some(line);
            }
            match line.split_once(' ')? {
                (level, _) if level.starts_with('#') => Some(level),
                ("|", rest) if rest.starts_with('`') => rest.split(" |").next(),
                ("-" | "|", _) => Some("a point"),
                _ => None,
            }
        })
        .collect()
}

#[test]
fn the_readme_is_short_and_has_the_same_outline_in_korean() {
    let english = fs::read_to_string(root().join("README.md")).unwrap();
    let korean = fs::read_to_string(root().join("README.ko.md")).unwrap();
    assert!(english.lines().count() < 150);
    assert_eq!(outline(&korean), outline(&english));
    let count = eks_auth_sim::runner::catalogue::built_in().count();
    assert!(english.contains(&format!("all {count} broken scenarios")), "{count}");
    assert!(korean.contains(&format!("시나리오 {count}개를 모두")), "{count}");
}

/// A file that moves is looked for where CONTRIBUTING.md sends people.
#[test]
fn every_file_that_contributing_md_names_is_there() {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let is_path = |word: &&str| word.contains('/') && !word.contains([' ', '<', '*', '…', '@']);
    let tops = ["simulator/", "client-tests/", "scenarios/", "docs/", ".ci/"];
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_path).collect();
    let named = named.iter().filter(|path| tops.iter().any(|top| path.starts_with(top)));
    let missing: Vec<_> = named.clone().filter(|path| !root().join(path).exists()).collect();
    assert_eq!(missing, Vec::<&&str>::new());
    assert!(named.count() > 20, "CONTRIBUTING.md has no worked examples");
}

/// The listeners and the kinds of hostile input that docs/security.md has a row for each pair of.
const LISTENERS: [&str; 6] = [
    "Kubernetes API",
    "webhook",
    "AWS endpoint",
    "proxy",
    "control",
    "workshop pages",
];
const INPUTS: [&str; 6] = ["size", "depth", "count", "time", "encoding", "protocol state"];

/// A bound whose test is renamed or goes is no longer held.
#[test]
fn security_md_has_every_pair_and_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let sources: Vec<_> = files("simulator", ".rs")
        .into_iter()
        .chain(files("client-tests", ".rs"))
        .collect();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect()))
        .collect();
    let pairs: Vec<(&str, &str)> = LISTENERS
        .iter()
        .flat_map(|listener| INPUTS.iter().map(move |input| (*listener, *input)))
        .collect();
    let found: Vec<(&str, &str)> = rows
        .iter()
        .filter_map(|cells| match cells.as_slice() {
            [listener, input, _, _] if *input != "input" => Some((*listener, *input)),
            _ => None,
        })
        .collect();
    assert_eq!(found, pairs);
    let mut missing = Vec::new();
    for tests in rows
        .iter()
        .filter_map(|cells| cells.last())
        .filter(|cell| **cell != "tests")
    {
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(*tests == "none" || !named.is_empty(), "{tests}");
        missing.extend(
            named
                .into_iter()
                .filter(|name| holding(&sources, &[&format!("fn {name}(")]).is_empty()),
        );
    }
    assert_eq!(missing, Vec::<&str>::new());
}

/// THIRD-PARTY.md names what is linked into the binary on this machine; `UPDATE_EXPECT=1` regenerates its table.
#[test]
fn third_party_md_names_every_crate_in_the_binary_with_its_license() {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--package", "eks-auth-sim", "--locked", "--offline"])
        .args([
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "none",
            "--format",
            "{p}|{l}",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let linked: BTreeSet<String> = tree
        .lines()
        // Our own crates have their path behind the version.
        .filter(|line| !line.contains(" (/"))
        .map(|line| {
            let (package, license) = line.trim_end_matches(" (*)").split_once('|').unwrap();
            let (name, version) = package.split_once(" v").unwrap();
            assert!(!license.is_empty(), "{name} names no license");
            format!("| {name} | {version} | {license} |")
        })
        .collect();
    let path = root().join("THIRD-PARTY.md");
    let text = fs::read_to_string(&path).unwrap();
    const HEAD: &str = "|---|---|---|\n";
    let (introduction, table) = text.split_once(HEAD).unwrap();
    if env::var_os("UPDATE_EXPECT").is_some() {
        let rows: String = linked.iter().map(|row| format!("{row}\n")).collect();
        fs::write(&path, format!("{introduction}{HEAD}{rows}")).unwrap();
        return;
    }
    let named: BTreeSet<String> = table.lines().map(str::to_owned).collect();
    let missing: Vec<_> = linked.difference(&named).collect();
    assert!(missing.is_empty(), "THIRD-PARTY.md lacks these rows: {missing:#?}");
    // Another platform links other crates, so a row may stand that is not linked here; but not one that nobody links.
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for row in named.difference(&linked) {
        let mut cells = row.trim_matches(['|', ' ']).split(" | ");
        let (name, version) = (cells.next().unwrap(), cells.next().unwrap());
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(
            lock.contains(&entry),
            "THIRD-PARTY.md has a row that Cargo.lock has not: {row}"
        );
    }
}

#[test]
fn nothing_unfinished_is_left_in_the_sources() {
    let sources: Vec<_> = files("simulator", ".rs")
        .into_iter()
        .chain(files("client-tests", ".rs"))
        .filter(|(path, _)| !path.ends_with("tests/tidy.rs"))
        .collect();
    assert_eq!(
        holding(&sources, &["TODO", "FIXME", "XXX:", "#[ignore"]),
        Vec::<String>::new()
    );
}
