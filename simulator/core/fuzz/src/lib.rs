//! What each fuzz target does with its input: it panics where something that must hold does not.
//!
//! `tests/fuzz_corpus.rs` of the core runs the same functions over the corpora with every test run, so the targets
//! compile and their seeds hold between two fuzzing sessions.

use std::borrow::Cow;
use std::sync::LazyLock;

use eks_auth_core::aws::iam::Directory;
use eks_auth_core::aws::sigv4::CanonicalRequest;
use eks_auth_core::aws::sigv4::Receiver;
use eks_auth_core::aws::sigv4::SignedRequest;
use eks_auth_core::aws::sigv4::verify;
use eks_auth_core::cluster::mapping::aws_auth::AwsAuth;
use eks_auth_core::cluster::mapping::config::AuthenticatorConfig;
use eks_auth_core::explain::explain;
use eks_auth_core::logs::filter_pattern::FilterPattern;
use eks_auth_core::logs::insights::Query;
use eks_auth_core::logs::insights::Record;
use eks_auth_core::scenario::ARTICLE_WORLD;
use eks_auth_core::scenario::Staging;
use eks_auth_core::scenario::stage;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::world::authenticate::AuthenticationRequest;
use eks_auth_core::world::authenticate::authenticate;
use eks_auth_core::world::token::encode_url;
use eks_auth_core::world::token_review::TokenReview;
use serde_json::json;

static NOBODY: LazyLock<Directory> = LazyLock::new(Directory::default);
static STAGING: LazyLock<Staging> = LazyLock::new(|| stage(ARTICLE_WORLD, now()).unwrap());

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_795_481_097)
}

/// The texts of an `aws-auth` ConfigMap: what is read is found again by its ARN.
pub fn aws_auth(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let object = json!({"data": {"mapRoles": text, "mapUsers": text, "mapAccounts": text}});
    let aws_auth = AwsAuth::from_config_map(&object);
    for item in aws_auth.roles().iter().chain(aws_auth.users()) {
        if !item.arn.is_empty() {
            assert!(aws_auth.find(&item.arn).is_some(), "{item:?}");
        }
    }
    let _ = AuthenticatorConfig::parse(&text);
}

/// A query of Logs Insights over messages, and filter patterns: the first line is the query, the others are messages.
pub fn insights(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (query, messages) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(pattern) = FilterPattern::parse(query) {
        for message in messages.lines() {
            let _ = pattern.matches(message);
        }
    }
    match Query::parse(query) {
        Ok(parsed) => {
            let records = (0..).zip(messages.lines()).map(|(number, message)| Record {
                timestamp_ms: number * 60_000,
                ingestion_ms: number,
                message,
                log_stream: "authenticator",
                log: "111122223333:/aws/eks/my-cluster/cluster",
                ptr: Cow::Borrowed("p"),
            });
            let results = parsed.run(records, Some(5), Timestamp::UNIX_EPOCH);
            assert!(results.rows.len() <= 5);
            assert!(results.statistics.records_matched <= results.statistics.records_scanned);
        }
        Err(error) => assert!(error.start <= error.end && error.end <= query.chars().count()),
    }
}

/// The query of a request to AWS: its canonical form is its own canonical form, and nobody's signature holds.
pub fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (path, query) = text.split_once('?').unwrap_or(("/", &text));
    let headers = [("host".to_owned(), "sts.us-west-2.amazonaws.com".to_owned())];
    let request = SignedRequest {
        method: "GET",
        path,
        query,
        headers: &headers,
        body: b"",
    };
    let once = CanonicalRequest::new(&request, "host", "").to_string();
    let canonical_query = once.lines().nth(2).unwrap_or_default();
    let again = SignedRequest {
        query: canonical_query,
        ..request
    };
    assert_eq!(CanonicalRequest::new(&again, "host", "").to_string(), once);
    let receiver = Receiver {
        service: "sts",
        region: None,
        skew_minutes: 15,
    };
    assert!(verify(request, receiver, &NOBODY, now()).outcome.is_err());
}

/// A bearer token, judged and explained. The input is tried as it is and as the URL inside a token, so that the fuzzer
/// need not learn base64.
pub fn token(data: &[u8]) {
    let world = &STAGING.world;
    let cluster = world.cluster("my-cluster").unwrap();
    let raw = String::from_utf8_lossy(data).into_owned();
    let encoded = encode_url(&raw);
    for token in [&raw, &encoded] {
        let request = AuthenticationRequest {
            token,
            client: "127.0.0.1:1",
            sts_request_id: "r",
        };
        let authentication = authenticate(request, cluster, world, now());
        assert!(authentication.outcome.is_err(), "nobody can guess a signature");
        let _ = explain(&authentication, cluster, world).render_text();
        for line in &authentication.log {
            assert!(!line.render().contains('\n'));
        }
    }
}

/// The body of a request to the webhook: the answer to what is read can be read.
pub fn token_review(data: &[u8]) {
    if let Ok(review) = TokenReview::parse(data) {
        let answer = review.render_denied();
        assert!(TokenReview::parse(answer.as_bytes()).is_ok(), "{answer}");
    }
}
