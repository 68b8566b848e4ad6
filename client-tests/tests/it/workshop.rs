//! A workshop as learners and their presenter have it: the pages by curl, the seats by the real clients.

use std::io::BufRead;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use client_tests::Client;
use client_tests::binary;
use client_tests::need;
use serde_json::Value;

use crate::scenarios::path_with;

struct Workshop {
    process: Child,
    ready: Value,
    folder: tempfile::TempDir,
    path: std::ffi::OsString,
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Workshop {
    fn start(clients: &[PathBuf], scenarios: &str) -> Self {
        Self::start_at(clients, scenarios, &[])
    }

    fn start_at(clients: &[PathBuf], scenarios: &str, address: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(binary())
            .args([
                "serve",
                "--seats",
                "2",
                "--scenarios",
                scenarios,
                "--output",
                "json",
                "--lang",
                "en",
            ])
            .args(address)
            .arg("--ready-file")
            .arg(folder.path().join("ready.json"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        Self {
            process,
            ready: serde_json::from_str(&line).unwrap(),
            folder,
            path: path_with(clients),
        }
    }

    fn text(&self, key: &str) -> String {
        self.ready[key].as_str().unwrap().to_owned()
    }

    /// What curl prints, and the HTTP status.
    fn curl(&self, arguments: &[&str]) -> (String, String) {
        let output = Command::new("curl")
            .args(["-sS", "-w", "\n%{http_code} %{redirect_url}"])
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (body.to_owned(), status.trim().to_owned())
    }

    /// The URL of a new seat.
    fn join(&self, name: &str) -> String {
        let (url, code) = (self.text("workshop"), self.text("join_code"));
        let (_, status) = self.curl(&[
            "--data-urlencode",
            &format!("name={name}"),
            "-d",
            &format!("code={code}&lang=en"),
            &format!("{url}/join"),
        ]);
        status.strip_prefix("303 ").unwrap().to_owned()
    }

    /// What a learner's shell prints, having read in the seat's environment.
    fn shell(&self, seat: &str, script: &str) -> String {
        self.bare_shell(&format!("eval \"$(curl -fsS {seat}/env.sh)\"\n{script}"))
    }

    /// What a shell prints.
    fn bare_shell(&self, script: &str) -> String {
        let output = Command::new("bash")
            .arg("-c")
            .arg(script)
            .current_dir(self.folder.path())
            .env("EKS_WORKSHOP_DIR", self.folder.path())
            .env("PATH", &self.path)
            .output()
            .unwrap();
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    }
}

const FIX: &str = r#"
kubectl get configmap aws-auth -n kube-system -o json > "$HOME/before.json"
cat > "$HOME/patch.yaml" <<'END'
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/admin-test-role
      username: testrole
      groups: [system:masters]
END
AWS_PROFILE=creator kubectl patch configmap aws-auth -n kube-system --patch-file "$HOME/patch.yaml"
"#;

#[test]
fn seats_are_apart_and_what_a_cluster_saw_decides() {
    let test = "seats_are_apart_and_what_a_cluster_saw_decides";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let workshop = Workshop::start(&clients, "unmapped-role,wrong-profile");
    let (jane, joe) = (workshop.join("=cmd|<b>Jane"), workshop.join("Joe"));

    let screen = workshop.shell(&jane, "hint; check");
    assert!(screen.contains("Hint 1/3"), "{screen}");
    assert!(screen.contains("Still wrong: identity-not-mapped"), "{screen}");
    let screen = workshop.shell(&jane, &format!("{FIX}check"));
    assert!(screen.contains("✔ Fixed."), "{screen}");
    // The other world is as it was; and there the first one's credentials are unknown.
    let screen = workshop.shell(&joe, "check");
    assert!(screen.contains("Still wrong: identity-not-mapped"), "{screen}");
    let screen = workshop.shell(
        &joe,
        "AWS_SHARED_CREDENTIALS_FILE=\"$HOME/../seat-1/.aws/credentials\" aws sts get-caller-identity",
    );
    assert!(screen.contains("InvalidClientTokenId"), "{screen}");

    let (csv, _) = workshop.curl(&[&format!("{}/results.csv", workshop.text("dashboard"))]);
    assert!(csv.contains("1,\"'=cmd|<b>Jane\","), "{csv}");
    assert!(csv.contains(",unmapped-role,solved,"), "{csv}");
    let own = Command::new(binary())
        .args(["ctl", "workshop", "results", "--ready-file"])
        .arg(workshop.folder.path().join("ready.json"))
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&own.stdout).contains(",unmapped-role,solved,"),
        "{own:?}"
    );
    let (page, _) = workshop.curl(&[&workshop.text("dashboard")]);
    assert!(
        page.contains("=cmd|&lt;b&gt;Jane") && !page.contains("<b>Jane"),
        "{page}"
    );

    let reset = format!("{}/reset/1", workshop.text("dashboard"));
    assert!(workshop.curl(&["-X", "POST", &reset]).1.starts_with("303"));
    let screen = workshop.shell(&jane, "check");
    assert!(screen.contains("Still wrong: identity-not-mapped"), "{screen}");
}

#[test]
fn a_token_opens_its_own_seat_only_and_strangers_are_refused() {
    let workshop = Workshop::start(&[], "unmapped-role");
    let (url, dashboard) = (workshop.text("workshop"), workshop.text("dashboard"));
    let (jane, joe) = (workshop.join("Jane"), workshop.join("Joe"));
    let token = |seat: &str| seat.rsplit_once('-').unwrap().1.to_owned();
    for (arguments, wanted) in [
        (vec![jane.clone()], "200"),
        (vec![format!("{url}/s/1-{}", token(&joe))], "404"),
        (vec![format!("{url}/s/2-{}/env.sh", token(&jane))], "404"),
        (vec![format!("{url}/d/{}", token(&jane))], "404"),
        (vec![format!("{url}/d/{}/results.csv", token(&jane))], "404"),
        (vec![format!("{url}/results.csv")], "401"),
        (
            vec!["-H".to_owned(), "host: evil.example".to_owned(), jane.clone()],
            "403",
        ),
        (
            vec![
                "-XPOST".to_owned(),
                "-H".to_owned(),
                "origin: http://evil.example".to_owned(),
                format!("{jane}/hint"),
            ],
            "403",
        ),
        (
            vec![
                "-d".to_owned(),
                "name=Late&code=AAAA-AAAA".to_owned(),
                format!("{url}/join"),
            ],
            "403",
        ),
        (
            vec![
                "-d".to_owned(),
                format!("name=Late&code={}", workshop.text("join_code")),
                format!("{url}/join"),
            ],
            "409",
        ),
        (vec![dashboard.clone()], "200"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (_, status) = workshop.curl(&arguments);
        assert_eq!(status, wanted, "{arguments:?}");
    }
    // A step that was made up, with the right words, fixes nothing.
    let (script, _) = workshop.curl(&["-X", "POST", &format!("{jane}/check")]);
    let check = script
        .split_once("/check/")
        .unwrap()
        .1
        .split('\'')
        .next()
        .unwrap()
        .to_owned();
    workshop.curl(&["-X", "POST", &format!("{jane}/check/{check}/0/begin")]);
    let table = "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE\nkubernetes ClusterIP 10.100.0.1 <none> 443/TCP 77d\n";
    let end = format!("{jane}/check/{check}/0/end?code=0&stdout={}", table.len());
    let (verdict, _) = workshop.curl(&["-H", "content-type: text/plain", "--data-binary", table, &end]);
    assert!(
        verdict.starts_with("no\n") && verdict.contains("let in nobody"),
        "{verdict}"
    );
}

#[test]
fn a_page_checks_by_what_the_cluster_saw_of_an_unpacked_archive() {
    let test = "a_page_checks_by_what_the_cluster_saw_of_an_unpacked_archive";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let workshop = Workshop::start(&clients, "unmapped-role,no-binding");
    let seat = workshop.join("Jane");
    let look = || workshop.curl(&["-X", "POST", &format!("{seat}/look")]).0;
    let (page, _) = workshop.curl(&[&seat]);
    assert!(page.contains("/look\"") && page.contains("/env.tar.gz\""), "{page}");
    let verdict = look();
    assert!(
        verdict.contains("AWS_PROFILE=admin-test-role kubectl get svc: the cluster let in nobody"),
        "{verdict}"
    );

    // No script of ours, as in a shell that does not read it: only the variables that README.txt names.
    let screen = workshop.bare_shell(&format!(
        "curl -fsS {seat}/env.tar.gz | tar xz && cd seat-1 && ls -A . .aws .kube
         export $(grep '^    [A-Z_]*=' README.txt | sed \"s|FOLDER|$PWD|\")
         AWS_PROFILE=admin-test-role kubectl get svc
         HOME=$PWD\n{FIX}"
    ));
    assert!(
        screen.contains("README.txt") && screen.contains("credentials"),
        "{screen}"
    );
    assert!(screen.contains("You must be logged in"), "{screen}");
    assert!(screen.contains("configmap/aws-auth patched"), "{screen}");
    let verdict = look();
    assert!(verdict.contains("Still wrong: identity-not-mapped"), "{verdict}");
    let screen = workshop.bare_shell("cd seat-1 && . ./env.sh && AWS_PROFILE=admin-test-role kubectl get svc && pwd");
    assert!(screen.contains("10.100.0.1"), "{screen}");
    let verdict = look();
    assert!(verdict.starts_with("✔ Fixed."), "{verdict}");
    let (page, _) = workshop.curl(&[&seat]);
    assert!(page.contains("✔ Fixed.") && page.contains("/next\""), "{page}");

    // `kubectl auth can-i` is asked of the cluster once more: who says yes there and may not has fixed nothing.
    let screen = workshop.bare_shell("cd seat-1 && . ./env.sh && next && kubectl get svc; ls \"$HOME\"");
    assert!(screen.contains("2/2") && screen.contains("README.txt"), "{screen}");
    let verdict = look();
    assert!(verdict.contains("does not let"), "{verdict}");
}

#[test]
fn everything_names_the_address_that_the_presenter_chose() {
    let test = "everything_names_the_address_that_the_presenter_chose";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    for (address, host) in [
        (&["--listen", "127.0.0.2"][..], "127.0.0.2"),
        (
            &["--listen", "0.0.0.0", "--allow-remote", "--workshop-host", "LocalHost"],
            "localhost",
        ),
    ] {
        let workshop = Workshop::start_at(&clients, "unmapped-role", address);
        let seat = workshop.join("Jane");
        assert!(seat.starts_with(&format!("http://{host}:")), "{seat}");
        let screen = workshop.shell(
            &seat,
            "export AWS_PROFILE=creator; grep server: \"$KUBECONFIG\"; grep endpoint_url \"$AWS_CONFIG_FILE\"
             aws eks update-kubeconfig --name my-cluster --kubeconfig \"$HOME/own\" && kubectl --kubeconfig \"$HOME/own\" get svc",
        );
        assert!(screen.contains(&format!("server: https://{host}:")), "{screen}");
        assert!(screen.contains(&format!("endpoint_url = http://{host}:")), "{screen}");
        assert!(screen.contains("10.100.0.1"), "{screen}");
    }
}

#[test]
fn a_workshop_stays_when_nobody_reads_what_it_printed_and_says_what_ended_it() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready.json");
    let mut process = Command::new(binary())
        .args(["serve", "--seats", "2", "--scenarios", "unmapped-role", "--ready-file"])
        .arg(&ready)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stdout.take());
    let found = (0..600).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        serde_json::from_slice::<Value>(&std::fs::read(&ready).ok()?).ok()
    });
    let url = found.unwrap()["workshop"].as_str().unwrap().to_owned();
    let answers = || {
        Command::new("curl")
            .args(["-fsS", "-o", "/dev/null", &url])
            .status()
            .unwrap()
    };
    // Twice, since it would have printed in between.
    assert!(answers().success() && answers().success());
    assert!(process.try_wait().unwrap().is_none());
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let ended = process.wait_with_output().unwrap();
    assert!(ended.status.success());
    assert_eq!(
        String::from_utf8_lossy(&ended.stderr),
        "eks-auth-sim: SIGTERM ended the workshop\n"
    );
}
