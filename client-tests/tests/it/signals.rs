//! Signals end our commands with what they have made: temporary folders, which hold keys, and the commands that they run.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use client_tests::Simulator;
use client_tests::binary;
use tempfile::TempDir;

/// What asks a process to end, with its number.
const SIGNALS: [(&str, i32); 4] = [("HUP", 1), ("INT", 2), ("QUIT", 3), ("TERM", 15)];

/// Moments of a start at which it is ended.
const MOMENTS: u64 = 40;

/// A command of ours whose temporary folders go into a folder of the test's.
struct Started {
    child: Child,
    temporary: TempDir,
}

impl Started {
    /// In a process group of its own, as what no terminal sends signals to.
    fn new(command: &mut Command) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let child = command
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        Self { child, temporary }
    }

    fn own(arguments: &[&str]) -> Self {
        Self::new(Command::new(binary()).args(arguments))
    }

    /// The first line that it prints.
    fn line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        line
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").arg(format!("-{name}")).arg(pid).status();
        assert!(status.unwrap().success());
    }

    /// The folders that it has now.
    fn folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.temporary.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Its exit code, or minus the signal that ended it, once it has ended and left nothing.
    #[track_caller]
    fn end(mut self) -> i32 {
        let status = self.child.wait().unwrap();
        assert_eq!(self.folders(), Vec::<PathBuf>::new());
        status.code().unwrap_or_else(|| -status.signal().unwrap())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The signals that this process, and so what it starts, was not told to ignore.
fn signals() -> impl Iterator<Item = (&'static str, i32)> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    SIGNALS
        .into_iter()
        .filter(move |(_, number)| ignored & (1_u64 << (number - 1)) == 0)
}

#[test]
fn exec_hands_signals_on_and_ends_as_its_command_does() {
    for (name, number) in signals() {
        let trapped = format!("trap 'kill $!; exit 3' {name}; sleep 1000 & echo $$ \"$KUBECONFIG\"; wait");
        for (script, wanted) in [
            ("ulimit -c 0; echo $$ \"$KUBECONFIG\"; exec sleep 1000", 128 + number),
            (trapped.as_str(), 3),
        ] {
            let mut exec = Started::own(&["exec", "--", "sh", "-c", script]);
            let line = exec.line();
            let (pid, kubeconfig) = line.trim().split_once(' ').unwrap();
            assert!(Path::new(kubeconfig).starts_with(exec.temporary.path()), "{line}");
            exec.signal(name);
            assert_eq!(exec.end(), wanted, "{name}: {script}");
            assert!(!Path::new("/proc").join(pid).exists(), "{name}: {script}");
        }
    }
}

#[test]
fn commands_that_stay_end_cleanly_by_every_signal() {
    for (name, _) in signals() {
        for arguments in [&["serve"][..], &["webhook", "--port", "0"]] {
            let folder = tempfile::tempdir().unwrap();
            let ready = folder.path().join("ready.json");
            let mut command = Command::new(binary());
            command
                .args(arguments)
                .args(["--output", "json", "--ready-file"])
                .arg(&ready);
            let mut started = Started::new(&mut command);
            assert!(started.line().contains("\"aws_endpoint\""));
            for made in started.folders() {
                assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
            }
            assert_eq!(started.folders().len(), 1);
            started.signal(name);
            assert_eq!(started.end(), 0, "{name}: {arguments:?}");
            assert!(!ready.exists(), "{name}: {arguments:?}");
        }
    }
}

#[test]
fn a_start_that_is_ended_leaves_nothing() {
    for moment in 0..MOMENTS {
        for arguments in [&["serve"][..], &["exec", "--", "sleep", "1000"]] {
            let started = Started::own(arguments);
            // Any moment will do: what is asked for is that none is bad.
            thread::sleep(Duration::from_micros(moment * 300));
            started.signal("TERM");
            // Before it listened, while it started, or afterwards.
            let code = started.end();
            assert!([-15, 0, 143].contains(&code), "{arguments:?}: {code}");
        }
    }
}

#[test]
fn scenarios_that_are_ended_leave_nothing() {
    let mut started = Started::own(&["scenario", "run", "--all", "--client", "builtin", "--jobs", "2"]);
    let mut progress = BufReader::new(started.child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("[1/") {
        line.clear();
        assert_ne!(progress.read_line(&mut line).unwrap(), 0);
    }
    started.signal("TERM");
    // It may have played the last one meanwhile.
    let code = started.end();
    assert!([0, 143].contains(&code), "{code}");
}

#[test]
fn what_nohup_has_it_ignore_stays_ignored() {
    let script = format!(
        "trap '' HUP; exec '{}' serve --output json --ready-file ready.json",
        binary().display()
    );
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(folder.path());
    let mut started = Started::new(&mut command);
    assert!(started.line().contains("\"aws_endpoint\""));
    started.signal("HUP");
    let mut clock = Command::new(binary());
    clock
        .args(["ctl", "--ready-file", "ready.json", "clock"])
        .current_dir(folder.path());
    assert!(Simulator::run_command(&mut clock).good().contains("(+0 s)"));
    started.signal("TERM");
    assert_eq!(started.end(), 0);
}
