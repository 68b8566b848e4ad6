//! What IAM and STS refuse: which policy, by AWS's own words.
//!
//! Sources of the texts: "Troubleshoot access denied error messages" in the IAM User Guide (`because no POLICY allows the
//! ACTION action`, `with an explicit deny in a POLICY`); botocore's `An error occurred (CODE) when calling the OPERATION
//! operation`; the AWS SDKs for Go (`api error AccessDenied: …`, `AccessDenied: … status code: 403`); STS's own messages about
//! web identities.

use super::context::Client;
use super::context::Context;
use super::statement::Statement;
use super::symptom::Rank;
use super::symptom::Reading;
use super::symptom::Symptom;
use super::symptom::first;
use crate::explain::cause::Cause;
use crate::explain::diagnosis::Certainty;

/// How AWS answers an operation that it does not know.
const UNKNOWN_OPERATION: &str = "Unable to determine service/operation name to be authorized";

const WEB_IDENTITY: &str = "the role's trust policy does not name the service account whose token asks for it, or there is no such \
                            role";
const FIX_WEB_IDENTITY: &str = "compare the trust policy's conditions (aws iam get-role --role-name ROLE) with \
                                system:serviceaccount:NAMESPACE:NAME and the audience sts.amazonaws.com; the token of a CI job has \
                                a subject and an audience of its own";
const ASSUME_ROLE: &str = "the role may not be assumed: its trust policy does not name the caller, a condition of it (external id, \
                           MFA, source) does not hold, the caller's own policies do not allow sts:AssumeRole, or there is no such \
                           role";
const FIX_ASSUME_ROLE: &str = "see who asks (aws sts get-caller-identity) and whom the role trusts, on which conditions (aws iam \
                               get-role --role-name ROLE); fix the one or the other";

/// What does not name caller, action and resource.
pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom::open(
        &[UNKNOWN_OPERATION],
        "no policy is at fault: AWS answers so where it does not know an operation",
        &["the name of the operation, the region, and the version of the AWS CLI"],
    ),
    Symptom::open(
        &["eks-auth-sim does not serve"],
        "no policy is at fault: the simulator does not serve that operation",
        &["eks-auth-sim operations, which lists what it serves"],
    ),
    Symptom::named(
        &["No OpenIDConnect provider found in your account for "],
        Cause::AssumeRoleDenied,
        "the account has no OIDC provider of IAM for the issuer whose token asks for the role",
        "make the provider: `aws iam create-open-id-connect-provider --url ISSUER --client-id-list sts.amazonaws.com`, or for the \
         issuer of a cluster `eksctl utils associate-iam-oidc-provider --cluster {cluster} --region {region} --approve`",
    ),
    Symptom::named(
        &["Incorrect token audience"],
        Cause::AssumeRoleDenied,
        "the OIDC provider of IAM does not have the audience of the token among its client ids",
        "`aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ARN --client-id sts.amazonaws.com`, where \
         ARN is the provider's (aws iam list-open-id-connect-providers)",
    ),
    Symptom::named(
        &["ot authorized to perform sts:AssumeRoleWithWebIdentity"],
        Cause::AssumeRoleDenied,
        WEB_IDENTITY,
        FIX_WEB_IDENTITY,
    ),
    Symptom::named(
        &["ot authorized to perform: sts:AssumeRoleWithWebIdentity"],
        Cause::AssumeRoleDenied,
        WEB_IDENTITY,
        FIX_WEB_IDENTITY,
    ),
    Symptom::named(
        &["(AccessDenied) when calling the AssumeRoleWithWebIdentity operation"],
        Cause::AssumeRoleDenied,
        WEB_IDENTITY,
        FIX_WEB_IDENTITY,
    ),
    Symptom::named(
        &["AssumeRoleWithWebIdentity", "api error AccessDenied"],
        Cause::AssumeRoleDenied,
        WEB_IDENTITY,
        FIX_WEB_IDENTITY,
    ),
    Symptom::named(
        &["(AccessDenied) when calling the AssumeRole operation"],
        Cause::AssumeRoleDenied,
        ASSUME_ROLE,
        FIX_ASSUME_ROLE,
    ),
    // aws-iam-authenticator asks AWS for nothing else before it makes a token.
    Symptom::named(
        &["could not get token: AccessDenied"],
        Cause::AssumeRoleDenied,
        ASSUME_ROLE,
        FIX_ASSUME_ROLE,
    ),
    Symptom::named(
        &["Cannot assume IAM Role"],
        Cause::AssumeRoleDenied,
        ASSUME_ROLE,
        FIX_ASSUME_ROLE,
    ),
    Symptom::named(
        &["IAM Role (", ") cannot be assumed"],
        Cause::AssumeRoleDenied,
        ASSUME_ROLE,
        FIX_ASSUME_ROLE,
    ),
    Symptom::named(
        &["Roles may not be assumed by root accounts"],
        Cause::AssumeRoleDenied,
        "the account's root user may not assume roles",
        "act as an IAM user or as a role of Identity Center, which the role trusts",
    ),
];

/// Services whose refusals keep somebody from a cluster, whoever asks.
const OF_ACCESS: &[&str] = &["eks", "signin", "sts"];

/// Services that eksctl and Terraform's module of EKS ask to make a cluster.
const OF_MAKING: &[&str] = &["autoscaling", "cloudformation", "ec2", "iam", "ssm"];

/// Words in the names of the operations of EKS and STS, and of no other service.
const OPERATIONS: &[&str] = &[
    "AccessEntr",
    "AccessPolic",
    "Addon",
    "AssumeRole",
    "CallerIdentity",
    "DescribeClusterVersions",
    "FargateProfile",
    "FederationToken",
    "IdentityProviderConfig",
    "Nodegroup",
    "PodIdentityAssociation",
    "SessionToken",
    "UpdateClusterConfig",
    "UpdateClusterVersion",
];

/// Whether eksctl or Terraform's module of EKS says it, and no program that runs in a pod.
fn is_of_making(statement: &Statement, context: &Context) -> bool {
    let is_log = statement.says(&[
        "\"level\":",
        "level=",
        "\"logger\":",
        "\"controller\":",
        "reconciler error",
        ".go:",
    ]);
    match context.client_of(statement) {
        _ if is_log => false,
        Client::Eksctl => true,
        Client::Pulumi | Client::Terraform => context.is_of_eks,
        _ => false,
    }
}

/// What AWS refuses to a program, whose rights are no matter of a cluster's.
fn of_program(at: usize, action: &str, caller: &str) -> Reading {
    Reading {
        rank: Rank::Other,
        at,
        certainty: Certainty::NotAccess,
        sentence: format!(
            "this is not about access to a cluster: AWS refuses {action} to {caller}; those are a program's own rights in AWS, by the \
             policies of its role (of a pod the role of IRSA or EKS Pod Identity, or else that of the node)"
        ),
        fix: String::new(),
        look_at: vec![format!(
            "who that program acts as (aws sts get-caller-identity in it), and whether {action} is allowed to it"
        )],
    }
}

/// The kind of policy that AWS names, in which words, and what is to be done to it.
struct Policy {
    words: &'static [&'static str],
    name: &'static str,
    /// Where its missing permission, or its Deny, is changed.
    place: &'static str,
}

const POLICIES: &[Policy] = &[
    Policy {
        words: &["service control policy"],
        name: "a service control policy (SCP)",
        place: "whoever administers the organization changes the SCP of the account or of its unit (AWS Organizations, Policies); \
                no policy within the account helps",
    },
    Policy {
        words: &["resource control policy"],
        name: "a resource control policy (RCP)",
        place: "whoever administers the organization of the target's account changes the RCP (AWS Organizations, Policies); no \
                policy within the account helps",
    },
    Policy {
        words: &["permissions boundary"],
        name: "the caller's permissions boundary",
        place: "have the boundary of the caller changed ({shown} shows it as PermissionsBoundary); more policies on the caller do \
                not help",
    },
    Policy {
        words: &["session policy"],
        name: "the session policy with which the caller's session was made",
        place: "make the session without that policy, or with a wider one (the Policy and PolicyArns of AssumeRole, or of whatever \
                vends the credentials)",
    },
    Policy {
        words: &["VPC endpoint policy"],
        name: "the policy of the VPC endpoint through which the call went",
        place: "change the policy of the VPC endpoint (aws ec2 describe-vpc-endpoints), or reach AWS another way",
    },
    Policy {
        words: &["identity-based policy"],
        name: "the caller's own policies",
        place: "change the policies of the calling user or role",
    },
    Policy {
        words: &["resource-based policy", "role trust policy", "trust policy"],
        name: "the policy of the resource, which of a role is its trust policy",
        place: "change the policy of the resource, which of a role is its trust policy (aws iam update-assume-role-policy)",
    },
];

/// What a message says of a refusal by IAM or STS.
pub(super) fn read(statement: &Statement, context: &Context) -> Option<Reading> {
    if statement.has(&[UNKNOWN_OPERATION, "eks-auth-sim does not serve"]) {
        return first(SYMPTOMS, Rank::Vague, statement, context);
    }
    let mut reading = spelled(statement, context)
        .or_else(|| first(SYMPTOMS, Rank::Credentials, statement, context))
        .or_else(|| denied(statement, context))?;
    let text = statement.text();
    if let Some(issuer) = behind(text, "provider found in your account for ") {
        reading.fix = reading.fix.replace("--url ISSUER", &format!("--url {issuer}"));
    }
    // Where the caller is named by a role's ARN too, the target stands behind it.
    let last = text.rfind(":role/").and_then(|at| text.get(at..)).unwrap_or_default();
    if let Some(role) = behind(last, ":role/").and_then(|path| path.rsplit('/').next()) {
        reading.fix = reading.fix.replace("--role-name ROLE", &format!("--role-name {role}"));
    }
    Some(reading)
}

/// The word behind a sign, as far as a shell reads it as it stands.
fn behind<'a>(text: &'a str, sign: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(sign)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
    let word = after.split(|c: char| !is_plain(c)).next()?;
    let word = word.trim_end_matches(['.', ',', ':']);
    (!word.is_empty()).then_some(word)
}

/// Words of others as they stand in the prose of a fix: no command of theirs is to be taken for one of ours.
fn quoted(text: &str) -> String {
    text.replace('`', "'")
}

/// The command that shows the caller, whose ARN it is.
fn shows(caller: &str) -> String {
    if let Some(role) = behind(caller, ":assumed-role/").and_then(|path| path.split('/').next()) {
        format!("aws iam get-role --role-name {role}")
    } else if let Some(user) = behind(caller, ":user/").and_then(|path| path.rsplit('/').next()) {
        format!("aws iam get-user --user-name {user}")
    } else {
        "aws iam get-role or get-user".to_owned()
    }
}

/// `User: CALLER is not authorized to perform: ACTION on resource: TARGET …`.
fn spelled(statement: &Statement, context: &Context) -> Option<Reading> {
    const WORDS: &str = "is not authorized to perform";
    let at = statement.find(&[WORDS])?;
    let (before, after) = statement.text().split_at_checked(at)?;
    let after = after.strip_prefix(WORDS)?.trim_start_matches([':', ' ']);
    let caller = before
        .rsplit("User: ")
        .next()
        .and_then(|text| text.split_whitespace().last())
        .unwrap_or("the caller");
    let action: String = after
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, ':' | '-' | '*'))
        .collect();
    let rest = after.get(action.len()..).unwrap_or_default();
    let target = rest
        .split_once("resource: ")
        .and_then(|(_, target)| {
            target
                .trim_start_matches(['"', '\''])
                .split([' ', '"', '\'', ',', ';', '<'])
                .next()
        })
        .map(|target| target.trim_end_matches(['.', ')', '}']))
        .unwrap_or_default();
    let (service, _) = action.split_once(':')?;
    let is_of_access =
        OF_ACCESS.contains(&service) || (OF_MAKING.contains(&service) && is_of_making(statement, context));
    if !is_of_access {
        return Some(of_program(at, &action, caller));
    }
    // STS says so of web identities without a caller.
    if action == "sts:AssumeRoleWithWebIdentity" {
        return None;
    }
    Some(if action.starts_with("sts:AssumeRole") {
        assumption(at, caller, &action, target, rest)
    } else {
        let is_denied = rest.contains("explicit deny");
        let why = match why(rest) {
            Some((policy, how)) => format!("{} {how}", policy.name),
            None if is_denied => "a policy denies it explicitly, and AWS does not say which".to_owned(),
            None => "the caller's IAM policies do not allow it".to_owned(),
        };
        Reading {
            rank: Rank::Credentials,
            at,
            certainty: Certainty::Named(Cause::IamNotAllowed),
            sentence: format!("AWS refuses {action} to {caller}: {why}; Kubernetes has no part in it"),
            fix: match why_place(rest, caller) {
                Some(place) if is_denied => {
                    format!(
                        "{place}: its Deny must not cover {action} by {} any more",
                        quoted(caller)
                    )
                }
                Some(place) => format!("{place}: {action} must be allowed to {}", quoted(caller)),
                // No Allow helps against it.
                None if is_denied => format!(
                    "find the Deny that covers {action}, and take it away or meet its condition: in the caller's own policies and \
                     those of its groups ({}), which often deny everything until one signs in with MFA (aws sts get-session-token \
                     --serial-number MFA --token-code CODE), in its permissions boundary, and in the organization's SCPs",
                    shows(caller)
                ),
                None => format!(
                    "have {action} allowed to {} in IAM, or act as somebody to whom it is",
                    quoted(caller)
                ),
            },
            look_at: Vec::new(),
        }
    })
}

/// Which policy it is, and whether it denies or does not allow.
fn why(rest: &str) -> Option<(&'static Policy, &'static str)> {
    let policy = POLICIES
        .iter()
        .find(|policy| policy.words.iter().any(|words| rest.contains(words)))?;
    let how = if rest.contains("explicit deny") {
        "denies it explicitly"
    } else {
        "does not allow it"
    };
    Some((policy, how))
}

fn why_place(rest: &str, caller: &str) -> Option<String> {
    why(rest).map(|(policy, _)| policy.place.replace("{shown}", &shows(caller)))
}

/// A role that may not be assumed.
fn assumption(at: usize, caller: &str, action: &str, target: &str, rest: &str) -> Reading {
    let target = if target.is_empty() { "the role" } else { target };
    let mut cause = Cause::AssumeRoleDenied;
    let profile = behind(target, ":instance-profile/").and_then(|path| path.rsplit('/').next());
    let (sentence, fix) = if let Some(profile) = profile {
        (
            format!("{caller} may not assume {target}: it is an instance profile, and only a role can be assumed"),
            format!(
                "name the ARN of the role that is in it, arn:…:role/…, where the ARN of the instance profile stands now (aws iam \
                 get-instance-profile --instance-profile-name {profile} --query InstanceProfile.Roles prints it)"
            ),
        )
    } else if is_own_role(caller, target) {
        cause = Cause::RoleAssumesItself;
        (
            format!("{caller} is a session of the very role that it wants to assume, {target}: it has the role already"),
            "take the role out: --role-arn (or -r) of the plugin's arguments in the kubeconfig, role_arn of the profile, or \
             assume_role of the provider; the session's credentials do without"
                .to_owned(),
        )
    } else if let Some((policy, how)) = why(rest) {
        let also = match how {
            "denies it explicitly" => "its Deny statement must not cover this",
            _ => "it must allow this",
        };
        let place = if policy.words.contains(&"trust policy") {
            "change the role's trust policy (aws iam update-assume-role-policy --role-name ROLE)".to_owned()
        } else {
            policy.place.replace("{shown}", &shows(caller))
        };
        (
            format!("{caller} may not assume {target}: {} {how}", policy.name),
            format!("{place}; {also}: {action} on {} by {}", quoted(target), quoted(caller)),
        )
    } else if rest.contains("explicit deny") {
        (
            format!("{caller} may not assume {target}: a policy denies it explicitly, and AWS does not say which"),
            format!(
                "look for a Deny that covers {action}: the caller's policies, the trust policy (aws iam get-role --role-name \
                 ROLE), and the organization's; Deny statements often ask for MFA, a source address, or a tag"
            ),
        )
    } else {
        (
            format!(
                "{caller} may not assume {target}: its trust policy does not name the caller, a condition of it (external id, MFA, \
                 source) does not hold, the caller's own policies do not allow {action}, or there is no such role"
            ),
            format!(
                "see whom the role trusts and on which conditions (aws iam get-role --role-name ROLE --query \
                 Role.AssumeRolePolicyDocument); then name the caller there, or allow {action} on {} to the caller, or give \
                 the profile the external_id or mfa_serial that the condition wants",
                quoted(target)
            ),
        )
    };
    Reading {
        rank: Rank::Credentials,
        at,
        certainty: Certainty::Named(cause),
        sentence,
        fix,
        look_at: Vec::new(),
    }
}

/// Whether the caller is a session of the target: same account, same name. A session's ARN has no path.
fn is_own_role(caller: &str, target: &str) -> bool {
    let of_caller = caller.split_once(":sts::").and_then(|(_, rest)| {
        let (account, rest) = rest.split_once(":assumed-role/")?;
        Some((account, rest.split('/').next()?))
    });
    let of_target = target.split_once(":iam::").and_then(|(_, rest)| {
        let (account, rest) = rest.split_once(":role/")?;
        Some((account, rest.rsplit('/').next()?))
    });
    // Two blots may hide two accounts or names; letters and digits are meant.
    let is_shown = |text: &str| text.chars().any(|letter| letter.is_ascii_alphanumeric());
    matches!((of_caller, of_target), (Some(caller), Some(target)) if caller == target && is_shown(caller.1))
}

/// `An error occurred (AccessDenied) when calling the OPERATION operation`, without more.
fn denied(statement: &Statement, context: &Context) -> Option<Reading> {
    let by_ec2 = statement.find(&["UnauthorizedOperation"]);
    let at = statement
        .find(&["An error occurred (AccessDenied"])
        .or_else(|| statement.find(&["api error AccessDenied"]))
        .or(by_ec2)?;
    let text = statement.text().get(at..)?;
    // S3 words its refusals so, and no other service does.
    if text.ends_with("operation: Access Denied") || text.contains("api error AccessDenied: Access Denied") {
        return Some(Reading {
            rank: Rank::Other,
            at,
            certainty: Certainty::NotAccess,
            sentence: "this is not about access to a cluster: S3 refuses an operation on a bucket or an object"
                .to_owned(),
            fix: String::new(),
            look_at: vec!["the caller's policies and the bucket's (aws sts get-caller-identity)".to_owned()],
        });
    }
    let operation = text
        .split_once("when calling the ")
        .and_then(|(_, rest)| rest.split_once(" operation"))
        .map(|(operation, _)| operation);
    // The SDK for Go 2 names the service, and the operation behind it.
    let of_go = statement
        .text()
        .rsplit_once("operation error ")
        .and_then(|(_, rest)| rest.split_once(": "))
        .map(|(service, rest)| (service, rest.split([',', ' ']).next().unwrap_or_default()));
    let is_of_access = match of_go {
        Some((service, _)) => matches!(service, "EKS" | "STS" | "Signin"),
        None => operation.is_some_and(|operation| OPERATIONS.iter().any(|word| operation.contains(word))),
    };
    // EKS and ECS both have clusters.
    let is_of_cluster = operation.is_some_and(|operation| {
        matches!(
            operation,
            "CreateCluster" | "DeleteCluster" | "DescribeCluster" | "ListClusters"
        )
    }) && context.is_of_eks;
    let name = operation.or(of_go.map(|(_, operation)| operation));
    if is_of_access || is_of_cluster || is_of_making(statement, context) {
        let operation = name.unwrap_or("the call");
        return Some(Reading {
            rank: Rank::Credentials,
            at,
            certainty: Certainty::Named(Cause::IamNotAllowed),
            sentence: format!("the caller's IAM policies do not allow {operation}; Kubernetes has no part in it"),
            fix: "have the action allowed to the caller in IAM (aws sts get-caller-identity says who that is), or act as somebody \
                  to whom it is"
                .to_owned(),
            look_at: Vec::new(),
        });
    }
    if by_ec2.is_some() {
        return Some(of_program(at, name.unwrap_or("an operation of EC2"), "the caller"));
    }
    if let Some(operation) = name {
        let is_unsure = matches!(
            operation,
            "CreateCluster" | "DeleteCluster" | "DescribeCluster" | "ListClusters"
        );
        if !is_unsure {
            return Some(of_program(at, operation, "the caller"));
        }
    }
    Some(Reading {
        rank: Rank::Vague,
        at,
        certainty: Certainty::NotKnown,
        sentence: "AWS refused a call, and the message does not show which service it was asked of".to_owned(),
        fix: String::new(),
        look_at: vec![
            "the command or the program that printed it, and who it acts as (aws sts get-caller-identity)".to_owned(),
        ],
    })
}
