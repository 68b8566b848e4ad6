//! The page on which people approve a sign-in, in place of the one that Identity Center has.
//!
//! Whoever can open it may approve as any user: it stands on the simulator's own address, and accepts a form only from
//! itself. FIDELITY: there are no passwords, no MFA, and no list of the account's roles.

use std::fmt::Write as _;

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use quick_xml::escape::escape;

use super::aws_host;
use super::center::in_center;
use crate::aws::identity_center::AuthorizeRequest;
use crate::aws::identity_center::CenterUser;
use crate::aws::identity_center::IdentityCenter;
use crate::aws::identity_center::SignInError;
use crate::service::call::Call;
use crate::service::event::EventKind;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::http::form_pairs;
use crate::world::World;

/// No script, no frame, and forms that lead here or back to a client on this machine.
const SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
                        form-action 'self' http://127.0.0.1:* http://localhost:*";

/// The words of the page.
struct Words {
    language: &'static str,
    title: &'static str,
    compare: &'static str,
    code: &'static str,
    user: &'static str,
    approve: &'static str,
    done: &'static str,
    refused: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    title: "Sign in to the simulated IAM Identity Center",
    compare: "A program asks to act for you. Approve only if it shows the same code.",
    code: "Code",
    user: "User",
    approve: "Approve",
    done: "Approved. You may close this window and go back to the program.",
    refused: "Not approved",
};

const KOREAN: Words = Words {
    language: "ko",
    title: "모의 IAM Identity Center 로그인",
    compare: "프로그램이 사용자를 대신해 접근하려고 합니다. 프로그램에 같은 코드가 보일 때만 승인하세요.",
    code: "코드",
    user: "사용자",
    approve: "승인",
    done: "승인되었습니다. 이 창을 닫고 프로그램으로 돌아가세요.",
    refused: "승인되지 않았습니다",
};

/// `http://HOST:PORT` of the AWS endpoint, as browsers reach it.
pub(super) fn own_url(world: &World) -> String {
    let host = world.own_hosts.first().map_or("localhost", String::as_str);
    format!("http://{host}")
}

/// Answers a request for the page; nothing where it is for something else.
pub(super) fn answer(call: &Call, request: &Request) -> Option<Response> {
    if !matches!(request.path.as_str(), "/device" | "/authorize") {
        return None;
    }
    let words = words(request);
    let host = request.header("host").unwrap_or_default();
    let is_own = call.world().own_hosts.iter().any(|own| own == host)
        || aws_host(request).is_some_and(|host| host.service == "oidc");
    let origin = request.header("origin");
    let is_same =
        origin.is_some_and(|origin| [format!("http://{host}"), format!("https://{host}")].contains(&origin.to_owned()));
    Some(match request.method.as_str() {
        _ if !is_own => message(words, 403, words.refused),
        "GET" => form(call, words, request),
        "POST" if !is_same => message(words, 403, words.refused),
        "POST" => submitted(call, words, request),
        _ => message(words, 405, words.refused),
    })
}

fn words(request: &Request) -> &'static Words {
    let languages = request.header("accept-language").unwrap_or_default();
    let wanted = languages
        .split(',')
        .map(|tag| tag.trim().get(..2).unwrap_or_default().to_ascii_lowercase());
    match wanted.into_iter().find(|tag| tag == "ko" || tag == "en").as_deref() {
        Some("ko") => &KOREAN,
        _ => &ENGLISH,
    }
}

/// The fields that go through the form unchanged.
const AUTHORIZE_FIELDS: [&str; 5] = [
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// The first value of each name.
fn value<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value.as_str())
}

fn authorize_request(pairs: &[(String, String)]) -> AuthorizeRequest<'_> {
    let is_sha256 = value(pairs, "code_challenge_method") == "S256";
    AuthorizeRequest {
        client_id: value(pairs, "client_id"),
        redirect_uri: value(pairs, "redirect_uri"),
        code_challenge: if is_sha256 { value(pairs, "code_challenge") } else { "" },
    }
}

fn form(call: &Call, words: &Words, request: &Request) -> Response {
    let pairs = request.query_pairs();
    let world = call.world();
    let Some(center) = &world.identity_center else {
        return message(words, 404, words.refused);
    };
    let fields = if request.path == "/authorize" {
        if let Err(error) = center.check_authorize(authorize_request(&pairs), call.now()) {
            return message(words, 400, &format!("{}: {error}", words.refused));
        }
        AUTHORIZE_FIELDS
            .into_iter()
            .map(|name| hidden(name, value(&pairs, name)))
            .collect()
    } else {
        format!(
            "<p><label>{} <input name=\"user_code\" value=\"{}\" autocomplete=\"off\" required></label></p>",
            words.code,
            escape(value(&pairs, "user_code"))
        )
    };
    let body = format!(
        "<p>{}</p><form method=\"post\" action=\"{}\">{fields}{}<button>{}</button></form>",
        words.compare,
        request.path,
        users(words, center),
        words.approve
    );
    page(words, 200, &body)
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
}

fn users(words: &Words, center: &IdentityCenter) -> String {
    let mut options = String::new();
    for CenterUser { name, email } in &center.users {
        let (name, email) = (escape(name.as_str()), escape(email.as_str()));
        let _ = write!(options, "<option value=\"{name}\">{name} ({email})</option>");
    }
    format!(
        "<p><label>{} <select name=\"user\">{options}</select></label></p>",
        words.user
    )
}

fn submitted(call: &Call, words: &Words, request: &Request) -> Response {
    let pairs = form_pairs(&String::from_utf8_lossy(&request.body));
    let user = Some(value(&pairs, "user")).filter(|user| !user.is_empty());
    if request.path == "/device" {
        return match approve(call, value(&pairs, "user_code"), user) {
            Ok(_) => message(words, 200, words.done),
            Err(error) => message(words, 400, &format!("{}: {error}", words.refused)),
        };
    }
    let asked = authorize_request(&pairs);
    let now = call.now();
    let answer = call.change(|world| {
        in_center(world, |center, world| {
            center.authorize(asked, user, &mut world.ids, now)
        })
    });
    match answer {
        Ok(Ok(code)) => {
            record(call, user);
            let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let to = format!(
                "{}?code={}&state={}",
                asked.redirect_uri,
                encode(code.expose()),
                encode(value(&pairs, "state"))
            );
            Response::new(302, "text/plain", "").with_header("location", to)
        }
        Ok(Err(error)) => message(words, 400, &format!("{}: {error}", words.refused)),
        Err(_) => message(words, 404, words.refused),
    }
}

/// Approves the sign-in that waits under a code, as the named user or the first one there is.
///
/// # Errors
/// [`ApproveError`].
pub fn approve(call: &Call, user_code: &str, user: Option<&str>) -> Result<String, ApproveError> {
    let now = call.now();
    let approved: Result<Result<String, SignInError>, _> =
        call.change(|world| in_center(world, |center, _| center.approve(user_code, user, now)));
    let name = approved.map_err(|_| ApproveError::NoIdentityCenter)??;
    record(call, Some(&name));
    Ok(name)
}

/// Why no sign-in is approved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApproveError {
    /// There is no Identity Center.
    #[error("this world has no identity_center")]
    NoIdentityCenter,
    /// There is no such code or no such user.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

fn record(call: &Call, user: Option<&str>) {
    call.record(
        call.now(),
        EventKind::AwsCall {
            service: "sso".to_owned(),
            action: "ApproveSignIn".to_owned(),
            caller: user.map(str::to_owned),
            status: 200,
            error: None,
            unserved: None,
            explanation: None,
            trace: crate::value::trace::Trace::new(),
        },
    );
}

fn message(words: &Words, status: u16, text: &str) -> Response {
    page(words, status, &format!("<p>{}</p>", escape(text)))
}

fn page(words: &Words, status: u16, body: &str) -> Response {
    let Words { language, title, .. } = words;
    let html = format!(
        "<!doctype html><html lang=\"{language}\"><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <style>body{{font:1rem/1.5 sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}\
         input,select,button{{font:inherit;padding:.3rem .6rem}}</style><h1>{title}</h1>{body}</html>\n"
    );
    Response::new(status, "text/html; charset=utf-8", html)
        .with_header("cache-control", "no-store")
        .with_header("content-security-policy", SECURITY)
        .with_header("referrer-policy", "no-referrer")
        .with_header("x-frame-options", "DENY")
}
