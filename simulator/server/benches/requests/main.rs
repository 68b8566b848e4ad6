//! What whole requests cost over TLS connections that are kept open.
//!
//! `cargo bench -p eks-auth-sim`, with a name behind it for some of them. Measured ratios stand in docs/architecture.md.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should end at once"
)]

mod fixture;
mod kubernetes;
mod webhook;

use criterion::criterion_group;
use criterion::criterion_main;

/// Whether `cargo bench` measures. `cargo test --bench requests` sees only that every benchmark still goes, for which a few
/// objects will do.
fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

criterion_group!(
    benches,
    webhook::webhook,
    kubernetes::services,
    kubernetes::apply,
    kubernetes::tables,
    kubernetes::watches
);
criterion_main!(benches);
