//! What is refused behind authorization, by the API server's cache, and by AWS.

use super::*;
use crate::aws::principal::CallerIdentity;

fn user(name: &str, groups: &[&str]) -> UserInfo {
    UserInfo {
        username: name.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..UserInfo::default()
    }
    .authenticated()
}

fn bindings(namespace: &str) -> Attributes {
    let resource = if namespace.is_empty() {
        "clusterrolebindings"
    } else {
        "rolebindings"
    };
    Attributes::resource("create", "rbac.authorization.k8s.io", "v1", resource, "", namespace, "")
}

const NOT_HELD: &str = "rolebindings.rbac.authorization.k8s.io \"b\" is forbidden: user \"dev\" (groups=[\"devs\"]) is attempting \
                        to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}";

#[track_caller]
fn check_binding(user: &UserInfo, namespace: &str, kind: &str, name: &str, fix: &[&str]) {
    let fixture = Fixture::new();
    let granting = Granting::Binding {
        kind: kind.to_owned(),
        name: name.to_owned(),
    };
    let refuser = Refuser::Escalation(granting);
    let found = explain_refused(user, &bindings(namespace), &refuser, NOT_HELD, fixture.cluster());
    assert_eq!(found.cause, Cause::RbacEscalation);
    let lacking = "lacking: {APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}".to_owned();
    assert!(found.evidence.contains(&lacking), "{:?}", found.evidence);
    assert!(
        found
            .fix
            .starts_with("have the binding made by somebody who may `bind` this role")
    );
    let commands: Vec<&str> = found
        .fix
        .split('`')
        .filter(|part| part.starts_with("kubectl "))
        .collect();
    assert_eq!(commands, fix);
}

#[test]
fn a_binding_that_grants_too_much_is_made_by_others_or_with_a_right_to_bind_this_role() {
    check_binding(
        &user("dev", &["system:nodes", "devs"]),
        "team",
        "ClusterRole",
        "view",
        &[
            "kubectl create clusterrole bind-view --verb=bind --resource=clusterroles.rbac.authorization.k8s.io --resource-name=view",
            "kubectl create rolebinding bind-view --clusterrole=bind-view --group=devs -n team",
        ],
    );
    check_binding(
        &user("dev", &[]),
        "team",
        "Role",
        "rw",
        &[
            "kubectl create role bind-rw --verb=bind --resource=roles.rbac.authorization.k8s.io --resource-name=rw -n team",
            "kubectl create rolebinding bind-rw --role=bind-rw --user=dev -n team",
        ],
    );
    check_binding(
        &user("system:serviceaccount:team:ci", &["system:serviceaccounts"]),
        "",
        "ClusterRole",
        "view",
        &[
            "kubectl create clusterrole bind-view --verb=bind --resource=clusterroles.rbac.authorization.k8s.io --resource-name=view",
            "kubectl create clusterrolebinding bind-view --clusterrole=bind-view --serviceaccount=team:ci",
        ],
    );
    // The next session has another name, and a shell would read this one.
    let session = "arn:aws:sts::111122223333:assumed-role/dev/botocore-session-1";
    check_binding(&user(session, &[]), "team", "ClusterRole", "view", &[]);
    check_binding(&user("dev", &[]), "team", "ClusterRole", "$(reboot)", &[]);
}

#[test]
fn a_role_that_would_hold_too_much_is_another_refusal() {
    let fixture = Fixture::new();
    let attributes = Attributes {
        resource: "roles".to_owned(),
        ..bindings("team")
    };
    let refuser = Refuser::Escalation(Granting::Rules);
    let found = explain_refused(&user("dev", &[]), &attributes, &refuser, NOT_HELD, fixture.cluster());
    assert_eq!(found.cause, Cause::RbacEscalation);
    assert!(
        found.sentence.contains("may not `escalate` roles"),
        "{}",
        found.sentence
    );
    assert!(found.fix.starts_with("leave the rules that are lacking out of it"));
}

#[test]
fn a_message_of_many_rules_is_cut() {
    let fixture = Fixture::new();
    let message = format!("not currently held:\n{}", "{rule}\n".repeat(5000));
    let refuser = Refuser::Escalation(Granting::Rules);
    let found = explain_refused(&user("dev", &[]), &bindings("x"), &refuser, &message, fixture.cluster());
    assert_eq!(found.evidence.last().unwrap(), "lacking: 4990 more rules");
    assert!(found.render_text().len() < 4096);
}

#[test]
fn admission_is_not_rbac() {
    let fixture = Fixture::new();
    let maps = Attributes::resource("create", "", "v1", "configmaps", "", "old", "");
    for (message, fix) in [
        (
            "configmaps \"c\" is forbidden: unable to create new content in namespace old because it is being terminated",
            "`kubectl create namespace old`",
        ),
        (
            "namespaces \"default\" is forbidden: this namespace may not be deleted",
            "as the message asks",
        ),
    ] {
        let found = explain_refused(
            &user("dev", &[]),
            &maps,
            &Refuser::Admission,
            message,
            fixture.cluster(),
        );
        assert_eq!(found.cause, Cause::AdmissionRefused);
        assert!(found.sentence.starts_with("refused by admission, not by RBAC"));
        assert!(found.fix.contains(fix), "{}", found.fix);
        assert_eq!(found.evidence, [message]);
    }
}

#[test]
fn what_a_request_entails_is_explained_as_a_request_of_its_own() {
    let fixture = Fixture::new();
    let create = Attributes::resource("create", "", "v1", "configmaps", "", "default", "c");
    let patch = Attributes::resource("patch", "", "v1", "configmaps", "", "default", "c");
    let dev = user("dev", &[]);
    let refuser = Refuser::Authorizer(create.clone());
    assert_eq!(
        explain_refused(&dev, &patch, &refuser, "", fixture.cluster()),
        explain_request(&dev, &create, fixture.cluster())
    );
}

#[test]
fn a_token_of_before_is_refused_with_the_groups_of_before() {
    let mut fixture = Fixture::new();
    fixture.cluster_mut().token_cache_seconds = 120;
    let mapping = |groups: &str| format!("- rolearn: arn:aws:iam::111122223333:role/admin\n  username: u\n{groups}");
    let secrets = Attributes::resource("list", "", "v1", "secrets", "", "default", "");
    map_roles(&mut fixture, &mapping(""));
    let key = fixture.session_of("admin", "s");
    let known = fixture.judge(&fixture.token(&key)).outcome.unwrap().authenticated();
    let explained = |fixture: &Fixture| explain_cached_request(&known, &secrets, 50, fixture.cluster());
    // The mapping is as it was: no matter of the cache.
    assert_eq!(
        explained(&fixture),
        explain_request(&known, &secrets, fixture.cluster())
    );
    map_roles(&mut fixture, &mapping("  groups: [system:masters]\n"));
    let found = explained(&fixture);
    assert_eq!(found.cause, Cause::RefusedFromCache);
    assert!(found.fix.starts_with("wait 70 s, or make a new token"), "{}", found.fix);
    let facts = [
        "the API server has the token in its cache: it was judged 50 s before",
        "judged now it would be u in [system:masters system:authenticated]",
    ];
    assert_eq!(found.evidence.get(..2).unwrap(), facts);
    // Neither would the groups of now allow it.
    map_roles(&mut fixture, &mapping("  groups: [other]\n"));
    let found = explained(&fixture);
    assert_eq!(found.cause, Cause::NoBinding);
    assert!(found.evidence.last().unwrap().ends_with("who may not do this either"));
    map_roles(&mut fixture, "");
    let found = explained(&fixture);
    assert_eq!(found.cause, Cause::NoBinding);
    let last = found.evidence.last().unwrap();
    assert_eq!(last, "judged now it would be denied: identity is not mapped");
}

#[test]
fn a_token_from_the_cache_that_means_the_same_as_ever_needs_no_fix() {
    let fixture = Fixture::new();
    let authentication = fixture.judge(&fixture.token(&fixture.key_of("testuser")));
    let (identity, user) = (authentication.identity.unwrap(), authentication.outcome.unwrap());
    let found = explain_cached(&identity, &user, 7, fixture.cluster());
    assert_eq!((found.cause, found.fix.as_str()), (Cause::Granted, ""));
    let mut other = user;
    other.groups.clear();
    let found = explain_cached(&identity, &other, 7, fixture.cluster());
    assert_eq!(found.cause, Cause::GrantedFromCache);
}

const JANE: &str = "arn:aws:iam::111122223333:user/testuser";
const NOBODY: &str = "arn:aws:iam::111122223333:user/nobody";
const WORKER: &str = "arn:aws:sts::111122223333:assumed-role/admin/s";

/// How a call that AWS answers so is explained: cause, a part of the sentence, a part of the fix.
#[track_caller]
fn check_call(caller: &str, code: &str, message: &str, wanted: Option<(Cause, &str, &str)>) {
    let fixture = Fixture::new();
    let caller = CallerIdentity {
        account: account(),
        arn: caller.to_owned(),
        user_id: "AIDA".to_owned(),
    };
    let trace = Trace::new();
    let action = if message.contains("AssumeRole") {
        "AssumeRole"
    } else {
        "DescribeCluster"
    };
    let call = RefusedCall {
        service: "sts",
        action,
        caller: Some(&caller),
        signature: None,
        code,
        message,
        trace: &trace,
    };
    let found = explain_aws_call(&call, &fixture.world, now());
    let Some((cause, sentence, fix)) = wanted else {
        assert_eq!(found, None, "{message}");
        return;
    };
    let found = found.unwrap();
    assert_eq!(found.cause, cause, "{}", found.render_text());
    assert!(found.sentence.contains(sentence), "{}", found.sentence);
    assert!(found.fix.contains(fix), "{}", found.fix);
    assert_eq!(
        found.evidence.last().unwrap(),
        &format!("An error occurred ({code}) when calling the {action} operation: {message}")
    );
}

#[test]
fn aws_says_which_policy_refuses_and_so_does_the_fix() {
    let message = |caller: &str, action: &str, resource: &str, words: &str| {
        format!("User: {caller} is not authorized to perform: {action} on resource: {resource} {words}")
            .trim_end()
            .to_owned()
    };
    let cluster = "arn:aws:eks:us-west-2:111122223333:cluster/my-cluster";
    let describe = |words: &str| message(JANE, "eks:DescribeCluster", cluster, words);
    check_call(
        JANE,
        "AccessDeniedException",
        &describe("because no identity-based policy allows the eks:DescribeCluster action"),
        Some((
            Cause::IamNotAllowed,
            "no identity-based policy of user testuser allows eks:DescribeCluster",
            r#"aws iam put-user-policy --user-name testuser --policy-name allow-eks-DescribeCluster --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"eks:DescribeCluster","Resource":"arn:aws:eks:us-west-2:111122223333:cluster/my-cluster"}]}'"#,
        )),
    );
    check_call(
        JANE,
        "AccessDeniedException",
        &describe("with an explicit deny in an identity-based policy"),
        Some((
            Cause::IamNotAllowed,
            "denies eks:DescribeCluster explicitly",
            "take the statement that denies eks:DescribeCluster out of the policies of user testuser",
        )),
    );
    check_call(
        WORKER,
        "AccessDeniedException",
        &message(
            WORKER,
            "eks:DescribeCluster",
            cluster,
            "because no permissions boundary allows the eks:DescribeCluster action",
        ),
        Some((
            Cause::IamNotAllowed,
            "the permissions boundary of role admin",
            "aws iam delete-role-permissions-boundary --role-name admin",
        )),
    );
    check_call(
        WORKER,
        "AccessDeniedException",
        &message(
            WORKER,
            "eks:DescribeCluster",
            cluster,
            "because no session policy allows the eks:DescribeCluster action",
        ),
        Some((Cause::IamNotAllowed, "the session policy", "without a session policy")),
    );
    let assume = |caller: &str, role: &str, words: &str| {
        let role = format!("arn:aws:iam::111122223333:role/{role}");
        message(caller, "sts:AssumeRole", &role, words)
    };
    check_call(
        JANE,
        "AccessDenied",
        &assume(
            JANE,
            "admin",
            "because no identity-based policy allows the sts:AssumeRole action",
        ),
        Some((
            Cause::AssumeRoleDenied,
            "no identity-based policy of user testuser allows sts:AssumeRole",
            "aws iam put-user-policy --user-name testuser",
        )),
    );
    check_call(
        JANE,
        "AccessDenied",
        &assume(JANE, "stranger", ""),
        Some((
            Cause::AssumeRoleDenied,
            "a statement of the trust policy of role stranger denies the caller explicitly",
            "take that statement away",
        )),
    );
    check_call(
        NOBODY,
        "AccessDenied",
        &assume(NOBODY, "ops/admin", ""),
        Some((
            Cause::AssumeRoleDenied,
            "no statement of the trust policy of role admin lets the caller in",
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/nobody"},"Action":"sts:AssumeRole"}"#,
        )),
    );
    // A session is trusted as its role, whose ARN has the path.
    check_call(
        WORKER,
        "AccessDenied",
        &assume(WORKER, "ops/admin", ""),
        Some((
            Cause::AssumeRoleDenied,
            "role admin",
            r#""AWS":"arn:aws:iam::111122223333:role/ops/admin""#,
        )),
    );
    check_call(
        JANE,
        "AccessDenied",
        &assume(JANE, "ghost", ""),
        Some((Cause::AssumeRoleDenied, "there is no role", "aws iam list-roles")),
    );
    check_call(
        JANE,
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        Some((Cause::AssumeRoleDenied, "the service account", "system:serviceaccount")),
    );
}

#[test]
fn an_error_that_is_not_about_access_is_no_refusal() {
    for code in [
        "ResourceNotFoundException",
        "ValidationError",
        "ThrottlingException",
        "NoSuchEntity",
        "AuthorizationPendingException",
    ] {
        check_call(JANE, code, "no", None);
    }
}

#[test]
fn a_signature_that_does_not_hold_is_explained_by_what_is_wrong_with_it() {
    let fixture = Fixture::new();
    let trace = Trace::new();
    let id = || "AKIA".to_owned();
    for (error, cause) in [
        (SigV4Error::MissingAuthenticationToken, Cause::CredentialsMissing),
        (SigV4Error::UnknownKey { id: id() }, Cause::KeyUnknown),
        (SigV4Error::InactiveKey { id: id() }, Cause::KeyInactive),
        (SigV4Error::OwnerGone { id: id() }, Cause::KeyOfDeletedPrincipal),
        (SigV4Error::WrongSessionToken { id: id() }, Cause::SessionTokenWrong),
        (
            SigV4Error::SessionExpired {
                expired: now(),
                now: now(),
            },
            Cause::SessionExpired,
        ),
        (
            SigV4Error::Expired {
                date: now(),
                now: now(),
                minutes: 5,
            },
            Cause::WrongDateOrScope,
        ),
    ] {
        let call = RefusedCall {
            service: "eks",
            action: "DescribeCluster",
            caller: None,
            signature: Some(&error),
            code: "UnrecognizedClientException",
            message: "The security token included in the request is invalid.",
            trace: &trace,
        };
        let found = explain_aws_call(&call, &fixture.world, now()).unwrap();
        assert_eq!(found.cause, cause, "{error:?}");
        assert!(!found.fix.is_empty());
    }
}
