//! The control interface as values, shared by the server and its callers: its operations, what each is asked, what it answers.
//!
//! `docs/integration.md` describes it, and a test below holds the two together. Whatever the order of fields here, in JSON
//! the members of an object are in alphabetical order ([`text`]).

use eks_auth_core::explain;
use eks_auth_core::explain::ClientContext;
use eks_auth_core::value::trace;
use eks_auth_core::value::trace::Trace;
use eks_auth_core::world::fault;
use eks_auth_core::world::fault::FaultSpec;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::net::http::Request;

/// No snapshot is larger: below what `ctl` reads of an answer.
pub(crate) const SNAPSHOT_LIMIT: usize = 48 * 1024 * 1024;

/// What the control interface does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Adds a fault to the World.
    AddFault,
    /// Approves a sign-in to Identity Center, as the approval page does.
    ApproveSignIn,
    /// Answers with the files of the state directory, as a `.tar.gz`.
    Backup,
    /// Clears one fault, or all.
    ClearFaults,
    /// Says why a token or a principal is let in or not.
    Explain,
    /// Makes a certificate by which the clusters know a client.
    IssueCertificate,
    /// Lists the audit events of all clusters.
    ListAuditEvents,
    /// Lists what happened.
    ListEvents,
    /// Lists the World's faults.
    ListFaults,
    /// Lists the sign-ins to Identity Center that wait for approval.
    ListSignIns,
    /// Moves, freezes or thaws the World's clock.
    MoveClock,
    /// Shows the World's clock.
    ReadClock,
    /// Puts World and logs back to how they were staged at the start.
    Reset,
    /// Puts the World of a snapshot in place of the present one. The body is the snapshot.
    Restore,
    /// Answers with the whole World as a document.
    Snapshot,
    /// Says who signed a token; no mapping is looked at.
    Verify,
}

/// Why a request reaches no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RouteError {
    /// The path has other methods.
    #[error("method not allowed")]
    Method,
    /// Nothing has this path.
    #[error("no such path")]
    Path,
}

impl Operation {
    /// Every operation.
    pub(crate) const ALL: [Self; 16] = [
        Self::AddFault,
        Self::ApproveSignIn,
        Self::Backup,
        Self::ClearFaults,
        Self::Explain,
        Self::IssueCertificate,
        Self::ListAuditEvents,
        Self::ListEvents,
        Self::ListFaults,
        Self::ListSignIns,
        Self::MoveClock,
        Self::ReadClock,
        Self::Reset,
        Self::Restore,
        Self::Snapshot,
        Self::Verify,
    ];

    /// Its HTTP method and path.
    pub(crate) fn route(self) -> (&'static str, &'static str) {
        match self {
            Self::AddFault => ("POST", "/v1/faults"),
            Self::ApproveSignIn => ("POST", "/v1/sso/approve"),
            Self::Backup => ("GET", "/v1/backup"),
            Self::ClearFaults => ("DELETE", "/v1/faults"),
            Self::Explain => ("POST", "/v1/explain"),
            Self::IssueCertificate => ("POST", "/v1/client-certificate"),
            Self::ListAuditEvents => ("GET", "/v1/audit-events"),
            Self::ListEvents => ("GET", "/v1/events"),
            Self::ListFaults => ("GET", "/v1/faults"),
            Self::ListSignIns => ("GET", "/v1/sso"),
            Self::MoveClock => ("POST", "/v1/clock"),
            Self::ReadClock => ("GET", "/v1/clock"),
            Self::Reset => ("POST", "/v1/reset"),
            Self::Restore => ("POST", "/v1/restore"),
            Self::Snapshot => ("GET", "/v1/snapshot"),
            Self::Verify => ("POST", "/v1/verify"),
        }
    }

    /// The operation that a request is for.
    pub(crate) fn of(method: &str, path: &str) -> Result<Self, RouteError> {
        if let Some(operation) = Self::ALL.into_iter().find(|known| known.route() == (method, path)) {
            return Ok(operation);
        }
        let is_path = Self::ALL.into_iter().any(|known| known.route().1 == path);
        Err(if is_path { RouteError::Method } else { RouteError::Path })
    }
}

/// What an operation is asked.
pub(crate) trait Ask {
    /// The operation.
    const OPERATION: Operation;
    /// What it answers.
    type Answer: Serialize + DeserializeOwned;

    /// The query, without the `?`.
    fn query(&self) -> String {
        String::new()
    }

    /// The body.
    fn body(self) -> Vec<u8>
    where
        Self: Sized,
    {
        Vec::new()
    }
}

/// The JSON of a request or an answer: compact, the members of an object in alphabetical order.
pub(crate) fn text(value: &impl Serialize) -> String {
    // Nothing here has keys that are no texts.
    serde_json::to_value(value).unwrap_or_default().to_string()
}

/// The body of every answer whose status is not 200.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Refusal {
    /// Why, in one sentence.
    pub(crate) error: String,
}

/// Asks for the World's clock.
pub(crate) struct ReadClock;

impl Ask for ReadClock {
    const OPERATION: Operation = Operation::ReadClock;
    type Answer = Clock;
}

/// What becomes of the World's clock. Of several members the first one that says something counts, in this order.
#[derive(Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct MoveClock {
    /// It goes on by so many seconds, or back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advance_seconds: Option<i64>,
    /// It shows this instant, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) set: Option<String>,
    /// It stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) freeze: Option<Freeze>,
    /// It runs on from what it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thaw: Option<bool>,
    /// It goes back to the machine's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reset: Option<bool>,
}

/// Where a clock stands still.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Freeze {
    /// Where it is, if true.
    Here(bool),
    /// At an instant, in RFC 3339.
    At(String),
}

impl Ask for MoveClock {
    const OPERATION: Operation = Operation::MoveClock;
    type Answer = Clock;

    fn body(self) -> Vec<u8> {
        text(&self).into_bytes()
    }
}

/// The World's clock.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Clock {
    /// What it shows, in RFC 3339.
    pub(crate) now: String,
    /// By how much it is ahead of the machine's, to the nearest second: a clock is set by whole ones.
    pub(crate) offset_seconds: i64,
    /// Whether it stands still.
    pub(crate) frozen: bool,
}

/// Asks for what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListEvents {
    /// Only events after this sequence number.
    pub(crate) since: u64,
}

impl ListEvents {
    /// What a request asks; every event where its number is none.
    pub(crate) fn of(request: &Request) -> Self {
        let since = request.query_value("since").and_then(|since| since.parse().ok());
        Self {
            since: since.unwrap_or_default(),
        }
    }
}

impl Ask for ListEvents {
    const OPERATION: Operation = Operation::ListEvents;
    type Answer = Events;

    fn query(&self) -> String {
        format!("since={}", self.since)
    }
}

/// What happened.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Events {
    /// Oldest first.
    pub(crate) events: Vec<Event>,
}

/// One thing that happened.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Event {
    /// Rises by one with each event, from 1.
    pub(crate) sequence: u64,
    /// When, by the World's clock, in RFC 3339.
    pub(crate) time: String,
    /// What.
    #[serde(flatten)]
    pub(crate) kind: EventKind,
}

/// The kinds of event, by their `kind`.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum EventKind {
    /// Somebody asked what they may do themselves, as `kubectl auth can-i` does.
    AccessReview {
        /// The cluster that was asked.
        cluster: String,
        /// Who asked.
        username: String,
        /// About what, such as `list pods in kube-system`.
        request: String,
        /// Whether the answer is yes.
        allowed: bool,
        /// Why not, where it is no.
        explanation: Option<Explanation>,
    },
    /// A bearer token was judged.
    Authentication {
        /// The cluster that was asked.
        cluster: String,
        /// Who it is, where the token was good.
        username: Option<String>,
        /// Why not, where it was not.
        error: Option<String>,
        /// Why, as `explain` says it; nothing where the cluster is gone.
        explanation: Option<Explanation>,
        /// What the authenticator logged.
        log: Vec<String>,
    },
    /// A token was let in without being judged, since the API server had it in its cache.
    CachedAuthentication {
        /// The cluster that was asked.
        cluster: String,
        /// Who had signed the token.
        arn: String,
        /// Who that was when the token was judged.
        username: String,
        /// How long ago that was.
        age_seconds: i64,
    },
    /// A token of the cluster's own issuer was judged.
    ServiceAccountToken {
        /// The cluster that was asked.
        cluster: String,
        /// The service account, where the token was good.
        username: Option<String>,
        /// Why not, where it was not.
        error: Option<String>,
    },
    /// A request of an authenticated user was judged.
    Authorization {
        /// The cluster that was asked.
        cluster: String,
        /// Who asked.
        username: String,
        /// What for, such as `list pods in kube-system`.
        request: String,
        /// Whether it was allowed.
        allowed: bool,
        /// The authorizer's reason.
        reason: String,
        /// Why not, where it was not allowed.
        explanation: Option<Explanation>,
        /// Each check.
        checks: Vec<Check>,
    },
    /// The authenticator saw that `aws-auth` was changed or deleted.
    AwsAuthChange {
        /// The cluster.
        cluster: String,
        /// What the authenticator logged.
        log: Vec<String>,
    },
    /// An AWS API call was answered.
    AwsCall {
        /// Such as `sts`.
        service: String,
        /// Such as `GetCallerIdentity`.
        action: String,
        /// The caller's ARN, where the signature is good.
        caller: Option<String>,
        /// The HTTP status of the answer.
        status: u16,
        /// The error code, where it is one.
        error: Option<String>,
        /// That the simulator does not serve what was asked for, where it does not.
        unserved: Option<String>,
        /// Why it was refused, where it was.
        explanation: Option<Explanation>,
        /// Each check.
        checks: Vec<Check>,
    },
    /// A request came to nothing behind its authorization, or before it for lack of credentials.
    RequestFailure {
        /// The cluster that was asked.
        cluster: String,
        /// Who asked; empty where nobody is known.
        username: String,
        /// What for, such as `list pods in kube-system`.
        request: String,
        /// The HTTP status.
        code: u16,
        /// The Status's reason, such as `NotFound`.
        reason: String,
        /// The beginning of its message.
        message: String,
        /// Why it was refused; nothing where it failed for what is none of access.
        explanation: Option<Explanation>,
    },
}

/// Asks for the audit events of all clusters.
pub(crate) struct ListAuditEvents;

impl Ask for ListAuditEvents {
    const OPERATION: Operation = Operation::ListAuditEvents;
    type Answer = AuditEvents;
}

/// The audit events of all clusters.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct AuditEvents {
    /// Each of `audit.k8s.io/v1`, as its cluster's log has it.
    pub(crate) events: Vec<Value>,
}

/// Asks why a token or a principal is let in or not: `token`, `arn` or `last`. It holds a token, and is not to be printed.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Explain {
    /// A bearer token.
    pub(crate) token: Option<String>,
    /// A principal.
    pub(crate) arn: Option<String>,
    /// What a person has seen last: a refusal, or that all is well.
    pub(crate) last: bool,
    /// The cluster; the only one where absent.
    pub(crate) cluster: Option<String>,
    /// The configuration of who signed.
    pub(crate) client: Option<Client>,
}

impl Ask for Explain {
    const OPERATION: Operation = Operation::Explain;
    type Answer = Explanation;

    fn body(self) -> Vec<u8> {
        text(&self).into_bytes()
    }
}

/// What shows which credentials a client acts with; no secret.
#[derive(Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct Client {
    /// The id of the key in the environment.
    pub(crate) environment_key: Option<String>,
    /// The profile that the environment names.
    pub(crate) chosen_profile: Option<String>,
    /// The profiles of the AWS files.
    pub(crate) profiles: Vec<ClientProfile>,
}

/// A profile without its secrets.
#[derive(Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct ClientProfile {
    /// Its name.
    pub(crate) name: String,
    /// The id of its key.
    pub(crate) access_key_id: Option<String>,
    /// The role that it assumes.
    pub(crate) role_arn: Option<String>,
    /// The profile with whose credentials it does.
    pub(crate) source_profile: Option<String>,
    /// What it tells STS of an external id.
    pub(crate) external_id: Option<String>,
    /// The name that it gives its sessions.
    pub(crate) session_name: Option<String>,
    /// Whether it wants a code of an MFA device.
    pub(crate) wants_mfa: bool,
}

impl From<ClientContext> for Client {
    fn from(context: ClientContext) -> Self {
        let profiles = context.profiles.into_iter().map(|profile| ClientProfile {
            name: profile.name,
            access_key_id: profile.access_key_id,
            role_arn: profile.role_arn,
            source_profile: profile.source_profile,
            external_id: profile.external_id,
            session_name: profile.session_name,
            wants_mfa: profile.wants_mfa,
        });
        Self {
            environment_key: context.environment_key,
            chosen_profile: context.chosen_profile,
            profiles: profiles.collect(),
        }
    }
}

impl From<Client> for ClientContext {
    fn from(client: Client) -> Self {
        let profiles = client.profiles.into_iter().map(|profile| explain::ClientProfile {
            name: profile.name,
            access_key_id: profile.access_key_id,
            role_arn: profile.role_arn,
            source_profile: profile.source_profile,
            external_id: profile.external_id,
            session_name: profile.session_name,
            wants_mfa: profile.wants_mfa,
        });
        Self {
            environment_key: client.environment_key,
            chosen_profile: client.chosen_profile,
            profiles: profiles.collect(),
        }
    }
}

/// Why a token or a principal is let in or not.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Explanation {
    /// The explanation in parts.
    #[serde(flatten)]
    pub(crate) parts: ExplanationParts,
    /// The whole for a terminal.
    pub(crate) text: String,
}

/// An explanation, as `explain --output json` prints it.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct ExplanationParts {
    /// The cluster; empty where none is known.
    pub(crate) cluster: String,
    /// The id of the cause, such as `identity-not-mapped`.
    pub(crate) cause: String,
    /// What happened, in one sentence.
    pub(crate) sentence: String,
    /// The facts that show it.
    pub(crate) evidence: Vec<String>,
    /// How to fix it.
    pub(crate) fix: String,
    /// The commands of the fix, in order; of several ways those of the first.
    #[serde(default)]
    pub(crate) commands: Vec<String>,
    /// Each check in order.
    pub(crate) checks: Vec<Check>,
}

impl Explanation {
    /// An explanation of what became of somebody at `cluster`.
    pub(crate) fn of(cluster: &str, explanation: &explain::Explanation) -> Self {
        Self {
            parts: ExplanationParts {
                cluster: cluster.to_owned(),
                cause: explanation.cause.id().to_owned(),
                sentence: explanation.sentence.clone(),
                evidence: explanation.evidence.clone(),
                fix: explanation.fix.clone(),
                commands: explain::fix_commands(&explanation.fix),
                checks: checks_of(&explanation.trace),
            },
            text: explanation.render_text(),
        }
    }
}

/// A rule that was looked at.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// A stable name such as `token.prefix`.
    pub(crate) id: String,
    /// What the rule asks.
    pub(crate) rule: String,
    /// How it went.
    pub(crate) verdict: Verdict,
    /// What the rule wanted, where that says more than the rule.
    pub(crate) expected: Option<String>,
    /// What was found.
    pub(crate) got: Option<String>,
}

/// How a check went.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// The rule holds, or the candidate matched.
    Passed,
    /// The rule is broken and ended the decision.
    Failed,
    /// The candidate did not match, and the decision went on to the next one.
    Missed,
}

/// The checks of a decision.
pub(crate) fn checks_of(trace: &Trace) -> Vec<Check> {
    let checks = trace.checks().iter().map(|check| Check {
        id: check.id.to_owned(),
        rule: check.rule.to_owned(),
        verdict: match check.verdict {
            trace::Verdict::Passed => Verdict::Passed,
            trace::Verdict::Failed => Verdict::Failed,
            trace::Verdict::Missed => Verdict::Missed,
        },
        expected: check.expected.clone(),
        got: check.got.clone(),
    });
    checks.collect()
}

/// Asks who signed a token for a cluster. It holds a token, and is not to be printed.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Verify {
    /// A bearer token.
    pub(crate) token: String,
    /// The cluster that it must be for, which need not be in the World.
    pub(crate) cluster: String,
}

impl Ask for Verify {
    const OPERATION: Operation = Operation::Verify;
    type Answer = Verified;

    fn body(self) -> Vec<u8> {
        text(&self).into_bytes()
    }
}

/// What was found out about a token. That it is not good is an answer like another.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Verified {
    /// It is good.
    Good(Signer),
    /// It is not.
    Bad {
        /// Why, in the words of aws-iam-authenticator.
        refused: String,
    },
}

/// Who signed a token, as aws-iam-authenticator has it.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Signer {
    /// As STS gives it.
    #[serde(rename = "ARN")]
    pub(crate) arn: String,
    /// What mappings are compared with.
    #[serde(rename = "CanonicalARN")]
    pub(crate) canonical_arn: String,
    /// Twelve digits.
    #[serde(rename = "AccountID")]
    pub(crate) account_id: String,
    /// `AIDA…`, `AROA…` (without the session), or the account id.
    #[serde(rename = "UserID")]
    pub(crate) user_id: String,
    /// Empty where there is no session.
    #[serde(rename = "SessionName")]
    pub(crate) session_name: String,
    /// The key that signed.
    #[serde(rename = "AccessKeyID")]
    pub(crate) access_key_id: String,
    /// The host that the token is for.
    #[serde(rename = "STSEndpoint")]
    pub(crate) sts_endpoint: String,
}

impl Signer {
    /// Names and values in the order in which upstream prints them.
    pub(crate) fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("ARN", &self.arn),
            ("CanonicalARN", &self.canonical_arn),
            ("AccountID", &self.account_id),
            ("UserID", &self.user_id),
            ("SessionName", &self.session_name),
            ("AccessKeyID", &self.access_key_id),
            ("STSEndpoint", &self.sts_endpoint),
        ]
    }
}

/// Asks for the sign-ins that wait.
pub(crate) struct ListSignIns;

impl Ask for ListSignIns {
    const OPERATION: Operation = Operation::ListSignIns;
    type Answer = SignIns;
}

/// The sign-ins to Identity Center that wait for approval.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct SignIns {
    /// Newest first.
    pub(crate) sign_ins: Vec<SignIn>,
}

/// A sign-in that waits for approval.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct SignIn {
    /// The code that the client shows.
    pub(crate) user_code: String,
    /// When it ends, in RFC 3339.
    pub(crate) expires: String,
}

/// Approves a sign-in.
#[derive(Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct ApproveSignIn {
    /// The code that the client shows.
    pub(crate) user_code: String,
    /// The user who approves; the first of the World where absent.
    pub(crate) user: Option<String>,
}

impl Ask for ApproveSignIn {
    const OPERATION: Operation = Operation::ApproveSignIn;
    type Answer = Approved;

    fn body(self) -> Vec<u8> {
        text(&self).into_bytes()
    }
}

/// A sign-in was approved.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Approved {
    /// Who approved it.
    pub(crate) user: String,
}

impl Ask for FaultSpec {
    const OPERATION: Operation = Operation::AddFault;
    type Answer = FaultAdded;

    fn body(self) -> Vec<u8> {
        text(&self).into_bytes()
    }
}

/// A fault was added.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct FaultAdded {
    /// Its number, from 1.
    pub(crate) id: u64,
}

/// Asks for the World's faults.
pub(crate) struct ListFaults;

impl Ask for ListFaults {
    const OPERATION: Operation = Operation::ListFaults;
    type Answer = Faults;
}

/// The faults of the World.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Faults {
    /// In the order in which they were added; the first that fits a call is injected.
    pub(crate) faults: Vec<Fault>,
}

/// A fault; what was not said of it is absent.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Fault {
    /// Its number, from 1.
    pub(crate) id: u64,
    /// `throttle`, `error`, `latency`, `timeout` or `drop`.
    pub(crate) effect: String,
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<String>,
    /// The operation, with `*` for any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    /// The caller's ARN, with `*` for any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) principal: Option<String>,
    /// Of `error`: its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// Of `error`: its HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Of `error`: its message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// Of `latency`: by how much the answer is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) milliseconds: Option<u64>,
    /// How many calls it is still injected into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
    /// Into which part of the calls it is injected, above 0 and up to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<f64>,
}

impl From<&fault::Fault> for Fault {
    fn from(fault: &fault::Fault) -> Self {
        let FaultSpec {
            service,
            action,
            principal,
            effect,
            code,
            status,
            message,
            milliseconds,
            count,
            rate,
        } = fault.spec.clone();
        Self {
            id: fault.id,
            effect,
            service,
            action,
            principal,
            code,
            status,
            message,
            milliseconds,
            count,
            rate,
        }
    }
}

/// Clears faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClearFaults {
    /// The number of the only one that goes; all go where absent.
    pub(crate) id: Option<u64>,
}

/// A number of a fault that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query is `id`, the number of a fault, or nothing")]
pub(crate) struct FaultIdError;

impl ClearFaults {
    /// What a request asks.
    pub(crate) fn of(request: &Request) -> Result<Self, FaultIdError> {
        // What is misspelt must not clear all.
        match request.query_pairs().as_slice() {
            [] => Ok(Self { id: None }),
            [(name, id)] if name == "id" => id.parse().map(|id| Self { id: Some(id) }).map_err(|_| FaultIdError),
            _ => Err(FaultIdError),
        }
    }
}

impl Ask for ClearFaults {
    const OPERATION: Operation = Operation::ClearFaults;
    type Answer = FaultsCleared;

    fn query(&self) -> String {
        self.id.map(|id| format!("id={id}")).unwrap_or_default()
    }
}

/// Faults were cleared.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct FaultsCleared {
    /// How many.
    pub(crate) cleared: usize,
}

/// Asks for a client certificate. It holds from now on by the World's clock.
#[derive(Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct IssueCertificate {
    /// The user: the certificate's common name.
    pub(crate) user: String,
    /// The groups: its organizations, two at most.
    pub(crate) groups: Vec<String>,
    /// For how long; a year where absent.
    pub(crate) seconds: Option<i64>,
}

impl Ask for IssueCertificate {
    const OPERATION: Operation = Operation::IssueCertificate;
    type Answer = IssuedCertificate;

    fn body(self) -> Vec<u8> {
        text(&self).into_bytes()
    }
}

/// A client certificate. It comes with its key, and is not to be printed.
#[derive(Deserialize, Serialize)]
pub(crate) struct IssuedCertificate {
    /// In PEM.
    pub(crate) certificate: String,
    /// In PEM.
    pub(crate) key: String,
    /// The clusters that know it.
    pub(crate) clusters: Vec<CertificateCluster>,
}

/// A cluster, as a kubeconfig names it.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct CertificateCluster {
    /// Its name.
    pub(crate) name: String,
    /// The URL of its Kubernetes API.
    pub(crate) endpoint: String,
    /// The authority of that URL's certificate, in PEM.
    pub(crate) certificate_authority: String,
}

/// Puts the World back to its beginning.
pub(crate) struct Reset;

impl Ask for Reset {
    const OPERATION: Operation = Operation::Reset;
    type Answer = Restaged;
}

/// Puts the World of a snapshot in place of the present one. It has secret keys, and is not to be printed.
pub(crate) struct Restore {
    /// What [`Operation::Snapshot`] answered.
    pub(crate) snapshot: Vec<u8>,
}

impl Ask for Restore {
    const OPERATION: Operation = Operation::Restore;
    type Answer = Restaged;

    fn body(self) -> Vec<u8> {
        self.snapshot
    }
}

/// Another World was put in place.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Restaged {
    /// The names of the World's clusters.
    pub(crate) clusters: Vec<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Debug;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// What is written is `json`, and what is read of it is the same.
    #[track_caller]
    fn check<T: Debug + DeserializeOwned + PartialEq + Serialize>(value: &T, json: &str) {
        assert_eq!(text(value), json);
        assert_eq!(serde_json::from_str::<T>(json).unwrap(), *value);
    }

    #[test]
    fn integration_md_describes_every_operation_and_no_other() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/integration.md");
        let page = fs::read_to_string(page).unwrap();
        let rows = page
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        let described: BTreeSet<String> = rows
            .map(|(cell, _)| cell.split('?').next().unwrap().to_owned())
            .filter(|cell| cell.contains(" /v1/"))
            .collect();
        let routes = Operation::ALL.into_iter().map(|operation| {
            let (method, path) = operation.route();
            format!("{method} {path}")
        });
        let routes: BTreeSet<String> = routes.collect();
        assert_eq!(routes.len(), Operation::ALL.len());
        assert_eq!(described, routes);
    }

    #[test]
    fn requests_find_their_operations() {
        for operation in Operation::ALL {
            let (method, path) = operation.route();
            assert_eq!(Operation::of(method, path), Ok(operation));
        }
        assert_eq!(Operation::of("PUT", "/v1/clock"), Err(RouteError::Method));
        assert_eq!(Operation::of("GET", "/v1"), Err(RouteError::Path));
    }

    #[test]
    fn what_is_asked_is_as_recorded() {
        let unmoved = MoveClock::default;
        for (asked, json) in [
            (
                MoveClock {
                    advance_seconds: Some(-60),
                    ..unmoved()
                },
                r#"{"advance_seconds":-60}"#,
            ),
            (
                MoveClock {
                    freeze: Some(Freeze::Here(true)),
                    ..unmoved()
                },
                r#"{"freeze":true}"#,
            ),
            (
                MoveClock {
                    freeze: Some(Freeze::At("2026-11-24T00:44:57Z".to_owned())),
                    ..unmoved()
                },
                r#"{"freeze":"2026-11-24T00:44:57Z"}"#,
            ),
            (
                MoveClock {
                    thaw: Some(true),
                    ..unmoved()
                },
                r#"{"thaw":true}"#,
            ),
        ] {
            check(&asked, json);
        }
        check(
            &Client {
                environment_key: None,
                chosen_profile: Some("dev".to_owned()),
                profiles: vec![ClientProfile {
                    name: "dev".to_owned(),
                    access_key_id: None,
                    role_arn: Some("arn".to_owned()),
                    source_profile: Some("key".to_owned()),
                    ..ClientProfile::default()
                }],
            },
            r#"{"chosen_profile":"dev","environment_key":null,"profiles":[{"access_key_id":null,"external_id":null,"name":"dev","role_arn":"arn","session_name":null,"source_profile":"key","wants_mfa":false}]}"#,
        );
        let explain = Explain {
            last: true,
            ..Explain::default()
        };
        assert_eq!(
            text(&explain),
            r#"{"arn":null,"client":null,"cluster":null,"last":true,"token":null}"#
        );
        check(
            &ApproveSignIn {
                user_code: "ABCD-EFGH".to_owned(),
                user: None,
            },
            r#"{"user":null,"user_code":"ABCD-EFGH"}"#,
        );
        check(
            &IssueCertificate {
                user: "jane".to_owned(),
                groups: vec!["devs".to_owned()],
                seconds: None,
            },
            r#"{"groups":["devs"],"seconds":null,"user":"jane"}"#,
        );
        let fault = FaultSpec {
            effect: "drop".to_owned(),
            ..FaultSpec::default()
        };
        check(
            &fault,
            r#"{"action":null,"code":null,"count":null,"effect":"drop","message":null,"milliseconds":null,"principal":null,"rate":null,"service":null,"status":null}"#,
        );
        assert_eq!(ClearFaults { id: Some(2) }.query(), "id=2");
        assert_eq!(ClearFaults { id: None }.query(), "");
        assert_eq!(ListEvents { since: 7 }.query(), "since=7");
    }

    #[test]
    fn answers_that_need_a_client_are_as_recorded() {
        check(
            &SignIns {
                sign_ins: vec![SignIn {
                    user_code: "ABCD-EFGH".to_owned(),
                    expires: "2026-11-24T00:44:57Z".to_owned(),
                }],
            },
            r#"{"sign_ins":[{"expires":"2026-11-24T00:44:57Z","user_code":"ABCD-EFGH"}]}"#,
        );
        check(
            &Approved {
                user: "jane".to_owned(),
            },
            r#"{"user":"jane"}"#,
        );
    }
}
