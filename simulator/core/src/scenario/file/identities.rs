//! An account of a world: who is in it and what they may do.

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use super::super::stage::AccountModel;
use super::super::stage::GroupModel;
use super::super::stage::MfaModel;
use super::super::stage::OidcProviderModel;
use super::super::stage::PolicyModel;
use super::super::stage::RoleModel;
use super::super::stage::UserModel;
use super::AccountFile;
use super::GroupFile;
use super::InlinePolicyFile;
use super::RoleFile;
use super::ScenarioError;
use super::UserFile;
use super::at;
use super::root_path;
use crate::aws::aws_host::is_region;
use crate::aws::iam::Directory;
use crate::aws::iam::IamError;
use crate::aws::iam::NewPolicy;
use crate::aws::iam::Policies;
use crate::aws::iam::Seed;
use crate::aws::iam::Service;
use crate::aws::iam::Tags;
use crate::aws::iam_policy::managed;
use crate::aws::iam_policy::trust;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

pub(super) fn account(id: AccountId, partition: Partition, file: AccountFile) -> Result<AccountModel, ScenarioError> {
    let mut reader = Reader::new(id, partition);
    let alias = match file.alias {
        None => None,
        Some(alias) => {
            let checked = reader.scratch.set_account_alias(&reader.id, &alias.value);
            checked.map_err(|error| at(&alias, error.to_string()))?;
            Some(alias.value)
        }
    };
    let mut policies = Vec::new();
    for policy in file.policies {
        let spec = NewPolicy {
            name: &policy.name.value,
            path: &policy.path,
            document: &policy.document.value,
            description: None,
        };
        let checked = reader
            .scratch
            .create_policy(&reader.id, spec, &mut reader.ids, Timestamp::UNIX_EPOCH);
        checked.map_err(|error| match &error {
            IamError::MalformedPolicy(_) => at(&policy.document, error.to_string()),
            _ => at(&policy.name, error.to_string()),
        })?;
        policies.push(PolicyModel {
            name: policy.name.value,
            path: policy.path,
            document: policy.document.value,
        });
    }
    let mut groups = Vec::new();
    for group in file.groups {
        groups.push(reader.group(group)?);
    }
    let mut users = Vec::new();
    for user in file.users {
        users.push(reader.user(user)?);
    }
    let mut roles = Vec::new();
    for role in file.roles {
        roles.push(reader.role(role)?);
    }
    let mut oidc_providers = Vec::new();
    for provider in file.oidc_providers {
        let (client_ids, thumbprints) = (provider.client_ids.clone(), provider.thumbprints.clone());
        reader
            .scratch
            .create_oidc_provider(
                &reader.id,
                &provider.url.value,
                client_ids,
                thumbprints,
                Timestamp::UNIX_EPOCH,
            )
            .map_err(|error| at(&provider.url, error.to_string()))?;
        oidc_providers.push(OidcProviderModel {
            url: provider.url.value,
            client_ids: provider.client_ids,
            thumbprints: provider.thumbprints,
        });
    }
    let mut disabled_regions = Vec::new();
    for region in file.disabled_regions {
        if !is_region(&region.value) {
            return Err(at(&region, format!("`{}` is no region", region.value)));
        }
        disabled_regions.push(region.value);
    }
    Ok(AccountModel {
        disabled_regions,
        partition: reader.partition,
        id: reader.id,
        users,
        roles,
        groups,
        policies,
        oidc_providers,
        alias,
    })
}

/// The policies of somebody of whom the file says nothing.
pub(super) fn administrator(partition: Partition) -> Policies {
    let arn = format!("arn:{partition}:iam::aws:policy/AdministratorAccess");
    Policies::new([arn], [], None).unwrap_or_default()
}

/// What has been read of an account so far; the directory has it too, so that IAM's own checks are made.
struct Reader {
    id: AccountId,
    partition: Partition,
    scratch: Directory,
    ids: IdGenerator,
    names: Vec<String>,
}

/// The policies of somebody, as the file has them.
struct Granted<'a> {
    managed: Option<&'a [Spanned<String>]>,
    inline: Option<&'a [InlinePolicyFile]>,
    boundary: Option<&'a Spanned<String>>,
}

impl Reader {
    fn new(id: AccountId, partition: Partition) -> Self {
        let mut scratch = Directory::default();
        scratch.add_account(id.clone(), partition);
        Self {
            id,
            partition,
            scratch,
            ids: IdGenerator::new(0),
            names: Vec::new(),
        }
    }

    fn take_name(&mut self, kind: &str, name: &str, span: &Spanned<String>) -> Result<(), ScenarioError> {
        let key = format!("{kind}/{}", name.to_lowercase());
        if self.names.contains(&key) {
            return Err(at(span, format!("two {kind}s are named `{name}`")));
        }
        self.names.push(key);
        Ok(())
    }

    fn group(&mut self, file: GroupFile) -> Result<GroupModel, ScenarioError> {
        self.take_name("group", &file.name.value, &file.name)?;
        self.scratch
            .create_group(
                &self.id,
                &file.name.value,
                &file.path,
                &mut self.ids,
                Timestamp::UNIX_EPOCH,
            )
            .map_err(|error| at(&file.name, error.to_string()))?;
        let granted = Granted {
            managed: Some(&file.policies),
            inline: Some(&file.inline_policies),
            boundary: None,
        };
        Ok(GroupModel {
            policies: self.policies(granted)?,
            name: file.name.value,
            path: file.path,
        })
    }

    fn user(&mut self, file: UserFile) -> Result<UserModel, ScenarioError> {
        self.take_name("user", &file.name.value, &file.name)?;
        let granted = Granted {
            managed: file.policies.as_deref(),
            inline: file.inline_policies.as_deref(),
            boundary: file.permissions_boundary.as_ref(),
        };
        let policies = self.policies(granted)?;
        for group in &file.groups {
            let key = format!("group/{}", group.value.to_lowercase());
            if !self.names.contains(&key) {
                return Err(at(group, format!("no group `{}` in account {}", group.value, self.id)));
            }
        }
        let mfa = match &file.mfa_seed {
            Some(seed) => MfaModel::WithSeed(
                Seed::from_base32(&seed.value).ok_or_else(|| at(seed, "mfa_seed is base32: A to Z and 2 to 7"))?,
            ),
            None if file.mfa => MfaModel::Present,
            None => MfaModel::Absent,
        };
        Ok(UserModel {
            policies,
            groups: file.groups.into_iter().map(|group| group.value).collect(),
            tags: tags(file.tags, &file.name)?,
            mfa,
            name: file.name.value,
            path: file.path,
            deleted: file.deleted,
        })
    }

    fn role(&mut self, file: RoleFile) -> Result<RoleModel, ScenarioError> {
        let Named {
            name,
            span,
            path,
            trust_policy,
            policy,
        } = self.named(&file)?;
        self.take_name("role", &name, span)?;
        if let Some(policy) = &file.trust_policy {
            trust::check(&policy.value).map_err(|error| at(policy, format!("trust_policy: {error}")))?;
        }
        let is_principal = |name: &String| {
            let named = name.starts_with("role/") || name.starts_with("user/");
            trust::is_aws_principal(name)
                || named && trust::is_aws_principal(&format!("arn:aws:iam::{}:{name}", self.id))
        };
        if let Some(name) = file.trusted.iter().find(|name| !is_principal(name)) {
            return Err(at(span, format!("`{name}` under trusted is no principal")));
        }
        let max_session_duration = match &file.max_session_duration {
            None => 3600,
            Some(seconds) if (3600..=43_200).contains(&seconds.value) => seconds.value,
            Some(seconds) => return Err(at(seconds, "max_session_duration is 3600 to 43200 seconds")),
        };
        let policies = match policy {
            Some(policy) if file.policies.is_none() && file.inline_policies.is_none() => {
                Policies::new([policy], [], None).map_err(|error| at(span, error.to_string()))?
            }
            _ => self.policies(Granted {
                managed: file.policies.as_deref(),
                inline: file.inline_policies.as_deref(),
                boundary: file.permissions_boundary.as_ref(),
            })?,
        };
        let trust_policy = match &file.trust_policy {
            Some(policy) => Some(policy.value.clone()),
            None if file.trusted.is_empty() => trust_policy,
            None => None,
        };
        Ok(RoleModel {
            tags: tags(file.tags.clone(), span)?,
            name,
            path,
            deleted: file.deleted,
            trusted: file.trusted,
            trust_policy,
            max_session_duration,
            policies,
        })
    }

    /// What a role is called, and what follows from that.
    fn named<'a>(&self, file: &'a RoleFile) -> Result<Named<'a>, ScenarioError> {
        match (&file.name, &file.service_linked) {
            (Some(name), None) => Ok(Named {
                name: name.value.clone(),
                span: name,
                path: file.path.clone().unwrap_or_else(root_path),
                trust_policy: None,
                policy: None,
            }),
            (None, Some(principal)) => {
                let service = Service::find(&principal.value).map_err(|error| at(principal, error.to_string()))?;
                Ok(Named {
                    name: service.role_name(None),
                    span: principal,
                    path: service.role_path(),
                    trust_policy: Some(service.trust_policy()),
                    policy: Some(service.policy(self.partition)),
                })
            }
            (name, service) => {
                let message = "a role has either a name or service_linked";
                let span = name.as_ref().or(service.as_ref());
                Err(span.map_or_else(
                    || ScenarioError {
                        line: 0,
                        column: 0,
                        message: message.to_owned(),
                    },
                    |span| at(span, message),
                ))
            }
        }
    }

    /// The policies of somebody; AdministratorAccess where the file says nothing of them.
    fn policies(&self, granted: Granted<'_>) -> Result<Policies, ScenarioError> {
        let attached = match (granted.managed, granted.inline) {
            (None, None) => administrator(self.partition).attached().map(str::to_owned).collect(),
            (managed, _) => managed
                .unwrap_or_default()
                .iter()
                .map(|name| self.managed_policy(name))
                .collect::<Result<Vec<_>, _>>()?,
        };
        let boundary = granted.boundary.map(|name| self.managed_policy(name)).transpose()?;
        let inline = granted.inline.unwrap_or_default();
        for policy in inline {
            Policies::new([], [(&*policy.name.value, &*policy.document.value)], None)
                .map_err(|error| at(&policy.document, error.to_string()))?;
        }
        let documents = inline
            .iter()
            .map(|policy| (&*policy.name.value, &*policy.document.value));
        Policies::new(attached, documents, boundary).map_err(|error| ScenarioError {
            line: 0,
            column: 0,
            message: error.to_string(),
        })
    }

    /// The ARN of a managed policy, by its ARN or its name.
    fn managed_policy(&self, name: &Spanned<String>) -> Result<String, ScenarioError> {
        let by_arn = self.scratch.managed_policy(&self.id, &name.value).ok();
        let by_name = || {
            let policies = self.scratch.managed_policies(&self.id);
            policies.into_iter().find(|policy| policy.name == name.value)
        };
        by_arn.or_else(by_name).map(|policy| policy.arn.clone()).ok_or_else(|| {
            let known: Vec<&str> = managed::all().map(|policy| &*policy.name).collect();
            let message = format!(
                "no managed policy `{}`: one of the account, or of AWS ({})",
                name.value,
                known.join(", ")
            );
            at(name, message)
        })
    }
}

/// What a role is called, and what follows from that.
struct Named<'a> {
    name: String,
    span: &'a Spanned<String>,
    path: String,
    trust_policy: Option<String>,
    /// The managed policy that it has by default.
    policy: Option<String>,
}

fn tags(file: BTreeMap<String, String>, span: &Spanned<String>) -> Result<Vec<(String, String)>, ScenarioError> {
    let tags: Vec<_> = file.into_iter().collect();
    Tags::default()
        .add(&tags)
        .map_err(|error| at(span, error.to_string()))?;
    Ok(tags)
}
