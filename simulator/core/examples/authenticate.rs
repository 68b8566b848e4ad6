//! One bearer token against one world: sign it, authenticate it, explain the outcome.
//!
//! ```sh
//! cargo run -p eks-auth-core --example authenticate
//! ```
//!
//! No server and no network: the world is a text, and the time is a value.

use std::error::Error;
use std::io;
use std::io::Write;

use eks_auth_core::aws::sigv4::Signer;
use eks_auth_core::explain::explain;
use eks_auth_core::scenario::ProfileSource;
use eks_auth_core::scenario::stage;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::world::authenticate::AuthenticationRequest;
use eks_auth_core::world::authenticate::authenticate;
use eks_auth_core::world::token;

/// A cluster that knows its creator, and a developer who is not mapped.
const WORLD: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users: [{name: creator}, {name: dev}]
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
  profiles:
    - {name: creator, user: creator}
    - {name: dev, user: dev}
"#;

/// Authenticates each profile of the world and writes the explanation.
fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let now = Timestamp::from_unix_seconds(1_795_481_097);
    let staging = stage(WORLD, now)?;
    let cluster = staging
        .world
        .cluster("my-cluster")
        .ok_or("the world has no my-cluster")?;
    for profile in &staging.profiles {
        let ProfileSource::AccessKey { id, secret, .. } = &profile.source else {
            continue;
        };
        // What `aws eks get-token --cluster-name my-cluster` does with the same key at the same time.
        let signer = Signer {
            access_key_id: id,
            secret,
            session_token: None,
            region: "us-west-2",
            service: "sts",
            now,
        };
        let token = token::sign(&signer, "https://sts.us-west-2.amazonaws.com", "my-cluster");
        // What the token webhook of the cluster does with it.
        let request = AuthenticationRequest {
            token: &token,
            client: "127.0.0.1:40000",
            sts_request_id: "00000000-0000-4000-8000-000000000000",
        };
        let authentication = authenticate(request, cluster, &staging.world, now);
        match &authentication.outcome {
            Ok(user) => writeln!(out, "{} is {} in the cluster", profile.name, user.username)?,
            Err(_) => writeln!(out, "{} gets 401 Unauthorized", profile.name)?,
        }
        // Why: the sentence, the cause, and each check with what was expected and found.
        let explanation = explain(&authentication, cluster, &staging.world);
        writeln!(out, "{}", explanation.render_text())?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run(&mut io::stdout().lock())
}

#[test]
fn one_is_let_in_and_the_other_is_not_mapped() {
    let mut out = Vec::new();
    run(&mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("creator is kubernetes-admin in the cluster"), "{out}");
    assert!(out.contains("dev gets 401 Unauthorized"), "{out}");
    assert!(out.contains("cause: identity-not-mapped"), "{out}");
}
