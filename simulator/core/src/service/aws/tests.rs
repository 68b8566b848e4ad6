//! What is not served: each answer is AWS's own, and the header, the log and the journal say that the simulator lacks it.

use std::time::Duration;

use super::testing::Key;
use super::testing::Unsigned;
use crate::scenario;
use crate::service::aws::unserved::HEADER;
use crate::service::event::EventKind;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::testing::State;
use crate::value::instant::Timestamp;
use crate::world::fault::FaultSpec;
use crate::world::fault::LONGEST_MS;

struct Fixture {
    state: State,
    key: Key,
}

impl Fixture {
    fn new() -> Self {
        let now = Timestamp::from_unix_seconds(1_795_481_097);
        let staging = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap();
        let creator = staging
            .profiles
            .iter()
            .find(|profile| profile.name == "creator")
            .unwrap();
        let key = Key::of(creator);
        let state = State::new(staging.world, now);
        Self { state, key }
    }

    /// The header of an answer, after a look at the log and the journal, which say the same.
    #[track_caller]
    fn told(&self, response: &Response) -> Option<String> {
        let header = response.headers.iter().find(|(name, _)| *name == HEADER);
        let header = header.map(|(_, value)| value.clone());
        let event = self.state.journal().last(|_| true).unwrap();
        let EventKind::AwsCall { unserved, status, .. } = event.kind else {
            panic!("{event:?}");
        };
        assert_eq!(unserved, header);
        assert_eq!(status, response.status);
        let logged = self.state.take_line();
        match &header {
            Some(sentence) => {
                let line = logged.unwrap();
                assert!(
                    line.contains(&format!("level=warning msg=\"{sentence}\" action=")),
                    "{line}"
                );
            }
            None => assert_eq!(logged, None),
        }
        header
    }

    fn get(&self, service: &str, path: &str) -> Response {
        let unsigned = Unsigned {
            method: "GET",
            path,
            query: "",
            headers: &[],
            body: Vec::new(),
        };
        self.key.call(&self.state, (service, "us-west-2"), unsigned)
    }

    fn post(&self, service: &str, form: &str) -> Response {
        let unsigned = Unsigned::post(form.as_bytes().to_vec());
        self.key.call(&self.state, (service, "us-west-2"), unsigned)
    }
}

#[test]
fn what_is_not_served_is_answered_as_aws_does_and_said_to_be_the_simulators_lack() {
    let fixture = Fixture::new();
    let say = |what: &str| {
        Some(format!(
            "{what} is not served by the simulator; see eks-auth-sim operations"
        ))
    };
    for (response, status, code, what) in [
        (
            fixture.get("eks", "/clusters/my-cluster/capabilities"),
            403,
            "AccessDeniedException",
            "EKS GET /clusters/my-cluster/capabilities",
        ),
        (
            fixture.post("iam", "Action=GenerateCredentialReport"),
            400,
            "InvalidAction",
            "IAM GenerateCredentialReport",
        ),
        (
            fixture.post("ec2", "Action=RunInstances"),
            400,
            "InvalidAction",
            "EC2 RunInstances",
        ),
        (fixture.post("s3", "Action=X"), 501, "NotImplemented", "s3 X"),
        (fixture.get("s3", "/bucket"), 501, "NotImplemented", "s3 GET /bucket"),
    ] {
        assert_eq!(response.status, status, "{what}");
        let text = format!("{:?}{}", response.headers, String::from_utf8_lossy(&response.body));
        assert!(text.contains(code), "{what}: {text}");
    }
    // The same once more, each looked at before the next one is asked.
    assert_eq!(
        fixture.told(&fixture.get("eks", "/clusters/my-cluster/capabilities")),
        say("EKS GET /clusters/my-cluster/capabilities")
    );
    while fixture.state.take_line().is_some() {}
    assert_eq!(
        fixture.told(&fixture.post("iam", "Action=GenerateCredentialReport")),
        say("IAM GenerateCredentialReport")
    );
    while fixture.state.take_line().is_some() {}
    assert_eq!(fixture.told(&fixture.get("s3", "/bucket")), say("s3 GET /bucket"));
    while fixture.state.take_line().is_some() {}
    assert_eq!(fixture.told(&fixture.get("eks", "/clusters")), None);
    // A refusal of something that is served is AWS's alone.
    assert_eq!(fixture.told(&fixture.get("eks", "/clusters/none")), None);
}

#[test]
fn a_part_that_is_not_served_is_said_too() {
    let fixture = Fixture::new();
    let response = fixture.post("cloudformation", "Action=CreateStack&StackName=a&TemplateURL=https://x");
    assert_eq!(response.status, 400);
    assert_eq!(
        fixture.told(&response).as_deref(),
        Some("eks-auth-sim does not serve TemplateURL, since it reaches nothing")
    );
    let response = fixture.post("ec2", "Action=DescribeVpcs&Filter.1.Name=foo&Filter.1.Value.1=x");
    assert_eq!(
        fixture.told(&response).as_deref(),
        Some("eks-auth-sim does not serve the filter foo here")
    );
}

#[test]
fn the_header_that_names_the_operation_is_signed() {
    let fixture = Fixture::new();
    let target = ("x-amz-target", "Logs_20140328.DescribeLogGroups".to_owned());
    let call = |headers: &[(&str, String)], more: Option<(&str, String)>| {
        let unsigned = Unsigned {
            headers,
            ..Unsigned::post(b"{}".to_vec())
        };
        let mut request = fixture.key.sign(&fixture.state, ("logs", "us-west-2"), unsigned);
        request
            .headers
            .extend(more.map(|(name, value)| (name.to_owned(), value)));
        fixture.state.aws(&request)
    };
    assert_eq!(call(std::slice::from_ref(&target), None).status, 200);
    let response = call(&[], Some(target));
    assert_eq!(response.status, 400);
    let body = String::from_utf8_lossy(&response.body).into_owned();
    assert!(
        body.contains("'x-amz-target' must be a 'SignedHeader' in the AWS Authorization."),
        "{body}"
    );
}

#[test]
fn it_is_said_of_calls_without_a_signature_as_well() {
    let fixture = Fixture::new();
    let request = Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        headers: vec![("host".to_owned(), "sts.us-west-2.amazonaws.com".to_owned())],
        body: b"Action=AssumeRoleWithSAML&Version=2011-06-15".to_vec(),
        peer: ([127, 0, 0, 1], 1).into(),
    };
    let response = fixture.state.aws(&request);
    assert_eq!(response.status, 403);
    assert_eq!(
        fixture.told(&response).as_deref(),
        Some("STS AssumeRoleWithSAML is not served by the simulator; see eks-auth-sim operations")
    );
}

#[test]
fn a_clients_text_does_no_harm_in_the_header() {
    let fixture = Fixture::new();
    let action = "%0d%0aset-cookie:%20a%3db%c3%a9".to_owned() + &"x".repeat(100_000);
    let response = fixture.post("iam", &format!("Action={action}"));
    let header = response.headers.iter().find(|(name, _)| *name == HEADER).unwrap();
    assert!(header.1.starts_with("IAM ??set-cookie: a=b?xxx"), "{}", header.1);
    assert!(header.1.len() < 400);
    let event = fixture.state.journal().last(|_| true).unwrap();
    let EventKind::AwsCall { action, .. } = event.kind else {
        panic!("{event:?}");
    };
    assert!(action.len() < 400, "{}", action.len());
    assert!(fixture.state.take_line().unwrap().contains(r"IAM \r\nset-cookie"));
}

#[test]
fn sentences_that_services_build_are_bounded_too() {
    let fixture = Fixture::new();
    let name = "x".repeat(100_000);
    let response = fixture.post(
        "ec2",
        &format!("Action=DescribeVpcs&Filter.1.Name={name}&Filter.1.Value.1=x"),
    );
    let told = fixture.told(&response).unwrap();
    assert!(
        told.starts_with("eks-auth-sim does not serve the filter xxx") && told.len() < 600,
        "{told}"
    );
    assert!(response.body.len() < 10_000, "{}", response.body.len());
}

#[test]
fn a_fault_says_how_late_the_answer_is() {
    for (effect, milliseconds, late_ms) in [
        ("latency", Some(3000), 3000),
        ("timeout", None, LONGEST_MS),
        ("throttle", None, 0),
    ] {
        let fixture = Fixture::new();
        fixture.state.change(|world| {
            let spec = FaultSpec {
                effect: effect.to_owned(),
                milliseconds,
                ..FaultSpec::default()
            };
            world.faults.add(spec).unwrap();
        });
        let unsigned = Unsigned::post(b"Action=GetCallerIdentity&Version=2011-06-15".to_vec());
        let request = fixture.key.sign(&fixture.state, ("sts", "us-west-2"), unsigned);
        assert_eq!(
            fixture.state.delay_of(&request),
            Duration::from_millis(late_ms),
            "{effect}"
        );
    }
}
