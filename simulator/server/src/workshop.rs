//! A workshop: a class of learners, each at a seat with a world of its own, in one process, and a presenter who sees how far
//! each is.
//!
//! One listener serves the pages: the door, where a name and the code on the screen make a seat; a page for each seat; the
//! dashboard. Each seat's AWS services and clusters have listeners of their own, which are bound when the seat is taken. A
//! check runs in the learner's shell, with the learner's clients and configuration, and is judged by what they printed and by
//! what the seat's own world saw (`workshop/judge.rs`). Nothing that a learner sends is run here.
//!
//! A seat's token opens that seat, the presenter's token every one; both stand in URLs. Requests must name the listener's own
//! address in Host, and come from its own pages where they say whence.

mod archive;
mod class;
mod judge;
mod page;
mod results;
mod script;
mod seat;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eks_auth_core::scenario::Scenario;
use eks_auth_core::value::printable;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::setrlimit;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use self::class::Class;
use self::class::Refusal;
use self::class::Seat;
use self::class::Token;
use self::page::Desks;
use self::page::Part;
use self::seat::Ground;
use crate::ending::TemporaryFolder;
use crate::net::http;
use crate::net::http::Delivery;
use crate::net::http::Handler;
use crate::net::http::Request;
use crate::net::http::Response;
use crate::net::http::form_pairs;
use crate::net::runtime;
use crate::runner::Language;
use crate::runner::Outcome;
use crate::simulator::StartError;
use crate::simulator::listeners::AnyPort;
use crate::simulator::listeners::bind;
use crate::state::private_file;

const STYLE: &str = include_str!("workshop/assets/workshop.css");
const SCRIPT: &str = include_str!("workshop/assets/workshop.js");
/// Only what comes from the listener itself.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// How often a page is told of changes.
const TICK: Duration = Duration::from_secs(1);
/// A page that is told nothing for so many ticks is told that the connection lives.
const QUIET_TICKS: u32 = 15;
/// Listeners of a seat, and the connections that a learner's clients and pages have at once, generously.
const FILES_PER_SEAT: u64 = 12;
/// Listeners of a seat, its page, and now and then a request: with less, learners would wait for each other.
const FEWEST_FILES_PER_SEAT: u64 = 4;
/// What the process has open beside the seats.
const OTHER_FILES: u64 = 100;

/// What a workshop is to be.
pub struct WorkshopConfig {
    /// How many can join.
    pub seats: usize,
    /// What they fix, in order.
    pub scenarios: Vec<Scenario>,
    /// Where every listener binds.
    pub listen: IpAddr,
    /// The port of the pages; 0 for any free one.
    pub port: u16,
    /// How the learners' machines name this one, where that is not the address.
    pub hostname: Option<String>,
    /// The language of the dashboard, and of seats whose learners choose none.
    pub language: Language,
}

/// A workshop that runs. Dropping it ends it.
pub struct Workshop {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
    _folder: TemporaryFolder,
}

/// What requests are answered with.
struct Shared {
    class: Class,
    own_hosts: Vec<String>,
    /// `http://HOST:PORT`, for learners.
    url: String,
    join_code: String,
    join_token: Token,
    presenter: Token,
    language: Language,
}

impl Workshop {
    /// Binds the pages' listener, and answers from then on.
    ///
    /// # Errors
    /// [`WorkshopError`]; nothing is left running then.
    pub fn start(config: WorkshopConfig) -> Result<Self, WorkshopError> {
        for scenario in &config.scenarios {
            if let Some(why) = script::unfit(scenario) {
                return Err(WorkshopError::Unfit {
                    scenario: scenario.id.clone(),
                    why,
                });
            }
        }
        if config.listen.is_unspecified() && config.hostname.is_none() {
            return Err(WorkshopError::NoName(config.listen));
        }
        let hostname = config.hostname.map(named).transpose()?;
        allow_files(config.seats)?;
        let folder = TemporaryFolder::new().map_err(StartError::Io)?;
        let address = SocketAddr::new(config.listen, config.port);
        let (listener, address) =
            bind(address, AnyPort::Ephemeral).map_err(|source| StartError::Bind { address, source })?;
        let runtime = runtime::build(None).map_err(StartError::Io)?;
        let ground = Ground {
            runtime: runtime.handle().clone(),
            listen: config.listen,
            hostname,
            folder: folder.path().to_owned(),
        };
        let join_code = class::join_code()?;
        let shared = Arc::new(Shared {
            own_hosts: ground.own_hosts(address),
            url: format!("http://{}", ground.host(address)),
            join_token: Token::of_code(&join_code),
            join_code,
            presenter: Token::new()?,
            language: config.language,
            class: Class::new(config.scenarios, config.seats, ground),
        });
        let handler: Handler = {
            let shared = Arc::clone(&shared);
            http::blocking(move |request| shared.handle(request))
        };
        {
            let _entered = runtime.enter();
            let listener = TcpListener::from_std(listener).map_err(StartError::Io)?;
            runtime.spawn(http::serve(listener, None, handler));
        }
        Ok(Self {
            shared,
            runtime: Some(runtime),
            _folder: folder,
        })
    }

    /// Where learners join.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// What they type there.
    #[must_use]
    pub fn join_code(&self) -> &str {
        &self.shared.join_code
    }

    /// The presenter's page, with its token.
    #[must_use]
    pub fn dashboard(&self) -> String {
        format!("{}{}", self.shared.url, self.shared.dashboard_path())
    }

    /// The ready file's content.
    #[must_use]
    pub fn ready(&self) -> Value {
        json!({
            "version": 1,
            "pid": std::process::id(),
            "workshop": self.url(),
            "join_code": self.join_code(),
            "dashboard": self.dashboard(),
            "seats": self.shared.class.capacity,
        })
    }

    /// Writes the ready file whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn announce_ready_file(&self, path: &Path) -> io::Result<()> {
        private_file::write_whole(path, format!("{}\n", self.ready()))
    }

    /// Waits in the workshop's runtime.
    ///
    /// # Errors
    /// When it has been stopped.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> io::Result<T> {
        match &self.runtime {
            Some(runtime) => Ok(runtime.block_on(future)),
            None => Err(io::Error::other("the workshop has stopped")),
        }
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A name or an address of this machine, as browsers write it into Host.
fn named(hostname: String) -> Result<String, WorkshopError> {
    let hostname = hostname.to_ascii_lowercase();
    let is_name = |name: &str| {
        let is_label = |label: &str| {
            let inside = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            inside && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
        };
        name.len() <= 253 && name.split('.').all(is_label)
    };
    match hostname.parse::<IpAddr>() {
        Ok(address) if !address.is_unspecified() => Ok(address.to_string()),
        Err(_) if is_name(&hostname) => Ok(hostname),
        _ => Err(WorkshopError::BadName(hostname)),
    }
}

/// Raises the limit of open files towards what so many seats like to have; the usual one is 1024.
fn allow_files(seats: usize) -> Result<(), WorkshopError> {
    let limit = getrlimit(Resource::Nofile);
    let current = files_for(seats, limit.current, limit.maximum)?;
    if current != limit.current {
        let raised = Rlimit { current, ..limit };
        setrlimit(Resource::Nofile, raised).map_err(|error| StartError::Io(error.into()))?;
    }
    Ok(())
}

/// The soft limit for so many seats, between the present one and the hard one. No limit is none.
fn files_for(seats: usize, current: Option<u64>, maximum: Option<u64>) -> Result<Option<u64>, WorkshopError> {
    let files = |each: u64| {
        let seats = u64::try_from(seats).unwrap_or(u64::MAX);
        seats.saturating_mul(each).saturating_add(OTHER_FILES)
    };
    let (needed, liked) = (files(FEWEST_FILES_PER_SEAT), files(FILES_PER_SEAT));
    if let Some(maximum) = maximum.filter(|maximum| *maximum < needed) {
        return Err(WorkshopError::Files { seats, needed, maximum });
    }
    Ok(current.map(|current| current.max(liked.min(maximum.unwrap_or(u64::MAX)))))
}

/// An answer that is no page.
type Answered = Result<Response, Refusal>;

impl Shared {
    fn dashboard_path(&self) -> String {
        format!("/d/{}", self.presenter.expose())
    }

    fn handle(self: &Arc<Self>, request: &Request) -> Response {
        let response = if self.is_own(request) {
            self.route(request)
        } else {
            let told = format!("this address is not the workshop's own, which is {}\n", self.url);
            text(403, &told)
        };
        response
            .with_header("cache-control", "no-store")
            .with_header("content-security-policy", POLICY)
            .with_header("cross-origin-resource-policy", "same-origin")
            .with_header("referrer-policy", "same-origin")
            .with_header("x-content-type-options", "nosniff")
            .with_header("x-frame-options", "DENY")
    }

    /// Whether a request names this listener, and comes from one of its own pages or from no page. `same-site` is another
    /// port of this machine.
    fn is_own(&self, request: &Request) -> bool {
        let is_own_host = |host: &str| self.own_hosts.iter().any(|own| own == host);
        let host = request.header("host").unwrap_or_default();
        let origin = request.header("origin");
        // Links from elsewhere lead here; what acts must come from our own pages, or from no page.
        let from_own = match (origin, request.header("sec-fetch-site")) {
            (Some(origin), _) => origin.strip_prefix("http://") == Some(host),
            (None, Some(site)) => matches!(site, "same-origin" | "none") || request.method == "GET",
            (None, None) => true,
        };
        is_own_host(host) && from_own
    }

    fn route(self: &Arc<Self>, request: &Request) -> Response {
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        let answered = match (request.method.as_str(), parts.as_slice()) {
            ("GET", [""]) => return self.door(request, 200, None),
            ("POST", ["join"]) => return self.join(request),
            ("GET", ["workshop.css"]) => return Response::new(200, "text/css; charset=utf-8", STYLE),
            ("GET", ["workshop.js"]) => return Response::new(200, "text/javascript; charset=utf-8", SCRIPT),
            ("GET", ["results.csv"]) => {
                let given = request
                    .header("authorization")
                    .and_then(|header| header.strip_prefix("Bearer "));
                return match given {
                    Some(token) if self.presenter.is(token) => self.results(request),
                    _ => text(401, "the presenter's token is needed\n").with_header("www-authenticate", "Bearer"),
                };
            }
            (method, ["d", token, rest @ ..]) if self.presenter.is(token) => self.present(method, rest, request),
            (method, ["s", key, rest @ ..]) => match self.class.open(key) {
                Some(seat) => self.seat(&seat, method, rest, request),
                None => return text(404, "no such page\n"),
            },
            _ => return text(404, "no such page\n"),
        };
        answered.unwrap_or_else(|refusal| {
            let status = match refusal {
                Refusal::Full | Refusal::Name(_) | Refusal::NameTaken | Refusal::NotNow(_) => 409,
                Refusal::Seat(_) | Refusal::Start(_) => 500,
            };
            text(status, &format!("{refusal}\n"))
        })
    }

    /// The language that somebody asks for, or whose browser does.
    fn language_of(&self, asked: Option<&str>, request: &Request) -> Language {
        let known = |code: &str| match code.get(..2) {
            Some("ko") => Some(Language::Korean),
            Some("en") => Some(Language::English),
            _ => None,
        };
        let browser = request.header("accept-language").unwrap_or_default();
        asked
            .and_then(known)
            .or_else(|| browser.split(',').find_map(|code| known(code.trim())))
            .unwrap_or(self.language)
    }

    fn door(&self, request: &Request, status: u16, complaint: Option<&str>) -> Response {
        let language = self.language_of(request.query_value("lang").as_deref(), request);
        html(status, page::door(language, &self.class, complaint))
    }

    fn join(&self, request: &Request) -> Response {
        let form = form_pairs(&String::from_utf8_lossy(&request.body));
        let field = |name: &str| {
            let found = form.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        let language = self.language_of(field("lang"), request);
        let complain = |status, complaint: &str| html(status, page::door(language, &self.class, Some(complaint)));
        if !self.join_token.is_code(field("code").unwrap_or_default()) {
            let wrong = language.pick("That is not the code on the screen.", "참가 코드가 올바르지 않습니다.");
            return complain(403, wrong);
        }
        match self.class.join(field("name").unwrap_or_default(), language) {
            Ok(seat) => to(&format!("/s/{}", seat.key())),
            Err(Refusal::Name(_)) => complain(
                400,
                language.pick("A name has 1 to 40 characters.", "이름은 1~40자로 입력해 주세요."),
            ),
            Err(Refusal::NameTaken) => complain(
                409,
                language.pick(
                    "Somebody of that name has a seat already. If it is yours, ask the presenter for its link.",
                    "이미 사용 중인 이름입니다. 본인의 자리라면 진행자에게 링크를 요청하세요.",
                ),
            ),
            Err(Refusal::Full) => complain(409, language.pick("Every seat is taken.", "남은 자리가 없습니다.")),
            Err(other) => complain(500, &other.to_string()),
        }
    }

    fn seat(self: &Arc<Self>, seat: &Arc<Seat>, method: &str, rest: &[&str], request: &Request) -> Answered {
        let class = &self.class;
        let url = format!("{}/s/{}", self.url, seat.key());
        // A form of the page is sent back to it; a command of the shell is told in words.
        let from_page = request
            .header("accept")
            .is_some_and(|accepted| accepted.contains("text/html"));
        let told = |words: String| {
            if from_page {
                to(&format!("/s/{}", seat.key()))
            } else {
                text(200, &words)
            }
        };
        let number = |text: &str| text.parse::<u64>().map_err(|_| Refusal::NotNow("no such check"));
        let step = |text: &str| text.parse::<usize>().map_err(|_| Refusal::NotNow("no such step"));
        match (method, rest) {
            ("GET", []) => Ok(html(200, page::seat(class, seat, &url))),
            ("GET", ["events"]) => {
                let (shared, seat) = (Arc::clone(self), Arc::clone(seat));
                Ok(self.stream(move || page::seat_parts(&shared.class, &seat)))
            }
            ("GET", ["env.sh"]) => seat.environment(class, &url).map(shell),
            ("GET", ["env.tar.gz"]) => {
                let archive = seat.archive(class, &url)?;
                let name = format!("attachment; filename=\"seat-{}.tar.gz\"", seat.number);
                Ok(Response::new(200, "application/gzip", archive).with_header("content-disposition", name))
            }
            ("GET", ["story"]) => Ok(text(200, &seat.story(class))),
            ("GET", ["symptom.sh"]) => seat.symptom(class, &url).map(shell),
            ("POST", ["symptom", at, "begin"]) => {
                seat.symptom_begins(class, step(at)?)?;
                Ok(text(200, ""))
            }
            ("POST", ["symptom", at, "end"]) => {
                seat.symptom_ends(class, step(at)?);
                Ok(text(200, "go\n"))
            }
            ("POST", ["look"]) => seat.look(class).map(told),
            ("POST", ["hint"]) => seat.hint(class).map(told),
            ("POST", ["next"]) => seat.next(class, false).map(told),
            ("POST", ["skip"]) => seat.next(class, true).map(told),
            ("POST", ["reset"]) => seat.reset(class, false).map(told),
            ("POST", ["check"]) => seat.check(class, &url).map(shell),
            ("POST", ["check", id, at, "begin"]) => {
                seat.step_begins(class, number(id)?, step(at)?)?;
                Ok(text(200, ""))
            }
            ("POST", ["check", id, at, "end"]) => {
                let outcome = outcome_of(request);
                let (good, words) = seat.step_ends(class, number(id)?, step(at)?, &outcome)?;
                let mark = if good { "go" } else { "no" };
                Ok(text(200, &format!("{mark}\n{words}")))
            }
            _ => Ok(text(404, "no such page\n")),
        }
    }

    fn present(self: &Arc<Self>, method: &str, rest: &[&str], request: &Request) -> Answered {
        match (method, rest) {
            ("GET", []) => {
                let path = self.dashboard_path();
                Ok(html(200, page::dashboard(&self.class, &self.desks(&path))))
            }
            ("GET", ["events"]) => {
                let shared = Arc::clone(self);
                let path = self.dashboard_path();
                Ok(self.stream(move || page::dashboard_parts(&shared.class, &shared.desks(&path))))
            }
            ("GET", ["results.csv"]) => Ok(self.results(request)),
            ("POST", ["reset", number]) => {
                let seat = number.parse().ok().and_then(|number| self.class.seat(number));
                let seat = seat.ok_or(Refusal::NotNow("no such seat"))?;
                seat.reset(&self.class, true)?;
                Ok(to(&self.dashboard_path()))
            }
            _ => Ok(text(404, "no such page\n")),
        }
    }

    fn desks<'a>(&'a self, path: &'a str) -> Desks<'a> {
        Desks {
            language: self.language,
            path,
            url: &self.url,
            join_code: &self.join_code,
        }
    }

    fn results(&self, request: &Request) -> Response {
        let mut csv = results::csv(&self.class);
        if request.query_value("excel").is_some() {
            // Without its mark Excel takes UTF-8 for something else.
            csv.insert(0, '\u{feff}');
        }
        Response::new(200, "text/csv; charset=utf-8", csv)
            .with_header("content-disposition", "attachment; filename=\"results.csv\"")
    }

    /// Server-sent events of the parts of a page that changed, for as long as somebody listens.
    fn stream(&self, parts: impl Fn() -> Vec<Part> + Send + 'static) -> Response {
        let (sender, receiver) = mpsc::channel(4);
        self.class.ground.runtime.spawn(async move {
            let mut sent: BTreeMap<String, String> = BTreeMap::new();
            let mut quiet = 0;
            loop {
                let changed: Vec<Part> = parts()
                    .into_iter()
                    .filter(|(id, html)| sent.get(id) != Some(html))
                    .collect();
                quiet = if changed.is_empty() { quiet + 1 } else { 0 };
                let chunk = match quiet {
                    0 => format!("data: {}\n\n", json!(changed)),
                    QUIET_TICKS => {
                        quiet = 1;
                        ":\n\n".to_owned()
                    }
                    _ => String::new(),
                };
                sent.extend(changed);
                if sender.is_closed() || (!chunk.is_empty() && sender.send(chunk.into_bytes()).await.is_err()) {
                    return;
                }
                tokio::time::sleep(TICK).await;
            }
        });
        Response::new(200, "text/event-stream", "").delivered(Delivery::Streamed(receiver))
    }
}

/// What a learner's shell tells of a command.
fn outcome_of(request: &Request) -> Outcome {
    let number = |name: &str| {
        request
            .query_value(name)
            .and_then(|value| value.trim().parse::<i32>().ok())
    };
    let length = number("stdout").and_then(|length| usize::try_from(length).ok());
    let (stdout, stderr) = request
        .body
        .split_at_checked(length.unwrap_or_default())
        .unwrap_or((&request.body, &[]));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Outcome {
        output: text(&request.body),
        stdout: text(stdout),
        stderr: text(stderr),
        exit_code: number("code"),
    }
}

fn html(status: u16, page: String) -> Response {
    Response::new(status, "text/html; charset=utf-8", page)
}

/// What a learner's shell prints: others' words are in it, and what clients printed.
fn text(status: u16, words: &str) -> Response {
    Response::new(
        status,
        "text/plain; charset=utf-8",
        printable::lines(words).into_owned(),
    )
}

fn shell(script: String) -> Response {
    Response::new(200, "text/x-shellscript; charset=utf-8", script)
}

fn to(path: &str) -> Response {
    Response::new(303, "text/plain; charset=utf-8", "").with_header("location", path)
}

/// Why a workshop does not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkshopError {
    /// No URL can have it.
    #[error("--workshop-host `{0}` is no host name or address; a scheme or a port is no part of it")]
    BadName(String),
    /// The system allows too few open files.
    #[error("{seats} seats need {needed} open files, and this system allows {maximum} (`ulimit -Hn`)")]
    Files {
        /// The seats.
        seats: usize,
        /// The files.
        needed: u64,
        /// The hard limit.
        maximum: u64,
    },
    /// Learners would not know where to connect.
    #[error("--listen {0} is no address to connect to; say how learners name this machine with --workshop-host")]
    NoName(IpAddr),
    /// A scenario cannot be played at a seat.
    #[error("scenario `{scenario}` is not for workshops: {why}; `scenario play` has it")]
    Unfit {
        /// Its id.
        scenario: String,
        /// Why.
        why: String,
    },
    /// A listener cannot be bound, or a file cannot be written.
    #[error("{0}")]
    Start(#[from] StartError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_files_are_as_many_as_wanted_or_as_the_system_allows() {
        for (current, maximum, wanted) in [
            (Some(1024), Some(20_000), Some(2500)),
            (Some(1024), None, Some(2500)),
            (Some(4096), Some(4096), Some(4096)),
            (Some(1024), Some(1024), Some(1024)),
            (Some(256), Some(900), Some(900)),
            (None, None, None),
        ] {
            assert_eq!(
                files_for(200, current, maximum).unwrap(),
                wanted,
                "{current:?} {maximum:?}"
            );
        }
        let error = files_for(200, Some(256), Some(899)).unwrap_err().to_string();
        assert_eq!(
            error,
            "200 seats need 900 open files, and this system allows 899 (`ulimit -Hn`)"
        );
    }

    #[test]
    fn a_host_is_named_as_browsers_name_it() {
        for (given, wanted) in [
            ("Laptop.local", Some("laptop.local")),
            ("192.0.2.7", Some("192.0.2.7")),
            ("FD00:0::2", Some("fd00::2")),
            ("localhost", Some("localhost")),
            ("http://laptop", None),
            ("laptop:8080", None),
            ("[fd00::2]", None),
            ("0.0.0.0", None),
            ("a b", None),
            ("-a", None),
            ("a..b", None),
            ("", None),
        ] {
            assert_eq!(named(given.to_owned()).ok().as_deref(), wanted, "{given}");
        }
    }
}
