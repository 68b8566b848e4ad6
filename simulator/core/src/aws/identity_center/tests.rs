use super::*;
use crate::aws::iam::NewRole;

const START: &str = "https://d-1234567890.awsapps.com/start";
const REDIRECT: &str = "http://127.0.0.1/oauth/callback";

fn now() -> Timestamp {
    Timestamp::parse_amz("20261124T004457Z").unwrap()
}

struct Fixture {
    center: IdentityCenter,
    ids: IdGenerator,
    client: Registered,
}

impl Fixture {
    fn new() -> Self {
        let user = |name: &str| CenterUser {
            name: name.to_owned(),
            email: format!("{name}@example.com"),
        };
        let account = AccountId::parse("111122223333").unwrap();
        let assignments = vec![Assignment {
            user: "jane".to_owned(),
            role_name: IdentityCenter::role_name("Admin", &account, 0),
            permission_set: "Admin".to_owned(),
            account,
        }];
        let users = vec![user("jane"), user("joe")];
        let mut center = IdentityCenter::new("us-west-2".to_owned(), START.to_owned(), users, assignments);
        let mut ids = IdGenerator::new(1);
        let registration = Registration {
            client_type: "public".to_owned(),
            scopes: vec![REFRESH_SCOPE.to_owned()],
            redirect_uris: vec![REDIRECT.to_owned()],
        };
        let client = center.register(registration, &mut ids, now()).unwrap();
        Self { center, ids, client }
    }

    fn device(&mut self) -> DeviceAuthorization {
        let (id, secret) = (self.client.id.clone(), self.client.secret.clone());
        self.center
            .start_device(&id, secret.expose(), START, &mut self.ids, now())
            .unwrap()
    }

    fn token(&mut self, request: TokenRequest<'_>, at: Timestamp) -> Result<IssuedToken, SignInError> {
        let client = self.client.clone();
        let request = TokenRequest {
            client_id: &client.id,
            client_secret: client.secret.expose(),
            ..request
        };
        self.center.token(request, &mut self.ids, at)
    }

    fn by_device(&mut self, device: &DeviceAuthorization, at: Timestamp) -> Result<IssuedToken, SignInError> {
        let request = TokenRequest {
            grant_type: DEVICE_GRANT,
            device_code: device.device_code.expose(),
            ..TokenRequest::default()
        };
        self.token(request, at)
    }

    fn signed_in(&mut self, user: &str) -> IssuedToken {
        let device = self.device();
        self.center.approve(&device.user_code, Some(user), now()).unwrap();
        self.by_device(&device, now()).unwrap()
    }
}

#[test]
fn a_device_waits_until_somebody_approves_and_then_gets_one_token() {
    let mut fixture = Fixture::new();
    let device = fixture.device();
    assert_eq!(fixture.by_device(&device, now()).unwrap_err(), SignInError::Pending);
    assert_eq!(fixture.by_device(&device, now()).unwrap_err(), SignInError::SlowDown);
    let later = now().plus_seconds(1);
    assert_eq!(fixture.by_device(&device, later).unwrap_err(), SignInError::Pending);
    let pending: Vec<PendingSignIn> = fixture.center.pending(now()).collect();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].user_code, device.user_code);
    let approve = |fixture: &mut Fixture, code: &str, user| fixture.center.approve(code, user, now());
    assert_eq!(approve(&mut fixture, "AAAA-AAAA", None), Err(SignInError::UserCode));
    assert_eq!(
        approve(&mut fixture, &device.user_code, Some("nobody")),
        Err(SignInError::User)
    );
    let lower = device.user_code.to_lowercase();
    assert_eq!(approve(&mut fixture, &lower, None), Ok("jane".to_owned()));
    assert_eq!(approve(&mut fixture, &lower, None), Err(SignInError::UserCode));
    assert_eq!(fixture.center.pending(now()).count(), 0);
    let token = fixture.by_device(&device, later).unwrap();
    assert_eq!(
        fixture.center.holder(token.access.expose(), now()).unwrap().name,
        "jane"
    );
    assert_eq!(fixture.by_device(&device, later).unwrap_err(), SignInError::Grant);
}

#[test]
fn codes_and_tokens_end() {
    let mut fixture = Fixture::new();
    let device = fixture.device();
    let late = now().plus_seconds(DEVICE_SECONDS);
    assert_eq!(fixture.by_device(&device, late).unwrap_err(), SignInError::Expired);
    assert_eq!(
        fixture.center.approve(&device.user_code, None, late),
        Err(SignInError::UserCode)
    );
    let token = fixture.signed_in("jane");
    let holder = |fixture: &Fixture, at| {
        fixture
            .center
            .holder(token.access.expose(), at)
            .map(|user| user.name.clone())
    };
    assert!(holder(&fixture, now().plus_seconds(TOKEN_SECONDS - 1)).is_ok());
    assert_eq!(
        holder(&fixture, now().plus_seconds(TOKEN_SECONDS)),
        Err(PortalError::Token)
    );
    fixture.center.log_out(token.access.expose());
    assert_eq!(holder(&fixture, now()), Err(PortalError::Token));
}

#[test]
fn clients_are_known_by_id_and_secret() {
    let mut fixture = Fixture::new();
    let Fixture { center, ids, client } = &mut fixture;
    let mut start = |id: &str, secret: &str, url: &str, at| {
        let answer = center.start_device(id, secret, url, ids, at);
        answer.err()
    };
    let secret = client.secret.expose();
    assert_eq!(start(&client.id, secret, START, now()), None);
    assert_eq!(start(&client.id, secret, &format!("{START}/#"), now()), None);
    assert_eq!(start("other", secret, START, now()), Some(SignInError::Client));
    assert_eq!(start(&client.id, "other", START, now()), Some(SignInError::Client));
    assert_eq!(
        start(&client.id, secret, START, client.expires),
        Some(SignInError::Client)
    );
    assert_eq!(
        start(&client.id, secret, "https://example.com/start", now()),
        Some(SignInError::StartUrl)
    );
    let mut register = |client_type: &str, uri: &str| {
        let registration = Registration {
            client_type: client_type.to_owned(),
            redirect_uris: vec![uri.to_owned()],
            ..Registration::default()
        };
        fixture.center.register(registration, &mut fixture.ids, now()).err()
    };
    assert_eq!(register("confidential", REDIRECT), Some(SignInError::ClientType));
    for uri in [
        "https://127.0.0.1/x",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://127.0.0.1:80@example.com/",
        "http://example.com:80/",
        "http://127.0.0.1/\r\nx",
        "",
    ] {
        assert_eq!(register("public", uri), Some(SignInError::RedirectUri), "{uri}");
    }
}

#[test]
fn an_authorization_code_wants_its_verifier_and_its_redirect() {
    let mut fixture = Fixture::new();
    let client_id = fixture.client.id.clone();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest("verifier"));
    let asked = AuthorizeRequest {
        client_id: &client_id,
        redirect_uri: "http://127.0.0.1:40000/oauth/callback",
        code_challenge: &challenge,
    };
    for (verifier, redirect_uri, wanted) in [
        ("verifier", asked.redirect_uri, None),
        ("other", asked.redirect_uri, Some(SignInError::Grant)),
        ("verifier", REDIRECT, Some(SignInError::Grant)),
    ] {
        let code = fixture
            .center
            .authorize(asked, Some("joe"), &mut fixture.ids, now())
            .unwrap();
        let request = TokenRequest {
            grant_type: "authorization_code",
            code: code.expose(),
            code_verifier: verifier,
            redirect_uri,
            ..TokenRequest::default()
        };
        assert_eq!(fixture.token(request, now()).err(), wanted, "{verifier}");
        assert_eq!(
            fixture.token(request, now()).err(),
            Some(SignInError::Grant),
            "once only"
        );
    }
    let check = |request| fixture.center.check_authorize(request, now());
    assert_eq!(
        check(AuthorizeRequest {
            redirect_uri: "http://127.0.0.1:40000/other",
            ..asked
        }),
        Err(SignInError::RedirectUri)
    );
    assert_eq!(
        check(AuthorizeRequest {
            code_challenge: "",
            ..asked
        }),
        Err(SignInError::Challenge)
    );
    assert_eq!(
        check(AuthorizeRequest {
            client_id: "other",
            ..asked
        }),
        Err(SignInError::Client)
    );
}

#[test]
fn a_refresh_token_gives_the_next_one_once() {
    let mut fixture = Fixture::new();
    let first = fixture.signed_in("jane");
    let refresh = first.refresh.unwrap();
    let request = TokenRequest {
        grant_type: "refresh_token",
        refresh_token: refresh.expose(),
        ..TokenRequest::default()
    };
    let second = fixture.token(request, now().plus_seconds(TOKEN_SECONDS)).unwrap();
    assert_ne!(second.access, first.access);
    assert_eq!(fixture.token(request, now()).unwrap_err(), SignInError::Grant);
    let other = TokenRequest {
        grant_type: "password",
        ..TokenRequest::default()
    };
    assert_eq!(fixture.token(other, now()).unwrap_err(), SignInError::GrantType);
}

#[test]
fn the_portal_shows_and_gives_what_is_assigned() {
    let mut fixture = Fixture::new();
    let account = AccountId::parse("111122223333").unwrap();
    let role_name = IdentityCenter::role_name("Admin", &account, 0);
    assert_eq!(role_name.len(), "AWSReservedSSO_Admin_".len() + 16);
    let mut directory = Directory::default();
    directory.add_account(account.clone(), Partition::Aws);
    let role = NewRole {
        name: &role_name,
        path: &IdentityCenter::role_path("us-west-2"),
        trust_policy: &IdentityCenter::trust_policy(&account, Partition::Aws),
        max_session_duration: 3600,
    };
    directory.stage_role(&account, role, &mut fixture.ids, now()).unwrap();
    let jane = fixture.signed_in("jane").access;
    let joe = fixture.signed_in("joe").access;
    let center = &fixture.center;
    assert_eq!(center.accounts(jane.expose(), now()), Ok(vec![account.clone()]));
    assert_eq!(center.accounts(joe.expose(), now()), Ok(vec![]));
    assert_eq!(center.accounts("", now()), Err(PortalError::Token));
    assert_eq!(center.roles(jane.expose(), "111122223333", now()), Ok(vec!["Admin"]));
    assert_eq!(
        center.roles(jane.expose(), "444455556666", now()),
        Err(PortalError::NoAccess)
    );
    let mut credentials = |token: &SessionToken, role: &str| {
        let wanted = (token.expose(), "111122223333", role);
        role_credentials(&fixture.center, &mut directory, wanted, &mut fixture.ids, now())
            .map(|key| directory.caller_identity(&key).unwrap().arn)
    };
    assert_eq!(
        credentials(&jane, "Admin"),
        Ok(format!("arn:aws:sts::111122223333:assumed-role/{role_name}/jane"))
    );
    assert_eq!(credentials(&jane, "Other"), Err(PortalError::NoAccess));
    assert_eq!(credentials(&joe, "Admin"), Err(PortalError::NoAccess));
}

#[test]
fn old_sign_ins_make_room() {
    let mut fixture = Fixture::new();
    for _ in 0..=KEPT {
        let _ = fixture.device();
    }
    assert_eq!(fixture.center.pending(now()).count(), KEPT);
}
