//! What a bare line of the authenticator's log says, with no cluster to ask.
//!
//! A line names what was decided, seldom why: so several causes may be possible, the likeliest first. Wordings of every
//! release are known: `ARN is not mapped` until 2022, `Identity is not mapped` until 2024, and messages of STS with and
//! without `on REGION endpoint`.

use std::fmt::Write as _;

use super::Cause;
use super::Explanation;
use super::Finding;
use super::fix::word;
use super::mapped::FEDERATED_FIX;
use super::mapped::ROOT_FIX;
use super::node;
use super::node::NodeArn;
use super::node::Target;
use crate::value::arn::Arn;
use crate::value::arn::Partition;
use crate::value::log::Record;
use crate::value::printable;
use crate::value::trace::Trace;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogExplanation {
    /// The likeliest cause, with the line's facts as evidence.
    pub explanation: Explanation,
    /// Every cause that the line leaves possible, the likeliest first.
    pub possible: Vec<Cause>,
    /// Whose request it was, where the line says so.
    pub caller: Option<String>,
    /// What to look at next.
    pub look_at: Vec<String>,
}

impl LogExplanation {
    /// The whole for a terminal.
    #[must_use]
    pub fn render_text(&self) -> String {
        let explanation = &self.explanation;
        let sentence = printable::line(&explanation.sentence);
        // Nothing is named where the line leaves nothing possible.
        let cause = self.possible.first().map_or("not known", |cause| cause.id());
        let mut text = format!("{sentence}\ncause: {cause}\n");
        if self.possible.len() > 1 {
            let others: Vec<&str> = self.possible.iter().skip(1).map(|cause| cause.id()).collect();
            let _ = writeln!(text, "or: {}", others.join(", "));
        }
        if let Some(caller) = &self.caller {
            let _ = writeln!(text, "caller: {}", printable::line(caller));
        }
        for (title, lines) in [("evidence", &explanation.evidence), ("look at", &self.look_at)] {
            if !lines.is_empty() {
                let _ = writeln!(text, "\n{title}:");
            }
            for line in lines {
                let _ = writeln!(text, "  {}", printable::line(line));
            }
        }
        if !explanation.fix.is_empty() {
            let _ = writeln!(text, "\nfix: {}", printable::line(&explanation.fix));
        }
        text
    }
}

/// What a wording of the `error` field means.
struct Meaning {
    /// All of these stand in it.
    texts: &'static [&'static str],
    /// The likeliest first.
    causes: &'static [Cause],
    sentence: &'static str,
    fix: &'static str,
}

const NEW_TOKEN: &str = "let the client make its tokens itself: `aws eks update-kubeconfig --name CLUSTER --region REGION`, or make one \
                         with `aws eks get-token --cluster-name CLUSTER --region REGION` and pass it on unchanged";
const RIGHT_HOST: &str = "sign for the regional STS endpoint of the cluster's partition, as the plugin of a kubeconfig does that \
                          `aws eks update-kubeconfig --name CLUSTER --region REGION` writes; check AWS_REGION and AWS_ENDPOINT_URL";
const MAP_IT: &str = "map the caller, with the least rights: \
                      `aws eks create-access-entry --cluster-name CLUSTER --region REGION --principal-arn ARN` and \
                      `aws eks associate-access-policy --cluster-name CLUSTER --region REGION --principal-arn ARN --policy-arn \
                      arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=cluster`; or by an item of \
                      aws-auth where the mode is CONFIG_MAP; or choose the profile of somebody who is mapped";

const INSTANCE_FIX: &str = "see whether the instance exists in the account and the region of the cluster (aws ec2 describe-instances \
                            --region REGION --instance-ids ID); where it does, let the node try again";
const TEMPLATE_FIX: &str = "correct the template that the error names: {{EC2PrivateDNSName}} is for nodes; {{SessionName}}, \
                            {{SessionNameRaw}}, {{AccountID}} and {{AccessKeyID}} are for whoever assumes a role";
const STS_HEALTH: &str = "try again later; the AWS Health Dashboard says whether STS has trouble in the region";
const FEWER_REQUESTS: &str = "try again later, and send STS fewer requests: let clients keep their sessions and tokens";

/// From the particular to the general; the first that fits is reported.
///
/// Source: the texts of all tags from v0.3.0 to v0.7.17 of kubernetes-sigs/aws-iam-authenticator, in `pkg/token/token.go`,
/// `pkg/server/server.go`, `pkg/mapper`, `pkg/arn/arn.go` and `pkg/ec2provider`.
const MEANINGS: &[Meaning] = &[
    Meaning {
        texts: &["SessionName did not contain an instance id"],
        causes: &[Cause::TemplateUnrenderable],
        sentence: "access denied: the caller is mapped as a node, by {{EC2PrivateDNSName}}, and its session is not named after an instance",
        fix: node::PEOPLE_AS_NODES,
    },
    Meaning {
        texts: &["failed to find node "],
        causes: &[Cause::TemplateUnrenderable],
        sentence: "access denied: the caller is mapped as a node, and EC2 told the authenticator no private DNS name of its instance",
        fix: INSTANCE_FIX,
    },
    Meaning {
        texts: &["failed querying private DNS from EC2 API"],
        causes: &[Cause::TemplateUnrenderable],
        sentence: "access denied: the caller is mapped as a node, and EC2 told the authenticator no private DNS name of its instance",
        fix: INSTANCE_FIX,
    },
    Meaning {
        texts: &["Batch call failed querying private DNS"],
        causes: &[Cause::TemplateUnrenderable],
        sentence: "access denied: the caller is mapped as a node, and EC2 told the authenticator no private DNS name of its instance",
        fix: INSTANCE_FIX,
    },
    Meaning {
        texts: &["is not a DNS-1123 hostname"],
        causes: &[Cause::TemplateUnrenderable],
        sentence: "access denied: a mapping was found, but the username or a group that it gives is no name of a host",
        fix: "use letters, digits, dots and dashes in the username, and no template that brings others in",
    },
    Meaning {
        texts: &["renderTemplates error"],
        causes: &[Cause::TemplateUnrenderable],
        sentence: "access denied: a mapping was found, but its username or a group cannot be rendered",
        fix: TEMPLATE_FIX,
    },
    Meaning {
        texts: &["failed mapping "],
        causes: &[Cause::TemplateUnrenderable],
        sentence: "access denied: a mapping was found, but its username or a group cannot be rendered",
        fix: TEMPLATE_FIX,
    },
    Meaning {
        texts: &["Map error: "],
        causes: &[Cause::AccessEntryOfRecreatedPrincipal, Cause::IdentityNotMapped],
        sentence: "access denied: a mapper knows the caller's unique id, but for another ARN",
        fix: "delete the mapping, and recreate it for the principal as it is now",
    },
    Meaning {
        texts: &["invalid username '"],
        causes: &[Cause::UsernameReserved],
        sentence: "access denied: the mapping gives a username that is reserved",
        fix: "give the mapping a username that begins otherwise; the groups may stay",
    },
    Meaning {
        texts: &["dentity is not mapped"],
        causes: NOT_MAPPED,
        sentence: "access denied: STS vouches for the caller, and no mapper knows it",
        fix: MAP_IT,
    },
    Meaning {
        texts: &["ARN is not mapped"],
        causes: NOT_MAPPED,
        sentence: "access denied: STS vouches for the caller, and no mapper knows it",
        fix: MAP_IT,
    },
    Meaning {
        texts: &["X-Amz-Date parameter is expired"],
        causes: &[Cause::TokenExpired],
        sentence: "access denied: the token was signed more than 15 minutes ago, or the clock of the client's machine is behind",
        fix: "let the client make new ones, with an exec plugin in the provider or the kubeconfig: \
              `aws eks update-kubeconfig --name CLUSTER --region REGION`; if this one was new, set the clock of the client's machine",
    },
    Meaning {
        texts: &["client did not sign the x-k8s-aws-id header"],
        causes: &[Cause::TokenForNoCluster],
        sentence: "access denied: the token does not bind itself to a cluster",
        fix: "sign the header x-k8s-aws-id with the cluster's name, as the plugin of a kubeconfig does that \
               `aws eks update-kubeconfig --name CLUSTER --region REGION` writes",
    },
    Meaning {
        texts: &["unexpected hostname "],
        causes: &[Cause::TokenWrongHost],
        sentence: "access denied: the token names another host than STS",
        fix: RIGHT_HOST,
    },
    Meaning {
        texts: &["could not parse region for pre-signed URL"],
        causes: &[Cause::TokenWrongHost],
        sentence: "access denied: the token's host is no endpoint of STS",
        fix: RIGHT_HOST,
    },
    Meaning {
        texts: &["global endpoint unsupported in partition"],
        causes: &[Cause::TokenWrongHost],
        sentence: "access denied: the token is signed for sts.amazonaws.com, and the cluster is in another partition",
        fix: RIGHT_HOST,
    },
    Meaning {
        texts: &["does not support hostname"],
        causes: &[Cause::TokenWrongHost],
        sentence: "access denied: the token is signed for the STS of another partition",
        fix: RIGHT_HOST,
    },
    Meaning {
        texts: &["invalid region identifier format provided"],
        causes: &[Cause::TokenWrongHost],
        sentence: "access denied: the token's host names no region",
        fix: RIGHT_HOST,
    },
    Meaning {
        texts: &["unexpected scheme "],
        causes: &[Cause::TokenWrongHost],
        sentence: "access denied: the token's URL is not https",
        fix: RIGHT_HOST,
    },
    Meaning {
        texts: &["input token was not properly formatted"],
        causes: &[Cause::TokenMalformed],
        sentence: "access denied: what came as a bearer token is no presigned request to STS",
        fix: NEW_TOKEN,
    },
    Meaning {
        texts: &["sts getCallerIdentity was throttled"],
        causes: &[Cause::StsThrottled],
        sentence: "access denied: STS has had too many requests, so that it did not say who the caller is",
        fix: FEWER_REQUESTS,
    },
    Meaning {
        texts: &["error from AWS", "Throttling"],
        causes: &[Cause::StsThrottled],
        sentence: "access denied: STS has had too many requests, so that it did not say who the caller is",
        fix: FEWER_REQUESTS,
    },
    Meaning {
        texts: &["error from AWS", "ExpiredToken"],
        causes: &[Cause::SessionExpired],
        sentence: "access denied: the temporary credentials behind the token have ended",
        fix: "get new credentials: `aws sso login --profile PROFILE` where they are of IAM Identity Center, or assume the role again",
    },
    Meaning {
        texts: &["error from AWS", "InvalidClientTokenId"],
        causes: &[
            Cause::KeyUnknown,
            Cause::KeyInactive,
            Cause::KeyOfDeletedPrincipal,
            Cause::CreatorDeleted,
            Cause::SessionTokenWrong,
        ],
        sentence: "access denied: STS does not accept the access key: it is deleted or inactive, its owner is gone, or the \
                   session token is not its own",
        fix: "check which credentials kubectl uses (aws sts get-caller-identity), and use an active key",
    },
    Meaning {
        texts: &["error from AWS", "Signature expired"],
        causes: &[Cause::TokenExpired],
        sentence: "access denied: STS finds the signature too old",
        fix: "make a new token; if this one was new, set the clock of the client's machine",
    },
    Meaning {
        texts: &["error from AWS", "Signature not yet current"],
        causes: &[Cause::ClockAhead],
        sentence: "access denied: the token is signed in the future: the clock of the client's machine is ahead",
        fix: "set the clock of the client's machine: `timedatectl set-ntp true`",
    },
    Meaning {
        texts: &["error from AWS", "Credential should be scoped"],
        causes: &[Cause::WrongDateOrScope],
        sentence: "access denied: the signature is for another region or service than the host of the token",
        fix: RIGHT_HOST,
    },
    Meaning {
        texts: &["error from AWS", "SignatureDoesNotMatch"],
        causes: &[Cause::SignatureMismatch, Cause::TokenForOtherCluster],
        sentence: "access denied: the signature is not the one that STS calculates: the secret key is wrong, the token was \
                   changed on the way, or it was made for a cluster of another name",
        fix: "make the token for this cluster (`aws eks update-kubeconfig --name CLUSTER --region REGION`), and check the secret key",
    },
    Meaning {
        texts: &["error from AWS", "RegionDisabledException"],
        causes: &[Cause::RegionDisabled],
        sentence: "access denied: STS is not active for the caller's account in the region for which the token is signed",
        fix: "sign for another region's endpoint, or have an administrator of the account activate STS there (IAM, Account settings)",
    },
    // STS answers 403 for what is wrong with key, signature or session. Releases of 2018 to 2021, and lines that are cut off, do
    // not say which. It is never an outage.
    Meaning {
        texts: &["error from AWS (expected 200, got 403)"],
        causes: &[
            Cause::SessionExpired,
            Cause::KeyUnknown,
            Cause::KeyInactive,
            Cause::SignatureMismatch,
            Cause::TokenForOtherCluster,
            Cause::SessionTokenWrong,
            Cause::KeyOfDeletedPrincipal,
            Cause::TokenExpired,
            Cause::ClockAhead,
            Cause::WrongDateOrScope,
        ],
        sentence: "access denied: STS refuses the token for its session, its key or its signature, and the line does not have STS's \
                   own words, which say which",
        fix: "see who the client is (aws sts get-caller-identity with the same profile and environment), get new credentials where \
              the session has ended, and make the token for this cluster: `aws eks update-kubeconfig --name CLUSTER --region REGION`",
    },
    Meaning {
        texts: &["error from AWS (expected 200, got 429)"],
        causes: &[Cause::StsThrottled],
        sentence: "access denied: STS has had too many requests, so that it did not say who the caller is",
        fix: FEWER_REQUESTS,
    },
    Meaning {
        texts: &["error from AWS (expected 200, got 5"],
        causes: &[Cause::StsUnavailable],
        sentence: "access denied: STS answered the authenticator with an error of its own",
        fix: STS_HEALTH,
    },
    // Throttling is a 400 as well, as AWS's query protocol has it.
    Meaning {
        texts: &["error from AWS (expected 200, got 400)"],
        causes: &[Cause::StsThrottled, Cause::TokenMalformed],
        sentence: "access denied: STS did not accept the request as it is, or has had too many, and the line does not say which",
        fix: FEWER_REQUESTS,
    },
    Meaning {
        texts: &["sts getCallerIdentity failed: error from AWS"],
        causes: &[Cause::StsUnavailable, Cause::TokenWrongHost],
        sentence: "access denied: what answered the authenticator gave no answer of STS",
        fix: "see which host the token names, and whether a proxy stands between the authenticator and STS",
    },
    Meaning {
        texts: &["error during GET"],
        causes: &[Cause::StsUnavailable],
        sentence: "access denied: STS gave the authenticator no answer",
        fix: STS_HEALTH,
    },
    Meaning {
        texts: &["error reading HTTP result"],
        causes: &[Cause::StsUnavailable],
        sentence: "access denied: STS gave the authenticator no answer",
        fix: STS_HEALTH,
    },
    Meaning {
        texts: &["unrecognized resource "],
        causes: &[Cause::IdentityUnusable],
        sentence: "access denied: the caller is no principal that can be mapped",
        fix: super::UNUSABLE_FIX,
    },
    Meaning {
        texts: &["have a recognized partition"],
        causes: &[Cause::IdentityUnusable],
        sentence: "access denied: the caller is no principal that can be mapped",
        fix: super::UNUSABLE_FIX,
    },
    Meaning {
        texts: &["is not a valid service for identities"],
        causes: &[Cause::IdentityUnusable],
        sentence: "access denied: the caller is no principal that can be mapped",
        fix: super::UNUSABLE_FIX,
    },
    Meaning {
        texts: &["does not have a role"],
        causes: &[Cause::IdentityUnusable],
        sentence: "access denied: the caller is no principal that can be mapped",
        fix: super::UNUSABLE_FIX,
    },
    Meaning {
        texts: &["malformed UserID"],
        causes: &[Cause::IdentityUnusable],
        sentence: "access denied: the caller is no principal that can be mapped",
        fix: super::UNUSABLE_FIX,
    },
    Meaning {
        texts: &["is invalid: 'arn: "],
        causes: &[Cause::IdentityUnusable],
        sentence: "access denied: the caller is no principal that can be mapped",
        fix: super::UNUSABLE_FIX,
    },
    Meaning {
        texts: &["Error canonicalizing ARN"],
        causes: &[Cause::IdentityUnusable],
        sentence: "access denied: the caller is no principal that can be mapped",
        fix: super::UNUSABLE_FIX,
    },
];

const NOT_MAPPED: &[Cause] = &[
    Cause::IdentityNotMapped,
    Cause::MappedWithPath,
    Cause::AwsAuthBroken,
    Cause::AwsAuthIgnored,
    Cause::AccessEntryOfRecreatedPrincipal,
    Cause::MappedWithOtherSsoSuffix,
    Cause::MappedInOtherAccount,
    Cause::MappedAsOtherKind,
    Cause::CreatorDeleted,
];

/// Explains a line of the authenticator's log, or the text of its `error` field; nothing where it is neither.
#[must_use]
pub fn explain_log_line(line: &str) -> Option<LogExplanation> {
    Some(explain_record(&Record::parse(line)?))
}

/// Explains a line that was read already.
pub(crate) fn explain_record(record: &Record) -> LogExplanation {
    if let Some(error) = record.denial() {
        return denial(record, error);
    }
    if record.is_grant() {
        return grant(record);
    }
    let sentence = match record.msg.as_str() {
        "STS response" => "STS vouched for the caller; whether a mapper knows it stands in the line that follows",
        "" => "the line says neither that somebody was let in nor that somebody was not",
        _ => "the line is of the authenticator itself, and about no caller",
    };
    let finding = with_fields(Finding::new(Cause::Granted, sentence, ""), record);
    LogExplanation {
        possible: Vec::new(),
        caller: record.arn().map(str::to_owned),
        look_at: vec!["the next line with `access granted` or `access denied` for the same client".to_owned()],
        explanation: finding.explained(Trace::new()),
    }
}

fn grant(record: &Record) -> LogExplanation {
    let (user, groups) = (
        record.field("username").unwrap_or("?"),
        record.field("groups").unwrap_or("[]"),
    );
    let sentence =
        format!("access granted as {user} in {groups}: what is refused then is refused by RBAC, not by the mapping");
    LogExplanation {
        possible: vec![Cause::Granted, Cause::NoBinding, Cause::NotAuthorized],
        caller: record.arn().map(str::to_owned),
        look_at: vec![
            format!("kubectl auth can-i --list --as {}", word(user)),
            "kubectl get clusterrolebindings,rolebindings -A -o wide".to_owned(),
        ],
        explanation: with_fields(Finding::new(Cause::Granted, sentence, ""), record).explained(Trace::new()),
    }
}

fn denial(record: &Record, error: &str) -> LogExplanation {
    let meaning = MEANINGS
        .iter()
        .find(|meaning| meaning.texts.iter().all(|text| error.contains(text)));
    let arn = record.arn();
    let Some(meaning) = meaning else {
        let sentence = if error.is_empty() {
            "access denied; the part of the line that says why is missing"
        } else {
            "access denied, in words that are not known here"
        };
        let fix = "give the whole line, with its field `error`";
        return LogExplanation {
            possible: Vec::new(),
            caller: arn.map(str::to_owned),
            look_at: Vec::new(),
            explanation: with_fields(Finding::new(Cause::IdentityNotMapped, sentence, fix), record)
                .explained(Trace::new()),
        };
    };
    let mut possible = meaning.causes.to_vec();
    let is_not_mapped = meaning.causes == NOT_MAPPED;
    if is_not_mapped {
        narrow(&mut possible, record);
    }
    let cause = possible.first().copied().unwrap_or(Cause::IdentityNotMapped);
    let mut finding = Finding::new(cause, meaning.sentence, meaning.fix);
    if is_not_mapped && let Some(arn) = arn {
        finding.sentence = format!("access denied: STS vouches for {arn}, and no mapper knows it");
        finding.fix = match (cause, node_of(record)) {
            (Cause::RootNotMapped, _) => ROOT_FIX.to_owned(),
            (Cause::FederatedUserNotMapped, _) => FEDERATED_FIX.to_owned(),
            (_, Some(node)) => node::either(&Target::default(), &node.role_arn, node.kind),
            (_, None) => map_it(arn),
        };
    }
    LogExplanation {
        caller: arn.map(str::to_owned),
        look_at: look_at(is_not_mapped, arn),
        explanation: with_fields(finding, record).explained(Trace::new()),
        possible,
    }
}

/// [`MAP_IT`] for that caller. A log has no paths, and those of permission sets' roles are never empty.
fn map_it(arn: &str) -> String {
    let partition = arn.split(':').nth(1).and_then(Partition::from_name);
    let fix = MAP_IT.replace(
        "arn:aws:eks::aws:",
        &format!("arn:{}:eks::aws:", partition.unwrap_or(Partition::Aws).as_str()),
    );
    match arn.split_once(":role/AWSReservedSSO_") {
        Some((_, rest)) => format!(
            "{fix}. ARN is the role's with its path, which the log does not have (aws iam get-role --role-name {} --query Role.Arn)",
            word(&format!("AWSReservedSSO_{rest}"))
        ),
        None => fix.replace("--principal-arn ARN", &format!("--principal-arn {}", word(arn))),
    }
}

/// What the caller's ARN leaves of the reasons why nobody knows it.
fn narrow(possible: &mut Vec<Cause>, record: &Record) {
    let Some(arn) = record.arn().and_then(|arn| Arn::parse(arn).ok()) else {
        return;
    };
    let resource = arn.resource.as_str();
    let name = resource.rsplit('/').next().unwrap_or_default();
    let is_role = resource.starts_with("role/") || resource.starts_with("assumed-role/");
    if !is_role {
        possible.retain(|cause| !matches!(cause, Cause::MappedWithPath | Cause::MappedWithOtherSsoSuffix));
    }
    if !name.starts_with("AWSReservedSSO_") {
        possible.retain(|cause| *cause != Cause::MappedWithOtherSsoSuffix);
    } else {
        possible.insert(0, Cause::MappedWithSsoPath);
    }
    if resource == "root" {
        *possible = vec![Cause::RootNotMapped];
    } else if resource.starts_with("federated-user/") {
        *possible = vec![Cause::FederatedUserNotMapped];
    } else if node_of(record).is_some() {
        possible.insert(0, Cause::NodeRoleNotMapped);
    }
}

/// The node that the line is about: by its session, or else by its role's name.
fn node_of(record: &Record) -> Option<NodeArn> {
    NodeArn::find(record.arn()?, record.field("session").unwrap_or_default())
}

fn look_at(is_not_mapped: bool, arn: Option<&str>) -> Vec<String> {
    let mut commands = vec!["aws sts get-caller-identity   # as the one who is denied".to_owned()];
    if is_not_mapped {
        commands.extend([
            "aws eks describe-cluster --name CLUSTER --region REGION --query cluster.accessConfig.authenticationMode"
                .to_owned(),
            "aws eks list-access-entries --cluster-name CLUSTER --region REGION   # where the mode has API in it"
                .to_owned(),
            "kubectl get configmap aws-auth -n kube-system -o yaml   # where the mode has CONFIG_MAP in it".to_owned(),
        ]);
        if arn.is_some() {
            commands.push(
                "the same line with --aws-auth, --access-entries and --cluster-json, which names the one cause"
                    .to_owned(),
            );
        }
    }
    commands
}

/// The fields that tell something, as evidence.
fn with_fields(mut finding: Finding, record: &Record) -> Finding {
    if let Some(time) = record.time {
        finding = finding.with(format!("the line is of {time}"));
    }
    for name in ["arn", "username", "groups", "session", "userid", "error"] {
        if let Some(value) = record.field(name) {
            finding = finding.with(format!("log: {name}={value}"));
        }
    }
    if record.is_cut {
        finding = finding.with("the line is cut off: its end may say more");
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::eks::AuthenticatorRelease;
    use crate::cluster::mapping::MappingError;
    use crate::explain::fix::check_form;
    use crate::explain::fix_commands;
    use crate::value::instant::Timestamp;
    use crate::world::token::TokenError;

    #[track_caller]
    fn check(line: &str, wanted: Cause) -> LogExplanation {
        let explained = explain_log_line(line).unwrap_or_else(|| panic!("not read: {line}"));
        assert_eq!(explained.explanation.cause, wanted, "{line}");
        explained
    }

    #[test]
    fn every_release_s_words_are_known() {
        for release in [
            AuthenticatorRelease::Current,
            AuthenticatorRelease::Y2024,
            AuthenticatorRelease::Y2022,
        ] {
            let error = MappingError::NotMapped { release }.to_string();
            let line = format!(
                "time=\"2026-11-20T08:00:00Z\" level=warning msg=\"access denied\" arn=\"arn:aws:iam::111122223333:user/dev\" error=\"{error}\""
            );
            let explained = check(&line, Cause::IdentityNotMapped);
            assert_eq!(explained.caller.as_deref(), Some("arn:aws:iam::111122223333:user/dev"));
            check(&error, Cause::IdentityNotMapped);
        }
        for place in ["", " on us-west-2 endpoint"] {
            let line = format!(
                "sts getCallerIdentity failed: error from AWS (expected 200, got 403){place}. Body: {{\"Error\":{{\"Code\":\"SignatureDoesNotMatch\"}}}}"
            );
            check(&line, Cause::SignatureMismatch);
        }
    }

    #[test]
    fn every_check_of_a_token_has_a_cause() {
        let s = || "x".to_owned();
        for (error, wanted) in [
            (TokenError::TooLarge { bytes: 5000 }, Cause::TokenMalformed),
            (TokenError::Prefix, Cause::TokenMalformed),
            (TokenError::Base64 { offset: 3 }, Cause::TokenMalformed),
            (TokenError::Scheme { got: s() }, Cause::TokenWrongHost),
            (TokenError::HostEmpty, Cause::TokenWrongHost),
            (TokenError::HostFormat { host: s() }, Cause::TokenWrongHost),
            (TokenError::RegionFormat { region: s() }, Cause::TokenWrongHost),
            (TokenError::UnexpectedHost { host: s() }, Cause::TokenWrongHost),
            (TokenError::ClusterHeader { signed: s() }, Cause::TokenForNoCluster),
            (TokenError::DateMissing, Cause::TokenMalformed),
            (
                TokenError::Expired {
                    date: Timestamp::UNIX_EPOCH,
                },
                Cause::TokenExpired,
            ),
        ] {
            assert_eq!(super::super::token_finding(&error).cause, wanted, "{error}");
            check(&error.to_string(), wanted);
        }
    }

    #[test]
    fn the_caller_narrows_it_down() {
        let line =
            |arn: &str| format!("level=warning msg=\"access denied\" arn=\"{arn}\" error=\"identity is not mapped\"");
        check(&line("arn:aws:iam::111122223333:root"), Cause::RootNotMapped);
        check(
            &line("arn:aws:sts::111122223333:federated-user/Bob"),
            Cause::FederatedUserNotMapped,
        );
        check(
            &line("arn:aws:iam::111122223333:role/eksctl-prod-NodeInstanceRole-1ABC"),
            Cause::NodeRoleNotMapped,
        );
        let user = check(&line("arn:aws:iam::111122223333:user/dev"), Cause::IdentityNotMapped);
        assert!(!user.possible.contains(&Cause::MappedWithPath));
        let sso = check(
            &line("arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_0123456789abcdef"),
            Cause::MappedWithSsoPath,
        );
        assert!(sso.possible.contains(&Cause::MappedWithOtherSsoSuffix));
    }

    #[test]
    fn fixes_have_whole_commands() {
        for meaning in MEANINGS {
            check_form(meaning.fix);
        }
    }

    #[test]
    fn the_caller_is_mapped_by_its_own_arn() {
        let fix = |arn: &str| {
            let line = format!("level=warning msg=\"access denied\" arn=\"{arn}\" error=\"identity is not mapped\"");
            let fix = explain_log_line(&line).unwrap().explanation.fix;
            check_form(&fix);
            fix
        };
        let role = fix("arn:aws-cn:iam::111122223333:role/dev");
        assert_eq!(
            fix_commands(&role),
            [
                "aws eks create-access-entry --cluster-name CLUSTER --region REGION --principal-arn arn:aws-cn:iam::111122223333:role/dev",
                "aws eks associate-access-policy --cluster-name CLUSTER --region REGION --principal-arn \
                 arn:aws-cn:iam::111122223333:role/dev --policy-arn \
                 arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=cluster",
            ]
        );
        // An entry has the path, which the log leaves out.
        let sso = fix("arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_0123456789abcdef");
        assert!(sso.contains("--principal-arn ARN`"), "{sso}");
        assert!(
            sso.contains("--role-name AWSReservedSSO_Dev_0123456789abcdef "),
            "{sso}"
        );
        for nobody in [
            "arn:aws:iam::111122223333:root",
            "arn:aws:sts::111122223333:federated-user/Bob",
        ] {
            assert!(fix_commands(&fix(nobody)).is_empty(), "{nobody}");
        }
    }

    #[test]
    fn what_is_no_line_is_not_explained() {
        assert_eq!(explain_log_line("NAME TYPE CLUSTER-IP"), None);
        let unknown = explain_log_line("level=warning msg=\"access denied\" error=\"something new\"").unwrap();
        assert!(unknown.possible.is_empty());
        let granted = check(
            "level=info msg=\"access granted\" groups=\"[dev]\" username=dev",
            Cause::Granted,
        );
        assert!(
            granted.render_text().contains("kubectl auth can-i --list --as dev"),
            "{}",
            granted.render_text()
        );
    }
}
