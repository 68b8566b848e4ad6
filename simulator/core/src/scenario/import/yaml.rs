//! Values as they stand in scenario files.

/// A value: plain where no YAML reads it otherwise, else quoted as in JSON, which is YAML too.
pub(super) fn value(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/.".contains(c))
        && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&text.to_lowercase().as_str());
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// A value in double quotes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A list in brackets.
pub(super) fn list(texts: &[String]) -> String {
    let values: Vec<String> = texts.iter().map(|text| value(text)).collect();
    format!("[{}]", values.join(", "))
}

/// A whole value on one line, which is JSON with blanks behind its colons.
pub(super) fn flow(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        serde_json::Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), flow(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// A block of lines, each indented.
pub(super) fn block(text: &str, indent: usize) -> String {
    let mut block = String::new();
    for line in text.trim_end().lines() {
        if !line.is_empty() {
            block.push_str(&" ".repeat(indent));
            block.push_str(line);
        }
        block.push('\n');
    }
    block
}
