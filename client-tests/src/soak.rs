//! A mixed load of good and bad clients over loopback, bounded in time and rate, and what it costs the simulator.
//!
//! One client is good, and is asked for its patience; each of the others does one kind of harm, over and over. Meanwhile the
//! simulator's memory and descriptors are sampled.

use std::collections::VecDeque;
use std::fs;
use std::io::Read;
use std::io::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use eks_auth_core::aws::iam::SecretKey;
use eks_auth_core::aws::sigv4::SignedRequest;
use eks_auth_core::aws::sigv4::Signer;
use eks_auth_core::value::instant::Timestamp;
use rustls::StreamOwned;
use serde_json::json;

use crate::simulator::Simulator;

const REGION: &str = "us-west-2";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const GROUP: &str = "soak";

/// How often memory and descriptors are looked at.
const SAMPLE_TIME: Duration = Duration::from_secs(1);
/// How often a row is printed.
const ROW_TIME: Duration = Duration::from_secs(10);
/// A token is good for 15 minutes.
const TOKEN_TIME: Duration = Duration::from_secs(5 * 60);
/// Between two requests of one client: the rate is bounded, so that other tests on the machine go on.
const PAUSE: Duration = Duration::from_millis(50);
/// How long the simulator may take to close what its clients have closed.
const CLOSE_TIME: Duration = Duration::from_secs(60);
/// Connections that a client holds, of those that hold some.
const HELD: usize = 16;
/// So often a log group is deleted with what is in it, so that memory can be flat.
const LOG_ROUNDS: u64 = 100;
/// So many refusals are kept; one is too many.
const REFUSALS: usize = 10;

trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

/// Connections that a bad client holds, the oldest first.
type Held = VecDeque<Box<dyn Connection>>;

/// What a bad client does in a round.
type Act = fn(&Load<'_>, u64, &mut Held);

/// The bad clients, by what they do.
const BAD: [(&str, Act); 13] = [
    ("malformed tokens", malformed_token),
    ("TokenReviews of bad tokens", bad_token_review),
    ("half-sent requests", half_request),
    ("oversized bodies", oversized_body),
    ("watches that are not read", deaf_watch),
    ("watches that are dropped", dropped_watch),
    ("idle connections", idle_connection),
    ("patches that copy", copying_patch),
    ("deep JSON", deep_json),
    ("ConfigMaps made and deleted", config_map_churn),
    ("log events", log_events),
    ("signatures that do not hold", bad_signature),
    ("noise", noise),
];

/// What a soak has shown.
#[derive(Clone, Debug)]
pub struct Soaked {
    /// Whether the process is still there.
    pub is_alive: bool,
    /// What the good client was refused, the first of it.
    pub refused: Vec<String>,
    /// Rounds of each bad client.
    pub rounds: Vec<(&'static str, u64)>,
    /// How long the good client waited, in order.
    pub latencies: Vec<Duration>,
    /// Descriptors before the load.
    pub descriptors_before: usize,
    /// Descriptors when the clients had gone.
    pub descriptors_after: usize,
    /// What was sampled meanwhile.
    pub samples: Vec<Sample>,
}

/// Memory and descriptors at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Since the start of the load.
    pub at: Duration,
    /// `VmRSS`, in KiB.
    pub memory_kib: u64,
    /// How many are open.
    pub descriptors: usize,
}

impl Soaked {
    /// The latency that so many hundredths of the good client's requests do not exceed.
    #[must_use]
    pub fn percentile(&self, hundredths: usize) -> Duration {
        percentile(&self.latencies, hundredths)
    }

    /// The most memory that was seen, in KiB.
    #[must_use]
    pub fn most_memory_kib(&self) -> u64 {
        self.samples
            .iter()
            .map(|sample| sample.memory_kib)
            .max()
            .unwrap_or_default()
    }

    /// The samples of the last half.
    fn last_half(&self) -> &[Sample] {
        self.samples.get(self.samples.len() / 2..).unwrap_or_default()
    }

    /// How much memory grew in the last half, in KiB: what the line through the samples says.
    #[must_use]
    pub fn memory_growth_kib(&self) -> f64 {
        growth(self.last_half(), |sample| sample.memory_kib as f64)
    }

    /// The same of descriptors.
    #[must_use]
    pub fn descriptor_growth(&self) -> f64 {
        growth(self.last_half(), |sample| sample.descriptors as f64)
    }

    /// The verdict, a line each.
    #[must_use]
    pub fn render(&self) -> String {
        let flat = |growth: f64, of: f64| if growth.abs() <= of / 20.0 { "flat" } else { "not flat" };
        let memory = self.last_half().last().map_or(0, |sample| sample.memory_kib);
        let (memory_growth, descriptor_growth) = (self.memory_growth_kib(), self.descriptor_growth());
        let mut text = format!(
            "process: {}\nmemory: {}, {:+.1} MiB in the last half, {:.1} MiB at the end, {:.1} MiB at most\n\
             descriptors: {}, {descriptor_growth:+.1} in the last half; {} before, {} after\n\
             good client: {} requests, {} refused, p50 {:.1} ms, p99 {:.1} ms\n",
            if self.is_alive { "alive" } else { "gone" },
            flat(memory_growth, memory as f64),
            memory_growth / 1024.0,
            memory as f64 / 1024.0,
            self.most_memory_kib() as f64 / 1024.0,
            flat(descriptor_growth, 2.0 * HELD as f64 * BAD.len() as f64),
            self.descriptors_before,
            self.descriptors_after,
            self.latencies.len(),
            self.refused.len(),
            millis(self.percentile(50)),
            millis(self.percentile(99)),
        );
        for refused in &self.refused {
            text.push_str(&format!("refused: {refused}\n"));
        }
        for (name, rounds) in &self.rounds {
            text.push_str(&format!("{rounds:>8} × {name}\n"));
        }
        text
    }
}

/// Puts the simulator under load for so long; `row` is given the heading and a row each ten seconds.
///
/// # Panics
/// Where the simulator has no profile `creator`, or none of our own commands can be run.
pub fn soak(simulator: &Simulator, time: Duration, mut row: impl FnMut(&str)) -> Soaked {
    let load = Load::new(simulator);
    let descriptors_before = descriptors(simulator).unwrap_or_default();
    let mut samples: Vec<Sample> = Vec::new();
    row("     s   MiB  descriptors    good   p99 ms  refused      bad");
    thread::scope(|scope| {
        // Also where this thread panics: the scope waits for the others.
        let _over = Over(&load.is_over);
        scope.spawn(|| load.be_good());
        for ((_, act), rounds) in BAD.iter().zip(&load.rounds) {
            let (load, act) = (&load, *act);
            scope.spawn(move || load.be_bad(act, rounds));
        }
        let start = now();
        let (mut next_row, mut next_token) = (ROW_TIME, TOKEN_TIME);
        while start.elapsed() < time {
            thread::sleep(SAMPLE_TIME.min(time.saturating_sub(start.elapsed())));
            let at = start.elapsed();
            let (Some(memory_kib), Some(descriptors)) = (memory(simulator), descriptors(simulator)) else {
                break;
            };
            samples.push(Sample {
                at,
                memory_kib,
                descriptors,
            });
            if at >= next_row {
                next_row += ROW_TIME;
                row(&load.row(at, memory_kib, descriptors));
            }
            if at >= next_token {
                next_token += TOKEN_TIME;
                *lock(&load.token) = token(simulator);
            }
        }
    });
    let gone = now();
    while descriptors(simulator).is_some_and(|open| open > descriptors_before) && gone.elapsed() < CLOSE_TIME {
        thread::sleep(PAUSE);
    }
    let mut latencies = std::mem::take(&mut *lock(&load.latencies));
    latencies.sort_unstable();
    Soaked {
        is_alive: memory(simulator).is_some(),
        refused: std::mem::take(&mut *lock(&load.refused)),
        rounds: load.counted().collect(),
        latencies,
        descriptors_before,
        descriptors_after: descriptors(simulator).unwrap_or_default(),
        samples,
    }
}

/// Ends the load when dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the clients share.
struct Load<'a> {
    simulator: &'a Simulator,
    token: Mutex<String>,
    access_key_id: String,
    secret: SecretKey,
    is_over: AtomicBool,
    rounds: [AtomicU64; BAD.len()],
    latencies: Mutex<Vec<Duration>>,
    refused: Mutex<Vec<String>>,
}

impl<'a> Load<'a> {
    fn new(simulator: &'a Simulator) -> Self {
        let credentials =
            fs::read_to_string(simulator.ready("/env/AWS_SHARED_CREDENTIALS_FILE")).expect("the credentials file");
        let (_, creator) = credentials.split_once("[creator]").expect("a profile `creator`");
        let value = |name: &str| {
            let line = creator.lines().find(|line| line.starts_with(name));
            let (_, value) = line.and_then(|line| line.split_once('=')).expect("a key");
            value.trim().to_owned()
        };
        Self {
            simulator,
            token: Mutex::new(token(simulator)),
            access_key_id: value("aws_access_key_id"),
            secret: SecretKey::new(value("aws_secret_access_key")),
            is_over: AtomicBool::new(false),
            rounds: [const { AtomicU64::new(0) }; BAD.len()],
            latencies: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn token(&self) -> String {
        lock(&self.token).clone()
    }

    fn counted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let rounds = self.rounds.iter().map(|rounds| rounds.load(Ordering::Relaxed));
        BAD.iter().zip(rounds).map(|((name, _), rounds)| (*name, rounds))
    }

    fn row(&self, at: Duration, memory_kib: u64, descriptors: usize) -> String {
        let mut latencies = lock(&self.latencies).clone();
        latencies.sort_unstable();
        format!(
            "{:>6} {:>5.0} {descriptors:>12} {:>7} {:>8.1} {:>8} {:>8}",
            at.as_secs(),
            memory_kib as f64 / 1024.0,
            latencies.len(),
            millis(percentile(&latencies, 99)),
            lock(&self.refused).len(),
            self.counted().map(|(_, rounds)| rounds).sum::<u64>(),
        )
    }

    /// Reads an object and has a token reviewed, in turns over one connection.
    fn be_good(&self) {
        let mut connection = None;
        let mut is_read = true;
        while !self.is_over() {
            let token = self.token();
            let (request, wanted) = if is_read {
                let path = "/api/v1/namespaces/kube-system/configmaps/aws-auth";
                (request(("GET", path), &bearer(&token), ""), "\"mapUsers\"")
            } else {
                (review(&token), "\"authenticated\":true")
            };
            is_read = !is_read;
            let start = now();
            let answer = self.ask(&mut connection, &request);
            let took = start.elapsed();
            match answer {
                Some((200, body)) if body.contains(wanted) => lock(&self.latencies).push(took),
                answer => {
                    let mut refused = lock(&self.refused);
                    if refused.len() < REFUSALS {
                        refused.push(format!("{answer:?} to {}", request.lines().next().unwrap_or_default()));
                    }
                    connection = None;
                }
            }
            thread::sleep(PAUSE);
        }
    }

    fn be_bad(&self, act: Act, rounds: &AtomicU64) {
        let mut held = Held::new();
        while !self.is_over() {
            act(self, rounds.fetch_add(1, Ordering::Relaxed), &mut held);
            while held.len() > HELD {
                held.pop_front();
            }
            thread::sleep(PAUSE);
        }
    }

    /// A connection to the cluster over TLS, or to the AWS endpoint without.
    fn open(&self, tls: bool) -> Option<Box<dyn Connection>> {
        if !tls {
            return Some(Box::new(self.simulator.try_connect("/aws_endpoint")?));
        }
        let stream = self.simulator.try_connect("/clusters/0/endpoint")?;
        Some(Box::new(StreamOwned::new(self.simulator.tls("127.0.0.1"), stream)))
    }

    /// The answer over a connection that stays open, which is opened where it is not.
    fn ask(&self, connection: &mut Option<Box<dyn Connection>>, request: &str) -> Option<(u16, String)> {
        if connection.is_none() {
            *connection = self.open(true);
        }
        let connection = connection.as_mut()?;
        connection.write_all(request.as_bytes()).ok()?;
        connection.flush().ok()?;
        read_answer(connection)
    }

    /// Sends something over a connection of its own, which is closed after the beginning of the answer.
    fn send(&self, tls: bool, request: &str) {
        if let Some(mut connection) = self.open(tls)
            && connection.write_all(request.as_bytes()).is_ok()
            && connection.flush().is_ok()
        {
            let _ = read_answer(&mut connection);
        }
    }

    /// A call of CloudWatch Logs.
    fn logs(&self, operation: &str, body: &serde_json::Value) {
        let body = body.to_string();
        let host = self.simulator.ready("/aws_endpoint").trim_start_matches("http://");
        let mut headers = vec![
            ("host".to_owned(), host.to_owned()),
            ("x-amz-target".to_owned(), format!("Logs_20140328.{operation}")),
        ];
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: None,
            region: REGION,
            service: "logs",
            now: Timestamp::from_unix_millis(unix_millis()),
        };
        headers.extend(signer.sign_header(&SignedRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        }));
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = body.len();
        self.send(
            false,
            &format!("POST / HTTP/1.1\r\n{lines}content-length: {length}\r\n\r\n{body}"),
        );
    }
}

fn malformed_token(load: &Load<'_>, round: u64, _: &mut Held) {
    let token = match round % 3 {
        0 => "k8s-aws-v1.".to_owned(),
        1 => format!("k8s-aws-v1.{}", "A".repeat(5000)),
        _ => format!("{}{round}", load.token()),
    };
    load.send(true, &request(("GET", "/api/v1/pods"), &bearer(&token), ""));
}

fn bad_token_review(load: &Load<'_>, round: u64, _: &mut Held) {
    load.send(true, &review(&format!("k8s-aws-v1.{round}\\n\\u202e")));
}

fn half_request(load: &Load<'_>, round: u64, held: &mut Held) {
    if let Some(mut connection) = load.open(round.is_multiple_of(2)) {
        let _ = connection.write_all(b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{");
        let _ = connection.flush();
        held.push_back(connection);
    }
}

fn oversized_body(load: &Load<'_>, round: u64, _: &mut Held) {
    let Some(mut connection) = load.open(round.is_multiple_of(2)) else {
        return;
    };
    let _ = connection.write_all(b"POST /authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: 20971520\r\n\r\n");
    let megabyte = vec![b'a'; 1 << 20];
    for _ in 0..4 {
        if connection.write_all(&megabyte).is_err() {
            return;
        }
    }
}

fn watch(load: &Load<'_>) -> Option<Box<dyn Connection>> {
    let mut connection = load.open(true)?;
    let request = request(("GET", &format!("{MAPS}?watch=1")), &bearer(&load.token()), "");
    connection.write_all(request.as_bytes()).ok()?;
    connection.flush().ok()?;
    Some(connection)
}

fn deaf_watch(load: &Load<'_>, round: u64, held: &mut Held) {
    if round.is_multiple_of(20) {
        held.extend(watch(load));
    }
}

fn dropped_watch(load: &Load<'_>, _: u64, _: &mut Held) {
    if let Some(mut connection) = watch(load) {
        let _ = connection.read_exact(&mut [0; 64]);
    }
}

fn idle_connection(load: &Load<'_>, round: u64, held: &mut Held) {
    held.extend(load.open(round.is_multiple_of(2)));
}

fn copying_patch(load: &Load<'_>, round: u64, _: &mut Held) {
    let name = "soak-patched";
    if round == 0 {
        load.send(true, &create(load, name, "x"));
    }
    let mut operations = vec![json!({"op": "add", "path": "/data", "value": {"a": "x"}})];
    for at in 0..24 {
        operations.push(json!({"op": "copy", "from": "/data", "path": format!("/data/c{at}")}));
    }
    let headers = format!("{}content-type: application/json-patch+json\r\n", bearer(&load.token()));
    let body = serde_json::Value::from(operations).to_string();
    load.send(true, &request(("PATCH", &format!("{MAPS}/{name}")), &headers, &body));
}

fn deep_json(load: &Load<'_>, _: u64, _: &mut Held) {
    let headers = format!("{}content-type: application/json\r\n", bearer(&load.token()));
    load.send(true, &request(("POST", MAPS), &headers, &"{\"a\":[".repeat(20_000)));
}

fn config_map_churn(load: &Load<'_>, round: u64, _: &mut Held) {
    let name = format!("soak-{round}");
    load.send(true, &create(load, &name, &"x".repeat(1000)));
    let path = format!("{MAPS}/{name}");
    load.send(true, &request(("DELETE", &path), &bearer(&load.token()), ""));
}

fn log_events(load: &Load<'_>, round: u64, _: &mut Held) {
    let group = json!({"logGroupName": GROUP});
    if round.is_multiple_of(LOG_ROUNDS) {
        load.logs("DeleteLogGroup", &group);
        load.logs("CreateLogGroup", &group);
        load.logs("CreateLogStream", &json!({"logGroupName": GROUP, "logStreamName": "s"}));
    }
    let event = json!({"timestamp": unix_millis(), "message": "m".repeat(200)});
    let events = vec![event; 10];
    load.logs(
        "PutLogEvents",
        &json!({"logGroupName": GROUP, "logStreamName": "s", "logEvents": events}),
    );
}

fn bad_signature(load: &Load<'_>, round: u64, _: &mut Held) {
    let headers = format!(
        "authorization: AWS4-HMAC-SHA256 Credential={}/20261124/us-west-2/sts/aws4_request, SignedHeaders=host, \
         Signature={round:064x}\r\nx-amz-date: 20261124T000000Z\r\ncontent-type: application/x-www-form-urlencoded\r\n",
        load.access_key_id
    );
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    load.send(false, &request(("POST", "/"), &headers, body));
}

fn noise(load: &Load<'_>, round: u64, _: &mut Held) {
    let Some(mut connection) = load.open(false) else {
        return;
    };
    // A linear congruential generator: any bytes will do, but the same ones each time.
    let mut state = round as u32;
    let noise: Vec<u8> = (0..2000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    let _ = connection.write_all(&noise);
}

/// A request over HTTP/1.1; `headers` are whole lines.
fn request((method, target): (&str, &str), headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

fn review(token: &str) -> String {
    let body = format!(
        r#"{{"apiVersion":"authentication.k8s.io/v1beta1","kind":"TokenReview","spec":{{"token":"{token}"}}}}"#
    );
    request(("POST", "/authenticate"), "content-type: application/json\r\n", &body)
}

fn create(load: &Load<'_>, name: &str, value: &str) -> String {
    let headers = format!("{}content-type: application/json\r\n", bearer(&load.token()));
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": value}});
    request(("POST", MAPS), &headers, &body.to_string())
}

/// Status and body of an answer with a length.
fn read_answer(connection: &mut impl Read) -> Option<(u16, String)> {
    let mut answer = Vec::new();
    let mut chunk = [0; 8192];
    loop {
        let count = connection.read(&mut chunk).ok().filter(|count| *count > 0)?;
        answer.extend_from_slice(chunk.get(..count)?);
        if let Some(whole) = whole_answer(&answer) {
            return Some(whole);
        }
    }
}

/// The same where it is all there.
fn whole_answer(answer: &[u8]) -> Option<(u16, String)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(answer.get(..end)?);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let body = answer.get(end + 4..)?.get(..length?)?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, String::from_utf8_lossy(body).into_owned()))
}

fn token(simulator: &Simulator) -> String {
    let words = "token --cluster-name my-cluster --token-only --profile creator";
    simulator.own(words).good().trim().to_owned()
}

/// `VmRSS` of the simulator, in KiB; nothing where it is gone.
fn memory(simulator: &Simulator) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", simulator.pid())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// How many descriptors the simulator has open; nothing where it is gone.
fn descriptors(simulator: &Simulator) -> Option<usize> {
    Some(fs::read_dir(format!("/proc/{}/fd", simulator.pid())).ok()?.count())
}

fn percentile(sorted: &[Duration], hundredths: usize) -> Duration {
    let at = (sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// What the line of least squares through the samples rises by, from the first to the last.
fn growth(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return 0.0;
    };
    let count = samples.len() as f64;
    let second = |sample: &Sample| sample.at.as_secs_f64();
    let middle = samples.iter().map(second).sum::<f64>() / count;
    let mean = samples.iter().map(&of).sum::<f64>() / count;
    let spread: f64 = samples.iter().map(|sample| (second(sample) - middle).powi(2)).sum();
    let together: f64 = samples
        .iter()
        .map(|sample| (second(sample) - middle) * (of(sample) - mean))
        .sum();
    if spread == 0.0 {
        return 0.0;
    }
    together / spread * (second(last) - second(first))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "what is measured is the machine's time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature is good for minutes of the machine's time"
)]
fn unix_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    i64::try_from(since.as_millis()).expect("a time before the year 292 million")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(memory: impl Fn(u64) -> u64) -> Vec<Sample> {
        let sample = |second| Sample {
            at: Duration::from_secs(second),
            memory_kib: memory(second),
            descriptors: 20,
        };
        (0..=60).map(sample).collect()
    }

    #[test]
    fn growth_is_that_of_the_line_through_the_samples() {
        for (samples, wanted) in [
            (samples(|_| 5000), 0.0),
            (samples(|second| 5000 + 10 * second), 600.0),
            // What comes and goes is no growth.
            (samples(|second| 5000 + 1000 * u64::from(second.is_multiple_of(2))), 0.0),
            (Vec::new(), 0.0),
        ] {
            let grown = growth(&samples, |sample| sample.memory_kib as f64);
            assert!((grown - wanted).abs() < 1.0, "{grown} {wanted}");
        }
    }

    #[test]
    fn percentiles_are_of_what_there_is() {
        let hundred: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&hundred, 99), Duration::from_millis(100));
        assert_eq!(percentile(&hundred, 50), Duration::from_millis(51));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }

    #[test]
    fn an_answer_is_whole_with_its_length() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(whole_answer(answer), Some((200, "abc".to_owned())));
        assert_eq!(whole_answer(&answer[..answer.len() - 1]), None);
        assert_eq!(whole_answer(b"HTTP/1.1 200 OK\r\n\r\nabc"), None);
    }
}
