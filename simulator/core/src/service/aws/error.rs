//! The one place where errors become AWS wire bodies.

use std::borrow::Cow;

use serde_json::Value;
use serde_json::json;

use super::Protocol;
use super::Service;
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
        let (code, status) = match &error {
            StackError::AlreadyExists { .. } => ("AlreadyExistsException", 400),
            StackError::RoleOfOtherAccount => ("AccessDenied", 403),
            StackError::InvalidName { .. }
            | StackError::InvalidRole { .. }
            | StackError::MissingParameters { .. }
            | StackError::NoSuchStack { .. }
            | StackError::Protected { .. }
            | StackError::RoleNotAssumable { .. }
            | StackError::TemplateFormat { .. }
            | StackError::TemplateTooLarge
            | StackError::UnknownParameters { .. }
            | StackError::Unresolved { .. }
            | StackError::Unserved { .. } => ("ValidationError", 400),
        };
        let is_unserved = matches!(&error, StackError::Unserved { .. });
        let error = Self::new(code, status, error.to_string());
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

/// How a service answers where the fault is its own.
///
/// Source: botocore's models (`ServerException` of EKS, `ServiceUnavailableException` of CloudWatch Logs, `ServiceFailure` of
/// IAM, `InternalServerException` of Identity Center's sso-oidc); "Common Errors" in the API references of STS and
/// CloudFormation, which the portal's model has no error beside; EC2 API reference, "Error codes".
pub(super) fn own_fault(service: Service) -> AwsError {
    const UNKNOWN: &str = "The request processing has failed because of an unknown error, exception or failure.";
    match service {
        Service::Ec2 => AwsError::new("InternalError", 500, "An internal error has occurred"),
        Service::Eks => AwsError::new(
            "ServerException",
            500,
            "These errors are usually caused by a server-side issue.",
        ),
        Service::Iam => AwsError::new("ServiceFailure", 500, UNKNOWN),
        Service::Logs => AwsError::new(
            "ServiceUnavailableException",
            500,
            "The service cannot complete the request.",
        ),
        Service::SsoOidc => AwsError {
            members: vec![("error", json!("server_error")), ("error_description", json!(null))],
            ..AwsError::new("InternalServerException", 500, "")
        },
        Service::CloudFormation | Service::Sso | Service::Sts => AwsError::new("InternalFailure", 500, UNKNOWN),
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
