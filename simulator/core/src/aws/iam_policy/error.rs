//! Why a policy document is refused.

/// A policy document that IAM refuses with MalformedPolicyDocument.
///
/// Source of the messages: public issues and measurements quote those of identity policies, of principals, actions and
/// resources in trust policies; the others of trust policies are known from imitations (moto, versitygw) only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// An action with several colons.
    #[error("Actions/Condition can contain only one colon.")]
    ActionColons,
    /// An action without the service that has it.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    ActionVendor,
    /// Two statements of one id.
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    DuplicateSid,
    /// Two statements of one id, in a trust policy.
    #[error("The Statement Ids in the policy are not unique")]
    DuplicateTrustSid,
    /// A trust policy's Principal that names nobody.
    #[error("Missing required field Principal cannot be empty!")]
    EmptyPrincipal,
    /// A trust policy without statements.
    #[error("Could not parse the policy: Statement is empty!")]
    EmptyStatement,
    /// A trust policy's Effect that is neither Allow nor Deny.
    #[error("Invalid effect: {got}")]
    InvalidEffect {
        /// The effect as it came.
        got: String,
    },
    /// A trust policy that is no JSON.
    #[error("This policy contains invalid Json")]
    InvalidJson,
    /// A principal that does not exist, or of a form that names none.
    #[error("Invalid principal in policy: \"{kind}\":\"{value}\"")]
    InvalidPrincipal {
        /// Such as `AWS`.
        kind: String,
        /// The principal as it came.
        value: String,
    },
    /// An action of a service whose name has other characters.
    #[error("Vendor {vendor} is not valid")]
    InvalidVendor {
        /// What stands before the colon.
        vendor: String,
    },
    /// A policy that parses by the grammar but not by its types.
    #[error("The policy failed legacy parsing")]
    LegacyParsing,
    /// A statement with neither Action nor NotAction.
    #[error("Policy statement must contain actions.")]
    MissingActions,
    /// A field that each statement of a trust policy has.
    #[error("Missing required field {field}")]
    MissingField {
        /// Such as `Principal`.
        field: &'static str,
    },
    /// A statement with neither Resource nor NotResource.
    #[error("Policy statement must contain resources.")]
    MissingResources,
    /// A trust policy that says who is not trusted.
    #[error("AssumeRole policy must not contain NotPrincipal field.")]
    NotPrincipal,
    /// A trust policy that allows something else.
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    NotStsAction,
    /// An identity policy that names a principal.
    #[error("Policy document should not specify a principal.")]
    PrincipalNotAllowed,
    /// A trust policy whose Principal is a text, but not `*`.
    #[error("Principal must be a JSON object.")]
    PrincipalNotObject,
    /// A trust policy that names resources.
    #[error("Has prohibited field {field}")]
    ProhibitedField {
        /// `Resource` or `NotResource`.
        field: &'static str,
    },
    /// A resource that is neither `*` nor an ARN.
    #[error("Resource {resource} must be in ARN format or \"*\".")]
    ResourceFormat {
        /// The resource as it came.
        resource: String,
    },
    /// A resource of a partition that is none.
    #[error("Partition \"{partition}\" is not valid for resource \"{resource}\".")]
    ResourcePartition {
        /// What stands where the partition would.
        partition: String,
        /// The resource with the sections that it lacks.
        resource: String,
    },
    /// A resource that ends before its service.
    #[error("Resource vendor must be fully qualified and cannot contain regexes.")]
    ResourceVendor,
    /// No JSON, or not of the grammar.
    #[error("Syntax errors in policy.")]
    Syntax,
    /// A trust policy of another version.
    #[error("The policy must contain a valid version string")]
    TrustVersion,
    /// An identity policy of 2008, or of no version.
    #[error("Policy document must be version 2012-10-17 or greater.")]
    Version,
}
