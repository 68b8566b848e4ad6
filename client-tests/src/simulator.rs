//! The built binary as a process of its own, with a home folder of its own for its clients.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tempfile::TempDir;

/// Variables that a stray real credential could come through.
const UNSET: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// How long a listener may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The folder that cargo builds into.
pub(crate) fn target_folder() -> PathBuf {
    binary()
        .parent()
        .and_then(Path::parent)
        .expect("a binary in target/PROFILE")
        .to_owned()
}

/// The simulator's binary: `EKS_AUTH_SIM_BIN`, else that of the tests' own profile, which is built if need be.
///
/// It is the one that `cargo test --workspace` has built for the tests in tidy.rs: `cargo build -p eks-auth-sim` chooses other
/// features of a dependency, and would build both crates once more.
///
/// # Panics
/// Where it cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("EKS_AUTH_SIM_BIN") {
            return path.into();
        }
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["test", "--workspace", "--test", "tidy", "--no-run"])
            .args(["--quiet", "--message-format", "json"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let output = cargo.output().expect("cargo runs");
        let messages = String::from_utf8_lossy(&output.stdout);
        messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message.pointer("/target/kind/0").is_some_and(|kind| kind == "bin"))
            .filter(|message| {
                message
                    .pointer("/target/name")
                    .is_some_and(|name| name == "eks-auth-sim")
            })
            .filter(|message| message.pointer("/profile/test") == Some(&Value::Bool(false)))
            .find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
            .unwrap_or_else(|| panic!("cargo built no binary: {}", String::from_utf8_lossy(&output.stderr)))
    })
}

/// `eks-auth-sim serve` or `webhook`, ended when dropped.
#[derive(Debug)]
pub struct Simulator {
    child: Child,
    /// Its own process id; that of the child is its tracer's, where it is traced.
    pid: u32,
    folder: TempDir,
    ready: Value,
}

/// A folder with a home folder in it.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("client-tests-")
        .tempdir()
        .expect("a folder");
    fs::create_dir(folder.path().join("home")).expect("a home folder");
    folder
}

/// What a client did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code; nothing when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Ran {
    /// The output of a client that succeeded.
    ///
    /// # Panics
    /// Where it failed.
    #[must_use]
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// The last line of the complaints of a client that failed.
    ///
    /// # Panics
    /// Where it went well.
    #[must_use]
    #[track_caller]
    pub fn complaint(self) -> String {
        assert_ne!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self.stderr.trim_end().lines().last().unwrap_or_default().to_owned()
    }
}

impl Simulator {
    /// Starts it in the World of AWS's article.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts it with further arguments of `serve`.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::start_command("serve", arguments)
    }

    /// Starts a command that stays, `serve` or `webhook`, with further arguments.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start_command(command: &str, arguments: &[&str]) -> Self {
        Self::spawn(Command::new(binary()), folder(), command, arguments)
    }

    /// Starts it under a tracer, given with its arguments.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start_traced(mut tracer: Command) -> Self {
        tracer.arg(binary());
        Self::spawn(tracer, folder(), "serve", &[])
    }

    /// Starts `serve` with further arguments by a program that becomes it, such as `prlimit`, given with its own arguments.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start_by(mut program: Command, arguments: &[&str]) -> Self {
        program.arg(binary());
        Self::spawn(program, folder(), "serve", arguments)
    }

    fn spawn(mut program: Command, folder: TempDir, command: &str, arguments: &[&str]) -> Self {
        let log = File::create(folder.path().join("log")).expect("a log file");
        let mut child = program
            .args([command, "--output", "json", "--ready-file"])
            .arg(folder.path().join("ready.json"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the simulator runs");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("its standard output");
        BufReader::new(stdout).read_line(&mut line).expect("its first line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            panic!("the simulator did not start: {error}: {log}")
        });
        let pid = ready.get("pid").and_then(Value::as_u64);
        let pid = pid.and_then(|pid| pid.try_into().ok()).expect("a process id");
        Self {
            child,
            pid,
            folder,
            ready,
        }
    }

    /// A value of the ready file, by JSON pointer.
    ///
    /// # Panics
    /// Where it is no text.
    #[must_use]
    pub fn ready(&self, pointer: &str) -> &str {
        self.ready
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {pointer} in the ready file"))
    }

    /// A connection to the listener that the ready file names so; nothing where it is gone.
    #[must_use]
    pub fn try_connect(&self, pointer: &str) -> Option<TcpStream> {
        let (_, address) = self.ready(pointer).split_once("://")?;
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        Some(stream)
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    /// Where there is no `kill`.
    pub fn kill(&self) {
        let pid = self.pid.to_string();
        let killed = Command::new("kill").args(["-9", &pid]).status();
        assert!(killed.expect("kill runs").success());
        let stat = PathBuf::from(format!("/proc/{pid}/stat"));
        // A process that has ended stays, as a zombie, until its parent asks for it.
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            std::thread::yield_now();
        }
    }

    /// A TCP connection to a listener that the ready file names at `pointer`.
    ///
    /// # Panics
    /// Where nobody listens.
    #[must_use]
    pub fn connect(&self, pointer: &str) -> TcpStream {
        let (_, host) = self.ready(pointer).split_once("://").expect("a URL");
        let stream = TcpStream::connect(host).expect("a listener");
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        stream
    }

    /// A TLS client that trusts the simulator's authority, about to shake hands with `name`.
    ///
    /// # Panics
    /// Where `name` is no name, or the authority's certificate cannot be read.
    #[must_use]
    pub fn tls(&self, name: &'static str) -> ClientConnection {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(self.ready("/ca_bundle")).expect("the CA bundle") {
            roots.add(certificate.expect("a certificate")).expect("an authority");
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        ClientConnection::new(Arc::new(config), ServerName::try_from(name).expect("a name")).expect("a client")
    }

    /// A folder for what a test writes; it goes with the simulator.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What the authenticator has written to its log.
    ///
    /// # Panics
    /// Where the log cannot be read.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join("log")).expect("the log");
        text.lines().map(str::to_owned).collect()
    }

    /// The environment of clients, as the ready file gives it.
    #[must_use]
    pub fn env(&self) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> = self
            .ready
            .get("env")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        env.insert("HOME".to_owned(), self.folder.path().join("home").display().to_string());
        env
    }

    /// A command in the environment of clients.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for name in UNSET {
            command.env_remove(name);
        }
        command.envs(self.env()).stdin(Stdio::null());
        command
    }

    /// Runs a client with words parted by blanks; `AWS_PROFILE` is `profile`, where one is given.
    ///
    /// # Panics
    /// Where it cannot be run.
    #[must_use]
    pub fn run(&self, program: &Path, words: &str, profile: Option<&str>) -> Ran {
        let mut command = self.command(program);
        command.args(words.split_whitespace());
        if let Some(profile) = profile {
            command.env("AWS_PROFILE", profile);
        }
        Self::run_command(&mut command)
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// Where it cannot be run.
    #[must_use]
    pub fn run_command(command: &mut Command) -> Ran {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Runs one of our own commands against it.
    ///
    /// # Panics
    /// Where it cannot be run.
    #[must_use]
    pub fn own(&self, words: &str) -> Ran {
        self.run(binary(), words, None)
    }

    /// Asks it to end, as Ctrl-C does, and waits.
    ///
    /// # Panics
    /// Where it has ended already.
    pub fn stop(mut self) -> Option<i32> {
        let _ = Command::new("kill").args(["-TERM", &self.pid.to_string()]).status();
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if self.pid == self.child.id() {
            let _ = self.child.kill();
        } else if let Ok(None) = self.child.try_wait() {
            // A tracer ends with what it traces, but not the other way round.
            let _ = Command::new("kill").args(["-KILL", &self.pid.to_string()]).status();
        }
        let _ = self.child.wait();
    }
}
