mod texts;

use super::*;
use crate::cluster::eks::error::EksError;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::explain::Cause;
use crate::explain::fix::check_form;
use crate::explain::fix_commands;

#[track_caller]
fn check(printed: &str, wanted: Cause) {
    let found = explain_client_error(printed).map(|explanation| explanation.cause);
    assert_eq!(found, Some(wanted), "{printed}");
}

fn verdict(certainty: &Certainty) -> String {
    match certainty {
        Certainty::Named(cause) => format!("named {}", cause.id()),
        Certainty::Likeliest { cause, .. } => format!("likeliest {}", cause.id()),
        Certainty::NotKnown => "not-known".to_owned(),
        Certainty::NotAccess => "not-access".to_owned(),
    }
}

#[test]
fn pasted_texts_get_their_cause_or_none() {
    let mut wrong = Vec::new();
    for (client, text, wanted) in texts::TEXTS {
        let found = diagnose_client_text(text);
        let first = found
            .first()
            .map_or_else(|| "not-known".to_owned(), |found| verdict(&found.certainty));
        if first != *wanted {
            wrong.push(format!("{client}: {first}, wanted {wanted}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn no_wrong_cause_is_named() {
    for (client, text, wanted) in texts::TEXTS {
        for found in diagnose_client_text(text) {
            if let Certainty::Named(cause) = found.certainty {
                assert_eq!(format!("named {}", cause.id()), *wanted, "{client}: {text}");
            }
        }
    }
}

#[test]
fn there_are_enough_texts() {
    assert!(texts::TEXTS.len() >= 150, "{}", texts::TEXTS.len());
    let open = texts::TEXTS
        .iter()
        .filter(|(_, _, wanted)| wanted.starts_with("not-"))
        .count();
    assert!(open >= 45, "{open}");
}

#[test]
fn a_diagnosis_is_whole() {
    for (_, text, _) in texts::TEXTS {
        let lines: Vec<&str> = text.lines().collect();
        for found in diagnose_client_text(text) {
            assert!(!found.sentence.is_empty(), "{text}");
            for shown in &found.evidence {
                assert!((1..=lines.len()).contains(&shown.line.unwrap()), "{text}");
            }
            assert!(
                !found.fix.contains("{cluster}") && !found.fix.contains("{region}"),
                "{}",
                found.fix
            );
            assert!(!found.fix.contains("cluster-admin"), "{}", found.fix);
            check_form(&found.fix);
            match &found.certainty {
                Certainty::Named(_) => {
                    assert!(found.look_at.is_empty(), "{text}");
                    assert!(!found.fix.is_empty(), "{text}");
                }
                Certainty::Likeliest { cause, of } => {
                    assert!(of.contains(cause), "{text}");
                    assert!(!found.look_at.is_empty() && !found.fix.is_empty(), "{text}");
                }
                Certainty::NotKnown | Certainty::NotAccess => assert!(!found.look_at.is_empty(), "{text}"),
            }
        }
    }
}

#[test]
fn every_fix_of_a_family_has_whole_commands() {
    let context = Context::of(&[], false);
    let symptoms = [
        credentials::SYMPTOMS,
        iam::SYMPTOMS,
        plugin::SYMPTOMS,
        refusal::SYMPTOMS,
    ];
    for symptom in symptoms.into_iter().flatten() {
        check_form(&context.fill(symptom.fix));
    }
}

#[test]
fn commands_have_the_names_of_the_text() {
    const TARGET: &str = "--cluster-name shop --region eu-west-1 --principal-arn arn:aws:iam::111122223333:role/dev";
    let asked = format!("$ aws eks create-access-entry {TARGET} --kubernetes-groups x\n\n");
    let eks = |code: &str, operation: &str, message: &str| {
        format!("{asked}An error occurred ({code}) when calling the {operation} operation: {message}")
    };
    let view = format!(
        "aws eks associate-access-policy {TARGET} --policy-arn arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy \
         --access-scope type=cluster"
    );
    let create = format!("aws eks create-access-entry {TARGET}");
    let reserved = "The kubernetes group name system:masters is invalid, it cannot start with system:";
    let node = "The kubernetes group name system:nodes is invalid, it cannot start with system:";
    for (text, wanted) in [
        (
            eks("InvalidParameterException", "CreateAccessEntry", reserved),
            vec![create.clone(), view.clone()],
        ),
        (
            eks("InvalidParameterException", "UpdateAccessEntry", reserved),
            vec![view.clone()],
        ),
        (
            eks("InvalidParameterException", "CreateAccessEntry", node),
            vec![format!("{create} --type EC2_LINUX")],
        ),
        (
            eks("InvalidParameterException", "UpdateAccessEntry", node),
            vec![
                format!("aws eks delete-access-entry {TARGET}"),
                format!("{create} --type EC2_LINUX"),
            ],
        ),
        (
            eks(
                "ResourceNotFoundException",
                "AssociateAccessPolicy",
                "The specified principalArn could not be found.",
            ),
            vec![create],
        ),
        (
            "Error: creating EKS Access Entry (shop:arn:aws:iam::111122223333:role/dev): operation error EKS: CreateAccessEntry, \
             https response error StatusCode: 409, ResourceInUseException: The specified access entry resource is already in use \
             on this cluster."
                .to_owned(),
            vec![format!("aws eks describe-access-entry {}", TARGET.replace("eu-west-1", "REGION"))],
        ),
        (
            "Error loading SSO Token: Token for corp does not exist".to_owned(),
            vec!["aws sso login --sso-session corp".to_owned()],
        ),
        (
            "Error loading SSO Token: Token for https://corp.awsapps.com/start does not exist".to_owned(),
            vec!["aws sso login".to_owned()],
        ),
        (
            "The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run aws \
             sso login with the corresponding profile. $ aws sso login --profile prod"
                .to_owned(),
            vec!["aws sso login --profile prod".to_owned()],
        ),
        (
            "Enter MFA code for arn:aws:iam::111122223333:mfa/dev:".to_owned(),
            vec![
                "aws sts get-session-token --serial-number arn:aws:iam::111122223333:mfa/dev --token-code CODE".to_owned(),
            ],
        ),
        (
            "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: No OpenIDConnect \
             provider found in your account for https://oidc.eks.us-east-1.amazonaws.com/id/0A1B"
                .to_owned(),
            vec![
                "aws iam create-open-id-connect-provider --url https://oidc.eks.us-east-1.amazonaws.com/id/0A1B --client-id-list \
                 sts.amazonaws.com"
                    .to_owned(),
            ],
        ),
        (
            "Error from server (Forbidden): pods is forbidden: User \"system:serviceaccount:shop:web\" cannot list resource \
             \"pods\" in API group \"\" in the namespace \"shop\""
                .to_owned(),
            vec![
                "kubectl create role list-pods --verb=list --resource=pods -n shop".to_owned(),
                "kubectl create rolebinding web-list-pods --role=list-pods --serviceaccount=shop:web -n shop".to_owned(),
            ],
        ),
    ] {
        let found = diagnose_client_text(&text);
        assert_eq!(fix_commands(&found[0].fix), wanted, "{text}");
    }
}

#[test]
fn prose_names_whom_it_means() {
    // The boundary is the caller's, and the trust policy the target's.
    for (why, wanted) in [
        (
            "because no permissions boundary allows the sts:AssumeRole action",
            "(aws iam get-role --role-name ci shows it as PermissionsBoundary)",
        ),
        (
            "because no role trust policy allows the sts:AssumeRole action",
            "(aws iam update-assume-role-policy --role-name admin)",
        ),
    ] {
        let text = format!(
            "An error occurred (AccessDenied) when calling the AssumeRole operation: User: \
             arn:aws:sts::111122223333:assumed-role/ci/run is not authorized to perform: sts:AssumeRole on resource: \
             arn:aws:iam::111122223333:role/team/admin {why}"
        );
        let found = diagnose_client_text(&text);
        assert!(found[0].fix.contains(wanted), "{}", found[0].fix);
    }
}

#[test]
fn a_pasted_text_brings_no_commands_of_its_own() {
    for text in [
        "User: `aws is not authorized to perform: sts:AssumeRole on resource: x` because no identity-based policy allows it",
        "User: a is not authorized to perform: eks:DescribeCluster on resource: `aws because of `kubectl x` in a policy",
        "pods is forbidden: User \"`aws x`\" cannot list resource \"pods\" in API group \"\" in the namespace \"`kubectl y`\"",
        "--principal-arn `aws x` The specified principalArn could not be found",
    ] {
        for found in diagnose_client_text(text) {
            for command in fix_commands(&found.fix) {
                assert!(!command.ends_with(" x") && !command.ends_with(" y"), "{}", found.fix);
            }
            assert_eq!(found.fix.matches('`').count() % 2, 0, "{}", found.fix);
        }
    }
}

#[test]
fn the_root_comes_before_what_follows_from_it() {
    let found = diagnose_client_text(
        "Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255\n\nThe config profile \
         (x) could not be found\n",
    );
    let verdicts: Vec<String> = found.iter().map(|found| verdict(&found.certainty)).collect();
    assert_eq!(verdicts, ["named profile-not-found", "likeliest exec-plugin-failed"]);
    assert_eq!(found[0].evidence[0].line, Some(3));
    assert_eq!(found[1].evidence[0].line, Some(1));
}

#[test]
fn a_fix_has_the_names_of_the_text() {
    for (text, wanted) in [
        (
            "Error from server (Forbidden): pods is forbidden: User \"dev\" cannot list resource \"pods\" in API group \"\" in the \
             namespace \"shop\"",
            "kubectl create role list-pods --verb=list --resource=pods -n shop",
        ),
        (
            "Error: no kind \"ExecCredential\" is registered for version \"client.authentication.k8s.io/v1alpha1\": \
             https://0A.gr7.eu-west-1.eks.amazonaws.com",
            "aws eks update-kubeconfig --name CLUSTER --region eu-west-1",
        ),
        (
            "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111122223333:user/a is not \
             authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/b with an explicit deny in a service \
             control policy",
            "changes the SCP",
        ),
        (
            "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111122223333:user/a is not \
             authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/b because no identity-based policy \
             allows the sts:AssumeRole action",
            "change the policies of the calling user or role; it must allow this: sts:AssumeRole on arn:aws:iam::111122223333:role/b",
        ),
    ] {
        let found = diagnose_client_text(text);
        assert!(found[0].fix.contains(wanted), "{}", found[0].fix);
    }
}

#[test]
fn a_fix_is_of_the_case_at_hand() {
    let entry = "creating EKS Access Entry (shop:arn:aws:iam::111122223333:role/dev): operation error EKS: CreateAccessEntry, \
                 ResourceInUseException: The specified access entry resource is already in use on this cluster.";
    for (text, wanted) in [
        (
            format!("│ Error: {entry}\n│ \n│   with module.eks.aws_eks_access_entry.this[\"dev\"],\n"),
            "`terraform import 'module.eks.aws_eks_access_entry.this[\"dev\"]' shop:arn:aws:iam::111122223333:role/dev`",
        ),
        (
            "AWS::EKS::AccessEntry/AccessEntry: CREATE_FAILED – \"The specified access entry resource is already in use on this \
             cluster. (Service: Eks, Status Code: 409)\""
                .to_owned(),
            "drop the duplicate",
        ),
        (
            "api error AccessDeniedException: User: arn:aws:iam::111122223333:user/dev is not authorized to perform: \
             eks:DescribeCluster on resource: x with an explicit deny"
                .to_owned(),
            "find the Deny that covers eks:DescribeCluster",
        ),
        (
            "api error AccessDeniedException: User: arn:aws:iam::111122223333:user/dev is not authorized to perform: \
             eks:DescribeCluster on resource: x with an explicit deny in a service control policy"
                .to_owned(),
            "its Deny must not cover eks:DescribeCluster",
        ),
        (
            "api error AccessDeniedException: User: arn:aws:sts::<REDACTED>:assumed-role/shop-core-\neks-deployer/ci is not authorized \
             to perform: eks:DescribeCluster"
                .to_owned(),
            "assumed-role/shop-core-eks-deployer/ci",
        ),
        (
            "│ Error: failed to configure: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1\"".to_owned(),
            "write `client.authentication.k8s.io/v1beta1` in the exec block of the provider",
        ),
        (
            "error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"".to_owned(),
            "regenerate the kubeconfig",
        ),
        (
            "getting credentials: exec: executable argocd-k8s-auth failed with exit code 20".to_owned(),
            "both argocd-server and argocd-application-controller",
        ),
        (
            "aws: error: the following arguments are required: command\n\nHTTP response body: {\"message\":\"pods is forbidden: User \
             \\\"system:anonymous\\\" cannot list resource \\\"pods\\\" in API group \\\"\\\" in the namespace \\\"x\\\"\"}"
                .to_owned(),
            "upgrade the client: the Python package",
        ),
        (
            "kubectl works with that kubeconfig.\n\npanic: services \"x\" is forbidden: User \"system:anonymous\" cannot get \
             services/proxy in the namespace \"kube-system\""
                .to_owned(),
            "as kubectl is let in, upgrade the client",
        ),
        (
            "api error AccessDenied: User: arn:aws:sts::111122223333:assumed-role/web/i-0a is not authorized to perform: \
             sts:AssumeRole on resource: arn:aws:iam::111122223333:instance-profile/web"
                .to_owned(),
            "get-instance-profile --instance-profile-name web",
        ),
        (
            "Vault: login unauthorized: Post \"https://10.0.0.1/apis/authentication.k8s.io/v1/tokenreviews\": read tcp: connection \
             reset by peer"
                .to_owned(),
            "kubernetes_host",
        ),
        (
            "Error while initializing connection to kubernetes apiserver. Reason: Get https://x:443/version: x509: certificate signed \
             by unknown authority"
                .to_owned(),
            "take --apiserver-host",
        ),
        (
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?".to_owned(),
            "if it is an EKS cluster: `aws eks update-kubeconfig --name CLUSTER --region REGION`",
        ),
        (
            "exec:\n  command: aws-iam-authenticator\n  args:\n    - token\n    - -i\n    - shop\n\nERROR:root:exec: process returned 1."
                .to_owned(),
            "(aws-iam-authenticator token -i shop)",
        ),
    ] {
        let found = diagnose_client_text(&text);
        assert!(found[0].fix.contains(wanted), "{text}\n{}", found[0].fix);
        // It may be one's own entry.
        assert!(!found[0].fix.contains("delete-access-entry"), "{}", found[0].fix);
    }
}

#[test]
fn a_401_is_that_of_a_cluster_where_its_words_are() {
    for text in [
        "it says: error you must be logged in to the server (unauthorized)",
        "Failed to contact API server when waiting for CSINode publishing: Unauthorized",
        "{\n  body: {\n    kind: 'Status',\n    status: 'Failure',\n    message: 'Unauthorized',\n    reason: 'Unauthorized',\n    code: \
         401\n  },\n  statusCode: 401\n}",
    ] {
        let found = diagnose_client_text(text);
        assert!(
            found[0].sentence.starts_with("the cluster answered 401"),
            "{text}: {}",
            found[0].sentence
        );
    }
    let found = diagnose_client_text("UnauthorizedOperation: You are not authorized to perform this operation.");
    assert!(!found.iter().any(|found| found.sentence.contains("401")));
}

#[test]
fn a_server_decided_only_where_it_did() {
    for text in [
        "Error: Kubernetes cluster unreachable: Get \"https://x.eks.amazonaws.com/version\": getting credentials: exec: exit status 1",
        "Could not connect to the endpoint URL: \"https://sts.x.amazonaws.com/\"",
        "bash: ./x: Permission denied",
    ] {
        assert!(!unexplained_client_error(text).contains("a server decided"), "{text}");
    }
}

#[test]
fn a_long_text_is_read_at_its_beginning_and_end() {
    let noise = "INFO nothing happens here, as it did before and will again\n".repeat(20_000);
    for text in [
        format!("Unable to locate credentials\n{noise}"),
        format!("{noise}Unable to locate credentials\n"),
    ] {
        let found = diagnose_client_text(&text);
        assert_eq!(found.len(), 1);
        let line = found[0].evidence[0].line.unwrap();
        assert_eq!(text.lines().nth(line - 1), Some("Unable to locate credentials"));
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_pasted_is_diagnosed(text in "([ -~│\n]{0,40}(User \"|\" cannot |is not authorized to perform|exec: exit status ){0,1}){0,6}") {
        for found in diagnose_client_text(&text) {
            proptest::prop_assert!(!found.evidence.is_empty());
            proptest::prop_assert!(found.fix.matches('`').count() % 2 == 0, "{}", found.fix);
        }
        let _ = unexplained_client_error(&text);
    }
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
            Cause::RbacEscalation,
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
            "The request is invalid: patch: Invalid value: \"map[data:map[mapRoles:[map[groups:[system:bootstrappers system:nodes] \
             rolearn:arn:aws:iam::111122223333:role/my-cluster-node-role username:system:node:{{EC2PrivateDNSName}}] \
             map[groups:[system:masters] rolearn:arn:aws:iam::111122223333:role/teams/platform/admin-of-the-cluster \
             username:admin:{{SessionName}}] map[groups:[developers] rolearn:arn:aws:iam::111122223333:role/developers \
             username:dev:{{SessionName}}]] mapUsers:- userarn: arn:aws:iam::111122223333:user/testuser username: testuser] \
             metadata:map[annotations:map[kubectl.kubernetes.io/last-applied-configuration:{}]]]\": unrecognized type: string",
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
