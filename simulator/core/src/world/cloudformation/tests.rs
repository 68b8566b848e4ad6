//! Stacks of access entries, and templates that are none.

use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::aws::iam_policy::ConditionKeys;
use crate::aws::iam_policy::PolicyDocument;
use crate::aws::iam_policy::PolicyKind;
use crate::aws::iam_policy::authorize::PrincipalPolicies;
use crate::aws::principal::CallerIdentity;
use crate::scenario;

const ROLE: &str = "arn:aws:iam::111122223333:role/admin-test-role";
const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";

fn world(mode: &str) -> World {
    let text = scenario::ARTICLE_WORLD.replacen(
        "      creator: user/creator",
        &format!("      creator: user/creator\n      authentication_mode: {mode}"),
        1,
    );
    scenario::stage(&text, Timestamp::UNIX_EPOCH).unwrap().world
}

fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn spec(name: &str, template: &Value) -> NewStack {
    NewStack {
        name: name.to_owned(),
        account: account(),
        region: "us-west-2".to_owned(),
        template_body: template.to_string(),
        parameters: BTreeMap::new(),
        tags: Vec::new(),
        capabilities: Vec::new(),
        role_arn: None,
        termination_protection: false,
        on_failure: OnFailure::Rollback,
    }
}

/// A caller with these policies, whose user is not there: nothing asks for it.
fn caller(policies: PrincipalPolicies) -> Actor {
    let identity = CallerIdentity {
        account: account(),
        arn: "arn:aws:iam::111122223333:user/stacker".to_owned(),
        user_id: "AIDAEXAMPLE".to_owned(),
    };
    Actor::caller(identity, policies, ConditionKeys::default(), "us-west-2")
}

fn admin() -> Actor {
    caller(PrincipalPolicies::administrator())
}

/// A caller whose one policy has this statement.
fn permitted(statement: &Value) -> Actor {
    let text = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    let document = PolicyDocument::parse(&text, PolicyKind::Identity).unwrap();
    caller(PrincipalPolicies {
        identity: vec![Arc::new(document)],
        ..PrincipalPolicies::default()
    })
}

fn create_as(actor: &Actor, world: &mut World, template: &Value) -> Result<Arc<Stack>, StackError> {
    world.create_stack(spec("s", template), actor, Timestamp::UNIX_EPOCH)
}

fn create(world: &mut World, template: &Value) -> Result<Arc<Stack>, StackError> {
    create_as(&admin(), world, template)
}

/// Why the resource of that name is where it stands.
fn reason_of(stack: &Stack, logical_id: &str) -> String {
    let mut resources = stack.resources.iter();
    let resource = resources.find(|resource| resource.logical_id == logical_id);
    resource.unwrap().reason.clone().unwrap_or_default()
}

fn entry(principal: &str) -> Value {
    json!({"Resources": {"AccessEntry": {"Type": ACCESS_ENTRY, "Properties": {
        "ClusterName": "my-cluster",
        "PrincipalArn": principal,
        "KubernetesGroups": ["viewers"],
        "Username": "admin",
        "Tags": [{"Key": "a", "Value": "b"}],
        "AccessPolicies": [{"PolicyArn": VIEW, "AccessScope": {"Type": "namespace", "Namespaces": ["x"]}}],
    }}}})
}

#[test]
fn a_stack_makes_its_entry_and_takes_it_away() {
    let mut world = world("API_AND_CONFIG_MAP");
    let mut template = entry(ROLE);
    template["Outputs"] = json!({
        "Arn": {"Value": {"Fn::GetAtt": ["AccessEntry", "AccessEntryArn"]}},
        "Ref": {"Value": {"Fn::Sub": "${AWS::Region} ${!x} ${AccessEntry}"}},
        "Join": {"Value": {"Fn::Join": ["-", [{"Ref": "AWS::AccountId"}, "x"]]}},
    });
    let stack = create(&mut world, &template).unwrap();
    assert!(
        stack
            .id
            .starts_with("arn:aws:cloudformation:us-west-2:111122223333:stack/s/"),
        "{}",
        stack.id
    );
    let made = world.cluster("my-cluster").unwrap().access_entry(ROLE).unwrap().clone();
    assert_eq!(
        (made.username.as_str(), &made.groups[..]),
        ("admin", &["viewers".to_owned()][..])
    );
    assert_eq!(made.policies[0].scope, AccessScope::Namespaces(vec!["x".to_owned()]));
    assert_eq!(made.tags["a"], "b");
    assert_eq!(
        json!(stack.outputs),
        json!({"Arn": made.arn, "Ref": format!("us-west-2 ${{x}} {ROLE}|my-cluster"), "Join": "111122223333-x"})
    );
    assert_eq!(
        create(&mut world, &template),
        Err(StackError::AlreadyExists { name: "s".to_owned() })
    );

    let (account, now) = (account(), Timestamp::UNIX_EPOCH);
    world.protect_stack("s", &account, "us-west-2", true).unwrap();
    assert!(matches!(
        world.delete_stack("s", &account, "us-west-2", &admin(), now),
        Err(StackError::Protected { .. })
    ));
    world.protect_stack("s", &account, "us-west-2", false).unwrap();
    world.delete_stack("s", &account, "us-west-2", &admin(), now).unwrap();
    assert!(world.cluster("my-cluster").unwrap().access_entry(ROLE).is_err());
    assert!(world.stack("s", &account, "us-west-2").is_err());
    let deleted = world.stack(&stack.id, &account, "us-west-2").unwrap();
    assert_eq!((deleted.status, deleted.deleted), (Status::DeleteComplete, Some(now)));
    // What is gone is deleted already, and its name is free.
    world.delete_stack("s", &account, "us-west-2", &admin(), now).unwrap();
    create(&mut world, &template).unwrap();
    assert!(world.stack("s", &account, "eu-west-1").is_err());
}

#[test]
fn a_refused_entry_rolls_the_stack_back() {
    let nobody = "arn:aws:iam::111122223333:role/nobody";
    let invalid = "The specified principalArn is invalid: invalid principal.";
    let mode =
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.";
    for (mode_name, principal, message, code) in [
        ("API", nobody, invalid, "InvalidRequest"),
        ("CONFIG_MAP", ROLE, mode, "InvalidRequest"),
        (
            "API",
            "arn:aws:iam::111122223333:user/creator",
            "The specified access entry resource is already in use on this cluster.",
            "AlreadyExists",
        ),
    ] {
        let mut world = world(mode_name);
        let stack = create(&mut world, &entry(principal)).unwrap();
        assert_eq!(stack.status, Status::RollbackComplete);
        let failed = stack.events.iter().find(|event| event.status == Status::CreateFailed);
        let reason = failed.unwrap().reason.clone().unwrap();
        assert!(
            reason.starts_with(&format!(
                "Resource handler returned message: \"{message} (Service: Eks, Status Code: "
            )),
            "{reason}"
        );
        assert!(reason.ends_with(&format!("HandlerErrorCode: {code})")), "{reason}");
    }
    // What was made before the one that was refused is gone again.
    let mut template = entry(ROLE);
    template["Resources"]["Bad"] = entry(nobody)["Resources"]["AccessEntry"].clone();
    for (on_failure, status, stays) in [
        (OnFailure::Rollback, Status::RollbackComplete, false),
        (OnFailure::Delete, Status::DeleteComplete, false),
        (OnFailure::DoNothing, Status::CreateFailed, true),
    ] {
        let mut world = world("API");
        let mut spec = spec("s", &template);
        spec.on_failure = on_failure;
        let stack = world.create_stack(spec, &admin(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(stack.status, status);
        let entry = world.cluster("my-cluster").unwrap().access_entry(ROLE);
        assert_eq!(entry.is_ok(), stays, "{on_failure:?}");
    }
    // A policy that is refused takes its entry with it.
    let mut template = entry(ROLE);
    template["Resources"]["AccessEntry"]["Properties"]["AccessPolicies"][0]["PolicyArn"] = json!("x");
    let mut world = world("API");
    assert_eq!(create(&mut world, &template).unwrap().status, Status::RollbackComplete);
    assert!(world.cluster("my-cluster").unwrap().access_entry(ROLE).is_err());
}

#[test]
fn what_is_in_a_stack_is_made_with_the_actors_permissions() {
    let on_cluster = "cluster/my-cluster";
    let on_entry = "access-entry/my-cluster/role/111122223333/admin-test-role/*";
    for (statement, refused) in [
        (
            json!({"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}),
            Some(("eks:CreateAccessEntry", on_cluster)),
        ),
        (
            json!({"Effect": "Allow", "Action": "eks:AssociateAccessPolicy", "Resource": "*"}),
            Some(("eks:CreateAccessEntry", on_cluster)),
        ),
        (
            json!({"Effect": "Allow", "Action": "eks:CreateAccessEntry", "Resource": "*"}),
            Some(("eks:AssociateAccessPolicy", on_entry)),
        ),
        (
            json!({"Effect": "Allow", "Action": "eks:*", "Resource": "arn:aws:eks:us-west-2:111122223333:cluster/other"}),
            Some(("eks:CreateAccessEntry", on_cluster)),
        ),
        (
            json!({"Effect": "Allow", "Action": ["eks:CreateAccessEntry", "eks:AssociateAccessPolicy"], "Resource": [
                "arn:aws:eks:us-west-2:111122223333:cluster/my-cluster",
                "arn:aws:eks:us-west-2:111122223333:access-entry/my-cluster/role/111122223333/admin-test-role/*",
            ]}),
            None,
        ),
        // What policies see of a call by way of a service.
        (
            json!({"Effect": "Allow", "Action": "eks:*", "Resource": "*", "Condition": {
                "ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"},
                "Bool": {"aws:ViaAWSService": "true"},
                "StringEquals": {"aws:RequestedRegion": "us-west-2"},
            }}),
            None,
        ),
        (
            json!({"Effect": "Allow", "Action": "eks:*", "Resource": "*", "Condition": {
                "IpAddress": {"aws:SourceIp": "0.0.0.0/0"},
            }}),
            Some(("eks:CreateAccessEntry", on_cluster)),
        ),
    ] {
        let mut world = world("API");
        let stack = create_as(&permitted(&statement), &mut world, &entry(ROLE)).unwrap();
        let made = world.cluster("my-cluster").unwrap().access_entry(ROLE).is_ok();
        assert_eq!(made, refused.is_none(), "{statement}");
        let Some((action, resource)) = refused else {
            assert_eq!(stack.status, Status::CreateComplete, "{statement}");
            continue;
        };
        assert_eq!(stack.status, Status::RollbackComplete, "{statement}");
        let failed = stack.events.iter().find(|event| event.status == Status::CreateFailed);
        let reason = failed.unwrap().reason.clone().unwrap();
        let wanted = format!(
            "Resource handler returned message: \"User: arn:aws:iam::111122223333:user/stacker is not authorized to \
             perform: {action} on resource: arn:aws:eks:us-west-2:111122223333:{resource} because no identity-based \
             policy allows the {action} action (Service: Eks, Status Code: 403, Request ID: "
        );
        assert!(reason.starts_with(&wanted), "{reason}");
        assert!(reason.ends_with("HandlerErrorCode: AccessDenied)"), "{reason}");
    }
}

#[test]
fn what_may_not_be_deleted_stays() {
    let (account, now) = (account(), Timestamp::UNIX_EPOCH);
    let makes = json!({
        "Effect": "Allow", "Action": ["eks:CreateAccessEntry", "eks:AssociateAccessPolicy"], "Resource": "*",
    });
    let maker = permitted(&makes);
    let is_there = |world: &World| world.cluster("my-cluster").unwrap().access_entry(ROLE).is_ok();
    let denied = "is not authorized to perform: eks:DeleteAccessEntry on resource: \
                  arn:aws:eks:us-west-2:111122223333:access-entry/my-cluster/role/111122223333/admin-test-role/";
    let left = Some("The following resource(s) failed to delete: [AccessEntry]. ");

    let mut world = world("API");
    create_as(&maker, &mut world, &entry(ROLE)).unwrap();
    world.delete_stack("s", &account, "us-west-2", &maker, now).unwrap();
    let stack = world.stack("s", &account, "us-west-2").unwrap();
    assert_eq!((stack.status, stack.deleted), (Status::DeleteFailed, None));
    assert_eq!(stack.status_reason.as_deref(), left);
    assert_eq!(stack.resources[0].status, Status::DeleteFailed);
    let reason = reason_of(stack, "AccessEntry");
    assert!(reason.contains(denied) && !reason.contains("/* "), "{reason}");
    assert!(is_there(&world));
    // Who may, deletes it later.
    world.delete_stack("s", &account, "us-west-2", &admin(), now).unwrap();
    assert!(world.stack("s", &account, "us-west-2").is_err());
    assert!(!is_there(&world));

    let mut template = entry(ROLE);
    template["Resources"]["Bad"] = entry("arn:aws:iam::111122223333:role/nobody")["Resources"]["AccessEntry"].clone();
    for (on_failure, status) in [
        (OnFailure::Rollback, Status::RollbackFailed),
        (OnFailure::Delete, Status::DeleteFailed),
    ] {
        let mut world = self::world("API");
        let spec = NewStack {
            on_failure,
            ..spec("s", &template)
        };
        let stack = world.create_stack(spec, &maker, now).unwrap();
        assert_eq!((stack.status, stack.status_reason.as_deref()), (status, left));
        assert!(is_there(&world));
        world.delete_stack("s", &account, "us-west-2", &admin(), now).unwrap();
        assert!(!is_there(&world));
    }
}

#[test]
fn templates_that_cannot_be_made_make_nothing() {
    let with = |pointer: &str, value: Value| {
        let mut template = entry(ROLE);
        template[pointer] = value;
        template
    };
    for (template, message) in [
        (json!("text"), "Template format error: unsupported structure."),
        (
            json!({}),
            "Template format error: At least one Resources member must be defined.",
        ),
        (
            json!({"Resources": {"A": {}}}),
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        (
            json!({"Resources": {"A": {"Type": "AWS::S3::Bucket"}, "B": {"Type": "AWS::IAM::Role"}}}),
            "eks-auth-sim does not serve resources of the types [AWS::IAM::Role, AWS::S3::Bucket] in templates, only AWS::EKS::AccessEntry",
        ),
        (
            with("Other", json!({})),
            "Template format error: Invalid template property or properties [Other]",
        ),
        (
            with("Conditions", json!({})),
            "eks-auth-sim does not serve Conditions in templates",
        ),
        (
            with("Parameters", json!({"P": {"Type": "String"}})),
            "Parameters: [P] must have values",
        ),
        (
            with("Outputs", json!({"O": {"Value": {"Ref": "None"}}})),
            "Template format error: Unresolved resource dependencies [None] in the Outputs block of the template",
        ),
        (
            with("Outputs", json!({"O": {"Value": {"Fn::Select": [0, []]}}})),
            "eks-auth-sim does not serve Fn::Select in templates",
        ),
    ] {
        let mut world = world("API");
        assert_eq!(create(&mut world, &template).unwrap_err().to_string(), message);
        assert!(world.stacks.is_empty());
    }
    let mut world = world("API");
    let mut given = spec("s", &entry(ROLE));
    given.parameters.insert("P".to_owned(), "x".to_owned());
    assert_eq!(
        world
            .create_stack(given, &admin(), Timestamp::UNIX_EPOCH)
            .unwrap_err()
            .to_string(),
        "Parameters: [P] do not exist in the template"
    );
    for name in ["", "1a", "a_b", "a b", &"a".repeat(129)] {
        let refused = world.create_stack(spec(name, &entry(ROLE)), &admin(), Timestamp::UNIX_EPOCH);
        assert_eq!(refused.unwrap_err(), StackError::InvalidName { name: name.to_owned() });
    }
}

#[test]
fn yaml_and_parameters_are_read() {
    let mut world = world("API");
    let mut spec = spec("s", &Value::Null);
    spec.template_body = format!(
        "Parameters:\n  Cluster: {{Type: String, Default: my-cluster}}\n  Who: {{Type: String}}\nResources:\n  E:\n    Type: {ACCESS_ENTRY}\n    Properties:\n      ClusterName: {{Ref: Cluster}}\n      PrincipalArn:\n        Fn::Sub: arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/${{Who}}\n"
    );
    spec.parameters.insert("Who".to_owned(), "admin-test-role".to_owned());
    let stack = world.create_stack(spec, &admin(), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(stack.status, Status::CreateComplete);
    assert!(world.cluster("my-cluster").unwrap().access_entry(ROLE).is_ok());
}

/// Each of these would make gigabytes of a template of some kilobytes.
#[test]
fn what_values_come_to_is_bounded() {
    let long = "x".repeat(50_000);
    let mut world = world("API_AND_CONFIG_MAP");
    for output in [
        json!({"Fn::Sub": "${Long}".repeat(50_000)}),
        json!({"Fn::Join": ["", vec![json!({"Ref": "Long"}); 50_000]]}),
        json!({"Fn::Join": [long, vec![json!("a"); 50_000]]}),
    ] {
        let mut template = entry(ROLE);
        template["Parameters"] = json!({"Long": {"Default": long}});
        template["Outputs"] = json!({"O": {"Value": output}});
        assert_eq!(create(&mut world, &template), Err(StackError::TemplateTooLarge));
    }
    assert!(world.stacks.is_empty());
    let mut template = entry(ROLE);
    for at in 0..500 {
        template["Resources"][format!("E{at}")] = template["Resources"]["AccessEntry"].clone();
    }
    let refused = create(&mut world, &template).unwrap_err().to_string();
    assert_eq!(
        refused,
        "Template format error: Number of resources, 501, is greater than maximum allowed, 500"
    );
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_refused(text in ".{0,200}") {
        let _ = Template::parse(&text);
    }

    #[test]
    fn any_substitution_ends(text in "[${}!A-Za:]{0,40}") {
        let scope = Scope::new(&BTreeMap::new(), &account(), "us-west-2", "s", "id");
        let _ = scope.resolve(&json!({"Fn::Sub": text}), "Outputs");
    }
}
