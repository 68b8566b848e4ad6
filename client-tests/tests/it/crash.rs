//! `kill -9` in the middle of writes, full disks and damaged files: with a state directory nothing that was acknowledged is lost,
//! and what is lost is named.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use client_tests::Ran;
use client_tests::Simulator;
use client_tests::binary;
use eks_auth_core::aws::iam::SecretKey;
use eks_auth_core::aws::sigv4::SignedRequest;
use eks_auth_core::aws::sigv4::Signer;
use eks_auth_core::value::instant::Timestamp;
use rustls::StreamOwned;
use serde_json::Value;
use serde_json::json;

const REGION: &str = "us-west-2";

/// How often the simulator is killed; `CRASH_ROUNDS` asks for more.
const ROUNDS: u64 = 12;

/// Who writes, and how.
struct Writer {
    access_key_id: String,
    secret: SecretKey,
    token: String,
}

impl Writer {
    /// As the cluster's creator.
    fn new(simulator: &Simulator) -> Self {
        let credentials = fs::read_to_string(simulator.ready("/env/AWS_SHARED_CREDENTIALS_FILE")).unwrap();
        let (_, creator) = credentials.split_once("[creator]").unwrap();
        let value = |name: &str| {
            let line = creator.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once('=').unwrap().1.trim().to_owned()
        };
        let token = simulator
            .own("token --cluster-name my-cluster --token-only --profile creator")
            .good();
        Self {
            access_key_id: value("aws_access_key_id"),
            secret: SecretKey::new(value("aws_secret_access_key")),
            token: token.trim().to_owned(),
        }
    }

    /// The status and body of a call of a service of AWS; nothing where the connection ended. The header is that which
    /// says what the body is.
    fn aws(&self, simulator: &Simulator, service: &str, content: (&str, &str), body: &str) -> Option<(u16, String)> {
        let host = simulator
            .ready("/aws_endpoint")
            .trim_start_matches("http://")
            .to_owned();
        let mut headers = vec![("host".to_owned(), host), (content.0.to_owned(), content.1.to_owned())];
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: None,
            region: REGION,
            service,
            now: Timestamp::from_unix_millis(unix_millis()),
        };
        headers.extend(signer.sign_header(&SignedRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        }));
        exchange(
            &mut simulator.try_connect("/aws_endpoint")?,
            "POST",
            "/",
            &headers,
            body,
        )
    }

    fn iam(&self, simulator: &Simulator, form: &str) -> Option<(u16, String)> {
        let content = ("content-type", "application/x-www-form-urlencoded");
        self.aws(simulator, "iam", content, form)
    }

    fn logs(&self, simulator: &Simulator, operation: &str, body: &Value) -> Option<(u16, Value)> {
        let target = format!("Logs_20140328.{operation}");
        let (status, answer) = self.aws(simulator, "logs", ("x-amz-target", &target), &body.to_string())?;
        Some((status, serde_json::from_str(&answer).unwrap_or_default()))
    }

    /// The same of the Kubernetes API.
    fn kubernetes(&self, simulator: &Simulator, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let stream = simulator.try_connect("/clusters/0/endpoint")?;
        let headers = [
            ("host".to_owned(), "127.0.0.1".to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {}", self.token)),
        ];
        exchange(
            &mut StreamOwned::new(simulator.tls("127.0.0.1"), stream),
            method,
            path,
            &headers,
            body,
        )
    }

    fn create_user(&self, simulator: &Simulator, name: &str) -> bool {
        let form = format!("Action=CreateUser&Version=2010-05-08&UserName={name}");
        matches!(self.iam(simulator, &form), Some((200, _)))
    }

    fn create_config_map(&self, simulator: &Simulator, name: &str) -> bool {
        let body = format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}}}}"#);
        let path = "/api/v1/namespaces/default/configmaps";
        matches!(self.kubernetes(simulator, "POST", path, &body), Some((201, _)))
    }

    fn log_stream(&self, simulator: &Simulator, name: &str) {
        let group = json!({"logGroupName": "crash"});
        // The group is there from the second round on.
        self.logs(simulator, "CreateLogGroup", &group).unwrap();
        let stream = json!({"logGroupName": "crash", "logStreamName": name});
        assert_eq!(self.logs(simulator, "CreateLogStream", &stream).unwrap().0, 200);
    }

    fn put_log_event(&self, simulator: &Simulator, name: &str) -> bool {
        let (stream, _) = name.rsplit_once('-').unwrap();
        let event = json!({"timestamp": unix_millis(), "message": name});
        let body = json!({"logGroupName": "crash", "logStreamName": stream, "logEvents": [event]});
        matches!(self.logs(simulator, "PutLogEvents", &body), Some((200, _)))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature is good for minutes of the machine's time"
)]
fn unix_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// One request on a connection of its own; nothing where no whole answer came.
fn exchange(
    connection: &mut (impl Read + Write),
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: &str,
) -> Option<(u16, String)> {
    let mut request = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!(
        "content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ));
    connection.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // A server that closes TLS without a word ends the answer as well.
    let _ = connection.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

fn start(state: &Path) -> Simulator {
    Simulator::start_with(&["--state-dir", state.to_str().unwrap()])
}

#[test]
fn no_acknowledged_write_is_lost_to_kill_9() {
    let rounds = std::env::var("CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut simulator = Arc::new(start(&state));
    let endpoint = simulator.ready("/clusters/0/endpoint").to_owned();
    let kubeconfig = fs::read_to_string(simulator.ready("/clusters/0/kubeconfig")).unwrap();
    let mut acknowledged = [0; 3];
    for round in 0..rounds {
        let writer = Arc::new(Writer::new(&simulator));
        writer.log_stream(&simulator, &format!("crash-{round}"));
        let writes = [Writer::create_user, Writer::create_config_map, Writer::put_log_event];
        let threads = writes.map(|write| {
            let (simulator, writer) = (Arc::clone(&simulator), Arc::clone(&writer));
            thread::spawn(move || {
                let names = (0..).map(|at| format!("crash-{round}-{at}"));
                names
                    .take_while(|name| write(&writer, &simulator, name))
                    .collect::<Vec<_>>()
            })
        });
        // Any moment will do: what is asked for is that none is bad.
        thread::sleep(Duration::from_millis(5 + round * 37 % 120));
        simulator.kill();
        let [users, config_maps, events] = threads.map(|thread| thread.join().unwrap());
        simulator = Arc::new(start(&state));
        assert_eq!(simulator.ready("/clusters/0/endpoint"), endpoint);
        assert_eq!(
            fs::read_to_string(simulator.ready("/clusters/0/kubeconfig")).unwrap(),
            kubeconfig
        );
        for user in &users {
            let form = format!("Action=GetUser&Version=2010-05-08&UserName={user}");
            assert_eq!(writer.iam(&simulator, &form).unwrap().0, 200, "{user}");
        }
        let path = "/api/v1/namespaces/default/configmaps";
        let (_, list) = writer.kubernetes(&simulator, "GET", path, "").unwrap();
        for config_map in &config_maps {
            assert!(list.contains(&format!(r#""name":"{config_map}""#)), "{config_map}");
        }
        let stream = format!("crash-{round}");
        let body = json!({"logGroupName": "crash", "logStreamName": stream, "startFromHead": true});
        let (_, kept) = writer.logs(&simulator, "GetLogEvents", &body).unwrap();
        let kept: Vec<_> = kept["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| &event["message"])
            .collect();
        for event in &events {
            assert!(kept.contains(&&json!(event)), "{event}");
        }
        for (acknowledged, written) in acknowledged.iter_mut().zip([users, config_maps, events]) {
            *acknowledged += written.len();
        }
    }
    assert!(acknowledged.iter().all(|count| *count > 0), "{acknowledged:?}");
    eprintln!("users, ConfigMaps and log events acknowledged in {rounds} rounds: {acknowledged:?}");
}

#[test]
fn a_state_directory_has_one_simulator_and_one_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap().to_owned();
    let simulator = start(folder.path());
    let complaint = simulator.own(&format!("serve --state-dir {state}")).complaint();
    assert_eq!(
        complaint,
        format!(
            "eks-auth-sim: another eks-auth-sim uses the state directory `{state}`: it has `{state}/state.lock` locked; fix: \
             end it, or name another directory with --state-dir"
        )
    );
    simulator.kill();
    let arguments = format!("serve --state-dir {state} --scenario wrong-profile");
    let complaint = simulator.own(&arguments).complaint();
    assert!(complaint.contains("was made from another scenario"), "{complaint}");
}

/// What `serve` says of a state directory that it refuses: one line, which names the file and the fix.
#[track_caller]
fn complaint(state: &Path, file: &str) -> String {
    let mut serve = Command::new(binary());
    let Ran { code, stderr, .. } = Simulator::run_command(serve.arg("serve").arg("--state-dir").arg(state));
    assert_eq!(code, Some(2), "{stderr}");
    let file = state.join(file);
    assert!(stderr.contains(&format!("`{}`", file.display())), "{stderr}");
    assert!(
        stderr.contains("; fix: ") && stderr.trim_end().lines().count() == 1,
        "{stderr}"
    );
    stderr
}

#[test]
fn a_state_directory_that_cannot_be_used_is_refused_with_file_loss_and_fix() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let simulator = start(&state);
    let writer = Writer::new(&simulator);
    assert!(writer.create_user(&simulator, "kept"));
    assert_eq!(simulator.stop(), Some(0));

    for name in ["state.redb", "logs.redb"] {
        let file = state.join(name);
        let sound = fs::read(&file).unwrap();
        let lost = match name {
            "state.redb" => "the World, the certificate authority and the ports are lost",
            _ => "the logs are lost with it, the World is not",
        };
        let half = sound[..sound.len() / 2].to_vec();
        for damaged in [Vec::new(), vec![0; sound.len()], half, b"no database".to_vec()] {
            fs::write(&file, damaged).unwrap();
            let said = complaint(&state, name);
            assert!(said.contains("is damaged: ") && said.contains(lost), "{said}");
        }
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert!(complaint(&state, name).contains("Is a directory"));
        fs::remove_dir(&file).unwrap();
        if name == "state.redb" {
            assert!(complaint(&state, name).contains("says that a simulator has kept its World here"));
        }
        fs::write(&file, sound).unwrap();
    }
    // So is a client file that cannot be written.
    fs::remove_file(state.join("ca.pem")).unwrap();
    fs::create_dir(state.join("ca.pem")).unwrap();
    assert!(complaint(&state, "ca.pem").contains("Is a directory"));
    fs::remove_dir(state.join("ca.pem")).unwrap();
    // Without the logs, as the fix for damaged ones says, the World goes on, and the log says that they begin again.
    fs::rename(state.join("logs.redb"), state.join("logs.redb.damaged")).unwrap();
    let simulator = start(&state);
    let form = "Action=GetUser&Version=2010-05-08&UserName=kept";
    assert_eq!(writer.iam(&simulator, form).unwrap().0, 200);
    logged(&simulator, "the state directory has no logs: they begin again");
}

/// The line of the log that says so, once it is there.
#[track_caller]
fn logged(simulator: &Simulator, text: &str) -> String {
    for _ in 0..2_000 {
        if let Some(line) = simulator.log().into_iter().find(|line| line.contains(text)) {
            return line;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{text}: {:?}", simulator.log())
}

#[test]
fn a_full_disk_refuses_changes_and_loses_none_that_was_acknowledged() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "no prlimit");
        eprintln!("skipped: no prlimit");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    assert_eq!(start(&state).stop(), Some(0));
    let length = |name: &str| fs::metadata(state.join(name)).unwrap().len();
    // The database doubles its file when it grows, as it does when it starts.
    let limit = 2 * length("state.redb").max(length("logs.redb")) + (4 << 20);
    let mut prlimit = Command::new("prlimit");
    prlimit.arg(format!("--fsize={limit}:unlimited"));
    let simulator = Simulator::start_by(prlimit, &["--state-dir", state.to_str().unwrap()]);
    let writer = Writer::new(&simulator);
    let path = "/api/v1/namespaces/default/configmaps";
    let create = |name: &str, length: usize| {
        let data = "x".repeat(length);
        let body = format!(
            r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}},"data":{{"a":"{data}"}}}}"#
        );
        writer.kubernetes(&simulator, "POST", path, &body).expect("an answer")
    };
    let mut acknowledged = Vec::new();
    let mut refused = Vec::new();
    for number in 0..200 {
        let name = format!("large-{number}");
        match create(&name, 100_000) {
            (201, _) => acknowledged.push(name),
            (500, body) => {
                let status: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(status["kind"], "Status");
                assert_eq!(status["message"], "etcdserver: mvcc: database space exceeded");
                refused.push(name);
            }
            (status, body) => panic!("{status}: {body}"),
        }
        if refused.len() == 3 {
            break;
        }
    }
    assert_eq!(refused.len(), 3, "the disk is never full: {acknowledged:?}");
    // Readers are served, and see none of what was refused.
    let list = || writer.kubernetes(&simulator, "GET", path, "").expect("an answer").1;
    let has = |list: &str, name: &str| list.contains(&format!(r#""name":"{name}""#));
    let now = list();
    assert!(acknowledged.iter().all(|name| has(&now, name)));
    assert!(!refused.iter().any(|name| has(&now, name)));
    let line = logged(&simulator, "changes cannot be kept");
    assert!(line.contains("state.redb") && line.contains("fix: "), "{line}");

    // There is space again.
    let raised = Command::new("prlimit")
        .args(["--fsize=unlimited:unlimited", "--pid", &simulator.pid().to_string()])
        .status();
    assert!(raised.unwrap().success());
    assert_eq!(create("after", 100_000).0, 201);
    acknowledged.push("after".to_owned());
    logged(&simulator, "changes are kept again");
    simulator.kill();
    let simulator = start(&state);
    let (_, now) = writer.kubernetes(&simulator, "GET", path, "").unwrap();
    assert!(acknowledged.iter().all(|name| has(&now, name)));
    assert!(!refused.iter().any(|name| has(&now, name)));
}

#[test]
fn a_backup_of_a_running_simulator_is_a_state_directory() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = start(&folder.path().join("state"));
    let writer = Writer::new(&simulator);
    assert!(writer.create_user(&simulator, "kept"));
    writer.log_stream(&simulator, "crash-0");
    assert!(writer.put_log_event(&simulator, "crash-0-0"));
    let archive = folder.path().join("sim.tar.gz");
    let made = simulator.own(&format!("ctl backup {}", archive.display()));
    assert_eq!(made.good(), "");
    assert_eq!(fs::metadata(&archive).unwrap().permissions().mode() & 0o777, 0o600);
    // What comes later is not in it.
    assert!(writer.create_user(&simulator, "later"));
    let endpoint = simulator.ready("/clusters/0/endpoint").to_owned();
    let authority = fs::read_to_string(simulator.ready("/ca_bundle")).unwrap();
    simulator.kill();

    let again = folder.path().join("again");
    fs::create_dir(&again).unwrap();
    let mut tar = Command::new("tar");
    let unpacked = tar.arg("-xzf").arg(&archive).arg("-C").arg(&again).status();
    assert!(unpacked.unwrap().success());
    let simulator = start(&again);
    assert_eq!(simulator.ready("/clusters/0/endpoint"), endpoint);
    assert_eq!(fs::read_to_string(simulator.ready("/ca_bundle")).unwrap(), authority);
    for (name, wanted) in [("kept", 200), ("later", 404)] {
        let form = format!("Action=GetUser&Version=2010-05-08&UserName={name}");
        assert_eq!(writer.iam(&simulator, &form).unwrap().0, wanted, "{name}");
    }
    let body = json!({"logGroupName": "crash", "logStreamName": "crash-0", "startFromHead": true});
    let (_, events) = writer.logs(&simulator, "GetLogEvents", &body).unwrap();
    assert_eq!(events["events"][0]["message"], "crash-0-0");
}
