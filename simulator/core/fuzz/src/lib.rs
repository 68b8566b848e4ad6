//! What each fuzz target does with its input: it panics where something that must hold does not.
//!
//! `tests/fuzz_corpus.rs` of the core runs the same functions over the corpora with every test run, so the targets
//! compile and their seeds hold between two fuzzing sessions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use eks_auth_core::aws::iam::Directory;
use eks_auth_core::aws::iam::SecretKey;
use eks_auth_core::aws::iam_policy::ConditionKeys;
use eks_auth_core::aws::iam_policy::Decision;
use eks_auth_core::aws::iam_policy::PolicyDocument;
use eks_auth_core::aws::iam_policy::PolicyKind;
use eks_auth_core::aws::iam_policy::RequestContext;
use eks_auth_core::aws::iam_policy::authorize::PrincipalPolicies;
use eks_auth_core::aws::iam_policy::evaluate;
use eks_auth_core::aws::iam_policy::trust::Found;
use eks_auth_core::aws::iam_policy::trust::Requester;
use eks_auth_core::aws::iam_policy::trust::TrustPolicy;
use eks_auth_core::aws::principal::CallerIdentity;
use eks_auth_core::aws::sigv4::CanonicalRequest;
use eks_auth_core::aws::sigv4::Receiver;
use eks_auth_core::aws::sigv4::SignedRequest;
use eks_auth_core::aws::sigv4::Signer;
use eks_auth_core::aws::sigv4::verify;
use eks_auth_core::cluster::mapping::aws_auth::AwsAuth;
use eks_auth_core::cluster::mapping::config::AuthenticatorConfig;
use eks_auth_core::explain::explain;
use eks_auth_core::explain::lint;
use eks_auth_core::kube::managed_fields::FieldSet;
use eks_auth_core::kube::managed_fields::PathElement;
use eks_auth_core::kube::managed_fields::Scalar;
use eks_auth_core::kube::patch;
use eks_auth_core::kube::schema::Kind;
use eks_auth_core::kube::schema::Schema;
use eks_auth_core::kube::selector::FieldOperator;
use eks_auth_core::kube::selector::FieldSelector;
use eks_auth_core::kube::selector::LabelSelector;
use eks_auth_core::logs::filter_pattern::FilterPattern;
use eks_auth_core::logs::insights::Query;
use eks_auth_core::logs::insights::Record;
use eks_auth_core::scenario::ARTICLE_WORLD;
use eks_auth_core::scenario::ProfileSource;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Staging;
use eks_auth_core::scenario::import;
use eks_auth_core::scenario::stage;
use eks_auth_core::scenario::ticket;
use eks_auth_core::service::Answer;
use eks_auth_core::service::Endpoint;
use eks_auth_core::service::answer;
use eks_auth_core::service::call::Given;
use eks_auth_core::service::http::Request;
use eks_auth_core::value::arn::AccountId;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::user::SYSTEM_MASTERS;
use eks_auth_core::value::user::UserInfo;
use eks_auth_core::world::World;
use eks_auth_core::world::authenticate::AuthenticationRequest;
use eks_auth_core::world::authenticate::authenticate;
use eks_auth_core::world::cloudformation::NewStack;
use eks_auth_core::world::cloudformation::OnFailure;
use eks_auth_core::world::cloudformation::Template;
use eks_auth_core::world::cloudformation::actor::Actor;
use eks_auth_core::world::token::encode_url;
use eks_auth_core::world::token_review::TokenReview;
use serde_json::Value;
use serde_json::json;

const CLUSTER: &str = "my-cluster";
const REGION: &str = "us-west-2";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";
const JSON: &str = "application/json";

static NOBODY: LazyLock<Directory> = LazyLock::new(Directory::default);
static STAGING: LazyLock<Staging> = LazyLock::new(|| stage(ARTICLE_WORLD, now()).unwrap());

/// The same World with objects to be patched: a Deployment, and a custom resource whose fields nobody knows.
static WORLD: LazyLock<Arc<World>> = LazyLock::new(|| {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }}}],
        },
    });
    let widget = json!({
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "labels": {"app": "web"}},
        "spec": {"a": {"b": [1, {"c": "d"}]}, "list": ["x", "y"]},
    });
    let made = [
        (DEFINITIONS, definition),
        (WIDGETS, widget),
        (DEPLOYMENTS, deployment()),
    ];
    made.into_iter()
        .fold(Arc::new(STAGING.world.clone()), |world, (path, body)| {
            let made = kubernetes(&world, ("POST", path, ""), JSON, body.to_string().as_bytes());
            assert_eq!(
                made.response.status,
                201,
                "{}",
                String::from_utf8_lossy(&made.response.body)
            );
            made.outcome.world.unwrap()
        })
});

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_795_481_097)
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [
                    {"name": "web", "image": "nginx", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]},
                    {"name": "side", "image": "busybox"},
                ]},
            },
        },
    })
}

/// What the Kubernetes API answers somebody who may do everything.
fn kubernetes(world: &Arc<World>, (method, path, query): (&str, &str, &str), media_type: &str, body: &[u8]) -> Answer {
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![
            ("host".to_owned(), "127.0.0.1:1".to_owned()),
            ("content-type".to_owned(), media_type.to_owned()),
        ],
        body: body.to_vec(),
        peer: ([127, 0, 0, 1], 1).into(),
    };
    let mut given = Given::new(Arc::clone(world), now());
    given.certificate = Ok(Some(UserInfo {
        username: "fuzzer".to_owned(),
        groups: vec![SYSTEM_MASTERS.to_owned()],
        ..UserInfo::default()
    }));
    answer(&Endpoint::Cluster(CLUSTER.to_owned()), &request, given)
}

/// The answer can be read by those who give up at 128 levels, as the reader of a state directory does.
fn assert_read_again(answer: &Answer) {
    let body = &answer.response.body;
    let read = serde_json::from_slice::<Value>(body);
    assert!(read.is_ok(), "{:?}: {}", read.err(), String::from_utf8_lossy(body));
}

/// The lines of a text, whatever ends one.
fn lines(text: &str) -> usize {
    text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count()
}

/// Text in a query, every byte escaped.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A configuration to apply, in JSON or YAML: whatever becomes of it can be read again, and it can be applied twice.
pub fn apply(data: &[u8]) {
    const APPLY: &str = "application/apply-patch+yaml";
    let query = "fieldManager=fuzzer&force=true";
    for path in [format!("{DEPLOYMENTS}/d"), format!("{WIDGETS}/w"), format!("{MAPS}/m")] {
        let applied = kubernetes(&WORLD, ("PATCH", &path, query), APPLY, data);
        assert_read_again(&applied);
        if let Some(world) = applied.outcome.world {
            assert_read_again(&kubernetes(&world, ("PATCH", &path, query), APPLY, data));
            assert_read_again(&kubernetes(&world, ("GET", &path, ""), "", b""));
        }
    }
}

/// A signed call of an AWS service: the first line is the service, the method, the URL and, for services of JSON, the target;
/// the rest is the body. It is answered as AWS answers, never by an error of the server's own.
pub fn aws_call(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (line, body) = text.split_once('\n').unwrap_or((&text, ""));
    let mut words = line.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (service, method, url, target) = (word(), word(), word(), word());
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let content_type = if target.is_empty() {
        "application/x-www-form-urlencoded"
    } else {
        "application/x-amz-json-1.1"
    };
    let mut headers = vec![
        ("host".to_owned(), "127.0.0.1:1".to_owned()),
        ("content-type".to_owned(), content_type.to_owned()),
        ("x-amz-target".to_owned(), target.to_owned()),
    ];
    let (id, secret) = creator();
    let signer = Signer {
        access_key_id: id,
        secret,
        session_token: None,
        region: REGION,
        service,
        now: now(),
    };
    headers.extend(signer.sign_header(&SignedRequest {
        method,
        path,
        query,
        headers: &headers,
        body: body.as_bytes(),
    }));
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: body.as_bytes().to_vec(),
        peer: ([127, 0, 0, 1], 1).into(),
    };
    let answer = answer(&Endpoint::Aws, &request, Given::new(Arc::clone(&WORLD), now()));
    assert!(answer.outcome.need.is_some() || answer.response.status != 500);
}

/// The texts of an `aws-auth` ConfigMap: what is read is found again by its ARN.
pub fn aws_auth(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let object = json!({"data": {"mapRoles": text, "mapUsers": text, "mapAccounts": text}});
    let aws_auth = AwsAuth::from_config_map(&object);
    for item in aws_auth.roles().iter().chain(aws_auth.users()) {
        if !item.arn.is_empty() {
            assert!(aws_auth.find(&item.arn).is_some(), "{item:?}");
        }
    }
    let _ = AuthenticatorConfig::parse(&text);
}

/// A template of CloudFormation: one that is refused makes nothing, and nothing is left of a stack that is deleted.
pub fn cloudformation(data: &[u8]) {
    static BOTH_MODES: LazyLock<World> = LazyLock::new(|| {
        let creator = "      creator: user/creator";
        let both = format!("{creator}\n      authentication_mode: API_AND_CONFIG_MAP");
        stage(&ARTICLE_WORLD.replacen(creator, &both, 1), now()).unwrap().world
    });
    let template_body = String::from_utf8_lossy(data).into_owned();
    let is_template = Template::parse(&template_body).is_ok();
    let entries = |world: &World| -> Vec<String> {
        let entries = world.cluster(CLUSTER).unwrap().access_entries().iter();
        entries.map(|entry| entry.principal_arn.clone()).collect()
    };
    let mut world = BOTH_MODES.clone();
    let before = entries(&world);
    let account = AccountId::parse("111122223333").unwrap();
    let identity = CallerIdentity {
        account: account.clone(),
        arn: "arn:aws:iam::111122223333:user/creator".to_owned(),
        user_id: "AIDAEXAMPLE".to_owned(),
    };
    let administrator = PrincipalPolicies::administrator();
    let actor = Actor::caller(identity, administrator, ConditionKeys::default(), REGION);
    let created = world.create_stack(
        NewStack {
            name: "fuzzed".to_owned(),
            account: account.clone(),
            region: REGION.to_owned(),
            template_body,
            parameters: BTreeMap::new(),
            tags: Vec::new(),
            capabilities: Vec::new(),
            role_arn: None,
            termination_protection: false,
            on_failure: OnFailure::Rollback,
        },
        &actor,
        now(),
    );
    match created {
        Ok(_) => {
            assert!(is_template);
            assert!(world.delete_stack("fuzzed", &account, REGION, &actor, now()).is_ok());
        }
        Err(_) => assert!(world.stack("fuzzed", &account, REGION).is_err()),
    }
    assert_eq!(entries(&world), before);
}

/// The paths of managed fields: `fieldsV1` is read again as it is written, and a set has what its paths say.
pub fn field_paths(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for line in text.lines() {
        if let Ok(Some(element)) = PathElement::parse(line)
            && is_exact(&element)
        {
            assert_eq!(PathElement::parse(&element.render()), Ok(Some(element.clone())));
            let _ = element.to_string();
        }
    }
    let Ok(fields) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let Ok(set) = FieldSet::from_json(&fields) else {
        return;
    };
    let paths = set.paths();
    if paths.iter().flatten().all(is_exact) {
        assert_eq!(FieldSet::from_json(&set.to_json()), Ok(set.clone()));
    }
    for path in paths {
        assert!(set.has(&path), "{path:?}");
    }
    assert_eq!(set.union(&set), set);
    assert!(set.difference(&set).is_empty());
    assert!(set.recursive_difference(&set).is_empty());
}

/// Whether a step has no fractions: the reader of JSON may change the last bit of one.
fn is_exact(element: &PathElement) -> bool {
    fn is_whole(value: &Value) -> bool {
        match value {
            Value::Number(number) => !number.is_f64(),
            Value::Array(items) => items.iter().all(is_whole),
            Value::Object(fields) => fields.values().all(is_whole),
            _ => true,
        }
    }
    match element {
        PathElement::Field(_) | PathElement::Index(_) => true,
        PathElement::Key(fields) => fields.iter().all(|(_, Scalar(value))| is_whole(value)),
        PathElement::Value(Scalar(value)) => is_whole(value),
    }
}

/// A filter pattern over messages: the first line is the pattern, the others are messages. White space around it does not
/// count.
pub fn filter_pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, messages) = text.split_once('\n').unwrap_or((&text, ""));
    let padded = FilterPattern::parse(&format!(" {pattern}\t"));
    match (FilterPattern::parse(pattern), padded) {
        (Ok(pattern), Ok(padded)) => {
            for message in messages.lines() {
                assert_eq!(pattern.matches(message), padded.matches(message), "{message}");
            }
        }
        (one, other) => assert_eq!(one.err(), other.err()),
    }
}

/// A policy document, read and evaluated: a denial wins over whatever else allows, and what a state directory keeps of it
/// decides the same.
pub fn iam_policy(data: &[u8]) {
    static DENY_ALL: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| everything("Deny"));
    static ALLOW_ALL: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| everything("Allow"));
    let text = String::from_utf8_lossy(data);
    let keys = ConditionKeys::at(now())
        .with("aws:SourceIp", "127.0.0.1")
        .with("aws:username", "testuser")
        .with_values("aws:TagKeys", ["a".to_owned(), "b".to_owned()]);
    if let Ok(document) = PolicyDocument::parse(&text, PolicyKind::Identity) {
        let kept: PolicyDocument = serde_json::from_value(serde_json::to_value(&document).unwrap()).unwrap();
        assert_eq!(kept, document);
        let document = Arc::new(document);
        let joined = Arc::new(PolicyDocument::join([&*document, &**ALLOW_ALL]));
        for (action, resource) in [
            (
                "eks:DescribeCluster",
                "arn:aws:eks:us-west-2:111122223333:cluster/my-cluster",
            ),
            ("sts:AssumeRole", "arn:aws:iam::111122223333:role/admin-test-role"),
            ("iam:ListUsers", "*"),
        ] {
            let request = RequestContext {
                action,
                resource,
                keys: &keys,
            };
            let decide = |policies: &[&Arc<PolicyDocument>]| {
                let policies: Vec<Arc<PolicyDocument>> = policies.iter().copied().cloned().collect();
                evaluate(&policies, &request)
            };
            let denies = |decision: &Decision| matches!(decision, Decision::ExplicitDeny(_));
            let alone = decide(&[&document]);
            assert!(denies(&decide(&[&document, &*DENY_ALL])));
            let with_all = decide(&[&*ALLOW_ALL, &document]);
            assert_eq!(denies(&with_all), denies(&alone), "{action}");
            assert!(with_all != Decision::ImplicitDeny);
            assert_eq!(denies(&decide(&[&joined])), denies(&alone), "{action}");
        }
    }
    if let Ok(trust) = TrustPolicy::save(&text, |_| Found::Id("AIDA".to_owned())) {
        let service = Requester::Service {
            name: "ec2.amazonaws.com",
        };
        let _ = trust.decide("sts:AssumeRole", service, &keys);
        let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/X";
        let _ = trust.decide(
            "sts:AssumeRoleWithWebIdentity",
            Requester::Federated { provider },
            &keys,
        );
    }
}

fn everything(effect: &str) -> Arc<PolicyDocument> {
    let text = json!({
        "Version": "2012-10-17",
        "Statement": {"Effect": effect, "Action": "*", "Resource": "*"},
    });
    Arc::new(PolicyDocument::parse(&text.to_string(), PolicyKind::Identity).unwrap())
}

/// What a customer pasted: it is a scenario, or is refused with an error, and findings point into it.
pub fn import(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let lines = lines(&text);
    for anonymise in [None, Some(1)] {
        let artifact = import::Artifact {
            file: "pasted".to_owned(),
            text: text.clone(),
            kind: None,
        };
        let options = import::Options {
            id: "fuzzed".to_owned(),
            anonymise,
        };
        let findings = match import::import(&[artifact], &options) {
            Ok(import) => {
                assert!(!import.files.is_empty());
                import.findings
            }
            Err(refusal) => {
                let is_error = |finding: &import::Finding| finding.severity == lint::Severity::Error;
                assert!(refusal.findings.iter().any(is_error));
                refusal.findings
            }
        };
        for finding in &findings {
            assert!(finding.line <= lines, "{finding}");
        }
    }
    let _ = import::newest_denial(&text);
}

/// Whatever was pasted: there is an answer, whose evidence, parts and findings are within it, and a fix with commands only where it
/// is one.
pub fn ticket(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let lines = lines(&text);
    let answer = ticket::answer(&[import::Artifact {
        file: "pasted".to_owned(),
        text: text.clone(),
        kind: None,
    }]);
    for judgement in [&answer.main].into_iter().chain(&answer.others) {
        assert!(!judgement.sentence.is_empty());
        for fact in &judgement.evidence {
            assert!(fact.line.is_none_or(|line| (1..=lines).contains(&line)), "{fact:?}");
        }
        assert!(judgement.fix.matches('`').count() % 2 == 0, "{}", judgement.fix);
    }
    for part in &answer.read {
        assert!(
            (1..=part.last_line).contains(&part.first_line) && part.last_line <= lines,
            "{part:?}"
        );
    }
    for finding in &answer.findings {
        assert!(finding.line <= lines, "{finding}");
    }
    let _ = lint::mapping_forms(&text);
}

/// A query of Logs Insights over messages: the first line is the query, the others are messages.
pub fn insights(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (query, messages) = text.split_once('\n').unwrap_or((&text, ""));
    match Query::parse(query) {
        Ok(parsed) => {
            let records = (0..).zip(messages.lines()).map(|(number, message)| Record {
                timestamp_ms: number * 60_000,
                ingestion_ms: number,
                message,
                log_stream: "authenticator",
                log: "111122223333:/aws/eks/my-cluster/cluster",
                ptr: Cow::Borrowed("p"),
            });
            let results = parsed.run(records, Some(5), Timestamp::UNIX_EPOCH);
            assert!(results.rows.len() <= 5);
            assert!(results.statistics.records_matched <= results.statistics.records_scanned);
        }
        Err(error) => assert!(error.start <= error.end && error.end <= query.chars().count()),
    }
}

/// A JSON patch or a merge patch: what it makes is no larger than what it sends and may copy, and can be read again.
pub fn json_patch(data: &[u8]) {
    // What the copies of a patch may make, beside what it sends; a short number can be a long one in JSON.
    let most = |object: &Value| object.to_string().len() + 8 * data.len() + 3 * 1024 * 1024;
    let path = format!("{WIDGETS}/w");
    if let Ok(body) = serde_json::from_slice::<Value>(data) {
        let object = deployment();
        for patched in [patch::json(&object, &body), patch::merge(&object, &body)]
            .into_iter()
            .flatten()
        {
            assert!(patched.to_string().len() <= most(&object));
        }
    }
    for media_type in ["application/json-patch+json", "application/merge-patch+json"] {
        let patched = kubernetes(&WORLD, ("PATCH", &path, ""), media_type, data);
        assert_read_again(&patched);
        assert!(patched.response.status < 500, "{}", patched.response.status);
    }
}

/// A kubeconfig as `lint` reads it: findings point into the text, in order.
pub fn kubeconfig(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines = lines(&text);
    for kind in [None, Some(lint::FileKind::Kubeconfig)] {
        let context = lint::Context {
            kind,
            ..lint::Context::default()
        };
        let findings = lint::lint(&text, &context);
        for finding in &findings {
            assert!((1..=lines).contains(&finding.line), "{finding:?}");
            assert!(finding.column > 0 && finding.length > 0, "{finding:?}");
        }
        assert!(findings.is_sorted_by_key(|finding| (finding.line, finding.column)));
    }
}

/// The body of a request in protobuf, with or without the bytes that it begins with.
pub fn protobuf(data: &[u8]) {
    let begun = [b"k8s\0".as_slice(), data].concat();
    for body in [data, begun.as_slice()] {
        for path in [MAPS, DEPLOYMENTS, DEFINITIONS] {
            let answer = kubernetes(&WORLD, ("POST", path, ""), "application/vnd.kubernetes.protobuf", body);
            assert_read_again(&answer);
            assert!(answer.response.status < 500, "{}", answer.response.status);
        }
    }
}

/// The query of a request to AWS: its canonical form is its own canonical form, and nobody's signature holds.
pub fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (path, query) = text.split_once('?').unwrap_or(("/", &text));
    let headers = [("host".to_owned(), "sts.us-west-2.amazonaws.com".to_owned())];
    let request = SignedRequest {
        method: "GET",
        path,
        query,
        headers: &headers,
        body: b"",
    };
    let once = CanonicalRequest::new(&request, "host", "").to_string();
    let canonical_query = once.lines().nth(2).unwrap_or_default();
    let again = SignedRequest {
        query: canonical_query,
        ..request
    };
    assert_eq!(CanonicalRequest::new(&again, "host", "").to_string(), once);
    let receiver = Receiver {
        service: "sts",
        region: None,
        skew_minutes: 15,
    };
    assert!(verify(request, receiver, &NOBODY, now()).outcome.is_err());
}

/// A scenario or a bare world: what is read is staged, and the same each time.
pub fn scenario(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(scenario) = Scenario::parse(&text) {
        let (one, other) = (scenario.stage(now()), scenario.stage(now()));
        assert!(one.world.clusters.keys().eq(other.world.clusters.keys()));
    }
    let _ = stage(&text, now());
}

/// Selectors of labels and of fields, as they stand in a query.
pub fn selectors(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let labels = LabelSelector::parse(&text);
    if let Ok(labels) = &labels {
        let _ = labels.matches(|key| (key == "app").then_some("web"));
        let _ = labels.matches(|_| Some("1"));
        let _ = labels.matches(|_| None);
    }
    let fields = FieldSelector::parse(&text);
    if let Ok(fields) = &fields {
        let terms = fields.terms().iter().map(|term| {
            let operator = match term.operator {
                FieldOperator::Equal => "=",
                FieldOperator::NotEqual => "!=",
            };
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            format!("{}{operator}{value}", term.field)
        });
        let written = terms.collect::<Vec<_>>().join(",");
        assert_eq!(FieldSelector::parse(&written).as_ref(), Ok(fields), "{written}");
        let _ = fields.matches(|_| None);
    }
    let path = "/api/v1/namespaces/kube-system/configmaps";
    for (name, is_read) in [("labelSelector", labels.is_ok()), ("fieldSelector", fields.is_ok())] {
        let query = format!("{name}={}", escaped(&text));
        let answer = kubernetes(&WORLD, ("GET", path, &query), "", b"");
        assert_read_again(&answer);
        let status = answer.response.status;
        assert!(status == 200 || status == 400, "{status}");
        assert!(is_read || status == 400, "{name} {status}");
    }
}

/// The two forms of a signature: the first line is the Authorization header, the second the query. Nobody's holds; one that
/// a key has made holds for what it has signed, and for nothing else.
pub fn signature(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (authorization, query) = text.split_once('\n').unwrap_or((&text, ""));
    let directory = &STAGING.world.directory;
    let host = ("host".to_owned(), "sts.us-west-2.amazonaws.com".to_owned());
    let date = ("x-amz-date".to_owned(), now().render_amz());
    let receiver = Receiver {
        service: "sts",
        region: None,
        skew_minutes: 15,
    };
    let unsigned = vec![host.clone()];
    let in_header = vec![
        host,
        date,
        ("authorization".to_owned(), authorization.trim().to_owned()),
    ];
    for (headers, query) in [(&unsigned, query), (&in_header, ""), (&in_header, query)] {
        let request = SignedRequest {
            method: "GET",
            path: "/",
            query,
            headers,
            body: b"",
        };
        assert!(
            verify(request, receiver, directory, now()).outcome.is_err(),
            "nobody can guess a signature"
        );
    }

    let (id, secret) = creator();
    let signer = Signer {
        access_key_id: id,
        secret,
        session_token: None,
        region: REGION,
        service: "sts",
        now: now(),
    };
    let request = SignedRequest {
        method: "POST",
        path: "/",
        query: "",
        headers: &unsigned,
        body: data,
    };
    let signed: Vec<(String, String)> = unsigned.iter().cloned().chain(signer.sign_header(&request)).collect();
    let request = SignedRequest {
        headers: &signed,
        ..request
    };
    assert!(verify(request, receiver, directory, now()).outcome.is_ok());
    let changed = [data, b".".as_slice()].concat();
    let request = SignedRequest {
        body: &changed,
        ..request
    };
    assert!(verify(request, receiver, directory, now()).outcome.is_err());
}

/// The access key of the profile `creator`.
fn creator() -> (&'static str, &'static SecretKey) {
    let keys = STAGING.profiles.iter().filter(|profile| profile.name == "creator");
    let mut keys = keys.filter_map(|profile| match &profile.source {
        ProfileSource::AccessKey { id, secret, .. } => Some((id.as_str(), secret)),
        _ => None,
    });
    keys.next().unwrap()
}

/// A strategic merge patch: an empty one changes nothing of what it has made, and what it makes can be read again.
pub fn strategic_merge(data: &[u8]) {
    let schema = Schema::builtin();
    let of = schema.kind(&Kind::new("apps", "v1", "Deployment")).unwrap();
    if let Ok(body) = serde_json::from_slice::<Value>(data)
        && let Ok(patched) = patch::strategic_merge(schema, of, &deployment(), &body)
    {
        assert!(patched.to_string().len() <= deployment().to_string().len() + 8 * data.len());
        assert_eq!(patch::strategic_merge(schema, of, &patched, &json!({})), Ok(patched));
    }
    let path = format!("{DEPLOYMENTS}/d");
    let media_type = "application/strategic-merge-patch+json";
    assert_read_again(&kubernetes(&WORLD, ("PATCH", &path, ""), media_type, data));
}

/// A bearer token, judged and explained. The input is tried as it is and as the URL inside a token, so that the fuzzer
/// need not learn base64.
pub fn token(data: &[u8]) {
    let world = &STAGING.world;
    let cluster = world.cluster(CLUSTER).unwrap();
    let raw = String::from_utf8_lossy(data).into_owned();
    let encoded = encode_url(&raw);
    for token in [&raw, &encoded] {
        let request = AuthenticationRequest {
            token,
            client: "127.0.0.1:1",
            sts_request_id: "r",
        };
        let authentication = authenticate(request, cluster, world, now());
        assert!(authentication.outcome.is_err(), "nobody can guess a signature");
        let _ = explain(&authentication, cluster, world).render_text();
        for line in &authentication.log {
            assert!(!line.render().contains('\n'));
        }
    }
}

/// The body of a request to the webhook: the answer to what is read can be read.
pub fn token_review(data: &[u8]) {
    if let Ok(review) = TokenReview::parse(data) {
        let answer = review.render_denied();
        assert!(TokenReview::parse(answer.as_bytes()).is_ok(), "{answer}");
    }
}
