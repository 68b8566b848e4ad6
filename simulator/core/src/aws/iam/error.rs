//! What IAM refuses, in its words.
//!
//! Source: the IAM API reference for the codes; the messages are those that users of the API quote, unless said otherwise.
//!
//! FIDELITY: the words for what is reserved, for policies of AWS that are to be changed, for members that are not there,
//! for MFA devices and for service-linked roles that are none are our own.

use crate::aws::iam_policy::PolicyError;
use crate::value::arn::AccountId;

/// What kind of refusal it is: IAM's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IamErrorKind {
    /// AccessDenied.
    AccessDenied,
    /// DeleteConflict.
    DeleteConflict,
    /// EntityAlreadyExists.
    EntityAlreadyExists,
    /// InvalidAuthenticationCode.
    InvalidAuthenticationCode,
    /// InvalidInput.
    InvalidInput,
    /// LimitExceeded.
    LimitExceeded,
    /// MalformedPolicyDocument.
    MalformedPolicyDocument,
    /// NoSuchEntity.
    NoSuchEntity,
    /// PasswordPolicyViolation.
    PasswordPolicyViolation,
    /// UnmodifiableEntity.
    UnmodifiableEntity,
    /// ValidationError.
    Validation,
}

/// What must go before an entity can be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// A user's keys.
    AccessKeys,
    /// Managed policies that are attached.
    AttachedPolicies,
    /// A user's groups, or a group's users.
    Groups,
    /// Inline policies.
    InlinePolicies,
    /// An instance profile's role, or a role's instance profiles.
    InstanceProfiles,
    /// A user's password.
    LoginProfile,
    /// A user's MFA devices.
    MfaDevices,
}

impl Leftover {
    /// That nothing is left: the first that is there stands in the way.
    pub(super) fn check<const N: usize>(leftovers: [(bool, Self); N]) -> Result<(), IamError> {
        match leftovers.into_iter().find(|(is_there, _)| *is_there) {
            Some((_, leftover)) => Err(IamError::MustGoFirst(leftover)),
            None => Ok(()),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::AccessKeys => "delete access keys",
            Self::AttachedPolicies => "detach all policies",
            Self::Groups => "remove users from group",
            Self::InlinePolicies => "delete policies",
            Self::InstanceProfiles => "remove roles from instance profile",
            Self::LoginProfile => "delete login profile",
            Self::MfaDevices => "delete MFA device",
        }
    }
}

/// A change that IAM refuses. The messages are IAM's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IamError {
    /// An alias that another account has.
    #[error("The account alias {alias} already exists.")]
    AliasExists {
        /// The alias.
        alias: String,
    },
    /// A policy that AWS manages is to be changed.
    #[error("Cannot modify the policy {arn}, which AWS manages.")]
    AwsManaged {
        /// Its ARN.
        arn: String,
    },
    /// The default version of a policy is to be deleted.
    #[error("Cannot delete the default version of a policy.")]
    DefaultPolicyVersion,
    /// Two tags with keys that differ in case at most.
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTagKeys,
    /// A group of that name is there.
    #[error("Group with name {name} already exists.")]
    GroupExists {
        /// The group's name.
        name: String,
    },
    /// An instance profile of that name is there.
    #[error("Instance Profile {name} already exists.")]
    InstanceProfileExists {
        /// The profile's name.
        name: String,
    },
    /// A parameter that is not of its form.
    #[error("{0}")]
    Invalid(String),
    /// A code that the device does not show, or that was used before.
    #[error("Authentication code for device is not valid.")]
    InvalidAuthenticationCode,
    /// The user has a password.
    #[error("Login Profile for user {user} already exists.")]
    LoginProfileExists {
        /// The user's name.
        user: String,
    },
    /// A trust or permissions policy that is none.
    #[error(transparent)]
    MalformedPolicy(#[from] PolicyError),
    /// A device of that name is there, or it is somebody's.
    #[error("MFADevice entity at the same path and name already exists.")]
    MfaDeviceExists,
    /// An MFA device that is somebody's is to be deleted.
    #[error("MFA VirtualDevice in use. Must deactivate first.")]
    MfaDeviceInUse,
    /// Something still hangs on the entity.
    #[error("Cannot delete entity, must {} first.", .0.words())]
    MustGoFirst(Leftover),
    /// The user has no such key.
    #[error("The Access Key with id {id} cannot be found.")]
    NoSuchAccessKey {
        /// The key's id.
        id: String,
    },
    /// The World has no such account.
    #[error("account {id} is not in this world")]
    NoSuchAccount {
        /// The account's id.
        id: AccountId,
    },
    /// The account has not that alias.
    #[error("The account alias {alias} cannot be found.")]
    NoSuchAlias {
        /// The alias.
        alias: String,
    },
    /// A policy that cannot be a permissions boundary, since it is not there.
    #[error("Scope ARN: {arn} does not exist or is not attachable.")]
    NoSuchBoundary {
        /// The policy's ARN.
        arn: String,
    },
    /// No deletion has that id.
    #[error("Deletion task {id} cannot be found.")]
    NoSuchDeletionTask {
        /// The task's id.
        id: String,
    },
    /// The account has no such group.
    #[error("The group with name {name} cannot be found.")]
    NoSuchGroup {
        /// The group's name.
        name: String,
    },
    /// The user, role or group has no such inline policy.
    #[error("The {holder} policy with name {name} cannot be found.")]
    NoSuchInlinePolicy {
        /// `user`, `role` or `group`.
        holder: &'static str,
        /// The policy's name.
        name: String,
    },
    /// The account has no such instance profile.
    #[error("Instance Profile {name} cannot be found.")]
    NoSuchInstanceProfile {
        /// The profile's name.
        name: String,
    },
    /// The user has no password.
    #[error("Login Profile for User {user} cannot be found.")]
    NoSuchLoginProfile {
        /// The user's name.
        user: String,
    },
    /// What is not a member of something.
    #[error("{member} is not in {of}.")]
    NoSuchMember {
        /// Such as a user's name.
        member: String,
        /// Such as a group's name.
        of: String,
    },
    /// The account has no such MFA device, or the user has not.
    #[error("VirtualMFADevice with serial number {serial} does not exist.")]
    NoSuchMfaDevice {
        /// The device's serial number, an ARN.
        serial: String,
    },
    /// The account has no password policy of its own.
    #[error("The Password Policy with domain name {account} cannot be found.")]
    NoPasswordPolicy {
        /// The account's id.
        account: AccountId,
    },
    /// The account has no such identity provider.
    #[error("OpenIDConnect Provider not found for arn {arn}")]
    NoSuchOidcProvider {
        /// The provider's ARN.
        arn: String,
    },
    /// No such managed policy, or it is not attached.
    #[error("Policy {arn} was not found.")]
    NoSuchPolicy {
        /// The policy's ARN.
        arn: String,
    },
    /// The policy has no such version.
    #[error("Policy {arn} version {version} does not exist or is not attachable.")]
    NoSuchPolicyVersion {
        /// The policy's ARN.
        arn: String,
        /// Such as `v2`.
        version: String,
    },
    /// The account has no such role.
    #[error("The role with name {name} cannot be found.")]
    NoSuchRole {
        /// The role's name.
        name: String,
    },
    /// The account has no such user.
    #[error("The user with name {name} cannot be found.")]
    NoSuchUser {
        /// The user's name.
        name: String,
    },
    /// A policy that is not there is to be attached.
    #[error("Policy {arn} does not exist or is not attachable.")]
    NotAttachable {
        /// The policy's ARN.
        arn: String,
    },
    /// A provider of that URL is there.
    #[error("Provider with url {url} already exists.")]
    OidcProviderExists {
        /// The URL.
        url: String,
    },
    /// A provider's URL that is no https URL.
    #[error("Invalid Open ID Connect Provider URL")]
    OidcProviderUrl,
    /// A password that the account's policy does not allow.
    #[error("{0}")]
    PasswordPolicy(String),
    /// A policy of that name is there.
    #[error("A policy called {name} already exists. Duplicate names are not allowed.")]
    PolicyExists {
        /// The policy's name.
        name: String,
    },
    /// A policy that is attached somewhere, or is a boundary, is to be deleted.
    #[error("Cannot delete a policy attached to entities.")]
    PolicyInUse,
    /// A policy with several versions is to be deleted.
    #[error(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."
    )]
    PolicyVersionsLeft,
    /// A policy that is longer than IAM accepts for this entity.
    #[error("Maximum policy size of {most} bytes exceeded for {holder} {name}")]
    PolicyTooLong {
        /// Characters without white space.
        most: usize,
        /// `user`, `role` or `group`.
        holder: &'static str,
        /// The entity's name.
        name: String,
    },
    /// A role that AWS made is to be changed by somebody else.
    #[error("Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS")]
    ProtectedRole {
        /// The role's name.
        name: String,
    },
    /// One more than the account may have.
    #[error("Cannot exceed quota for {quota}: {most}")]
    Quota {
        /// Such as `AccessKeysPerUser`.
        quota: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// A path that is kept for the roles of Identity Center, or a name.
    #[error("{got} can only be used for roles of AWS IAM Identity Center")]
    Reserved {
        /// What was asked for.
        got: String,
    },
    /// The path that is kept for service-linked roles.
    #[error("Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles")]
    ReservedServicePath,
    /// A role of that name is there.
    #[error("Role with name {name} already exists.")]
    RoleExists {
        /// The role's name.
        name: String,
    },
    /// The service's role is there.
    #[error("Service role name {name} has been taken in this account, please try a different suffix.")]
    ServiceRoleExists {
        /// The role's name.
        name: String,
    },
    /// A suffix for a service that accepts none.
    #[error("Custom suffix is not allowed for {service}")]
    ServiceRoleSuffix {
        /// Such as `eks.amazonaws.com`.
        service: String,
    },
    /// More thumbprints than a provider has.
    #[error("Thumbprint list must contain fewer than 5 entries.")]
    Thumbprints,
    /// More tags than an entity has.
    #[error("The number of tags has reached the maximum limit.")]
    TooManyTags,
    /// One more version than a policy has.
    #[error(
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
    )]
    TooManyPolicyVersions,
    /// A service that has no service-linked role.
    #[error("There is no service-linked role for {service}")]
    UnknownService {
        /// The service's principal.
        service: String,
    },
    /// A user of that name is there.
    #[error("User with name {name} already exists.")]
    UserExists {
        /// The user's name.
        name: String,
    },
}

impl IamError {
    /// The kind of refusal.
    #[must_use]
    pub const fn kind(&self) -> IamErrorKind {
        match self {
            Self::AwsManaged { .. } => IamErrorKind::AccessDenied,
            Self::DefaultPolicyVersion
            | Self::MfaDeviceInUse
            | Self::MustGoFirst(_)
            | Self::PolicyInUse
            | Self::PolicyVersionsLeft => IamErrorKind::DeleteConflict,
            Self::AliasExists { .. }
            | Self::GroupExists { .. }
            | Self::InstanceProfileExists { .. }
            | Self::LoginProfileExists { .. }
            | Self::MfaDeviceExists
            | Self::OidcProviderExists { .. }
            | Self::PolicyExists { .. }
            | Self::RoleExists { .. }
            | Self::UserExists { .. } => IamErrorKind::EntityAlreadyExists,
            Self::InvalidAuthenticationCode => IamErrorKind::InvalidAuthenticationCode,
            Self::DuplicateTagKeys
            | Self::Reserved { .. }
            | Self::ReservedServicePath
            | Self::ServiceRoleExists { .. }
            | Self::ServiceRoleSuffix { .. }
            | Self::Thumbprints
            | Self::UnknownService { .. } => IamErrorKind::InvalidInput,
            Self::PolicyTooLong { .. } | Self::Quota { .. } | Self::TooManyPolicyVersions | Self::TooManyTags => {
                IamErrorKind::LimitExceeded
            }
            Self::MalformedPolicy(_) => IamErrorKind::MalformedPolicyDocument,
            Self::NoPasswordPolicy { .. }
            | Self::NoSuchAccessKey { .. }
            | Self::NoSuchAccount { .. }
            | Self::NoSuchAlias { .. }
            | Self::NoSuchBoundary { .. }
            | Self::NoSuchDeletionTask { .. }
            | Self::NoSuchGroup { .. }
            | Self::NoSuchInlinePolicy { .. }
            | Self::NoSuchInstanceProfile { .. }
            | Self::NoSuchLoginProfile { .. }
            | Self::NoSuchMember { .. }
            | Self::NoSuchMfaDevice { .. }
            | Self::NoSuchOidcProvider { .. }
            | Self::NoSuchPolicy { .. }
            | Self::NoSuchPolicyVersion { .. }
            | Self::NoSuchRole { .. }
            | Self::NoSuchUser { .. }
            | Self::NotAttachable { .. } => IamErrorKind::NoSuchEntity,
            Self::PasswordPolicy(_) => IamErrorKind::PasswordPolicyViolation,
            Self::ProtectedRole { .. } => IamErrorKind::UnmodifiableEntity,
            Self::Invalid(_) | Self::OidcProviderUrl => IamErrorKind::Validation,
        }
    }
}
