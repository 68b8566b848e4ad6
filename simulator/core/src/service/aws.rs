//! The AWS endpoint: every service behind one handler, told apart by the host where that is one of AWS, else by the
//! credential scope and the shape of the request.

mod center;
mod cloudformation;
mod ec2;
mod eks;
mod error;
mod event_stream;
mod iam;
mod input;
mod logs;
mod oidc_issuer;
mod operation;
mod protocol;
pub mod sign_in;
mod sso;
mod sso_oidc;
mod sts;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod unserved;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use self::error::AwsError;
use self::operation::Access;
use self::operation::Context;
use self::operation::Operation;
use self::operation::Work;
use self::protocol::Parameters;
use crate::aws::aws_host::AwsHost;
use crate::aws::iam_policy::RequestContext;
use crate::aws::iam_policy::authorize;
use crate::aws::sigv4;
use crate::aws::sigv4::Receiver;
use crate::aws::sigv4::SigV4Error;
use crate::aws::sigv4::SignedRequest;
use crate::aws::sigv4::VerifiedCaller;
use crate::explain::Explanation;
use crate::explain::RefusedCall;
use crate::explain::explain_aws_call;
use crate::service::call::Call;
use crate::service::call::Effect;
use crate::service::event::EventKind;
use crate::service::http::Delivery;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::last_used::LastUse;
use crate::service::refusal::Refusal;
use crate::value::trace::Trace;
use crate::world::fault;
use crate::world::fault::FaultTarget;
use crate::world::fault::LONGEST_MS;

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// Parameters in a form or a query, lists without a word between, answers in XML of a form of its own.
    Ec2,
    /// Parameters in a form or a query, answers in XML; STS also in JSON.
    Query,
    /// Methods, paths and JSON.
    RestJson,
    /// `X-Amz-Target` and JSON, version 1.1.
    Json,
}

/// A service that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    CloudFormation,
    Ec2,
    Eks,
    Iam,
    Logs,
    Sso,
    SsoOidc,
    Sts,
}

impl Service {
    const ALL: [Self; 8] = [
        Self::CloudFormation,
        Self::Ec2,
        Self::Eks,
        Self::Iam,
        Self::Logs,
        Self::Sso,
        Self::SsoOidc,
        Self::Sts,
    ];

    /// The name in credential scopes, hosts and policies; of Identity Center's, that of the model.
    const fn name(self) -> &'static str {
        match self {
            Self::CloudFormation => "cloudformation",
            Self::Ec2 => "ec2",
            Self::Eks => "eks",
            Self::Iam => "iam",
            Self::Logs => "logs",
            Self::Sso => "sso",
            Self::SsoOidc => "sso-oidc",
            Self::Sts => "sts",
        }
    }

    /// The name that people use.
    const fn title(self) -> &'static str {
        match self {
            Self::CloudFormation => "CloudFormation",
            Self::Ec2 => "EC2",
            Self::Eks => "EKS",
            Self::Iam => "IAM",
            Self::Logs => "CloudWatch Logs",
            Self::Sso => "Identity Center (sso)",
            Self::SsoOidc => "Identity Center (sso-oidc)",
            Self::Sts => "STS",
        }
    }

    const fn protocol(self) -> Protocol {
        match self {
            Self::Ec2 => Protocol::Ec2,
            Self::Eks | Self::Sso | Self::SsoOidc => Protocol::RestJson,
            Self::Logs => Protocol::Json,
            Self::CloudFormation | Self::Iam | Self::Sts => Protocol::Query,
        }
    }

    const fn operations(self) -> &'static [Operation] {
        match self {
            Self::CloudFormation => cloudformation::OPERATIONS,
            Self::Ec2 => ec2::OPERATIONS,
            Self::Eks => eks::OPERATIONS,
            Self::Iam => iam::OPERATIONS,
            Self::Logs => logs::OPERATIONS,
            Self::Sso => sso::OPERATIONS,
            Self::SsoOidc => sso_oidc::OPERATIONS,
            Self::Sts => sts::OPERATIONS,
        }
    }

    /// The namespace of every answer in XML; empty for the other protocols.
    const fn xml_namespace(self) -> &'static str {
        match self {
            Self::CloudFormation => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
            Self::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
            Self::Eks | Self::Logs | Self::Sso | Self::SsoOidc => "",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }

    /// Minutes by which a request's date may be off.
    const fn skew_minutes(self) -> i64 {
        match self {
            Self::Sts => 15,
            Self::CloudFormation | Self::Ec2 | Self::Eks | Self::Iam | Self::Logs | Self::Sso | Self::SsoOidc => 5,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        // Of Identity Center, the hosts are oidc.REGION.amazonaws.com and portal.sso.REGION.amazonaws.com, and credential
        // scopes name it otherwise than both.
        match name {
            "oidc" | "sso-oauth" => return Some(Self::SsoOidc),
            "awsssoportal" => return Some(Self::Sso),
            _ => {}
        }
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// The service of the host, or else the one that the credential scope names, or else the REST service with such a
    /// path, or else STS.
    fn of(request: &Request, host: Option<&AwsHost>) -> Result<Self, String> {
        if let Some(host) = host {
            return Self::from_name(&host.service).ok_or_else(|| host.service.clone());
        }
        // Of several, the last one is what the signature is verified with.
        let credential = request
            .header("authorization")
            .and_then(|header| header.rsplit_once("Credential="))
            .map(|(_, rest)| rest.split(',').next().unwrap_or_default().to_owned())
            .or_else(|| request.query_value("X-Amz-Credential"));
        let scope = credential.and_then(|credential| credential.split('/').nth(3).map(str::to_owned));
        if let Some(name) = scope {
            return Self::from_name(&name).ok_or(name);
        }
        let rest = Self::ALL.into_iter().find(|service| {
            service.protocol() == Protocol::RestJson && operation::route(service.operations(), "", request).is_some()
        });
        Ok(rest.unwrap_or(Self::Sts))
    }
}

/// Every operation that is served: the service's name and the operation's, ordered by both.
#[must_use]
pub fn operations() -> Vec<(&'static str, &'static str)> {
    let mut operations: Vec<(&str, &str)> = Service::ALL
        .into_iter()
        .flat_map(|service| {
            let names = service.operations().iter().map(|operation| operation.name);
            names.map(move |name| (service.name(), name))
        })
        .collect();
    operations.sort_unstable();
    operations
}

/// Answers a request to the AWS endpoint.
#[must_use]
pub fn handle(base: &Call, request: &Request) -> Response {
    if let Some(page) = sign_in::answer(base, request) {
        return page;
    }
    if let Some(document) = oidc_issuer::answer(base, request) {
        return document;
    }
    let request_id = base.request_id();
    let host = aws_host(request);
    let service = match Service::of(request, host.as_ref()) {
        Ok(service) => service,
        Err(name) => return unserved_service(base, &name, request, &request_id),
    };
    let mut call = Served::new(base, service, host, request);
    let answer = call.answer(&request_id);
    let error = answer.as_ref().err();
    let code = error.map(|error| error.code.to_string());
    let unserved = error.and_then(|error| error.unserved.clone());
    let explanation = error.and_then(|error| call.explain(error));
    let response = answer.unwrap_or_else(|error| wire::render(service, &error, request, &request_id));
    let seen = Seen {
        service: service.name(),
        action: &call.name,
        caller: call.caller.as_ref().map(|caller| caller.identity().arn.clone()),
        error: code,
        unserved,
        explanation,
        trace: call.trace,
    };
    seen.record(base, response).with_header("x-amzn-requestid", request_id)
}

/// What a client gets whose request no service looks at.
pub(super) fn refuse(request: &Request, refusal: Refusal, request_id: &str) -> Response {
    let host = aws_host(request);
    let service = match Service::of(request, host.as_ref()) {
        Ok(service) => service,
        Err(name) => return wire::unserved(&unserved::short(&name), request, request_id),
    };
    let error = match refusal {
        Refusal::TooLarge(limit) => AwsError::new(
            "RequestEntityTooLarge",
            413,
            format!("Request entity too large: limit is {limit}"),
        ),
        Refusal::TooComplex(limit) => AwsError::new(
            "RequestEntityTooLarge",
            413,
            format!("Request entity too large: limit is {limit} maps and lists"),
        ),
        Refusal::Overloaded => error::throttling(service),
        Refusal::TimedOut => AwsError::new("ServiceUnavailable", 503, "The answer was not ready in time."),
    };
    wire::render(service, &error, request, request_id).with_header("x-amzn-requestid", request_id)
}

/// Answers a request whose change cannot be kept: as the service does where the fault is its own.
#[must_use]
pub fn not_kept(base: &Call, request: &Request) -> Response {
    let request_id = base.request_id();
    let service = match Service::of(request, aws_host(request).as_ref()) {
        Ok(service) => service,
        Err(name) => return unserved_service(base, &name, request, &request_id),
    };
    let parameters = Parameters::read(service.protocol(), request);
    let said = protocol::operation_name(service.protocol(), &parameters, request);
    let routed = operation::route(service.operations(), &said, request);
    let error = error::own_fault(service);
    let seen = Seen {
        service: service.name(),
        action: routed.map_or(said.as_str(), |(operation, _)| operation.name),
        caller: None,
        error: Some(error.code.to_string()),
        unserved: None,
        explanation: None,
        trace: Trace::new(),
    };
    seen.record(base, wire::render(service, &error, request, &request_id))
        .with_header("x-amzn-requestid", request_id)
}

/// Answers a request to a service that is not served.
fn unserved_service(base: &Call, name: &str, request: &Request, request_id: &str) -> Response {
    let name = unserved::short(name);
    let operation = protocol::operation_name_of_any(request);
    let seen = Seen {
        service: &name,
        action: &operation,
        caller: None,
        error: Some(wire::NOT_IMPLEMENTED.to_owned()),
        unserved: Some(unserved::sentence(&format!("{name} {operation}"))),
        explanation: None,
        trace: Trace::new(),
    };
    seen.record(base, wire::unserved(&name, request, request_id))
}

/// What is told of a call that was answered.
struct Seen<'a> {
    service: &'a str,
    action: &'a str,
    caller: Option<String>,
    error: Option<String>,
    unserved: Option<String>,
    explanation: Option<Arc<Explanation>>,
    trace: Trace,
}

impl Seen<'_> {
    /// Records the call; what is not served is reported in the log and in the answer too.
    fn record(self, base: &Call, response: Response) -> Response {
        let action = unserved::short(self.action);
        let unserved = self.unserved.as_deref().map(unserved::whole);
        let response = match &unserved {
            None => response,
            Some(sentence) => {
                let mut fields = vec![
                    ("action", action.clone()),
                    ("service", self.service.to_owned()),
                    ("status", response.status.to_string()),
                ];
                fields.extend(self.caller.clone().map(|caller| ("caller", caller)));
                unserved::say(base, response, sentence, fields)
            }
        };
        base.record(
            base.now(),
            EventKind::AwsCall {
                service: self.service.to_owned(),
                action,
                caller: self.caller,
                status: response.status,
                error: self.error,
                unserved,
                explanation: self.explanation,
                trace: self.trace,
            },
        );
        response
    }
}

/// The check that no fault strikes.
const FAULT: &str = "aws.fault";

/// A request on its way through a service, with what is known of it so far.
struct Served<'a> {
    base: &'a Call,
    service: Service,
    host: Option<AwsHost>,
    request: &'a Request,
    parameters: Parameters,
    /// The operation's name where it is known, else what the request says of it.
    name: String,
    caller: Option<VerifiedCaller>,
    /// What is wrong with the signature, where it does not hold.
    signature: Option<SigV4Error>,
    trace: Trace,
}

impl<'a> Served<'a> {
    fn new(base: &'a Call, service: Service, host: Option<AwsHost>, request: &'a Request) -> Self {
        let parameters = Parameters::read(service.protocol(), request);
        Self {
            base,
            service,
            host,
            request,
            name: protocol::operation_name(service.protocol(), &parameters, request),
            parameters,
            caller: None,
            signature: None,
            trace: Trace::new(),
        }
    }

    /// The steps of every call: which operation, who calls, may they, and the work itself.
    fn answer(&mut self, request_id: &str) -> Result<Response, AwsError> {
        protocol::check_escapes(self.service, self.request)?;
        let routed = operation::route(self.service.operations(), &self.name, self.request);
        if let Some((operation, _)) = &routed {
            operation.name.clone_into(&mut self.name);
        }
        let is_signed = !matches!(&routed, Some((operation, _)) if matches!(operation.access, Access::Anonymous));
        if is_signed {
            let caller = self.authenticate().map_err(|error| match &routed {
                Some(_) => error,
                // Of what AWS has for callers without a signature, the lack of one is not the reason.
                None => AwsError {
                    unserved: self.unknown_operation().unserved,
                    ..error
                },
            })?;
            self.note_use(&caller);
            self.caller = Some(caller);
        }
        let Some((operation, labels)) = routed else {
            return Err(self.unknown_operation());
        };
        if let Some(delivery) = self.strike()? {
            return Ok(Response::new(504, "text/plain", "").delivered(delivery));
        }
        let context = Context {
            base: self.base,
            service: self.service,
            request: self.request,
            parameters: &self.parameters,
            caller: self.caller.as_ref(),
            labels,
            region: self.region(),
            is_global: self.host.as_ref().is_some_and(|host| host.region.is_none()),
            now: self.base.now(),
        };
        if let Access::Permission(resource) = operation.access {
            permit(&context, operation.name, &resource(&context))?;
        }
        match operation.answer {
            Work::Members(work) => {
                let members = work(&context)?;
                Ok(protocol::success(
                    self.service,
                    operation.name,
                    members,
                    self.request,
                    request_id,
                ))
            }
            Work::Whole(work) => work(&context),
        }
    }

    fn unknown_operation(&self) -> AwsError {
        wire::unknown_operation(self.service, &self.parameters, &self.name)
    }

    /// What a fault of the World does to this call: how it is delivered where it is lost on its way, so that nothing is done.
    fn strike(&mut self) -> Result<Option<Delivery>, AwsError> {
        let target = FaultTarget {
            service: self.service.name(),
            action: &self.name,
            principal: self.caller.as_ref().map(|caller| caller.identity().arn.as_str()),
        };
        let Some(strike) = self.base.strike(target) else {
            return Ok(None);
        };
        let fault = format!("fault {}: {:?}", strike.fault, strike.effect);
        self.trace.failed_on(FAULT, "no fault strikes the call", None, fault);
        match strike.effect {
            fault::Effect::Drop => Ok(Some(Delivery::Dropped)),
            fault::Effect::Error { code, status, message } => Err(AwsError::new(code, status, message)),
            fault::Effect::Latency(milliseconds) => {
                self.base.delay(Duration::from_millis(milliseconds));
                Ok(None)
            }
            fault::Effect::Throttle => Err(error::throttling(self.service)),
            fault::Effect::Timeout => {
                self.base.delay(Duration::from_millis(LONGEST_MS));
                Ok(Some(Delivery::Prompt))
            }
        }
    }

    /// The region of the host or, without one, of the credential scope.
    fn region(&self) -> String {
        let of_host = self.host.as_ref().and_then(AwsHost::signing_region);
        let of_scope = self.caller.as_ref().map(|caller| caller.scope().region.as_str());
        of_host.or(of_scope).unwrap_or_default().to_owned()
    }

    /// Notes when the key was last used, and the role whose session it is.
    fn note_use(&self, caller: &VerifiedCaller) {
        let (scope, user_id) = (caller.scope(), &caller.identity().user_id);
        let role_id = user_id.split_once(':').map(|(role_id, _)| role_id);
        for id in [Some(scope.access_key_id.as_str()), role_id].into_iter().flatten() {
            let last = LastUse {
                when: self.base.now(),
                region: scope.region.clone(),
                service: self.service.name(),
            };
            self.base.effect(Effect::Used(id.to_owned(), last));
        }
    }

    fn authenticate(&mut self) -> Result<VerifiedCaller, AwsError> {
        let request = self.request;
        let verification = sigv4::verify(
            SignedRequest {
                method: &request.method,
                path: &request.path,
                query: &request.query,
                headers: &request.headers,
                body: &request.body,
            },
            Receiver {
                service: self.service.name(),
                // The simulator's own address stands for every region.
                region: self.host.as_ref().and_then(AwsHost::signing_region),
                skew_minutes: self.service.skew_minutes(),
            },
            &self.base.world().directory,
            self.base.now(),
        );
        self.trace.extend(verification.trace);
        verification.outcome.map_err(|error| {
            let answer = error::of_signature(self.service, &error);
            self.signature = Some(error);
            answer
        })
    }

    /// Why the call was refused; nothing where it failed for what is none of access.
    fn explain(&self, error: &AwsError) -> Option<Arc<Explanation>> {
        let is_of_fault = self.trace.failed().is_some_and(|check| check.id == FAULT);
        if error.unserved.is_some() || is_of_fault {
            return None;
        }
        let refused = RefusedCall {
            service: self.service.name(),
            action: &self.name,
            caller: self.caller.as_ref().map(VerifiedCaller::identity),
            signature: self.signature.as_ref(),
            code: &error.code,
            message: &error.message,
            trace: &self.trace,
        };
        explain_aws_call(&refused, &self.base.world(), self.base.now()).map(Arc::new)
    }
}

/// Whether the caller's policies let it do this.
fn permit(call: &Context<'_>, operation: &str, resource: &str) -> Result<(), AwsError> {
    permit_action(call, &format!("{}:{operation}", call.service.name()), resource, &[])
}

/// The same for an action of any service, with condition keys of its own.
fn permit_action(call: &Context<'_>, action: &str, resource: &str, more: &[(&str, &str)]) -> Result<(), AwsError> {
    let (policies, keys) = call.permissions()?;
    let keys = more.iter().fold(keys, |keys, (key, value)| keys.with(key, value));
    let request = RequestContext {
        action,
        resource,
        keys: &keys,
    };
    authorize::check(call.caller()?.identity(), &policies, &request)
        .map_err(|denied| error::of_permission(call.service, &denied))
}

/// The AWS host that a request names: one that came through the proxy, or was sent here by other means.
fn aws_host(request: &Request) -> Option<AwsHost> {
    let host = request.header("host")?;
    AwsHost::parse(host.rsplit_once(':').map_or(host, |(name, _port)| name))
}
