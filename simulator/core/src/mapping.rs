//! From a verified identity to a Kubernetes user.
//!
//! Which mappers a cluster has follows from its authentication mode: CONFIG_MAP has MountedFile with the hidden creator,
//! then EKSConfigMap with `aws-auth`; API_AND_CONFIG_MAP has DynamicFile with the access entries, then EKSConfigMap; API
//! has DynamicFile only. The first that yields a user wins; what goes wrong in one does not keep the next from being
//! asked. Source: `doMapping` in `pkg/server/server.go` upstream.

pub mod aws_auth;
pub mod config;
pub mod crd;
pub mod dynamic_file;
mod item;
pub mod mounted_file;
#[cfg(test)]
mod tests;
mod yaml;

use crate::eks::AuthenticatorRelease;
use crate::eks::Cluster;
use crate::eks::access_entry::EntryMatch;
use crate::log::Level;
use crate::log::go_quote;
use crate::trace::Trace;
use crate::user::SYSTEM_MASTERS;

/// The name under which the creator of a cluster is let in.
pub const CREATOR_USERNAME: &str = "kubernetes-admin";
/// The mapper of `aws-auth`.
const CONFIG_MAP_MAPPER: &str = "EKSConfigMap";
/// The mapper of access entries.
const ACCESS_ENTRY_MAPPER: &str = "DynamicFile";

/// What STS says of a caller, in the terms that mappings use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// As STS gives it.
    pub arn: String,
    /// What mappings are compared with.
    pub canonical_arn: String,
    /// Twelve digits.
    pub account_id: String,
    /// `AIDA…`, `AROA…` (without the session), or the account id.
    pub user_id: String,
    /// Empty where there is no session.
    pub session_name: String,
    /// The key that signed.
    pub access_key_id: String,
}

/// The Kubernetes side of a mapping, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedUser {
    /// The user's name.
    pub username: String,
    /// The user's groups.
    pub groups: Vec<String>,
}

/// A mapping decision with its evidence.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The user, or why there is none.
    pub outcome: Result<MappedUser, MappingError>,
    /// Each mapper that was asked; ids begin with `mapping.`.
    pub trace: Trace,
}

/// Asks each mapper in order. The cost does not grow with the number of mappings.
#[must_use]
pub fn resolve(identity: &Identity, cluster: &Cluster) -> Resolution {
    let mut trace = Trace::new();
    let outcome = resolve_traced(identity, cluster, &mut trace);
    if let Err(error) = &outcome {
        trace.failed_on(
            "mapping.result",
            "some mapper knows the canonical ARN",
            None,
            error.to_string(),
        );
    }
    Resolution { outcome, trace }
}

/// A mapper: the user, or none, or what went wrong.
type Mapper = fn(&Identity, &Cluster, &mut Trace) -> Result<Option<MappedUser>, MappingError>;

fn resolve_traced(identity: &Identity, cluster: &Cluster, trace: &mut Trace) -> Result<MappedUser, MappingError> {
    let mode = cluster.authentication_mode();
    let mut mappers: Vec<Mapper> = vec![if mode.has_access_entries() {
        ask_access_entries
    } else {
        ask_creator
    }];
    if mode.reads_aws_auth() {
        mappers.push(ask_aws_auth);
    }
    let mut errors = Vec::new();
    for ask in mappers {
        match ask(identity, cluster, trace) {
            Ok(Some(user)) => return Ok(user),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    Err(match (errors.pop(), errors.pop()) {
        (None, _) => MappingError::NotMapped {
            release: cluster.authenticator_release,
        },
        (Some(only), None) => only,
        (Some(last), Some(first)) => MappingError::Several {
            first: Box::new(first),
            last: Box::new(last),
        },
    })
}

fn ask_creator(identity: &Identity, cluster: &Cluster, trace: &mut Trace) -> Result<Option<MappedUser>, MappingError> {
    let arn = &identity.canonical_arn;
    const CREATOR: &str = "the hidden mapping of the cluster's creator";
    match &cluster.creator {
        Some(creator) if creator.canonical_arn.eq_ignore_ascii_case(arn) => {
            trace.passed("mapping.creator", CREATOR, arn.clone());
            return Ok(Some(MappedUser {
                username: CREATOR_USERNAME.to_owned(),
                groups: vec![SYSTEM_MASTERS.to_owned()],
            }));
        }
        Some(creator) => trace.missed("mapping.creator", CREATOR, creator.canonical_arn.clone(), arn.clone()),
        None => trace.missed("mapping.creator", CREATOR, None, arn.clone()),
    }
    Ok(None)
}

/// DynamicFile with userID strictness: by unique id, and then the ARN must agree.
fn ask_access_entries(
    identity: &Identity,
    cluster: &Cluster,
    trace: &mut Trace,
) -> Result<Option<MappedUser>, MappingError> {
    const ENTRY: &str = "an access entry for the principal's unique id";
    let entries = cluster.access_entries();
    let arn = &identity.canonical_arn;
    match entries.find(&identity.user_id, arn) {
        EntryMatch::Found(entry) => {
            trace.passed(
                "mapping.access_entry",
                ENTRY,
                format!("{} ({})", entry.principal_arn, entry.principal_id),
            );
            render_user(&entry.username, &entry.groups, identity)
                .map(Some)
                .map_err(|(what, template, fault)| MappingError::AccessEntryTemplate { what, template, fault })
        }
        EntryMatch::OtherArn(entry) => {
            trace.missed("mapping.access_entry", ENTRY, entry.canonical_arn(), arn.clone());
            Err(MappingError::OtherArn)
        }
        EntryMatch::Missing => {
            trace.missed(
                "mapping.access_entry",
                ENTRY,
                format!("one of {} entries", entries.len()),
                format!("{arn} ({})", identity.user_id),
            );
            Ok(None)
        }
    }
}

/// EKSConfigMap, the way it answers whoever is asked before it.
pub(crate) fn ask_aws_auth(
    identity: &Identity,
    cluster: &Cluster,
    trace: &mut Trace,
) -> Result<Option<MappedUser>, MappingError> {
    let arn = &identity.canonical_arn;
    const AWS_AUTH: &str = "an item of mapRoles or mapUsers in aws-auth";
    let aws_auth = cluster.aws_auth();
    if let Some(item) = aws_auth.find(arn) {
        trace.passed("mapping.aws_auth", AWS_AUTH, item.arn.clone());
        return render_user(&item.username, &item.groups, identity)
            .map(Some)
            .map_err(|(what, template, fault)| MappingError::Template {
                what,
                template,
                fault,
                release: cluster.authenticator_release,
            });
    }
    trace.missed(
        "mapping.aws_auth",
        AWS_AUTH,
        format!(
            "one of {} roles and {} users",
            aws_auth.roles().len(),
            aws_auth.users().len()
        ),
        arn.clone(),
    );
    const ACCOUNTS: &str = "the account is in mapAccounts of aws-auth";
    if aws_auth.accounts().contains(&identity.account_id) {
        trace.passed("mapping.accounts", ACCOUNTS, identity.account_id.clone());
        return Ok(Some(MappedUser {
            username: arn.clone(),
            groups: Vec::new(),
        }));
    }
    trace.missed("mapping.accounts", ACCOUNTS, None, identity.account_id.clone());
    Ok(None)
}

/// The user of a mapping, or which of its templates cannot be rendered.
fn render_user(
    username: &str,
    groups: &[String],
    identity: &Identity,
) -> Result<MappedUser, (&'static str, String, TemplateFault)> {
    let render =
        |what, template: &str| render_template(template, identity).map_err(|fault| (what, template.to_owned(), fault));
    Ok(MappedUser {
        username: render("username", username)?,
        groups: groups
            .iter()
            .map(|group| render("group", group))
            .collect::<Result<_, _>>()?,
    })
}

fn render_template(template: &str, identity: &Identity) -> Result<String, TemplateFault> {
    const DNS_NAME: &str = "{{EC2PrivateDNSName}}";
    if template.contains(DNS_NAME) {
        return Err(if is_instance_id(&identity.session_name) {
            TemplateFault::NoInstance {
                id: identity.session_name.clone(),
            }
        } else {
            TemplateFault::NoInstanceId
        });
    }
    Ok(template
        .replace("{{AccountID}}", &identity.account_id)
        .replace("{{SessionName}}", &identity.session_name.replace('@', "-"))
        .replace("{{SessionNameRaw}}", &identity.session_name)
        .replace("{{AccessKeyID}}", &identity.access_key_id))
}

/// `^i-(\w{8}|\w{17})$`
fn is_instance_id(text: &str) -> bool {
    text.strip_prefix("i-").is_some_and(|rest| {
        matches!(rest.len(), 8 | 17) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// What upstream logs when `aws-auth` changes (`Some`) or is deleted (`None`).
#[must_use]
pub fn watch_messages(changed: Option<&aws_auth::AwsAuth>) -> Vec<(Level, String)> {
    let Some(aws_auth) = changed else {
        return vec![(Level::Info, "Resetting configmap on delete".to_owned())];
    };
    let mut messages = vec![(Level::Info, "Received aws-auth watch event".to_owned())];
    if !aws_auth.errors().is_empty() {
        let errors = format!("[{}]", aws_auth.errors().join(" "));
        messages.push((Level::Warning, format!("Errors parsing configmap: {errors}")));
        messages.push((
            Level::Error,
            format!(
                "There was an error parsing the config maps.  Only saving data that was good, error parsing config map: {errors}"
            ),
        ));
        messages.push((Level::Error, format!("error parsing config map: {errors}")));
    }
    messages
}

/// Why an identity is no user. The texts are those of the release that the cluster imitates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// An access entry knows it, but the username or a group cannot be rendered.
    #[error(
        "mapper {ACCESS_ENTRY_MAPPER} renderTemplates error: error rendering {what} template {}: {fault}",
        go_quote(template)
    )]
    AccessEntryTemplate {
        /// `username` or `group`.
        what: &'static str,
        /// As written.
        template: String,
        /// What is wrong.
        fault: TemplateFault,
    },
    /// No mapper knows the ARN.
    #[error("{}", not_mapped(*release))]
    NotMapped {
        /// Whose words.
        release: AuthenticatorRelease,
    },
    /// The access entry of that unique id is for another ARN.
    #[error("mapper {ACCESS_ENTRY_MAPPER} Map error: ARN does not match User ID")]
    OtherArn,
    /// Two mappers went wrong.
    #[error("[{first}, {last}]")]
    Several {
        /// That of the mapper that was asked first.
        first: Box<MappingError>,
        /// That of the other one.
        last: Box<MappingError>,
    },
    /// A mapper knows it, but its username or a group cannot be rendered.
    #[error("{}", template_message(what, template, fault, *release))]
    Template {
        /// `username` or `group`.
        what: &'static str,
        /// As written.
        template: String,
        /// What is wrong.
        fault: TemplateFault,
        /// Whose words.
        release: AuthenticatorRelease,
    },
}

/// Why a template cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// The World has no such instance.
    ///
    /// FIDELITY: a World has no EC2 instances. The text, with its last blank, is upstream's where EC2 names none; EC2
    /// itself would refuse an id that it does not know, with a request id.
    #[error("failed to find node {id} ")]
    NoInstance {
        /// The instance's id.
        id: String,
    },
    /// The session's name is no instance id.
    #[error("SessionName did not contain an instance id")]
    NoInstanceId,
}

fn not_mapped(release: AuthenticatorRelease) -> &'static str {
    match release {
        AuthenticatorRelease::Current => "identity is not mapped",
        AuthenticatorRelease::Y2024 => "Identity is not mapped",
        AuthenticatorRelease::Y2022 => "ARN is not mapped",
    }
}

fn template_message(what: &str, template: &str, fault: &TemplateFault, release: AuthenticatorRelease) -> String {
    match release {
        AuthenticatorRelease::Y2022 => format!("failed mapping {what}: {fault}"),
        AuthenticatorRelease::Current | AuthenticatorRelease::Y2024 => format!(
            "mapper {CONFIG_MAP_MAPPER} renderTemplates error: error rendering {what} template {}: {fault}",
            go_quote(template)
        ),
    }
}
