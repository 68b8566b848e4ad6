//! The services as functions of a call: what each answers, and what that has for effects. Listeners, files and the disk are
//! the shell's.

pub mod aws;
pub mod call;
pub mod event;
pub mod http;
pub mod kube;
pub mod last_seen;
pub mod last_used;
pub mod refusal;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod token_cache;
pub mod webhook;
pub mod weight;

use self::call::Call;
use self::call::Given;
use self::call::Outcome;
use self::http::Request;
use self::http::Response;
use self::refusal::Refusal;
use crate::go::json::opens_more_than;

/// What a listener stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Every AWS service.
    Aws,
    /// The Kubernetes API of the cluster of that name, and its webhook.
    Cluster(String),
    /// The webhook of the cluster of that name alone.
    Webhook(String),
}

/// An answer, and what the shell is to do before it is sent.
#[derive(Debug)]
pub struct Answer {
    /// What the client gets.
    pub response: Response,
    /// What becomes of the World, and what is to be done.
    pub outcome: Outcome,
}

/// So many maps and lists a body may have. A definition of custom resources, the most intricate of what is sent, has some tens
/// of thousands in its 1.5 MiB.
pub const MOST_VALUES: usize = 100_000;

/// Whether a body is JSON that has more maps and lists than [`MOST_VALUES`], each of which takes much more memory than text.
/// FIDELITY: upstream reads as many as the size of a body allows.
#[must_use]
pub fn is_too_complex(body: &[u8]) -> bool {
    // Each takes two bytes at least.
    body.len() > 2 * MOST_VALUES
        && matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
        && opens_more_than(MOST_VALUES, body)
}

/// What a client gets whose request no service looks at. Of one whose body was not read the body is empty.
///
/// FIDELITY: what AWS answers to bodies beyond its limits and in place of answers that are late is not documented for each
/// service; the codes are such as every SDK reads as an error.
#[must_use]
pub fn refuse(endpoint: &Endpoint, request: &Request, refusal: Refusal, request_id: &str) -> Response {
    match endpoint {
        Endpoint::Aws => aws::refuse(request, refusal, request_id),
        Endpoint::Cluster(_) | Endpoint::Webhook(_) => kube::refuse(request, refusal),
    }
}

/// Answers a request to an endpoint.
#[must_use]
pub fn answer(endpoint: &Endpoint, request: &Request, given: Given) -> Answer {
    let call = Call::new(given);
    let response = match endpoint {
        Endpoint::Aws => aws::handle(&call, request),
        Endpoint::Cluster(name) => kube::handle(&call, name, request),
        Endpoint::Webhook(name) => webhook::handle(&call, name, request),
    };
    Answer {
        response,
        outcome: call.finish(),
    }
}

/// Answers a request whose change cannot be kept, since the disk is full or fails: as the real service does where the fault is
/// its own. Nothing is changed.
#[must_use]
pub fn not_kept(endpoint: &Endpoint, request: &Request, given: Given) -> Answer {
    let call = Call::new(given);
    let response = match endpoint {
        Endpoint::Aws => aws::not_kept(&call, request),
        Endpoint::Cluster(_) => kube::not_kept(&call, request),
        Endpoint::Webhook(_) => webhook::not_kept(),
    };
    Answer {
        response,
        outcome: call.finish(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;
    use crate::service::http::Peer;
    use crate::value::instant::Timestamp;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_body_of_too_many_maps_is_told_before_it_is_read() {
        let maps = |count: usize| format!(" [{}{{}}]", "{},".repeat(count - 1));
        assert!(!is_too_complex(maps(MOST_VALUES - 1).as_bytes()));
        assert!(is_too_complex(maps(MOST_VALUES).as_bytes()));
        let text = format!("{{\"data\": {:?}}}", maps(2 * MOST_VALUES));
        assert!(!is_too_complex(text.as_bytes()), "what stands in a text is text");
        assert!(!is_too_complex(b"Action=x&y={{{{"));
    }

    #[track_caller]
    fn check(endpoint: &Endpoint, request: &Request, content_type: &str, wanted: &str) {
        let world = scenario::stage(scenario::ARTICLE_WORLD, NOW).unwrap().world;
        let answer = not_kept(endpoint, request, Given::new(world.into(), NOW));
        assert_eq!(answer.response.status, 500);
        assert!(answer.outcome.world.is_none() && answer.outcome.logs.is_none());
        let has = |name: &str, value: &str| {
            let mut headers = answer.response.headers.iter();
            headers.any(|(known, text)| known.eq_ignore_ascii_case(name) && text == value)
        };
        assert!(has("content-type", content_type), "{:?}", answer.response.headers);
        let body = String::from_utf8(answer.response.body).unwrap();
        assert!(body.contains(wanted), "{body}");
    }

    fn request(path: &str, headers: Vec<(String, String)>) -> Request {
        Request {
            method: "POST".to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers,
            body: Vec::new(),
            peer: Peer::from(([127, 0, 0, 1], 40_000)),
        }
    }

    #[test]
    fn what_cannot_be_kept_fails_as_the_service_itself_would() {
        let unknown = "The request processing has failed because of an unknown error, exception or failure.";
        let xml = |kind: &str, code: &str| {
            format!("<Error><Type>{kind}</Type><Code>{code}</Code><Message>{unknown}</Message></Error>")
        };
        let aws_cases = [
            ("iam", "text/xml", xml("Receiver", "ServiceFailure")),
            ("sts", "text/xml", xml("Receiver", "InternalFailure")),
            ("cloudformation", "text/xml", xml("Receiver", "InternalFailure")),
            (
                "ec2",
                "text/xml;charset=UTF-8",
                "<Error><Code>InternalError</Code><Message>An internal error has occurred</Message></Error>".to_owned(),
            ),
            (
                "logs",
                "application/x-amz-json-1.1",
                r#""__type":"ServiceUnavailableException""#.to_owned(),
            ),
            (
                "eks",
                "application/json",
                r#"{"message":"These errors are usually caused by a server-side issue."}"#.to_owned(),
            ),
        ];
        for (service, content_type, wanted) in aws_cases {
            let scope = format!("AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-west-2/{service}/aws4_request");
            let request = request("/", vec![("authorization".to_owned(), scope)]);
            check(&Endpoint::Aws, &request, content_type, &wanted);
        }
        let cluster = Endpoint::Cluster("my-cluster".to_owned());
        let request = request("/api/v1/namespaces/default/configmaps", Vec::new());
        let status = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"etcdserver: mvcc: database space exceeded","code":500}"#;
        check(&cluster, &request, "application/json", status);
        let webhook = Endpoint::Webhook("my-cluster".to_owned());
        check(
            &webhook,
            &request,
            "text/plain; charset=utf-8",
            "Internal Server Error\n",
        );
    }
}
