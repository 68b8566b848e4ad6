//! The AWS endpoint: every service behind one handler, told apart by the host where that is one of AWS, else by the
//! credential scope and the shape of the request.

mod eks;
mod error;
mod iam;
mod protocol;
mod sts;

use eks_auth_core::aws_host::AwsHost;
use eks_auth_core::sigv4;
use eks_auth_core::sigv4::Receiver;
use eks_auth_core::sigv4::SignedRequest;
use eks_auth_core::sigv4::VerifiedCaller;
use eks_auth_core::sts as core_sts;
use eks_auth_core::trace::Trace;

use self::error::AwsError;
use self::protocol::Call;
use crate::http::Request;
use crate::http::Response;
use crate::journal::EventKind;
use crate::state::State;

/// A service that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Eks,
    Iam,
    Sts,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Eks => "eks",
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }

    /// Minutes by which a request's date may be off.
    fn skew_minutes(self) -> i64 {
        match self {
            Self::Sts => 15,
            Self::Eks | Self::Iam => 5,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Eks, Self::Iam, Self::Sts]
            .into_iter()
            .find(|service| service.name() == name)
    }

    /// The service of the host, or else the one that the credential scope names, or else the one whose shape the request
    /// has.
    fn of(request: &Request, host: Option<&AwsHost>) -> Result<Self, String> {
        if let Some(host) = host {
            return Self::from_name(&host.service).ok_or_else(|| host.service.clone());
        }
        let credential = request
            .header("authorization")
            .and_then(|header| header.split_once("Credential="))
            .map(|(_, rest)| rest.split(',').next().unwrap_or_default().to_owned())
            .or_else(|| request.query_value("X-Amz-Credential"));
        let scope = credential.and_then(|credential| credential.split('/').nth(3).map(str::to_owned));
        match scope.as_deref() {
            Some(name) => Self::from_name(name).ok_or_else(|| name.to_owned()),
            None if request.path.starts_with("/clusters") => Ok(Self::Eks),
            None => Ok(Self::Sts),
        }
    }
}

/// Answers a request to the AWS endpoint.
#[must_use]
pub fn handle(state: &State, request: &Request) -> Response {
    let request_id = state.request_id();
    let host = aws_host(request);
    let service = match Service::of(request, host.as_ref()) {
        Ok(service) => service,
        Err(name) => return error::unserved(&name, request, &request_id),
    };
    let call = Call::read(service, request);
    let mut trace = Trace::new();
    let mut caller = None;
    let answer = authenticate(state, service, host.as_ref(), request, &mut trace).and_then(|verified| {
        let verified = caller.insert(verified);
        match service {
            Service::Eks => eks::answer(state, verified, request),
            Service::Iam => iam::answer(state, verified, &call, &request_id),
            Service::Sts if state.snapshot().sts_throttled => Err(core_sts::throttling().into()),
            Service::Sts => sts::answer(state, verified, &call, request, &request_id),
        }
    });
    let error = answer.as_ref().err().map(|error| error.code.to_owned());
    let response = answer.unwrap_or_else(|error| error::render(service, &error, request, &request_id));
    state.journal().record(
        state.now(),
        EventKind::AwsCall {
            service: service.name().to_owned(),
            action: call.action,
            caller: caller.map(|caller| caller.identity().arn.clone()),
            status: response.status,
            error,
            trace,
        },
    );
    response.with_header("x-amzn-requestid", request_id)
}

/// The host of AWS that a request names: one that came through the proxy, or was sent here by other means.
fn aws_host(request: &Request) -> Option<AwsHost> {
    let host = request.header("host")?;
    AwsHost::parse(host.rsplit_once(':').map_or(host, |(name, _port)| name))
}

fn authenticate(
    state: &State,
    service: Service,
    host: Option<&AwsHost>,
    request: &Request,
    trace: &mut Trace,
) -> Result<VerifiedCaller, AwsError> {
    let verification = sigv4::verify(
        SignedRequest {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &request.headers,
            body: &request.body,
        },
        Receiver {
            service: service.name(),
            // The simulator's own address stands for every region.
            region: host.and_then(AwsHost::signing_region),
            skew_minutes: service.skew_minutes(),
        },
        &state.snapshot().directory,
        state.now(),
    );
    trace.extend(verification.trace);
    verification
        .outcome
        .map_err(|error| error::of_signature(service, &error))
}
