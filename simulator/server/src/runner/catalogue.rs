//! The scenarios: those that are built in, and those in files.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// A scenario of the repository.
struct BuiltIn {
    id: &'static str,
    text: &'static str,
    /// The files beside it, with their names.
    files: &'static [(&'static str, &'static str)],
}

/// Larger files beside a scenario are none of it.
const FILE_LIMIT: u64 = 1 << 20;

/// The ids of the built-in scenarios.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|scenario| scenario.id)
}

/// The text of a scenario: a built-in one by id, or else a scenario folder or file. The files beside a scenario in a folder
/// stand under its key `files`, behind its own text, whose lines keep their numbers.
///
/// # Errors
/// A sentence that says what was looked for.
pub fn load(name: &str) -> Result<String, String> {
    if let Some(scenario) = BUILT_IN.iter().find(|scenario| scenario.id == name) {
        return Ok(with_files(scenario.text, scenario.files.iter().copied()));
    }
    let path = Path::new(name);
    let file = if path.is_dir() {
        path.join("scenario.yaml")
    } else {
        path.to_owned()
    };
    if !file.exists() {
        let ids: Vec<&str> = built_in().collect();
        return Err(format!(
            "no scenario `{name}`: give a path, or one of {}",
            ids.join(", ")
        ));
    }
    let refused = |error: io::Error| format!("cannot read `{}`: {error}", file.display());
    let text = fs::read_to_string(&file).map_err(refused)?;
    if file.file_name().is_none_or(|name| name != "scenario.yaml") {
        return Ok(text);
    }
    let files = files_beside(&file).map_err(refused)?;
    Ok(with_files(&text, files.iter().map(|(name, text)| (&**name, &**text))))
}

/// The text files in the folder of a scenario.
fn files_beside(scenario: &Path) -> io::Result<Vec<(String, String)>> {
    let folder = scenario.parent().filter(|folder| *folder != Path::new(""));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if metadata.is_file()
            && metadata.len() <= FILE_LIMIT
            && name != "scenario.yaml"
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            files.push((name, text));
        }
    }
    files.sort();
    Ok(files)
}

/// JSON's texts are YAML's.
fn with_files<'a>(text: &str, files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut files = files.peekable();
    let mut text = text.to_owned();
    if files.peek().is_some() {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str("files:\n");
    }
    for (name, file) in files {
        let _ = writeln!(text, "  {}: {}", json!(name), json!(file));
    }
    text
}
