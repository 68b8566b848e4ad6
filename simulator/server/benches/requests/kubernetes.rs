//! What the Kubernetes API costs its clients over an open connection: an authenticated and authorised list
//! of Services, by one client and by several; pods as the Table that kubectl prints, by their number; and how long a change
//! takes until each of 200 watches of 10,000 pods has told it.

use std::io::Read;
use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use eks_auth_core::scenario::ARTICLE_WORLD;
use eks_auth_sim::simulator::Config;
use eks_auth_sim::state::clock::Stopwatch;

use crate::fixture::Fixture;
use crate::fixture::ask;
use crate::is_measured;

const PODS: &str = "/api/v1/namespaces/default/pods";
const TABLE: &str = "accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n";

pub(crate) fn services(criterion: &mut Criterion) {
    let fixture = Fixture::new(Config::new(ARTICLE_WORLD));
    let request = fixture.request("GET", "/api/v1/namespaces/default/services", "", "");
    let mut group = criterion.benchmark_group("GET services");
    group.throughput(Throughput::Elements(1));
    for clients in [1, 2, 4, 8] {
        let mut connections: Vec<_> = (0..clients).map(|_| fixture.connect()).collect();
        group.bench_function(BenchmarkId::new("clients", clients), |bencher| {
            bencher.iter_custom(|count| {
                let start = Stopwatch::start();
                thread::scope(|scope| {
                    for (at, connection) in (0..).zip(&mut connections) {
                        let request = &request;
                        let share = count / clients + u64::from(at < count % clients);
                        scope.spawn(move || {
                            let mut buffer = Vec::new();
                            for _ in 0..share {
                                assert_eq!(ask(connection, request, &mut buffer), 200);
                            }
                        });
                    }
                });
                start.elapsed()
            });
        });
    }
    group.finish();
}

/// A server-side apply of a Deployment that changes its replicas, to and fro.
pub(crate) fn apply(criterion: &mut Criterion) {
    let mut fixture = Fixture::new(Config::new(ARTICLE_WORLD));
    let requests = [2, 3].map(|replicas| {
        let deployment = format!(
            r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web"}},"spec":{{"replicas":{replicas},"selector":{{"matchLabels":{{"app":"web"}}}},"template":{{"metadata":{{"labels":{{"app":"web"}}}},"spec":{{"containers":[{{"name":"c","image":"nginx:1.27","env":[{{"name":"A","value":"b"}}],"ports":[{{"containerPort":80}}]}}]}}}}}}}}"#
        );
        fixture.request(
            "PATCH",
            "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=kubectl",
            "content-type: application/apply-patch+yaml\r\n",
            &deployment,
        )
    });
    let mut group = criterion.benchmark_group("apply");
    group.throughput(Throughput::Elements(1));
    let mut at = 0;
    group.bench_function("a changed Deployment", |bencher| {
        bencher.iter(|| {
            at = 1 - at;
            fixture.asks(&requests[at]);
        });
    });
    group.finish();
}

/// Makes pods until there are so many.
fn fill(fixture: &mut Fixture, have: u64, want: u64) {
    for at in have..want {
        let pod = format!(
            r#"{{"metadata":{{"name":"web-{at}","labels":{{"app":"web"}}}},"spec":{{"nodeName":"node-1","containers":[{{"name":"c","image":"nginx:1.27"}}]}}}}"#
        );
        let request = fixture.request("POST", PODS, "content-type: application/json\r\n", &pod);
        fixture.asks(&request);
    }
}

pub(crate) fn tables(criterion: &mut Criterion) {
    let mut fixture = Fixture::new(Config::new(ARTICLE_WORLD));
    let mut group = criterion.benchmark_group("pods");
    group.sample_size(10);
    let mut have = 0;
    let counts: &[u64] = if is_measured() { &[100, 1_000, 10_000] } else { &[100] };
    for &count in counts {
        fill(&mut fixture, have, count);
        have = count;
        group.throughput(Throughput::Elements(count));
        for (name, accept) in [("as a Table", TABLE), ("as they are", "")] {
            let request = fixture.request("GET", PODS, accept, "");
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter(|| fixture.asks(&request));
            });
        }
    }
    group.finish();
}

/// Reads a watch's answer, and tells when it has begun and of each change that it brings.
fn watch(mut connection: impl Read + Write, request: &[u8], told: &mpsc::Sender<()>) {
    connection.write_all(request).unwrap();
    connection.flush().unwrap();
    let mut mark: &[u8] = b"\r\n\r\n";
    let mut chunk = [0; 16 * 1024];
    let mut rest = Vec::new();
    // The simulator's end ends the watch.
    while let Ok(read @ 1..) = connection.read(&mut chunk) {
        rest.extend_from_slice(&chunk[..read]);
        while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
            rest.drain(..at + mark.len());
            mark = br#""type":"MODIFIED""#;
            if told.send(()).is_err() {
                return;
            }
        }
        let kept = rest.len().saturating_sub(mark.len() - 1);
        rest.drain(..kept);
    }
}

pub(crate) fn watches(criterion: &mut Criterion) {
    let mut fixture = Fixture::new(Config::new(ARTICLE_WORLD));
    fill(&mut fixture, 0, if is_measured() { 10_000 } else { 100 });
    let mut group = criterion.benchmark_group("a change of one of 10,000 pods");
    group.sample_size(20);
    let mut have = 0;
    let (sender, told) = mpsc::channel();
    let mut number = 0;
    let counts: &[u64] = if is_measured() { &[1, 50, 200] } else { &[1, 5] };
    for &count in counts {
        fixture.asks(&fixture.request("GET", &format!("{PODS}?limit=1"), "", ""));
        let version = fixture.answer()["metadata"]["resourceVersion"].clone();
        let version = version.as_str().unwrap();
        let path = format!("{PODS}?watch=true&resourceVersion={version}&timeoutSeconds=3000");
        for _ in have..count {
            let (connection, request, told) =
                (fixture.connect(), fixture.request("GET", &path, "", ""), sender.clone());
            thread::spawn(move || watch(connection, &request, &told));
        }
        for _ in have..count {
            told.recv_timeout(Duration::from_secs(10)).unwrap();
        }
        have = count;
        let mut change = || {
            number += 1;
            let body = format!(r#"{{"metadata":{{"annotations":{{"n":"{number}"}}}}}}"#);
            let headers = "content-type: application/merge-patch+json\r\n";
            let request = fixture.request("PATCH", &format!("{PODS}/web-77"), headers, &body);
            let start = Stopwatch::start();
            fixture.asks(&request);
            start
        };
        group.bench_function(BenchmarkId::new("until watches have it", count), |bencher| {
            bencher.iter_custom(|changes| {
                (0..changes)
                    .map(|_| {
                        let start = change();
                        for _ in 0..count {
                            told.recv_timeout(Duration::from_secs(10)).unwrap();
                        }
                        start.elapsed()
                    })
                    .sum()
            });
        });
    }
    group.finish();
}
