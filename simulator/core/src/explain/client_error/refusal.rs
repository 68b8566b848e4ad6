//! What EKS's API refuses, and manifests that cannot be read.
//!
//! Sources of the texts: the messages of EKS as recorded for [`crate::cluster::eks::error`]; kubectl 1.32 and kube-apiserver's
//! answers to a strategic merge patch; eksctl and the authenticator, where they read `aws-auth`.

use super::context::Client;
use super::context::Context;
use super::statement::Statement;
use super::symptom::Rank;
use super::symptom::Reading;
use super::symptom::Symptom;
use super::symptom::first;
use crate::explain::cause::Cause;

const NO_TEXT: &str = "a value under `data` of the ConfigMap is no text, so that nothing was changed in the cluster";
const FIX_TEXT: &str = "make it text: `mapRoles: |` with a bar, and the list indented below it";

const NODE_GROUPS: &str = "only entries of the nodes' own types have the groups of nodes, and get them by their type";
const FIX_NODE_GROUPS: &str = "no update changes an entry's type, so put one for nodes in its place: `aws eks delete-access-entry \
                               --cluster-name {cluster} --region {region} --principal-arn {principal}` and `aws eks \
                               create-access-entry --cluster-name {cluster} --region {region} --principal-arn {principal} --type \
                               EC2_LINUX`";
const FIX_NEW_NODE_GROUPS: &str = "leave the groups out, and give the entry a type for nodes: `aws eks create-access-entry \
                                   --cluster-name {cluster} --region {region} --principal-arn {principal} --type EC2_LINUX`";

const RESERVED: &str = "an access entry cannot have groups of Kubernetes' own, such as system:masters";
const FIX_RESERVED: &str = "leave the group out, and associate an access policy with what the principal needs, AmazonEKSViewPolicy \
                            being the least: `aws eks associate-access-policy --cluster-name {cluster} --region {region} \
                            --principal-arn {principal} --policy-arn \
                            arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=cluster`; what \
                            system:masters gave, the policy AmazonEKSClusterAdminPolicy gives";
const FIX_NEW_RESERVED: &str = "leave the group out, and associate an access policy with what the principal needs, AmazonEKSViewPolicy \
                                being the least: `aws eks create-access-entry --cluster-name {cluster} --region {region} \
                                --principal-arn {principal}` and `aws eks associate-access-policy --cluster-name {cluster} --region \
                                {region} --principal-arn {principal} --policy-arn \
                                arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=cluster`; \
                                what system:masters gave, the policy AmazonEKSClusterAdminPolicy gives";

const BROKEN: &str =
    "a list in aws-auth cannot be read, so that what is in it maps nobody, and tools that change it give up";
const FIX_BROKEN: &str = "as an administrator of the cluster see it, `kubectl get configmap aws-auth -n kube-system -o yaml`, and put \
                          right what the message names: mapRoles and mapUsers are lists of maps, mapAccounts is a list of account \
                          ids in quotes (eks-auth-sim lint shows the line)";

pub(super) const SYMPTOMS: &[Symptom] = &[
    // Of eksctl `pkg/authconfigmap/authconfigmap.go`; of the authenticator `pkg/mapper/configmap/configmap.go`.
    Symptom::named(
        &["unmarshalling \"mapRoles\": "],
        Cause::AwsAuthBroken,
        BROKEN,
        FIX_BROKEN,
    ),
    Symptom::named(
        &["unmarshalling \"mapUsers\": "],
        Cause::AwsAuthBroken,
        BROKEN,
        FIX_BROKEN,
    ),
    Symptom::named(
        &["unmarshalling \"mapAccounts\": "],
        Cause::AwsAuthBroken,
        BROKEN,
        FIX_BROKEN,
    ),
    Symptom::named(
        &["unmarshalling mapAccounts: "],
        Cause::AwsAuthBroken,
        BROKEN,
        FIX_BROKEN,
    ),
    Symptom::named(
        &["There was an error parsing the config maps"],
        Cause::AwsAuthBroken,
        BROKEN,
        FIX_BROKEN,
    ),
    Symptom::named(
        &["error parsing config map: ["],
        Cause::AwsAuthBroken,
        BROKEN,
        FIX_BROKEN,
    ),
    Symptom::named(
        &["Errors parsing configmap: ["],
        Cause::AwsAuthBroken,
        BROKEN,
        FIX_BROKEN,
    ),
    // Where the entry was to be made, there is none yet.
    Symptom::named(
        &[
            "calling the CreateAccessEntry operation",
            "The kubernetes group name system:bootstrappers is invalid",
        ],
        Cause::NodeRoleNotMapped,
        NODE_GROUPS,
        FIX_NEW_NODE_GROUPS,
    ),
    Symptom::named(
        &[
            "calling the CreateAccessEntry operation",
            "The kubernetes group name system:node",
        ],
        Cause::NodeRoleNotMapped,
        NODE_GROUPS,
        FIX_NEW_NODE_GROUPS,
    ),
    Symptom::named(
        &["The kubernetes group name system:bootstrappers is invalid"],
        Cause::NodeRoleNotMapped,
        NODE_GROUPS,
        FIX_NODE_GROUPS,
    ),
    Symptom::named(
        &["The kubernetes group name system:node"],
        Cause::NodeRoleNotMapped,
        NODE_GROUPS,
        FIX_NODE_GROUPS,
    ),
    Symptom::named(
        &[
            "calling the CreateAccessEntry operation",
            "The kubernetes group name ",
            " is invalid, it cannot start with ",
        ],
        Cause::EntryGroupReserved,
        RESERVED,
        FIX_NEW_RESERVED,
    ),
    Symptom::named(
        &["The kubernetes group name ", " is invalid, it cannot start with "],
        Cause::EntryGroupReserved,
        RESERVED,
        FIX_RESERVED,
    ),
    Symptom::named(
        &["authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"],
        Cause::EntriesNotInMode,
        "the cluster's authentication mode is CONFIG_MAP, which has no access entries",
        "map the principal in aws-auth, or switch the mode, for good: `aws eks update-cluster-config --name {cluster} --region \
         {region} --access-config authenticationMode=API_AND_CONFIG_MAP` and `aws eks wait cluster-active --name {cluster} \
         --region {region}`",
    ),
    Symptom::named(
        &["Unsupported authentication mode update from "],
        Cause::ModeUpdateOneWay,
        "authentication modes are only switched from CONFIG_MAP over API_AND_CONFIG_MAP to API, never back",
        "stay in the mode, and give access entries to those whom aws-auth mapped",
    ),
    Symptom::named(
        &["The specified principalArn is invalid"],
        Cause::EntryPrincipalInvalid,
        "no principal has that ARN: access entries want it with its path, while aws-auth wants it without",
        "take the ARN from IAM (aws iam get-role --role-name {role} --query Role.Arn), and make the entry with that: `aws eks \
         create-access-entry --cluster-name {cluster} --region {region} --principal-arn ARN`",
    ),
    Symptom::named(
        &["The specified principalArn could not be found"],
        Cause::EntryNotFound,
        "the principal has no access entry",
        "make one first: `aws eks create-access-entry --cluster-name {cluster} --region {region} --principal-arn {principal}`",
    ),
    Symptom::named(
        &["The specified access entry resource is already in use on this cluster"],
        Cause::EntryExists,
        "the principal has an access entry already",
        "see it (aws eks describe-access-entry --cluster-name {cluster} --region {region} --principal-arn {principal}), and give it \
         what it lacks, AmazonEKSViewPolicy being the least: `aws eks associate-access-policy --cluster-name {cluster} --region \
         {region} --principal-arn {principal} --policy-arn \
         arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=cluster`",
    ),
    Symptom::named(
        &["can only be performed on Access Entries with a type of "],
        Cause::EntryNotStandard,
        "the entry is of a type for nodes (EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX), whose username and groups are set by \
         EKS, and which takes no access policy",
        "leave groups, username and access policies out of that entry, in whatever makes it (kubernetesGroups, username and \
         accessPolicies in ACK, kubernetes_groups, user_name and policy_associations in Terraform): EKS gives nodes what they need",
    ),
    Symptom::named(
        &["principalArn value of a Service Linked Role"],
        Cause::EntryOfServiceLinkedRole,
        "access entries of service-linked roles are made by AWS alone",
        "give the entry to a role of your own",
    ),
    Symptom::named(
        &["No cluster found for name: "],
        Cause::ClusterNotFound,
        "the account has no cluster of that name in that region",
        "check account, region and name (aws sts get-caller-identity, aws eks list-clusters --region {region})",
    ),
    Symptom::named(
        &["error converting YAML to JSON"],
        Cause::ManifestInvalid,
        "the file is no YAML, so that nothing was changed in the cluster",
        "fix the line that the message names (eks-auth-sim lint FILE shows it)",
    ),
    Symptom::named(
        &["ConfigMap in version \"v1\" cannot be handled as a ConfigMap"],
        Cause::ManifestInvalid,
        NO_TEXT,
        FIX_TEXT,
    ),
    Symptom::named(&["of ConfigMap.data"], Cause::ManifestInvalid, NO_TEXT, FIX_TEXT),
    // What kube-apiserver answers to a strategic merge patch, which `kubectl apply` sends. The whole patch stands in it, so that
    // `unrecognized type: string` may be far behind: the list is told by its first item.
    Symptom::named(
        &["patch: Invalid value: \"map[data:map[", ":[map["],
        Cause::ManifestInvalid,
        NO_TEXT,
        FIX_TEXT,
    ),
    Symptom::named(
        &["Go struct field ConfigMap.data"],
        Cause::ManifestInvalid,
        NO_TEXT,
        FIX_TEXT,
    ),
];

/// What a message says of a refusal by EKS, or of a manifest.
pub(super) fn read(statement: &Statement, context: &Context) -> Option<Reading> {
    let mut reading = first(SYMPTOMS, Rank::Credentials, statement, context)?;
    if reading.certainty.cause() == Some(Cause::EntryExists)
        && let Some(fix) = declared_twice(statement, context)
    {
        reading.fix = fix;
    }
    Some(reading)
}

/// What to do where a declaration makes an entry that is there: EKS makes one of its own for who creates the cluster, and for the
/// nodes of a managed node group. To delete such a one may lock out who does it.
fn declared_twice(statement: &Statement, context: &Context) -> Option<String> {
    const OWN: &str = "the creator of the cluster has an entry from the start (bootstrapClusterCreatorAdminPermissions), and managed \
                       node groups and Fargate profiles get theirs from EKS";
    const SEE: &str = "see it: `aws eks describe-access-entry --cluster-name {cluster} --region {region} --principal-arn {principal}`";
    if statement.has(&["creating EKS Access Entry ("]) || context.client_of(statement) == Client::Terraform {
        let address = context.address.as_deref().unwrap_or("ADDRESS");
        return Some(context.fill(&format!(
            "have Terraform take over the entry that is there: `terraform import {address} {{cluster}}:{{principal}}`; or drop the \
             duplicate from the configuration, as {OWN} (in the module of EKS enable_cluster_creator_admin_permissions and \
             access_entries must not both name it); {SEE}"
        )));
    }
    statement
        .has(&["AWS::EKS::AccessEntry", "HandlerErrorCode: AlreadyExists"])
        .then(|| {
            context.fill(&format!(
                "drop the duplicate from the template or from accessConfig.accessEntries of eksctl's file, as {OWN}; {SEE}; what it \
                 lacks, give to the entry that is there: `aws eks associate-access-policy --cluster-name {{cluster}} --region \
                 {{region}} --principal-arn {{principal}} --policy-arn \
                 arn:{{partition}}:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=cluster`"
            ))
        })
}
