//! The AWS endpoint: one listener for every service, told apart by the credential scope and the shape of the request.

mod eks;
mod error;
mod iam;
mod protocol;
mod sts;

use eks_auth_core::sigv4;
use eks_auth_core::sigv4::Receiver;
use eks_auth_core::sigv4::SignedRequest;
use eks_auth_core::sigv4::VerifiedCaller;
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

    /// The service that the credential scope names, or else the one whose shape the request has.
    fn of(request: &Request) -> Result<Self, String> {
        let credential = request
            .header("authorization")
            .and_then(|header| header.split_once("Credential="))
            .map(|(_, rest)| rest.split(',').next().unwrap_or_default().to_owned())
            .or_else(|| request.query_value("X-Amz-Credential"));
        let scope = credential.and_then(|credential| credential.split('/').nth(3).map(str::to_owned));
        match scope.as_deref() {
            Some("sts") => Ok(Self::Sts),
            Some("iam") => Ok(Self::Iam),
            Some("eks") => Ok(Self::Eks),
            Some(other) => Err(other.to_owned()),
            None if request.path.starts_with("/clusters") => Ok(Self::Eks),
            None => Ok(Self::Sts),
        }
    }
}

/// Answers a request to the AWS endpoint.
#[must_use]
pub fn handle(state: &State, request: &Request) -> Response {
    let request_id = state.request_id();
    let service = match Service::of(request) {
        Ok(service) => service,
        Err(name) => return error::unserved(&name, request, &request_id),
    };
    let call = Call::read(service, request);
    let mut trace = Trace::new();
    let mut caller = None;
    let answer = authenticate(state, service, request, &mut trace).and_then(|verified| {
        let verified = caller.insert(verified);
        match service {
            Service::Eks => eks::answer(state, verified, request),
            Service::Iam => iam::answer(state, verified, &call, &request_id),
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

fn authenticate(
    state: &State,
    service: Service,
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
            // One endpoint stands for every region.
            region: None,
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
