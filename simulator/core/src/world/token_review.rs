//! The TokenReview that an API server posts to the webhook, and the answers, as aws-iam-authenticator reads and writes them.
//!
//! Source: `authenticateEndpoint` in `pkg/server/server.go` of 0.7 and Go's `encoding/json`: names in any case, the last of
//! several, and nothing behind the first value is looked at.

use serde::Serialize;
use serde_json::Value;

use crate::go;
use crate::go::json::field;
use crate::value::user::UserInfo;

/// A posted review.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenReview {
    /// The bearer token; empty where there is none.
    pub token: String,
    /// As it came; empty where it is not said.
    pub api_version: String,
    /// As it came; empty where it is not said.
    pub kind: String,
}

/// A body that is no TokenReview. The text is upstream's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a request body to be a TokenReview")]
pub struct NoTokenReview {
    cause: String,
}

impl NoTokenReview {
    /// Why, as upstream logs it.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// FIDELITY: for what is no JSON the text is our parser's, where Go names the character and its place.
    fn syntax(error: Option<&serde_json::Error>) -> Self {
        let cause = match error {
            None => "EOF".to_owned(),
            Some(error) if error.is_eof() => "unexpected EOF".to_owned(),
            Some(error) => error.to_string(),
        };
        Self { cause }
    }

    /// `place` and `wanted` are Go's names for a field and its type.
    fn kind(value: &Value, place: &str, wanted: &str) -> Self {
        let kind = go::json::kind(value);
        Self {
            cause: format!("json: cannot unmarshal {kind} into Go {place} of type {wanted}"),
        }
    }
}

impl TokenReview {
    /// Reads a body. What kind of object it says it is does not matter.
    ///
    /// FIDELITY: Go also accepts lone surrogates and bytes that are not UTF-8 in strings, and deeper nesting.
    ///
    /// # Errors
    /// [`NoTokenReview`] where it is no JSON, or a field has another type.
    pub fn parse(body: &[u8]) -> Result<Self, NoTokenReview> {
        let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
        let value = match values.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(NoTokenReview::syntax(Some(&error))),
            None => return Err(NoTokenReview::syntax(None)),
        };
        let review = object(&value, "value", "v1beta1.TokenReview")?;
        for (name, wanted) in [("metadata", "v1.ObjectMeta"), ("status", "v1beta1.TokenReviewStatus")] {
            object(field(review, name), &format!("struct field TokenReview.{name}"), wanted)?;
        }
        let spec = object(
            field(review, "spec"),
            "struct field TokenReview.spec",
            "v1beta1.TokenReviewSpec",
        )?;
        const AUDIENCES: &str = "struct field TokenReviewSpec.spec.audiences";
        match field(spec, "audiences") {
            Value::Null => {}
            Value::Array(list) => {
                for audience in list {
                    text(audience, AUDIENCES)?;
                }
            }
            other => return Err(NoTokenReview::kind(other, AUDIENCES, "[]string")),
        }
        let type_meta = |name: &str| {
            let place = format!("struct field TokenReview.TypeMeta.{name}");
            text(field(review, name), &place)
        };
        Ok(Self {
            token: text(field(spec, "token"), "struct field TokenReviewSpec.spec.token")?,
            api_version: type_meta("apiVersion")?,
            kind: type_meta("kind")?,
        })
    }

    /// The answer to a review of a token that is `user`'s.
    ///
    /// FIDELITY: kind and apiVersion are those of the review, where upstream leaves them out.
    #[must_use]
    pub fn render_granted(&self, user: &UserInfo) -> String {
        self.render(Status {
            authenticated: true,
            user: User {
                username: &user.username,
                uid: &user.uid,
                groups: &user.groups,
                extra: &user.extra,
            },
        })
    }

    /// The answer to a review of a token that is nobody's.
    #[must_use]
    pub fn render_denied(&self) -> String {
        let nobody = UserInfo::default();
        self.render(Status {
            authenticated: false,
            user: User {
                username: &nobody.username,
                uid: &nobody.uid,
                groups: &nobody.groups,
                extra: &nobody.extra,
            },
        })
    }

    fn render(&self, status: Status<'_>) -> String {
        let answer = Answer {
            kind: &self.kind,
            api_version: &self.api_version,
            metadata: Metadata {
                creation_timestamp: None,
            },
            spec: Spec {},
            status,
        };
        go::json::render(&answer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_version: &'a str,
    metadata: Metadata,
    spec: Spec,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    creation_timestamp: Option<String>,
}

#[derive(Serialize)]
struct Spec {}

#[derive(Serialize)]
struct Status<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    authenticated: bool,
    user: User<'a>,
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    uid: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    groups: &'a [String],
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extra: &'a std::collections::BTreeMap<String, Vec<String>>,
}

fn object<'a>(value: &'a Value, place: &str, wanted: &str) -> Result<&'a Value, NoTokenReview> {
    match value {
        Value::Null | Value::Object(_) => Ok(value),
        _ => Err(NoTokenReview::kind(value, place, wanted)),
    }
}

fn text(value: &Value, place: &str) -> Result<String, NoTokenReview> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(NoTokenReview::kind(value, place, "string")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(body: &str, wanted: Option<&str>) {
        let found = TokenReview::parse(body.as_bytes()).ok().map(|review| review.token);
        assert_eq!(found.as_deref(), wanted, "{body}");
    }

    #[test]
    fn bodies_are_read_as_go_reads_them() {
        check(r#"{"spec":{"token":"t"}}"#, Some("t"));
        check(r#"{"Spec":{"TOKEN":"t"}}"#, Some("t"));
        check(
            r#"{"kind":"Pod","apiVersion":"v1","spec":{"token":"t","audiences":["a"]}}"#,
            Some("t"),
        );
        check(r#"{"spec":{"token":"t"}} and more"#, Some("t"));
        check("{}", Some(""));
        check("null", Some(""));
        check(r#"{"spec":null,"status":null}"#, Some(""));
        check("", None);
        check("[]", None);
        check("\"t\"", None);
        check(r#"{"spec":7}"#, None);
        check(r#"{"spec":{"token":7}}"#, None);
        check(r#"{"spec":{"audiences":"a"}}"#, None);
        check(r#"{"metadata":[]}"#, None);
        check(r#"{"spec":{"token":"t"}"#, None);
    }

    #[test]
    fn causes_are_gos() {
        for (body, wanted) in [
            ("", "EOF"),
            (" \n", "EOF"),
            ("{", "unexpected EOF"),
            ("tru", "unexpected EOF"),
            (r#"{"spec":{"token":""#, "unexpected EOF"),
            (
                "[]",
                "json: cannot unmarshal array into Go value of type v1beta1.TokenReview",
            ),
            (
                r#"{"spec":"x"}"#,
                "json: cannot unmarshal string into Go struct field TokenReview.spec of type v1beta1.TokenReviewSpec",
            ),
            (
                r#"{"status":5}"#,
                "json: cannot unmarshal number into Go struct field TokenReview.status of type v1beta1.TokenReviewStatus",
            ),
            (
                r#"{"spec":{"token":5}}"#,
                "json: cannot unmarshal number into Go struct field TokenReviewSpec.spec.token of type string",
            ),
            (
                r#"{"spec":{"audiences":"a"}}"#,
                "json: cannot unmarshal string into Go struct field TokenReviewSpec.spec.audiences of type []string",
            ),
            (
                r#"{"spec":{"audiences":[1]}}"#,
                "json: cannot unmarshal number into Go struct field TokenReviewSpec.spec.audiences of type string",
            ),
            (
                r#"{"apiVersion":1}"#,
                "json: cannot unmarshal number into Go struct field TokenReview.TypeMeta.apiVersion of type string",
            ),
        ] {
            let error = TokenReview::parse(body.as_bytes()).unwrap_err();
            assert_eq!(error.cause(), wanted, "{body}");
        }
    }

    #[test]
    fn answers_are_written_as_go_writes_them() {
        let review = TokenReview {
            api_version: "authentication.k8s.io/v1".to_owned(),
            kind: "TokenReview".to_owned(),
            ..TokenReview::default()
        };
        assert_eq!(
            review.render_denied(),
            r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{"creationTimestamp":null},"spec":{},"status":{"user":{}}}"#
        );
        let user = UserInfo {
            username: "a&<b>".to_owned(),
            uid: "u".to_owned(),
            groups: vec!["g".to_owned()],
            extra: [("arn".to_owned(), vec!["x".to_owned()])].into(),
        };
        assert_eq!(
            TokenReview::default().render_granted(&user),
            r#"{"metadata":{"creationTimestamp":null},"spec":{},"status":{"authenticated":true,"user":{"username":"a\u0026\u003cb\u003e","uid":"u","groups":["g"],"extra":{"arn":["x"]}}}}"#
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = TokenReview::parse(&body);
        }
    }
}
