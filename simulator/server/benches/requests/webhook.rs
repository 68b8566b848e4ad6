//! What a whole request to the webhook and to the API costs, and how much of it the logs are.

use std::net::TcpStream;

use criterion::Criterion;
use eks_auth_core::aws::sigv4::SignedRequest;
use eks_auth_core::scenario::ARTICLE_WORLD;
use eks_auth_sim::simulator::Config;
use eks_auth_sim::state::clock::Clock;
use eks_auth_sim::state::clock::SystemClock;

use crate::fixture::Fixture;
use crate::fixture::ask;

fn review(fixture: &Fixture) -> Vec<u8> {
    let body = format!(
        r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1beta1","spec":{{"token":"{}"}}}}"#,
        fixture.token
    );
    let length = body.len();
    format!("POST /authenticate HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// A call of CloudWatch Logs, signed for minutes.
fn logs(fixture: &Fixture, operation: &str, body: &str) -> Vec<u8> {
    let mut headers = vec![
        ("host".to_owned(), fixture.running.aws_endpoint().replace("http://", "")),
        ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
        ("x-amz-target".to_owned(), format!("Logs_20140328.{operation}")),
    ];
    let signer = fixture.credentials.signer("logs", "us-west-2", SystemClock.now());
    headers.extend(signer.sign_header(&SignedRequest {
        method: "POST",
        path: "/",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    }));
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!(
        "POST / HTTP/1.1\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn webhook(criterion: &mut Criterion) {
    let silent = ARTICLE_WORLD.replacen(
        "    - name: my-cluster\n",
        "    - name: my-cluster\n      logging: []\n",
        1,
    );
    assert_ne!(silent, ARTICLE_WORLD);
    let folder = tempfile::tempdir().unwrap();
    let kept = Config {
        state_dir: Some(folder.path().to_owned()),
        ..Config::new(ARTICLE_WORLD)
    };
    for (name, config) in [
        ("without logs", Config::new(&silent)),
        ("with logs in memory", Config::new(ARTICLE_WORLD)),
        ("with logs that are kept", kept),
    ] {
        let mut fixture = Fixture::new(config);
        let review = review(&fixture);
        let list = fixture.request("GET", "/api/v1/namespaces/default/configmaps", "", "");
        let nothing = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        let mut group = criterion.benchmark_group(format!("webhook {name}"));
        group.bench_function("a request that decides nothing", |bencher| {
            bencher.iter(|| fixture.asks(nothing));
        });
        group.bench_function("a good token", |bencher| bencher.iter(|| fixture.asks(&review)));
        group.bench_function("an audited list", |bencher| bencher.iter(|| fixture.asks(&list)));
        let mut aws = TcpStream::connect(fixture.running.aws_endpoint().replace("http://", "")).unwrap();
        aws.set_nodelay(true).unwrap();
        let mut buffer = Vec::new();
        let names = r#""logGroupName":"g","logStreamName":"s""#;
        let time = SystemClock.now().unix_millis();
        let event = format!(r#"{{"timestamp":{time},"message":"{}"}}"#, "x".repeat(200));
        for (operation, body) in [
            ("CreateLogGroup", r#"{"logGroupName":"g"}"#.to_owned()),
            ("CreateLogStream", format!("{{{names}}}")),
        ] {
            assert_eq!(ask(&mut aws, &logs(&fixture, operation, &body), &mut buffer), 200);
        }
        let put = logs(
            &fixture,
            "PutLogEvents",
            &format!(r#"{{{names},"logEvents":[{event}]}}"#),
        );
        group.bench_function("an event that is put", |bencher| {
            bencher.iter(|| assert_eq!(ask(&mut aws, &put, &mut buffer), 200));
        });
        group.finish();
    }
}
