//! `scenario play`: a shell in which a learner fixes a scenario, and the small commands of that shell.
//!
//! The simulator and all knowledge of the scenario stay in this process. The commands are shell scripts that call
//! `scenario ask`, which speaks to this process over a socket in its folder: a request of one line of JSON, and lines of JSON
//! back until the answer's end.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::process::Stdio;
use std::thread;

use clap::Args;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::InstallClients;
use super::Spoken;
use super::load;
use crate::cli::end_signal::Background;
use crate::cli::end_signal::EndSignal;
use crate::cli::end_signal::EndSignals;
use crate::cli::terminal;
use crate::environment;
use crate::net::client;
use crate::runner::Language;
use crate::runner::Lesson;
use crate::runner::Request;
use crate::runner::Theatre;
use crate::state::private_file;

/// The variable that leads the commands to the socket.
const SOCKET: &str = "EKS_AUTH_SIM_PLAY";
/// The request of the shell's end.
const LEAVE: &str = "leave";

/// Fix a scenario yourself: a shell in a home of its own, with hints, and a check that acts
#[derive(Debug, Args)]
#[command(
    after_help = "In the shell: check, hint, explain, story, reset, give-up, exit.\n\nExamples:\n  \
                        eks-auth-sim scenario play unmapped-role\n  eks-auth-sim scenario play unmapped-role --lang ko"
)]
pub(super) struct Play {
    /// A built-in scenario by name, or a scenario folder or file
    #[arg(value_name = "NAME|PATH")]
    scenario: String,
    /// Open no shell: print a command that leads another shell there, and stay until Ctrl-C
    #[arg(long)]
    print_env: bool,
    #[command(flatten)]
    install: InstallClients,
    #[command(flatten)]
    spoken: Spoken,
}

impl Play {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut signals = EndSignals::listen(Background::Spared)?;
        let (scenario, text) = load(&self.scenario)?;
        let clients = self.install.clients()?;
        let missing = clients.missing();
        if !missing.is_empty() {
            return Err(Failure::usage(format!(
                "not on PATH: {}; a learner fixes with the real clients (--install-clients installs them)",
                missing.join(", ")
            )));
        }
        let language = self.spoken.language();
        let wait = match language {
            Language::English => "Staging … the symptom is played with the real clients.",
            Language::Korean => "준비 중 … 실제 클라이언트로 증상을 재현합니다.",
        };
        if terminal::is_err_terminal() {
            let _ = writeln!(terminal::err(), "{wait}");
        }
        let id = scenario.id.clone();
        let theatre = Theatre::open(&text).map_err(Failure::usage)?;
        let mut lesson = Lesson::begin(&theatre, &clients, scenario, text, language).map_err(Failure::usage)?;
        let socket = theatre.running.dir().join("play.sock");
        let listener = UnixListener::bind(&socket)?;
        write_commands(&lesson.bin())?;
        let mut env = lesson.shell_env().map_err(Failure::usage)?;
        env.insert(SOCKET.to_owned(), socket.display().to_string());
        let shell = PathBuf::from(
            env.get("SHELL")
                .filter(|shell| !shell.is_empty())
                .map_or("/bin/sh", String::as_str),
        );
        let home = lesson.home();
        write_shell_files(&home, &env, &id)?;
        // POSIX shells read the file that ENV names; zsh reads that of ZDOTDIR, which may be set.
        env.insert("ENV".to_owned(), home.join(".shrc").display().to_string());
        env.insert("ZDOTDIR".to_owned(), home.display().to_string());
        let story = lesson.story();
        signals.hold();
        let ended = thread::scope(|scope| {
            let server = scope.spawn(|| {
                serve(&listener, &mut lesson);
                lesson.is_solved()
            });
            let ended = if self.print_env {
                self.print_and_wait(&theatre, &mut signals, &env, &story)
            } else {
                tell(&story)
                    .map_err(Failure::from)
                    .and_then(|()| open_shell(&theatre, &mut signals, &shell, &home, &env))
            };
            // A check may still run.
            signals.release();
            leave(&socket);
            let is_solved = server.join().unwrap_or(false);
            ended.map(|()| is_solved)
        });
        let is_solved = ended?;
        let told = match (language, is_solved) {
            (Language::English, true) => "Everything is stopped and removed. Well done.",
            (Language::English, false) => "Everything is stopped and removed. It was not fixed.",
            (Language::Korean, true) => "모든 것을 종료하고 삭제했습니다. 수고하셨습니다.",
            (Language::Korean, false) => "모든 것을 종료하고 삭제했습니다. 문제는 해결되지 않았습니다.",
        };
        drop(theatre);
        writeln!(terminal::out(), "{told}")?;
        Ok(ExitCode::from(u8::from(!is_solved)))
    }

    fn print_and_wait(
        &self,
        theatre: &Theatre,
        signals: &mut EndSignals,
        env: &BTreeMap<String, String>,
        story: &str,
    ) -> Result<(), Failure> {
        let file = theatre.running.dir().join("play.env");
        private_file::write_private(&file, exports(env))?;
        let _ = writeln!(terminal::err(), "{story}");
        writeln!(terminal::out(), ". '{}'", file.display())?;
        theatre.running.block_on(signals.wait())?;
        Ok(())
    }
}

/// Prints a text, and lets it out before the shell writes.
fn tell(text: &str) -> io::Result<()> {
    let mut out = terminal::out();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Runs the learner's shell to its end. Ctrl-C is the shell's; a signal to end ends the shell too.
fn open_shell(
    theatre: &Theatre,
    signals: &mut EndSignals,
    shell: &Path,
    home: &Path,
    env: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let ended = theatre.running.block_on(async {
        let mut child = tokio::process::Command::new(shell)
            .env_clear()
            .envs(env)
            .current_dir(home)
            .stdin(Stdio::inherit())
            .spawn()?;
        tokio::select! {
            ended = child.wait() => ended.map(|_| ()),
            () = asked_to_end(signals) => child.kill().await,
        }
    })?;
    ended.map_err(|error| Failure::usage(format!("cannot run `{}`: {error}", shell.display())))
}

/// Waits for a signal that is not the shell's own affair.
async fn asked_to_end(signals: &mut EndSignals) {
    while matches!(signals.wait().await, EndSignal::Interrupt | EndSignal::Quit) {}
}

/// The learner's commands.
fn write_commands(bin: &Path) -> io::Result<()> {
    for (name, _) in Request::ALL {
        let file = bin.join(name);
        let own = bin.join("eks-auth-sim");
        private_file::write_private(
            &file,
            format!("#!/bin/sh\nexec '{}' scenario ask {name}\n", own.display()),
        )?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// What shells read when they start: whatever the system's own files do to PATH, the learner's commands come first.
fn write_shell_files(home: &Path, env: &BTreeMap<String, String>, id: &str) -> io::Result<()> {
    let path = env.get("PATH").cloned().unwrap_or_default();
    let path = quote(&path);
    for (name, prompt) in [
        (".bashrc", format!("PS1='({id}) \\w \\$ '")),
        (".zshrc", format!("PROMPT='({id}) %~ %# '")),
        (".shrc", format!("PS1='({id}) $ '")),
    ] {
        private_file::write_private(&home.join(name), format!("export PATH={path}\n{prompt}\n"))?;
    }
    Ok(())
}

fn exports(env: &BTreeMap<String, String>) -> String {
    let mut text = format!("unset {}\n", environment::UNSET.join(" "));
    for (name, value) in env {
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let own = ["AWS_", "EKS_AUTH_SIM_"].iter().any(|prefix| name.starts_with(prefix));
        if is_name && (own || ["HOME", "KUBECONFIG", "PATH"].contains(&name.as_str())) {
            text.push_str(&format!("export {name}={}\n", quote(value)));
        }
    }
    text.push_str("cd\n");
    text
}

fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// Answers the learner's commands, one at a time, until the shell has ended.
fn serve(listener: &UnixListener, lesson: &mut Lesson<'_>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { return };
        match answer(stream, lesson) {
            Ok(true) => {}
            Ok(false) => return,
            // A command that was interrupted reads no more.
            Err(_) => {}
        }
    }
}

/// Whether to go on.
fn answer(mut stream: UnixStream, lesson: &mut Lesson<'_>) -> io::Result<bool> {
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    let asked: Value = serde_json::from_str(&line)?;
    let name = asked.get("request").and_then(Value::as_str).unwrap_or_default();
    let Some(request) = Request::from_name(name) else {
        return Ok(name != LEAVE);
    };
    let variables = asked.get("env").and_then(Value::as_object);
    let env = variables
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let mut tell = |text: &str| {
        // Nobody may listen any more.
        let _ = writeln!(stream, "{}", json!({"text": text}));
    };
    let code = match lesson.answer(request, env, &mut tell) {
        Ok(is_so) => u8::from(!is_so),
        Err(error) => {
            tell(&format!("eks-auth-sim: {error}\n"));
            2
        }
    };
    writeln!(stream, "{}", json!({"exit": code}))?;
    Ok(true)
}

fn leave(socket: &Path) {
    if let Ok(mut stream) = client::connect_socket(socket) {
        let _ = writeln!(stream, "{}", json!({"request": LEAVE}));
    }
}

/// Ask the `scenario play` of this shell
#[derive(Debug, Args)]
pub(super) struct Ask {
    /// check, hint, explain, story, reset or give-up
    request: String,
}

impl Ask {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let socket =
            env::var_os(SOCKET).ok_or_else(|| Failure::usage("this is no shell of `eks-auth-sim scenario play`"))?;
        let mut stream = client::connect_socket(Path::new(&socket))
            .map_err(|error| Failure::usage(format!("`scenario play` does not answer: {error}")))?;
        let variables: BTreeMap<String, String> = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        writeln!(stream, "{}", json!({"request": self.request, "env": variables}))?;
        let mut out = terminal::out();
        for line in BufReader::new(stream).lines() {
            let told: Value = serde_json::from_str(&line?).map_err(Failure::usage)?;
            if let Some(text) = told.get("text").and_then(Value::as_str) {
                write!(out, "{text}")?;
                out.flush()?;
            }
            if let Some(code) = told.get("exit").and_then(Value::as_u64) {
                return Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)));
            }
        }
        Err(Failure::usage("`scenario play` has ended"))
    }
}
