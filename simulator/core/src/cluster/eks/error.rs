//! What EKS refuses, in EKS's words.

use super::parameter::AuthenticationMode;
use super::parameter::EntryType;

/// The kind of a refusal, which decides the error's code and status on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EksErrorKind {
    /// A parameter has a value that it may not have.
    InvalidParameter,
    /// The request does not fit the state of the cluster.
    InvalidRequest,
    /// It is there already.
    ResourceInUse,
    /// It is not there.
    ResourceNotFound,
}

/// A call that EKS refuses. The messages are EKS's, where one was found.
///
/// FIDELITY: no text was found for a username with `{{SessionName}}` and no colon before it, an unknown entry type or
/// scope type, too many tags, a policy that is not associated, an update, an insight or an association that is not there, a change of a node group in nothing, a cluster that
/// is protected from deletion, and names and ARNs that are none; those here are our own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EksError {
    /// The principal has an entry.
    #[error("The specified access entry resource is already in use on this cluster.")]
    AccessEntryExists,
    /// The add-on is there.
    #[error("Addon already exists.")]
    AddonExists,
    /// The service account has a role.
    #[error("Association already exists: {id}")]
    AssociationExists {
        /// The association's id.
        id: String,
    },
    /// The name is taken.
    #[error("Cluster already exists with name: {name}")]
    ClusterExists {
        /// The name.
        name: String,
    },
    /// Node groups must go first.
    #[error("Cluster has nodegroups attached")]
    ClusterHasNodegroups,
    /// In CONFIG_MAP mode the creator is always an administrator.
    #[error("bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP")]
    CreatorNotAdmin,
    /// The cluster is protected.
    #[error("Cluster {name} cannot be deleted because deletion protection is enabled")]
    DeletionProtected {
        /// The cluster's name.
        name: String,
    },
    /// A group with a reserved prefix.
    #[error("The kubernetes group name {group} is invalid, it cannot start with {prefix}")]
    GroupPrefix {
        /// The group.
        group: String,
        /// The prefix.
        prefix: &'static str,
    },
    /// Entries for nodes have groups of their own.
    #[error(
        "The specified kubernetesGroups is invalid: setting kubernetesGroups is not allowed when the type is \"{}\"",
        entry_type.as_str()
    )]
    GroupsNotAllowed {
        /// The type of the entry.
        entry_type: EntryType,
    },
    /// A label of a node group that EKS or Kubernetes keeps for itself.
    #[error("Label cannot contain reserved prefixes [kubernetes.io/, k8s.io/, eks.amazonaws.com/]")]
    LabelPrefix,
    /// A key or a value that Kubernetes does not take as a label's.
    #[error(
        "Invalid value: {got} : field must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
         an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    )]
    InvalidLabel {
        /// The text as it came.
        got: String,
    },
    /// No effect of a taint.
    #[error("Invalid taint effect: {got}, must be one of these [NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE]")]
    InvalidTaintEffect {
        /// The text as it came.
        got: String,
    },
    /// Not a name of a cluster.
    #[error(
        "The cluster name must be 1 to 100 letters, digits, dashes and underscores, of which the first is a letter or a digit"
    )]
    InvalidClusterName,
    /// The principal is not there, or is none that can have an entry.
    #[error("The specified principalArn is invalid: invalid principal.")]
    InvalidPrincipal,
    /// Not the ARN of a role.
    #[error("The specified role ARN is invalid")]
    InvalidRoleArn,
    /// The mode knows no access entries.
    #[error(
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
    )]
    ModeWithoutAccessEntries,
    /// A scope of type namespace names none.
    #[error("At least 1 namespace must be provided if the type is set as namespace")]
    NamespacesMissing,
    /// A scope of another type names namespaces.
    #[error("accessScope should not include namespaces if the type is not set as namespace")]
    NamespacesNotAllowed,
    /// The principal has no entry.
    #[error(
        "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'."
    )]
    NoAccessEntry,
    /// The logging is as it is to be.
    #[error("No changes needed for the logging config provided")]
    NoLoggingChange,
    /// A node group is to be changed in nothing.
    #[error("No changes needed for the node group config provided")]
    NoNodegroupChange,
    /// There is no such add-on.
    #[error("No addon: {name} found in cluster: {cluster}")]
    NoSuchAddon {
        /// The cluster.
        cluster: String,
        /// The name.
        name: String,
    },
    /// There is no such association.
    #[error("No pod identity association found with ID: {id}")]
    NoSuchAssociation {
        /// The id.
        id: String,
    },
    /// There is no such cluster.
    #[error("No cluster found for name: {name}.")]
    NoSuchCluster {
        /// The name.
        name: String,
    },
    /// There is no such Fargate profile.
    #[error("No Fargate Profile found with name: {name}.")]
    NoSuchFargateProfile {
        /// The name.
        name: String,
    },
    /// There is no such insight.
    #[error("No insight found for ID: {id}")]
    NoSuchInsight {
        /// The id.
        id: String,
    },
    /// There is no such node group.
    #[error("No node group found for name: {name}.")]
    NoSuchNodegroup {
        /// The name.
        name: String,
    },
    /// There is no such update.
    #[error("No update found for ID: {id}")]
    NoSuchUpdate {
        /// The id.
        id: String,
    },
    /// There is a node group of that name.
    #[error("NodeGroup already exists with name {name} and cluster name {cluster}")]
    NodegroupExists {
        /// The cluster.
        cluster: String,
        /// The name.
        name: String,
    },
    /// The entry's type cannot be changed so.
    #[error("This operation can only be performed on Access Entries with a type of \"STANDARD\".")]
    NotStandard,
    /// The network is as it is to be.
    #[error(
        "Cluster is already at the desired configuration with endpointPrivateAccess: {private} , endpointPublicAccess: \
         {public}, and Public Endpoint Restrictions: [{}]",
        cidrs.join(", ")
    )]
    NoVpcChange {
        /// Whether the endpoint is reached inside the VPC.
        private: bool,
        /// Whether the endpoint is reached from anywhere.
        public: bool,
        /// From where.
        cidrs: Vec<String>,
    },
    /// The text is no ARN of an access policy.
    #[error("The policyArn parameter format is not valid")]
    PolicyArnFormat,
    /// The entry has no such policy.
    #[error("The specified policyArn is not associated with the access entry.")]
    PolicyNotAssociated,
    /// There is no such policy.
    #[error("The specified policyArn could not be found.")]
    PolicyNotFound,
    /// A node of another account.
    #[error(
        "AccessEntry principalArn must be from the same account as the cluster when using types \
         [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]"
    )]
    PrincipalInOtherAccount,
    /// A node is a role.
    #[error(
        "AccessEntry principalArn must be IAM role when using types [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]"
    )]
    PrincipalNotRole,
    /// Fewer nodes than there are to be at least.
    #[error("Minimum capacity {min} can't be greater than desired size {desired}")]
    ScalingBelowMinimum {
        /// At least.
        min: u64,
        /// Wanted.
        desired: u64,
    },
    /// More nodes than there are to be at most.
    #[error("desired capacity {desired} can't be greater than max size {max}")]
    ScalingAboveMaximum {
        /// Wanted.
        desired: u64,
        /// At most.
        max: u64,
    },
    /// The roles of AWS services have entries that AWS makes.
    #[error("The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role")]
    ServiceLinkedRole,
    /// `{{SessionName}}` stands before any colon.
    #[error("The specified username is invalid: it must contain a colon before {{{{SessionName}}}}")]
    SessionNameWithoutColon,
    /// Fewer than two.
    #[error("Subnets specified must be in at least two different AZs")]
    TooFewSubnets,
    /// More labels, taints or subnets of a node group than there may be.
    #[error("The number of {what} must not exceed {most}")]
    TooMany {
        /// Such as `taints`.
        what: &'static str,
        /// The bound.
        most: usize,
    },
    /// More than 50.
    #[error("The number of tags must not exceed 50")]
    TooManyTags,
    /// EKS has no such add-on, or not in that version.
    #[error("Addon version specified is not supported")]
    UnknownAddon,
    /// No type of an entry.
    #[error("The specified type is invalid: {got}")]
    UnknownEntryType {
        /// The text as it came.
        got: String,
    },
    /// No type of a scope.
    #[error("The accessScope type is invalid: {got}")]
    UnknownScopeType {
        /// The text as it came.
        got: String,
    },
    /// Modes change in one direction, one step at a time.
    #[error("Unsupported authentication mode update from {} to {}", from.as_str(), to.as_str())]
    UnsupportedModeUpdate {
        /// The mode as it is.
        from: AuthenticationMode,
        /// The mode that was asked for.
        to: AuthenticationMode,
    },
    /// No release that EKS has.
    #[error("unsupported Kubernetes version")]
    UnsupportedVersion,
    /// Releases go up, one step at a time.
    #[error("Unsupported Kubernetes minor version update from {from} to {to}")]
    UnsupportedVersionUpdate {
        /// The release as it is.
        from: String,
        /// The release that was asked for.
        to: String,
    },
    /// Entries for nodes have a username of their own.
    #[error(
        "The specified username is invalid: setting username is not allowed when the type is \"{}\"",
        entry_type.as_str()
    )]
    UsernameNotAllowed {
        /// The type of the entry.
        entry_type: EntryType,
    },
    /// A username with a reserved prefix.
    #[error("The username must not begin with {prefix}")]
    UsernamePrefix {
        /// The prefix.
        prefix: &'static str,
    },
}

impl EksError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> EksErrorKind {
        match self {
            Self::AccessEntryExists
            | Self::AddonExists
            | Self::AssociationExists { .. }
            | Self::ClusterExists { .. }
            | Self::ClusterHasNodegroups
            | Self::NodegroupExists { .. } => EksErrorKind::ResourceInUse,
            Self::DeletionProtected { .. } | Self::ModeWithoutAccessEntries => EksErrorKind::InvalidRequest,
            Self::NoAccessEntry
            | Self::NoSuchAddon { .. }
            | Self::NoSuchAssociation { .. }
            | Self::NoSuchCluster { .. }
            | Self::NoSuchFargateProfile { .. }
            | Self::NoSuchInsight { .. }
            | Self::NoSuchNodegroup { .. }
            | Self::NoSuchUpdate { .. }
            | Self::PolicyNotAssociated
            | Self::PolicyNotFound => EksErrorKind::ResourceNotFound,
            Self::CreatorNotAdmin
            | Self::GroupPrefix { .. }
            | Self::GroupsNotAllowed { .. }
            | Self::InvalidClusterName
            | Self::InvalidLabel { .. }
            | Self::InvalidPrincipal
            | Self::InvalidRoleArn
            | Self::InvalidTaintEffect { .. }
            | Self::LabelPrefix
            | Self::NamespacesMissing
            | Self::NamespacesNotAllowed
            | Self::NoLoggingChange
            | Self::NoNodegroupChange
            | Self::NoVpcChange { .. }
            | Self::NotStandard
            | Self::PolicyArnFormat
            | Self::PrincipalInOtherAccount
            | Self::PrincipalNotRole
            | Self::ScalingAboveMaximum { .. }
            | Self::ScalingBelowMinimum { .. }
            | Self::ServiceLinkedRole
            | Self::SessionNameWithoutColon
            | Self::TooFewSubnets
            | Self::TooMany { .. }
            | Self::TooManyTags
            | Self::UnknownAddon
            | Self::UnknownEntryType { .. }
            | Self::UnknownScopeType { .. }
            | Self::UnsupportedModeUpdate { .. }
            | Self::UnsupportedVersion
            | Self::UnsupportedVersionUpdate { .. }
            | Self::UsernameNotAllowed { .. }
            | Self::UsernamePrefix { .. } => EksErrorKind::InvalidParameter,
        }
    }
}
