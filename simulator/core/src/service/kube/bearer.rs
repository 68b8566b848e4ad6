//! The bearer tokens of a request.

use std::borrow::Cow;

use crate::kube::websocket::protocol_token;
use crate::service::http::Request;

/// The tokens that a request shows, in the order in which they are tried.
pub(super) fn tokens(request: &Request) -> impl Iterator<Item = Cow<'_, str>> {
    let in_protocols = protocol_token(&request.headers).ok().flatten();
    let in_header = bearer_token(request).map(Cow::Borrowed);
    in_header
        .into_iter()
        .chain(in_protocols.map(|found| Cow::Owned(found.token)))
}

/// The token of the `Authorization` header, where it holds one.
pub(super) fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, rest) = request.header("authorization")?.trim().split_once(' ')?;
    let token = rest.split(' ').next()?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
