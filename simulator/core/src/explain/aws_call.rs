//! Why AWS refuses a call: which policy, or what of the signature.
//!
//! AWS's own message says which kind of policy refuses (IAM User Guide, "Troubleshoot access denied error messages"), but for
//! roles' trust policies, of which it says no more than that the caller is not authorized. Those are looked at here.
//! Errors that are not about access are none of this.

use super::Cause;
use super::Explanation;
use super::Finding;
use super::signature_finding;
use crate::aws::iam::Role;
use crate::aws::iam_policy::trust::Requester;
use crate::aws::iam_policy::trust::TrustDecision;
use crate::aws::principal::CallerIdentity;
use crate::aws::sigv4::SigV4Error;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::instant::Timestamp;
use crate::value::trace::Trace;
use crate::world::World;

/// Characters that are kept of a message, which repeats what the client sent.
const MOST_OF_MESSAGE: usize = 1024;

/// A call to AWS that was answered with an error.
#[derive(Clone, Copy, Debug)]
pub struct RefusedCall<'a> {
    /// Such as `sts`.
    pub service: &'a str,
    /// Such as `AssumeRole`.
    pub action: &'a str,
    /// Who called, where the signature holds.
    pub caller: Option<&'a CallerIdentity>,
    /// What is wrong with the signature, where it does not.
    pub signature: Option<&'a SigV4Error>,
    /// The code of the error.
    pub code: &'a str,
    /// Its message.
    pub message: &'a str,
    /// Each check.
    pub trace: &'a Trace,
}

/// Explains a call that AWS refused; nothing of one that failed for other reasons than access.
#[must_use]
pub fn explain_aws_call(call: &RefusedCall<'_>, world: &World, now: Timestamp) -> Option<Explanation> {
    let finding = match (call.signature, call.code) {
        (Some(error), _) => of_signature(error, world),
        (None, "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation") => of_policies(call, world, now),
        (None, "RegionDisabledException") => Finding::new(
            Cause::RegionDisabled,
            "STS gives out no credentials of this account in that region",
            "an administrator of the account activates STS there (IAM, Account settings), or use another region's endpoint",
        ),
        (None, "ExpiredTokenException" | "ExpiredToken") => Finding::new(
            Cause::SessionExpired,
            "the token that was shown to STS has ended",
            "get a new one: a service account's token is renewed in its pod, so read the file anew",
        ),
        (None, "UnauthorizedException") => Finding::new(
            Cause::SsoNotSignedIn,
            "the sign-in to IAM Identity Center has ended",
            "aws sso login",
        ),
        (None, "ForbiddenException") => Finding::new(
            Cause::IamNotAllowed,
            "Identity Center gives this user no such role in that account",
            "have the permission set assigned to the user for that account, or name another sso_account_id or sso_role_name",
        ),
        (None, _) => return None,
    };
    let said = format!(
        "An error occurred ({}) when calling the {} operation: {}",
        call.code,
        call.action,
        call.message.chars().take(MOST_OF_MESSAGE).collect::<String>()
    );
    let finding = match call.caller {
        Some(caller) => finding.with(format!("the caller is {}", caller.arn)),
        None => finding,
    };
    Some(finding.with(said).explained(call.trace.clone()))
}

fn of_signature(error: &SigV4Error, world: &World) -> Finding {
    match error {
        SigV4Error::MissingAuthenticationToken => Finding::new(
            Cause::CredentialsMissing,
            "access denied: the call is not signed",
            "let the client have credentials: a profile that has some (AWS_PROFILE), `aws configure` or `aws sso login`",
        ),
        SigV4Error::OwnerGone { id } => Finding::new(
            Cause::KeyOfDeletedPrincipal,
            format!("access denied: the user or role of the access key {id} is gone"),
            "use the credentials of an existing principal; one recreated under the same name needs a new key",
        ),
        SigV4Error::SignatureMismatch { .. } => Finding::new(
            Cause::SignatureMismatch,
            "access denied: the signature is not the one that AWS calculates",
            "check the secret key, and that nothing on the way changes the request",
        ),
        SigV4Error::GlobalToken { id, region } => Finding::new(
            Cause::RegionDisabled,
            format!(
                "access denied: the session of the key {id} is of the global endpoint of STS, and does not hold in {region}, which \
                 is not on by default"
            ),
            "get the session from the region's own STS: AWS_STS_REGIONAL_ENDPOINTS=regional, and AWS_REGION",
        ),
        SigV4Error::SessionNotForIam { id } => Finding::new(
            Cause::IamNotAllowed,
            format!("access denied: IAM answers no session of a user itself without MFA, such as that of the key {id}"),
            "call IAM with the user's own key, or as a role",
        ),
        other => signature_finding(other, world).unwrap_or_else(|| {
            Finding::new(
                Cause::WrongDateOrScope,
                format!("access denied: AWS refuses the signature at {}", other.check()),
                "set the clock of the client's machine, and sign for the service and the region that are called",
            )
        }),
    }
}

/// A user or a role as IAM's commands name it.
struct Holder<'a> {
    kind: &'static str,
    name: &'a str,
}

impl<'a> Holder<'a> {
    /// Whose policies a caller acts under; nothing of the root user and of federated ones.
    fn of(caller: &'a CallerIdentity) -> Option<Self> {
        let resource = caller.arn.splitn(6, ':').nth(5)?;
        let mut parts = resource.split('/');
        match parts.next()? {
            "assumed-role" => Some(Self {
                kind: "role",
                name: parts.next()?,
            }),
            "user" => Some(Self {
                kind: "user",
                name: parts.next_back()?,
            }),
            _ => None,
        }
    }

    /// The ARN of its permissions boundary.
    fn boundary<'w>(&self, caller: &CallerIdentity, world: &'w World) -> Option<&'w str> {
        let account = world.directory.account(&caller.account)?;
        if self.kind == "role" {
            account.role(self.name)?.policies.boundary()
        } else {
            account.user(self.name)?.policies.boundary()
        }
    }
}

/// A refusal by a policy, which the message tells.
fn of_policies(call: &RefusedCall<'_>, world: &World, now: Timestamp) -> Finding {
    let message = call.message;
    let told = message
        .split_once("is not authorized to perform: ")
        .map(|(_, rest)| rest);
    let is_assume =
        call.action.starts_with("AssumeRole") || told.is_some_and(|told| told.starts_with("sts:AssumeRole"));
    let cause = if is_assume {
        Cause::AssumeRoleDenied
    } else {
        Cause::IamNotAllowed
    };
    let Some(told) = told else {
        return of_bare_message(call, cause);
    };
    let action = told.split_whitespace().next().unwrap_or_default();
    let resource = told
        .split_once(" on resource: ")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .unwrap_or("*");
    let holder = call.caller.and_then(Holder::of);
    let whose = holder.as_ref().map_or_else(
        || "the caller".to_owned(),
        |holder| format!("{} {}", holder.kind, holder.name),
    );
    let by = |layer: &str| message.contains(layer);
    if by("with an explicit deny in an identity-based policy") {
        let fix = match &holder {
            Some(Holder { kind, name }) => format!(
                "a Deny counts before any Allow: take the statement that denies {action} out of the policies of {whose} \
                 (aws iam list-attached-{kind}-policies --{kind}-name {name}; aws iam list-{kind}-policies --{kind}-name {name}), \
                 or act as somebody else"
            ),
            None => format!("take the statement that denies {action} away, or act as somebody else"),
        };
        let sentence = format!("access denied: an identity-based policy of {whose} denies {action} explicitly");
        return Finding::new(cause, sentence, fix);
    }
    if by("because no identity-based policy allows") {
        let sentence = format!("access denied: no identity-based policy of {whose} allows {action} on {resource}");
        return Finding::new(cause, sentence, allow_fix(holder.as_ref(), action, resource));
    }
    if by("permissions boundary") {
        let boundary = holder
            .as_ref()
            .zip(call.caller)
            .and_then(|(holder, caller)| holder.boundary(caller, world))
            .unwrap_or("ARN");
        let fix = match &holder {
            Some(Holder { kind, name }) => format!(
                "have {action} allowed in the permissions boundary {boundary}, or the boundary taken away: aws iam \
                 delete-{kind}-permissions-boundary --{kind}-name {name}"
            ),
            None => format!("have {action} allowed in the permissions boundary {boundary}"),
        };
        let sentence = format!("access denied: the permissions boundary of {whose} does not let {action} through");
        return Finding::new(cause, sentence, fix);
    }
    if by("session policy") {
        return Finding::new(
            cause,
            format!(
                "access denied: the session policy that these credentials were given does not let {action} through"
            ),
            format!(
                "get new credentials without a session policy (Policy, PolicyArns), or with one that allows {action}"
            ),
        );
    }
    if is_assume {
        return of_trust(call, action, resource, world, now);
    }
    Finding::new(
        cause,
        format!("access denied: {action} on {resource} is not allowed to {whose}"),
        allow_fix(holder.as_ref(), action, resource),
    )
}

/// The least that allows an action.
fn allow_fix(holder: Option<&Holder<'_>>, action: &str, resource: &str) -> String {
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}]}}"#
    );
    match holder {
        Some(Holder { kind, name }) => format!(
            "have it allowed by an administrator of the account: aws iam put-{kind}-policy --{kind}-name {name} --policy-name \
             allow-{} --policy-document '{document}'",
            action.replace(':', "-")
        ),
        None => format!("have it allowed by an administrator of the account: {document}"),
    }
}

/// A refusal of which the message tells no action.
fn of_bare_message(call: &RefusedCall<'_>, cause: Cause) -> Finding {
    let said = call.message;
    let (sentence, fix) = if said.starts_with("Not authorized to perform sts:AssumeRoleWithWebIdentity") {
        (
            "access denied: the role's trust policy does not name the service account whose token asks for it, or there is no \
             such role"
                .to_owned(),
            "compare the trust policy's conditions (aws iam get-role --role-name ROLE) with \
             system:serviceaccount:NAMESPACE:NAME and the audience sts.amazonaws.com",
        )
    } else if said.starts_with("Roles may not be assumed by root accounts") {
        (
            "access denied: the root user of an account may assume no role".to_owned(),
            "act as an IAM user or a role",
        )
    } else if said.contains("MultiFactorAuthentication") {
        (
            "access denied: the code is not one of the caller's MFA device".to_owned(),
            "give the device's ARN as aws iam list-mfa-devices prints it, and the code that it shows now",
        )
    } else {
        (
            format!("access denied: {} refuses {}", call.service, call.action),
            "do what the message says; if it names no way, call with other credentials",
        )
    };
    Finding::new(cause, sentence, fix)
}

/// A role that does not let the caller in: the message does not tell whether it is there.
fn of_trust(call: &RefusedCall<'_>, action: &str, role_arn: &str, world: &World, now: Timestamp) -> Finding {
    let Some(role) = role_of(role_arn, world) else {
        return Finding::new(
            Cause::AssumeRoleDenied,
            format!(
                "access denied: there is no role {role_arn}, which AWS does not tell from one that does not trust the caller"
            ),
            "take the role's ARN from IAM, with its path: aws iam list-roles --query Roles[].Arn",
        );
    };
    let decision = call.caller.map(|caller| {
        let keys = world.directory.condition_keys(caller, now);
        role.trust_policy.decide(action, Requester::Caller(caller), &keys)
    });
    let name = &role.name;
    let read = format!("aws iam get-role --role-name {name} --query Role.AssumeRolePolicyDocument > trust.json");
    let write = format!("aws iam update-assume-role-policy --role-name {name} --policy-document file://trust.json");
    let (sentence, fix) = match decision {
        Some(TrustDecision::Denied) => (
            format!("access denied: a statement of the trust policy of role {name} denies the caller explicitly"),
            format!("take that statement away: `{read}`, change the file, `{write}`"),
        ),
        Some(TrustDecision::Trusted(_)) => (
            format!("access denied: the trust policy of role {name} names the caller, but not for this request"),
            format!("compare the request with the trust policy: `{read}`"),
        ),
        Some(TrustDecision::NotTrusted) | None => {
            let principal = call
                .caller
                .map_or_else(|| "ARN".to_owned(), |caller| principal_of(caller, world));
            (
                format!(
                    "access denied: no statement of the trust policy of role {name} lets the caller in: none names it, or a \
                     condition (external id, MFA, source) does not hold"
                ),
                format!(
                    "where the caller is not named: `{read}`, add the statement \
                     {{\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"{principal}\"}},\"Action\":\"{action}\"}}, `{write}`; where \
                     it is, give what its condition asks for (external_id or mfa_serial in the profile)"
                ),
            )
        }
    };
    Finding::new(Cause::AssumeRoleDenied, sentence, fix).with(format!(
        "the trust policy: {}",
        role.trust_policy
            .text()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    ))
}

fn role_of<'w>(role_arn: &str, world: &'w World) -> Option<&'w Role> {
    let account = AccountId::parse(&Arn::parse(role_arn).ok()?.account_id).ok()?;
    world
        .directory
        .account(&account)?
        .roles()
        .find(|role| role.arn == role_arn)
}

/// How a trust policy names a caller: a session by its role.
fn principal_of(caller: &CallerIdentity, world: &World) -> String {
    let role = Holder::of(caller)
        .filter(|holder| holder.kind == "role")
        .and_then(|holder| world.directory.account(&caller.account)?.role(holder.name));
    role.map_or_else(|| caller.arn.clone(), |role| role.arn.clone())
}
