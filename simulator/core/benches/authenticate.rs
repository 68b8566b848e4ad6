//! What an authentication costs: against the hashing inside it, and with more and more mappings.
//!
//! `cargo bench -p eks-auth-core`. Measured ratios stand in docs/architecture.md.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should end at once")]
#![expect(
    clippy::disallowed_methods,
    reason = "the core reads no arguments; this program of its own asks whether it measures"
)]

use std::fmt::Write;
use std::hint::black_box;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use eks_auth_core::aws::sigv4;
use eks_auth_core::aws::sigv4::Receiver;
use eks_auth_core::aws::sigv4::SignedRequest;
use eks_auth_core::aws::sigv4::Signer;
use eks_auth_core::cluster::mapping;
use eks_auth_core::cluster::mapping::Identity;
use eks_auth_core::kube::object::ObjectKey;
use eks_auth_core::scenario::ARTICLE_WORLD;
use eks_auth_core::scenario::ProfileSource;
use eks_auth_core::scenario::Staging;
use eks_auth_core::scenario::stage;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::trace::Trace;
use eks_auth_core::world::authenticate::AuthenticationRequest;
use eks_auth_core::world::authenticate::authenticate;
use eks_auth_core::world::token;
use eks_auth_core::world::token::PresignedToken;
use eks_auth_core::world::token::Verifier;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

const CLUSTER: &str = "my-cluster";

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_795_481_097)
}

fn world() -> Staging {
    stage(ARTICLE_WORLD, now()).unwrap()
}

fn token_of(staging: &Staging) -> String {
    let Some(ProfileSource::AccessKey { id, secret, .. }) = staging.profiles.first().map(|profile| &profile.source)
    else {
        return String::new();
    };
    let signer = Signer {
        access_key_id: id,
        secret,
        session_token: None,
        region: "us-west-2",
        service: "sts",
        now: now(),
    };
    token::sign(&signer, "https://sts.us-west-2.amazonaws.com", CLUSTER)
}

/// The hashing that no verification can do without: the canonical request, the string to sign, and the five HMACs of the
/// signing key and the signature, over texts as long as those of the token.
fn hashing(canonical_request: &[u8], string_to_sign: &[u8]) -> [u8; 32] {
    let hmac = |key: &[u8], message: &[u8]| -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(message);
        mac.finalize().into_bytes().into()
    };
    black_box(Sha256::digest(black_box(b"")));
    black_box(Sha256::digest(canonical_request));
    let mut key = hmac(b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", b"20261124");
    for part in ["us-west-2", "sts", "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    hmac(&key, string_to_sign)
}

fn verification(criterion: &mut Criterion) {
    let staging = world();
    let cluster = staging.world.cluster(CLUSTER).unwrap();
    let token = token_of(&staging);
    let request = AuthenticationRequest {
        token: &token,
        client: "127.0.0.1:40000",
        sts_request_id: "00000000-0000-4000-8000-000000000000",
    };
    assert!(authenticate(request, cluster, &staging.world, now()).outcome.is_ok());
    let mut group = criterion.benchmark_group("token");
    // A presigned GetCallerIdentity has a canonical request of 420 bytes and a string to sign of 133.
    let (canonical_request, string_to_sign) = ([b'a'; 420], [b'b'; 133]);
    group.bench_function("hashing alone", |bencher| {
        bencher.iter(|| hashing(black_box(&canonical_request), black_box(&string_to_sign)));
    });
    let verifier = Verifier {
        partition: cluster.partition(),
        region: &cluster.region,
        own_hosts: &[],
    };
    group.bench_function("form", |bencher| {
        bencher.iter(|| PresignedToken::parse(black_box(&token), verifier, now(), &mut Trace::new()));
    });
    let parsed = PresignedToken::parse(&token, verifier, now(), &mut Trace::new()).unwrap();
    let headers = [
        ("host".to_owned(), parsed.host().to_owned()),
        ("x-k8s-aws-id".to_owned(), CLUSTER.to_owned()),
    ];
    let signed = SignedRequest {
        method: "GET",
        path: parsed.path(),
        query: parsed.query(),
        headers: &headers,
        body: b"",
    };
    let receiver = Receiver {
        service: "sts",
        region: Some("us-west-2"),
        skew_minutes: 15,
    };
    assert!(
        sigv4::verify(signed, receiver, &staging.world.directory, now())
            .outcome
            .is_ok()
    );
    group.bench_function("signature", |bencher| {
        bencher.iter(|| sigv4::verify(black_box(signed), receiver, &staging.world.directory, now()));
    });
    group.bench_function("authenticate", |bencher| {
        bencher.iter(|| authenticate(black_box(request), cluster, &staging.world, now()));
    });
    group.finish();
}

fn mappings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mapping");
    // `cargo test --bench authenticate` sees only that the benchmarks still go: a debug build reads no 100,000 items.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let counts: &[usize] = if is_measured { &[10, 1_000, 100_000] } else { &[10] };
    for &count in counts {
        let mut staging = world();
        let (cluster, _) = staging.world.cluster_mut(CLUSTER).unwrap();
        let mut roles = String::new();
        for at in 0..count {
            let _ = write!(
                roles,
                "- rolearn: arn:aws:iam::111122223333:role/r{at}\n  username: u{at}\n  groups:\n  - g\n"
            );
        }
        let key = ObjectKey::new("configmaps", "kube-system", "aws-auth");
        cluster
            .update_object(&key, json!({"data": {"mapRoles": roles}}))
            .unwrap();
        let identity = Identity {
            arn: format!("arn:aws:sts::111122223333:assumed-role/r{}/s", count - 1),
            canonical_arn: format!("arn:aws:iam::111122223333:role/r{}", count - 1),
            account_id: "111122223333".to_owned(),
            user_id: "AROA".to_owned(),
            session_name: "s".to_owned(),
            access_key_id: "ASIA".to_owned(),
        };
        assert!(mapping::resolve(&identity, cluster).outcome.is_ok());
        group.bench_function(format!("one of {count}"), |bencher| {
            bencher.iter(|| mapping::resolve(black_box(&identity), cluster));
        });
    }
    group.finish();
}

criterion_group!(benches, verification, mappings);
criterion_main!(benches);
