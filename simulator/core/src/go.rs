//! What Go's libraries make of text: quotes, JSON, URLs and YAML, once, for everyone.

pub mod json;
pub(crate) mod parse;
pub(crate) mod text;
pub(crate) mod yaml;
