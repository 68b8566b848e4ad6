//! Causes that show in what the client prints: what fails before any server is asked, and what AWS's APIs refuse.

use super::Cause;
use super::Explanation;
use super::Finding;
use crate::explain::client_output;
use crate::value::printable;
use crate::value::trace::Trace;

/// A text that only one cause has, and what is said of it.
struct Symptom {
    /// Each of these stands in a line, or in the lines of one message.
    texts: &'static [&'static str],
    cause: Cause,
    sentence: &'static str,
    fix: &'static str,
}

const ASSUME_ROLE_DENIED: &str = "the role may not be assumed: its trust policy does not name the caller, the caller's own \
                                  policies do not allow sts:AssumeRole, or there is no such role";
const FIX_ASSUME_ROLE: &str = "see who asks (aws sts get-caller-identity) and whom the role trusts (aws iam get-role \
                                --role-name ROLE); fix the one or the other";

/// The first that fits counts.
///
/// Sources of the texts: kubectl 1.32 (client-go `plugin/pkg/client/auth/exec`), AWS CLI 1.45 and 2.38 (botocore `exceptions.py`,
/// `awscli/customizations`), and the services' own messages.
const SYMPTOMS: &[Symptom] = &[
    Symptom {
        texts: &["exec plugin: invalid apiVersion"],
        cause: Cause::ExecApiVersionUnsupported,
        sentence: "kubectl does not know the version of the exec plugin that the kubeconfig names, and runs nothing",
        fix: "regenerate the kubeconfig with a current AWS CLI: aws eks update-kubeconfig --name CLUSTER",
    },
    Symptom {
        texts: &["plugin returned version client.authentication.k8s.io/"],
        cause: Cause::ExecApiVersionUnsupported,
        sentence: "the exec plugin answers in another version than the kubeconfig names",
        fix: "update the AWS CLI and kubectl, then: aws eks update-kubeconfig --name CLUSTER",
    },
    Symptom {
        texts: &["getting credentials: exec: executable ", " not found"],
        cause: Cause::ExecPluginNotFound,
        sentence: "kubectl does not find the exec plugin that makes the token",
        fix: "install the AWS CLI, or put its folder into the PATH of whatever starts kubectl; a full path as `command` in \
               the kubeconfig works too",
    },
    Symptom {
        texts: &["executable file not found in $PATH"],
        cause: Cause::ExecPluginNotFound,
        sentence: "kubectl does not find the exec plugin that makes the token",
        fix: "install the AWS CLI, or put its folder into the PATH of whatever starts kubectl; a full path as `command` in \
               the kubeconfig works too",
    },
    Symptom {
        texts: &["The config profile (", ") could not be found"],
        cause: Cause::ProfileNotFound,
        sentence: "the AWS CLI has no profile of that name, so no token is made",
        fix: "see `aws configure list-profiles`; the name may come from AWS_PROFILE, or from the kubeconfig: \
               aws eks update-kubeconfig --name CLUSTER --profile PROFILE",
    },
    Symptom {
        texts: &["Unable to locate credentials"],
        cause: Cause::CredentialsMissing,
        sentence: "the AWS CLI finds no credentials, so no token is made",
        fix: "name a profile that has some (AWS_PROFILE), or run `aws configure` or `aws sso login`",
    },
    Symptom {
        texts: &["Error loading SSO Token"],
        cause: Cause::SsoNotSignedIn,
        sentence: "nobody is signed in to IAM Identity Center, or the sign-in has ended, so no token is made",
        fix: "aws sso login --profile PROFILE",
    },
    Symptom {
        texts: &["Token has expired and refresh failed"],
        cause: Cause::SsoNotSignedIn,
        sentence: "the sign-in to IAM Identity Center has ended, so no token is made",
        fix: "aws sso login --profile PROFILE",
    },
    Symptom {
        texts: &["SSO session associated with this profile has expired"],
        cause: Cause::SsoNotSignedIn,
        sentence: "the sign-in to IAM Identity Center has ended, so no token is made",
        fix: "aws sso login --profile PROFILE",
    },
    Symptom {
        texts: &["Enter MFA code for "],
        cause: Cause::MfaCodeWanted,
        sentence: "the profile's role wants a code of an MFA device, which an exec plugin cannot ask for",
        fix: "get a session yourself (aws sts get-session-token --serial-number ARN --token-code CODE), put its three \
               values into a profile, and let kubectl use that",
    },
    Symptom {
        texts: &["when calling the AssumeRole operation", "roleSessionName"],
        cause: Cause::SessionNameInvalid,
        sentence: "STS refuses the name of the session: letters, digits and _+=,.@- only",
        fix: "set another role_session_name",
    },
    Symptom {
        texts: &["(AccessDenied) when calling the AssumeRole operation"],
        cause: Cause::AssumeRoleDenied,
        sentence: ASSUME_ROLE_DENIED,
        fix: FIX_ASSUME_ROLE,
    },
    // `--cli-error-format json` and the like do not name the operation.
    Symptom {
        texts: &["is not authorized to perform: sts:AssumeRole on resource"],
        cause: Cause::AssumeRoleDenied,
        sentence: ASSUME_ROLE_DENIED,
        fix: FIX_ASSUME_ROLE,
    },
    Symptom {
        texts: &["Not authorized to perform sts:AssumeRoleWithWebIdentity"],
        cause: Cause::AssumeRoleDenied,
        sentence: "the role's trust policy does not name the service account whose token asks for it, or there is no such role",
        fix: "compare the trust policy's conditions (aws iam get-role --role-name ROLE) with \
               system:serviceaccount:NAMESPACE:NAME and the audience sts.amazonaws.com",
    },
    Symptom {
        texts: &["An error occurred (RegionDisabledException)"],
        cause: Cause::RegionDisabled,
        sentence: "STS gives out no credentials of this account in that region",
        fix: "an administrator of the account activates STS there (IAM, Account settings), or use another region's endpoint",
    },
    Symptom {
        texts: &["An error occurred (ExpiredToken"],
        cause: Cause::SessionExpired,
        sentence: "the temporary credentials have ended",
        fix: "get new credentials: `aws sso login`, or assume the role again",
    },
    Symptom {
        texts: &["The kubernetes group name ", " is invalid, it cannot start with "],
        cause: Cause::EntryGroupReserved,
        sentence: "an access entry cannot have groups of Kubernetes' own, such as system:masters",
        fix: "associate an access policy: aws eks associate-access-policy --policy-arn \
               arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy --access-scope type=cluster …",
    },
    Symptom {
        texts: &["authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"],
        cause: Cause::EntriesNotInMode,
        sentence: "the cluster's authentication mode is CONFIG_MAP, which has no access entries",
        fix: "map the principal in aws-auth, or switch the mode, for good: aws eks update-cluster-config --name CLUSTER \
               --access-config authenticationMode=API_AND_CONFIG_MAP",
    },
    Symptom {
        texts: &["Unsupported authentication mode update from "],
        cause: Cause::ModeUpdateOneWay,
        sentence: "authentication modes are only switched from CONFIG_MAP over API_AND_CONFIG_MAP to API, never back",
        fix: "stay in the mode, and give access entries to those whom aws-auth mapped",
    },
    Symptom {
        texts: &["The specified principalArn is invalid"],
        cause: Cause::EntryPrincipalInvalid,
        sentence: "no principal has that ARN: access entries want it with its path, while aws-auth wants it without",
        fix: "take the ARN from IAM: aws iam get-role --role-name ROLE --query Role.Arn",
    },
    Symptom {
        texts: &["The specified principalArn could not be found"],
        cause: Cause::EntryNotFound,
        sentence: "the principal has no access entry",
        fix: "make one first: aws eks create-access-entry --cluster-name CLUSTER --principal-arn ARN",
    },
    Symptom {
        texts: &["The specified access entry resource is already in use on this cluster"],
        cause: Cause::EntryExists,
        sentence: "the principal has an access entry already",
        fix: "see it (aws eks describe-access-entry) and change it (aws eks update-access-entry), or delete it first",
    },
    Symptom {
        texts: &["principalArn value of a Service Linked Role"],
        cause: Cause::EntryOfServiceLinkedRole,
        sentence: "access entries of service-linked roles are made by AWS alone",
        fix: "give the entry to a role of your own",
    },
    Symptom {
        texts: &["No cluster found for name: "],
        cause: Cause::ClusterNotFound,
        sentence: "the account has no cluster of that name in that region",
        fix: "check account, region and name: aws sts get-caller-identity; aws eks list-clusters --region REGION",
    },
    Symptom {
        texts: &["An error occurred (AccessDenied"],
        cause: Cause::IamNotAllowed,
        sentence: "the caller's IAM policies do not allow the call to AWS; Kubernetes has no part in it",
        fix: "have the action allowed to the caller in IAM, or act as somebody to whom it is",
    },
    Symptom {
        texts: &["is not authorized to perform: "],
        cause: Cause::IamNotAllowed,
        sentence: "the caller's IAM policies do not allow the call to AWS; Kubernetes has no part in it",
        fix: "have the action allowed to the caller in IAM, or act as somebody to whom it is",
    },
    Symptom {
        texts: &["is attempting to grant RBAC permissions not currently held"],
        cause: Cause::NotAuthorized,
        sentence: "a role or binding would grant more than the caller holds, and the caller lacks the verb `bind` or \
                   `escalate` on the role",
        fix: "grant a smaller role, or have it done by somebody who holds all of it: rights by an access policy do not count as \
              held, but AmazonEKSClusterAdminPolicy has the verbs `bind` and `escalate`, as has a group that RBAC binds to a role \
              with them",
    },
    Symptom {
        texts: &["error converting YAML to JSON"],
        cause: Cause::ManifestInvalid,
        sentence: "the file is no YAML, so that nothing was changed in the cluster",
        fix: "fix the line that the message names; `eks-auth-sim lint FILE` shows it",
    },
    Symptom {
        texts: &["ConfigMap in version \"v1\" cannot be handled as a ConfigMap"],
        cause: Cause::ManifestInvalid,
        sentence: "a value under `data` of the ConfigMap is no text, so that nothing was changed in the cluster",
        fix: "make it text: `mapRoles: |` with a bar, and the list indented below it",
    },
    Symptom {
        texts: &["of ConfigMap.data"],
        cause: Cause::ManifestInvalid,
        sentence: "a value under `data` of the ConfigMap is no text, so that nothing was changed in the cluster",
        fix: "make it text: `mapRoles: |` with a bar, and the list indented below it",
    },
    // What kube-apiserver answers to a strategic merge patch, which `kubectl apply` sends.
    Symptom {
        texts: &["patch: Invalid value: \"map[data:map[", "unrecognized type: string"],
        cause: Cause::ManifestInvalid,
        sentence: "a value under `data` of the ConfigMap is no text, so that nothing was changed in the cluster",
        fix: "make it text: `mapRoles: |` with a bar, and the list indented below it",
    },
    Symptom {
        texts: &["Go struct field ConfigMap.data"],
        cause: Cause::ManifestInvalid,
        sentence: "a value under `data` of the ConfigMap is no text, so that nothing was changed in the cluster",
        fix: "make it text: `mapRoles: |` with a bar, and the list indented below it",
    },
    Symptom {
        texts: &["The connection to the server localhost:8080 was refused"],
        cause: Cause::KubeconfigMissing,
        sentence: "kubectl has no kubeconfig, so that it asks for a server on this machine",
        fix: "aws eks update-kubeconfig --name CLUSTER; or KUBECONFIG names a file that is not there",
    },
    Symptom {
        texts: &["The connection to the server ", " was refused"],
        cause: Cause::ServerUnreachable,
        sentence: "nothing listens at the address that the kubeconfig names",
        fix: "check the server's address (aws eks update-kubeconfig --name CLUSTER), and whether the tunnel is there where it \
               leads to this machine",
    },
    Symptom {
        texts: &["certificate signed by unknown authority"],
        cause: Cause::CertificateNotTrusted,
        sentence: "the server's certificate is not of the authority that the kubeconfig names: it is of another or of an \
                   earlier cluster",
        fix: "aws eks update-kubeconfig --name CLUSTER",
    },
    Symptom {
        texts: &["Unable to connect to the server: dial tcp"],
        cause: Cause::ServerUnreachable,
        sentence: "nothing answers at the address that the kubeconfig names",
        fix: "check the server's address (aws eks update-kubeconfig --name CLUSTER) and the way there: a private endpoint \
               is reached from its VPC only",
    },
];

/// Explains what a client printed, where that alone names the cause. What a server decided about a token or a request is
/// explained by its decision.
#[must_use]
pub fn explain_client_error(printed: &str) -> Option<Explanation> {
    // It reads like a lack of rights, and no policy is at fault: see `unexplained_client_error`.
    if printed.contains(UNKNOWN_OPERATION) {
        return None;
    }
    let spoken = client_output::sentences(printed);
    let found = SYMPTOMS
        .iter()
        .find(|symptom| symptom.texts.iter().all(|text| spoken.contains(text)))?;
    let mut finding = Finding::new(found.cause, found.sentence, found.fix);
    let telling = found.texts.first().copied().unwrap_or_default();
    // As it was printed, where that is a sentence.
    let lines = || spoken.lines().chain(printed.lines());
    if let Some(line) = lines().rev().find(|line| line.contains(telling)) {
        // It may hold what steers a terminal, and goes into JSON as well.
        finding = finding.with(printable::line(line.trim()));
    }
    Some(finding.explained(Trace::new()))
}

/// How AWS answers an operation that it does not know.
const UNKNOWN_OPERATION: &str = "Unable to determine service/operation name to be authorized";

/// What to look at next where [`explain_client_error`] has nothing to say of what a client printed.
#[must_use]
pub fn unexplained_client_error(printed: &str) -> &'static str {
    let has = |texts: &[&str]| texts.iter().any(|text| printed.contains(text));
    if has(&[UNKNOWN_OPERATION, "eks-auth-sim does not serve"]) {
        "no policy is at fault: AWS answers so where it does not know an operation, and the simulator where it does not serve \
         one (`eks-auth-sim operations` lists what it serves)"
    } else if has(&["You must be logged in to the server", "Unauthorized", "Forbidden"]) {
        "the client's message does not say: a server decided, so ask it (explain --last, or the authenticator's log)"
    } else {
        "not known: these words name no cause that is known here; where a cluster refused the caller, ask it (explain --last, or \
         the authenticator's log), else see what the client itself says with `--debug` or `-v=6`"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::eks::error::EksError;
    use crate::cluster::eks::parameter::AuthenticationMode;

    #[track_caller]
    fn check(printed: &str, wanted: Cause) {
        let found = explain_client_error(printed).map(|explanation| explanation.cause);
        assert_eq!(found, Some(wanted), "{printed}");
    }

    #[test]
    fn what_fails_before_any_server_is_named() {
        for (printed, wanted) in [
            (
                "error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"",
                Cause::ExecApiVersionUnsupported,
            ),
            (
                "Unable to connect to the server: getting credentials: exec: executable aws not found\n\nIt looks like",
                Cause::ExecPluginNotFound,
            ),
            (
                "The config profile (nope) could not be found\nUnable to connect to the server: getting credentials: exec: \
                 executable aws failed with exit code 255",
                Cause::ProfileNotFound,
            ),
            (
                "Unable to locate credentials. You can configure credentials by running \"aws configure\".",
                Cause::CredentialsMissing,
            ),
            (
                "\naws: [ERROR]: An error occurred (NoCredentials): Unable to locate credentials. You can configure credentials \
                 by running \"aws login\".",
                Cause::CredentialsMissing,
            ),
            (
                "\naws: [ERROR]: An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: x",
                Cause::SessionExpired,
            ),
            (
                "{\n    \"Code\": \"ExpiredToken\",\n    \"Message\": \"The security token included in the request is expired\"\n}",
                Cause::SessionExpired,
            ),
            (
                "Code: AccessDenied\nMessage: 'User: a is not authorized to perform: sts:AssumeRole on resource: b'\n",
                Cause::AssumeRoleDenied,
            ),
            (
                "Error loading SSO Token: Token for s does not exist",
                Cause::SsoNotSignedIn,
            ),
            (
                "An error occurred (AccessDenied) when calling the AssumeRole operation: User: a is not authorized to \
                 perform: sts:AssumeRole on resource: b",
                Cause::AssumeRoleDenied,
            ),
            (
                "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to \
                 perform sts:AssumeRoleWithWebIdentity",
                Cause::AssumeRoleDenied,
            ),
            (
                "error: failed to create rolebinding: rolebindings.rbac.authorization.k8s.io \"ci\" is forbidden: user \"dev\" \
                 (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:",
                Cause::NotAuthorized,
            ),
            (
                "An error occurred (ValidationError) when calling the AssumeRole operation: 1 validation error detected: \
                 Value 'a b' at 'roleSessionName' failed to satisfy constraint",
                Cause::SessionNameInvalid,
            ),
            (
                "Unable to connect to the server: dial tcp: lookup x: no such host",
                Cause::ServerUnreachable,
            ),
            (
                "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
                Cause::KubeconfigMissing,
            ),
            (
                "The connection to the server localhost:8443 was refused - did you specify the right host or port?",
                Cause::ServerUnreachable,
            ),
            (
                "The request is invalid: patch: Invalid value: \"{}\": json: cannot unmarshal array into Go struct field \
                 ConfigMap.data of type string",
                Cause::ManifestInvalid,
            ),
            (
                "The request is invalid: patch: Invalid value: \"map[data:map[mapRoles:[map[rolearn:x]]]]\": unrecognized \
                 type: string",
                Cause::ManifestInvalid,
            ),
        ] {
            check(printed, wanted);
        }
    }

    #[test]
    fn what_eks_refuses_is_named() {
        for (error, wanted) in [
            (EksError::AccessEntryExists, Cause::EntryExists),
            (
                EksError::GroupPrefix {
                    group: "system:masters".to_owned(),
                    prefix: "system:",
                },
                Cause::EntryGroupReserved,
            ),
            (EksError::InvalidPrincipal, Cause::EntryPrincipalInvalid),
            (EksError::ModeWithoutAccessEntries, Cause::EntriesNotInMode),
            (EksError::NoAccessEntry, Cause::EntryNotFound),
            (EksError::NoSuchCluster { name: "x".to_owned() }, Cause::ClusterNotFound),
            (EksError::ServiceLinkedRole, Cause::EntryOfServiceLinkedRole),
            (
                EksError::UnsupportedModeUpdate {
                    from: AuthenticationMode::ApiAndConfigMap,
                    to: AuthenticationMode::ConfigMap,
                },
                Cause::ModeUpdateOneWay,
            ),
        ] {
            check(
                &format!("An error occurred (X) when calling the Y operation: {error}"),
                wanted,
            );
        }
    }

    #[test]
    fn what_a_server_decided_is_not_named_by_the_text() {
        for printed in [
            "error: You must be logged in to the server (Unauthorized)",
            "Error from server (Forbidden): pods is forbidden: User \"dev\" cannot list resource \"pods\" in API group \"\" in \
             the namespace \"default\"",
            "NAME TYPE",
            "",
        ] {
            assert_eq!(explain_client_error(printed), None, "{printed}");
        }
    }

    #[test]
    fn what_is_not_explained_says_what_to_look_at() {
        const UNSERVED: &str = "An error occurred (AccessDeniedException) when calling the ListCapabilities operation: Unable to \
                                determine service/operation name to be authorized";
        for (printed, wanted) in [
            (UNSERVED, "no policy is at fault"),
            (
                "(NotImplemented) when calling the ListBuckets operation: eks-auth-sim does not serve s3",
                "no policy",
            ),
            (
                "error: You must be logged in to the server (Unauthorized)",
                "the client's message does not say",
            ),
            (
                "Could not connect to the endpoint URL: \"http://127.0.0.1:1/\"",
                "not known: ",
            ),
            ("", "not known: "),
        ] {
            assert_eq!(explain_client_error(printed), None, "{printed}");
            let told = unexplained_client_error(printed);
            assert!(told.starts_with(wanted), "{printed}: {told}");
        }
    }

    #[test]
    fn evidence_steers_no_terminal() {
        let explained = explain_client_error("\u{1b}]0;x\u{7} Unable to locate credentials \u{1b}[2J").unwrap();
        assert!(
            !explained.evidence[0].contains(char::is_control),
            "{:?}",
            explained.evidence
        );
    }

    #[test]
    fn evidence_is_the_line_that_tells() {
        let explained = explain_client_error("a\n  Unable to locate credentials. You\nb").unwrap();
        assert_eq!(explained.evidence, ["Unable to locate credentials. You"]);
    }
}
