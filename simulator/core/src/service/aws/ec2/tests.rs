//! Signed calls through the whole AWS endpoint: ids, filters, pages, rights, and who it is that calls.

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
        - {name: admin}
        - {name: nobody, policies: []}
        - {name: reader, policies: [ReadOnlyAccess]}
  clusters:
    - {name: one, region: us-west-2, account: "111122223333", creator: user/admin}
    - name: two
      account: "111122223333"
      region: us-west-2
      creator: user/admin
      instances: {i-0123456789abcdef0: ip-10-0-0-1.us-west-2.compute.internal}
  profiles:
    - {name: admin, user: admin}
    - {name: nobody, user: nobody}
    - {name: reader, user: reader}
"#;

struct Fixture {
    state: State,
    keys: Vec<Key>,
}

impl Fixture {
    fn new() -> Self {
        let now = Timestamp::from_unix_seconds(1_795_481_097);
        let staging = scenario::stage(WORLD, now).unwrap();
        let keys = staging.profiles.iter().map(Key::of).collect();
        Self {
            state: State::new(staging.world, now),
            keys,
        }
    }

    fn call_as(&self, profile: usize, region: &str, form: &str) -> (u16, String) {
        let unsigned = Unsigned::post(format!("{form}&Version=2016-11-15").into_bytes());
        let response = self.keys[profile].call(&self.state, ("ec2", region), unsigned);
        (response.status, String::from_utf8(response.body).unwrap())
    }

    #[track_caller]
    fn good(&self, form: &str) -> String {
        let (status, body) = self.call_as(0, "us-west-2", form);
        assert_eq!(status, 200, "{form}: {body}");
        body
    }

    #[track_caller]
    fn refused(&self, profile: usize, form: &str, status: u16, code: &str, message: &str) {
        let (got, body) = self.call_as(profile, "us-west-2", form);
        let escaped = message.replace('\'', "&apos;").replace('"', "&quot;");
        let wanted = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{escaped}</Message></Error></Errors><RequestID>"
        );
        assert!(body.contains(&wanted), "{form}: {body}");
        assert_eq!(got, status, "{form}");
    }
}

/// What stands in each element of that name.
fn texts<'a>(body: &'a str, element: &str) -> Vec<&'a str> {
    body.split(&format!("<{element}>"))
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect()
}

#[test]
fn instances_of_all_clusters_are_found_by_id_and_by_filter() {
    let fixture = Fixture::new();
    let all = |form: &str| -> usize {
        let body = fixture.good(&format!("Action=DescribeInstances{form}"));
        texts(&body, "reservationId").len()
    };
    // Nodes of one world may have the ids of another's, an instance of its own has not.
    assert!(all("") >= 3);
    assert_eq!(all("&InstanceId.1=i-0123456789abcdef0"), 1);
    assert_eq!(
        all("&Filter.1.Name=tag:eks:cluster-name&Filter.1.Value.1=two"),
        all("&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-*&Filter.2.Name=tag:eks:cluster-name&Filter.2.Value.1=t?o")
    );
    assert_eq!(all("&Filter.1.Name=private-dns-name&Filter.1.Value.1=ip-10-*"), 1);
    assert_eq!(
        all("&Filter.1.Name=instance-state-name&Filter.1.Value.1=stopped&Filter.1.Value.2=pending"),
        0
    );
    let (_, elsewhere) = fixture.call_as(0, "us-east-1", "Action=DescribeInstances");
    assert!(elsewhere.contains("<reservationSet></reservationSet>"), "{elsewhere}");
}

#[test]
fn describe_cluster_and_ec2_name_the_same_network() {
    let fixture = Fixture::new();
    let world = fixture.state.snapshot();
    for cluster in world.clusters.values() {
        let vpc = cluster.vpc_id();
        let body = fixture.good(&format!("Action=DescribeVpcs&VpcId.1={vpc}"));
        assert_eq!(texts(&body, "cidrBlock")[0], "192.168.0.0/16");
        let body = fixture.good(&format!(
            "Action=DescribeSubnets&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}"
        ));
        let mut subnets = cluster.settings().vpc.subnet_ids.clone();
        subnets.sort_unstable();
        assert_eq!(texts(&body, "subnetId"), subnets);
        let group = cluster.security_group_id();
        let body = fixture.good(&format!("Action=DescribeSecurityGroups&GroupId.1={group}"));
        assert_eq!(texts(&body, "vpcId"), [vpc.as_str()]);
        let body = fixture.good(&format!(
            "Action=DescribeSecurityGroups&GroupName.1=default&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}"
        ));
        assert_eq!(texts(&body, "groupName"), ["default"]);
    }
}

#[test]
fn lists_come_in_pages() {
    let fixture = Fixture::new();
    let (cluster, mut token, mut seen) = ("one", String::new(), 0);
    fixture.state.change(|world| {
        let (cluster, _) = world.cluster_mut(cluster).unwrap();
        for at in 0..12 {
            cluster.instances.insert(format!("i-{at:017x}"), format!("node-{at}"));
        }
    });
    let form = "Action=DescribeInstances&Filter.1.Name=private-dns-name&Filter.1.Value.1=node-*&MaxResults=5";
    loop {
        let body = fixture.good(&format!("{form}{token}"));
        seen += texts(&body, "instanceId").len();
        match texts(&body, "nextToken").first() {
            Some(next) => token = format!("&NextToken={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 12);
}

#[test]
fn refusals_are_worded_as_ec2_words_them() {
    let fixture = Fixture::new();
    for (form, code, message) in [
        (
            "Action=DescribeInstances&InstanceId.1=i-00000000000000001",
            "InvalidInstanceID.NotFound",
            "The instance ID 'i-00000000000000001' does not exist",
        ),
        (
            "Action=DescribeInstances&InstanceId.1=i-00000001&InstanceId.2=i-00000002&InstanceId.3=i-0123456789abcdef0",
            "InvalidInstanceID.NotFound",
            "The instance IDs 'i-00000001, i-00000002' do not exist",
        ),
        (
            "Action=DescribeInstances&InstanceId.1=ma1",
            "InvalidInstanceID.Malformed",
            "Invalid id: \"ma1\"",
        ),
        (
            "Action=DescribeInstances&InstanceId.1=i-0123456789abcdef0&MaxResults=5",
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        ),
        (
            "Action=DescribeSubnets&SubnetId.1=subnet-d03567fa",
            "InvalidSubnetID.NotFound",
            "The subnet ID 'subnet-d03567fa' does not exist",
        ),
        (
            "Action=DescribeVpcs&VpcId.1=vpc-d03567fa",
            "InvalidVpcID.NotFound",
            "The vpc ID 'vpc-d03567fa' does not exist",
        ),
        (
            "Action=DescribeSecurityGroups&GroupId.1=sg-d03567fa",
            "InvalidGroup.NotFound",
            "The security group 'sg-d03567fa' does not exist",
        ),
        (
            "Action=DescribeSecurityGroups&GroupName.1=none",
            "InvalidGroup.NotFound",
            "The security group 'none' does not exist",
        ),
        (
            "Action=DescribeVpcs&Filter.1.Name=foo&Filter.1.Value.1=x",
            "InvalidParameterValue",
            "The filter 'foo' is invalid",
        ),
        (
            "Action=RunInstances",
            "InvalidAction",
            "The action RunInstances is not valid for this web service.",
        ),
    ] {
        fixture.refused(0, form, 400, code, message);
    }
    let many: String = (1..=201).map(|at| format!("&Filter.1.Value.{at}=x")).collect();
    fixture.refused(
        0,
        &format!("Action=DescribeVpcs&Filter.1.Name=vpc-id{many}"),
        400,
        "FilterLimitExceeded",
        "The maximum number of filter values specified on a single call is 200",
    );
}

#[test]
fn who_may_not_is_told_so_before_anything_else() {
    let fixture = Fixture::new();
    fixture.refused(
        1,
        "Action=DescribeInstances&InstanceId.1=ma1&DryRun=true",
        403,
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action",
    );
    fixture.refused(
        2,
        "Action=DescribeInstances&DryRun=true",
        412,
        "DryRunOperation",
        "Request would have succeeded, but DryRun flag is set.",
    );
    let (status, body) = fixture.call_as(2, "us-west-2", "Action=DescribeSubnets");
    assert_eq!(status, 200, "{body}");
}

#[test]
fn a_wrong_key_is_told_no_more_than_ec2_tells() {
    let fixture = Fixture::new();
    let unknown = Key {
        id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret: fixture.keys[0].secret.clone(),
    };
    let other = Key {
        id: fixture.keys[0].id.clone(),
        secret: fixture.keys[1].secret.clone(),
    };
    for key in [unknown, other] {
        let unsigned = Unsigned::post(b"Action=DescribeVpcs".to_vec());
        let response = key.call(&fixture.state, ("ec2", "us-west-2"), unsigned);
        let body = String::from_utf8(response.body).unwrap();
        let wanted =
            "<Code>AuthFailure</Code><Message>AWS was not able to validate the provided access credentials</Message>";
        assert!(body.contains(wanted), "{body}");
        assert_eq!(response.status, 401);
    }
}
