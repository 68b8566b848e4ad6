"""Calls every operation that the simulator serves and holds the raw answers against botocore's models.

Reads what `eks-auth-sim operations --output json` prints; ends with 1 and a line a finding where an answer is not as the
model says, where an operation has no example in STEPS, or where one that is not served is answered otherwise than AWS
answers an unknown one.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
import urllib.request

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

import wire

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/admin-test-role"
CLUSTER = "my-cluster"
GROUP = f"/aws/eks/{CLUSTER}/cluster"
POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
)
RULES = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "eks:*", "Resource": "*"}]}
)
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ENTRY = {"clusterName": CLUSTER, "principalArn": ROLE}
STACK = json.dumps(
    {
        "Description": "walks",
        "Resources": {
            "Entry": {"Type": "AWS::EKS::AccessEntry", "Properties": {"ClusterName": CLUSTER, "PrincipalArn": ROLE}}
        },
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Entry", "AccessEntryArn"]}}},
    }
)
NOW = int(time.time())


GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def client_of(seen):
    """The registered client of Identity Center."""
    registered = seen["sso-oidc", "RegisterClient"]
    return {"clientId": registered["clientId"], "clientSecret": registered["clientSecret"]}


def device_token(seen):
    """What asks for the token of the device."""
    return {**client_of(seen), "grantType": GRANT, "deviceCode": seen.of("sso-oidc", "StartDeviceAuthorization", "deviceCode")}


def approved(seen):
    """The same, once the sign-in is approved as its page does it."""
    started = seen["sso-oidc", "StartDeviceAuthorization"]
    page = started["verificationUri"]
    request = urllib.request.Request(page, data=f"user_code={started['userCode']}".encode())
    request.add_header("Origin", page.removesuffix("/device"))
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()
    return device_token(seen)


def bearer(seen):
    """The token for the portal."""
    return {"accessToken": seen.of("sso-oidc", "CreateToken", "accessToken")}


class Seen(dict):
    """The good answers so far, by operation."""

    def of(self, service, operation, *path):
        value = self[service, operation]
        for name in path:
            value = value[name]
        return value


def codes(seen):
    """What the MFA device shows now and next (RFC 6238)."""
    seed = seen.of("iam", "CreateVirtualMFADevice", "VirtualMFADevice", "Base32StringSeed")
    key = base64.b32decode(seed)

    def code(period):
        digest = hmac.new(key, period.to_bytes(8, "big"), hashlib.sha1).digest()
        offset = digest[-1] & 15
        return f"{(int.from_bytes(digest[offset:offset + 4], 'big') & 0x7FFFFFFF) % 1000000:06}"

    period = int(time.time()) // 30
    return {"AuthenticationCode1": code(period), "AuthenticationCode2": code(period + 1)}


# In this order: the service, the operation, its parameters (or what makes them of the answers so far) and, where it is to
# fail, with which code. Operations that are not served are left out; an operation that is needs a line here.
STEPS = [
    # STS
    ("sts", "GetCallerIdentity", {}),
    ("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "walker", "DurationSeconds": 900}),
    ("sts", "AssumeRole", {"RoleArn": ROLE.replace("admin-test-role", "nobody"), "RoleSessionName": "walker"}, "AccessDenied"),
    ("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "walker", "DurationSeconds": 1}, "ValidationError"),
    ("sts", "GetSessionToken", {"DurationSeconds": 900}),
    ("sts", "GetFederationToken", {"Name": "walker", "Policy": RULES}),
    ("sts", "GetAccessKeyInfo", lambda seen: {"AccessKeyId": seen.of("sts", "AssumeRole", "Credentials", "AccessKeyId")}),
    ("sts", "DecodeAuthorizationMessage", {"EncodedMessage": "x"}, "InvalidAuthorizationMessageException"),
    ("sts", "AssumeRoleWithWebIdentity", {"RoleArn": ROLE, "RoleSessionName": "walker", "WebIdentityToken": "a.b.c"}, "InvalidIdentityToken"),
    # IAM: users and their keys
    ("iam", "CreateUser", {"UserName": "walker", "Path": "/some/path/"}),
    ("iam", "CreateUser", {"UserName": "walker"}, "EntityAlreadyExists"),
    ("iam", "GetUser", {"UserName": "walker"}),
    ("iam", "GetUser", {"UserName": "nobody"}, "NoSuchEntity"),
    ("iam", "ListUsers", {"PathPrefix": "/some/"}),
    ("iam", "TagUser", {"UserName": "walker", "Tags": [{"Key": "team", "Value": "sdk"}]}),
    ("iam", "ListUserTags", {"UserName": "walker"}),
    ("iam", "UntagUser", {"UserName": "walker", "TagKeys": ["team"]}),
    ("iam", "CreateAccessKey", {"UserName": "walker"}),
    ("iam", "ListAccessKeys", {"UserName": "walker"}),
    ("iam", "GetAccessKeyLastUsed", lambda seen: {"AccessKeyId": seen.of("iam", "CreateAccessKey", "AccessKey", "AccessKeyId")}),
    ("iam", "UpdateAccessKey", lambda seen: {"UserName": "walker", "AccessKeyId": seen.of("iam", "CreateAccessKey", "AccessKey", "AccessKeyId"), "Status": "Inactive"}),
    ("iam", "DeleteUser", {"UserName": "walker"}, "DeleteConflict"),
    ("iam", "DeleteAccessKey", lambda seen: {"UserName": "walker", "AccessKeyId": seen.of("iam", "CreateAccessKey", "AccessKey", "AccessKeyId")}),
    ("iam", "AttachUserPolicy", {"UserName": "walker", "PolicyArn": ADMINISTRATOR}),
    ("iam", "ListAttachedUserPolicies", {"UserName": "walker"}),
    ("iam", "ListEntitiesForPolicy", {"PolicyArn": ADMINISTRATOR}),
    ("iam", "DetachUserPolicy", {"UserName": "walker", "PolicyArn": ADMINISTRATOR}),
    ("iam", "PutUserPolicy", {"UserName": "walker", "PolicyName": "eks", "PolicyDocument": RULES}),
    ("iam", "GetUserPolicy", {"UserName": "walker", "PolicyName": "eks"}),
    ("iam", "ListUserPolicies", {"UserName": "walker"}),
    ("iam", "DeleteUserPolicy", {"UserName": "walker", "PolicyName": "eks"}),
    ("iam", "CreateGroup", {"GroupName": "walkers"}),
    ("iam", "AddUserToGroup", {"GroupName": "walkers", "UserName": "walker"}),
    ("iam", "GetGroup", {"GroupName": "walkers"}),
    ("iam", "ListGroups", {}),
    ("iam", "ListGroupsForUser", {"UserName": "walker"}),
    ("iam", "RemoveUserFromGroup", {"GroupName": "walkers", "UserName": "walker"}),
    ("iam", "DeleteGroup", {"GroupName": "walkers"}),
    ("iam", "ListMFADevices", {"UserName": "walker"}),
    ("iam", "GetLoginProfile", {"UserName": "walker"}, "NoSuchEntity"),
    ("iam", "CreateLoginProfile", {"UserName": "walker", "Password": "short"}, "PasswordPolicyViolation"),
    ("iam", "CreateLoginProfile", {"UserName": "walker", "Password": "Walks-4-miles", "PasswordResetRequired": True}),
    ("iam", "CreateLoginProfile", {"UserName": "walker", "Password": "Walks-4-miles"}, "EntityAlreadyExists"),
    ("iam", "UpdateLoginProfile", {"UserName": "walker", "PasswordResetRequired": False}),
    ("iam", "GetLoginProfile", {"UserName": "walker"}),
    ("iam", "DeleteUser", {"UserName": "walker"}, "DeleteConflict"),
    ("iam", "DeleteLoginProfile", {"UserName": "walker"}),
    ("iam", "ListSSHPublicKeys", {"UserName": "walker"}),
    ("iam", "ListSSHPublicKeys", {"UserName": "nobody"}, "NoSuchEntity"),
    ("iam", "ListSigningCertificates", {"UserName": "walker"}),
    ("iam", "ListServiceSpecificCredentials", {"UserName": "walker"}),
    ("iam", "UpdateUser", {"UserName": "walker", "NewPath": "/other/"}),
    ("iam", "DeleteUser", {"UserName": "walker"}),
    # IAM: policies, roles, instance profiles
    ("iam", "CreatePolicy", {"PolicyName": "walker", "PolicyDocument": RULES}),
    ("iam", "GetPolicy", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn")}),
    ("iam", "GetPolicyVersion", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn"), "VersionId": "v1"}),
    ("iam", "ListPolicies", {"Scope": "Local"}),
    ("iam", "CreatePolicyVersion", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn"), "PolicyDocument": RULES}),
    ("iam", "ListPolicyVersions", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn")}),
    ("iam", "SetDefaultPolicyVersion", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn"), "VersionId": "v1"}),
    ("iam", "DeletePolicyVersion", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn"), "VersionId": "v2"}),
    ("iam", "DeletePolicy", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn")}),
    ("iam", "CreateRole", {"RoleName": "walker", "AssumeRolePolicyDocument": TRUST, "Path": "/some/", "Description": "walks", "MaxSessionDuration": 7200}),
    ("iam", "CreateRole", {"RoleName": "broken", "AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument"),
    ("iam", "GetRole", {"RoleName": "walker"}),
    ("iam", "ListRoles", {"PathPrefix": "/some/"}),
    ("iam", "UpdateRole", {"RoleName": "walker", "MaxSessionDuration": 3600}),
    ("iam", "UpdateRoleDescription", {"RoleName": "walker", "Description": "walks on"}),
    ("iam", "UpdateAssumeRolePolicy", {"RoleName": "walker", "PolicyDocument": TRUST}),
    ("iam", "TagRole", {"RoleName": "walker", "Tags": [{"Key": "team", "Value": "sdk"}]}),
    ("iam", "ListRoleTags", {"RoleName": "walker"}),
    ("iam", "UntagRole", {"RoleName": "walker", "TagKeys": ["team"]}),
    ("iam", "AttachRolePolicy", {"RoleName": "walker", "PolicyArn": ADMINISTRATOR}),
    ("iam", "ListAttachedRolePolicies", {"RoleName": "walker"}),
    ("iam", "DetachRolePolicy", {"RoleName": "walker", "PolicyArn": ADMINISTRATOR}),
    ("iam", "PutRolePolicy", {"RoleName": "walker", "PolicyName": "eks", "PolicyDocument": RULES}),
    ("iam", "GetRolePolicy", {"RoleName": "walker", "PolicyName": "eks"}),
    ("iam", "ListRolePolicies", {"RoleName": "walker"}),
    ("iam", "DeleteRolePolicy", {"RoleName": "walker", "PolicyName": "eks"}),
    ("iam", "CreateInstanceProfile", {"InstanceProfileName": "walker"}),
    ("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": "walker", "RoleName": "walker"}),
    ("iam", "GetInstanceProfile", {"InstanceProfileName": "walker"}),
    ("iam", "ListInstanceProfiles", {}),
    ("iam", "ListInstanceProfilesForRole", {"RoleName": "walker"}),
    ("iam", "RemoveRoleFromInstanceProfile", {"InstanceProfileName": "walker", "RoleName": "walker"}),
    ("iam", "DeleteInstanceProfile", {"InstanceProfileName": "walker"}),
    ("iam", "DeleteRole", {"RoleName": "walker"}),
    ("iam", "DeleteRole", {"RoleName": "walker"}, "NoSuchEntity"),
    # IAM: the account
    ("iam", "CreateAccountAlias", {"AccountAlias": "walker-alias"}),
    ("iam", "ListAccountAliases", {}),
    ("iam", "DeleteAccountAlias", {"AccountAlias": "walker-alias"}),
    ("iam", "GetAccountSummary", {}),
    ("iam", "GetAccountPasswordPolicy", {}, "NoSuchEntity"),
    ("iam", "CreateServiceLinkedRole", {"AWSServiceName": "eks-nodegroup.amazonaws.com"}),
    ("iam", "DeleteServiceLinkedRole", {"RoleName": "AWSServiceRoleForAmazonEKSNodegroup"}),
    ("iam", "GetServiceLinkedRoleDeletionStatus", lambda seen: {"DeletionTaskId": seen.of("iam", "DeleteServiceLinkedRole", "DeletionTaskId")}),
    ("iam", "CreateOpenIDConnectProvider", {"Url": "https://oidc.example.com/id/1", "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": ["0" * 40]}),
    ("iam", "GetOpenIDConnectProvider", lambda seen: {"OpenIDConnectProviderArn": seen.of("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn")}),
    ("iam", "ListOpenIDConnectProviders", {}),
    ("iam", "DeleteOpenIDConnectProvider", lambda seen: {"OpenIDConnectProviderArn": seen.of("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn")}),
    # IAM: groups, boundaries, tags, MFA devices and the rest
    ("iam", "CreateUser", {"UserName": "member"}),
    ("iam", "CreateGroup", {"GroupName": "members"}),
    ("iam", "UpdateGroup", {"GroupName": "members", "NewPath": "/some/"}),
    ("iam", "AttachGroupPolicy", {"GroupName": "members", "PolicyArn": ADMINISTRATOR}),
    ("iam", "ListAttachedGroupPolicies", {"GroupName": "members"}),
    ("iam", "PutGroupPolicy", {"GroupName": "members", "PolicyName": "eks", "PolicyDocument": RULES}),
    ("iam", "GetGroupPolicy", {"GroupName": "members", "PolicyName": "eks"}),
    ("iam", "ListGroupPolicies", {"GroupName": "members"}),
    ("iam", "PutUserPermissionsBoundary", {"UserName": "member", "PermissionsBoundary": ADMINISTRATOR}),
    ("iam", "CreateRole", {"RoleName": "bounded", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": ADMINISTRATOR, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("iam", "PutRolePermissionsBoundary", {"RoleName": "bounded", "PermissionsBoundary": ADMINISTRATOR}),
    ("iam", "CreatePolicy", {"PolicyName": "tagged", "PolicyDocument": RULES, "Description": "for tags", "Tags": [{"Key": "a", "Value": "b"}]}),
    ("iam", "TagPolicy", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn"), "Tags": [{"Key": "c", "Value": "d"}]}),
    ("iam", "ListPolicyTags", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn")}),
    ("iam", "UntagPolicy", lambda seen: {"PolicyArn": seen.of("iam", "CreatePolicy", "Policy", "Arn"), "TagKeys": ["c"]}),
    ("iam", "CreateInstanceProfile", {"InstanceProfileName": "tagged", "Tags": [{"Key": "a", "Value": "b"}]}),
    ("iam", "TagInstanceProfile", {"InstanceProfileName": "tagged", "Tags": [{"Key": "c", "Value": "d"}]}),
    ("iam", "ListInstanceProfileTags", {"InstanceProfileName": "tagged"}),
    ("iam", "UntagInstanceProfile", {"InstanceProfileName": "tagged", "TagKeys": ["a", "c"]}),
    ("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": "tagged", "RoleName": "bounded"}),
    ("iam", "CreateVirtualMFADevice", {"VirtualMFADeviceName": "member"}),
    ("iam", "EnableMFADevice", lambda seen: {"UserName": "member", "SerialNumber": seen.of("iam", "CreateVirtualMFADevice", "VirtualMFADevice", "SerialNumber"), "AuthenticationCode1": "000000", "AuthenticationCode2": "000000"}, "InvalidAuthenticationCode"),
    ("iam", "EnableMFADevice", lambda seen: {"UserName": "member", "SerialNumber": seen.of("iam", "CreateVirtualMFADevice", "VirtualMFADevice", "SerialNumber"), **codes(seen)}),
    ("iam", "ListMFADevices", {"UserName": "member"}),
    ("iam", "ListVirtualMFADevices", {}),
    ("iam", "TagMFADevice", lambda seen: {"SerialNumber": seen.of("iam", "CreateVirtualMFADevice", "VirtualMFADevice", "SerialNumber"), "Tags": [{"Key": "a", "Value": "b"}]}),
    ("iam", "ListMFADeviceTags", lambda seen: {"SerialNumber": seen.of("iam", "CreateVirtualMFADevice", "VirtualMFADevice", "SerialNumber")}),
    ("iam", "UntagMFADevice", lambda seen: {"SerialNumber": seen.of("iam", "CreateVirtualMFADevice", "VirtualMFADevice", "SerialNumber"), "TagKeys": ["a"]}),
    ("iam", "SimulatePrincipalPolicy", {"PolicySourceArn": ROLE, "ActionNames": ["eks:DescribeCluster", "iam:GetUser"]}),
    ("iam", "GetAccountAuthorizationDetails", {}),
    ("iam", "DeactivateMFADevice", lambda seen: {"UserName": "member", "SerialNumber": seen.of("iam", "CreateVirtualMFADevice", "VirtualMFADevice", "SerialNumber")}),
    ("iam", "DeleteVirtualMFADevice", lambda seen: {"SerialNumber": seen.of("iam", "CreateVirtualMFADevice", "VirtualMFADevice", "SerialNumber")}),
    ("iam", "DeleteUserPermissionsBoundary", {"UserName": "member"}),
    ("iam", "DeleteRolePermissionsBoundary", {"RoleName": "bounded"}),
    ("iam", "DeleteGroupPolicy", {"GroupName": "members", "PolicyName": "eks"}),
    ("iam", "DetachGroupPolicy", {"GroupName": "members", "PolicyArn": ADMINISTRATOR}),
    ("iam", "CreateOpenIDConnectProvider", {"Url": "https://oidc.example.com/id/2"}),
    ("iam", "AddClientIDToOpenIDConnectProvider", lambda seen: {"OpenIDConnectProviderArn": seen.of("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn"), "ClientID": "sts.amazonaws.com"}),
    ("iam", "UpdateOpenIDConnectProviderThumbprint", lambda seen: {"OpenIDConnectProviderArn": seen.of("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn"), "ThumbprintList": ["1" * 40]}),
    ("iam", "TagOpenIDConnectProvider", lambda seen: {"OpenIDConnectProviderArn": seen.of("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn"), "Tags": [{"Key": "a", "Value": "b"}]}),
    ("iam", "ListOpenIDConnectProviderTags", lambda seen: {"OpenIDConnectProviderArn": seen.of("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn")}),
    ("iam", "GetOpenIDConnectProvider", lambda seen: {"OpenIDConnectProviderArn": seen.of("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn")}),
    ("iam", "UntagOpenIDConnectProvider", lambda seen: {"OpenIDConnectProviderArn": seen.of("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn"), "TagKeys": ["a"]}),
    ("iam", "RemoveClientIDFromOpenIDConnectProvider", lambda seen: {"OpenIDConnectProviderArn": seen.of("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn"), "ClientID": "sts.amazonaws.com"}),
    # EKS: clusters and their updates
    ("eks", "ListClusters", {}),
    ("eks", "DescribeCluster", {"name": CLUSTER}),
    ("eks", "DescribeCluster", {"name": "other"}, "ResourceNotFoundException"),
    ("eks", "DescribeClusterVersions", {}),
    ("eks", "ListAccessEntries", {"clusterName": CLUSTER}, "InvalidRequestException"),
    ("eks", "UpdateClusterConfig", {"name": CLUSTER, "accessConfig": {"authenticationMode": "API"}}, "InvalidParameterException"),
    ("eks", "UpdateClusterConfig", {"name": CLUSTER, "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}),
    ("eks", "DescribeUpdate", lambda seen: {"name": CLUSTER, "updateId": seen.of("eks", "UpdateClusterConfig", "update", "id")}),
    ("eks", "UpdateClusterConfig", {"name": CLUSTER, "logging": {"clusterLogging": [{"types": ["scheduler"], "enabled": False}]}}),
    ("eks", "DescribeUpdate", lambda seen: {"name": CLUSTER, "updateId": seen.of("eks", "UpdateClusterConfig", "update", "id")}),
    ("eks", "ListUpdates", {"name": CLUSTER}),
    ("eks", "CreateCluster", {"name": "walker", "roleArn": ROLE, "resourcesVpcConfig": {"subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}, "tags": {"team": "sdk"}}),
    ("eks", "CreateCluster", {"name": CLUSTER, "roleArn": ROLE, "resourcesVpcConfig": {"subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}}, "ResourceInUseException"),
    ("eks", "DeleteCluster", {"name": "walker"}),
    ("eks", "UpdateClusterVersion", {"name": CLUSTER, "version": "1.33"}),
    ("eks", "DescribeUpdate", lambda seen: {"name": CLUSTER, "updateId": seen.of("eks", "UpdateClusterConfig", "update", "id")}),
    # EKS: access entries and policies
    ("eks", "ListAccessPolicies", {}),
    ("eks", "CreateAccessEntry", {**ENTRY, "kubernetesGroups": ["viewers"], "tags": {"team": "sdk"}}),
    ("eks", "CreateAccessEntry", ENTRY, "ResourceInUseException"),
    ("eks", "DescribeAccessEntry", ENTRY),
    ("eks", "UpdateAccessEntry", {**ENTRY, "username": "walker"}),
    ("eks", "UpdateAccessEntry", {**ENTRY, "username": "system:admin"}, "InvalidParameterException"),
    ("eks", "ListAccessEntries", {"clusterName": CLUSTER}),
    ("eks", "AssociateAccessPolicy", {**ENTRY, "policyArn": POLICY, "accessScope": {"type": "namespace", "namespaces": ["default"]}}),
    ("eks", "ListAssociatedAccessPolicies", ENTRY),
    ("eks", "TagResource", lambda seen: {"resourceArn": seen.of("eks", "CreateAccessEntry", "accessEntry", "accessEntryArn"), "tags": {"a": "b"}}),
    ("eks", "ListTagsForResource", lambda seen: {"resourceArn": seen.of("eks", "CreateAccessEntry", "accessEntry", "accessEntryArn")}),
    ("eks", "UntagResource", lambda seen: {"resourceArn": seen.of("eks", "CreateAccessEntry", "accessEntry", "accessEntryArn"), "tagKeys": ["a"]}),
    ("eks", "ListTagsForResource", {"resourceArn": f"arn:aws:eks:us-west-2:{ACCOUNT}:cluster/other"}, "NotFoundException"),
    ("eks", "DisassociateAccessPolicy", {**ENTRY, "policyArn": POLICY}),
    ("eks", "DeleteAccessEntry", ENTRY),
    ("eks", "DescribeAccessEntry", ENTRY, "ResourceNotFoundException"),
    # EKS: what else a cluster has
    ("eks", "CreatePodIdentityAssociation", {"clusterName": CLUSTER, "namespace": "default", "serviceAccount": "default", "roleArn": ROLE}),
    ("eks", "DescribePodIdentityAssociation", lambda seen: {"clusterName": CLUSTER, "associationId": seen.of("eks", "CreatePodIdentityAssociation", "association", "associationId")}),
    ("eks", "ListPodIdentityAssociations", {"clusterName": CLUSTER}),
    ("eks", "UpdatePodIdentityAssociation", lambda seen: {"clusterName": CLUSTER, "associationId": seen.of("eks", "CreatePodIdentityAssociation", "association", "associationId"), "roleArn": ROLE}),
    ("eks", "DeletePodIdentityAssociation", lambda seen: {"clusterName": CLUSTER, "associationId": seen.of("eks", "CreatePodIdentityAssociation", "association", "associationId")}),
    ("eks", "ListAddons", {"clusterName": CLUSTER}),
    ("eks", "DescribeAddon", lambda seen: {"clusterName": CLUSTER, "addonName": seen.of("eks", "ListAddons", "addons", 0)}),
    ("eks", "DescribeAddonVersions", {}),
    ("eks", "DescribeAddonConfiguration", lambda seen: {"addonName": "vpc-cni", "addonVersion": next(addon["addonVersions"][0]["addonVersion"] for addon in seen.of("eks", "DescribeAddonVersions", "addons") if addon["addonName"] == "vpc-cni")}),
    ("eks", "DescribeAddonConfiguration", {"addonName": "vpc-cni", "addonVersion": "v0"}, "InvalidParameterException"),
    ("eks", "CreateAddon", {"clusterName": CLUSTER, "addonName": "metrics-server", "tags": {"team": "sdk"}}),
    ("eks", "CreateAddon", {"clusterName": CLUSTER, "addonName": "metrics-server"}, "ResourceInUseException"),
    ("eks", "UpdateAddon", {"clusterName": CLUSTER, "addonName": "metrics-server", "configurationValues": "{}"}),
    ("eks", "DescribeUpdate", lambda seen: {"name": CLUSTER, "addonName": "metrics-server", "updateId": seen.of("eks", "UpdateAddon", "update", "id")}),
    ("eks", "DeleteAddon", {"clusterName": CLUSTER, "addonName": "metrics-server"}),
    ("eks", "DescribeAddon", {"clusterName": CLUSTER, "addonName": "metrics-server"}, "ResourceNotFoundException"),
    ("eks", "ListNodegroups", {"clusterName": CLUSTER}),
    ("eks", "DescribeNodegroup", lambda seen: {"clusterName": CLUSTER, "nodegroupName": seen.of("eks", "ListNodegroups", "nodegroups", 0)}),
    ("eks", "CreateNodegroup", {"clusterName": CLUSTER, "nodegroupName": "walker", "nodeRole": ROLE, "subnets": ["subnet-0123456789abcdef0"], "labels": {"a": "b"}}),
    ("eks", "UpdateNodegroupConfig", {"clusterName": CLUSTER, "nodegroupName": "walker", "labels": {"addOrUpdateLabels": {"c": "d"}, "removeLabels": ["a"]}, "taints": {"addOrUpdateTaints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]}, "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 3}, "updateConfig": {"maxUnavailable": 2}}),
    ("eks", "UpdateNodegroupConfig", {"clusterName": CLUSTER, "nodegroupName": "walker", "scalingConfig": {"minSize": 4}}, "InvalidParameterException"),
    ("eks", "ListUpdates", {"name": CLUSTER, "nodegroupName": "walker"}),
    ("eks", "DescribeUpdate", lambda seen: {"name": CLUSTER, "nodegroupName": "walker", "updateId": seen.of("eks", "UpdateNodegroupConfig", "update", "id")}),
    ("eks", "DescribeNodegroup", {"clusterName": CLUSTER, "nodegroupName": "walker"}),
    ("eks", "DeleteNodegroup", {"clusterName": CLUSTER, "nodegroupName": "walker"}),
    ("eks", "DescribeNodegroup", {"clusterName": CLUSTER, "nodegroupName": "walker"}, "ResourceNotFoundException"),
    ("eks", "DeleteCluster", {"name": CLUSTER}, "ResourceInUseException"),
    ("eks", "ListFargateProfiles", {"clusterName": CLUSTER}),
    ("eks", "DescribeFargateProfile", {"clusterName": CLUSTER, "fargateProfileName": "x"}, "ResourceNotFoundException"),
    ("eks", "ListIdentityProviderConfigs", {"clusterName": CLUSTER}),
    ("eks", "ListInsights", {"clusterName": CLUSTER, "filter": {"categories": ["UPGRADE_READINESS"]}}),
    ("eks", "DescribeInsight", lambda seen: {"clusterName": CLUSTER, "id": seen.of("eks", "ListInsights", "insights", 0, "id")}),
    ("eks", "DescribeInsight", {"clusterName": CLUSTER, "id": "x"}, "ResourceNotFoundException"),
    ("eks", "ListCapabilities", {"clusterName": CLUSTER}),
    # EC2
    ("ec2", "DescribeInstances", {"Filters": [{"Name": "tag:eks:cluster-name", "Values": [CLUSTER]}], "MaxResults": 5}),
    ("ec2", "DescribeInstances", lambda seen: {"InstanceIds": [seen.of("ec2", "DescribeInstances", "Reservations", 0, "Instances", 0, "InstanceId")]}),
    ("ec2", "DescribeInstances", {"InstanceIds": ["i-00000000000000001"]}, "InvalidInstanceID.NotFound"),
    ("ec2", "DescribeInstances", {"DryRun": True}, "DryRunOperation"),
    ("ec2", "DescribeVpcs", lambda seen: {"VpcIds": [seen.of("eks", "DescribeCluster", "cluster", "resourcesVpcConfig", "vpcId")]}),
    ("ec2", "DescribeSubnets", lambda seen: {"Filters": [{"Name": "vpc-id", "Values": [seen.of("ec2", "DescribeVpcs", "Vpcs", 0, "VpcId")]}]}),
    ("ec2", "DescribeSubnets", {"SubnetIds": ["subnet-1"]}, "InvalidSubnetID.NotFound"),
    ("ec2", "DescribeSecurityGroups", {}),
    ("ec2", "DescribeSecurityGroups", {"Filters": [{"Name": "foo", "Values": ["x"]}]}, "InvalidParameterValue"),
    # CloudFormation
    ("cloudformation", "CreateStack", {"StackName": "walker", "TemplateBody": STACK, "EnableTerminationProtection": True, "Tags": [{"Key": "team", "Value": "sdk"}]}),
    ("cloudformation", "CreateStack", {"StackName": "walker", "TemplateBody": STACK}, "AlreadyExistsException"),
    ("cloudformation", "CreateStack", {"StackName": "broken", "TemplateBody": "{"}, "ValidationError"),
    ("cloudformation", "DescribeStacks", {"StackName": "walker"}),
    ("cloudformation", "DescribeStacks", {"StackName": "nobody"}, "ValidationError"),
    ("cloudformation", "DescribeStackEvents", {"StackName": "walker"}),
    ("cloudformation", "DescribeStackResource", {"StackName": "walker", "LogicalResourceId": "Entry"}),
    ("cloudformation", "DescribeStackResources", {"StackName": "walker"}),
    ("cloudformation", "ListStackResources", {"StackName": "walker"}),
    ("cloudformation", "GetTemplate", {"StackName": "walker"}),
    ("cloudformation", "DeleteStack", {"StackName": "walker"}, "ValidationError"),
    ("cloudformation", "UpdateTerminationProtection", {"StackName": "walker", "EnableTerminationProtection": False}),
    ("cloudformation", "DeleteStack", {"StackName": "walker"}),
    ("cloudformation", "ListStacks", {}),
    # CloudWatch Logs
    ("logs", "CreateLogGroup", {"logGroupName": "/walker"}),
    ("logs", "CreateLogGroup", {"logGroupName": "/walker"}, "ResourceAlreadyExistsException"),
    ("logs", "CreateLogStream", {"logGroupName": "/walker", "logStreamName": "one"}),
    ("logs", "PutLogEvents", {"logGroupName": "/walker", "logStreamName": "one", "logEvents": [{"timestamp": NOW * 1000, "message": "level=info walked"}]}),
    ("logs", "PutRetentionPolicy", {"logGroupName": "/walker", "retentionInDays": 7}),
    ("logs", "DeleteRetentionPolicy", {"logGroupName": "/walker"}),
    ("logs", "DescribeLogGroups", {"logGroupNamePrefix": "/"}),
    ("logs", "ListLogGroups", {}),
    ("logs", "DescribeLogStreams", {"logGroupName": "/walker"}),
    ("logs", "DescribeLogStreams", {"logGroupName": GROUP}),
    ("logs", "GetLogEvents", {"logGroupName": "/walker", "logStreamName": "one", "startFromHead": True}),
    ("logs", "FilterLogEvents", {"logGroupName": "/walker"}),
    ("logs", "FilterLogEvents", {"logGroupName": "/nothing"}, "ResourceNotFoundException"),
    ("logs", "StartQuery", {"logGroupName": "/walker", "startTime": NOW - 3600, "endTime": NOW + 60, "queryString": "fields @timestamp, @message | limit 5"}),
    ("logs", "StartQuery", {"logGroupName": "/walker", "startTime": NOW - 3600, "endTime": NOW, "queryString": "fields @message | nonsense"}, "MalformedQueryException"),
    ("logs", "GetQueryResults", lambda seen: {"queryId": seen.of("logs", "StartQuery", "queryId")}),
    ("logs", "DescribeQueries", {"logGroupName": "/walker"}),
    ("logs", "GetLogRecord", lambda seen: {"logRecordPointer": next(column["value"] for column in seen.of("logs", "GetQueryResults", "results", 0) if column["field"] == "@ptr")}),
    ("logs", "GetLogGroupFields", {"logGroupName": "/walker"}),
    ("logs", "StopQuery", lambda seen: {"queryId": seen.of("logs", "StartQuery", "queryId")}, "InvalidParameterException"),
    ("logs", "StartLiveTail", {"logGroupIdentifiers": [f"arn:aws:logs:us-west-2:{ACCOUNT}:log-group:/walker"]}),
    ("logs", "TagResource", {"resourceArn": f"arn:aws:logs:us-west-2:{ACCOUNT}:log-group:/walker", "tags": {"a": "b"}}),
    ("logs", "ListTagsForResource", {"resourceArn": f"arn:aws:logs:us-west-2:{ACCOUNT}:log-group:/walker"}),
    ("logs", "UntagResource", {"resourceArn": f"arn:aws:logs:us-west-2:{ACCOUNT}:log-group:/walker", "tagKeys": ["a"]}),
    ("logs", "TagLogGroup", {"logGroupName": "/walker", "tags": {"a": "b"}}),
    ("logs", "ListTagsLogGroup", {"logGroupName": "/walker"}),
    ("logs", "UntagLogGroup", {"logGroupName": "/walker", "tags": ["a"]}),
    ("logs", "TestMetricFilter", {"filterPattern": "walked", "logEventMessages": ["walked", "ran"]}),
    ("logs", "PutQueryDefinition", {"name": "walker", "queryString": "fields @message", "logGroupNames": ["/walker"]}),
    ("logs", "DescribeQueryDefinitions", {"queryDefinitionNamePrefix": "walk"}),
    ("logs", "DeleteQueryDefinition", lambda seen: {"queryDefinitionId": seen.of("logs", "PutQueryDefinition", "queryDefinitionId")}),
    ("logs", "DeleteQueryDefinition", {"queryDefinitionId": "walker"}, "ResourceNotFoundException"),
    ("logs", "DeleteLogStream", {"logGroupName": "/walker", "logStreamName": "one"}),
    ("logs", "DeleteLogGroup", {"logGroupName": "/walker"}),
    # IAM Identity Center
    ("sso-oidc", "RegisterClient", {"clientName": "walker", "clientType": "public", "scopes": ["sso:account:access"]}),
    ("sso-oidc", "RegisterClient", {"clientName": "walker", "clientType": "other"}, "InvalidClientMetadataException"),
    ("sso-oidc", "StartDeviceAuthorization", lambda seen: {**client_of(seen), "startUrl": "https://d-1234567890.awsapps.com/start"}),
    ("sso-oidc", "StartDeviceAuthorization", lambda seen: {**client_of(seen), "clientSecret": "x", "startUrl": "https://x/start"}, "InvalidClientException"),
    ("sso-oidc", "CreateToken", lambda seen: {**client_of(seen), "grantType": "x"}, "UnsupportedGrantTypeException"),
    ("sso-oidc", "CreateToken", device_token, "AuthorizationPendingException"),
    ("sso-oidc", "CreateToken", approved),
    ("sso-oidc", "CreateToken", device_token, "InvalidGrantException"),
    ("sso-oidc", "CreateToken", lambda seen: {**client_of(seen), "grantType": "refresh_token", "refreshToken": seen.of("sso-oidc", "CreateToken", "refreshToken")}),
    ("sso", "ListAccounts", bearer),
    ("sso", "ListAccounts", {"accessToken": "x"}, "UnauthorizedException"),
    ("sso", "ListAccountRoles", lambda seen: {**bearer(seen), "accountId": ACCOUNT}),
    ("sso", "GetRoleCredentials", lambda seen: {**bearer(seen), "accountId": ACCOUNT, "roleName": "Admin"}),
    ("sso", "Logout", bearer),
]

# What AWS answers where it does not know the operation: code and status.
UNKNOWN = {
    "ec2": ("InvalidAction", 400),
    "query": ("InvalidAction", 400),
    "json": ("UnknownOperationException", 400),
    # As EKS answered a region's first clients, hashicorp/terraform-provider-aws#27485.
    "rest-json": ("AccessDeniedException", 403),
}


def example(shape, depth=0):
    """The least value of a shape: only for operations that are not served, so nothing looks at it."""
    kind = shape.type_name
    if kind == "structure":
        # A union has one member, and none that is required.
        names = shape.required_members or (list(shape.members)[:1] if getattr(shape, "is_tagged_union", False) else [])
        return {name: example(shape.members[name], depth + 1) for name in names} if depth < 10 else {}
    if kind == "list":
        return [example(shape.member, depth + 1)]
    if kind == "map":
        return {"key": example(shape.value, depth + 1)}
    if kind == "timestamp":
        return NOW
    if kind == "blob":
        return b"x"
    return {"boolean": True, "float": 1.0, "double": 1.0}.get(kind, 1 if kind in ("integer", "long") else "x" * 12)


class Walk:
    """Calls, and gathers what is found."""

    def __init__(self):
        self.session = boto3.Session()
        self.clients = {}
        self.response = None
        self.findings = []

    def client(self, service):
        if service not in self.clients:
            # What is not served is called with examples that no validation would let through.
            config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
            client = self.session.client(service, config=config)
            # botocore makes a Message of what the errors of OAuth have in its place.
            model = client.meta.service_model.service_id.hyphenize()
            client.meta.events.register_first(f"before-parse.{model}.*", self.before_parse)
            self.clients[service] = client
        return self.clients[service]

    def before_parse(self, response_dict, **_):
        self.response = dict(response_dict)

    def call(self, service, operation, parameters):
        """The parsed answer, and the code of the error where there is one."""
        self.response = None
        method = botocore.xform_name(operation)
        try:
            return getattr(self.client(service), method)(**parameters), None
        except ClientError as error:
            return None, error.response["Error"]["Code"]

    def model(self, service, operation):
        return self.client(service).meta.service_model.operation_model(operation)

    def step(self, seen, service, operation, parameters, fails=None):
        if callable(parameters):
            parameters = parameters(seen)
        answer, code = self.call(service, operation, parameters)
        model = self.model(service, operation)
        if code != fails:
            yield f"answered {code or 'well'}, not {fails or 'well'}: {self.response and self.response['body'][:300]}"
        elif code:
            yield from wire.error(model, self.response)
            if "x-eks-auth-sim" in self.response["headers"] and code != "InvalidParameterValue":
                yield "the header of what is not served"
        else:
            yield from wire.answer(model, self.response)
            if answer is not None:
                seen[service, operation] = answer
            if model.has_event_stream_output:
                member = model.get_event_stream_output().name
                stream = next(value for name, value in answer.items() if name != "ResponseMetadata")
                first = next(iter(stream), None)
                stream.close()
                if not first:
                    yield f"no event in the stream of {member}"

    def served(self, operations):
        seen, called = Seen(), set()
        for service, operation, *rest in STEPS:
            if (service, operation) not in operations:
                continue
            called.add((service, operation))
            try:
                findings = list(self.step(seen, service, operation, *rest))
            except Exception as error:  # whatever a parser complains of is a finding
                findings = [f"{type(error).__name__}: {error}"]
            self.tell(f"{service} {operation}" + (f" that fails with {rest[1]}" if len(rest) > 1 else ""), findings)
        for service, operation in sorted(operations - called):
            self.tell(f"{service} {operation}", ["no example in STEPS"])

    def unserved(self, operations):
        for service in sorted({service for service, _ in operations}):
            model = self.client(service).meta.service_model
            count = 0
            for operation in model.operation_names:
                if (service, operation) in operations:
                    continue
                if model.operation_model(operation).auth_type == "none":
                    # Whether AWS asks for a signature first, where there is none, is not known.
                    continue
                shape = model.operation_model(operation).input_shape
                _, code = self.call(service, operation, example(shape) if shape else {})
                got, wanted = (code, self.response["status_code"]), UNKNOWN[model.protocol]
                if got != wanted:
                    self.tell(f"{service} {operation}, not served", [f"answered {got}, not {wanted}"])
                if "is not served by the simulator" not in self.response["headers"].get("x-eks-auth-sim", ""):
                    self.tell(f"{service} {operation}, not served", ["no header says so"])
                count += 1
            print(f"     {service}: {count} operations are not served")

    def tell(self, what, findings):
        print(f"{'BAD' if findings else 'good'} {what}")
        for finding in findings:
            print(f"     {finding}")
        self.findings += findings


def main():
    wire.self_test()
    operations = {(row["service"], row["operation"]) for row in json.load(sys.stdin)["operations"]}
    walk = Walk()
    walk.served(operations)
    walk.unserved(operations)
    print(f"{len(operations)} operations, {len(walk.findings)} findings")
    return 1 if walk.findings else 0


if __name__ == "__main__":
    sys.exit(main())
