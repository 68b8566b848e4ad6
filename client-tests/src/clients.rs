//! Finds the real clients, and installs those that a package registry has.
//!
//! What is installed lands in `target/client-tests`, once: a stamp holds what it was installed of, and a file lock keeps
//! other test processes waiting meanwhile.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;

use crate::simulator::binary;
use crate::simulator::target_folder;

/// kubectl compares its own version with the server's, and a build without a version has none to compare.
const KUBECTL_VERSION: &str = "-X k8s.io/component-base/version.gitVersion=v1.32.9";

/// The variable that is `all` where the clients are wanted too that take minutes to build or install.
const ALL: &str = "CLIENT_TESTS";

/// A program of somebody else's that speaks to the simulator, or a program of ours that is built on somebody else's
/// library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// A virtual environment that has ansible-core, and the collection kubernetes.core in its folder `ansible_collections`,
    /// where all tests are wanted.
    Ansible,
    /// The AWS CLI: on PATH, else from PyPI in a virtual environment.
    Aws,
    /// aws-vault, built of its Go module, where all tests are wanted.
    AwsVault,
    /// The AWS CLI 2, as [`installed_by_us`] has it.
    Aws2,
    /// The token authenticator of kube-apiserver, built of its published Go module.
    ApiServerWebhook,
    /// A Python that has boto3 and the client of Kubernetes, in a virtual environment.
    Boto3,
    /// helm 3, as [`installed_by_us`] has it.
    Helm3,
    /// helm 4, as [`installed_by_us`] has it.
    Helm4,
    /// The folder with the archives of fabric8's Kubernetes client 8, which Maven fetches.
    Fabric8,
    /// The folder with the archives of fabric8's Kubernetes client 7, which Maven fetches.
    Fabric8Earlier,
    /// An informer of client-go that follows ConfigMaps.
    GoInformer,
    /// The story of Kubernetes told by client-go.
    GoKubernetes,
    /// The story told by the AWS SDK for Go.
    GoSdk,
    /// aws-iam-authenticator, built of its Go module, where all tests are wanted.
    IamAuthenticator,
    /// The folder with the archives of Kubernetes' client for Java, which Maven fetches.
    JavaKubernetes,
    /// The folder with the archives of the AWS SDK for Java, which Maven fetches.
    JavaSdk,
    /// k9s, built of its Go module, where all tests are wanted.
    K9s,
    /// The story of Kubernetes told by kube-rs.
    KubeRs,
    /// kubectl: on PATH, else built from the Go module `k8s.io/kubectl`.
    Kubectl,
    /// The newest kubectl that [`installed_by_us`] has.
    KubectlNewest,
    /// The oldest kubectl with which every scenario reproduces, as [`installed_by_us`] has it.
    KubectlOldest,
    /// kubectl 1.32: on PATH where it is of that release, else built.
    KubectlRelease,
    /// The folder with the stories, and the AWS SDK for JavaScript and the client of Kubernetes, which npm fetches.
    NodeSdk,
    /// A Python that has today's clients of Kubernetes, in a virtual environment of its own.
    PythonAccess,
    /// The story told by the AWS SDK for Rust.
    RustSdk,
    /// The tracer of system calls, on PATH.
    Strace,
    /// A Python that has Terraform's core, where all tests are wanted.
    Terraform,
    /// Terraform's provider for Kubernetes, built of its Go module, where all tests are wanted.
    TerraformProvider,
    /// The terminal multiplexer, on PATH.
    Tmux,
}

/// Why a client cannot be had.
#[derive(Clone, Debug)]
enum Lack {
    /// A tool is not there that CI does not install either.
    Optional(String),
    /// Anything else.
    Failed(String),
}

impl From<io::Error> for Lack {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Client {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ansible => "ansible",
            Self::ApiServerWebhook => "apiserver-webhook",
            Self::Aws => "aws",
            Self::AwsVault => "aws-vault",
            Self::Aws2 => "aws@2",
            Self::Boto3 => "boto3",
            Self::Fabric8 => "fabric8-8",
            Self::Fabric8Earlier => "fabric8-7",
            Self::GoInformer => "informer",
            Self::Helm3 => "helm@3",
            Self::Helm4 => "helm@4",
            Self::GoKubernetes => "client-go",
            Self::GoSdk => "sdk-go",
            Self::IamAuthenticator => "aws-iam-authenticator",
            Self::JavaKubernetes => "client-java",
            Self::JavaSdk => "sdk-java",
            Self::K9s => "k9s",
            Self::KubeRs => "kube-rs",
            Self::Kubectl => "kubectl",
            Self::KubectlNewest => "kubectl@1.37",
            Self::KubectlOldest => "kubectl@1.28",
            Self::KubectlRelease => "kubectl-1.32",
            Self::NodeSdk => "sdk-node",
            Self::PythonAccess => "python-access",
            Self::RustSdk => "sdk-rust",
            Self::Strace => "strace",
            Self::Terraform => "terraform",
            Self::TerraformProvider => "terraform-provider-kubernetes",
            Self::Tmux => "tmux",
        }
    }

    fn find_or_install(self) -> Result<PathBuf, Lack> {
        match self {
            Self::Ansible => ansible(),
            Self::ApiServerWebhook => build_go("webhook", self.name(), ""),
            Self::Aws => match find_on_path("aws") {
                Some(found) => Ok(found),
                None => Ok(python("python", "python/requirements.txt")?.join("bin").join("aws")),
            },
            Self::AwsVault => build_heavy("aws-vault", "github.com/99designs/aws-vault/v7", self.name()),
            Self::Boto3 => Ok(python("python", "python/requirements.txt")?.join("bin").join("python")),
            Self::Aws2 | Self::Helm3 | Self::Helm4 | Self::KubectlNewest | Self::KubectlOldest => {
                installed_by_us(self.name())
            }
            Self::Fabric8 => java_archives(self.name(), "java/fabric8/pom-8.xml"),
            Self::Fabric8Earlier => java_archives(self.name(), "java/fabric8/pom-7.xml"),
            Self::GoInformer => build_go("informer", self.name(), ""),
            Self::GoKubernetes => build_go("kubernetes", self.name(), ""),
            Self::GoSdk => build_go("sdk", self.name(), ""),
            Self::IamAuthenticator => {
                let package = "sigs.k8s.io/aws-iam-authenticator/cmd/aws-iam-authenticator";
                build_heavy("iam-authenticator", package, self.name())
            }
            Self::JavaKubernetes => java_archives("java-kubernetes", "java/access/pom.xml"),
            Self::JavaSdk => java_archives("java", "java/pom.xml"),
            Self::K9s => build_heavy("k9s", "github.com/derailed/k9s", self.name()),
            Self::KubeRs => build_rust("kube-rs", "kube-rs"),
            Self::Kubectl => match find_on_path("kubectl") {
                Some(found) => Ok(found),
                None => build_kubectl(),
            },
            Self::KubectlRelease => match find_on_path("kubectl") {
                Some(found) if kubectl_version(&found).starts_with("v1.32.") => Ok(found),
                _ => build_kubectl(),
            },
            Self::NodeSdk => node_modules(),
            Self::PythonAccess => Ok(python(self.name(), "python/access/requirements.txt")?
                .join("bin")
                .join("python")),
            Self::RustSdk => build_rust("rust-sdk", "sdk-rust"),
            Self::Strace => strace(),
            Self::Terraform if !all_wanted() => Err(Lack::Optional(format!("it is large; {ALL}=all installs it"))),
            Self::Terraform => Ok(python(self.name(), "terraform/requirements.txt")?
                .join("bin")
                .join("python")),
            Self::TerraformProvider => {
                let package = "github.com/hashicorp/terraform-provider-kubernetes";
                build_heavy(self.name(), package, self.name())
            }
            Self::Tmux => find_on_path("tmux")
                .ok_or_else(|| Lack::Failed("it is not on PATH; Debian has it as a package".to_owned())),
        }
    }
}

/// The programs or folders that a test needs, or nothing, with a line on stderr, where one cannot be had.
///
/// # Panics
/// Where one cannot be had and `CI` is `true`, but for those of tools that CI does not install.
#[must_use]
pub fn need(test: &str, clients: &[Client]) -> Option<Vec<PathBuf>> {
    type Found = Arc<OnceLock<Result<PathBuf, Lack>>>;
    static FOUND: Mutex<BTreeMap<Client, Found>> = Mutex::new(BTreeMap::new());
    let mut programs = Vec::new();
    for client in clients {
        let found = {
            let mut all = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(*client).or_default())
        };
        // One test installs it; only those that need the same one wait.
        let (why, optional) = match found.get_or_init(|| client.find_or_install()) {
            Ok(path) => {
                programs.push(path.clone());
                continue;
            }
            Err(Lack::Optional(why)) => (why, true),
            Err(Lack::Failed(why)) => (why, false),
        };
        let line = format!("SKIPPED {test}: no {}: {why}", client.name());
        assert!(optional || env::var("CI").as_deref() != Ok("true"), "{line}");
        // Written past the test runner's capture, so that the skip is seen.
        let _ = writeln!(io::stderr(), "{line}");
        return None;
    }
    Some(programs)
}

/// A file or folder beside this crate's manifest.
#[must_use]
pub fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// eksctl, where `EKSCTL_BIN` names it or it is on PATH; else nothing, as [`brought`] says.
#[must_use]
pub fn eksctl(test: &str) -> Option<PathBuf> {
    brought(test, "eksctl", "EKSCTL_BIN")
}

/// A program that `variable` names or that is on PATH; else nothing, with a line on stderr, also where `CI` is `true`: no
/// registry has it built, and to build it takes some minutes.
fn brought(test: &str, name: &str, variable: &str) -> Option<PathBuf> {
    let found = env::var_os(variable).map(PathBuf::from).or_else(|| find_on_path(name));
    if found.is_none() {
        let _ = writeln!(io::stderr(), "SKIPPED {test}: no {name} on PATH, and no {variable}");
    }
    found
}

/// The folder into which [`installed_by_us`] installs.
#[must_use]
pub fn clients_folder() -> PathBuf {
    target_folder().join("client-tests").join("clients")
}

/// A program in the version that `wanted` names, installed by the simulator's own `clients install`.
fn installed_by_us(wanted: &str) -> Result<PathBuf, Lack> {
    let _lock = lock("clients")?;
    let mut command = Command::new(binary());
    command.args(["clients", "install", wanted, "--output", "json", "--dir"]);
    let output = command.arg(clients_folder()).output()?;
    let said = || Lack::Failed(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    let installed: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|_| said())?;
    let path = installed.pointer("/clients/0/path").and_then(serde_json::Value::as_str);
    path.map(PathBuf::from).ok_or_else(said)
}

fn find_on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn all_wanted() -> bool {
    env::var(ALL).as_deref() == Ok("all")
}

/// A tool that CI goes without where the machine has none.
fn optional_tool(name: &str) -> Result<PathBuf, Lack> {
    find_on_path(name).ok_or_else(|| Lack::Optional(format!("no {name} on PATH")))
}

/// A virtual environment of that name with what a file of requirements lists.
fn python(name: &str, requirements: &str) -> Result<PathBuf, Lack> {
    let requirements = source(requirements);
    installed(name, &[&requirements], |venv| {
        run(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
        let mut pip = Command::new(venv.join("bin").join("pip"));
        run(pip.args(["install", "--quiet", "--no-deps", "-r"]).arg(&requirements))
    })
}

fn ansible() -> Result<PathBuf, Lack> {
    if !all_wanted() {
        return Err(Lack::Optional(format!("it is large; {ALL}=all installs it")));
    }
    let [requirements, collections] = ["requirements.txt", "collections.txt"].map(|name| source("ansible").join(name));
    installed("ansible", &[&requirements, &collections], |venv| {
        run(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
        let pip = |words: &[&str], file: &Path| {
            let mut pip = Command::new(venv.join("bin").join("pip"));
            run(pip
                .args(words)
                .args(["--quiet", "--no-deps", "-r"])
                .arg(file)
                .current_dir(venv))
        };
        pip(&["install"], &requirements)?;
        // No package has that collection alone.
        pip(&["download"], &collections)?;
        run(Command::new("python3").arg(source("ansible/unpack.py")).arg(venv))
    })
}

fn node_modules() -> Result<PathBuf, Lack> {
    let files = ["package.json", "package-lock.json"].map(|name| source("node").join(name));
    let [package, lock] = &files;
    let folder = installed("node", &[package, lock], |folder| {
        for file in [package, lock] {
            fs::copy(file, folder.join(file.file_name().unwrap_or_default()))?;
        }
        let words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
        run(Command::new("npm").args(words).current_dir(folder))
    })?;
    // Node looks for modules beside the program.
    for story in ["kubernetes.mjs", "story.mjs"] {
        fs::copy(source("node").join(story), folder.join(story))?;
    }
    Ok(folder)
}

/// A folder of that name with the archives that a file for Maven lists.
fn java_archives(name: &str, pom: &str) -> Result<PathBuf, Lack> {
    let maven = optional_tool("mvn")?;
    optional_tool("java")?;
    let pom = source(pom);
    installed(name, &[&pom], |folder| {
        let mut output = std::ffi::OsString::from("-DoutputDirectory=");
        output.push(folder);
        let mut command = Command::new(&maven);
        command.args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]);
        run(command.arg(output).arg("-f").arg(&pom))
    })
}

/// A program of ours with a workspace of its own.
fn build_rust(workspace: &str, program: &str) -> Result<PathBuf, Lack> {
    let folder = target_folder().join("client-tests").join(workspace);
    // Cargo itself knows whether there is anything to build, and has a lock of its own.
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--manifest-path"]);
    run(cargo
        .arg(source(workspace).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&folder))?;
    Ok(folder.join("debug").join(program))
}

fn build_kubectl() -> Result<PathBuf, Lack> {
    build_go("kubectl", "kubectl", KUBECTL_VERSION)
}

/// Such as `v1.32.9`; empty where it does not say.
fn kubectl_version(program: &Path) -> String {
    let output = Command::new(program)
        .args(["version", "--client", "-o", "json"])
        .output();
    output
        .ok()
        .and_then(|output| serde_json::from_slice::<serde_json::Value>(&output.stdout).ok())
        .and_then(|version| Some(version.pointer("/clientVersion/gitVersion")?.as_str()?.to_owned()))
        .unwrap_or_default()
}

fn build_go(folder: &str, name: &str, link_flags: &str) -> Result<PathBuf, Lack> {
    build_go_package(folder, ".", name, link_flags)
}

/// A program of somebody else's whose module one of ours requires. Those take minutes.
fn build_heavy(folder: &str, package: &str, name: &str) -> Result<PathBuf, Lack> {
    if !all_wanted() {
        return Err(Lack::Optional(format!("it takes long to build; {ALL}=all builds it")));
    }
    build_go_package(folder, package, name, "")
}

fn build_go_package(folder: &str, package: &str, name: &str, link_flags: &str) -> Result<PathBuf, Lack> {
    let go = optional_tool("go")?;
    let bin = target_folder().join("client-tests").join("bin");
    let program = bin.join(name);
    let _lock = lock(name)?;
    fs::create_dir_all(&bin)?;
    // Go itself knows whether there is anything to build.
    run(Command::new(go)
        .current_dir(source("go").join(folder))
        .args(["build", "-ldflags", link_flags, "-o"])
        .arg(&program)
        .arg(package))?;
    Ok(program)
}

fn strace() -> Result<PathBuf, Lack> {
    let strace = find_on_path("strace").ok_or_else(|| Lack::Failed("no strace on PATH".to_owned()))?;
    // A container may not let anything be traced.
    match run(Command::new(&strace).args(["-o", "/dev/null", "true"])) {
        Ok(()) => Ok(strace),
        Err(Lack::Failed(why) | Lack::Optional(why)) => Err(Lack::Optional(why)),
    }
}

/// A folder of that name under `target/client-tests` that `install` has filled from what `sources` say now.
fn installed(name: &str, sources: &[&Path], install: impl FnOnce(&Path) -> Result<(), Lack>) -> Result<PathBuf, Lack> {
    let folder = target_folder().join("client-tests").join(name);
    let stamp = folder.join("installed-from");
    let mut wanted = Vec::new();
    for source in sources {
        wanted.extend(fs::read(source)?);
    }
    let _lock = lock(name)?;
    if fs::read(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    install(&folder)?;
    fs::write(&stamp, wanted)?;
    Ok(folder)
}

/// A lock that other test processes wait for, until it is dropped.
fn lock(name: &str) -> Result<File, Lack> {
    let folder = target_folder().join("client-tests");
    fs::create_dir_all(&folder)?;
    let file = File::create(folder.join(format!("{name}.lock")))?;
    file.lock()?;
    Ok(file)
}

fn run(command: &mut Command) -> Result<(), Lack> {
    let output = command
        .output()
        .map_err(|error| Lack::Failed(format!("cannot run {command:?}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let (stdout, stderr) = (&output.stdout, &output.stderr);
    Err(Lack::Failed(format!(
        "{command:?}: {}{}",
        String::from_utf8_lossy(stdout),
        String::from_utf8_lossy(stderr)
    )))
}
