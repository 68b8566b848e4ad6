//! The profiles of the person's AWS configuration.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::super::stage::AccountModel;
use super::super::stage::KeyModel;
use super::super::stage::ProfileModel;
use super::super::stage::ProfileSourceModel;
use super::super::stage::SessionModel;
use super::ScenarioError;
use super::at;
use crate::aws::aws_host::is_region;
use crate::aws::identity_center::IdentityCenter;
use crate::value::arn::AccountId;
use crate::value::instant::duration_seconds;

/// A profile of the AWS configuration: of a user, a role, an account's root, an EC2 instance, or Identity Center.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Profile")]
pub(super) struct ProfileFile {
    /// Its name; `default` is the person of the story.
    #[schemars(with = "String")]
    pub(super) name: Spanned<String>,
    /// The account of `user` or `role`, where several have one of that name; of `instance_identity`, where there are several.
    #[schemars(with = "Option<String>")]
    account: Option<Spanned<String>>,
    /// The IAM user whose access key it holds.
    #[schemars(with = "Option<String>")]
    user: Option<Spanned<String>>,
    /// Of `user`: what is with its key. The user's own key stays as it is.
    #[schemars(with = "Option<KeyFile>")]
    key: Option<Spanned<KeyFile>>,
    /// The role that it assumes, or, with `session`, of whose session it holds the credentials.
    #[schemars(with = "Option<String>")]
    role: Option<Spanned<String>>,
    /// Of `role`: the profile that assumes it.
    #[schemars(with = "Option<String>")]
    source_profile: Option<Spanned<String>>,
    /// Of `role`: what the trust policy may ask for.
    external_id: Option<String>,
    /// Of `role`: the session's name; the client's own choice where absent.
    role_session_name: Option<String>,
    /// The account whose root user's access key it holds.
    #[schemars(with = "Option<String>")]
    root: Option<Spanned<String>>,
    /// The EC2 instance whose instance identity role's credentials it holds.
    #[schemars(with = "Option<String>")]
    instance_identity: Option<Spanned<String>>,
    /// It holds temporary credentials that were fetched earlier: of `role`, or of `user` (GetSessionToken).
    #[schemars(with = "Option<SessionFile>")]
    session: Option<Spanned<SessionFile>>,
    /// Of `user` with `session`: the name that GetFederationToken gave.
    #[schemars(with = "Option<String>")]
    federated: Option<Spanned<String>>,
    /// A permission set of Identity Center, for whoever signs in.
    #[schemars(with = "Option<SsoFile>")]
    sso: Option<Spanned<SsoFile>>,
    /// Its region; that of the first cluster where absent.
    #[schemars(with = "Option<String>")]
    region: Option<Spanned<String>>,
    /// Further lines of its section in .aws/config.
    #[serde(default)]
    settings: BTreeMap<String, String>,
}

/// What is with an access key.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Key")]
enum KeyFile {
    /// It was deleted.
    Deleted,
    /// It is inactive.
    Inactive,
    /// The file has another secret than the key.
    WrongSecret,
}

/// Temporary credentials.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Session")]
struct SessionFile {
    /// Of a role: the session's name, such as i-0123456789abcdef0 of a node.
    name: Option<String>,
    /// How long ago it began, such as 13h; now where absent.
    age: Option<String>,
    /// How long it lasts from then; 12h where absent.
    lasts: Option<String>,
    /// Whether it began with a code of an MFA device.
    #[serde(default)]
    mfa: bool,
}

/// Who signs in, to what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Sso")]
struct SsoFile {
    /// The account.
    account: String,
    /// The permission set.
    permission_set: String,
}

/// A session lasts as long as one of Identity Center may.
const LASTS_SECONDS: i64 = 43_200;

const ONE_SOURCE: &str = "a profile has one of `user`, `role`, `root`, `instance_identity` and `sso`";

pub(super) fn profile(
    file: ProfileFile,
    accounts: &[AccountModel],
    earlier: &[ProfileModel],
    center: Option<&IdentityCenter>,
) -> Result<ProfileModel, ScenarioError> {
    let named = match &file.account {
        None => None,
        Some(id) => Some(account(accounts, id)?),
    };
    let candidates = || {
        accounts
            .iter()
            .filter(|account| named.is_none_or(|named| named.id == account.id))
    };
    let session = file.session.as_ref().map(session).transpose()?;
    if let Some(session) = file
        .session
        .as_ref()
        .filter(|_| file.user.is_none() && file.role.is_none())
    {
        return Err(at(session, "a session is of a `user` or a `role`"));
    }
    if let Some(federated) = file
        .federated
        .as_ref()
        .filter(|_| file.user.is_none() || session.is_none())
    {
        return Err(at(federated, "who is federated has a `user` and a `session`"));
    }
    if let Some(key) = file.key.as_ref().filter(|_| file.user.is_none() || session.is_some()) {
        return Err(at(key, "`key` is of a `user` without `session`"));
    }
    let source = match (&file.user, &file.role, &file.root, &file.instance_identity, &file.sso) {
        (Some(user), None, None, None, None) => {
            let account = candidates()
                .find(|account| account.users.iter().any(|known| known.name == user.value))
                .ok_or_else(|| at(user, format!("no user `{}` in this world", user.value)))?;
            let (account, name) = (account.id.clone(), user.value.clone());
            match (session, &file.federated) {
                (Some(session), federated) => ProfileSourceModel::UserSession {
                    account,
                    user: name,
                    federated: federated.as_ref().map(|name| name.value.clone()),
                    session,
                },
                (None, _) => ProfileSourceModel::User {
                    account,
                    user: name,
                    key: file.key.as_ref().map(|key| match key.value {
                        KeyFile::Deleted => KeyModel::Deleted,
                        KeyFile::Inactive => KeyModel::Inactive,
                        KeyFile::WrongSecret => KeyModel::WrongSecret,
                    }),
                },
            }
        }
        (None, Some(role), None, None, None) => {
            let account = candidates()
                .find(|account| account.role_arn(&role.value).is_some())
                .ok_or_else(|| at(role, format!("no role `{}` in this world", role.value)))?;
            match session {
                Some(session) if session.name.is_some() => ProfileSourceModel::RoleSession {
                    account: account.id.clone(),
                    role: role.value.clone(),
                    session,
                },
                Some(_) => return Err(at(role, "the session of a role has a `name`")),
                None => assumed(&file, role, account, earlier)?,
            }
        }
        (None, None, Some(root), None, None) => ProfileSourceModel::Root(account(accounts, root)?.id.clone()),
        (None, None, None, Some(instance), None) => match (is_instance(&instance.value), candidates().next()) {
            (true, Some(account)) => ProfileSourceModel::InstanceIdentity {
                account: account.id.clone(),
                instance: instance.value.clone(),
                session: SessionModel::now(LASTS_SECONDS),
            },
            (true, None) => return Err(at(instance, "no account in this world")),
            (false, _) => {
                return Err(at(
                    instance,
                    format!("`{}` is no instance, such as i-0123456789abcdef0", instance.value),
                ));
            }
        },
        (None, None, None, None, Some(sso)) => permission_set(sso, center)?,
        _ => return Err(at(&file.name, ONE_SOURCE)),
    };
    if let Some(region) = file.region.as_ref().filter(|region| !is_region(&region.value)) {
        return Err(at(region, format!("`{}` is no region", region.value)));
    }
    let is_line = |text: &str| !text.contains(['\n', '\r']);
    if let Some((name, _)) = file
        .settings
        .iter()
        .find(|(name, value)| !is_line(name) || !is_line(value))
    {
        return Err(at(&file.name, format!("setting `{name}` is no line")));
    }
    Ok(ProfileModel {
        name: file.name.value,
        source,
        region: file.region.map(|region| region.value),
        settings: file.settings,
    })
}

fn is_instance(text: &str) -> bool {
    text.strip_prefix("i-").is_some_and(|id| {
        matches!(id.len(), 8 | 17) && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn account<'a>(accounts: &'a [AccountModel], id: &Spanned<String>) -> Result<&'a AccountModel, ScenarioError> {
    let is_it = |known: &AccountId| known.as_str() == id.value;
    let found = accounts.iter().find(|account| is_it(&account.id));
    found.ok_or_else(|| at(id, format!("no account `{}` in this world", id.value)))
}

fn assumed(
    file: &ProfileFile,
    role: &Spanned<String>,
    account: &AccountModel,
    earlier: &[ProfileModel],
) -> Result<ProfileSourceModel, ScenarioError> {
    let source = file
        .source_profile
        .as_ref()
        .ok_or_else(|| at(role, "a profile with a role has a source_profile"))?;
    if !earlier.iter().any(|profile| profile.name == source.value) {
        return Err(at(source, format!("no earlier profile `{}`", source.value)));
    }
    Ok(ProfileSourceModel::Role {
        arn: account.role_arn(&role.value).unwrap_or_default(),
        source_profile: source.value.clone(),
        external_id: file.external_id.clone(),
        session_name: file.role_session_name.clone(),
    })
}

fn permission_set(
    sso: &Spanned<SsoFile>,
    center: Option<&IdentityCenter>,
) -> Result<ProfileSourceModel, ScenarioError> {
    let SsoFile {
        account,
        permission_set,
    } = &sso.value;
    let known = center
        .into_iter()
        .flat_map(|center| &center.assignments)
        .any(|assigned| assigned.account.as_str() == account && assigned.permission_set == *permission_set);
    if !known {
        let message = format!("nobody is assigned permission set `{permission_set}` in account {account}");
        return Err(at(sso, message));
    }
    Ok(ProfileSourceModel::Sso {
        account: account.clone(),
        permission_set: permission_set.clone(),
    })
}

fn session(file: &Spanned<SessionFile>) -> Result<SessionModel, ScenarioError> {
    let seconds = |text: &Option<String>, default: i64| match text {
        None => Ok(default),
        Some(text) => duration_seconds(text)
            .filter(|seconds| *seconds >= 0)
            .ok_or_else(|| at(file, format!("`{text}` is no duration: 90s, 16m, 2h or 1d"))),
    };
    Ok(SessionModel {
        name: file.value.name.clone(),
        age_seconds: seconds(&file.value.age, 0)?,
        lasts_seconds: seconds(&file.value.lasts, LASTS_SECONDS)?,
        has_mfa: file.value.mfa,
    })
}
