//! The protocols of AWS: where a request says what it wants, and how an answer's members are written.

use std::collections::BTreeMap;

use quick_xml::escape::escape;
use serde_json::Value;
use serde_json::json;

use super::Protocol;
use super::Service;
use super::error::AwsError;
use super::input::present;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::http::form_pairs;
use crate::value::constraint;
use crate::value::instant::Timestamp;

/// The parameters of a call, by name: what reads a list of many asks for each by its name.
#[derive(Clone, Debug)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn read(protocol: Protocol, request: &Request) -> Self {
        let mut parameters = request.query_pairs();
        if matches!(protocol, Protocol::Ec2 | Protocol::Query) && request.method == "POST" {
            parameters.extend(form_pairs(&String::from_utf8_lossy(&request.body)));
        }
        Self::of(parameters)
    }

    /// Of a name that stands several times, the first counts.
    fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into_iter().rev().collect())
    }

    /// The parameter of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The members of a list, `NAME.member.1` and so on, up to the first that is not there.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|at| self.get(&format!("{name}.member.{at}"))).collect()
    }

    /// The members of a list in EC2's form, `NAME.1` and so on, up to the first that is not there.
    pub(super) fn numbered(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|at| self.get(&format!("{name}.{at}"))).collect()
    }

    /// The structures of a list in EC2's form, each by the beginning of its members' names and its member `key`.
    pub(super) fn numbered_structures(&self, name: &str, key: &str) -> impl Iterator<Item = (String, &str)> {
        (1..).map_while(move |at| {
            let prefix = format!("{name}.{at}");
            let key = self.get(&format!("{prefix}.{key}"))?;
            Some((prefix, key))
        })
    }

    /// The members of a list of structures, `NAME.member.1.FIELD` and so on, up to the first that has none of the fields.
    pub(super) fn structures<const N: usize>(&self, name: &str, fields: [&str; N]) -> Vec<[Option<&str>; N]> {
        (1..)
            .map(|at| fields.map(|field| self.get(&format!("{name}.member.{at}.{field}"))))
            .take_while(|structure| structure.iter().any(Option::is_some))
            .collect()
    }

    /// The parameter of that name, which must be there; `member` is its name in messages.
    pub(super) fn required(&self, name: &str, member: &str) -> Result<&str, AwsError> {
        self.get(name).ok_or_else(|| {
            let message = constraint::message_of_one(&constraint::missing(member));
            AwsError::new("ValidationError", 400, message)
        })
    }
}

/// Looks at the percent-escapes of a query, which services of the query protocol check before anything else. Source: the
/// texts are those that STS and IAM answer, as scratchstack-aws-signature collected them.
///
/// # Errors
/// MalformedQueryString.
pub(super) fn check_escapes(service: Service, request: &Request) -> Result<(), AwsError> {
    if service.protocol() != Protocol::Query {
        return Ok(());
    }
    let body = if request.method == "POST" { &*request.body } else { &[] };
    for text in [request.query.as_bytes(), body] {
        let mut rest = text.split(|byte| *byte == b'%');
        let _before_the_first = rest.next();
        for escape in rest {
            let message = match escape {
                [first, second, ..] if first.is_ascii_hexdigit() && second.is_ascii_hexdigit() => continue,
                [first, second, ..] => format!(
                    "Illegal hex character in escape % pattern: %{}",
                    String::from_utf8_lossy(&[*first, *second])
                ),
                _ => "Incomplete trailing escape % sequence".to_owned(),
            };
            return Err(AwsError::new("MalformedQueryString", 400, message));
        }
    }
    Ok(())
}

/// The name of the operation that a request of a protocol with names wants.
pub(super) fn operation_name(protocol: Protocol, parameters: &Parameters, request: &Request) -> String {
    match protocol {
        Protocol::Ec2 | Protocol::Query => parameters.get("Action").unwrap_or_default().to_owned(),
        Protocol::RestJson => format!("{} {}", request.method, request.path),
        Protocol::Json => request
            .header("x-amz-target")
            .and_then(|target| target.rsplit('.').next())
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The same for a service of which nothing is known.
pub(super) fn operation_name_of_any(request: &Request) -> String {
    let named = |protocol| {
        let name = operation_name(protocol, &Parameters::read(protocol, request), request);
        Some(name).filter(|name| !name.is_empty())
    };
    named(Protocol::Json)
        .or_else(|| named(Protocol::Query))
        .or_else(|| named(Protocol::RestJson))
        .unwrap_or_default()
}

/// Whether STS is asked for JSON.
pub(super) fn wants_json(service: Service, request: &Request) -> bool {
    service == Service::Sts
        && request
            .header("accept")
            .is_some_and(|accept| accept.contains("application/json"))
}

/// A time as a member: seconds since 1970 in JSON, RFC 3339 in XML.
pub(super) fn time(service: Service, time: Timestamp) -> Value {
    match service.protocol() {
        Protocol::Ec2 | Protocol::Query => json!(time.render_rfc3339()),
        Protocol::RestJson => json!(time.unix_millis() as f64 / 1000.0),
        Protocol::Json => json!(time.unix_millis()),
    }
}

/// What EC2's answers begin with.
pub(super) const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A text as XML has it: escaped, and U+FFFD in place of what XML 1.0 does not allow ("Char"), which no client could read.
fn xml_text(text: &str) -> String {
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    escape(text.replace(|c| !is_allowed(c), "\u{fffd}")).into_owned()
}

/// `<name>text</name>`, escaped.
pub(super) fn xml(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", xml_text(text))
}

/// A map as a member of an answer in XML.
pub(super) fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let entries = entries
        .into_iter()
        .map(|(key, value)| json!({"key": key, "value": value}));
    json!({MAP_ENTRY: entries.collect::<Vec<_>>()})
}

/// The name of a map's elements.
const MAP_ENTRY: &str = "entry";

/// Members as XML: an object's are elements, a list's are elements named `item` (a map's `entry`), and null is absent.
fn xml_members(value: &Value, item: &str, into: &mut String) {
    let mut element = |name: &str, value: &Value| {
        if value.is_null() {
            return;
        }
        if let (MAP_ENTRY, Some(entries)) = (name, value.as_array()) {
            for entry in entries {
                into.push_str("<entry>");
                xml_members(entry, item, into);
                into.push_str("</entry>");
            }
            return;
        }
        into.push_str(&format!("<{name}>"));
        xml_members(value, item, into);
        into.push_str(&format!("</{name}>"));
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| element(name, value)),
        Value::Array(members) => members.iter().for_each(|value| element(item, value)),
        Value::String(text) => into.push_str(&xml_text(text)),
        Value::Bool(_) | Value::Number(_) => into.push_str(&value.to_string()),
        Value::Null => {}
    }
}

/// The answer to a call that went well. Members that are null are absent.
pub(super) fn success(
    service: Service,
    operation: &str,
    members: Value,
    request: &Request,
    request_id: &str,
) -> Response {
    match service.protocol() {
        Protocol::Query if wants_json(service, request) => {
            let body = json!({
                format!("{operation}Response"): {
                    format!("{operation}Result"): present(members),
                    "ResponseMetadata": {"RequestId": request_id},
                }
            });
            Response::new(200, "application/json", body.to_string())
        }
        Protocol::Query => {
            let namespace = service.xml_namespace();
            let mut result = String::new();
            if !members.is_null() {
                xml_members(&json!({format!("{operation}Result"): members}), "member", &mut result);
            }
            let metadata = xml("RequestId", request_id);
            Response::new(
                200,
                "text/xml",
                format!(
                    "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata>{metadata}</ResponseMetadata></{operation}Response>\n"
                ),
            )
        }
        Protocol::Ec2 => {
            let namespace = service.xml_namespace();
            let mut result = xml("requestId", request_id);
            xml_members(&members, "item", &mut result);
            Response::new(
                200,
                "text/xml;charset=UTF-8",
                format!("{XML}<{operation}Response xmlns=\"{namespace}\">{result}</{operation}Response>\n"),
            )
        }
        Protocol::RestJson | Protocol::Json => {
            let kind = match service.protocol() {
                Protocol::Json => "application/x-amz-json-1.1",
                Protocol::Ec2 | Protocol::Query | Protocol::RestJson => "application/json",
            };
            Response::new(200, kind, present(members).to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_elements() {
        let mut got = String::new();
        let members = json!({"A": "x<y", "B": [{"C": 1}, {"C": true}], "D": null, "E": []});
        xml_members(&members, "member", &mut got);
        assert_eq!(
            got,
            "<A>x&lt;y</A><B><member><C>1</C></member><member><C>true</C></member></B><E></E>"
        );
        let mut got = String::new();
        xml_members(
            &json!({"M": map([("a", json!(1)), ("b", json!(2))])}),
            "member",
            &mut got,
        );
        assert_eq!(
            got,
            "<M><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></M>"
        );
    }

    #[test]
    fn what_xml_does_not_allow_is_replaced() {
        let mut got = String::new();
        xml_members(&json!({"A": "x\u{0}\u{1b}\u{ffff}é\n"}), "member", &mut got);
        assert_eq!(got, "<A>x\u{fffd}\u{fffd}\u{fffd}é\n</A>");
        assert_eq!(xml("B", "\u{1}<"), "<B>\u{fffd}&lt;</B>");
    }

    #[test]
    fn sts_answers_in_json_where_it_is_asked_to() {
        let request = Request {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: Vec::new(),
            peer: ([127, 0, 0, 1], 1).into(),
        };
        let members = json!({"Account": "111122223333", "Arn": "a", "UserId": "b"});
        let answer = success(Service::Sts, "GetCallerIdentity", members, &request, "r");
        assert_eq!(
            String::from_utf8(answer.body).unwrap(),
            r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333","Arn":"a","UserId":"b"},"ResponseMetadata":{"RequestId":"r"}}}"#
        );
    }

    #[test]
    fn escapes_are_two_hexadecimal_digits() {
        for (query, wanted) in [
            ("", None),
            ("a=%20%fF", None),
            ("a=%", Some("Incomplete trailing escape % sequence")),
            ("a=%2", Some("Incomplete trailing escape % sequence")),
            ("a=%zz", Some("Illegal hex character in escape % pattern: %zz")),
            ("a=%2x%20", Some("Illegal hex character in escape % pattern: %2x")),
        ] {
            let mut request = Request {
                method: "GET".to_owned(),
                path: "/".to_owned(),
                query: query.to_owned(),
                headers: Vec::new(),
                body: b"%".to_vec(),
                peer: ([127, 0, 0, 1], 1).into(),
            };
            let answer = |service, request: &Request| check_escapes(service, request).err().map(|error| error.message);
            assert_eq!(answer(Service::Sts, &request).as_deref(), wanted, "{query}");
            assert_eq!(answer(Service::Eks, &request), None);
            request.method = "POST".to_owned();
            assert!(answer(Service::Sts, &request).is_some());
        }
    }

    #[test]
    fn structures_end_where_no_field_is() {
        let parameters = Parameters::of(form_pairs("t.member.1.K=x&t.member.2.V=y&t.member.4.K=z"));
        assert_eq!(
            parameters.structures("t", ["K", "V"]),
            [[Some("x"), None], [None, Some("y")]]
        );
    }

    #[test]
    fn lists_are_numbered_from_one() {
        let parameters = Parameters::of(form_pairs("a.member.1=x&a.member.2=y&a.member.4=z"));
        assert_eq!(parameters.list("a"), ["x", "y"]);
        assert_eq!(parameters.list("b"), Vec::<&str>::new());
    }
}
