//! Signed calls through the whole AWS endpoint, for the tests of the services.

use crate::aws::iam::SecretKey;
use crate::aws::sigv4::SignedRequest;
use crate::aws::sigv4::Signer;
use crate::scenario;
use crate::scenario::Profile;
use crate::scenario::ProfileSource;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::testing::State;
use crate::value::instant::Timestamp;

/// The World of AWS's article, with a clock that stands still.
pub(super) fn article() -> State {
    let now = Timestamp::parse_amz("20261124T004457Z").unwrap();
    let staging = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap();
    State::new(staging.world, now)
}

/// A key that calls are signed with.
pub(super) struct Key {
    pub(super) id: String,
    pub(super) secret: SecretKey,
}

impl Key {
    /// That of a profile of a user.
    pub(super) fn of(profile: &Profile) -> Self {
        match &profile.source {
            ProfileSource::AccessKey { id, secret, .. } => Self {
                id: id.clone(),
                secret: secret.clone(),
            },
            _ => panic!("`{}` is no user's profile", profile.name),
        }
    }

    /// A signed request from this machine; `host` is added to the headers.
    pub(super) fn sign(&self, state: &State, (service, region): (&str, &str), unsigned: Unsigned<'_>) -> Request {
        let mut headers = vec![("host".to_owned(), "127.0.0.1:1".to_owned())];
        headers.extend(
            unsigned
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        let signer = Signer {
            access_key_id: &self.id,
            secret: &self.secret,
            session_token: None,
            region,
            service,
            now: state.now(),
        };
        headers.extend(signer.sign_header(&SignedRequest {
            method: unsigned.method,
            path: unsigned.path,
            query: unsigned.query,
            headers: &headers,
            body: &unsigned.body,
        }));
        Request {
            method: unsigned.method.to_owned(),
            path: unsigned.path.to_owned(),
            query: unsigned.query.to_owned(),
            headers,
            body: unsigned.body,
            peer: ([127, 0, 0, 1], 1).into(),
        }
    }

    /// The answer to such a request.
    pub(super) fn call(&self, state: &State, scope: (&str, &str), unsigned: Unsigned<'_>) -> Response {
        state.aws(&self.sign(state, scope, unsigned))
    }
}

/// What is to be signed.
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a [(&'a str, String)],
    pub(super) body: Vec<u8>,
}

impl Unsigned<'_> {
    /// A POST of the protocols without paths.
    pub(super) fn post(body: Vec<u8>) -> Self {
        Self {
            method: "POST",
            path: "/",
            query: "",
            headers: &[],
            body,
        }
    }
}
