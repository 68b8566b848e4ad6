//! What an Insights query costs over 100,000 log events, a third of them of the authenticator and the rest audit events.
//!
//! `cargo bench -p eks-auth-core --bench insights`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should end at once")]

use std::borrow::Cow;
use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use eks_auth_core::logs::insights::Query;
use eks_auth_core::logs::insights::Record;
use eks_auth_core::value::instant::Timestamp;

const RECORDS: u64 = 100_000;

const QUERIES: [(&str, &str); 4] = [
    (
        "the article's query",
        "fields @logstream, @timestamp, @message| sort @timestamp desc | filter @logStream like /authenticator/ | filter \
         @message like \"username=kubernetes-admin\" | limit 50",
    ),
    ("sort and limit", "fields @message | sort @timestamp desc | limit 50"),
    (
        "parse",
        "filter @logStream like /authenticator/ | parse @message 'arn=\"*\"' as arn | stats count(*) by arn",
    ),
    (
        "stats over JSON",
        "filter responseStatus.code >= 400 | stats count(*) as n by user.username, objectRef.resource | sort n desc",
    ),
];

fn message(number: u64) -> String {
    let (user, place) = (number % 50, number % 7);
    if number.is_multiple_of(3) {
        return format!(
            r#"time="2026-11-24T13:55:48Z" level=info msg="access granted" arn="arn:aws:iam::111122223333:user/user{user}" client="127.0.0.1:{number}" groups="[system:masters]" method=POST path=/authenticate uid="aws-iam-authenticator:111122223333:AIDA{user}" username={}"#,
            if user == 0 { "kubernetes-admin" } else { "another" }
        );
    }
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"{number:032x}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/default/pods?limit=500","verb":"list","user":{{"username":"user{user}","uid":"aws-iam-authenticator:111122223333:AIDA{user}","groups":["system:authenticated"],"extra":{{"accessKeyId":["AKIA{user}"],"arn":["arn:aws:iam::111122223333:user/user{user}"]}}}},"sourceIPs":["127.0.0.1"],"userAgent":"kubectl/v1.32.0","objectRef":{{"resource":"resource{place}","namespace":"default","apiVersion":"v1"}},"responseStatus":{{"metadata":{{}},"code":{}}},"annotations":{{"authorization.k8s.io/decision":"allow"}}}}"#,
        if place < 3 { 403 } else { 200 }
    )
}

fn queries(c: &mut Criterion) {
    let messages: Vec<String> = (0..RECORDS).map(message).collect();
    let records = || {
        (0_i64..).zip(&messages).map(|(number, message)| Record {
            timestamp_ms: 1_795_481_097_000 + number,
            ingestion_ms: 1_795_481_097_000 + number,
            message,
            log_stream: if number % 3 == 0 {
                "authenticator-0b8cd9aa"
            } else {
                "kube-apiserver-audit-0b8cd9aa"
            },
            log: "111122223333:/aws/eks/my-cluster/cluster",
            ptr: Cow::Borrowed("CmEKJgoi"),
        })
    };
    let mut group = c.benchmark_group("insights");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(10);
    for (name, text) in QUERIES {
        let query = Query::parse(text).unwrap();
        group.bench_function(name, |b| {
            b.iter(|| query.run(black_box(records()), None, Timestamp::UNIX_EPOCH));
        });
    }
    group.finish();
}

criterion_group!(benches, queries);
criterion_main!(benches);
