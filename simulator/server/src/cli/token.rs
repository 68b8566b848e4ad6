//! `token`: an ExecCredential as `aws eks get-token` gives, so that kubectl works without an AWS CLI.

use std::env;
use std::process::ExitCode;

use clap::Args;
use eks_auth_core::value::instant::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::terminal;
use crate::environment::profile::ClientConfig;
use crate::state::clock::Clock;
use crate::state::clock::SystemClock;

/// `aws eks get-token` names its sessions so.
const ROLE_SESSION_NAME: &str = "EKSGetTokenAuth";
/// A token is good for 15 minutes; clients are told 14, so that none expires under way.
const CLIENT_LIFETIME_SECONDS: i64 = 14 * 60;

/// Print an ExecCredential for a cluster, signed with a profile's credentials
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  eks-auth-sim token --cluster-name my-cluster --region us-west-2 --profile creator")]
pub(super) struct Token {
    /// The cluster that the token is for
    #[arg(long, short = 'i', visible_alias = "cluster-id", value_name = "NAME")]
    cluster_name: String,
    /// The region of the STS endpoint that the token names
    #[arg(long)]
    region: Option<String>,
    /// The profile whose credentials sign
    #[arg(long)]
    profile: Option<String>,
    /// A role to assume first
    #[arg(long, short = 'r', visible_alias = "role", value_name = "ARN")]
    role_arn: Option<String>,
    /// The external id that the role's trust policy asks for
    #[arg(long, short = 'e', value_name = "ID", requires = "role_arn")]
    external_id: Option<String>,
    /// The name of the role's session
    #[arg(long, short = 's', value_name = "NAME", requires = "role_arn", default_value = ROLE_SESSION_NAME)]
    session_name: String,
    /// Print the token alone, for tools that accept a bearer token
    #[arg(long)]
    token_only: bool,
}

impl Token {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let config = ClientConfig::load(env::vars().collect(), self.profile.as_deref()).map_err(Failure::usage)?;
        let region = self
            .region
            .or_else(|| config.region())
            .ok_or_else(|| Failure::usage("no region; give --region or set AWS_REGION"))?;
        let now = SystemClock.now();
        let mut credentials = config.credentials(now).map_err(Failure::usage)?;
        if let Some(role_arn) = &self.role_arn {
            credentials = config
                .assume_role(
                    &credentials,
                    role_arn,
                    &self.session_name,
                    self.external_id.as_deref(),
                    now,
                )
                .map_err(Failure::usage)?;
        }
        let endpoint = config.sts_endpoint();
        let token = credentials.bearer_token(&region, endpoint.as_deref(), &self.cluster_name, now);
        let mut out = terminal::out();
        if self.token_only {
            writeln!(out, "{token}")?;
        } else {
            let api_version = api_version(env::var("KUBERNETES_EXEC_INFO").ok().as_deref());
            out.json(exec_credential(&token, api_version, now))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn exec_credential(token: &str, api_version: &str, now: Timestamp) -> Value {
    json!({
        "kind": "ExecCredential",
        "apiVersion": api_version,
        "spec": {},
        "status": {
            "expirationTimestamp": now.plus_seconds(CLIENT_LIFETIME_SECONDS).render_rfc3339(),
            "token": token,
        },
    })
}

/// The version that the caller wants: kubectl says it in `KUBERNETES_EXEC_INFO`.
fn api_version(exec_info: Option<&str>) -> &'static str {
    const V1: &str = "client.authentication.k8s.io/v1";
    const V1BETA1: &str = "client.authentication.k8s.io/v1beta1";
    let wanted = exec_info.and_then(|info| serde_json::from_str::<Value>(info).ok());
    match wanted
        .as_ref()
        .and_then(|info| info.get("apiVersion"))
        .and_then(Value::as_str)
    {
        Some(V1) => V1,
        _ => V1BETA1,
    }
}
