//! A real terminal: tmux types, and what stands on the screen is what a person sees.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// How often the screen is looked at: staging and checks run clients, which take seconds on a busy machine.
const LOOKS: usize = 1200;
const PAUSE: Duration = Duration::from_millis(100);

/// A terminal of a tmux server of its own, which ends with it.
pub(crate) struct Terminal {
    tmux: PathBuf,
    folder: tempfile::TempDir,
}

impl Terminal {
    /// A terminal in which runs what `prepare` adds to the command of tmux; it is given the terminal's own folder, too.
    pub(crate) fn start(tmux: &Path, prepare: impl FnOnce(&mut Command, &Path)) -> Self {
        let terminal = Self {
            tmux: tmux.to_owned(),
            folder: tempfile::tempdir().unwrap(),
        };
        let mut tmux = terminal.tmux();
        tmux.args(["-f", "/dev/null", "new-session", "-d", "-x", "200", "-y", "500"])
            .env("LC_ALL", "C.UTF-8");
        prepare(&mut tmux, terminal.folder());
        assert!(tmux.status().unwrap().success());
        terminal
    }

    /// Its folder, which goes with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new(&self.tmux);
        tmux.arg("-u").arg("-S").arg(self.folder.path().join("tmux.sock"));
        tmux
    }

    fn screen(&self) -> String {
        let output = self.tmux().args(["capture-pane", "-p", "-J"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until `wanted` stands on the screen.
    #[track_caller]
    pub(crate) fn wait(&self, wanted: &str) -> String {
        for _ in 0..LOOKS {
            let screen = self.screen();
            if screen.contains(wanted) {
                return screen;
            }
            std::thread::sleep(PAUSE);
        }
        let screen = self.screen();
        assert!(screen.contains(wanted), "no `{wanted}` on the screen:\n{screen}");
        screen
    }

    /// Types a line on a cleared screen, and waits for what it must show.
    #[track_caller]
    pub(crate) fn enter(&self, line: &str, wanted: &str) -> String {
        self.keys(&["-R"]);
        self.keys(&["-l", line]);
        self.keys(&["Enter"]);
        self.wait(wanted)
    }

    pub(crate) fn keys(&self, keys: &[&str]) {
        assert!(self.tmux().arg("send-keys").args(keys).status().unwrap().success());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").status();
    }
}
