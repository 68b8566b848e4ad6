//! Puts a simulator under a mixed load of good and bad clients for minutes: `cargo run --release -p client-tests --bin soak --
//! --minutes 20`. What follows `--` goes to `serve`.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a command for people, which says what it has measured"
)]

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use client_tests::Simulator;
use client_tests::soak::soak;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut parts = arguments.split(|argument| argument == "--");
    let (own, serve) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let seconds = match own {
        [] => Some(60),
        [unit, number] => match (unit.as_str(), number.parse::<u64>()) {
            ("--minutes", Ok(minutes)) => Some(minutes.saturating_mul(60)),
            ("--seconds", Ok(seconds)) => Some(seconds),
            _ => None,
        },
        _ => None,
    };
    let Some(seconds) = seconds else {
        eprintln!("usage: soak [--minutes N | --seconds N] [-- ARGUMENTS OF serve]");
        return ExitCode::from(2);
    };
    let serve: Vec<&str> = serve.iter().map(String::as_str).collect();
    let simulator = Simulator::start_with(&serve);
    let soaked = soak(&simulator, Duration::from_secs(seconds), |row| println!("{row}"));
    print!("{}", soaked.render());
    if soaked.is_alive && soaked.refused.is_empty() && soaked.descriptors_after <= soaked.descriptors_before {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
