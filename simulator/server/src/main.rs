//! The `eks-auth-sim` binary: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    eks_auth_sim::cli::main()
}
