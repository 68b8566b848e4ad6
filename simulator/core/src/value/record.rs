//! Records, as a store of bytes keeps them: a key of words, and what it says.

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;

/// A record that a change touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its key: words parted by `/`, escaped.
    pub key: String,
    /// What it says now, in JSON; nothing where it is gone.
    pub value: Option<Vec<u8>>,
}

/// A record that cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record `{key}`: {message}")]
pub struct RecordError {
    /// The record's key.
    pub key: String,
    /// What is wrong with it.
    pub message: String,
}

/// A record's key of words.
pub(crate) fn join(path: &[&str]) -> String {
    let words: Vec<String> = path
        .iter()
        .map(|word| utf8_percent_encode(word, NON_ALPHANUMERIC).to_string())
        .collect();
    words.join("/")
}

/// The words of a record's key.
pub(crate) fn split(key: &str) -> Vec<String> {
    key.split('/')
        .map(|word| percent_decode_str(word).decode_utf8_lossy().into_owned())
        .collect()
}
