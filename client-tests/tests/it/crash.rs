//! `kill -9` in the middle of writes: with a state directory nothing that was acknowledged is lost.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use client_tests::Simulator;
use eks_auth_core::iam::SecretKey;
use eks_auth_core::instant::Timestamp;
use eks_auth_core::sigv4::SignedRequest;
use eks_auth_core::sigv4::Signer;
use rustls::StreamOwned;

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

    /// The status and body of an IAM call; nothing where the connection ended.
    fn iam(&self, simulator: &Simulator, form: &str) -> Option<(u16, String)> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a signature is good for minutes of the machine's time"
        )]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let host = simulator
            .ready("/aws_endpoint")
            .trim_start_matches("http://")
            .to_owned();
        let mut headers = vec![
            ("host".to_owned(), host),
            (
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            ),
        ];
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: None,
            region: "us-east-1",
            service: "iam",
            now: Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap()),
        };
        headers.extend(signer.sign_header(&SignedRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: form.as_bytes(),
        }));
        exchange(
            &mut simulator.try_connect("/aws_endpoint")?,
            "POST",
            "/",
            &headers,
            form,
        )
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
    let mut acknowledged = 0;
    for round in 0..rounds {
        let writer = Arc::new(Writer::new(&simulator));
        let written = Arc::new(Mutex::new((Vec::new(), Vec::new())));
        let threads: Vec<_> = [true, false]
            .into_iter()
            .map(|users| {
                let (simulator, writer, written) = (Arc::clone(&simulator), Arc::clone(&writer), Arc::clone(&written));
                thread::spawn(move || {
                    for at in 0.. {
                        let name = format!("crash-{round}-{at}");
                        if users {
                            if !writer.create_user(&simulator, &name) {
                                return;
                            }
                            written.lock().unwrap().0.push(name);
                        } else {
                            if !writer.create_config_map(&simulator, &name) {
                                return;
                            }
                            written.lock().unwrap().1.push(name);
                        }
                    }
                })
            })
            .collect();
        // Any moment will do: what is asked for is that none is bad.
        thread::sleep(Duration::from_millis(5 + round * 37 % 120));
        simulator.kill();
        for thread in threads {
            thread.join().unwrap();
        }
        simulator = Arc::new(start(&state));
        assert_eq!(simulator.ready("/clusters/0/endpoint"), endpoint);
        assert_eq!(
            fs::read_to_string(simulator.ready("/clusters/0/kubeconfig")).unwrap(),
            kubeconfig
        );
        let (users, config_maps) = &*written.lock().unwrap();
        for user in users {
            let form = format!("Action=GetUser&Version=2010-05-08&UserName={user}");
            assert_eq!(writer.iam(&simulator, &form).unwrap().0, 200, "{user}");
        }
        let path = "/api/v1/namespaces/default/configmaps";
        let (_, list) = writer.kubernetes(&simulator, "GET", path, "").unwrap();
        for config_map in config_maps {
            assert!(list.contains(&format!(r#""name":"{config_map}""#)), "{config_map}");
        }
        acknowledged += users.len() + config_maps.len();
    }
    assert!(acknowledged > 0);
    eprintln!("{acknowledged} writes were acknowledged in {rounds} rounds");
}

#[test]
fn a_state_directory_has_one_simulator_and_one_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap().to_owned();
    let simulator = start(folder.path());
    let complaint = simulator.own(&format!("serve --state-dir {state}")).complaint();
    assert_eq!(
        complaint,
        format!("eks-auth-sim: another eks-auth-sim uses the state directory `{state}`")
    );
    simulator.kill();
    let arguments = format!("serve --state-dir {state} --scenario wrong-profile");
    let complaint = simulator.own(&arguments).complaint();
    assert!(complaint.contains("was made from another scenario"), "{complaint}");
}
