//! Runs a real client and catches what it prints.

use std::collections::BTreeMap;
use std::io;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use eks_auth_core::scenario::Edit;

use super::Outcome;
use crate::environment;

/// No command of a scenario takes longer; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What stands in for a person at an editor: a shell script that puts lines in behind a line of the file.
pub(super) const EDITOR: &str = r#"set -e
awk '
  { print }
  !found {
    line = $0
    sub(/^[ \t]+/, "", line)
    if (line == ENVIRON["EKS_AUTH_SIM_EDIT_AFTER"]) {
      indent = substr($0, 1, length($0) - length(line))
      count = split(ENVIRON["EKS_AUTH_SIM_EDIT_INSERT"], lines, "\n")
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
    env.insert("EDITOR".to_owned(), format!("sh {}", script.display()));
    env.insert("KUBE_EDITOR".to_owned(), format!("sh {}", script.display()));
    env.insert("EKS_AUTH_SIM_EDIT_AFTER".to_owned(), edit.after.clone());
    env.insert("EKS_AUTH_SIM_EDIT_INSERT".to_owned(), edit.insert.clone());
}

/// Runs `program` with the words behind the first, both streams caught as one, nothing to read.
pub(super) fn run(program: &Path, words: &[String], env: &BTreeMap<String, String>) -> io::Result<Outcome> {
    let (mut reader, writer) = io::pipe()?;
    let mut command = Command::new(program);
    command
        .args(words.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    for name in environment::UNSET {
        command.env_remove(name);
    }
    let mut child = command.envs(env).spawn()?;
    // The command holds the writing ends: the output ends only when they are gone too.
    drop(command);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = Vec::new();
        let _ = reader.read_to_end(&mut output);
        let _ = sender.send(output);
    });
    let output = match receiver.recv_timeout(PATIENCE) {
        Ok(output) => output,
        Err(_) => {
            child.kill()?;
            format!("(killed after {} s)\n", PATIENCE.as_secs()).into_bytes()
        }
    };
    Ok(Outcome {
        output: String::from_utf8_lossy(&output).into_owned(),
        exit_code: child.wait()?.code(),
    })
}
