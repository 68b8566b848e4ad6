//! A minute of good and bad clients side by side. `SOAK_SECONDS` asks for another time; the command `soak` of this crate is for
//! minutes by hand.

use std::time::Duration;

use client_tests::Simulator;
use client_tests::soak::soak;

const SECONDS: u64 = 60;
/// In KiB. A debug build has 30 MiB at rest; what the load leaves in journal, logs and history comes to less than 200.
const MOST_MEMORY: u64 = 1 << 20;

#[test]
fn bad_clients_refuse_a_good_one_nothing_and_leave_no_descriptor() {
    let seconds = std::env::var("SOAK_SECONDS").map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let simulator = Simulator::start();
    let soaked = soak(&simulator, Duration::from_secs(seconds), |row| eprintln!("{row}"));
    let shown = soaked.render();
    eprintln!("{shown}");
    assert!(soaked.is_alive, "{shown}");
    assert!(soaked.refused.is_empty(), "{shown}");
    assert!(!soaked.latencies.is_empty(), "{shown}");
    assert!(soaked.rounds.iter().all(|(_, rounds)| *rounds > 0), "{shown}");
    assert!(soaked.descriptors_after <= soaked.descriptors_before, "{shown}");
    assert!(soaked.most_memory_kib() < MOST_MEMORY, "{shown}");
}
