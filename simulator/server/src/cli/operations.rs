//! `operations`: what the AWS endpoint serves.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::Output;
use super::terminal;
use eks_auth_core::service::aws;

/// List the AWS operations that are served
///
/// Every other operation is answered as AWS answers one that it does not know, with the header x-eks-auth-sim.
///
/// Example: eks-auth-sim operations --output json
#[derive(Debug, Args)]
pub(super) struct Operations {
    /// How the list is printed
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Operations {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut out = terminal::out();
        let operations = aws::operations();
        match self.output {
            Output::Text => {
                for (service, operation) in operations {
                    writeln!(out, "{service} {operation}")?;
                }
            }
            Output::Json => {
                let operations: Vec<Value> = operations
                    .into_iter()
                    .map(|(service, operation)| json!({"service": service, "operation": operation}))
                    .collect();
                out.json(json!({"operations": operations}))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
