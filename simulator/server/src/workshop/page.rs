//! The pages: the door, a seat, the dashboard. What people typed is escaped; nothing is loaded from elsewhere.

use std::fmt::Write as _;

use super::class::Class;
use super::class::Desk;
use super::class::Progress;
use super::class::Seat;
use super::results::state_of;
use crate::runner::Language;

/// A page's part that changes: its id in the page, and its markup.
pub(super) type Part = (String, String);

/// Text inside markup and attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text of a scenario: escaped, with what stands between backticks as code, in paragraphs.
fn prose(text: &str) -> String {
    let mut markup = String::from("<p>");
    for (at, piece) in escape(text.trim()).split('`').enumerate() {
        let _ = if at % 2 == 1 {
            write!(markup, "<code>{piece}</code>")
        } else {
            write!(markup, "{}", piece.replace("\n\n", "</p><p>"))
        };
    }
    markup.push_str("</p>");
    markup
}

fn code_of(language: Language) -> &'static str {
    language.pick("en", "ko")
}

/// A whole page; `live` is where its changes come from.
fn document(language: Language, title: &str, class: &str, live: Option<&str>, body: &str) -> String {
    let live = live.map_or_else(String::new, |live| format!(" data-live=\"{}\"", escape(live)));
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/workshop.css\">\n\
         <script src=\"/workshop.js\" defer></script>\n</head>\n<body class=\"{class}\"{live}>\n{body}\n</body>\n</html>\n",
        code_of(language),
        title = escape(title),
    )
}

/// The door: a name and the code make a seat.
pub(super) fn door(language: Language, class: &Class, complaint: Option<&str>) -> String {
    let pick = |english, korean| language.pick(english, korean);
    let title = pick("EKS authentication workshop", "EKS 인증 워크숍");
    let complaint = complaint.map_or_else(String::new, |text| {
        format!("<p class=\"bad\" role=\"alert\">{}</p>", escape(text))
    });
    let option = |code: &str, name: &str| {
        let selected = if code == code_of(language) { " selected" } else { "" };
        format!("<option value=\"{code}\"{selected}>{name}</option>")
    };
    let body = format!(
        "<main class=\"card narrow\">\n<h1>{title}</h1>\n<p>{}</p>\n{complaint}\
         <form method=\"post\" action=\"/join\">\n\
         <label for=\"name\">{}</label><input id=\"name\" name=\"name\" maxlength=\"40\" required autofocus autocomplete=\"nickname\">\n\
         <label for=\"code\">{}</label><input id=\"code\" name=\"code\" required autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"ABCD-EFGH\">\n\
         <label for=\"lang\">{}</label><select id=\"lang\" name=\"lang\">{}{}</select>\n\
         <button>{}</button>\n</form>\n<p class=\"quiet\"><a href=\"/?lang=en\" lang=\"en\">English</a> · \
         <a href=\"/?lang=ko\" lang=\"ko\">한국어</a></p>\n</main>",
        escape(&match language {
            Language::English => format!(
                "{} scenarios. You get a cluster of your own that somebody has broken, and fix it with the AWS CLI and kubectl.",
                class.scenarios.len()
            ),
            Language::Korean => format!(
                "시나리오 {}개. 문제가 생긴 나만의 클러스터를 받아 AWS CLI와 kubectl로 직접 해결합니다.",
                class.scenarios.len()
            ),
        }),
        pick("Your name, as others may see it", "이름(다른 사람에게 표시됩니다)"),
        pick("The code on the screen", "화면에 표시된 참가 코드"),
        pick("Language", "언어"),
        option("en", "English"),
        option("ko", "한국어"),
        pick("Take a seat", "참가하기"),
    );
    document(language, title, "door", None, &body)
}

/// A seat's page, under its own URL.
pub(super) fn seat(class: &Class, seat: &Seat, url: &str) -> String {
    let language = seat.language;
    let pick = |english, korean| language.pick(english, korean);
    let path = format!("/s/{}", seat.key());
    let heading = match language {
        Language::English => format!("Seat {} · {}", seat.number, seat.name),
        Language::Korean => format!("{}번 자리 · {}", seat.number, seat.name),
    };
    let command = format!("eval \"$(curl -fsS {url}/env.sh)\"");
    let body = format!(
        "<header><h1>{}</h1></header>\n<main>\n<section class=\"card\" aria-labelledby=\"enter\">\n\
         <h2 id=\"enter\">{}</h2>\n<p>{}</p>\n<pre class=\"command\"><code id=\"command\">{}</code></pre>\n\
         <button type=\"button\" class=\"second\" data-copy=\"command\">{}</button> <span class=\"quiet\" role=\"status\" id=\"copied\" \
         data-text=\"{}\"></span>\n<p class=\"quiet\">{} <a href=\"{path}/env.sh\" download=\"env.sh\">env.sh</a> · \
         <a href=\"{path}/env.tar.gz\" download=\"seat-{number}.tar.gz\">seat-{number}.tar.gz</a></p>\n</section>\n\
         <div id=\"seat\" aria-live=\"polite\">{}</div>\n</main>",
        escape(&heading),
        pick("Enter your world", "실습 환경으로 들어가기"),
        pick(
            "In a terminal (bash, zsh or sh) with the AWS CLI, kubectl and curl:",
            "AWS CLI, kubectl, curl이 설치된 터미널(bash, zsh, sh)에서 실행하세요.",
        ),
        escape(&command),
        pick("Copy", "복사"),
        pick("Copied.", "복사했습니다."),
        pick(
            "This page and this command are yours alone: who has the URL has the seat. As a file:",
            "이 페이지와 명령은 본인 전용입니다. URL을 아는 사람은 누구나 이 자리를 쓸 수 있습니다. 파일로 받기:",
        ),
        seat_live(class, seat),
        number = seat.number,
    );
    document(language, &heading, "seat", Some(&format!("{path}/events")), &body)
}

/// What changes on a seat's page.
pub(super) fn seat_parts(class: &Class, seat: &Seat) -> Vec<Part> {
    vec![("seat".to_owned(), seat_live(class, seat))]
}

fn seat_live(class: &Class, seat: &Seat) -> String {
    let language = seat.language;
    let pick = |english, korean| language.pick(english, korean);
    let path = format!("/s/{}", seat.key());
    let desk = seat.desk();
    let (Some(scenario), Some(progress)) = (class.scenarios.get(desk.at), desk.progress.get(desk.at)) else {
        return format!(
            "<section class=\"card good\"><h2>{}</h2><p>{}</p>{}</section>",
            pick("Every scenario is done", "모든 시나리오를 마쳤습니다"),
            pick(
                "Well done. `leave` gives your shell back.",
                "수고하셨습니다. 셸을 원래대로 되돌리려면 leave를 실행하세요."
            )
            .replace("`leave`", "<code>leave</code>"),
            steps(class, &desk, language),
        );
    };
    let mut text = format!(
        "{}<section class=\"card\"><h2>{}/{} · {}</h2>{}",
        steps(class, &desk, language),
        desk.at + 1,
        class.scenarios.len(),
        escape(language.of(&scenario.title).trim()),
        prose(language.of(&scenario.story)),
    );
    if desk.was_reset_by_presenter {
        let _ = write!(
            text,
            "<p class=\"note\">{}</p>",
            pick(
                "The presenter has put this seat back to the beginning. Read the environment in again with the command above.",
                "진행자가 이 자리를 처음 상태로 되돌렸습니다. 위 명령으로 환경을 다시 불러오세요.",
            )
        );
    }
    if let Some((good, verdict)) = &desk.verdict {
        let class = if *good { "good" } else { "bad" };
        let _ = write!(
            text,
            "<pre class=\"verdict {class}\">{}</pre>",
            escape(verdict.trim_end())
        );
    } else {
        let _ = write!(
            text,
            "<p class=\"note\">{}</p>",
            pick(
                "When you think it is fixed, run <code>check</code> in your terminal. What it finds shows here as well.",
                "해결했다고 생각되면 터미널에서 <code>check</code>를 실행하세요. 결과는 이 페이지에도 표시됩니다.",
            )
        );
    }
    let page_checks = Seat::page_checks(class, &desk);
    let button = |action: &str, label: &str, kind: &str| {
        format!(
            "<form method=\"post\" action=\"{path}/{action}\"><button id=\"do-{action}\" class=\"{kind}\">{label}</button></form>"
        )
    };
    text.push_str("<div class=\"buttons\">");
    if progress.solved.is_some() {
        text.push_str(&button("next", pick("Next scenario", "다음 시나리오"), ""));
    } else {
        if page_checks {
            text.push_str(&button("look", pick("Check", "확인"), ""));
        }
        let label = format!("{} ({}/{})", pick("Hint", "힌트"), progress.hints, scenario.hints.len());
        text.push_str(&button("hint", &label, ""));
        text.push_str(&button("skip", pick("Skip", "건너뛰기"), "second"));
    }
    text.push_str(&button("reset", pick("Start over", "처음부터 다시"), "second"));
    text.push_str("</div>");
    if progress.hints > 0 {
        let _ = write!(text, "<h3>{}</h3><ol class=\"hints\">", pick("Hints", "힌트"));
        for hint in scenario.hints.iter().take(progress.hints) {
            let _ = write!(text, "<li>{}</li>", prose(language.of(hint)));
        }
        text.push_str("</ol>");
    }
    let _ = write!(
        text,
        "<h3>{}</h3><dl class=\"commands\">",
        pick("Commands in your shell", "셸에서 쓸 수 있는 명령")
    );
    for (name, what) in [
        ("symptom", pick("what was seen, once more", "증상을 다시 확인")),
        ("check", pick("is it fixed?", "해결되었는지 확인")),
        ("hint", pick("the next hint", "다음 힌트")),
        ("reset", pick("all as at the beginning", "처음 상태로 되돌리기")),
        (
            "next",
            pick("the next scenario, in the same shell", "같은 셸에서 다음 시나리오로"),
        ),
        ("leave", pick("your shell as it was", "셸을 원래대로")),
    ] {
        let _ = write!(text, "<dt><code>{name}</code></dt><dd>{what}</dd>");
    }
    text.push_str("</dl></section>");
    text
}

/// The scenarios as a row of marks, with words for who does not see them.
fn steps(class: &Class, desk: &Desk, language: Language) -> String {
    let mut text = format!(
        "<ol class=\"steps\" aria-label=\"{}\">",
        language.pick("Scenarios", "시나리오")
    );
    for (at, scenario) in class.scenarios.iter().enumerate() {
        let (state, mark) = mark_of(desk.progress.get(at));
        let current = if at == desk.at { " aria-current=\"step\"" } else { "" };
        let _ = write!(
            text,
            "<li class=\"{state}\"{current} title=\"{}\"><span aria-hidden=\"true\">{mark}</span> <span class=\"name\">{}</span>\
             <span class=\"hidden\"> ({})</span></li>",
            escape(&scenario.id),
            escape(language.of(&scenario.title).trim()),
            word_of(state, language),
        );
    }
    text.push_str("</ol>");
    text
}

fn mark_of(progress: Option<&Progress>) -> (&'static str, &'static str) {
    match progress.map(state_of) {
        Some("solved") => ("solved", "✔"),
        Some("skipped") => ("skipped", "–"),
        Some(_) => ("working", "●"),
        None => ("ahead", "○"),
    }
}

fn word_of(state: &str, language: Language) -> &'static str {
    match state {
        "solved" => language.pick("solved", "해결"),
        "skipped" => language.pick("skipped", "건너뜀"),
        "working" => language.pick("working", "진행 중"),
        _ => language.pick("ahead", "예정"),
    }
}

/// What the dashboard is told of the workshop.
pub(super) struct Desks<'a> {
    pub(super) language: Language,
    /// The path of the dashboard, with its token.
    pub(super) path: &'a str,
    /// Where learners join.
    pub(super) url: &'a str,
    pub(super) join_code: &'a str,
}

/// The presenter's page.
pub(super) fn dashboard(class: &Class, desks: &Desks<'_>) -> String {
    let language = desks.language;
    let pick = |english, korean| language.pick(english, korean);
    let mut rows = String::new();
    for (id, row) in dashboard_rows(class, desks) {
        let _ = write!(rows, "<tr id=\"{id}\">{row}</tr>");
    }
    let title = pick("Workshop dashboard", "워크숍 대시보드");
    let body = format!(
        "<header><h1>{title}</h1><p class=\"join\">{} <b>{}</b> · {} <b class=\"code\">{}</b></p></header>\n<main>\n\
         <div id=\"summary\" aria-live=\"polite\">{}</div>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">#</th>\
         <th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
         <th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\"><span class=\"hidden\">{}</span></th></tr></thead>\n\
         <tbody id=\"rows\">{rows}</tbody></table></div>\n<p class=\"quiet\"><a href=\"{path}/results.csv\" download=\"results.csv\">CSV</a> · \
         <a href=\"{path}/results.csv?excel\" download=\"results.csv\">{}</a></p>\n</main>",
        pick("Join at", "참가 주소"),
        escape(desks.url),
        pick("code", "코드"),
        escape(desks.join_code),
        summary(class, language),
        pick("Name", "이름"),
        pick("Progress", "진행"),
        pick("Scenario", "시나리오"),
        pick("Time", "시간"),
        pick("Hints", "힌트"),
        pick("Last refusal", "최근 거부 원인"),
        pick("Actions", "작업"),
        pick("CSV for Excel", "Excel용 CSV"),
        path = desks.path,
    );
    document(
        language,
        title,
        "dashboard",
        Some(&format!("{}/events", desks.path)),
        &body,
    )
}

/// What changes on the dashboard.
pub(super) fn dashboard_parts(class: &Class, desks: &Desks<'_>) -> Vec<Part> {
    let mut parts = vec![("summary".to_owned(), summary(class, desks.language))];
    parts.extend(dashboard_rows(class, desks));
    parts
}

fn summary(class: &Class, language: Language) -> String {
    let seats = class.seats();
    let mut text = String::new();
    for (at, scenario) in class.scenarios.iter().enumerate() {
        let (mut began, mut solved) = (0, 0);
        for seat in &seats {
            if let Some(progress) = seat.desk().progress.get(at) {
                began += 1;
                solved += usize::from(progress.solved.is_some());
            }
        }
        let _ = write!(
            text,
            "<li><b>{}</b><meter min=\"0\" max=\"{}\" value=\"{solved}\">{solved}</meter><span>{solved}/{began}</span></li>",
            escape(&scenario.id),
            seats.len().max(1),
        );
    }
    let count = match language {
        Language::English => format!("{} of {} seats taken", seats.len(), class.capacity),
        Language::Korean => format!("{}석 중 {}석 참가", class.capacity, seats.len()),
    };
    format!("<p><b>{count}</b></p><ul class=\"summary\">{text}</ul>")
}

fn dashboard_rows(class: &Class, desks: &Desks<'_>) -> Vec<Part> {
    let language = desks.language;
    let mut rows = Vec::new();
    for seat in class.seats() {
        let mut desk = seat.desk();
        let denial = escape(desk.last_denial().unwrap_or_default());
        let current = desk.progress.get(desk.at);
        let mut marks = String::new();
        for (at, _) in class.scenarios.iter().enumerate() {
            let (state, mark) = mark_of(desk.progress.get(at));
            let _ = write!(
                marks,
                "<span class=\"{state}\"><span aria-hidden=\"true\">{mark}</span><span class=\"hidden\">{} </span></span>",
                word_of(state, language)
            );
        }
        let scenario = class.scenarios.get(desk.at).map_or("", |scenario| &*scenario.id);
        let time = current.map_or_else(String::new, |progress| {
            let minutes = progress.seconds() / 60;
            match language {
                Language::English => format!("{minutes} min"),
                Language::Korean => format!("{minutes}분"),
            }
        });
        let hints = current.map_or_else(String::new, |progress| progress.hints.to_string());
        let name = escape(&seat.name);
        let row = format!(
            "<td>{number}</td><th scope=\"row\"><a href=\"/s/{key}\">{name}</a></th><td class=\"marks\">{marks}</td><td>{}</td>\
             <td>{time}</td><td>{hints}</td><td class=\"denial\">{denial}</td><td><form method=\"post\" \
             action=\"{path}/reset/{number}\"><button id=\"reset-{number}\" class=\"second\" aria-label=\"{label}: {name}\">{label}</button>\
             </form></td>",
            escape(scenario),
            number = seat.number,
            key = seat.key(),
            path = desks.path,
            label = language.pick("Reset", "초기화"),
        );
        rows.push((format!("row-{}", seat.number), row));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_no_markup() {
        assert_eq!(escape("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(prose("a `b <i>` c\n\nd"), "<p>a <code>b &lt;i&gt;</code> c</p><p>d</p>");
    }
}
