//! The scenarios: those that are built in, and those in files.

use std::fs;
use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// The built-in scenarios by id, each with its text.
#[must_use]
pub fn built_in() -> &'static [(&'static str, &'static str)] {
    BUILT_IN
}

/// The text of a scenario: a built-in one by id, or else a scenario folder or file.
///
/// # Errors
/// A sentence that says what was looked for.
pub fn load(name: &str) -> Result<String, String> {
    if let Some((_, text)) = BUILT_IN.iter().find(|(id, _)| *id == name) {
        return Ok((*text).to_owned());
    }
    let path = Path::new(name);
    let path = if path.is_dir() {
        path.join("scenario.yaml")
    } else {
        path.to_owned()
    };
    if !path.exists() {
        let ids: Vec<&str> = BUILT_IN.iter().map(|(id, _)| *id).collect();
        return Err(format!(
            "no scenario `{name}`: give a path, or one of {}",
            ids.join(", ")
        ));
    }
    fs::read_to_string(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}
