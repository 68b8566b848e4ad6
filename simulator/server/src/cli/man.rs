//! `man`: the manual pages, made of the same words as `--help`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::Command;
use clap::CommandFactory;
use clap_mangen::Man;

use super::Cli;
use super::Failure;
use super::terminal;

/// Print a manual page, or write them all into a folder
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  eks-auth-sim man | man -l -\n  eks-auth-sim man ctl clock | man -l -\n  \
                        eks-auth-sim man --dir ~/.local/share/man/man1"
)]
pub(super) struct ManCommand {
    /// The command that the page is about, such as `ctl clock` [default: eks-auth-sim itself]
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    words: Vec<String>,
    /// Write the page of every command into this folder, which is made where it is absent
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl ManCommand {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        // The pages of `help` would say of each command that it has help.
        let mut root = Cli::command().disable_help_subcommand(true);
        root.build();
        match self.dir {
            Some(dir) => {
                fs::create_dir_all(&dir)?;
                for command in all(&root) {
                    fs::write(dir.join(file_name(command)), page(command)?)?;
                }
            }
            None => {
                let mut command = &root;
                for word in &self.words {
                    command = command.find_subcommand(word).ok_or_else(|| {
                        let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
                        Failure::usage(format!("`{name}` has no command `{word}`; see `{name} --help`"))
                    })?;
                }
                terminal::out().verbatim(page(command)?.as_bytes())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A command and all that are below it.
fn all(root: &Command) -> Vec<&Command> {
    let mut found = vec![root];
    let mut at = 0;
    while let Some(command) = found.get(at).copied() {
        found.extend(command.get_subcommands().filter(|command| !command.is_hide_set()));
        at += 1;
    }
    found
}

/// Such as `eks-auth-sim-ctl-clock.1`.
fn file_name(command: &Command) -> String {
    Man::new(command.clone()).get_filename()
}

/// A page in the language of roff, in ASCII: troff itself reads no UTF-8.
fn page(command: &Command) -> io::Result<String> {
    let mut text = Vec::new();
    Man::new(command.clone())
        .source(concat!("eks-auth-sim ", env!("CARGO_PKG_VERSION")))
        .render(&mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    let mut page = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            page.push(character);
        } else {
            let _ = write!(page, "\\[u{:04X}]", u32::from(character));
        }
    }
    Ok(page)
}
