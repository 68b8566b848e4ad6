//! The simulator inside a program, as an integration test of an operator or a deployment tool would start it.
//!
//! ```sh
//! cargo run -p eks-auth-sim --example in_process
//! ```
//!
//! Each simulator has free ports and a folder of its own, so that tests run side by side. Dropping it stops it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io;
use std::io::Write;

use eks_auth_core::explain::explain;
use eks_auth_sim::environment::profile::ClientConfig;
use eks_auth_sim::net::client;
use eks_auth_sim::simulator::Config;
use eks_auth_sim::simulator::Simulator;
use eks_auth_sim::state::clock::Clock;
use eks_auth_sim::state::clock::SystemClock;
use eks_auth_sim::state::journal::EventKind;

/// The developer's role was never mapped.
const WORLD: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users: [{name: creator}]
      roles: [{name: dev, trusted: [user/creator]}]
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
  profiles:
    - {name: creator, user: creator}
    - {name: dev, role: dev, source_profile: creator}
"#;

/// Stands for the program that is tested: it knows the simulator by its environment only, and lists services. A real one
/// would be a `Command` with these variables, and without those of `eks_auth_sim::environment::UNSET`.
fn list_services(
    env: BTreeMap<String, String>,
    profile: &str,
    endpoint: &str,
    ca: &str,
) -> Result<u16, Box<dyn Error>> {
    let now = SystemClock.now();
    let config = ClientConfig::load(env, Some(profile))?;
    let sts = config.sts_endpoint();
    let credentials = config.credentials(now)?;
    let token = credentials.bearer_token("us-west-2", sts.as_deref(), "my-cluster", now);
    let request = client::Request {
        method: "GET",
        path_and_query: "/api/v1/namespaces/default/services",
        headers: &[("authorization".to_owned(), format!("Bearer {token}"))],
        body: b"",
    };
    Ok(client::send(client::ServerAddress::tls(endpoint, ca)?, &request)?.status)
}

/// Lists services as each profile and writes what came of it.
fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let running = Simulator::start(Config::new(WORLD))?;
    let ca = fs::read_to_string(running.ca_bundle())?;
    let clusters = running.clusters();
    let cluster = clusters.first().ok_or("the world has no cluster")?;
    for profile in ["creator", "dev"] {
        let status = list_services(running.env(), profile, &cluster.endpoint, &ca)?;
        writeln!(out, "{profile}: HTTP {status}")?;
        // Every decision is kept with its evidence.
        let judged = |kind: &EventKind| matches!(kind, EventKind::Authentication { .. });
        if let Some(event) = running.state().journal().last(judged)
            && let EventKind::Authentication {
                cluster,
                world,
                authentication,
            } = event.kind
            && let Some(cluster) = world.cluster(&cluster)
        {
            let explanation = explain(&authentication, cluster, &world);
            writeln!(out, "  {} ({})", explanation.sentence, explanation.cause.id())?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run(&mut io::stdout().lock())
}

#[test]
fn the_creator_is_let_in_and_the_role_is_not() {
    let mut out = Vec::new();
    run(&mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("creator: HTTP 200"), "{out}");
    assert!(out.contains("dev: HTTP 401"), "{out}");
    assert!(out.contains("(identity-not-mapped)"), "{out}");
}
