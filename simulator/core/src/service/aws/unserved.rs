//! What the simulator does not serve: said in a header of the answer and in the log, since AWS's own words for it, such as
//! `AccessDeniedException`, read like a lack of rights.

use crate::service::call::Call;
use crate::service::http::Response;

/// The header that says so.
pub const HEADER: &str = "x-eks-auth-sim";
/// Where it is told what is served.
const SEE: &str = "see eks-auth-sim operations";
/// Characters of a client's text that are repeated: in the log, in the header and in the journal.
const LONGEST: usize = 200;
/// Characters of a whole sentence, whoever built it: clients cannot read headers over 64 KiB.
const LONGEST_SENTENCE: usize = 500;

/// That `what`, such as `EKS ListCapabilities`, is not served.
#[must_use]
pub fn sentence(what: &str) -> String {
    format!("{} is not served by the simulator; {SEE}", short(what))
}

/// A client's text as far as it is repeated.
#[must_use]
pub fn short(text: &str) -> String {
    cut(text, LONGEST)
}

/// A sentence as far as it is told.
#[must_use]
pub fn whole(sentence: &str) -> String {
    cut(sentence, LONGEST_SENTENCE)
}

/// The first so many characters of a text, with dots where there are more.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// An answer that says it in its header, with a line in the log. `fields` are further ones of the line.
pub(super) fn say(call: &Call, response: Response, sentence: &str, fields: Vec<(&'static str, String)>) -> Response {
    let sentence = whole(sentence);
    let visible = visible(&sentence);
    call.log_own(sentence, fields);
    response.with_header(HEADER, visible)
}

/// A sentence as a header has it. Nothing that a client sends becomes a header's end, or bytes that a client cannot read.
#[must_use]
pub fn visible(sentence: &str) -> String {
    sentence.replace(|c: char| !matches!(c, ' '..='~'), "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sends_is_repeated_to_a_bound() {
        assert_eq!(
            sentence("EKS GET /a"),
            "EKS GET /a is not served by the simulator; see eks-auth-sim operations"
        );
        let long = sentence(&"é".repeat(100_000));
        assert!(long.len() < 600, "{}", long.len());
        assert!(long.starts_with("ééé") && long.contains("... is not served"), "{long}");
    }
}
