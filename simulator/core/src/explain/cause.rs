//! The causes by name. docs/explain.md says of each where it shows and how it is fixed.

/// One list for the variants, their ids and [`Cause::ALL`].
macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// What is to blame. Ids are stable: scenarios and programs name causes by them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cause {
            $($(#[$doc])* $name,)*
        }

        impl Cause {
            /// Every cause.
            pub const ALL: [Self; [$($id),*].len()] = [$(Self::$name),*];

            /// The stable name.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }
        }
    };
}

causes! {
    /// An access entry is there, but holds the id of an earlier principal of that name.
    AccessEntryOfRecreatedPrincipal = "access-entry-of-recreated-principal",
    /// An access entry gives less than `aws-auth`, which is not asked.
    AccessEntryShadowsAwsAuth = "access-entry-shadows-aws-auth",
    /// An access entry is there for a principal of that name with another path.
    AccessEntryWithOtherPath = "access-entry-with-other-path",
    /// The account is in mapAccounts, which gives no groups.
    AccountMappedWithoutGroups = "account-mapped-without-groups",
    /// The request is allowed, and refused by admission, which looks at objects and not at rights.
    AdmissionRefused = "admission-refused",
    /// A ClusterRole lacks the label by which an aggregated one would have its rules.
    AggregationLabelMissing = "aggregation-label-missing",
    /// The request came without a token.
    Anonymous = "anonymous",
    /// The role of a profile may not be assumed.
    AssumeRoleDenied = "assume-role-denied",
    /// `aws-auth` is broken where it was to map the caller.
    AwsAuthBroken = "aws-auth-broken",
    /// Only `aws-auth` knows the principal, and the authentication mode is API.
    AwsAuthIgnored = "aws-auth-ignored",
    /// The mapping stands under a key of `aws-auth` that nobody reads.
    AwsAuthKeyMisspelled = "aws-auth-key-misspelled",
    /// What is bound to the user holds in another namespace than that of the request.
    BindingInOtherNamespace = "binding-in-other-namespace",
    /// The certificate that was shown is for another name: a tunnel or a proxy answers.
    CertificateForOtherName = "certificate-for-other-name",
    /// The server's certificate is not of the kubeconfig's authority.
    CertificateNotTrusted = "certificate-not-trusted",
    /// The clock of the client's machine is ahead.
    ClockAhead = "clock-ahead",
    /// EKS has no cluster of that name there.
    ClusterNotFound = "cluster-not-found",
    /// The creator of the cluster is gone, and nobody else can administer it.
    CreatorDeleted = "creator-deleted",
    /// The client has no credentials to make a token with.
    CredentialsMissing = "credentials-missing",
    /// A later mapping of the same ARN gives less.
    DuplicateShadowsMapping = "duplicate-shadows-mapping",
    /// The authentication mode is CONFIG_MAP, which has no access entries.
    EntriesNotInMode = "entries-not-in-mode",
    /// The principal has an access entry already.
    EntryExists = "entry-exists",
    /// An access entry is to have a group of Kubernetes' own.
    EntryGroupReserved = "entry-group-reserved",
    /// The principal has no access entry to which a policy could be associated.
    EntryNotFound = "entry-not-found",
    /// An access entry of a type for nodes is to have groups, a username or a policy.
    EntryNotStandard = "entry-not-standard",
    /// An access entry is to be of a service-linked role.
    EntryOfServiceLinkedRole = "entry-of-service-linked-role",
    /// An access entry is to be of a principal that is not there.
    EntryPrincipalInvalid = "entry-principal-invalid",
    /// Keys in the client's environment come before the profile that it names.
    EnvironmentOverridesProfile = "environment-overrides-profile",
    /// kubectl does not know the version of the kubeconfig's exec plugin.
    ExecApiVersionUnsupported = "exec-api-version-unsupported",
    /// What the exec plugin printed is no JSON.
    ExecOutputNotJson = "exec-output-not-json",
    /// The exec plugin ended with an error; what it said itself names the root.
    ExecPluginFailed = "exec-plugin-failed",
    /// The preferences of kubectl do not allow the exec plugin.
    ExecPluginNotAllowed = "exec-plugin-not-allowed",
    /// kubectl does not find the exec plugin.
    ExecPluginNotFound = "exec-plugin-not-found",
    /// The caller is a federated user, whom no mapping of a user matches.
    FederatedUserNotMapped = "federated-user-not-mapped",
    /// Nothing: the caller is let in.
    Granted = "granted",
    /// Nothing yet: the API server still knows the token from before.
    GrantedFromCache = "granted-from-cache",
    /// The mapping's `groups` is no list, so that the mapping has none.
    GroupsNotAList = "groups-not-a-list",
    /// The caller's IAM policies do not allow a call to AWS.
    IamNotAllowed = "iam-not-allowed",
    /// No mapper knows the principal.
    IdentityNotMapped = "identity-not-mapped",
    /// The caller is no principal that can be mapped.
    IdentityUnusable = "identity-unusable",
    /// The access key is inactive.
    KeyInactive = "key-inactive",
    /// The access key's user or role is gone.
    KeyOfDeletedPrincipal = "key-of-deleted-principal",
    /// The access key is nobody's.
    KeyUnknown = "key-unknown",
    /// The kubeconfig cannot be read.
    KubeconfigInvalid = "kubeconfig-invalid",
    /// kubectl has no kubeconfig.
    KubeconfigMissing = "kubeconfig-missing",
    /// A manifest cannot be read, so that nothing was changed.
    ManifestInvalid = "manifest-invalid",
    /// A mapping is there for a role of that name, but the caller is a user, or the other way round.
    MappedAsOtherKind = "mapped-as-other-kind",
    /// A mapping is there, but names a session.
    MappedAsSession = "mapped-as-session",
    /// A mapping is there, with another account.
    MappedInOtherAccount = "mapped-in-other-account",
    /// A mapping is there, with the ARN of another partition than the cluster's.
    MappedInOtherPartition = "mapped-in-other-partition",
    /// A mapping is there for the same permission set, but with another suffix.
    MappedWithOtherSsoSuffix = "mapped-with-other-sso-suffix",
    /// A mapping is there, but names the role with its path.
    MappedWithPath = "mapped-with-path",
    /// A mapping is there, but names a permission set's role with its path.
    MappedWithSsoPath = "mapped-with-sso-path",
    /// A mapping is there, but white space belongs to its ARN.
    MappedWithWhiteSpace = "mapped-with-white-space",
    /// A profile wants a code of an MFA device, which nobody can give.
    MfaCodeWanted = "mfa-code-wanted",
    /// The authentication mode cannot be switched back.
    ModeUpdateOneWay = "mode-update-one-way",
    /// The user is known, but nothing is bound to it.
    NoBinding = "no-binding",
    /// A node asks by another name than its own.
    NodeNameDiffers = "node-name-differs",
    /// The caller is a node, and the role of the nodes is not mapped, or not as that of nodes.
    NodeRoleNotMapped = "node-role-not-mapped",
    /// The user has some rights, but none covers what was asked.
    NotAuthorized = "not-authorized",
    /// The client has no profile of that name.
    ProfileNotFound = "profile-not-found",
    /// A role or a binding would grant more than who writes it holds.
    RbacEscalation = "rbac-escalation",
    /// The API server still knows the token from before, with a mapping that gives less than the one of now.
    RefusedFromCache = "refused-from-cache",
    /// STS gives out no credentials in that region.
    RegionDisabled = "region-disabled",
    /// The client knows no region.
    RegionMissing = "region-missing",
    /// A session of a role is to assume that same role.
    RoleAssumesItself = "role-assumes-itself",
    /// A binding of the user refers to a role that is not there.
    RoleNotFound = "role-not-found",
    /// The caller is an account's root user.
    RootNotMapped = "root-not-mapped",
    /// Nothing answers at the address of the kubeconfig.
    ServerUnreachable = "server-unreachable",
    /// A client asked as the service account of its pod, where IAM was meant.
    ServiceAccountInsteadOfIam = "service-account-instead-of-iam",
    /// The temporary credentials have ended.
    SessionExpired = "session-expired",
    /// STS refuses the name of a session.
    SessionNameInvalid = "session-name-invalid",
    /// A binding names the session as the caller knows it, but `@` became `-` in the username.
    SessionNameRewritten = "session-name-rewritten",
    /// The session token is missing or another key's.
    SessionTokenWrong = "session-token-wrong",
    /// The signature is not the right one.
    SignatureMismatch = "signature-mismatch",
    /// Only a mapping with `sso` matches, and the authenticator does not know such mappings.
    SsoMappingGated = "sso-mapping-gated",
    /// Nobody is signed in to Identity Center.
    SsoNotSignedIn = "sso-not-signed-in",
    /// STS has had too many requests.
    StsThrottled = "sts-throttled",
    /// STS answered the authenticator with an error of its own, or not at all.
    StsUnavailable = "sts-unavailable",
    /// A binding's subject holds a template, which RBAC does not expand.
    SubjectHoldsTemplate = "subject-holds-template",
    /// A binding's subject has the caller's name or group, as another kind.
    SubjectKindWrong = "subject-kind-wrong",
    /// A binding's subject is nearly the caller's name or group.
    SubjectMisspelled = "subject-misspelled",
    /// The mapping's username or group cannot be rendered.
    TemplateUnrenderable = "template-unrenderable",
    /// The token was signed more than 15 minutes ago.
    TokenExpired = "token-expired",
    /// The token does not bind itself to a cluster.
    TokenForNoCluster = "token-for-no-cluster",
    /// The token was signed for another cluster.
    TokenForOtherCluster = "token-for-other-cluster",
    /// The token is malformed.
    TokenMalformed = "token-malformed",
    /// The token names another host than STS.
    TokenWrongHost = "token-wrong-host",
    /// The mapping gives no username, and an aggregated API lets nobody without a name in.
    UsernameMissing = "username-missing",
    /// The mapping's username begins as this mapper's must not.
    UsernameReserved = "username-reserved",
    /// The signature's date or scope is not for now and here.
    WrongDateOrScope = "wrong-date-or-scope",
    /// The client acts with one profile, and another would be let in.
    WrongProfile = "wrong-profile",
}

impl Cause {
    /// The cause of that name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.id() == id)
    }
}
