//! What kubectl prints, compared with what it prints before a real kube-apiserver.
//!
//! `client-tests/kubectl/*.txt` are transcripts that were recorded from kube-apiserver 1.32.13; `README.md` beside them
//! tells their form, and how to check them against any other cluster.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::LazyLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use client_tests::source;
use regex::Regex;
use serde_json::Value;

/// How long it is until a command's end is looked for again.
const PAUSE: Duration = Duration::from_millis(2);

/// How often it is looked for, at most: a command that takes 30 seconds hangs.
const PATIENCE: usize = 15_000;

/// A file of commands with what they print, which share a cluster's state in their order.
#[derive(Debug)]
struct Transcript {
    name: String,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// A comment or an empty line, kept as it is.
    Text(String),
    /// A file beside which the commands run.
    File {
        name: String,
        lines: Vec<String>,
    },
    /// A command that must succeed; what it prints does not matter.
    Prepare(String),
    Check(Check),
}

/// A command with what it prints.
#[derive(Debug, Default)]
struct Check {
    command: String,
    real: Printed,
    /// Why the simulator differs, and what it prints instead.
    differs: Option<(String, Printed)>,
}

/// What a command prints, in normal form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Printed {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Transcript {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut steps: Vec<Step> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let at = || format!("{}:{}: {line}", path.display(), index + 1);
            if let Some(content) = line.strip_prefix("  ") {
                let Some(Step::File { lines, .. }) = steps.last_mut() else {
                    panic!("no file begins above {}", at());
                };
                lines.push(content.to_owned());
                continue;
            }
            let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
            let (ours, mark, rest) = match mark {
                "ours" => {
                    let (mark, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                    (true, mark, rest)
                }
                _ => (false, mark, rest),
            };
            let step = match mark {
                "" | "#" => Step::Text(line.to_owned()),
                "file" => Step::File {
                    name: rest.to_owned(),
                    lines: Vec::new(),
                },
                "+" => Step::Prepare(rest.to_owned()),
                "$" => Step::Check(Check {
                    command: rest.to_owned(),
                    ..Check::default()
                }),
                _ => {
                    let Some(Step::Check(check)) = steps.last_mut() else {
                        panic!("no command above {}", at());
                    };
                    if mark == "differs" {
                        check.differs = Some((rest.to_owned(), Printed::default()));
                        continue;
                    }
                    let printed = match (&mut check.differs, ours) {
                        (Some((_, printed)), true) => printed,
                        (None, true) => panic!("no reason above {}", at()),
                        (_, false) => &mut check.real,
                    };
                    assert!(printed.read(mark, rest), "what is {}", at());
                    continue;
                }
            };
            steps.push(step);
        }
        Self {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            steps,
        }
    }

    fn render(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            match step {
                Step::Text(line) => writeln!(text, "{line}").unwrap(),
                Step::File { name, lines } => {
                    writeln!(text, "file {name}").unwrap();
                    for line in lines {
                        writeln!(text, "  {line}").unwrap();
                    }
                }
                Step::Prepare(command) => writeln!(text, "+ {command}").unwrap(),
                Step::Check(check) => {
                    writeln!(text, "$ {}", check.command).unwrap();
                    check.real.render("", &mut text);
                    if let Some((reason, ours)) = &check.differs {
                        writeln!(text, "differs {reason}").unwrap();
                        ours.render("ours ", &mut text);
                    }
                }
            }
        }
        text
    }

    /// Runs every command and hands what each check printed to `compare`.
    /// Of what prepares it hears only of failures, as a check of nothing.
    fn run(&mut self, shell: &Shell, mut compare: impl FnMut(&mut Check, Printed)) {
        for step in &mut self.steps {
            match step {
                Step::Text(_) => {}
                Step::File { name, lines } => {
                    let mut text = lines.join("\n");
                    text.push('\n');
                    fs::write(shell.folder.join(name), text).unwrap();
                }
                Step::Prepare(command) => {
                    let ran = shell.run(command);
                    if ran.code != Some(0) {
                        compare(
                            &mut Check {
                                command: format!("+ {command}"),
                                ..Check::default()
                            },
                            shell.printed(&ran),
                        );
                    }
                }
                Step::Check(check) => {
                    let printed = shell.printed(&shell.run(&check.command));
                    compare(check, printed);
                }
            }
        }
    }
}

impl Printed {
    /// Takes in a line of a transcript; whether it is one.
    fn read(&mut self, mark: &str, rest: &str) -> bool {
        let stream = match mark {
            "exit" => {
                self.code = rest.parse().unwrap();
                return true;
            }
            // A last line that nothing ends.
            ">|" => {
                self.stdout.push_str(rest);
                return true;
            }
            ">" => &mut self.stdout,
            "!" => &mut self.stderr,
            _ => return false,
        };
        stream.push_str(rest);
        stream.push('\n');
        true
    }

    fn render(&self, prefix: &str, text: &mut String) {
        if self.code != 0 {
            writeln!(text, "{prefix}exit {}", self.code).unwrap();
        }
        for (mark, stream) in [(">", &self.stdout), ("!", &self.stderr)] {
            for line in stream.split_inclusive('\n') {
                match line.strip_suffix('\n') {
                    Some("") => writeln!(text, "{prefix}{mark}").unwrap(),
                    Some(line) => writeln!(text, "{prefix}{mark} {line}").unwrap(),
                    None if mark == ">" => writeln!(text, "{prefix}>| {line}").unwrap(),
                    None => writeln!(text, "{prefix}{mark} {line}").unwrap(),
                }
            }
        }
    }
}

/// Where the commands run.
struct Shell<'a> {
    folder: PathBuf,
    kubectl: &'a Path,
    kubeconfig: PathBuf,
}

impl Shell<'_> {
    /// A folder for the commands, with a kubectl that has cached nothing.
    fn new(folder: PathBuf, kubectl: &Path, kubeconfig: PathBuf) -> Shell<'_> {
        fs::create_dir_all(folder.join("home")).unwrap();
        Shell {
            folder,
            kubectl,
            kubeconfig,
        }
    }

    fn run(&self, command: &str) -> Ran {
        let stream = |name: &str| File::create(self.folder.join("home").join(name)).unwrap();
        let mut path = self.kubectl.parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        let mut child = Command::new("sh")
            .args(["-c", command])
            .current_dir(&self.folder)
            .env("PATH", path)
            .env("HOME", self.folder.join("home"))
            .env("KUBECONFIG", &self.kubeconfig)
            .env("LC_ALL", "C")
            .env_remove("KUBE_EDITOR")
            .env_remove("EDITOR")
            .stdin(Stdio::null())
            .stdout(stream("stdout"))
            .stderr(stream("stderr"))
            .process_group(0)
            .spawn()
            .unwrap();
        let mut patience = PATIENCE;
        let code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            if patience == 0 {
                // The shell and what it started.
                let _ = Command::new("kill")
                    .args(["-9", "--", &format!("-{}", child.id())])
                    .status();
                child.wait().unwrap();
                break None;
            }
            patience -= 1;
            thread::sleep(PAUSE);
        };
        let text =
            |name: &str| String::from_utf8_lossy(&fs::read(self.folder.join("home").join(name)).unwrap()).into_owned();
        Ran {
            code,
            stdout: text("stdout"),
            stderr: text("stderr"),
        }
    }

    fn printed(&self, ran: &Ran) -> Printed {
        let folder = self.folder.display().to_string();
        Printed {
            code: ran.code.unwrap_or(-1),
            stdout: normal(&ran.stdout.replace(&folder, "<folder>")),
            stderr: normal(&ran.stderr.replace(&folder, "<folder>")),
        }
    }
}

/// What is not the same twice, by its name.
const NORMALISATIONS: [(&str, &str, &str); 15] = [
    // The prefix of a line of kubectl's own log.
    ("log prefix", r"(?m)^([EWI])\d{4} [\d:.]+ +\d+ ", "${1}<log> "),
    ("temporary file", r"/tmp/[\w./-]*\d{4,}[\w./-]*", "<temporary>"),
    ("time", r#""?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"?"#, "<time>"),
    (
        "time, in words",
        r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}",
        "<time>",
    ),
    ("token", r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "<token>"),
    (
        "uid",
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "<uid>",
    ),
    (
        "resource version",
        // The quotes may be escaped.
        r#"(resourceVersion\\?"?: ?\\?")\d+"#,
        "${1}<version>",
    ),
    // Of strings of Go code in JSON, as in last-applied-configuration, nothing differs.
    ("server", r"https://127\.0\.0\.1:\d+", "<server>"),
    ("server, without a scheme", r"127\.0\.0\.1:\d+", "<server>"),
    ("release", r"v1\.32\.\d+[\w.+-]*", "<release>"),
    // In a table a column's width may depend on it.
    (
        "age, before a column",
        r"(?m)(^|[ (])(?:\d+[ym])?\d+[dsy]( {2,}|\t)",
        "${1}<age>   ",
    ),
    (
        "age",
        r"(?m)(^|[ (])(?:\d+[ym])?\d+[dsy]( ago|\)| \(|$)",
        "${1}<age>${2}",
    ),
    ("volume", r"kube-api-access-[a-z0-9]{5}", "kube-api-access-<random>"),
    ("hash", r"hash=[0-9A-F]+", "hash=<hash>"),
    ("line end", r"(?m)[ \t]+$", ""),
];

fn normal(text: &str) -> String {
    static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        NORMALISATIONS
            .iter()
            .map(|(_, pattern, replacement)| (Regex::new(pattern).unwrap(), *replacement))
            .collect()
    });
    COMPILED.iter().fold(text.to_owned(), |text, (pattern, replacement)| {
        pattern.replace_all(&text, *replacement).into_owned()
    })
}

fn transcripts() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(source("kubectl"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    paths
}

/// Whether `RECORD_ONLY` leaves the transcript out.
fn is_left_out(path: &Path) -> bool {
    let only = env::var("RECORD_ONLY").unwrap_or_default();
    let name = path.file_stem().unwrap().to_string_lossy();
    !only.is_empty() && !only.split(',').any(|one| one == name)
}

/// A kubeconfig whose only user is the cluster's administrator, with a token in it.
fn kubeconfig(simulator: &Simulator) -> PathBuf {
    let credential = simulator.own("token --cluster-name recorded --region us-west-2").good();
    let credential: Value = serde_json::from_str(&credential).unwrap();
    let config = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "recorded", "cluster": {
            "server": simulator.ready("/clusters/0/endpoint"),
            "certificate-authority": simulator.ready("/ca_bundle"),
        }}],
        "users": [{"name": "admin", "user": {"token": credential["status"]["token"]}}],
        "contexts": [{"name": "recorded", "context": {"cluster": "recorded", "user": "admin"}}],
        "current-context": "recorded",
    });
    let path = simulator.folder().join("kubeconfig");
    fs::write(&path, config.to_string()).unwrap();
    path
}

/// Runs the transcripts against the cluster of that kubeconfig and writes down what it does.
fn record(kubectl: &Path, kubeconfig: &Path) {
    for path in transcripts().into_iter().filter(|path| !is_left_out(path)) {
        let mut transcript = Transcript::read(&path);
        if let Some(reset) = env::var_os("RECORD_RESET") {
            assert!(Command::new(reset).status().unwrap().success());
        }
        let folder = tempfile::tempdir().unwrap();
        let shell = Shell::new(folder.path().to_owned(), kubectl, kubeconfig.to_owned());
        transcript.run(&shell, |check, printed| {
            let prepares = check.command.starts_with('+');
            assert!(printed.code != -1 && !prepares, "{}: {printed:?}", check.command);
            check.real = printed;
        });
        fs::write(&path, transcript.render()).unwrap();
    }
}

/// What of a transcript is not as expected, each with its command.
fn replay(path: &Path, kubectl: &Path) -> String {
    let mut transcript = Transcript::read(path);
    let world = source("kubectl/world.yaml").display().to_string();
    let simulator = Simulator::start_with(&["--scenario", &world]);
    let shell = Shell::new(simulator.folder().join("work"), kubectl, kubeconfig(&simulator));
    let rewrite = env::var_os("RECORD_OURS").is_some();
    let mut complaints = String::new();
    let name = transcript.name.clone();
    transcript.run(&shell, |check, printed| {
        let problem = match &mut check.differs {
            Some(_) if printed == check.real => "is marked as different and is not".to_owned(),
            Some((_, ours)) => {
                if rewrite {
                    *ours = printed.clone();
                }
                difference(ours, &printed)
            }
            None => difference(&check.real, &printed),
        };
        if !problem.is_empty() {
            writeln!(complaints, "{name}: {}\n{problem}", check.command).unwrap();
        }
    });
    if rewrite {
        fs::write(path, transcript.render()).unwrap();
    }
    complaints
}

/// What is wanted and found, line by line; empty where they are the same.
fn difference(wanted: &Printed, found: &Printed) -> String {
    if wanted == found {
        return String::new();
    }
    let [mut before, mut after] = [String::new(), String::new()];
    wanted.render("wanted ", &mut before);
    found.render("found  ", &mut after);
    format!("{before}{after}")
}

#[test]
fn kubectl_prints_what_a_real_api_server_makes_it_print() {
    // Other releases word some things differently.
    let Some(clients) = need(
        "kubectl_prints_what_a_real_api_server_makes_it_print",
        &[Client::KubectlRelease],
    ) else {
        return;
    };
    let kubectl = &clients[0];
    if let Some(kubeconfig) = env::var_os("RECORD_KUBECONFIG") {
        record(kubectl, Path::new(&kubeconfig));
        return;
    }
    let mut paths = transcripts();
    paths.retain(|path| !is_left_out(path));
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
    let complaints: String = thread::scope(|scope| {
        let work = || {
            let mut complaints = String::new();
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                complaints.push_str(&replay(path, kubectl));
            }
            complaints
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn transcripts_are_rendered_as_they_are_read() {
    for path in transcripts() {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(Transcript::read(&path).render(), text, "{}", path.display());
    }
}

#[test]
fn what_is_not_the_same_twice_gets_a_name() {
    for (text, expected) in [
        ("web    1/1   5s    c   nginx", "web    1/1   <age>   c   nginx"),
        ("x   1   3m12s", "x   1   <age>"),
        ("327d        Normal", "<age>   Normal"),
        ("Age:  2s\nx", "Age:  <age>\nx"),
        (
            "E1124 17:51:01.123456   12345 memcache.go:265] \"x\"",
            "E<log> memcache.go:265] \"x\"",
        ),
        (
            "creationTimestamp: \"2026-11-24T17:51:01Z\"",
            "creationTimestamp: <time>",
        ),
        ("  resourceVersion: \"42\"", "  resourceVersion: \"<version>\""),
        (
            r#"{\"resourceVersion\":\"42\"}"#,
            r#"{\"resourceVersion\":\"<version>\"}"#,
        ),
        ("uid: 0b0e5d3c-9a4e-4c9c-8f0a-0123456789ab", "uid: <uid>"),
        ("Server Version: v1.32.9-eks-1234567", "Server Version: <release>"),
        ("cpu: 100m", "cpu: 100m"),
    ] {
        assert_eq!(normal(text), expected);
    }
}
