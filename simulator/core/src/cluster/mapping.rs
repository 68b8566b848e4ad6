//! From a verified identity to a Kubernetes user.
//!
//! Which mappers a cluster has follows from its authentication mode: CONFIG_MAP has MountedFile with the hidden creator,
//! then EKSConfigMap with `aws-auth`; API_AND_CONFIG_MAP has DynamicFile with the access entries, then EKSConfigMap; API
//! has DynamicFile only. An authenticator that its operator configures has the backends of its configuration. The first
//! that has an item wins, even if the item cannot be rendered. Source: `doMapping` in `pkg/server/server.go` upstream.

pub mod aws_auth;
pub mod config;
pub mod crd;
pub mod dynamic_file;
mod item;
pub mod mounted_file;
#[cfg(test)]
mod tests;

use self::config::BackendMode;
use self::dynamic_file::ArnMismatch;
use self::dynamic_file::DynamicFile;
use self::mounted_file::MountedFile;
use crate::cluster::eks::AuthenticatorRelease;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::EntryMatch;
use crate::go;
use crate::value::log::Level;
use crate::value::log::go_quote;
use crate::value::trace::Trace;
use crate::value::user::SYSTEM_MASTERS;

/// The name under which the creator of a cluster is let in.
pub const CREATOR_USERNAME: &str = "kubernetes-admin";

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

/// One of the mappers of a cluster.
#[derive(Clone, Copy, Debug)]
enum Mapper<'a> {
    AccessEntries,
    AwsAuth {
        sso_role_match: bool,
    },
    Creator,
    DynamicFile(&'a DynamicFile),
    IdentityMappings,
    MountedFile {
        file: &'a MountedFile,
        sso_role_match: bool,
    },
}

/// What a mapper says of a caller.
enum Answer<'a> {
    /// It is the creator.
    Creator,
    /// There is an item for it, with templates.
    Item { username: &'a str, groups: &'a [String] },
    /// There is an item with its unique id, for another ARN.
    Mismatch,
    /// There is none.
    Unknown,
}

fn resolve_traced(identity: &Identity, cluster: &Cluster, trace: &mut Trace) -> Result<MappedUser, MappingError> {
    let mut faults = Vec::new();
    for mapper in mappers(cluster) {
        match mapper.ask(identity, cluster, trace) {
            Answer::Creator => {
                return Ok(MappedUser {
                    username: CREATOR_USERNAME.to_owned(),
                    groups: vec![SYSTEM_MASTERS.to_owned()],
                });
            }
            Answer::Item { username, groups } => {
                let user = mapper.render(username, groups, identity, cluster)?;
                check_reserved(mapper.mode(), &user, cluster)?;
                return Ok(user);
            }
            Answer::Mismatch => faults.push(mapper.mode()),
            Answer::Unknown => {}
        }
        if mapper.allows_account(identity, cluster, trace) {
            return Ok(MappedUser {
                username: identity.canonical_arn.clone(),
                groups: Vec::new(),
            });
        }
    }
    Err(if faults.is_empty() {
        MappingError::NotMapped {
            release: cluster.authenticator_release,
        }
    } else {
        MappingError::ArnMismatch { mappers: faults }
    })
}

fn mappers(cluster: &Cluster) -> Vec<Mapper<'_>> {
    if let Some(config) = &cluster.authenticator {
        let sso_role_match = config.sso_role_match;
        let mapper = |mode: &BackendMode| match mode {
            BackendMode::Crd => Mapper::IdentityMappings,
            BackendMode::DynamicFile => Mapper::DynamicFile(&config.dynamic_file),
            BackendMode::EksConfigMap => Mapper::AwsAuth { sso_role_match },
            BackendMode::MountedFile => Mapper::MountedFile {
                file: &config.mounted_file,
                sso_role_match,
            },
        };
        return config.backends.iter().map(mapper).collect();
    }
    let mode = cluster.authentication_mode();
    let mut mappers = vec![if mode.has_access_entries() {
        Mapper::AccessEntries
    } else {
        Mapper::Creator
    }];
    if mode.reads_aws_auth() {
        mappers.push(Mapper::AwsAuth { sso_role_match: false });
    }
    mappers
}

impl<'a> Mapper<'a> {
    /// What upstream calls it.
    fn mode(self) -> BackendMode {
        match self {
            Self::AccessEntries | Self::DynamicFile(_) => BackendMode::DynamicFile,
            Self::AwsAuth { .. } => BackendMode::EksConfigMap,
            Self::Creator | Self::MountedFile { .. } => BackendMode::MountedFile,
            Self::IdentityMappings => BackendMode::Crd,
        }
    }

    fn ask(self, identity: &Identity, cluster: &'a Cluster, trace: &mut Trace) -> Answer<'a> {
        let lower = || go::text::to_lower(&identity.canonical_arn);
        let (id, rule, found, wanted) = match self {
            Self::AccessEntries => return ask_access_entries(identity, cluster, trace),
            Self::AwsAuth { sso_role_match } => {
                let aws_auth = cluster.aws_auth();
                let by_permission_set = || sso_role_match.then(|| aws_auth.find_permission_set(&lower())).flatten();
                (
                    "mapping.aws_auth",
                    "an item of mapRoles or mapUsers in aws-auth",
                    aws_auth.find(&identity.canonical_arn).or_else(by_permission_set),
                    Some(format!(
                        "one of {} roles and {} users",
                        aws_auth.roles().len(),
                        aws_auth.users().len()
                    )),
                )
            }
            Self::Creator => return ask_creator(&identity.canonical_arn, cluster, trace),
            Self::DynamicFile(file) => {
                const RULE: &str = "an item of the dynamic file";
                match file.find(identity) {
                    Ok(found) => ("mapping.dynamic_file", RULE, found, None),
                    Err(ArnMismatch) => {
                        let got = format!("{} ({})", identity.canonical_arn, identity.user_id);
                        trace.missed("mapping.dynamic_file", RULE, None, got);
                        return Answer::Mismatch;
                    }
                }
            }
            Self::IdentityMappings => (
                "mapping.crd",
                "an IAMIdentityMapping object",
                cluster.identity_mappings().find(&lower()),
                None,
            ),
            Self::MountedFile { file, sso_role_match } => (
                "mapping.mounted_file",
                "an item of the authenticator's own configuration",
                file.find(&lower(), sso_role_match),
                None,
            ),
        };
        match found {
            Some(item) => {
                trace.passed(id, rule, item.arn.clone());
                Answer::Item {
                    username: &item.username,
                    groups: &item.groups,
                }
            }
            None => {
                trace.missed(id, rule, wanted, identity.canonical_arn.clone());
                Answer::Unknown
            }
        }
    }

    /// Whether everyone of the caller's account is let in.
    fn allows_account(self, identity: &Identity, cluster: &Cluster, trace: &mut Trace) -> bool {
        const RULE: &str = "the account is in mapAccounts";
        let account = &identity.account_id;
        let allowed = match self {
            Self::AccessEntries | Self::Creator | Self::IdentityMappings => return false,
            Self::AwsAuth { .. } => cluster.aws_auth().accounts().contains(account),
            Self::DynamicFile(file) => file.is_account_allowed(account),
            Self::MountedFile { file, .. } => file.is_account_allowed(account),
        };
        if allowed {
            trace.passed("mapping.accounts", RULE, account.clone());
        } else {
            trace.missed("mapping.accounts", RULE, None, account.clone());
        }
        allowed
    }

    fn render(
        self,
        username: &str,
        groups: &[String],
        identity: &Identity,
        cluster: &Cluster,
    ) -> Result<MappedUser, MappingError> {
        let render = |what, template: &str| {
            render_template(template, identity, cluster).map_err(|fault| MappingError::Template {
                mapper: self.mode(),
                what,
                template: template.to_owned(),
                fault,
                release: cluster.authenticator_release,
            })
        };
        Ok(MappedUser {
            username: render("username", username)?,
            groups: groups
                .iter()
                .map(|group| render("group", group))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn ask_creator<'a>(arn: &str, cluster: &Cluster, trace: &mut Trace) -> Answer<'a> {
    const CREATOR: &str = "the hidden mapping of the cluster's creator";
    match &cluster.creator {
        Some(creator) if creator.canonical_arn.eq_ignore_ascii_case(arn) => {
            trace.passed("mapping.creator", CREATOR, arn.to_owned());
            return Answer::Creator;
        }
        Some(creator) => trace.missed(
            "mapping.creator",
            CREATOR,
            creator.canonical_arn.clone(),
            arn.to_owned(),
        ),
        None => trace.missed("mapping.creator", CREATOR, None, arn.to_owned()),
    }
    Answer::Unknown
}

/// DynamicFile with userID strictness: by unique id, and then the ARN must agree.
fn ask_access_entries<'a>(identity: &Identity, cluster: &'a Cluster, trace: &mut Trace) -> Answer<'a> {
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
            Answer::Item {
                username: &entry.username,
                groups: &entry.groups,
            }
        }
        EntryMatch::OtherArn(entry) => {
            trace.missed("mapping.access_entry", ENTRY, entry.canonical_arn(), arn.clone());
            Answer::Mismatch
        }
        EntryMatch::Missing => {
            trace.missed(
                "mapping.access_entry",
                ENTRY,
                format!("one of {} entries", entries.len()),
                format!("{arn} ({})", identity.user_id),
            );
            Answer::Unknown
        }
    }
}

/// Who a caller would be if `aws-auth` alone were asked.
pub(crate) fn user_by_aws_auth(identity: &Identity, cluster: &Cluster) -> Option<MappedUser> {
    let mapper = Mapper::AwsAuth { sso_role_match: false };
    let mut trace = Trace::new();
    match mapper.ask(identity, cluster, &mut trace) {
        Answer::Item { username, groups } => mapper.render(username, groups, identity, cluster).ok(),
        _ => mapper
            .allows_account(identity, cluster, &mut trace)
            .then(|| MappedUser {
                username: identity.canonical_arn.clone(),
                groups: Vec::new(),
            }),
    }
}

/// Who a caller would be by an item of `aws-auth`.
pub(crate) fn user_by_item(item: &aws_auth::MappedArn, identity: &Identity, cluster: &Cluster) -> Option<MappedUser> {
    let mapper = Mapper::AwsAuth { sso_role_match: false };
    mapper.render(&item.username, &item.groups, identity, cluster).ok()
}

/// A backend can be told what its usernames must not begin with.
fn check_reserved(mapper: BackendMode, user: &MappedUser, cluster: &Cluster) -> Result<(), MappingError> {
    let config = cluster.authenticator.as_ref();
    let Some(prefixes) = config.and_then(|config| config.reserved_prefixes.get(&mapper)) else {
        return Ok(());
    };
    if prefixes
        .iter()
        .any(|prefix| !prefix.is_empty() && user.username.starts_with(prefix))
    {
        return Err(MappingError::ReservedUsername {
            mapper,
            username: user.username.clone(),
            prefixes: prefixes.clone(),
        });
    }
    Ok(())
}

fn render_template(template: &str, identity: &Identity, cluster: &Cluster) -> Result<String, TemplateFault> {
    const DNS_NAME: &str = "{{EC2PrivateDNSName}}";
    let mut text = template.to_owned();
    if text.contains(DNS_NAME) {
        let id = &identity.session_name;
        if !is_instance_id(id) {
            return Err(TemplateFault::NoInstanceId);
        }
        let name = cluster
            .instances
            .get(id)
            .ok_or_else(|| TemplateFault::NoInstance { id: id.clone() })?;
        text = text.replace(DNS_NAME, name);
    }
    Ok(text
        .replace("{{AccountID}}", &identity.account_id)
        .replace("{{SessionName}}", &identity.session_name.replace('@', "-"))
        .replace("{{SessionNameRaw}}", &identity.session_name)
        .replace("{{AccessKeyID}}", &identity.access_key_id))
}

/// `^i-(\w{8}|\w{17})$`
pub(crate) fn is_instance_id(text: &str) -> bool {
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
    /// A mapper knows the unique id, but for another ARN, and no other mapper knows the caller.
    #[error("{}", mismatch_message(mappers))]
    ArnMismatch {
        /// Which.
        mappers: Vec<BackendMode>,
    },
    /// No mapper knows the ARN.
    #[error("{}", not_mapped(*release))]
    NotMapped {
        /// Whose words.
        release: AuthenticatorRelease,
    },
    /// The mapped username begins as the mapper's usernames must not.
    #[error(
        "invalid username '{username}' for mapper {}: username must not begin with with the following prefixes: [{}]",
        mapper.as_str(),
        prefixes.join(" ")
    )]
    ReservedUsername {
        /// Which.
        mapper: BackendMode,
        /// The username.
        username: String,
        /// What it must not begin with.
        prefixes: Vec<String>,
    },
    /// A mapper knows it, but its username or a group cannot be rendered.
    #[error("{}", template_message(*mapper, what, template, fault, *release))]
    Template {
        /// Which.
        mapper: BackendMode,
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
    /// The cluster's account has no such instance.
    ///
    /// FIDELITY: the text, with its last blank, is upstream's where EC2 names no instance; EC2 itself would refuse an id
    /// that it does not know, with a request id.
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

fn template_message(
    mapper: BackendMode,
    what: &str,
    template: &str,
    fault: &TemplateFault,
    release: AuthenticatorRelease,
) -> String {
    match release {
        AuthenticatorRelease::Y2022 => format!("failed mapping {what}: {fault}"),
        AuthenticatorRelease::Current | AuthenticatorRelease::Y2024 => format!(
            "mapper {} renderTemplates error: error rendering {what} template {}: {fault}",
            mapper.as_str(),
            go_quote(template)
        ),
    }
}

/// As `utilerrors.NewAggregate` words several errors.
fn mismatch_message(mappers: &[BackendMode]) -> String {
    let faults: Vec<String> = mappers
        .iter()
        .map(|mapper| format!("mapper {} Map error: {ArnMismatch}", mapper.as_str()))
        .collect();
    match &faults[..] {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}
