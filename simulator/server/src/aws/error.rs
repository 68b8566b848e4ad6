//! The one place where errors become AWS wire bodies.

use eks_auth_core::eks::error::EksError;
use eks_auth_core::eks::error::EksErrorKind;
use eks_auth_core::iam::IamError;
use eks_auth_core::sigv4::SigV4Error;
use eks_auth_core::sts;
use eks_auth_core::sts::WireError;
use serde_json::json;

use super::Service;
use super::protocol::wants_json;
use super::protocol::xml;
use crate::http::Request;
use crate::http::Response;

/// An error as clients see it, with the members that its shape has beside the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AwsError {
    pub(super) code: &'static str,
    pub(super) status: u16,
    pub(super) message: String,
    pub(super) members: Vec<(&'static str, String)>,
}

impl AwsError {
    pub(super) fn new(code: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            status,
            message: message.into(),
            members: Vec::new(),
        }
    }
}

impl From<WireError> for AwsError {
    fn from(error: WireError) -> Self {
        Self::new(error.code, error.status, error.message)
    }
}

impl From<EksError> for AwsError {
    fn from(error: EksError) -> Self {
        let (code, status) = match error.kind() {
            EksErrorKind::InvalidParameter => ("InvalidParameterException", 400),
            EksErrorKind::InvalidRequest => ("InvalidRequestException", 400),
            EksErrorKind::ResourceInUse => ("ResourceInUseException", 409),
            EksErrorKind::ResourceNotFound => ("ResourceNotFoundException", 404),
        };
        Self::new(code, status, error.to_string())
    }
}

impl From<IamError> for AwsError {
    fn from(error: IamError) -> Self {
        let (code, status) = match &error {
            IamError::InvalidName { .. } | IamError::InvalidPath { .. } => ("ValidationError", 400),
            IamError::NoSuchAccessKey { .. }
            | IamError::NoSuchAccount { .. }
            | IamError::NoSuchRole { .. }
            | IamError::NoSuchUser { .. } => ("NoSuchEntity", 404),
            IamError::RoleExists { .. } | IamError::UserExists { .. } => ("EntityAlreadyExists", 409),
            IamError::TooManyAccessKeys => ("LimitExceeded", 409),
            IamError::UserHasAccessKeys => ("DeleteConflict", 409),
        };
        Self::new(code, status, error.to_string())
    }
}

/// A request that is nobody's.
pub(super) fn of_signature(service: Service, error: &SigV4Error) -> AwsError {
    match service {
        Service::Iam | Service::Sts => sts::wire_error(error).into(),
        Service::Eks => sts::wire_error_json_service(error).into(),
    }
}

/// The answer to a failed call, in the service's protocol.
pub(super) fn render(service: Service, error: &AwsError, request: &Request, request_id: &str) -> Response {
    match service {
        Service::Sts if wants_json(request) => Response::new(
            error.status,
            "application/json",
            sts::render_error_json(
                &WireError {
                    code: error.code,
                    status: error.status,
                    message: error.message.clone(),
                },
                request_id,
            ),
        ),
        Service::Iam | Service::Sts => {
            let namespace = if service == Service::Iam {
                super::iam::NAMESPACE
            } else {
                super::sts::NAMESPACE
            };
            let status = error.status;
            let error = xml("Type", "Sender") + &xml("Code", error.code) + &xml("Message", &error.message);
            Response::new(
                status,
                "text/xml",
                format!(
                    "<ErrorResponse xmlns=\"{namespace}\"><Error>{error}</Error>{}</ErrorResponse>\n",
                    xml("RequestId", request_id)
                ),
            )
        }
        Service::Eks => {
            let mut body = json!({"message": error.message});
            if let Some(body) = body.as_object_mut() {
                for (name, value) in &error.members {
                    body.insert((*name).to_owned(), json!(value));
                }
            }
            Response::new(error.status, "application/json", body.to_string())
                .with_header("x-amzn-errortype", error.code)
        }
    }
}

/// What a service that is not served answers, in a form that every SDK reads as an error.
pub(super) fn unserved(name: &str, request: &Request, request_id: &str) -> Response {
    let message = format!("eks-auth-sim does not serve {name}");
    if request.header("content-type").is_some_and(|kind| kind.contains("json")) {
        return Response::new(
            501,
            "application/json",
            json!({"__type": "NotImplemented", "message": message}).to_string(),
        )
        .with_header("x-amzn-errortype", "NotImplemented")
        .with_header("x-amzn-requestid", request_id);
    }
    let error = xml("Type", "Sender") + &xml("Code", "NotImplemented") + &xml("Message", &message);
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
