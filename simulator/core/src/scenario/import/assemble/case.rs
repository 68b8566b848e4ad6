//! Who is denied, and how: the newest denial that the artifacts name.

use std::sync::LazyLock;

use regex::Regex;

use super::super::Finding;
use super::super::facts::AwsAuth;
use super::super::facts::Facts;
use super::super::facts::Found;
use super::super::facts::Place;
use super::super::yaml;
use crate::cluster::eks::AuthenticatorRelease;
use crate::explain::Cause;
use crate::explain::Explanation;
use crate::explain::explain_client_error;
use crate::explain::explain_log_line;
use crate::explain::is_node_role_name;
use crate::explain::lint::Severity;
use crate::kube::request_info::Attributes;
use crate::value::arn::Arn;
use crate::value::arn::CanonicalArn;
use crate::value::arn::Partition;
use crate::value::arn::PrincipalKind;
use crate::value::instant::Timestamp;
use crate::value::log::Record;

/// The user of whom only the denial is known.
const NOBODY: &str = "imported-user";
/// The instance of which only the role is known.
const INSTANCE: &str = "i-0123456789abcdef0";

/// The denial.
pub(super) struct Case {
    pub(super) caller: Caller,
    pub(super) denial: Denial,
    /// Where the denial stands.
    pub(super) place: Place,
    pub(super) time: Option<Timestamp>,
    /// The text of the log's `error`.
    pub(super) error: Option<String>,
    pub(super) release: AuthenticatorRelease,
    /// What maps the caller, where no artifact says it.
    pub(super) mapping: Option<AwsAuth>,
}

/// Who asks.
pub(super) struct Caller {
    /// As it was given.
    pub(super) arn: String,
    pub(super) canonical: String,
    pub(super) kind: PrincipalKind,
    pub(super) partition: Partition,
    pub(super) account: String,
    /// Without a path.
    pub(super) name: String,
    pub(super) session: String,
    pub(super) place: Place,
}

/// At which stage it was denied.
pub(super) enum Denial {
    /// By RBAC.
    Forbidden(Request),
    /// By STS, for the credentials.
    Key(Cause),
    /// By the mappers.
    Mapping,
    /// By the token's form, or because STS was not to be asked.
    Token(Cause),
}

/// What RBAC refused.
pub(super) struct Request {
    pub(super) user: String,
    pub(super) verb: String,
    pub(super) resource: String,
    pub(super) group: String,
    pub(super) namespace: String,
    pub(super) name: String,
    /// Of a request that is for no resource.
    pub(super) path: String,
    /// The roles that the API server did not find: `role` or `clusterrole`, and the name.
    pub(super) missing: Vec<(String, String)>,
}

impl Request {
    pub(super) fn attributes(&self) -> Attributes {
        if !self.path.is_empty() {
            return Attributes::non_resource(&self.verb, &self.path);
        }
        let (resource, sub) = self.resource.split_once('/').unwrap_or((&self.resource, ""));
        Attributes::resource(
            &self.verb,
            &self.group,
            "v1",
            resource,
            sub,
            &self.namespace,
            &self.name,
        )
    }

    /// `pods`, or `deployments.apps`.
    pub(super) fn typed(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    /// Whether one command of kubectl asks just this: `kubectl get` or `kubectl delete`.
    pub(super) fn is_plain(&self) -> bool {
        ["get", "list", "delete"].contains(&self.verb.as_str()) && !self.resource.contains('/') && self.path.is_empty()
    }

    /// The words of a refusal, whichever client passed them on (`authorize::denial_message`).
    fn parse(text: &str) -> Option<Self> {
        static REQUEST: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(
                r#"User\s+\\?"([^"\\]+)\\?"\s+cannot\s+([\w*-]+)\s+(?:path\s+\\?"([^"\\]+)\\?"|resource\s+\\?"([^"\\]+)\\?"\s+in\s+API\s+group\s+\\?"([^"\\]*)\\?"(?:\s+in\s+the\s+namespace\s+\\?"([^"\\]+)\\?")?)"#,
            )
            .ok()
        });
        static NAME: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r#"\\?"([^"\\]*)\\?"\s+is\s+forbidden:\s+User"#).ok());
        static MISSING: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(r#"\b((?:cluster)?role)\.rbac\.authorization\.k8s\.io\s+\\?"([^"\\]+)\\?"\s+not\s+found"#).ok()
        });
        let found = REQUEST.as_ref()?.captures(text)?;
        let group = |at: usize| found.get(at).map_or("", |found| found.as_str()).to_owned();
        let name = NAME
            .as_ref()?
            .captures(text)
            .and_then(|found| found.get(1).map(|name| name.as_str().to_owned()));
        let missing = MISSING.as_ref()?.captures_iter(text).filter_map(|found| {
            let group = |at: usize| found.get(at).map(|found| found.as_str().to_owned());
            Some((group(1)?, group(2)?))
        });
        Some(Self {
            user: group(1),
            verb: group(2),
            path: group(3),
            resource: group(4),
            group: group(5),
            namespace: group(6),
            name: name.unwrap_or_default(),
            missing: missing.collect(),
        })
    }
}

impl Caller {
    pub(super) fn new(arn: &str, session: &str, place: Place) -> Option<Self> {
        let canonical = CanonicalArn::parse(arn).ok()?;
        let parsed = Arn::parse(&canonical.arn).ok()?;
        let name = parsed.resource.rsplit('/').next().unwrap_or_default().to_owned();
        let from_arn = arn
            .split_once(":assumed-role/")
            .and_then(|(_, rest)| rest.rsplit('/').next());
        let session = if session.is_empty() {
            from_arn.unwrap_or_default()
        } else {
            session
        };
        let canonical = if parsed.resource.starts_with("role/") {
            format!("arn:{}:iam::{}:role/{name}", parsed.partition, parsed.account_id)
        } else {
            canonical.arn
        };
        let kind = match CanonicalArn::parse(arn).ok()?.kind {
            PrincipalKind::Role => PrincipalKind::AssumedRole,
            kind => kind,
        };
        Some(Self {
            arn: arn.to_owned(),
            canonical,
            kind,
            partition: Partition::from_name(&parsed.partition)?,
            account: parsed.account_id,
            name,
            session: session.to_owned(),
            place,
        })
    }

    /// What `get-caller-identity` would print.
    pub(super) fn sts_arn(&self) -> String {
        if self.kind == PrincipalKind::AssumedRole {
            format!(
                "arn:{}:sts::{}:assumed-role/{}/{}",
                self.partition,
                self.account,
                self.name,
                self.session_name()
            )
        } else {
            self.arn.clone()
        }
    }

    /// The session's name; one that fits where none is known.
    pub(super) fn session_name(&self) -> &str {
        if self.session.is_empty() {
            "session"
        } else {
            &self.session
        }
    }
}

impl Case {
    pub(super) fn find(facts: &Facts, findings: &mut Vec<Finding>) -> Option<Self> {
        let given = facts.callers.last();
        let given_canonical = given
            .and_then(|given| Caller::new(&given.value.arn, "", Place::default()))
            .map(|caller| caller.canonical);
        let denied = || facts.records.iter().filter(|record| record.value.denial().is_some());
        let of_given =
            denied().rfind(|record| record.value.arn().is_some() && record.value.arn() == given_canonical.as_deref());
        let record = of_given
            .or_else(|| denied().rfind(|record| record.value.arn().is_some()))
            .or_else(|| denied().next_back());
        let forbidden = facts
            .client_errors
            .iter()
            .rev()
            .find_map(|found| Some((Request::parse(&found.value)?, &found.place)));
        if let Some((request, place)) = forbidden.filter(|_| record.is_none()) {
            return Self::forbidden(facts, request, place, findings);
        }
        match record {
            Some(record) => Self::recorded(facts, record, findings),
            None => Self::told(facts, findings),
        }
    }

    /// What the line of the log alone says.
    pub(super) fn line_explanation(&self) -> Option<Explanation> {
        let error = self.error.as_deref()?;
        explain_log_line(error).map(|found| found.explanation)
    }

    fn recorded(facts: &Facts, record: &Found<Record>, findings: &mut Vec<Finding>) -> Option<Self> {
        let error = record.value.denial().unwrap_or_default().to_owned();
        let release = release_of(&error);
        let explained = explain_log_line(&error);
        let cause = explained.map(|explained| explained.explanation.cause);
        let of_key = |cause| {
            matches!(
                cause,
                Cause::KeyUnknown | Cause::SessionExpired | Cause::SignatureMismatch
            )
        };
        let denial = match cause {
            _ if error.is_empty() => Denial::Mapping,
            Some(Cause::TokenExpired | Cause::StsThrottled) => Denial::Token(cause?),
            Some(cause) if of_key(cause) => Denial::Key(cause),
            Some(
                Cause::IdentityNotMapped
                | Cause::UsernameReserved
                | Cause::TemplateUnrenderable
                | Cause::AccessEntryOfRecreatedPrincipal,
            ) => Denial::Mapping,
            _ => {
                let what = cause.map_or_else(
                    || "in words that are not known here".to_owned(),
                    |cause| format!("for {}", cause.id()),
                );
                findings.push(record.place.finding(
                    Severity::Error,
                    format!("the caller is denied {what}, which comes from the client's side and cannot be staged from artifacts"),
                    "see `eks-auth-sim explain --log-line LINE`, and the catalogue: `eks-auth-sim scenario list`",
                ));
                return None;
            }
        };
        let caller = Self::caller(facts, record, &denial, findings)?;
        Some(Self {
            caller,
            denial,
            place: record.place.clone(),
            time: record.value.time,
            error: Some(error),
            release,
            mapping: None,
        })
    }

    fn caller(facts: &Facts, record: &Found<Record>, denial: &Denial, findings: &mut Vec<Finding>) -> Option<Caller> {
        let Some(arn) = record.value.arn() else {
            // What is denied before STS was asked names nobody.
            if let Some(given) = facts.callers.last() {
                return given_caller(given, findings);
            }
            if matches!(denial, Denial::Mapping) {
                findings.push(record.place.finding(
                    Severity::Error,
                    "the line does not say who was denied",
                    "give the whole line, or `aws sts get-caller-identity` of the caller",
                ));
                return None;
            }
            let account = facts
                .cluster_names
                .iter()
                .map(|found| &found.value.account)
                .find(|account| !account.is_empty());
            let account = account.map_or("111122223333", |account| account.as_str());
            let mut regions = facts.cluster_names.iter().map(|found| found.value.region.as_str());
            let partition = Partition::of_region(regions.find(|region| !region.is_empty()).unwrap_or_default());
            findings.push(record.place.finding(
                Severity::Note,
                format!("nobody is named: STS was not asked, or did not vouch. The caller is made up as user/{NOBODY}"),
                "",
            ));
            return Caller::new(
                &format!("arn:{partition}:iam::{account}:user/{NOBODY}"),
                "",
                record.place.clone(),
            );
        };
        let given = facts.callers.iter().rev().find(|given| {
            Caller::new(&given.value.arn, "", Place::default()).is_some_and(|caller| caller.canonical == arn)
        });
        if given.is_none()
            && let Some(other) = facts.callers.last()
        {
            findings.push(other.place.finding(
                Severity::Warning,
                format!("contradictory: this caller is {}, but the log's denial is of {arn}, which is used", other.value.arn),
                "check which profile kubectl uses: `kubectl config view --minify`, AWS_PROFILE; or give the line of this caller",
            ));
        }
        // The line before says what STS answered.
        let answer = facts.records.iter().rev().find(|other| {
            other.value.msg == "STS response"
                && other
                    .value
                    .arn()
                    .and_then(|arn| Caller::new(arn, "", Place::default()))
                    .is_some_and(|caller| caller.canonical == arn)
        });
        let session = answer
            .and_then(|answer| answer.value.field("session"))
            .unwrap_or_default();
        let full = given
            .map(|given| given.value.arn.as_str())
            .filter(|full| full.contains(":assumed-role/"));
        // Nobody but nodes has sessions of a node's role, as a rule: an instance stands for the one that is not named.
        let role = arn.rsplit('/').next().unwrap_or_default();
        let is_of_node = session.is_empty() && full.is_none() && arn.contains(":role/") && is_node_role_name(role);
        if is_of_node {
            findings.push(record.place.finding(
                Severity::Note,
                format!("the session is not named, and by its name {role} is the role of nodes: the instance {INSTANCE} stands for it"),
                "",
            ));
        }
        let session = if is_of_node { INSTANCE } else { session };
        let caller = Caller::new(full.unwrap_or(arn), session, record.place.clone());
        if caller.is_none() {
            findings.push(record.place.finding(
                Severity::Error,
                format!("`{arn}` is no principal"),
                "give the line as the log has it",
            ));
        }
        caller
    }

    fn forbidden(facts: &Facts, request: Request, place: &Place, findings: &mut Vec<Finding>) -> Option<Self> {
        let granted = facts
            .records
            .iter()
            .rev()
            .find(|record| record.value.is_grant() && record.value.field("username") == Some(&request.user));
        let caller = match (
            facts.callers.last(),
            granted.and_then(|record| Some((record, record.value.arn()?))),
        ) {
            (Some(given), _) => given_caller(given, findings)?,
            (None, Some((record, arn))) => Caller::new(arn, "", record.place.clone())?,
            (None, None) => match Self::named_by_mapping(facts, &request.user, place) {
                Some(caller) => caller,
                None => {
                    findings.push(place.finding(
                        Severity::Error,
                        format!("which principal is `{}` to Kubernetes is not said", request.user),
                        "give `aws sts get-caller-identity` of the caller, or the log's line with `access granted`",
                    ));
                    return None;
                }
            },
        };
        let mapping = Self::made_up_mapping(facts, &caller, &request.user);
        if mapping.is_some() {
            findings.push(place.finding(
                Severity::Note,
                format!(
                    "what maps the caller to `{}` is not given: a mapping without groups is made up",
                    request.user
                ),
                "give aws-auth or the access entries, so that groups and access policies are judged",
            ));
        }
        let mut request = request;
        if request.verb == "watch" {
            request.verb = "list".to_owned();
        }
        Some(Self {
            caller,
            denial: Denial::Forbidden(request),
            place: place.clone(),
            time: None,
            error: None,
            release: AuthenticatorRelease::Current,
            mapping,
        })
    }

    /// The principal of a username, where it is its ARN, or one mapping alone gives it.
    fn named_by_mapping(facts: &Facts, username: &str, place: &Place) -> Option<Caller> {
        if username.starts_with("arn:") {
            return Caller::new(username, "", place.clone());
        }
        let parsed = facts.aws_auth.as_ref().map(|found| found.value.parsed());
        let items = parsed
            .iter()
            .flat_map(|aws_auth| aws_auth.roles().iter().chain(aws_auth.users()));
        let mut by_items = items.filter_map(|item| Some((item.arn.clone(), session_of(&item.username, username)?)));
        let entries = facts.entries.iter();
        let mut by_entries = entries.filter_map(|found| {
            let details = found.value.details.as_ref()?;
            Some((found.value.arn.clone(), session_of(&details.username, username)?))
        });
        let (arn, session) = match (by_items.next(), by_entries.next()) {
            (Some(only), None) | (None, Some(only)) => only,
            _ => return None,
        };
        let is_only = by_items.next().is_none() && by_entries.next().is_none();
        is_only.then(|| Caller::new(&arn, &session, place.clone())).flatten()
    }

    /// The mapping that the API server's words tell of, where neither aws-auth nor access entries are given.
    fn made_up_mapping(facts: &Facts, caller: &Caller, username: &str) -> Option<AwsAuth> {
        let is_given = facts.aws_auth.is_some() || facts.entries_listed || !facts.entries.is_empty();
        let (key, field) = match caller.kind {
            PrincipalKind::AssumedRole | PrincipalKind::Role => ("mapRoles", "rolearn"),
            PrincipalKind::User => ("mapUsers", "userarn"),
            PrincipalKind::FederatedUser | PrincipalKind::Root => return None,
        };
        let item = format!(
            "- {field}: {}\n  username: {}\n",
            yaml::quoted(&caller.canonical),
            yaml::quoted(username)
        );
        (!is_given).then(|| AwsAuth {
            data: [(key.to_owned(), item)].into(),
            verbatim: None,
        })
    }

    /// No log: what a client says, or the artifacts alone.
    fn told(facts: &Facts, findings: &mut Vec<Finding>) -> Option<Self> {
        let unauthorized = facts.client_errors.iter().rev().find(|found| {
            found.value.contains("You must be logged in to the server") || found.value.contains("Unauthorized")
        });
        if let Some(error) = facts.client_errors.last().filter(|_| unauthorized.is_none()) {
            let explained = explain_client_error(&error.value);
            let what = explained.map_or_else(
                || "does not say who is denied".to_owned(),
                |explained| format!("reports {}: {}", explained.cause.id(), explained.sentence),
            );
            findings.push(error.place.finding(
                Severity::Error,
                format!("the client's error {what}"),
                "what fails before any cluster needs no artifacts: see `eks-auth-sim explain --client-error` and `scenario list`",
            ));
            return None;
        }
        let grant = facts.records.iter().rev().find(|record| record.value.is_grant());
        if let Some(record) = grant.filter(|_| unauthorized.is_none() && facts.callers.is_empty()) {
            findings.push(record.place.finding(
                Severity::Error,
                "the caller was let in: no denial is in these artifacts",
                "give the line with `access denied`, or what kubectl printed when it was refused",
            ));
            return None;
        }
        let Some(given) = facts.callers.last() else {
            let place = unauthorized.map(|found| found.place.clone()).unwrap_or_default();
            findings.push(place.finding(
                Severity::Error,
                "nobody is named who is denied",
                "give a line of the authenticator's log with `access denied`, or `aws sts get-caller-identity` of the caller",
            ));
            return None;
        };
        let caller = given_caller(given, findings)?;
        Some(Self {
            place: unauthorized.map_or_else(|| given.place.clone(), |found| found.place.clone()),
            caller,
            denial: Denial::Mapping,
            time: None,
            error: None,
            release: AuthenticatorRelease::Current,
            mapping: None,
        })
    }
}

/// The name of the session in a username that a template gives; empty where the template is the username itself.
fn session_of(template: &str, username: &str) -> Option<String> {
    if template == username {
        return Some(String::new());
    }
    let (before, behind) = template.split_once("{{SessionName")?;
    let behind = behind.strip_prefix("Raw}}").or_else(|| behind.strip_prefix("}}"))?;
    let session = username.strip_prefix(before)?.strip_suffix(behind)?;
    (!session.is_empty()).then(|| session.to_owned())
}

fn given_caller(given: &Found<super::super::facts::Caller>, findings: &mut Vec<Finding>) -> Option<Caller> {
    let session = given.value.user_id.split_once(':').map_or("", |(_, session)| session);
    let caller = Caller::new(&given.value.arn, session, given.place.clone());
    if caller.is_none() {
        findings.push(given.place.finding(
            Severity::Error,
            format!("`{}` is no principal", given.value.arn),
            "give the Arn that `aws sts get-caller-identity` prints",
        ));
    }
    caller
}

/// By its words.
fn release_of(error: &str) -> AuthenticatorRelease {
    let is_of_2022 = error.contains("ARN is not mapped")
        || error.starts_with("failed mapping ")
        || (error.contains("error from AWS (expected 200") && !error.contains(" endpoint. Body"));
    if is_of_2022 {
        AuthenticatorRelease::Y2022
    } else if error.contains("Identity is not mapped") {
        AuthenticatorRelease::Y2024
    } else {
        AuthenticatorRelease::Current
    }
}
