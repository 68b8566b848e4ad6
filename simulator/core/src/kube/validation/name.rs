//! Names: DNS labels and subdomains, qualified names, and what is said of those that are none.

/// The longest of a label.
const LABEL: usize = 63;
/// The longest of a subdomain.
const SUBDOMAIN: usize = 253;

const SUBDOMAIN_TEXT: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_TEXT: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035_TEXT: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_TEXT: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_TEXT: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY_TEXT: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

fn too_long(limit: usize) -> String {
    format!("must be no more than {limit} characters")
}

fn lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// Begins and ends as `edge` says, and holds nothing but that and `more`.
fn is_word(text: &str, edge: impl Fn(char) -> bool + Copy, more: &str) -> bool {
    text.chars().all(|c| edge(c) || more.contains(c))
        && text.chars().next().is_some_and(edge)
        && text.chars().next_back().is_some_and(edge)
}

/// `IsDNS1123Subdomain`: nothing where it is one.
pub(in crate::kube) fn subdomain(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > SUBDOMAIN {
        problems.push(too_long(SUBDOMAIN));
    }
    if !text.split('.').all(|part| is_word(part, lower, "-")) {
        problems.push(SUBDOMAIN_TEXT.to_owned());
    }
    problems
}

/// `IsDNS1123Label`. A text that is a subdomain is told that dots are the trouble.
pub(in crate::kube) fn label(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > LABEL {
        problems.push(too_long(LABEL));
    }
    if !is_word(text, lower, "-") {
        if text.split('.').all(|part| is_word(part, lower, "-")) {
            problems.push("must not contain dots".to_owned());
        } else {
            problems.push(LABEL_TEXT.to_owned());
        }
    }
    problems
}

/// `IsDNS1035Label`: a label that begins with a letter.
pub(in crate::kube) fn label_1035(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > LABEL {
        problems.push(too_long(LABEL));
    }
    if !is_word(text, lower, "-") || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        problems.push(LABEL_1035_TEXT.to_owned());
    }
    problems
}

/// `IsQualifiedName`: a name, with a subdomain and a slash before it or not.
pub(super) fn qualified(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                problems.push("prefix part must be non-empty".to_owned());
            } else {
                let found = subdomain(prefix);
                problems.extend(found.into_iter().map(|problem| format!("prefix part {problem}")));
            }
            name
        }
        _ => {
            problems.push(format!(
                "a qualified name {QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ));
            return problems;
        }
    };
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL {
        problems.push(format!("name part {}", too_long(LABEL)));
    }
    if !is_word(name, |c| c.is_ascii_alphanumeric(), "-_.") {
        problems.push(format!("name part {QUALIFIED_TEXT}"));
    }
    problems
}

/// `IsValidLabelValue`.
pub(super) fn label_value(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > LABEL {
        problems.push(too_long(LABEL));
    }
    if !text.is_empty() && !is_word(text, |c| c.is_ascii_alphanumeric(), "-_.") {
        problems.push(LABEL_VALUE_TEXT.to_owned());
    }
    problems
}

/// `IsConfigMapKey`.
pub(super) fn config_key(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > SUBDOMAIN {
        problems.push(too_long(SUBDOMAIN));
    }
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
        problems.push(CONFIG_KEY_TEXT.to_owned());
    }
    if text == "." {
        problems.push("must not be '.'".to_owned());
    }
    if text == ".." {
        problems.push("must not be '..'".to_owned());
    } else if text.starts_with("..") {
        problems.push("must not start with '..'".to_owned());
    }
    problems
}

/// `IsValidPathSegmentName`, which the names of roles and bindings follow.
pub(in crate::kube) fn path_segment(text: &str) -> Vec<String> {
    if text == "." || text == ".." {
        return vec![format!("may not be '{text}'")];
    }
    ["/", "%"]
        .into_iter()
        .filter(|part| text.contains(part))
        .map(|part| format!("may not contain '{part}'"))
        .collect()
}

/// A CronJob's name: a job's has 11 more characters, and 63 at most.
pub(in crate::kube) fn of_cron_job(text: &str) -> Vec<String> {
    let mut problems = subdomain(text);
    if text.len() > 52 {
        problems.push("must be no more than 52 characters".to_owned());
    }
    problems
}
