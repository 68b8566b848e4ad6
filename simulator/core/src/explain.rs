//! From a trace to words for people: which check, which cause, how to mend it.

mod access_entry;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use crate::arn::Arn;
use crate::arn::CanonicalArn;
use crate::authenticate::Authentication;
use crate::authenticate::DenialReason;
use crate::authenticate::ask_sts;
use crate::authorize::Decision;
use crate::authorize::authorize;
use crate::eks::Cluster;
use crate::eks::access_entry::AuthenticationMode;
use crate::eks::access_entry::Principal;
use crate::iam::KeyOwner;
use crate::mapping;
use crate::mapping::Identity;
use crate::mapping::MappingError;
use crate::mapping::aws_auth::MappedArn;
use crate::request_info::Attributes;
use crate::sigv4::SigV4Error;
use crate::token::TokenError;
use crate::trace::Trace;
use crate::trace::Verdict;
use crate::user::UserInfo;
use crate::world::World;

/// What is to blame. Ids are stable: scenarios and programs name causes by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An access entry is there, but holds the id of an earlier principal of that name.
    AccessEntryOfRecreatedPrincipal,
    /// An access entry gives less than `aws-auth`, which is not asked.
    AccessEntryShadowsAwsAuth,
    /// An access entry is there for a principal of that name with another path.
    AccessEntryWithOtherPath,
    /// Only `aws-auth` knows the principal, and the authentication mode is API.
    AwsAuthIgnored,
    /// The creator of the cluster is gone, and nobody else can administer it.
    CreatorDeleted,
    /// Nothing: the caller is let in.
    Granted,
    /// Nothing yet: the API server still knows the token from before.
    GrantedFromCache,
    /// No mapper knows the principal.
    IdentityNotMapped,
    /// The caller is no principal that can be mapped.
    IdentityUnusable,
    /// The access key was switched off.
    KeyInactive,
    /// The access key's user or role is gone.
    KeyOfDeletedPrincipal,
    /// The access key is nobody's.
    KeyUnknown,
    /// A mapping is there, with another account.
    MappedInOtherAccount,
    /// A mapping is there for a role of that name, but the caller is a user, or the other way round.
    MappedAsOtherKind,
    /// A mapping is there, but names a session.
    MappedAsSession,
    /// A mapping is there, but names the role with its path.
    MappedWithPath,
    /// The user is known but may not do what was asked.
    NotAuthorized,
    /// The temporary credentials have ended.
    SessionExpired,
    /// The session token is missing or another key's.
    SessionTokenWrong,
    /// The signature is not the right one.
    SignatureMismatch,
    /// The mapping's username or group cannot be rendered.
    TemplateUnrenderable,
    /// The token was signed more than 15 minutes ago.
    TokenExpired,
    /// The token does not bind itself to a cluster.
    TokenForNoCluster,
    /// The token was signed for another cluster.
    TokenForOtherCluster,
    /// The token has not the form of one.
    TokenMalformed,
    /// The token names another host than STS.
    TokenWrongHost,
    /// The signature's date or scope is not for now and here.
    WrongDateOrScope,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 27] = [
        Self::AccessEntryOfRecreatedPrincipal,
        Self::AccessEntryShadowsAwsAuth,
        Self::AccessEntryWithOtherPath,
        Self::AwsAuthIgnored,
        Self::CreatorDeleted,
        Self::Granted,
        Self::GrantedFromCache,
        Self::IdentityNotMapped,
        Self::IdentityUnusable,
        Self::KeyInactive,
        Self::KeyOfDeletedPrincipal,
        Self::KeyUnknown,
        Self::MappedInOtherAccount,
        Self::MappedAsOtherKind,
        Self::MappedAsSession,
        Self::MappedWithPath,
        Self::NotAuthorized,
        Self::SessionExpired,
        Self::SessionTokenWrong,
        Self::SignatureMismatch,
        Self::TemplateUnrenderable,
        Self::TokenExpired,
        Self::TokenForNoCluster,
        Self::TokenForOtherCluster,
        Self::TokenMalformed,
        Self::TokenWrongHost,
        Self::WrongDateOrScope,
    ];

    /// The stable name.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::AccessEntryOfRecreatedPrincipal => "access-entry-of-recreated-principal",
            Self::AccessEntryShadowsAwsAuth => "access-entry-shadows-aws-auth",
            Self::AccessEntryWithOtherPath => "access-entry-with-other-path",
            Self::AwsAuthIgnored => "aws-auth-ignored",
            Self::CreatorDeleted => "creator-deleted",
            Self::Granted => "granted",
            Self::GrantedFromCache => "granted-from-cache",
            Self::IdentityNotMapped => "identity-not-mapped",
            Self::IdentityUnusable => "identity-unusable",
            Self::KeyInactive => "key-inactive",
            Self::KeyOfDeletedPrincipal => "key-of-deleted-principal",
            Self::KeyUnknown => "key-unknown",
            Self::MappedInOtherAccount => "mapped-in-other-account",
            Self::MappedAsOtherKind => "mapped-as-other-kind",
            Self::MappedAsSession => "mapped-as-session",
            Self::MappedWithPath => "mapped-with-path",
            Self::NotAuthorized => "not-authorized",
            Self::SessionExpired => "session-expired",
            Self::SessionTokenWrong => "session-token-wrong",
            Self::SignatureMismatch => "signature-mismatch",
            Self::TemplateUnrenderable => "template-unrenderable",
            Self::TokenExpired => "token-expired",
            Self::TokenForNoCluster => "token-for-no-cluster",
            Self::TokenForOtherCluster => "token-for-other-cluster",
            Self::TokenMalformed => "token-malformed",
            Self::TokenWrongHost => "token-wrong-host",
            Self::WrongDateOrScope => "wrong-date-or-scope",
        }
    }

    /// The cause of that name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.id() == id)
    }
}

/// A decision in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is to blame.
    pub cause: Cause,
    /// What happened, in one sentence.
    pub sentence: String,
    /// The facts that show it.
    pub evidence: Vec<String>,
    /// How to mend it.
    pub mend: String,
    /// Each check in order.
    pub trace: Trace,
}

impl Explanation {
    /// The whole for a terminal.
    #[must_use]
    pub fn render_text(&self) -> String {
        let mut text = format!("{}\ncause: {}\n\nchecks:\n", self.sentence, self.cause.id());
        for check in self.trace.checks() {
            let mark = match check.verdict {
                Verdict::Passed => '✓',
                Verdict::Failed => '✗',
                Verdict::Missed => '–',
            };
            let _ = write!(text, "  {mark} {:<22} {}", check.id, check.rule);
            if let (Verdict::Missed | Verdict::Failed, Some(expected)) = (check.verdict, &check.expected) {
                let _ = write!(text, "\n{:27}wanted: {expected}", "");
            }
            if let Some(got) = &check.got {
                let _ = write!(text, "\n{:27}got: {got}", "");
            }
            text.push('\n');
        }
        if !self.evidence.is_empty() {
            text.push_str("\nevidence:\n");
            for fact in &self.evidence {
                let _ = writeln!(text, "  {fact}");
            }
        }
        if !self.mend.is_empty() {
            let _ = writeln!(text, "\nmend: {}", self.mend);
        }
        text
    }
}

/// Cause, evidence and mend, before the trace is added.
struct Finding {
    cause: Cause,
    sentence: String,
    evidence: Vec<String>,
    mend: String,
}

impl Finding {
    fn new(cause: Cause, sentence: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            cause,
            sentence: sentence.into(),
            evidence: Vec::new(),
            mend: mend.into(),
        }
    }

    fn with(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(fact.into());
        self
    }

    fn explained(self, trace: Trace) -> Explanation {
        Explanation {
            cause: self.cause,
            sentence: self.sentence,
            evidence: self.evidence,
            mend: self.mend,
            trace,
        }
    }
}

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
                DenialReason::Identity => Finding::new(
                    Cause::IdentityUnusable,
                    "access denied: the caller is no principal that can be mapped",
                    "use an IAM user or role",
                ),
                DenialReason::Mapping(error) => match &authentication.identity {
                    Some(identity) => mapping_finding(error, identity, cluster, world),
                    None => Finding::new(Cause::IdentityNotMapped, "access denied: nobody is mapped", ""),
                },
            };
            finding.with(format!("log: error={}", crate::log::go_quote(&denial.message)))
        }
    };
    finding.explained(authentication.trace.clone())
}

/// Explains what becomes of a request of a known user.
#[must_use]
pub fn explain_request(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Explanation {
    let authorization = authorize(user, attributes, cluster);
    let finding = match authorization.decision {
        Decision::Allow => Finding::new(
            Cause::Granted,
            format!("{} may do this: {}", user.username, authorization.reason),
            "",
        ),
        Decision::NoOpinion => access_entry::denial_finding(user, attributes, &authorization.reason, cluster),
    };
    finding.explained(authorization.trace)
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
    let identity = Identity {
        session_name: arn
            .split_once(":assumed-role/")
            .and_then(|(_, rest)| rest.rsplit('/').next())
            .unwrap_or_default()
            .to_owned(),
        arn: arn.to_owned(),
        canonical_arn,
        account_id,
        user_id: String::new(),
        access_key_id: String::new(),
    };
    let identity = Identity {
        user_id: Principal::find_canonical(&identity.canonical_arn, &world.directory)
            .map(|principal| principal.id)
            .unwrap_or_default(),
        ..identity
    };
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
    .explained(resolution.trace)
}

/// Explains why a token was let in without being judged: the API server had judged it `age_seconds` before. What its
/// mapping would give now is looked up in `cluster`.
#[must_use]
pub fn explain_cached(identity: &Identity, user: &UserInfo, age_seconds: i64, cluster: &Cluster) -> Explanation {
    let resolution = mapping::resolve(identity, cluster);
    let now = match &resolution.outcome {
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
            "wait {} s, or make a new token: only a token that is judged anew sees changes of its mapping",
            i64::from(cluster.token_cache_seconds).saturating_sub(age_seconds)
        ),
    )
    .with(format!("judged now it would be {now}"))
    .explained(resolution.trace)
}

fn token_finding(error: &TokenError) -> Finding {
    const MAKE_ANEW: &str = "make the token with `aws eks get-token --cluster-name NAME` and pass it on unchanged";
    let sentence = format!("access denied: the token fails the check {}", error.check());
    let (cause, mend) = match error {
        TokenError::Expired { .. } => (
            Cause::TokenExpired,
            "make a new token; if this one was new, set the clock of the client's machine",
        ),
        TokenError::ClusterHeader { .. } => (
            Cause::TokenForNoCluster,
            "sign the header x-k8s-aws-id with the cluster's name: use `aws eks get-token`",
        ),
        TokenError::Scheme { .. }
        | TokenError::HostEmpty
        | TokenError::HostFormat { .. }
        | TokenError::GlobalEndpoint { .. }
        | TokenError::RegionFormat { .. }
        | TokenError::UnexpectedHost { .. }
        | TokenError::OtherPartition { .. } => (
            Cause::TokenWrongHost,
            "sign for the regional STS endpoint of the cluster's partition: check AWS_REGION and AWS_ENDPOINT_URL",
        ),
        _ => (Cause::TokenMalformed, MAKE_ANEW),
    };
    Finding::new(cause, sentence, mend)
}

fn sts_finding(error: &SigV4Error, authentication: &Authentication, cluster: &Cluster, world: &World) -> Finding {
    match error {
        SigV4Error::UnknownKey { id } => Finding::new(
            Cause::KeyUnknown,
            format!("access denied: nobody has the access key {id}"),
            "check which credentials kubectl uses (`aws sts get-caller-identity`), and that the key is not deleted",
        ),
        SigV4Error::InactiveKey { id } => Finding::new(
            Cause::KeyInactive,
            format!("access denied: the access key {id} is switched off"),
            format!("aws iam update-access-key --access-key-id {id} --status Active, or use another key"),
        ),
        SigV4Error::OwnerGone { id } => owner_gone_finding(id, cluster, world),
        SigV4Error::SessionExpired { expired, .. } => Finding::new(
            Cause::SessionExpired,
            format!("access denied: the temporary credentials ended at {expired}"),
            "get new credentials: `aws sso login`, or assume the role again",
        ),
        SigV4Error::MissingSessionToken { .. }
        | SigV4Error::UnexpectedSessionToken { .. }
        | SigV4Error::WrongSessionToken { .. } => Finding::new(
            Cause::SessionTokenWrong,
            "access denied: key and session token do not belong together",
            "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN together, or unset them all",
        ),
        SigV4Error::SignatureMismatch { .. } => match other_cluster(authentication, cluster, world) {
            Some(name) => Finding::new(
                Cause::TokenForOtherCluster,
                format!(
                    "access denied: the token is for cluster {name}, not for {}",
                    cluster.name
                ),
                format!(
                    "make the token for this cluster: aws eks update-kubeconfig --name {}",
                    cluster.name
                ),
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
        other => Finding::new(
            Cause::WrongDateOrScope,
            format!("access denied: STS refuses the signature at {}", other.check()),
            "set the clock of the client's machine, and sign for the region whose endpoint the token names",
        ),
    }
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
        return creator_deleted(cluster).with(format!("the access key {key_id} was the creator's"));
    }
    Finding::new(
        Cause::KeyOfDeletedPrincipal,
        format!("access denied: the access key {key_id} belonged to {resource}, which is gone"),
        "use the credentials of a principal that is there; one made anew under the same name needs a new key",
    )
}

fn creator_deleted(cluster: &Cluster) -> Finding {
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
        format!(
            "make {arn} again under the same name, give it an access key, and act as it: the hidden mapping goes by ARN"
        ),
    )
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
    let administered = aws_auth
        .roles()
        .iter()
        .chain(aws_auth.users())
        .any(|item| item.groups.iter().any(|group| group == crate::user::SYSTEM_MASTERS));
    !is_there && !administered
}

fn mapping_finding(error: &MappingError, identity: &Identity, cluster: &Cluster, world: &World) -> Finding {
    if let MappingError::Template { template, fault, .. } = error {
        return Finding::new(
            Cause::TemplateUnrenderable,
            format!("access denied: the mapping's template {template} cannot be rendered: {fault}"),
            "map people and pipelines with a plain username; {{EC2PrivateDNSName}} is for nodes",
        );
    }
    let arn = &identity.canonical_arn;
    if let Some(finding) = access_entry::mapping_finding(identity, cluster, world) {
        return finding;
    }
    if let Some(finding) = near_miss(arn, cluster).filter(|_| cluster.authentication_mode().reads_aws_auth()) {
        return finding;
    }
    if creator_is_gone(cluster, world) {
        return creator_deleted(cluster).with(format!("the caller is {arn}, which is not mapped either"));
    }
    if cluster.authentication_mode().has_access_entries() {
        return access_entry::not_mapped(identity, cluster, world);
    }
    let (list, field) = if arn.contains(":role/") {
        ("mapRoles", "rolearn")
    } else {
        ("mapUsers", "userarn")
    };
    let mut finding = Finding::new(
        Cause::IdentityNotMapped,
        format!("access denied: {arn} is not mapped in cluster {}", cluster.name),
        format!(
            "if that is who you mean to be, add `{field}: {arn}` to {list} of the ConfigMap aws-auth in kube-system; \
             if not, choose another profile"
        ),
    );
    let aws_auth = cluster.aws_auth();
    let padded = aws_auth.roles().iter().chain(aws_auth.users()).find(|item| {
        let trimmed = item.arn.trim();
        trimmed != item.arn && trimmed.eq_ignore_ascii_case(arn)
    });
    if let Some(item) = padded {
        finding = finding.with(format!(
            "aws-auth has {}, with white space that belongs to the ARN",
            crate::log::go_quote(&item.arn)
        ));
    }
    if !cluster.aws_auth().errors().is_empty() {
        finding = finding.with(format!(
            "aws-auth has errors: {}",
            cluster.aws_auth().errors().join("; ")
        ));
    }
    finding
}

/// A mapping that was meant for this principal but does not match it.
fn near_miss(arn: &str, cluster: &Cluster) -> Option<Finding> {
    let wanted = Arn::parse(arn).ok()?;
    let (kind, rest) = wanted.resource.split_once('/')?;
    let name = rest.rsplit('/').next()?;
    let items = || cluster.aws_auth().roles().iter().chain(cluster.aws_auth().users());
    let near = |judge: &dyn Fn(&Arn, &str, &str) -> bool| -> Option<&MappedArn> {
        items().find(|item| {
            Arn::parse(item.arn.trim()).is_ok_and(|found| {
                let (found_kind, found_rest) = found.resource.split_once('/').unwrap_or((&found.resource, ""));
                judge(&found, found_kind, found_rest)
            })
        })
    };
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let name_lower = name.to_lowercase();
    let finding = |cause, what: &str, item: &MappedArn| {
        Finding::new(
            cause,
            format!("access denied: {arn} is not mapped; aws-auth {what}"),
            format!("write {arn} instead"),
        )
        .with(format!("aws-auth has {}", item.arn))
    };
    if let Some(item) = near(&|found, found_kind, path| {
        found.account_id == wanted.account_id
            && kind == "role"
            && found_kind == "role"
            && path.contains('/')
            && last(path) == name_lower
    }) {
        return Some(finding(
            Cause::MappedWithPath,
            "has the role with its path, which STS never shows",
            item,
        ));
    }
    if let Some(item) = near(&|found, found_kind, path| {
        found.account_id == wanted.account_id
            && kind == "role"
            && found_kind == "assumed-role"
            && path
                .split('/')
                .next()
                .is_some_and(|role| role.to_lowercase() == name_lower)
    }) {
        return Some(finding(
            Cause::MappedAsSession,
            "has a session of the role, not the role",
            item,
        ));
    }
    if let Some(item) = near(&|found, found_kind, path| {
        found.account_id == wanted.account_id
            && matches!((kind, found_kind), ("role", "user") | ("user", "role"))
            && last(path) == name_lower
    }) {
        let what = "has that name, but for the other kind of principal";
        return Some(finding(Cause::MappedAsOtherKind, what, item));
    }
    let item = near(&|found, found_kind, path| {
        found.account_id != wanted.account_id && found_kind == kind && path.to_lowercase() == rest.to_lowercase()
    })?;
    Some(finding(
        Cause::MappedInOtherAccount,
        "has that name in another account",
        item,
    ))
}
