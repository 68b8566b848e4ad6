//! Runs a real client and catches what it prints.

use std::collections::BTreeMap;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use eks_auth_core::scenario::Edit;

use super::Outcome;
use crate::ending;
use crate::environment;

/// No command of a scenario takes longer; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What stands in for a person at an editor: a shell script that puts lines in behind a line of the file, or in its place.
pub(super) const EDITOR: &str = r#"set -e
awk '
  BEGIN { replaces = ENVIRON["EKS_AUTH_SIM_EDIT"] == "replace" }
  {
    line = $0
    sub(/^[ \t]+/, "", line)
    here = !found && line == ENVIRON["EKS_AUTH_SIM_EDIT_LINE"]
    if (!here || !replaces) print
    if (here) {
      indent = substr($0, 1, length($0) - length(line))
      count = split(ENVIRON["EKS_AUTH_SIM_EDIT_LINES"], lines, "\n")
      for (at = 1; at <= count; at++) if (lines[at] != "") print indent lines[at]
      found = 1
    }
  }
  END { exit !found }
' "$1" > "$1.edited"
cat "$1.edited" > "$1"
rm -f "$1.edited"
"#;

/// Lets `script` do `edit` where a client opens an editor. The shell reads the script, so that nothing needs to be
/// executable.
pub(super) fn set_editor(env: &mut BTreeMap<String, String>, script: &Path, edit: &Edit) {
    let (kind, line, lines) = match edit {
        Edit::Insert { after, lines } => ("insert", after, lines),
        Edit::Replace { line, with } => ("replace", line, with),
    };
    env.insert("EDITOR".to_owned(), format!("sh {}", script.display()));
    env.insert("KUBE_EDITOR".to_owned(), format!("sh {}", script.display()));
    env.insert("EKS_AUTH_SIM_EDIT".to_owned(), kind.to_owned());
    env.insert("EKS_AUTH_SIM_EDIT_LINE".to_owned(), line.clone());
    env.insert("EKS_AUTH_SIM_EDIT_LINES".to_owned(), lines.clone());
}

/// Runs `program` with the words behind the first in `folder`, with `env` alone and nothing to read: where the system has
/// `setsid`, no terminal either, lest a client asks there for a password.
pub(super) fn run(
    program: &Path,
    words: &[String],
    env: &BTreeMap<String, String>,
    folder: &Path,
) -> io::Result<Outcome> {
    let mut command = match environment::find_program("setsid") {
        Some(setsid) => {
            let mut command = Command::new(setsid);
            command.arg("--wait").arg(program);
            command
        }
        None => Command::new(program),
    };
    command
        .args(words.iter().skip(1))
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let (mut child, killed_at_end) = ending::spawn(command.envs(env))?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        send_lines(stdout, false, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        send_lines(stderr, true, sender);
    }
    // Both streams end when everybody who could write to them is gone.
    let (mut output, mut stdout, mut stderr) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok((is_error, line)) => {
                output.extend_from_slice(&line);
                if is_error { &mut stderr } else { &mut stdout }.extend_from_slice(&line);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                child.kill()?;
                output.extend_from_slice(format!("(killed after {} s)\n", PATIENCE.as_secs()).as_bytes());
                break;
            }
        }
    }
    drop(killed_at_end);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Outcome {
        output: text(output),
        stdout: text(stdout),
        stderr: text(stderr),
        exit_code: child.wait()?.code(),
    })
}

/// Sends each line of a stream as it comes, so that the lines of both streams stand in the order in which they were printed.
fn send_lines(stream: impl Read + Send + 'static, is_error: bool, sender: mpsc::Sender<(bool, Vec<u8>)>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        loop {
            let mut line = Vec::new();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if sender.send((is_error, line)).is_err() => return,
                Ok(_) => {}
            }
        }
    });
}
