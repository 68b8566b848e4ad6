//! IAM Identity Center: the AWS CLI and kubectl with a real `sso_session` profile.
//!
//! `aws sso login` is a command of the AWS CLI 2 (see `aws_cli_2`); the CLI 1 calls the same operations one by one here, and
//! the token goes where both look for it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;
use serde_json::json;

pub(super) const WORLD: &str = r#"world:
  accounts:
    - {id: "111122223333", users: [{name: creator}]}
    - {id: "444455556666"}
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
      authentication_mode: API
      access_entries:
        - principal: role/AWSReservedSSO_Admin_0123456789abcdef
          policies: [{policy: AmazonEKSClusterAdminPolicy}]
  profiles:
    - {name: default, sso: {account: "111122223333", permission_set: Admin}}
    - {name: viewer, sso: {account: "444455556666", permission_set: Viewer}}
    - {name: creator, user: creator}
  identity_center:
    region: eu-west-1
    start_url: https://d-1234567890.awsapps.com/start
    users: [{name: jane@example.com, email: jane@example.com}, {name: joe}]
    permission_sets: [{name: Admin, suffix: 0123456789abcdef}, {name: Viewer}]
    assignments:
      - {user: jane@example.com, account: "111122223333", permission_set: Admin}
      - {user: jane@example.com, account: "444455556666", permission_set: Viewer}
"#;

/// A simulator with an Identity Center, and the AWS CLI in the region of that.
struct Fixture {
    simulator: Simulator,
    clients: Vec<std::path::PathBuf>,
    client: Value,
}

impl Fixture {
    fn new(test: &str) -> Option<Self> {
        let clients = need(test, &[Client::Aws, Client::Kubectl])?;
        let folder = tempfile::tempdir().unwrap();
        let world = folder.path().join("world.yaml");
        fs::write(&world, WORLD).unwrap();
        let simulator = Simulator::start_with(&["--scenario", world.to_str().unwrap()]);
        let mut fixture = Self {
            simulator,
            clients,
            client: Value::Null,
        };
        let registration = json!({
            "clientName": "test",
            "clientType": "public",
            "scopes": ["sso:account:access"],
            "redirectUris": ["http://127.0.0.1/oauth/callback"],
        });
        fixture.client = serde_json::from_str(&fixture.oidc("register-client", registration).good()).unwrap();
        Some(fixture)
    }

    fn aws(&self, words: &str) -> Ran {
        let words = format!("{words} --no-sign-request --region eu-west-1");
        self.simulator.run(&self.clients[0], &words, None)
    }

    /// An operation with its input as JSON: of URLs in options, the CLI takes what they lead to.
    fn oidc(&self, operation: &str, mut input: Value) -> Ran {
        if operation != "register-client" {
            input["clientId"] = self.client["clientId"].clone();
            input["clientSecret"] = self.client["clientSecret"].clone();
        }
        self.aws(&format!("sso-oidc {operation} --cli-input-json {input}"))
    }

    fn start_device(&self) -> Value {
        let input = json!({"startUrl": "https://d-1234567890.awsapps.com/start"});
        serde_json::from_str(&self.oidc("start-device-authorization", input).good()).unwrap()
    }

    fn ask(&self, device: &Value) -> Ran {
        let input = json!({
            "grantType": "urn:ietf:params:oauth:grant-type:device_code",
            "deviceCode": device["deviceCode"],
        });
        self.oidc("create-token", input)
    }

    /// Signs in as a user.
    fn token(&self, user: &str) -> Value {
        let device = self.start_device();
        let code = device["userCode"].as_str().unwrap();
        let approved = self
            .simulator
            .own(&format!("ctl sso approve {code} --user {user}"))
            .good();
        assert_eq!(approved, format!("approved {code} as {user}\n"));
        serde_json::from_str(&self.ask(&device).good()).unwrap()
    }

    /// Puts a token where the AWS CLI and the SDKs keep it, with an end that has come if `ended`.
    fn save(&self, token: &Value, ended: bool) {
        let config = fs::read_to_string(&self.simulator.env()["AWS_CONFIG_FILE"]).unwrap();
        let (_, rest) = config.split_once("[sso-session ").unwrap();
        let (session, _) = rest.split_once(']').unwrap();
        let folder = Path::new(&self.simulator.env()["HOME"]).join(".aws/sso/cache");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{}.json", sha1(session)));
        let kept = json!({
            "startUrl": "https://d-1234567890.awsapps.com/start",
            "region": "eu-west-1",
            "accessToken": token["accessToken"],
            "expiresAt": if ended { "2020-01-01T00:00:00Z" } else { "2099-01-01T00:00:00Z" },
            "clientId": self.client["clientId"],
            "clientSecret": self.client["clientSecret"],
            "registrationExpiresAt": "2099-01-01T00:00:00Z",
            "refreshToken": token["refreshToken"],
        });
        fs::write(file, kept.to_string()).unwrap();
    }

    /// Asks for a page as a browser does, and gives the answer's head and body.
    fn page(&self, request: &str) -> String {
        use std::io::Read;
        let mut stream = self.simulator.connect("/aws_endpoint");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn host(&self) -> &str {
        self.simulator.ready("/aws_endpoint").strip_prefix("http://").unwrap()
    }

    fn post(&self, path: &str, origin: &str, form: &str) -> String {
        let host = self.host();
        self.page(&format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ))
    }
}

fn sha1(text: &str) -> String {
    let mut child = Command::new("sha1sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..40].to_owned()
}

#[test]
fn a_profile_with_an_sso_session_is_a_permission_sets_role() {
    let Some(fixture) = Fixture::new("a_profile_with_an_sso_session_is_a_permission_sets_role") else {
        return;
    };
    let Fixture { simulator, clients, .. } = &fixture;
    let refused = simulator.run(&clients[0], "sts get-caller-identity", None).complaint();
    assert!(refused.contains("Error loading SSO Token"), "{refused}");

    fixture.save(&fixture.token("jane@example.com"), false);
    let arn = |profile| {
        let words = "sts get-caller-identity --query Arn --output text";
        simulator.run(&clients[0], words, profile).good().trim().to_owned()
    };
    assert_eq!(
        arn(None),
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jane@example.com"
    );
    let viewer = arn(Some("viewer"));
    let prefix = "arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_Viewer_";
    assert!(
        viewer.starts_with(prefix) && viewer.ends_with("/jane@example.com"),
        "{viewer}"
    );
    let services = simulator.run(&clients[1], "get svc", None).good();
    assert!(services.contains("10.100.0.1"), "{services}");
    let granted = simulator.log().pop().unwrap();
    assert!(granted.contains("msg=\"access granted\""), "{granted}");
}

#[test]
fn a_token_that_has_ended_is_refreshed() {
    let Some(fixture) = Fixture::new("a_token_that_has_ended_is_refreshed") else {
        return;
    };
    fixture.save(&fixture.token("jane@example.com"), true);
    let ran = fixture
        .simulator
        .run(&fixture.clients[0], "sts get-caller-identity", Some("viewer"));
    assert!(ran.good().contains("AWSReservedSSO_Viewer_"));
    let session = fs::read_dir(Path::new(&fixture.simulator.env()["HOME"]).join(".aws/sso/cache"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect::<String>();
    assert!(!session.contains("2020-01-01"), "the CLI has kept the new token");
}

#[test]
fn the_portal_tells_what_one_has_and_nothing_to_others() {
    let Some(fixture) = Fixture::new("the_portal_tells_what_one_has_and_nothing_to_others") else {
        return;
    };
    let portal = |words: &str, token: &str| fixture.aws(&format!("sso {words} --access-token {token}"));
    let jane = fixture.token("jane@example.com");
    let jane = jane["accessToken"].as_str().unwrap();
    let joe = fixture.token("joe");
    let joe = joe["accessToken"].as_str().unwrap();
    let accounts = portal("list-accounts --query accountList[].accountId --output text", jane).good();
    assert_eq!(accounts.trim(), "111122223333\t444455556666");
    // Two pages.
    let accounts = portal(
        "list-accounts --page-size 1 --query accountList[].accountId --output text",
        jane,
    )
    .good();
    assert_eq!(accounts.split_whitespace().count(), 2);
    let roles = portal(
        "list-account-roles --account-id 111122223333 --query roleList[].roleName --output text",
        jane,
    );
    assert_eq!(roles.good().trim(), "Admin");
    let accounts = portal("list-accounts --query accountList", joe).good();
    assert_eq!(accounts.trim(), "[]");
    assert_eq!(
        portal("get-role-credentials --account-id 111122223333 --role-name Admin", joe).complaint(),
        "An error occurred (ForbiddenException) when calling the GetRoleCredentials operation: No access"
    );
    let _ = portal("logout", jane).good();
    for token in [jane, "other"] {
        assert_eq!(
            portal("list-accounts", token).complaint(),
            "An error occurred (UnauthorizedException) when calling the ListAccounts operation: Session token not found or invalid"
        );
    }
}

#[test]
fn a_device_is_approved_on_the_page_and_from_that_page_only() {
    let Some(fixture) = Fixture::new("a_device_is_approved_on_the_page_and_from_that_page_only") else {
        return;
    };
    let device = fixture.start_device();
    let code = device["userCode"].as_str().unwrap();
    let asked = fixture.ask(&device).complaint();
    assert!(asked.contains("(AuthorizationPendingException)"), "{asked}");
    assert!(fixture.simulator.own("ctl sso").good().starts_with(code));
    let host = fixture.host().to_owned();
    let url = device["verificationUriComplete"].as_str().unwrap();
    assert_eq!(url, format!("http://{host}/device?user_code={code}"));
    for (languages, word) in [
        ("ko-KR,ko;q=0.9,en", "승인"),
        ("en-US,ko", "Approve"),
        ("fr", "Approve"),
    ] {
        let page = fixture.page(&format!(
            "GET /device?user_code={code} HTTP/1.1\r\nHost: {host}\r\nAccept-Language: {languages}\r\nConnection: close\r\n\r\n"
        ));
        assert!(page.contains(word) && page.contains(code), "{page}");
        assert!(page.contains("frame-ancestors 'none'"), "{page}");
    }
    let script = fixture.page(&format!(
        "GET /device?user_code=%22%3E%3Cscript%3E HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    ));
    assert!(!script.contains("<script>"), "{script}");
    let form = format!("user_code={code}&user=joe");
    let own = format!("http://{host}");
    for origin in ["http://example.com", "null", "http://127.0.0.1:1"] {
        assert!(
            fixture.post("/device", origin, &form).starts_with("HTTP/1.1 403 "),
            "{origin}"
        );
    }
    let rebound = fixture.page(&format!(
        "POST /device HTTP/1.1\r\nHost: example.com\r\nOrigin: http://example.com\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ));
    assert!(rebound.starts_with("HTTP/1.1 403 "), "{rebound}");
    // However fast this machine is, the client waits for as long as it was told to.
    let _ = fixture.simulator.own("ctl clock advance 5s").good();
    let asked = fixture.ask(&device).complaint();
    assert!(asked.contains("(AuthorizationPendingException)"), "{asked}");
    assert!(fixture.post("/device", &own, &form).starts_with("HTTP/1.1 200 "));
    let _ = fixture.ask(&device).good();
    assert!(
        fixture.post("/device", &own, &form).starts_with("HTTP/1.1 400 "),
        "it is approved once"
    );
}

#[test]
fn a_browser_is_sent_back_with_a_code_that_its_client_can_change() {
    let Some(fixture) = Fixture::new("a_browser_is_sent_back_with_a_code_that_its_client_can_change") else {
        return;
    };
    let host = fixture.host().to_owned();
    assert_eq!(
        fixture.client["authorizationEndpoint"].as_str().unwrap(),
        format!("http://{host}/authorize")
    );
    // The challenge of the verifier in RFC 7636, appendix B.
    let query = format!(
        "response_type=code&client_id={}&redirect_uri=http%3A%2F%2F127.0.0.1%3A40000%2Foauth%2Fcallback&state=a%26b&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        fixture.client["clientId"].as_str().unwrap().replace('+', "%2B")
    );
    let page = fixture.page(&format!(
        "GET /authorize?{query} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    ));
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let elsewhere = query.replace("127.0.0.1", "example.com");
    let page = fixture.page(&format!(
        "GET /authorize?{elsewhere} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    ));
    assert!(page.starts_with("HTTP/1.1 400 "), "{page}");

    let answer = fixture.post("/authorize", &format!("http://{host}"), &format!("{query}&user=joe"));
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    let code = location
        .strip_prefix("http://127.0.0.1:40000/oauth/callback?code=")
        .and_then(|rest| rest.strip_suffix("&state=a%26b"))
        .unwrap();
    let code = code.replace("%2F", "/").replace("%2B", "+");
    let change = |verifier: &str| {
        let input = json!({
            "grantType": "authorization_code",
            "code": code,
            "redirectUri": "http://127.0.0.1:40000/oauth/callback",
            "codeVerifier": verifier,
        });
        fixture.oidc("create-token", input)
    };
    let token: Value = serde_json::from_str(&change("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").good()).unwrap();
    assert_eq!(token["tokenType"], "Bearer");
    let again = change("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").complaint();
    assert!(again.contains("(InvalidGrantException)"), "{again}");
}
