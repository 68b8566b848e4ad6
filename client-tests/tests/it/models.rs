//! botocore's models of the services: every operation that is served, and every one that is not.

use std::fs;
use std::fs::File;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use client_tests::source;

/// What the article's World has not.
const IDENTITY_CENTER: &str = r#"
  identity_center:
    region: us-west-2
    users: [{name: jane}]
    permission_sets: [{name: Admin}]
    assignments: [{user: jane, account: "111122223333", permission_set: Admin}]
"#;

#[test]
fn every_answer_has_the_form_of_the_model() {
    let Some(clients) = need("every_answer_has_the_form_of_the_model", &[Client::Boto3]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world.yaml");
    let article = fs::read_to_string(source("../simulator/core/src/scenario/article.yaml")).unwrap();
    fs::write(&world, article + IDENTITY_CENTER).unwrap();
    let simulator = Simulator::start_with(&["--scenario", world.to_str().unwrap()]);
    let operations = simulator.folder().join("operations.json");
    fs::write(&operations, simulator.own("operations --output json").good()).unwrap();
    let mut command = simulator.command(&clients[0]);
    command
        // Nothing is written into the sources.
        .args(["-B".as_ref(), source("python/walk_models.py").as_os_str()])
        .stdin(File::open(operations).unwrap());
    let findings = Simulator::run_command(&mut command).good();
    assert!(findings.ends_with(" 0 findings\n"), "{findings}");
}
