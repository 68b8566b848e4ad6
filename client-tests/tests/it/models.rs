//! botocore's models of the services: every operation that is served, and every one that is not.

use std::fs;
use std::fs::File;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use client_tests::source;

#[test]
fn every_answer_has_the_form_of_the_model() {
    let Some(clients) = need("every_answer_has_the_form_of_the_model", &[Client::Boto3]) else {
        return;
    };
    let simulator = Simulator::start();
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
