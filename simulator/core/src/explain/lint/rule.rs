//! The rules: each with its id, how bad it is, and what it says. `docs/lint.md` has the same table.

use super::Severity;

macro_rules! rules {
    ($($name:ident, $severity:ident, $id:literal, $sentence:literal;)+) => {
        /// What is wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = $sentence] $name,)+
        }

        impl Rule {
            /// Every rule, by kind of input.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name, such as `aws-auth/role-with-path`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)+
                }
            }

            /// What it says, in one sentence.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)+
                }
            }
        }
    };
}

rules! {
    InputBlot, Note, "input/blot", "An account id or a name is blotted out, or a variable stands for it, and it is judged as one that is there; or a certificate or a token is hidden, and not judged.";
    InputBroken, Error, "input/broken", "The text is neither YAML nor JSON.";
    InputTab, Error, "input/tab-indentation", "A tab indents a line; YAML indents with spaces only.";
    InputTooLarge, Error, "input/too-large", "The text is Terraform, and more of it than this linter reads.";
    InputUnknown, Error, "input/unknown-kind", "The text holds neither mappings nor access entries, in no form that is known here, nor is it a kubeconfig; or it is not what `--kind` says.";

    AuthNotAString, Error, "aws-auth/not-a-string", "mapRoles, mapUsers or mapAccounts is no string, mostly because the `|` is missing; the Kubernetes API refuses the ConfigMap.";
    AuthBrokenYaml, Error, "aws-auth/broken-yaml", "The YAML inside the string is broken, so everything under that key is lost.";
    AuthTab, Error, "aws-auth/tab-indentation", "A tab indents a line inside the string, so everything under that key is lost.";
    AuthMoreDocuments, Error, "aws-auth/more-documents", "The string holds more than one YAML document; the authenticator reads the first one.";
    AuthNotAList, Error, "aws-auth/not-a-list", "The string holds no list, so everything under that key is lost.";
    AuthMisspelledKey, Error, "aws-auth/misspelled-key", "A key is almost mapRoles, mapUsers or mapAccounts; it is passed over without a word.";
    AuthUnknownKey, Note, "aws-auth/unknown-key", "A key under data that the authenticator does not read.";
    AuthOutsideData, Error, "aws-auth/outside-data", "mapRoles, mapUsers or mapAccounts does not stand under data.";
    AuthWrongName, Error, "aws-auth/wrong-name", "The ConfigMap is not called aws-auth, so nobody reads it.";
    AuthWrongNamespace, Error, "aws-auth/wrong-namespace", "The ConfigMap is not in kube-system, so nobody reads it.";
    AuthNoNamespace, Warning, "aws-auth/no-namespace", "The manifest names no namespace, so kubectl applies it to the context's own.";
    AuthEmptyRoles, Warning, "aws-auth/empty-roles", "mapRoles is empty: no role is mapped, those of nodes neither.";
    AuthNoNodeRole, Warning, "aws-auth/no-node-role", "No item is for nodes; those that have no access entry cannot join.";
    AuthDuplicateKey, Warning, "aws-auth/duplicate-key", "A key stands twice (item keys in any case); one of them counts.";
    AuthItemNotAMap, Error, "aws-auth/item-not-a-map", "An item is no map, so it is dropped.";
    AuthMissingArn, Error, "aws-auth/missing-arn", "An item has no rolearn or userarn, so it is dropped.";
    AuthMisspelledItemKey, Error, "aws-auth/misspelled-item-key", "A key of an item is almost one that the authenticator reads; it is passed over without a word.";
    AuthUnknownItemKey, Warning, "aws-auth/unknown-item-key", "A key of an item that the authenticator does not read.";
    AuthItemInWrongList, Error, "aws-auth/item-in-wrong-list", "An item with userarn stands in mapRoles, or one with rolearn in mapUsers; it is dropped.";
    AuthUserInRoles, Warning, "aws-auth/user-in-roles", "A user's ARN stands in mapRoles: it matches, but tools that edit mapUsers do not see it.";
    AuthRoleInUsers, Warning, "aws-auth/role-in-users", "A role's ARN stands in mapUsers: it matches, but tools that edit mapRoles do not see it.";
    AuthWrongType, Error, "aws-auth/wrong-type", "A field has the wrong type (`yes`, a number, a list), so it stays empty.";
    AuthGroupsNotAList, Error, "aws-auth/groups-not-a-list", "groups is no list, so the mapping has no groups at all.";
    AuthRoleWithPath, Error, "aws-auth/role-with-path", "The role's ARN has a path; STS never shows one, so it matches nobody.";
    AuthSsoPath, Error, "aws-auth/sso-path", "The ARN of an IAM Identity Center role has its path; STS never shows one, so it matches nobody.";
    AuthSessionArn, Error, "aws-auth/session-arn", "The ARN is that of a role session; it is compared with the role's, so it matches nobody.";
    AuthFederatedUser, Warning, "aws-auth/federated-user", "The ARN is that of a federated user: it matches GetFederationToken sessions of that one name.";
    AuthInstanceProfile, Error, "aws-auth/instance-profile", "The ARN is that of an instance profile, which nobody can be.";
    AuthIamGroup, Error, "aws-auth/iam-group", "The ARN is that of an IAM group; groups are no principals and cannot be mapped.";
    AuthNotAPrincipal, Error, "aws-auth/not-a-principal", "The ARN names nothing that can sign a request, so it matches nobody.";
    AuthRoot, Warning, "aws-auth/root", "The ARN is that of a root user: it does not stand for all principals of the account.";
    AuthMalformedArn, Error, "aws-auth/malformed-arn", "The text is no ARN of a role or user, so it matches nobody.";
    AuthUnknownPartition, Error, "aws-auth/unknown-partition", "The ARN's partition does not exist, so it matches nobody.";
    AuthOtherPartition, Error, "aws-auth/other-partition", "The ARN is of another partition than the cluster's region, so it matches nobody.";
    AuthTwoPartitions, Warning, "aws-auth/two-partitions", "The ARNs are of two partitions; a cluster's principals are of one, so those of the other match nobody.";
    AuthAccountId, Error, "aws-auth/account-id", "The ARN's account id is not twelve digits, so it matches nobody.";
    AuthWhiteSpace, Error, "aws-auth/white-space", "White space in an ARN, or around a name, counts as part of it.";
    AuthNotAscii, Error, "aws-auth/not-ascii", "An ARN holds a character that no ARN has, such as a curly quote or an invisible one.";
    AuthWildcard, Error, "aws-auth/wildcard", "An ARN holds a wildcard; ARNs are compared as they are, so it matches nobody.";
    AuthDuplicateArn, Warning, "aws-auth/duplicate-arn", "The same ARN stands again further down; the last one wins.";
    AuthDuplicateByCase, Warning, "aws-auth/duplicate-by-case", "The same ARN but for upper and lower case stands again further down; the last one wins.";
    AuthDuplicateAcrossLists, Warning, "aws-auth/duplicate-across-lists", "The same ARN stands in mapRoles too, which wins.";
    AuthNoUsername, Warning, "aws-auth/no-username", "An item has no username, so the user has an empty name.";
    AuthNoGroups, Note, "aws-auth/no-groups", "An item has no groups: only bindings to its username give it anything.";
    AuthReservedUsername, Warning, "aws-auth/reserved-username", "A username begins with `system:` or `eks:`, as if it were a part of the cluster.";
    AuthNodeTemplateForPeople, Warning, "aws-auth/node-template-for-people", "`{{EC2PrivateDNSName}}` in a mapping without node groups: whoever is no EC2 instance is refused.";
    AuthPeopleAsNodes, Warning, "aws-auth/people-as-nodes", "A username of nodes, `system:node:…`, in a mapping whose groups are none of nodes: people are called as nodes are.";
    AuthNodeTemplateForUser, Error, "aws-auth/node-template-for-user", "`{{EC2PrivateDNSName}}` in mapUsers: a user has no session, so it is always refused.";
    AuthNodeWithoutNodes, Error, "aws-auth/node-without-system-nodes", "A node's mapping lacks the group system:nodes, so the node cannot register.";
    AuthNodeWithoutBootstrappers, Warning, "aws-auth/node-without-bootstrappers", "A node's mapping lacks the group system:bootstrappers.";
    AuthNodeUsername, Error, "aws-auth/node-username", "A mapping with system:nodes has a username that is not system:node:NAME, so the node cannot register.";
    AuthUnknownTemplate, Error, "aws-auth/unknown-template", "`{{…}}` that is no template; it stays in the name as it is.";
    AuthSessionNameAt, Note, "aws-auth/session-name-at-sign", "`{{SessionName}}` turns `@` into `-`; RBAC subjects with an e-mail address do not match.";
    AuthSessionNameOfUser, Warning, "aws-auth/session-name-of-user", "`{{SessionName}}` in mapUsers: a user has no session, so it becomes nothing.";
    AuthManyMasters, Note, "aws-auth/many-masters", "More than five mappings are in system:masters, which no RBAC rule can limit.";
    AuthUselessGroup, Note, "aws-auth/useless-group", "Kubernetes itself gives that group to whom it is due.";
    AuthUnknownSystemGroup, Warning, "aws-auth/unknown-system-group", "A group begins with `system:`, but Kubernetes has none of that name.";
    AuthRoleNameAsGroup, Warning, "aws-auth/role-name-as-group", "A group is called as a ClusterRole is; a ClusterRole's name is no group.";
    AuthEmptyGroup, Warning, "aws-auth/empty-group", "A group without a name.";
    AuthSeveralGroups, Warning, "aws-auth/several-groups-in-one", "A comma in a group: it is one group with a long name.";
    AuthSsoItem, Error, "aws-auth/sso-item", "An `sso` item: its feature gate is closed on EKS, so it matches nobody.";
    AuthArnAndSso, Error, "aws-auth/arn-and-sso", "An item has both rolearn and sso, so it is dropped.";
    AuthAccountLeadingZero, Warning, "aws-auth/account-leading-zero", "An unquoted account id with a leading zero; the authenticator accepts it as it is written, but tools that take it for a number lose the zero.";
    AuthAccountUnquoted, Note, "aws-auth/account-unquoted", "An unquoted account id; it works, but YAML reads it as a number.";
    AuthAccountInvalid, Error, "aws-auth/account-invalid", "An item of mapAccounts is not twelve digits, so it matches nobody.";
    AuthAccountGroups, Note, "aws-auth/account-without-groups", "mapAccounts lets every principal of the account in, but gives no groups.";
    AuthMode, Error, "aws-auth/authentication-mode", "The authentication mode is API, so nobody reads aws-auth.";

    EntryNotAnEntry, Error, "access-entries/not-an-entry", "A part of the text is neither an access entry nor its policies.";
    EntryMisspelledKey, Error, "access-entries/misspelled-key", "A key is almost one that the form has; it is passed over or refused.";
    EntryUnknownKey, Warning, "access-entries/unknown-key", "A key of an entry that the module terraform-aws-modules/eks does not read, and passes over without a word.";
    EntrySessionArn, Error, "access-entries/session-arn", "The principal is an STS session; EKS wants the role or user behind it.";
    EntryStrippedSsoPath, Error, "access-entries/stripped-sso-path", "The ARN of an IAM Identity Center role lacks its path; EKS knows no such role.";
    EntryServiceLinkedRole, Error, "access-entries/service-linked-role", "The principal is a service-linked role, for which EKS makes no entry.";
    EntryPrincipal, Error, "access-entries/malformed-principal", "The principal is no ARN of a role or user.";
    EntryType, Error, "access-entries/unknown-type", "EKS has no such type of entry.";
    EntryStandardForNodes, Error, "access-entries/standard-for-nodes", "A STANDARD entry with the groups or the username of nodes, whose entries have a type of their own.";
    EntryReservedGroup, Error, "access-entries/reserved-group", "A group begins with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`, which EKS refuses.";
    EntryGroupsNotAList, Error, "access-entries/groups-not-a-list", "The groups are no list.";
    EntryReservedUsername, Error, "access-entries/reserved-username", "A username begins with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`, which EKS refuses.";
    EntryUnknownTemplate, Error, "access-entries/unknown-template", "`{{…}}` that is no template.";
    EntrySessionName, Error, "access-entries/session-name-without-colon", "`{{SessionName}}` without a colon before it, which EKS refuses.";
    EntryNothing, Warning, "access-entries/no-permissions", "A STANDARD entry with neither groups nor policies: it lets in and permits nothing.";
    EntryNodeStandard, Warning, "access-entries/standard-for-node-role", "A STANDARD entry of what is by its name the role of nodes: a node that comes in by it is none to Kubernetes.";
    EntryNodeUser, Error, "access-entries/node-type-for-user", "An entry for nodes with a user's ARN, which EKS refuses.";
    EntryNodeAccount, Error, "access-entries/node-type-of-other-account", "An entry for nodes with a role of another account than the cluster's, which EKS refuses.";
    EntryNodeSettings, Error, "access-entries/node-type-settings", "An entry for nodes with a username or groups of one's own, which EKS refuses.";
    EntryDuplicate, Error, "access-entries/duplicate-principal", "The principal has an entry already, further up.";
    EntryPolicyArn, Error, "access-entries/malformed-policy-arn", "The policy's ARN is not that of a cluster access policy; IAM policies do not fit.";
    EntryPolicyUnknown, Warning, "access-entries/unknown-policy", "No cluster access policy of that name is known here.";
    EntryPolicyType, Error, "access-entries/policy-on-node-type", "A policy on an entry of a type that accepts none.";
    EntryPolicyOrphan, Warning, "access-entries/policy-without-entry", "A policy for a principal that has no entry in the text.";
    EntryScopeType, Error, "access-entries/unknown-scope", "An access scope is `cluster` or `namespace`.";
    EntryScopeEmpty, Error, "access-entries/scope-without-namespaces", "The scope is `namespace` but names none, which EKS refuses.";
    EntryScopeNamespaces, Error, "access-entries/cluster-scope-with-namespaces", "The scope is `cluster` but names namespaces, which EKS refuses.";
    EntryMode, Error, "access-entries/authentication-mode", "The authentication mode is CONFIG_MAP, which has no access entries, or one that EKS does not know.";

    ConfigWrongType, Error, "kubeconfig/wrong-type", "A value has the wrong type, so kubectl does not read the file.";
    ConfigNoCurrentContext, Warning, "kubeconfig/no-current-context", "No current context: kubectl asks localhost:8080 unless --context is given.";
    ConfigUnknownContext, Error, "kubeconfig/unknown-context", "The current context is none of the contexts.";
    ConfigUnknownCluster, Error, "kubeconfig/unknown-cluster", "A context names a cluster that is not there.";
    ConfigUnknownUser, Error, "kubeconfig/unknown-user", "A context names a user that is not there.";
    ConfigDuplicate, Error, "kubeconfig/duplicate-name", "Two entries have the same name, so kubectl does not read the file.";
    ConfigNoServer, Error, "kubeconfig/no-server", "A cluster without a server.";
    ConfigHttp, Error, "kubeconfig/http-server", "The server's URL is not https: kubectl sends no credentials there.";
    ConfigNoCa, Warning, "kubeconfig/no-certificate-authority", "No certificate authority: the one of an EKS cluster is its own, and no machine trusts it.";
    ConfigCaNotPem, Error, "kubeconfig/certificate-authority-not-pem", "The certificate authority is no base64 of a PEM certificate.";
    ConfigInsecure, Warning, "kubeconfig/insecure", "The server's certificate is not checked, so anybody on the way can take the token.";
    ConfigCaAndInsecure, Error, "kubeconfig/insecure-with-certificate-authority", "A certificate authority together with insecure-skip-tls-verify, which kubectl refuses.";
    ConfigV1Alpha1, Error, "kubeconfig/exec-v1alpha1", "The exec API v1alpha1 is gone since kubectl 1.24.";
    ConfigExecVersion, Error, "kubeconfig/exec-api-version", "The exec API version is missing or unknown.";
    ConfigInteractive, Error, "kubeconfig/no-interactive-mode", "The exec API v1 wants an interactiveMode.";
    ConfigCommand, Note, "kubeconfig/unknown-command", "A credential plugin that this linter does not know.";
    ConfigOtherProvider, Note, "kubeconfig/other-provider", "A credential plugin that makes no token of AWS.";
    ConfigNoGetToken, Error, "kubeconfig/no-get-token", "The plugin's arguments do not ask for a token.";
    ConfigNoClusterName, Error, "kubeconfig/no-cluster-name", "The plugin's arguments name no cluster, but a token is for one cluster only.";
    ConfigOtherCluster, Error, "kubeconfig/other-cluster", "The plugin makes a token for another cluster than the one asked.";
    ConfigOtherRegion, Warning, "kubeconfig/other-region", "The plugin's region is not the cluster's.";
    ConfigKeysAndProfile, Warning, "kubeconfig/keys-and-profile", "Both AWS_PROFILE and access keys in the plugin's environment; the keys win.";
    ConfigStaticKeys, Warning, "kubeconfig/static-keys", "A secret access key stands in the file.";
    ConfigSessionAsRole, Error, "kubeconfig/session-as-role", "The role to assume is a session's ARN, which cannot be assumed.";
    ConfigEmptyArgument, Warning, "kubeconfig/empty-argument", "An argument of the plugin has no value.";
    ConfigOutput, Error, "kubeconfig/output-not-json", "The plugin prints no JSON, which is what kubectl reads.";
    ConfigTwoProfiles, Warning, "kubeconfig/two-profiles", "Two different profiles are given, of which one counts.";
    ConfigStaticToken, Warning, "kubeconfig/static-token", "A token stands in the file; one of EKS is good for 15 minutes.";
    ConfigTokenWins, Error, "kubeconfig/token-beside-exec", "A token beside exec: kubectl uses the token and never runs the plugin.";
    ConfigCertificateWins, Error, "kubeconfig/certificate-beside-exec", "A client certificate beside exec: kubectl uses the certificate and never runs the plugin.";
    ConfigIrsaToken, Error, "kubeconfig/token-for-aws", "The token file is one that pods show to AWS; the API server refuses its audience.";
    ConfigAuthProvider, Error, "kubeconfig/auth-provider", "An auth-provider that kubectl no longer has since 1.26.";
    ConfigRelativePath, Note, "kubeconfig/relative-path", "A relative path counts from the folder of the kubeconfig, wherever kubectl runs.";
}
