//! `verify`: who signed a token, as `aws-iam-authenticator verify` says it.

use std::process::ExitCode;

use clap::Args;
use eks_auth_core::scenario;
use eks_auth_core::value::printable;
use serde_json::json;

use super::Failure;
use super::Output;
use super::ctl::RunningSimulator;
use super::read_or;
use super::terminal;
use super::world_text;
use crate::control;
use crate::control::api;
use crate::control::api::Verified;
use crate::state::clock::Clock;
use crate::state::clock::SystemClock;

/// Verify a token's form and signature, and print who signed it; mappings are not looked at
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  eks-auth-sim token --cluster-name my-cluster --token-only | \
                        eks-auth-sim verify --token - --cluster-name my-cluster"
)]
pub(super) struct Verify {
    /// A bearer token, `k8s-aws-v1.…`; `-` reads it from standard input
    #[arg(long, short)]
    token: String,
    /// The cluster that the token must be for
    #[arg(long, short = 'i', visible_alias = "cluster-id", value_name = "NAME")]
    cluster_name: String,
    /// Verify in this scenario as it begins, not in a running simulator
    #[arg(long, value_name = "NAME|PATH")]
    scenario: Option<String>,
    #[command(flatten)]
    simulator: RunningSimulator,
    /// How to print it
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

impl Verify {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let token = read_or(self.token)?;
        let verified = if self.scenario.is_some() || !self.simulator.is_named() {
            let machine = SystemClock.now();
            let staging = scenario::stage(&world_text(self.scenario.as_deref())?, machine).map_err(Failure::usage)?;
            let now = staging.world.clock.now(machine);
            control::verify_in(&staging.world, now, &token, &self.cluster_name)
        } else {
            let cluster = self.cluster_name;
            match self.simulator.call(api::Verify { token, cluster })? {
                Verified::Good(signer) => Ok(signer),
                Verified::Bad { refused } => Err(refused),
            }
        };
        let signer = verified.map_err(|message| Failure::not_so(format!("could not verify token: {message}")))?;
        let mut out = terminal::out();
        match self.output {
            Output::Json => {
                let fields = signer
                    .fields()
                    .map(|(name, value)| format!("    \"{name}\": {}", json!(value)));
                out.json(format_args!("{{\n{}\n}}", fields.join(",\n")))?;
            }
            Output::Text => {
                let fields = signer.fields().map(|(name, value)| format!("{name}:{value}"));
                writeln!(out, "&{{{}}}", printable::line(&fields.join(" ")))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
