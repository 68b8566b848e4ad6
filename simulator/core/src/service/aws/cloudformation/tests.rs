//! Signed calls: whose permissions a stack is made with.

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::json;

use crate::scenario;
use crate::service::aws::testing::Key;
use crate::service::aws::testing::Unsigned;
use crate::service::testing::State;
use crate::value::instant::Timestamp;

const WORLD: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users:
        - name: creator
        - name: stacker
          inline_policies:
            - name: stacks
              document: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cloudformation:*","Resource":"*"}}'
        - name: passer
          inline_policies:
            - name: stacks
              document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudformation:*","Resource":"*"},{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"cloudformation.amazonaws.com"}}}]}'
      roles:
        - name: stacks
          path: /ops/
          trust_policy: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"cloudformation.amazonaws.com"},"Action":"sts:AssumeRole"}}'
        - name: narrow
          trust_policy: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"cloudformation.amazonaws.com"},"Action":"sts:AssumeRole"}}'
          inline_policies:
            - name: none
              document: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cloudformation:*","Resource":"*"}}'
        - name: untrusting
          trusted: [user/creator]
  clusters:
    - {name: my-cluster, region: us-west-2, account: "111122223333", creator: user/creator, authentication_mode: API}
  profiles:
    - {name: stacker, user: stacker}
    - {name: passer, user: passer}
"#;
const STACKER: &str = "arn:aws:iam::111122223333:user/stacker";
const STACKS: &str = "arn:aws:iam::111122223333:role/ops/stacks";

struct Fixture {
    state: State,
    keys: Vec<(String, Key)>,
}

impl Fixture {
    fn new() -> Self {
        let now = Timestamp::from_unix_seconds(1_795_481_097);
        let staging = scenario::stage(WORLD, now).unwrap();
        let keys = staging.profiles.iter();
        let keys = keys.map(|profile| (profile.name.clone(), Key::of(profile))).collect();
        let state = State::new(staging.world, now);
        Self { state, keys }
    }

    fn call(&self, user: &str, form: &str) -> (u16, String) {
        let (_, key) = self.keys.iter().find(|(name, _)| name == user).unwrap();
        let unsigned = Unsigned::post(form.as_bytes().to_vec());
        let response = key.call(&self.state, ("cloudformation", "us-west-2"), unsigned);
        (response.status, String::from_utf8(response.body).unwrap())
    }

    /// Makes a stack in which the user `stacker` becomes the cluster's administrator.
    fn create(&self, user: &str, role_arn: Option<&str>) -> (u16, String) {
        let template = json!({"Resources": {"Entry": {"Type": "AWS::EKS::AccessEntry", "Properties": {
            "ClusterName": "my-cluster",
            "PrincipalArn": STACKER,
            "AccessPolicies": [{
                "PolicyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
                "AccessScope": {"Type": "cluster"},
            }],
        }}}});
        let template = template.to_string();
        let encoded = utf8_percent_encode(&template, NON_ALPHANUMERIC);
        let role = role_arn.map(|arn| format!("&RoleARN={}", utf8_percent_encode(arn, NON_ALPHANUMERIC)));
        let role = role.unwrap_or_default();
        self.call(
            user,
            &format!("Action=CreateStack&StackName=s&TemplateBody={encoded}{role}"),
        )
    }

    fn is_administrator(&self) -> bool {
        let world = self.state.snapshot();
        world.cluster("my-cluster").unwrap().access_entry(STACKER).is_ok()
    }
}

#[test]
fn nobody_becomes_an_administrator_by_a_stack() {
    let fixture = Fixture::new();
    assert_eq!(fixture.create("stacker", None).0, 200);
    assert!(!fixture.is_administrator());
    let (_, stacks) = fixture.call("stacker", "Action=DescribeStacks&StackName=s");
    assert!(
        stacks.contains("<StackStatus>ROLLBACK_COMPLETE</StackStatus>"),
        "{stacks}"
    );
    let (_, events) = fixture.call("stacker", "Action=DescribeStackEvents&StackName=s");
    let denied = format!(
        "User: {STACKER} is not authorized to perform: eks:CreateAccessEntry on resource: \
         arn:aws:eks:us-west-2:111122223333:cluster/my-cluster because no identity-based policy allows the \
         eks:CreateAccessEntry action (Service: Eks, Status Code: 403"
    );
    assert!(events.contains(&denied), "{events}");
}

#[test]
fn a_service_role_works_for_whom_may_pass_it_and_then_for_good() {
    let fixture = Fixture::new();
    let (status, denied) = fixture.create("stacker", Some(STACKS));
    assert_eq!(status, 403, "{denied}");
    let wanted = format!("User: {STACKER} is not authorized to perform: iam:PassRole on resource: {STACKS}");
    assert!(
        denied.contains("<Code>AccessDenied</Code>") && denied.contains(&wanted),
        "{denied}"
    );

    let (status, answer) = fixture.create("passer", Some(STACKS));
    assert_eq!(status, 200, "{answer}");
    assert!(fixture.is_administrator());
    let (_, stacks) = fixture.call("passer", "Action=DescribeStacks&StackName=s");
    assert!(stacks.contains(&format!("<RoleARN>{STACKS}</RoleARN>")), "{stacks}");
    // The stack keeps its role, whoever deletes it.
    assert_eq!(fixture.call("stacker", "Action=DeleteStack&StackName=s").0, 200);
    assert!(!fixture.is_administrator());
}

#[test]
fn a_service_role_has_its_own_permissions_and_trusts_the_service() {
    let fixture = Fixture::new();
    let (status, answer) = fixture.create("passer", Some("arn:aws:iam::111122223333:role/narrow"));
    assert_eq!(status, 200, "{answer}");
    assert!(!fixture.is_administrator());
    let (_, events) = fixture.call("passer", "Action=DescribeStackEvents&StackName=s");
    let denied = "User: arn:aws:sts::111122223333:assumed-role/narrow/AWSCloudFormation is not authorized to perform: \
                  eks:CreateAccessEntry";
    assert!(events.contains(denied), "{events}");

    let fixture = Fixture::new();
    for (role, message) in [
        ("stacks", "stacks is not a valid RoleARN"),
        (STACKER, "arn:aws:iam::111122223333:user/stacker is not a valid RoleARN"),
        // The path is part of the ARN.
        (
            "arn:aws:iam::111122223333:role/stacks",
            "Role arn:aws:iam::111122223333:role/stacks is invalid or cannot be assumed",
        ),
        (
            "arn:aws:iam::111122223333:role/untrusting",
            "Role arn:aws:iam::111122223333:role/untrusting is invalid or cannot be assumed",
        ),
    ] {
        let (status, answer) = fixture.create("passer", Some(role));
        assert_eq!(status, 400, "{answer}");
        assert!(
            answer.contains("<Code>ValidationError</Code>") && answer.contains(message),
            "{answer}"
        );
    }
    let (status, answer) = fixture.create("passer", Some("arn:aws:iam::444455556666:role/stacks"));
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains("Cross-account pass role is not allowed"), "{answer}");
    assert!(fixture.state.snapshot().stacks.is_empty());
}
