//! Changes of roles, and the roles that AWS makes: those of its services and of Identity Center.
//!
//! FIDELITY: the services that make roles here are those of EKS, Auto Scaling and Load Balancing. A service-linked role is
//! deleted at once, whatever uses it.

use std::sync::Arc;

use super::Directory;
use super::Entity;
use super::Holder;
use super::IamError;
use super::Leftover;
use super::NewRole;
use super::Policies;
use super::Role;
use super::policy::length;
use crate::aws::iam_policy::trust::TrustPolicy;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// Characters of a trust policy without white space.
const TRUST_LENGTH: usize = 2048;
/// Where service-linked roles are.
const SERVICE_PATH: &str = "/aws-service-role/";
/// Where the roles of Identity Center are.
const RESERVED_PATH: &str = "/aws-reserved/";
/// How their names begin.
const RESERVED_NAME: &str = "AWSReservedSSO_";

/// A service that makes roles for itself, with what it calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its principal, such as `eks.amazonaws.com`.
    pub principal: &'static str,
    /// What follows `AWSServiceRoleFor`.
    name: &'static str,
    /// The managed policy that its role has.
    policy: &'static str,
    /// Whether there may be several roles, told apart by a suffix.
    takes_suffix: bool,
}

/// Source: EKS User Guide, "Using service-linked roles for Amazon EKS", and the guides of the other services.
const SERVICES: [Service; 7] = [
    Service::new(
        "autoscaling.amazonaws.com",
        "AutoScaling",
        "AutoScalingServiceRolePolicy",
        true,
    ),
    Service::new(
        "eks-connector.amazonaws.com",
        "AmazonEKSConnector",
        "AmazonEKSConnectorServiceRolePolicy",
        false,
    ),
    Service::new(
        "eks-fargate.amazonaws.com",
        "AmazonEKSForFargate",
        "AmazonEKSForFargateServiceRolePolicy",
        false,
    ),
    Service::new(
        "eks-nodegroup.amazonaws.com",
        "AmazonEKSNodegroup",
        "AWSServiceRoleForAmazonEKSNodegroup",
        false,
    ),
    Service::new("eks.amazonaws.com", "AmazonEKS", "AmazonEKSServiceRolePolicy", false),
    Service::new(
        "elasticloadbalancing.amazonaws.com",
        "ElasticLoadBalancing",
        "AWSElasticLoadBalancingServiceRolePolicy",
        false,
    ),
    Service::new("spot.amazonaws.com", "EC2Spot", "AWSEC2SpotServiceRolePolicy", false),
];

impl Service {
    const fn new(principal: &'static str, name: &'static str, policy: &'static str, takes_suffix: bool) -> Self {
        Self {
            principal,
            name,
            policy,
            takes_suffix,
        }
    }

    /// The service with that principal.
    ///
    /// # Errors
    /// [`IamError::UnknownService`].
    pub fn find(principal: &str) -> Result<Self, IamError> {
        let service = SERVICES.into_iter().find(|service| service.principal == principal);
        service.ok_or_else(|| IamError::UnknownService {
            service: principal.to_owned(),
        })
    }

    /// The name of its role.
    #[must_use]
    pub fn role_name(self, suffix: Option<&str>) -> String {
        let suffix = suffix.map(|suffix| format!("_{suffix}")).unwrap_or_default();
        format!("AWSServiceRoleFor{}{suffix}", self.name)
    }

    /// The path of its role.
    #[must_use]
    pub fn role_path(self) -> String {
        format!("{SERVICE_PATH}{}/", self.principal)
    }

    /// The trust policy of its role.
    #[must_use]
    pub fn trust_policy(self) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}"}},"Action":"sts:AssumeRole"}}]}}"#,
            self.principal
        )
    }

    /// The ARN of the managed policy that its role has.
    #[must_use]
    pub fn policy(self, partition: Partition) -> String {
        format!("arn:{partition}:iam::aws:policy/aws-service-role/{}", self.policy)
    }
}

/// What is to change of a role; absent stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoleUpdate<'a> {
    /// What it is for; empty for nothing.
    pub description: Option<&'a str>,
    /// Seconds, 3600 to 43200.
    pub max_session_duration: Option<u32>,
}

impl Role {
    /// Whether a service made it for itself.
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        self.path.starts_with(SERVICE_PATH)
    }

    pub(super) fn check_not_of_identity_center(&self) -> Result<(), IamError> {
        if self.path.starts_with(RESERVED_PATH) {
            return Err(IamError::ProtectedRole {
                name: self.name.clone(),
            });
        }
        Ok(())
    }

    /// Whether anybody but AWS may change it.
    pub(super) fn check_unprotected(&self) -> Result<(), IamError> {
        self.check_not_of_identity_center()?;
        if self.is_service_linked() {
            return Err(IamError::ProtectedRole {
                name: self.name.clone(),
            });
        }
        Ok(())
    }
}

pub(super) fn check_unreserved(name: &str, path: &str) -> Result<(), IamError> {
    if path.starts_with(SERVICE_PATH) {
        return Err(IamError::ReservedServicePath);
    }
    for (got, prefix) in [(path, RESERVED_PATH), (name, RESERVED_NAME)] {
        if got.starts_with(prefix) {
            return Err(IamError::Reserved { got: got.to_owned() });
        }
    }
    Ok(())
}

pub(super) fn check_trust_length(trust_policy: &str) -> Result<(), IamError> {
    if length(trust_policy) > TRUST_LENGTH {
        return Err(IamError::Quota {
            quota: "ACLSizePerRole",
            most: TRUST_LENGTH,
        });
    }
    Ok(())
}

impl Directory {
    /// Changes a role's description and the length of its sessions. The description of a service-linked role may change,
    /// nothing else of it.
    ///
    /// # Errors
    /// [`IamError::NoSuchRole`], [`IamError::ProtectedRole`].
    pub fn update_role(&mut self, account: &AccountId, name: &str, update: RoleUpdate<'_>) -> Result<(), IamError> {
        self.edit::<Role, _>(account, name, |role| {
            role.check_not_of_identity_center()?;
            if let Some(seconds) = update.max_session_duration {
                role.check_unprotected()?;
                role.max_session_duration = seconds;
            }
            if let Some(text) = update.description {
                role.description = Some(text.to_owned()).filter(|text| !text.is_empty());
            }
            Ok(())
        })
    }

    /// Gives a role another trust policy.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::NoSuchRole`], [`IamError::ProtectedRole`], [`IamError::MalformedPolicy`],
    /// [`IamError::Quota`].
    pub fn update_trust_policy(&mut self, account: &AccountId, name: &str, text: &str) -> Result<(), IamError> {
        self.find::<Role>(account, name)?.check_unprotected()?;
        check_trust_length(text)?;
        let trust_policy = TrustPolicy::save(text, |arn| self.find_principal(arn))?;
        self.edit::<Role, _>(account, name, |role| {
            role.trust_policy = trust_policy;
            Ok(())
        })
    }

    /// Deletes a role on which nothing hangs any more. Sessions of it stop being anyone's.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::NoSuchRole`], [`IamError::ProtectedRole`], [`IamError::MustGoFirst`].
    pub fn delete_role(&mut self, account: &AccountId, name: &str) -> Result<(), IamError> {
        let role = Arc::clone(self.find::<Role>(account, name)?);
        role.check_unprotected()?;
        let leftovers = [
            (role.policies.has_attached(), Leftover::AttachedPolicies),
            (role.policies.has_inline(), Leftover::InlinePolicies),
            (
                self.instance_profiles_of(account, &role).next().is_some(),
                Leftover::InstanceProfiles,
            ),
        ];
        Leftover::check(leftovers)?;
        self.remove::<Role>(account, name)
    }

    /// Takes a role away whatever it holds and whoever made it, as Identity Center does with its own.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`].
    pub(crate) fn withdraw_role(&mut self, account: &AccountId, name: &str) -> Result<(), IamError> {
        self.remove::<Role>(account, name)
    }

    /// Makes the role of a service.
    ///
    /// # Errors
    /// [`IamError::UnknownService`], [`IamError::ServiceRoleSuffix`], [`IamError::ServiceRoleExists`],
    /// [`IamError::NoSuchAccount`].
    pub fn create_service_linked_role(
        &mut self,
        account: &AccountId,
        principal: &str,
        suffix: Option<&str>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Role>, IamError> {
        let service = Service::find(principal)?;
        if suffix.is_some() && !service.takes_suffix {
            return Err(IamError::ServiceRoleSuffix {
                service: principal.to_owned(),
            });
        }
        let name = service.role_name(suffix);
        if self.find::<Role>(account, &name).is_ok() {
            return Err(IamError::ServiceRoleExists { name });
        }
        let spec = NewRole {
            name: &name,
            path: &service.role_path(),
            trust_policy: &service.trust_policy(),
            max_session_duration: 3600,
        };
        let made = self.stage_role(account, spec, ids, now)?;
        let policy = service.policy(self.account_mut(account)?.partition);
        let policies = Policies::new([policy], [], None)?;
        self.set_policies(account, Holder::role(&made.name), policies)?;
        self.find::<Role>(account, &name).cloned()
    }

    /// Deletes the role of a service, and answers the id of the deletion.
    ///
    /// # Errors
    /// [`IamError::NoSuchRole`], also for a role that no service made.
    pub fn delete_service_linked_role(
        &mut self,
        account: &AccountId,
        name: &str,
        ids: &mut IdGenerator,
    ) -> Result<String, IamError> {
        let role = Arc::clone(self.find::<Role>(account, name)?);
        if !role.is_service_linked() {
            return Err(Role::missing(name));
        }
        let id = format!("task{}{}/{}", role.path, role.name, ids.uuid());
        let account = self.account_mut(account)?;
        account.roles.remove(&name.to_ascii_lowercase());
        account.deletions.insert(id.clone(), role.arn.clone());
        Ok(id)
    }

    /// Whether there was such a deletion; all of them went well.
    ///
    /// # Errors
    /// [`IamError::NoSuchDeletionTask`].
    pub fn service_linked_role_deletion(&self, account: &AccountId, id: &str) -> Result<(), IamError> {
        let is_there = self
            .account(account)
            .is_some_and(|account| account.deletions.contains_key(id));
        if !is_there {
            return Err(IamError::NoSuchDeletionTask { id: id.to_owned() });
        }
        Ok(())
    }
}
