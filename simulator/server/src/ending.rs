//! What must not outlive the process: temporary folders, which hold keys, and clients that it runs.
//!
//! Each goes when its owner is dropped. Where a signal ends the process nothing is dropped, and [`end_process`] takes
//! everything away; `cli/end_signal.rs` listens.

use std::fs;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;
use rustix::process::kill_process_group;

/// How often a folder is tried in which somebody is still writing.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// What there is to take away.
struct Leftovers {
    folders: Vec<PathBuf>,
    children: Vec<Pid>,
}

// A static, since a signal is the whole process's. Whoever makes something holds the lock until it is listed.
static LEFTOVERS: Mutex<Leftovers> = Mutex::new(Leftovers {
    folders: Vec::new(),
    children: Vec::new(),
});

fn leftovers() -> MutexGuard<'static, Leftovers> {
    LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A folder that only the user may enter, and that goes when it is dropped or a signal ends the process.
#[derive(Debug)]
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// One in the system's folder for such.
    pub(crate) fn new() -> io::Result<Self> {
        Self::list("eks-auth-sim-", None)
    }

    /// One beside what is to come of it.
    pub(crate) fn beside(folder: &Path, prefix: &str) -> io::Result<Self> {
        Self::list(prefix, Some(folder))
    }

    fn list(prefix: &str, parent: Option<&Path>) -> io::Result<Self> {
        let mut leftovers = leftovers();
        let mut builder = tempfile::Builder::new();
        // Without these permissions, whoever is on the machine may look into it.
        builder.prefix(prefix).permissions(Permissions::from_mode(0o700));
        let made = match parent {
            None => builder.tempdir(),
            Some(parent) => builder.tempdir_in(parent),
        };
        let folder = made?.keep();
        leftovers.folders.push(folder.clone());
        Ok(Self(folder))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let mut leftovers = leftovers();
        remove(&self.0);
        leftovers.folders.retain(|folder| *folder != self.0);
    }
}

/// Removes a folder, also what is written there meanwhile.
fn remove(folder: &Path) {
    for _ in 0..TRIES {
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// Has a child killed where a signal ends the process, for as long as it is not dropped.
#[derive(Debug)]
pub(crate) struct KilledAtEnd(Pid);

impl Drop for KilledAtEnd {
    fn drop(&mut self) {
        leftovers().children.retain(|child| *child != self.0);
    }
}

/// Starts a child, which is killed with its session where it leads one. What is returned beside it is dropped when the child
/// has ended: later its number may be another process's.
pub(crate) fn spawn(command: &mut Command) -> io::Result<(Child, KilledAtEnd)> {
    let mut leftovers = leftovers();
    let child = command.spawn()?;
    let pid = Pid::from_child(&child);
    leftovers.children.push(pid);
    Ok((child, KilledAtEnd(pid)))
}

/// What a child prints that has nothing to read.
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let (child, _killed_at_end) = spawn(command)?;
    child.wait_with_output()
}

/// Takes everything away, and ends the process. The lock is not given back: what others make or drop meanwhile waits for it.
pub(crate) fn end_process(code: u8) -> ! {
    let leftovers = leftovers();
    for child in &leftovers.children {
        // The first fails for one that leads no group.
        let _ = kill_process_group(*child, Signal::KILL);
        let _ = kill_process(*child, Signal::KILL);
    }
    for folder in &leftovers.folders {
        remove(folder);
    }
    std::process::exit(code.into())
}

/// Waits for ever where a signal is ending the process, so that nobody reports what fails because of that.
pub(crate) fn wait_if_ending() {
    drop(leftovers());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_is_the_users_alone_and_goes_when_dropped() {
        let folder = TemporaryFolder::new().unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
        assert!(leftovers().folders.contains(&path));
        let inner = TemporaryFolder::beside(&path, ".inner-").unwrap();
        fs::write(inner.path().join("file"), "x").unwrap();
        assert_eq!(inner.path().parent(), Some(&*path));
        drop(folder);
        assert!(!path.exists());
        assert!(!leftovers().folders.contains(&path));
        drop(inner);
    }

    #[test]
    fn a_child_is_listed_until_it_is_waited_for() {
        let (mut child, killed_at_end) = spawn(Command::new("sh").args(["-c", "exit 3"])).unwrap();
        let pid = Pid::from_child(&child);
        assert!(leftovers().children.contains(&pid));
        drop(killed_at_end);
        assert!(!leftovers().children.contains(&pid));
        assert_eq!(child.wait().unwrap().code(), Some(3));
        assert_eq!(
            output(Command::new("sh").args(["-c", "cat; echo x"])).unwrap().stdout,
            b"x\n"
        );
    }
}
