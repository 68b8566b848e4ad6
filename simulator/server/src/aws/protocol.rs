//! The query protocol: parameters in a form or a query, answers in XML.

use quick_xml::escape::escape;

use super::Service;
use super::error::AwsError;
use crate::http::Request;
use crate::http::Response;
use crate::http::form_pairs;

/// A call as its parameters name it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// `Action`; for EKS, method and path.
    pub(super) action: String,
    /// `Version`.
    pub(super) version: String,
    parameters: Vec<(String, String)>,
}

impl Call {
    pub(super) fn read(service: Service, request: &Request) -> Self {
        let mut parameters = request.query_pairs();
        if service != Service::Eks && request.method == "POST" {
            parameters.extend(form_pairs(&String::from_utf8_lossy(&request.body)));
        }
        let mut call = Self {
            action: String::new(),
            version: String::new(),
            parameters,
        };
        call.action = match service {
            Service::Eks => format!("{} {}", request.method, request.path),
            Service::Iam | Service::Sts => call.parameter("Action").unwrap_or_default().to_owned(),
        };
        call.version = call.parameter("Version").unwrap_or_default().to_owned();
        call
    }

    /// The parameter of that name.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The parameter of that name, which must be there; `member` is its name in messages.
    pub(super) fn required(&self, name: &str, member: &str) -> Result<&str, AwsError> {
        self.parameter(name).ok_or_else(|| {
            AwsError::new(
                "ValidationError",
                400,
                format!(
                    "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
                ),
            )
        })
    }

    /// The error for an action that the service has not.
    pub(super) fn unknown_action(&self) -> AwsError {
        if self.action.is_empty() {
            return AwsError::new("MissingAction", 400, "The request must contain the parameter Action.");
        }
        AwsError::new(
            "InvalidAction",
            400,
            format!("Could not find operation {} for version {}", self.action, self.version),
        )
    }
}

/// Whether STS is asked for JSON.
pub(super) fn wants_json(request: &Request) -> bool {
    request
        .header("accept")
        .is_some_and(|accept| accept.contains("application/json"))
}

/// `<name>text</name>`, escaped.
pub(super) fn xml(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// The answer to a call that went well. `result` is XML; an empty one leaves the result element out.
pub(super) fn success(namespace: &str, action: &str, result: &str, request_id: &str) -> Response {
    let result = if result.is_empty() {
        String::new()
    } else {
        format!("<{action}Result>{result}</{action}Result>")
    };
    Response::new(
        200,
        "text/xml",
        format!(
            "<{action}Response xmlns=\"{namespace}\">{result}<ResponseMetadata>{}</ResponseMetadata></{action}Response>\n",
            xml("RequestId", request_id)
        ),
    )
}
