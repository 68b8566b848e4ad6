//! `completions`: a script by which a shell completes our commands.

use std::io;
use std::process::ExitCode;

use clap::Args;
use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::Failure;
use super::NAME;
use super::terminal;

/// Print the script by which a shell completes commands and options
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        eks-auth-sim completions bash > ~/.local/share/bash-completion/completions/eks-auth-sim\n  \
                        eks-auth-sim completions zsh > \"${fpath[1]}/_eks-auth-sim\"\n  \
                        eks-auth-sim completions fish > ~/.config/fish/completions/eks-auth-sim.fish")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        terminal::out().verbatim(script(self.shell)?.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn script(shell: Shell) -> io::Result<String> {
    let generate = |name: &str| {
        // Through memory: the generator panics when its writer fails, as standard output does when its reader leaves.
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), name, &mut script);
        String::from_utf8(script).map_err(io::Error::other)
    };
    if shell != Shell::Bash {
        return generate(NAME);
    }
    // In bash nothing completes past a command of a program whose name has dashes (clap issue 6421). So the script is made
    // for a name without any, and given to the program in the lines that say whom it is for.
    let undashed = NAME.replace('-', "_");
    let mut script = String::new();
    for line in generate(&undashed)?.lines() {
        match line.strip_suffix(&undashed) {
            Some(before) if line.trim_start().starts_with("complete ") => script.extend([before, NAME, "\n"]),
            _ => script.extend([line, "\n"]),
        }
    }
    Ok(script)
}
