//! From a trace to words for people: which check, which cause, how to fix it.

mod access_entry;
mod aws_call;
mod cause;
mod client;
mod client_error;
pub mod client_output;
mod diagnosis;
mod fix;
pub mod lint;
mod log_line;
mod log_text;
mod mapped;
mod near_miss;
pub(crate) mod node;
mod rbac_fix;
mod rbac_near_miss;
mod refusal;
mod request;
#[cfg(test)]
mod tests;

use std::fmt::Write;

pub use self::aws_call::RefusedCall;
pub use self::aws_call::explain_aws_call;
pub use self::cause::Cause;
pub use self::client::ClientContext;
pub use self::client::ClientProfile;
pub use self::client::ClientView;
pub use self::client::explain_client;
pub use self::client_error::diagnose_client_text;
pub use self::client_error::explain_client_error;
pub use self::client_error::unexplained_client_error;
pub use self::diagnosis::Certainty;
pub use self::diagnosis::Diagnosis;
pub use self::diagnosis::Evidence;
pub use self::fix::fix_commands;
pub use self::fix::fix_in_cluster;
pub(crate) use self::fix::fix_with_blots;
pub(crate) use self::fix::fix_without_patch;
pub(crate) use self::fix::word as shell_word;
pub use self::log_line::LogExplanation;
pub use self::log_line::explain_log_line;
pub(crate) use self::log_line::explain_record;
pub(crate) use self::log_text::AuditEvent;
pub(crate) use self::log_text::NODE_401;
pub use self::log_text::diagnose_log_text;
use self::mapped::mapping_finding;
pub(crate) use self::node::is_role_name as is_node_role_name;
pub(crate) use self::rbac_fix::least_rights;
pub use self::refusal::Granting;
pub use self::refusal::Refuser;
pub use self::refusal::explain_cached_request;
pub use self::refusal::explain_no_token;
pub use self::refusal::explain_refused;
use crate::aws::iam::KeyOwner;
use crate::aws::sigv4::SigV4Error;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::Principal;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::cluster::mapping;
use crate::cluster::mapping::Identity;
use crate::kube::request_info::Attributes;
use crate::value::arn::Arn;
use crate::value::arn::CanonicalArn;
use crate::value::instant::Timestamp;
use crate::value::printable;
use crate::value::trace::Trace;
use crate::value::trace::Verdict;
use crate::value::user::SYSTEM_MASTERS;
use crate::value::user::UserInfo;
use crate::world::World;
use crate::world::authenticate::Authentication;
use crate::world::authenticate::DenialReason;
use crate::world::authenticate::ask_sts;
use crate::world::token::TokenError;

/// A decision in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is to blame.
    pub cause: Cause,
    /// What happened, in one sentence.
    pub sentence: String,
    /// The facts that show it.
    pub evidence: Vec<String>,
    /// How to fix it.
    pub fix: String,
    /// Each check in order.
    pub trace: Trace,
}

impl Explanation {
    /// The whole for a terminal. What others wrote is in it, and ends none of its lines.
    #[must_use]
    pub fn render_text(&self) -> String {
        let sentence = printable::line(&self.sentence);
        let mut text = format!("{sentence}\ncause: {}\n\nchecks:\n", self.cause.id());
        for check in self.trace.checks() {
            let mark = match check.verdict {
                Verdict::Passed => '✓',
                Verdict::Failed => '✗',
                Verdict::Missed => '–',
            };
            let _ = write!(text, "  {mark} {:<22} {}", check.id, check.rule);
            if let (Verdict::Missed | Verdict::Failed, Some(expected)) = (check.verdict, &check.expected) {
                let _ = write!(text, "\n{:27}wanted: {}", "", printable::line(expected));
            }
            if let Some(got) = &check.got {
                let _ = write!(text, "\n{:27}got: {}", "", printable::line(got));
            }
            text.push('\n');
        }
        if !self.evidence.is_empty() {
            text.push_str("\nevidence:\n");
            for fact in &self.evidence {
                let _ = writeln!(text, "  {}", printable::line(fact));
            }
        }
        if !self.fix.is_empty() {
            let _ = writeln!(text, "\nfix: {}", printable::line(&self.fix));
        }
        text
    }
}

/// Cause, evidence and fix, before the trace is added.
struct Finding {
    cause: Cause,
    sentence: String,
    evidence: Vec<String>,
    fix: String,
}

impl Finding {
    fn new(cause: Cause, sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            cause,
            sentence: sentence.into(),
            evidence: Vec::new(),
            fix: fix.into(),
        }
    }

    fn with(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(fact.into());
        self
    }

    /// The finding with the names of the cluster in the commands of its fix.
    fn in_cluster(mut self, cluster: &Cluster) -> Self {
        self.fix = fix_in_cluster(&self.fix, cluster);
        self
    }

    fn explained(self, trace: Trace) -> Explanation {
        Explanation {
            cause: self.cause,
            sentence: self.sentence,
            evidence: self.evidence,
            fix: self.fix,
            trace,
        }
    }
}

/// What to do about [`Cause::IdentityUnusable`]: besides what is no principal at all, it is of EC2 instances that act with
/// the credentials of `identity-credentials/ec2/security-credentials/ec2-instance`.
const UNUSABLE_FIX: &str = "use an IAM user or role; an EC2 instance acts with the role of its instance profile, not with its \
                             instance identity role";

/// Explains an authentication in the World in which it was made.
#[must_use]
pub fn explain(authentication: &Authentication, cluster: &Cluster, world: &World) -> Explanation {
    let finding = match &authentication.outcome {
        Ok(user) => Finding::new(
            Cause::Granted,
            format!("access granted as {} in [{}]", user.username, user.groups.join(" ")),
            "",
        ),
        Err(denial) => {
            let finding = match &denial.reason {
                DenialReason::Token(error) => token_finding(error),
                DenialReason::Sts(error) => sts_finding(error, authentication, cluster, world),
                DenialReason::StsFault => Finding::new(
                    Cause::StsUnavailable,
                    "access denied: STS gave the authenticator no answer, or an error of its own, so that it did not say who \
                     the caller is",
                    "try again later; the AWS Health Dashboard says whether STS has trouble in the region. In the simulator, \
                     `eks-auth-sim ctl fault list` shows the fault, and `eks-auth-sim ctl fault clear` takes it away",
                ),
                DenialReason::StsThrottled => Finding::new(
                    Cause::StsThrottled,
                    "access denied: STS has had too many requests, so that it did not say who the caller is",
                    "try again later, and send STS fewer requests: let clients keep their sessions and tokens instead of \
                     making new ones for each command. In the simulator, `eks-auth-sim ctl fault clear` ends it",
                ),
                DenialReason::Identity => Finding::new(
                    Cause::IdentityUnusable,
                    "access denied: the caller is no principal that can be mapped",
                    UNUSABLE_FIX,
                ),
                DenialReason::Mapping(error) => match &authentication.identity {
                    Some(identity) => mapping_finding(error, identity, cluster, world),
                    None => Finding::new(Cause::IdentityNotMapped, "access denied: nobody is mapped", ""),
                },
            };
            finding.with(format!("log: error={}", crate::value::log::go_quote(&denial.message)))
        }
    };
    finding.in_cluster(cluster).explained(authentication.trace.clone())
}

/// Explains what becomes of a request of a known user.
#[must_use]
pub fn explain_request(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Explanation {
    let authorization = authorize(user, attributes, cluster);
    let finding = match authorization.decision {
        Decision::Allow => Finding::new(
            Cause::Granted,
            match authorization.reason.as_str() {
                "" => format!("{} may do this, as a member of {SYSTEM_MASTERS}", user.username),
                reason => format!("{} may do this: {reason}", user.username),
            },
            "",
        ),
        Decision::NoOpinion => request::denial_finding(user, attributes, &authorization.reason, cluster),
    };
    finding.in_cluster(cluster).explained(authorization.trace)
}

/// Explains what becomes of a request of `caller` that is served as that of somebody else, or that wants to be.
#[must_use]
pub fn explain_impersonation(
    caller: &UserInfo,
    user: &UserInfo,
    attributes: &Attributes,
    cluster: &Cluster,
) -> Explanation {
    let mut explanation = explain_request(user, attributes, cluster);
    explanation.evidence.insert(
        0,
        format!(
            "the request is of {}, which acts as {} in the groups [{}]: only their rights count",
            caller.username,
            user.username,
            user.groups.join(" ")
        ),
    );
    explanation
}

/// Explains what becomes of a principal, given as any ARN that AWS shows.
#[must_use]
pub fn explain_arn(arn: &str, cluster: &Cluster, world: &World) -> Explanation {
    let canonical = match CanonicalArn::parse(arn) {
        Ok(canonical) => canonical.arn,
        Err(error) => {
            return Finding::new(
                Cause::IdentityUnusable,
                format!("`{arn}` is no principal: {error}"),
                "give the Arn that `aws sts get-caller-identity` prints",
            )
            .explained(Trace::new());
        }
    };
    let identity = identity_of(arn, canonical, world);
    let resolution = mapping::resolve(&identity, cluster);
    match &resolution.outcome {
        Ok(user) => Finding::new(
            Cause::Granted,
            format!(
                "{} is {} in [{}]",
                identity.canonical_arn,
                user.username,
                user.groups.join(" ")
            ),
            "",
        ),
        Err(error) => mapping_finding(error, &identity, cluster, world),
    }
    .in_cluster(cluster)
    .explained(resolution.trace)
}

/// Whom STS would name of a principal of the World, given as any ARN that AWS shows, and the same in its canonical form.
pub(crate) fn identity_of(arn: &str, canonical: String, world: &World) -> Identity {
    let (account_id, canonical_arn) = match Arn::parse(&canonical) {
        // A role given with its path: STS shows its sessions without it.
        Ok(parsed) if parsed.resource.starts_with("role/") => {
            let name = parsed.resource.rsplit('/').next().unwrap_or_default();
            let arn = format!("arn:{}:iam::{}:role/{name}", parsed.partition, parsed.account_id);
            (parsed.account_id, arn)
        }
        Ok(parsed) => (parsed.account_id, canonical),
        Err(_) => (String::new(), canonical),
    };
    Identity {
        session_name: arn
            .split_once(":assumed-role/")
            .and_then(|(_, rest)| rest.rsplit('/').next())
            .unwrap_or_default()
            .to_owned(),
        arn: arn.to_owned(),
        user_id: Principal::find_canonical(&canonical_arn, &world.directory)
            .map(|principal| principal.id)
            .unwrap_or_default(),
        canonical_arn,
        account_id,
        access_key_id: String::new(),
    }
}

/// Explains why a token was let in without being judged: the API server had judged it `age_seconds` before. What its
/// mapping would give now is looked up in `cluster`; where that is the same, nothing is to be done.
#[must_use]
pub fn explain_cached(identity: &Identity, user: &UserInfo, age_seconds: i64, cluster: &Cluster) -> Explanation {
    let resolution = mapping::resolve(identity, cluster);
    let now = match &resolution.outcome {
        Ok(mapped) if mapped.username == user.username && mapped.groups == user.groups => {
            return Finding::new(
                Cause::Granted,
                format!(
                    "access granted as {} in [{}]: the API server has the token in its cache since {age_seconds} s",
                    user.username,
                    user.groups.join(" ")
                ),
                "",
            )
            .explained(resolution.trace);
        }
        Ok(mapped) => format!("{} in [{}]", mapped.username, mapped.groups.join(" ")),
        Err(error) => format!("denied: {error}"),
    };
    Finding::new(
        Cause::GrantedFromCache,
        format!(
            "access granted as {} in [{}] from the API server's cache: the token was judged {age_seconds} s before",
            user.username,
            user.groups.join(" ")
        ),
        format!(
            "wait {} s, or make a new token: only a token that is authenticated again sees changes of its mapping",
            i64::from(cluster.token_cache_seconds).saturating_sub(age_seconds)
        ),
    )
    .with(format!("judged now it would be {now}"))
    .explained(resolution.trace)
}

fn token_finding(error: &TokenError) -> Finding {
    const MAKE_TOKEN: &str = "let the client make its tokens itself: `aws eks update-kubeconfig --name CLUSTER --region REGION`, \
                               or make one with `aws eks get-token --cluster-name CLUSTER --region REGION` and pass it on \
                               unchanged";
    let sentence = format!("access denied: the token fails the check {}", error.check());
    if let TokenError::Expired { date } = error {
        return token_expired(sentence, *date);
    }
    let (cause, fix) = match error {
        TokenError::ClusterHeader { .. } => (
            Cause::TokenForNoCluster,
            "sign the header x-k8s-aws-id with the cluster's name, as the plugin of a kubeconfig does that \
             `aws eks update-kubeconfig --name CLUSTER --region REGION` writes",
        ),
        TokenError::Scheme { .. }
        | TokenError::HostEmpty
        | TokenError::HostFormat { .. }
        | TokenError::GlobalEndpoint { .. }
        | TokenError::RegionFormat { .. }
        | TokenError::UnexpectedHost { .. }
        | TokenError::OtherPartition { .. } => (
            Cause::TokenWrongHost,
            "sign for the regional STS endpoint of the cluster's partition, as the plugin of a kubeconfig does that \
             `aws eks update-kubeconfig --name CLUSTER --region REGION` writes; check AWS_ENDPOINT_URL as well",
        ),
        _ => (Cause::TokenMalformed, MAKE_TOKEN),
    };
    Finding::new(cause, sentence, fix)
}

/// A clock that is behind cannot be told from an old token.
fn token_expired(sentence: String, signed: Timestamp) -> Finding {
    Finding::new(
        Cause::TokenExpired,
        sentence,
        "if the token was new, the clock of the client's machine is behind: set it (in the simulator, \
         `eks-auth-sim ctl clock reset`); else let the client make new ones, which live for 15 minutes, with an exec plugin in \
         the kubeconfig: `aws eks update-kubeconfig --name CLUSTER --region REGION`",
    )
    .with(format!("the token says that it was signed at {signed}"))
}

fn sts_finding(error: &SigV4Error, authentication: &Authentication, cluster: &Cluster, world: &World) -> Finding {
    match error {
        SigV4Error::OwnerGone { id } => owner_gone_finding(id, cluster, world),
        SigV4Error::SignatureMismatch { .. } => match other_cluster(authentication, cluster, world) {
            Some(name) => Finding::new(
                Cause::TokenForOtherCluster,
                format!(
                    "access denied: the token is for cluster {name}, not for {}",
                    cluster.name
                ),
                format!("make the token for this cluster: {}", fix::update_kubeconfig(cluster)),
            ),
            None => Finding::new(
                Cause::SignatureMismatch,
                "access denied: the signature is not the one that STS calculates",
                format!(
                    "check the secret key, that the token is passed on unchanged, and that its cluster name is {}",
                    cluster.name
                ),
            ),
        },
        SigV4Error::Expired { date, .. } => {
            let sentence = format!("access denied: STS refuses the signature at {}", error.check());
            token_expired(sentence, *date)
        }
        other => signature_finding(other, world).unwrap_or_else(|| {
            Finding::new(
                Cause::WrongDateOrScope,
                format!("access denied: STS refuses the signature at {}", other.check()),
                "sign for the region whose endpoint the token names: `unset AWS_ENDPOINT_URL_STS` where it leads to another \
                 region's, or give the plugin that region; and see that the clock of the client's machine is right",
            )
        }),
    }
}

/// What is wrong with a key, its session or the client's clock, whatever was signed.
fn signature_finding(error: &SigV4Error, world: &World) -> Option<Finding> {
    Some(match error {
        SigV4Error::UnknownKey { id } => Finding::new(
            Cause::KeyUnknown,
            format!("access denied: nobody has the access key {id}"),
            "check which credentials kubectl uses (aws sts get-caller-identity), and that the key is not deleted",
        ),
        SigV4Error::InactiveKey { id } => Finding::new(
            Cause::KeyInactive,
            format!("access denied: the access key {id} is inactive"),
            activate(id, world),
        ),
        SigV4Error::SessionExpired { expired, .. } => Finding::new(
            Cause::SessionExpired,
            format!("access denied: the temporary credentials ended at {expired}"),
            "get new credentials: sign in again, where they are of IAM Identity Center, or assume the role again",
        ),
        SigV4Error::MissingSessionToken { .. }
        | SigV4Error::UnexpectedSessionToken { .. }
        | SigV4Error::WrongSessionToken { .. } => Finding::new(
            Cause::SessionTokenWrong,
            "access denied: key and session token do not belong together",
            "take them away together, so that a profile counts: \
             `unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN`, or set all three anew",
        ),
        SigV4Error::NotYetCurrent { date, now, .. } => Finding::new(
            Cause::ClockAhead,
            format!(
                "access denied: the token is signed at {date}, {} minutes from now: the clock of the client's machine is ahead",
                date.seconds_since(*now) / 60
            ),
            "set the clock of the client's machine: `timedatectl set-ntp true`; a virtual machine may need it after sleep. In \
             the simulator, `eks-auth-sim ctl clock reset` does it",
        )
        .with(format!("STS accepts dates up to 15 minutes from {now}")),
        _ => return None,
    })
}

/// The command that makes a key active. Without a user's name IAM takes it for one of whoever asks.
fn activate(id: &str, world: &World) -> String {
    let owner = match world.directory.access_key(id).map(|key| &key.owner) {
        Some(KeyOwner::User { user_name, .. }) => fix::word(user_name),
        _ => "USER".to_owned(),
    };
    format!(
        "`aws iam update-access-key --user-name {owner} --access-key-id {} --status Active`, or use another key",
        fix::word(id)
    )
}

/// The other cluster of this World for which the token holds.
fn other_cluster<'a>(authentication: &Authentication, cluster: &Cluster, world: &'a World) -> Option<&'a str> {
    let token = authentication.token.as_ref()?;
    let signed_at = authentication.log.first()?.time;
    world
        .clusters
        .keys()
        .filter(|name| **name != cluster.name)
        .find(|name| ask_sts(token, name, world, signed_at, &mut Trace::new()).is_ok())
        .map(String::as_str)
}

fn owner_gone_finding(key_id: &str, cluster: &Cluster, world: &World) -> Finding {
    let owner = world.directory.access_key(key_id).map(|key| (&key.account, &key.owner));
    let (account, resource) = match owner {
        Some((account, KeyOwner::User { user_name, .. })) => (account.as_str(), format!("user/{user_name}")),
        Some((account, KeyOwner::AssumedRole { role_name, .. })) => (account.as_str(), format!("role/{role_name}")),
        _ => ("", "its owner".to_owned()),
    };
    // A user's ARN has its path, its key has only its name.
    let is_creator = cluster.creator.as_ref().is_some_and(|creator| {
        Arn::parse(&creator.canonical_arn).is_ok_and(|arn| {
            let (kind, path) = arn.resource.split_once('/').unwrap_or((&arn.resource, ""));
            let name = path.rsplit('/').next().unwrap_or_default();
            arn.account_id == account && format!("{kind}/{name}") == resource
        })
    });
    if is_creator && creator_is_gone(cluster, world) {
        return creator_deleted(None, cluster).with(format!("the access key {key_id} was the creator's"));
    }
    Finding::new(
        Cause::KeyOfDeletedPrincipal,
        format!("access denied: the access key {key_id} belonged to {resource}, which is gone"),
        "use the credentials of an existing principal; one recreated under the same name needs a new key",
    )
}

/// `caller` is another principal who asks, and may be made the administrator.
fn creator_deleted(caller: Option<&str>, cluster: &Cluster) -> Finding {
    let arn = cluster
        .creator
        .as_ref()
        .map(|creator| creator.canonical_arn.clone())
        .unwrap_or_default();
    Finding::new(
        Cause::CreatorDeleted,
        format!(
            "access denied: the creator of the cluster, {arn}, was deleted, and aws-auth makes nobody else an administrator"
        ),
        creator_fix(&arn, caller, cluster),
    )
}

/// What is done by whom IAM allows it, for Kubernetes knows nobody any more.
fn creator_fix(creator: &str, caller: Option<&str>, cluster: &Cluster) -> String {
    let entry = fix::entry_like(caller.unwrap_or("ARN"), &[SYSTEM_MASTERS.to_owned()], &[], cluster);
    let by_entry = format!(
        "switch the authentication mode, which cannot be switched back, and make an access entry for another administrator, \
         as somebody whose IAM policies allow it: `aws eks update-cluster-config --name CLUSTER --region REGION \
         --access-config authenticationMode=API_AND_CONFIG_MAP`, `aws eks wait cluster-active --name CLUSTER --region REGION` \
         and {entry}"
    );
    if creator.contains(":role/AWSReservedSSO_") {
        format!("{by_entry}; or ask AWS Support: a role of Identity Center cannot be recreated under its name")
    } else {
        format!(
            "{by_entry}; or make {creator} again under the same name, give it an access key, and act as it: the hidden \
             mapping goes by ARN"
        )
    }
}

/// Whether the creator's principal is gone while no other is in system:masters.
fn creator_is_gone(cluster: &Cluster, world: &World) -> bool {
    let Some(creator) = &cluster.creator else {
        return false;
    };
    // With access entries EKS itself can make somebody an administrator.
    if cluster.authentication_mode() != AuthenticationMode::ConfigMap {
        return false;
    }
    let is_there = world.directory.accounts().any(|account| {
        account.users().any(|user| user.arn == creator.canonical_arn)
            || account.roles().any(|role| {
                creator
                    .canonical_arn
                    .ends_with(&format!(":{}:role/{}", account.id, role.name))
            })
    });
    let aws_auth = cluster.aws_auth();
    let administered = aws_auth.roles().iter().chain(aws_auth.users()).any(|item| {
        item.groups
            .iter()
            .any(|group| group == crate::value::user::SYSTEM_MASTERS)
    });
    !is_there && !administered
}
