//! What goes over the wire of an error: one renderer for every service, in its protocol.

use serde_json::Value;
use serde_json::json;

use super::Protocol;
use super::Service;
use super::error::AwsError;
use super::protocol::Parameters;
use super::protocol::XML;
use super::protocol::wants_json;
use super::protocol::xml;
use super::unserved;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::world::sts;

/// Characters of a message at most: messages repeat what clients send.
const LONGEST_MESSAGE: usize = 8192;

/// The answer to a failed call, in the service's protocol.
pub(super) fn render(service: Service, error: &AwsError, request: &Request, request_id: &str) -> Response {
    let error = &AwsError {
        message: unserved::cut(&error.message, LONGEST_MESSAGE),
        ..error.clone()
    };
    match service.protocol() {
        Protocol::Ec2 => {
            let status = error.status;
            let error = xml("Code", &error.code) + &xml("Message", &error.message);
            Response::new(
                status,
                "text/xml;charset=UTF-8",
                format!(
                    "{XML}<Response><Errors><Error>{error}</Error></Errors>{}</Response>\n",
                    xml("RequestID", request_id)
                ),
            )
        }
        Protocol::Query if wants_json(service, request) => Response::new(
            error.status,
            "application/json",
            sts::render_error(&error.code, error.status, &error.message, request_id),
        ),
        Protocol::Query => {
            let namespace = service.xml_namespace();
            let status = error.status;
            let error =
                xml("Type", sts::at_fault(status)) + &xml("Code", &error.code) + &xml("Message", &error.message);
            Response::new(
                status,
                "text/xml",
                format!(
                    "<ErrorResponse xmlns=\"{namespace}\"><Error>{error}</Error>{}</ErrorResponse>\n",
                    xml("RequestId", request_id)
                ),
            )
        }
        Protocol::RestJson => Response::new(error.status, "application/json", json_body(error).to_string())
            .with_header("x-amzn-errortype", error.code.as_ref()),
        Protocol::Json => {
            let mut body = json_body(error);
            if let Some(body) = body.as_object_mut() {
                body.insert("__type".to_owned(), json!(error.code));
            }
            Response::new(error.status, "application/x-amz-json-1.1", body.to_string())
        }
    }
}

fn json_body(error: &AwsError) -> Value {
    // OAuth's errors have a description in place of a message.
    let has_description = error.members.iter().any(|(name, _)| *name == "error_description");
    let mut body = if has_description {
        json!({})
    } else {
        json!({"message": error.message})
    };
    if let Some(body) = body.as_object_mut() {
        for (name, value) in &error.members {
            body.insert((*name).to_owned(), value.clone());
        }
    }
    body
}

/// The error for an operation that the service has not, or that is not served: there is no list here of those that it has.
///
/// Of EKS, as hashicorp/terraform-provider-aws#27485 shows the answer of a region that did not know a path yet.
pub(super) fn unknown_operation(service: Service, parameters: &Parameters, name: &str) -> AwsError {
    let error = match service.protocol() {
        Protocol::Ec2 if name.is_empty() => {
            AwsError::new("MissingParameter", 400, "The request must contain the parameter Action")
        }
        Protocol::Ec2 => {
            let message = format!("The action {name} is not valid for this web service.");
            AwsError::new("InvalidAction", 400, message)
        }
        Protocol::Query if name.is_empty() => {
            AwsError::new("MissingAction", 400, "The request must contain the parameter Action.")
        }
        Protocol::Query => {
            let version = parameters.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
            let message = format!("Could not find operation {name} for version {version}");
            AwsError::new("InvalidAction", 400, message)
        }
        Protocol::RestJson => AwsError::new(
            "AccessDeniedException",
            403,
            "Unable to determine service/operation name to be authorized",
        ),
        Protocol::Json => AwsError::new("UnknownOperationException", 400, ""),
    };
    error.unserved(unserved::sentence(&format!("{} {name}", service.title())))
}

/// The code of what a service that is not served answers.
pub(super) const NOT_IMPLEMENTED: &str = "NotImplemented";

/// What a service that is not served answers, in a form that every SDK reads as an error.
pub(super) fn unserved(name: &str, request: &Request, request_id: &str) -> Response {
    let message = format!("eks-auth-sim does not serve {name}");
    if request.header("content-type").is_some_and(|kind| kind.contains("json")) {
        return Response::new(
            501,
            "application/json",
            json!({"__type": NOT_IMPLEMENTED, "message": message}).to_string(),
        )
        .with_header("x-amzn-errortype", NOT_IMPLEMENTED)
        .with_header("x-amzn-requestid", request_id);
    }
    let error = xml("Type", "Sender") + &xml("Code", NOT_IMPLEMENTED) + &xml("Message", &message);
    Response::new(
        501,
        "text/xml",
        format!(
            "<ErrorResponse><Error>{error}</Error>{}</ErrorResponse>\n",
            xml("RequestId", request_id)
        ),
    )
    .with_header("x-amzn-requestid", request_id)
}
