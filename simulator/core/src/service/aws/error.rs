//! The one place where errors become AWS wire bodies.

use std::borrow::Cow;

use crate::aws::iam::IamError;
use crate::aws::iam::IamErrorKind;
use crate::aws::iam_policy::PolicyError;
use crate::aws::iam_policy::authorize::Denied;
use crate::aws::identity_center::PortalError;
use crate::aws::identity_center::SignInError;
use crate::aws::sigv4::SigV4Error;
use crate::cluster::eks::error::EksError;
use crate::cluster::eks::error::EksErrorKind;
use crate::logs::cloudwatch_logs::error::LogsError;
use crate::world::cloudformation::StackError;
use crate::world::sts;
use crate::world::sts::WireError;
use serde_json::Value;
use serde_json::json;

use super::Service;
use super::protocol::Parameters;
use super::protocol::Protocol;
use super::protocol::XML;
use super::protocol::wants_json;
use super::protocol::xml;
use crate::service::aws::unserved;
use crate::service::http::Request;
use crate::service::http::Response;

/// An error as clients see it, with the members that its shape has beside the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AwsError {
    pub(super) code: Cow<'static, str>,
    pub(super) status: u16,
    pub(super) message: String,
    pub(super) members: Vec<(&'static str, Value)>,
    /// That the simulator does not serve what was asked for, where this is the reason.
    pub(super) unserved: Option<String>,
}

impl AwsError {
    pub(super) fn new(code: impl Into<Cow<'static, str>>, status: u16, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            status,
            message: message.into(),
            members: Vec::new(),
            unserved: None,
        }
    }

    /// The same error, which is there since the simulator does not serve what was asked for, as `sentence` says.
    pub(super) fn unserved(self, sentence: impl Into<String>) -> Self {
        Self {
            unserved: Some(sentence.into()),
            ..self
        }
    }

    /// The same error, whose message says that the simulator does not serve a part of what was asked for.
    pub(super) fn says_unserved(self) -> Self {
        let sentence = self.message.clone();
        self.unserved(sentence)
    }

    /// What both services of Identity Center answer in a World that has none.
    pub(super) fn no_identity_center() -> Self {
        Self::new("InvalidRequestException", 400, "this world has no identity_center")
    }
}

impl From<PortalError> for AwsError {
    fn from(error: PortalError) -> Self {
        let (code, status) = match error {
            // The model has no such error; people report it (ministryofjustice/aws-root-account#581).
            PortalError::NoAccess => ("ForbiddenException", 403),
            PortalError::Token => ("UnauthorizedException", 401),
        };
        Self::new(code, status, error.to_string())
    }
}

impl From<SignInError> for AwsError {
    fn from(error: SignInError) -> Self {
        let (code, status, name) = match error {
            SignInError::Challenge | SignInError::StartUrl | SignInError::User | SignInError::UserCode => {
                ("InvalidRequestException", 400, "invalid_request")
            }
            SignInError::Client => ("InvalidClientException", 401, "invalid_client"),
            SignInError::ClientType => ("InvalidClientMetadataException", 400, "invalid_client_metadata"),
            SignInError::Expired => ("ExpiredTokenException", 400, "expired_token"),
            SignInError::Grant => ("InvalidGrantException", 400, "invalid_grant"),
            SignInError::GrantType => ("UnsupportedGrantTypeException", 400, "unsupported_grant_type"),
            SignInError::Pending => ("AuthorizationPendingException", 400, "authorization_pending"),
            SignInError::RedirectUri => ("InvalidRedirectUriException", 400, "invalid_redirect_uri"),
            SignInError::SlowDown => ("SlowDownException", 400, "slow_down"),
        };
        let description = error.to_string();
        Self {
            members: vec![
                ("error", json!(name)),
                (
                    "error_description",
                    json!(Some(description).filter(|text| !text.is_empty())),
                ),
            ],
            ..Self::new(code, status, "")
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

impl From<StackError> for AwsError {
    fn from(error: StackError) -> Self {
        let code = match &error {
            StackError::AlreadyExists { .. } => "AlreadyExistsException",
            StackError::InvalidName { .. }
            | StackError::MissingParameters { .. }
            | StackError::NoSuchStack { .. }
            | StackError::Protected { .. }
            | StackError::TemplateFormat { .. }
            | StackError::UnknownParameters { .. }
            | StackError::Unresolved { .. }
            | StackError::Unserved { .. } => "ValidationError",
        };
        let is_unserved = matches!(&error, StackError::Unserved { .. });
        let error = Self::new(code, 400, error.to_string());
        if is_unserved { error.says_unserved() } else { error }
    }
}

impl From<PolicyError> for AwsError {
    fn from(error: PolicyError) -> Self {
        Self::new("MalformedPolicyDocument", 400, error.to_string())
    }
}

impl From<IamError> for AwsError {
    fn from(error: IamError) -> Self {
        let (code, status) = match error.kind() {
            IamErrorKind::AccessDenied => ("AccessDenied", 403),
            IamErrorKind::DeleteConflict => ("DeleteConflict", 409),
            IamErrorKind::EntityAlreadyExists => ("EntityAlreadyExists", 409),
            IamErrorKind::InvalidAuthenticationCode => ("InvalidAuthenticationCode", 403),
            IamErrorKind::InvalidInput => ("InvalidInput", 400),
            IamErrorKind::LimitExceeded => ("LimitExceeded", 409),
            IamErrorKind::MalformedPolicyDocument => ("MalformedPolicyDocument", 400),
            IamErrorKind::NoSuchEntity => ("NoSuchEntity", 404),
            IamErrorKind::PasswordPolicyViolation => ("PasswordPolicyViolation", 400),
            IamErrorKind::UnmodifiableEntity => ("UnmodifiableEntity", 400),
            IamErrorKind::Validation => ("ValidationError", 400),
        };
        Self::new(code, status, error.to_string())
    }
}

impl From<LogsError> for AwsError {
    fn from(error: LogsError) -> Self {
        let mut members = Vec::new();
        let code = match &error {
            LogsError::MalformedQuery(query) => {
                let location = json!({"startCharOffset": query.start, "endCharOffset": query.end});
                let error = json!({"location": location, "message": query.to_string()});
                members.push(("queryCompileError", error));
                "MalformedQueryException"
            }
            LogsError::GroupExists | LogsError::StreamExists => "ResourceAlreadyExistsException",
            LogsError::TooMany => "LimitExceededException",
            LogsError::TooManyTags => "TooManyTagsException",
            LogsError::NoSuchGroup
            | LogsError::NoSuchQuery { .. }
            | LogsError::NoSuchQueryDefinition
            | LogsError::NoSuchRecord
            | LogsError::NoSuchStream => "ResourceNotFoundException",
            LogsError::BatchTooLarge { .. }
            | LogsError::Conflict { .. }
            | LogsError::Constraint { .. }
            | LogsError::EventTooLarge { .. }
            | LogsError::ExactlyOne(_)
            | LogsError::InvalidPattern(_)
            | LogsError::InvalidToken
            | LogsError::NotInOrder
            | LogsError::OrderWithPrefix
            | LogsError::PrefixWithPattern
            | LogsError::QueryEnded { .. }
            | LogsError::SpanTooLong
            | LogsError::Unserved { .. } => "InvalidParameterException",
        };
        let is_unserved = matches!(&error, LogsError::Unserved { .. });
        let error = Self {
            members,
            ..Self::new(code, 400, error.to_string())
        };
        if is_unserved { error.says_unserved() } else { error }
    }
}

/// A request that is nobody's.
pub(super) fn of_signature(service: Service, error: &SigV4Error) -> AwsError {
    match service.protocol() {
        Protocol::Ec2 => sts::wire_error_ec2(error).into(),
        Protocol::Query => sts::wire_error(error).into(),
        Protocol::RestJson => sts::wire_error_json_service(error).into(),
        // Services of this protocol answer 400 whatever is wrong.
        Protocol::Json => AwsError {
            status: 400,
            ..sts::wire_error_json_service(error).into()
        },
    }
}

/// How a service answers a caller who asks too often.
///
/// Source: for STS see [`sts::throttling`]; the models of EKS and CloudWatch Logs; EC2 API reference, "Error codes".
pub(super) fn throttling(service: Service) -> AwsError {
    let wire = sts::throttling();
    match service.protocol() {
        Protocol::Ec2 => AwsError::new("RequestLimitExceeded", 503, "Request limit exceeded."),
        Protocol::Query => wire.into(),
        Protocol::RestJson => AwsError::new("ThrottlingException", 429, wire.message),
        Protocol::Json => AwsError::new("ThrottlingException", 400, wire.message),
    }
}

/// A request that the caller's policies do not allow.
pub(super) fn of_permission(service: Service, denied: &Denied) -> AwsError {
    let (code, status) = match service.protocol() {
        Protocol::Ec2 => {
            let message = format!(
                "You are not authorized to perform this operation. {}",
                denied.without_resource()
            );
            return AwsError::new("UnauthorizedOperation", 403, message);
        }
        Protocol::Query => ("AccessDenied", 403),
        Protocol::RestJson => ("AccessDeniedException", 403),
        Protocol::Json => ("AccessDeniedException", 400),
    };
    AwsError::new(code, status, denied.to_string())
}

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
            sts::render_error(&error.code, &error.message, request_id),
        ),
        Protocol::Query => {
            let namespace = service.xml_namespace();
            let status = error.status;
            let error = xml("Type", "Sender") + &xml("Code", &error.code) + &xml("Message", &error.message);
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
