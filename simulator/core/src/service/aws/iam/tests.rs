//! Signed calls through the whole AWS endpoint: who may call, what is refused, pages.

use crate::scenario;
use crate::service::aws::testing::Key;
use crate::service::aws::testing::Unsigned;
use crate::service::testing::State;
use crate::value::instant::Timestamp;

const WORLD: &str = r#"
world:
  accounts:
    - id: "111122223333"
      alias: story
      groups:
        - {name: readers, policies: [IAMReadOnlyAccess]}
      policies:
        - {name: Keys, path: /team/, document: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::*:user/team/${aws:username}"}}'}
      users:
        - {name: admin, mfa_seed: GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ}
        - {name: reader, policies: [], groups: [readers]}
        - {name: self, path: /team/, policies: [Keys]}
        - {name: bounded, permissions_boundary: IAMReadOnlyAccess}
      roles:
        - {service_linked: eks.amazonaws.com}
  clusters: []
  profiles:
    - {name: admin, user: admin}
    - {name: reader, user: reader}
    - {name: self, user: self}
    - {name: bounded, user: bounded}
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

    fn call_as(&self, profile: usize, form: &str) -> (u16, String) {
        let unsigned = Unsigned::post(form.as_bytes().to_vec());
        let response = self.keys[profile].call(&self.state, ("iam", "us-east-1"), unsigned);
        (response.status, String::from_utf8(response.body).unwrap())
    }

    #[track_caller]
    fn good(&self, form: &str) -> String {
        let (status, body) = self.call_as(0, form);
        assert_eq!(status, 200, "{form}: {body}");
        body
    }

    #[track_caller]
    fn refused_as(&self, profile: usize, form: &str, status: u16, code: &str, message: &str) {
        let (got, body) = self.call_as(profile, form);
        let escaped = message.replace('\'', "&apos;").replace('"', "&quot;");
        let wanted = format!("<Code>{code}</Code><Message>{escaped}</Message>");
        assert!(body.contains(&wanted), "{form}: {body}");
        assert_eq!(got, status, "{form}");
    }

    #[track_caller]
    fn refused(&self, form: &str, status: u16, code: &str, message: &str) {
        self.refused_as(0, form, status, code, message);
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
fn a_caller_may_do_what_its_policies_allow() {
    let fixture = Fixture::new();
    let reader = "arn:aws:iam::111122223333:user/reader";
    for (profile, form, allowed) in [
        (0, "Action=CreateGroup&GroupName=g", true),
        (1, "Action=ListUsers", true),
        (1, "Action=GetUser", true),
        (1, "Action=CreateGroup&GroupName=h", false),
        (2, "Action=CreateAccessKey", true),
        (2, "Action=ListAccessKeys&UserName=self", true),
        (2, "Action=CreateAccessKey&UserName=admin", false),
        (3, "Action=ListRoles", true),
        (3, "Action=DeleteGroup&GroupName=g", false),
    ] {
        let (status, body) = fixture.call_as(profile, form);
        assert_eq!(status, if allowed { 200 } else { 403 }, "{form}: {body}");
    }
    fixture.refused_as(
        1,
        "Action=DeleteUser&UserName=self",
        403,
        "AccessDenied",
        &format!(
            "User: {reader} is not authorized to perform: iam:DeleteUser on resource: arn:aws:iam::111122223333:user/team/self because no identity-based policy allows the iam:DeleteUser action"
        ),
    );
}

#[test]
fn lists_come_in_pages() {
    let fixture = Fixture::new();
    let mut seen = Vec::new();
    let mut marker = String::new();
    loop {
        let body = fixture.good(&format!("Action=ListUsers&MaxItems=3{marker}"));
        seen.extend(texts(&body, "UserName").into_iter().map(str::to_owned));
        assert_eq!(
            texts(&body, "IsTruncated"),
            [if texts(&body, "Marker").is_empty() {
                "false"
            } else {
                "true"
            }]
        );
        match texts(&body, "Marker").first() {
            Some(next) => marker = format!("&Marker={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["admin", "bounded", "reader", "self"]);
    let body = fixture.good("Action=ListUsers&PathPrefix=/team/");
    assert_eq!(texts(&body, "UserName"), ["self"]);
    let body = fixture.good("Action=ListPolicies&Scope=Local&OnlyAttached=true");
    assert_eq!(texts(&body, "PolicyName"), ["Keys"]);
    assert_eq!(texts(&body, "AttachmentCount"), ["1"]);
    let body = fixture.good("Action=ListEntitiesForPolicy&PolicyArn=arn:aws:iam::aws:policy/IAMReadOnlyAccess");
    assert_eq!(texts(&body, "GroupName"), ["readers"]);
    assert_eq!(texts(&body, "UserName"), ["bounded"]);
    let body = fixture.good("Action=ListAttachedUserPolicies&UserName=admin");
    assert_eq!(texts(&body, "PolicyName"), ["AdministratorAccess"]);
    fixture.refused("Action=ListUsers&Marker=!", 400, "ValidationError", "Invalid Marker.");
}

#[test]
fn refusals_are_worded_as_iam_words_them() {
    let fixture = Fixture::new();
    let service_role = "AWSServiceRoleForAmazonEKS";
    let protected = format!(
        "Cannot perform the operation on the protected role '{service_role}' - this role is only modifiable by AWS"
    );
    for (form, status, code, message) in [
        (
            "Action=CreateUser&MaxItems=x",
            400,
            "ValidationError",
            "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "Action=ListUsers&MaxItems=0&Marker=",
            400,
            "ValidationError",
            "2 validation errors detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '' at 'marker' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            "Action=CreateUser&UserName=ADMIN",
            409,
            "EntityAlreadyExists",
            "User with name ADMIN already exists.",
        ),
        (
            "Action=CreateRole&RoleName=r&Path=/aws-service-role/x/&AssumeRolePolicyDocument=%7B%7D",
            400,
            "InvalidInput",
            "Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles",
        ),
        (
            "Action=DeleteRole&RoleName=AWSServiceRoleForAmazonEKS",
            400,
            "UnmodifiableEntity",
            &protected,
        ),
        (
            "Action=AttachRolePolicy&RoleName=AWSServiceRoleForAmazonEKS&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess",
            400,
            "UnmodifiableEntity",
            &protected,
        ),
        (
            "Action=CreateServiceLinkedRole&AWSServiceName=eks.amazonaws.com",
            400,
            "InvalidInput",
            "Service role name AWSServiceRoleForAmazonEKS has been taken in this account, please try a different suffix.",
        ),
        (
            "Action=AttachUserPolicy&UserName=self&PolicyArn=arn:aws:iam::111122223333:policy/None",
            404,
            "NoSuchEntity",
            "Policy arn:aws:iam::111122223333:policy/None does not exist or is not attachable.",
        ),
        (
            "Action=PutUserPolicy&UserName=self&PolicyName=p&PolicyDocument=x",
            400,
            "MalformedPolicyDocument",
            "Syntax errors in policy.",
        ),
        (
            "Action=DeletePolicy&PolicyArn=arn:aws:iam::111122223333:policy/team/Keys",
            409,
            "DeleteConflict",
            "Cannot delete a policy attached to entities.",
        ),
        (
            "Action=DeleteUser&UserName=admin",
            409,
            "DeleteConflict",
            "Cannot delete entity, must delete access keys first.",
        ),
        (
            "Action=DeleteGroup&GroupName=readers",
            409,
            "DeleteConflict",
            "Cannot delete entity, must remove users from group first.",
        ),
        (
            "Action=GetInstanceProfile&InstanceProfileName=none",
            404,
            "NoSuchEntity",
            "Instance Profile none cannot be found.",
        ),
    ] {
        fixture.refused(form, status, code, message);
    }
}

#[test]
fn a_refused_change_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let boundary = "arn:aws:iam::111122223333:policy/None";
    fixture.refused(
        &format!("Action=CreateUser&UserName=new&PermissionsBoundary={boundary}"),
        404,
        "NoSuchEntity",
        &format!("Scope ARN: {boundary} does not exist or is not attachable."),
    );
    fixture.refused(
        "Action=GetUser&UserName=new",
        404,
        "NoSuchEntity",
        "The user with name new cannot be found.",
    );
}

#[test]
fn a_user_keeps_its_keys_under_another_name() {
    let fixture = Fixture::new();
    fixture.good("Action=UpdateUser&UserName=reader&NewUserName=writer&NewPath=/w/");
    let (status, body) = fixture.call_as(1, "Action=GetUser");
    assert_eq!(status, 200, "{body}");
    assert_eq!(texts(&body, "Arn"), ["arn:aws:iam::111122223333:user/w/writer"]);
    let id = &fixture.keys[1].id;
    let body = fixture.good(&format!("Action=GetAccessKeyLastUsed&AccessKeyId={id}"));
    assert_eq!(texts(&body, "UserName"), ["writer"]);
    assert_eq!(texts(&body, "ServiceName"), ["iam"]);
    let body = fixture.good(&format!(
        "Action=GetAccessKeyLastUsed&AccessKeyId={}",
        fixture.keys[3].id
    ));
    assert_eq!(texts(&body, "ServiceName"), ["N/A"]);
}

#[test]
fn maps_are_entries() {
    let body = Fixture::new().good("Action=GetAccountSummary");
    assert!(
        body.contains("<entry><key>Users</key><value>4</value></entry>"),
        "{body}"
    );
    assert_eq!(
        texts(&Fixture::new().good("Action=ListAccountAliases"), "member"),
        ["story"]
    );
}
