//! Lines and documents with right answers. The words of programs are theirs; who and where is made up.

use proptest::prelude::*;

use super::*;
use crate::explain::fix::check_form;

/// What is wanted of the first diagnosis.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Likeliest(Cause),
    Named(Cause),
    NotAccess,
    NotKnown,
    Nothing,
}

#[track_caller]
fn check(text: &str, wanted: Wanted) -> Vec<Diagnosis> {
    let found = diagnose_log_text(text);
    let got = match found.first().map(|diagnosis| &diagnosis.certainty) {
        None => Wanted::Nothing,
        Some(Certainty::Named(cause)) => Wanted::Named(*cause),
        Some(Certainty::Likeliest { cause, of }) => {
            assert!(of.contains(cause) && of.len() > 1, "{text}");
            Wanted::Likeliest(*cause)
        }
        Some(Certainty::NotAccess) => Wanted::NotAccess,
        Some(Certainty::NotKnown) => Wanted::NotKnown,
    };
    assert_eq!(got, wanted, "{text}\n{found:#?}");
    let lines: Vec<&str> = text.lines().collect();
    for diagnosis in &found {
        let line = diagnosis.evidence.first().and_then(|evidence| evidence.line);
        assert!(
            line.is_some_and(|line| (1..=lines.len()).contains(&line)),
            "{diagnosis:#?}"
        );
        assert!(!diagnosis.fix.contains("cluster-admin"), "{diagnosis:#?}");
        assert!(!diagnosis.fix.contains("AmazonEKSClusterAdminPolicy"), "{diagnosis:#?}");
        check_form(&diagnosis.fix);
        if diagnosis.certainty == Certainty::NotKnown {
            assert!(!diagnosis.look_at.is_empty(), "{diagnosis:#?}");
        }
    }
    found
}

const EXPIRED: &str = "input token was not properly formatted: X-Amz-Date parameter is expired (15 minute expiration) 2026-03-04 04:00:00 +0000 UTC";

/// A line of the authenticator with that error.
fn denied(error: &str) -> String {
    format!(
        "time=\"2026-03-04T05:06:07Z\" level=warning msg=\"access denied\" client=\"127.0.0.1:1\" error={} method=POST path=/authenticate",
        crate::value::log::go_quote(error)
    )
}

fn of_sts(rest: &str) -> String {
    denied(&format!(
        "sts getCallerIdentity failed: error from AWS (expected 200, got {rest}"
    ))
}

#[test]
fn every_release_of_the_authenticator_is_read() {
    use Wanted::Likeliest;
    use Wanted::Named;
    const ROLE: &str = "arn:aws:iam::111122223333:role/dev";
    for (text, wanted) in [
        // 0.3 to 0.4.
        (denied(&format!("ARN is not mapped: {ROLE}")), Likeliest(Cause::IdentityNotMapped)),
        (of_sts("403)"), Likeliest(Cause::SessionExpired)),
        (of_sts("400)"), Likeliest(Cause::StsThrottled)),
        (of_sts("429)"), Named(Cause::StsThrottled)),
        (of_sts("500)"), Named(Cause::StsUnavailable)),
        (of_sts("503)"), Named(Cause::StsUnavailable)),
        (of_sts("407)"), Likeliest(Cause::StsUnavailable)),
        (denied("input token was not properly formatted: unexpected hostname \"example.com\" in pre-signed URL"), Named(Cause::TokenWrongHost)),
        (denied("failed mapping username: SessionName did not contain an instance id"), Named(Cause::TemplateUnrenderable)),
        // 0.5.
        (denied("ARN is not mapped"), Likeliest(Cause::IdentityNotMapped)),
        (of_sts("403). Body: {\"Error\":{\"Code\":\"ExpiredToken\",\"Message\":\"The security token included in the request is expired\"}}"), Named(Cause::SessionExpired)),
        (of_sts("403). Body: {\"Error\":{\"Code\":\"InvalidClientTokenId\"}}"), Likeliest(Cause::KeyUnknown)),
        (of_sts("403). Body: {\"Err"), Likeliest(Cause::SessionExpired)),
        // 0.6 and 0.7.
        (denied("Identity is not mapped"), Likeliest(Cause::IdentityNotMapped)),
        (denied("identity is not mapped"), Likeliest(Cause::IdentityNotMapped)),
        (of_sts("403) on eu-west-1 endpoint. Body: {\"Error\":{\"Code\":\"SignatureDoesNotMatch\"}}"), Likeliest(Cause::SignatureMismatch)),
        (of_sts("400) on eu-west-1 endpoint. Body: {\"Error\":{\"Code\":\"Throttling\"}}"), Named(Cause::StsThrottled)),
        (denied("sts getCallerIdentity failed: error during GET: dial tcp: i/o timeout on eu-west-1 endpoint"), Named(Cause::StsUnavailable)),
        (denied("sts getCallerIdentity failed: error reading HTTP result: unexpected EOF"), Named(Cause::StsUnavailable)),
        (denied("mapper EKSConfigMap renderTemplates error: error rendering username template \"system:node:{{EC2PrivateDNSName}}\": SessionName did not contain an instance id"), Named(Cause::TemplateUnrenderable)),
        (denied("mapper CRD renderTemplates error: error rendering username template \"system:node:{{EC2PrivateDNSName}}\": failed to find node i-0123456789abcdef0 "), Named(Cause::TemplateUnrenderable)),
        (denied("input token was not properly formatted: X-Amz-Date parameter is expired (15 minute expiration) 2026-03-04 04:00:00 +0000 UTC"), Named(Cause::TokenExpired)),
        ("time=\"2026-03-04T05:06:07Z\" level=error msg=\"There was an error parsing the config maps.  Only saving data that was good, error parsing config map: [yaml: line 3: did not find expected key]\"".to_owned(), Named(Cause::AwsAuthBroken)),
        (denied("something that no release says"), Wanted::NotKnown),
    ] {
        check(&text, wanted);
    }
    let outage = check(&of_sts("403)"), Likeliest(Cause::SessionExpired));
    let Certainty::Likeliest { of, .. } = &outage[0].certainty else {
        panic!()
    };
    assert!(!of.contains(&Cause::StsUnavailable));
    assert!(of.contains(&Cause::SignatureMismatch) && of.contains(&Cause::KeyUnknown));
}

#[test]
fn other_programs_get_no_cause() {
    for text in [
        "2026/03/04 05:06:07 [error] 29#29: *1 access forbidden by rule, client: 10.0.0.1, server: _, request: \"GET /admin HTTP/1.1\"",
        "10.0.0.1 - - [04/Mar/2026:05:06:07 +0000] \"GET / HTTP/1.1\" 401 179 \"-\" \"curl/8.0\" Unauthorized",
        "Mar  4 05:06:07 host sshd[812]: Failed password for invalid user admin from 10.0.0.9 port 4022 ssh2",
        "Mar  4 05:06:07 host sshd[812]: error: maximum authentication attempts exceeded for root [preauth]",
        "time=\"2026-03-04T05:06:07Z\" level=error msg=\"access denied\" error=\"permission denied\" path=secret/data/app",
        "URL: PUT http://127.0.0.1:8200/v1/auth/kubernetes/login Code: 403. Errors: * permission denied",
        "ERROR 1045 (28000): Access denied for user 'app'@'10.0.0.1' (using password: YES)",
        "level=warn ts=2026-03-04T05:06:07Z caller=main.go:12 msg=\"access denied\" user=bob",
        "access denied for device /dev/fuse",
        "fatal: Authentication failed for 'https://git.example.com/x.git/'",
        "failed mapping volume pvc-1 to device",
        "Mar 04 05:06:07 a kubelet[99]: I0304 05:06:07.100000 99 prober.go:107] \"Probe failed\" probeType=\"Readiness\" output=\"dial tcp 10.0.0.5:8080: connect: connection refused\"",
        "Mar 04 05:06:07 a kubelet[99]: E0304 05:06:07.100000 99 remote_image.go:180] \"PullImage failed\" err=\"x509: certificate signed by unknown authority\"",
        "E0304 05:06:07.000000       1 controller.go:10] \"Reconciler error\" err=\"pods \\\"x\\\" not found\"",
        "{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"reason\":\"FailedMount\",\"message\":\"Unauthorized\"}",
        "",
    ] {
        check(text, Wanted::Nothing);
    }
    check(
        "E0304 05:06:07.000000    2112 kuberuntime_image.go:55] \"Failed to pull image\" err=\"failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized\" image=\"ghcr.io/x/y\"",
        Wanted::NotAccess,
    );
}

#[test]
fn a_401_of_the_api_server_or_of_a_kubelet_is_no_cause() {
    for text in [
        "E0304 05:06:07.100000       1 webhook.go:154] Failed to make webhook authenticator request: unknown",
        "E0304 05:06:07.100000      11 webhook.go:127] Failed to make webhook authenticator request: Post \"https://localhost:21362/authenticate?timeout=30s\": context deadline exceeded",
        "E0304 05:06:07.100000       1 authentication.go:65] Unable to authenticate the request due to an error: [invalid bearer token, unknown]",
        "E0304 05:06:07.100000      10 authentication.go:75] \"Unable to authenticate the request\" err=\"[invalid bearer token, unknown]\"",
        "E0304 05:06:07.100000      10 authentication.go:73] \"Unable to authenticate the request\" err=\"[invalid bearer token, service account token has expired]\"",
        "E0304 05:06:07.100000    3824 kubelet_node_status.go:94] Unable to register node \"ip-10-9-8-7.eu-west-1.compute.internal\" with API server: Unauthorized",
        "Mar 04 05:06:07 ip-10-9-8-7 kubelet[99]: E0304 05:06:07.100000      99 kubelet_node_status.go:108] \"Unable to register node with API server\" err=\"Unauthorized\" node=\"ip-10-9-8-7\"",
        "I0304 05:06:07.100000      99 csi_plugin.go:990] Failed to contact API server when waiting for CSINode publishing: Unauthorized",
        "E0304 05:06:07.100000      99 controller.go:145] \"Failed to ensure lease exists, will retry\" err=\"Unauthorized\" interval=\"7s\"",
        "E0304 05:06:07.100000      99 certificate_manager.go:562] kubernetes.io/kubelet-serving: Failed while requesting a signed certificate from the control plane: cannot create certificate signing request: Unauthorized",
        "E0304 05:06:07.100000       1 reflector.go:147] pkg/mod/k8s.io/client-go/tools/cache/reflector.go:229: Failed to watch *v1.Pod: failed to list *v1.Pod: Unauthorized",
    ] {
        let found = check(text, Wanted::NotKnown);
        assert!(found[0].fix.is_empty(), "{text}");
        let look_at = found[0].look_at.join("\n");
        assert!(
            look_at.contains("/aws/eks/CLUSTER/cluster") || text.contains("service account token"),
            "{look_at}"
        );
    }
    let dated = check(
        "/aws/eks/prod/cluster --region eu-west-1\n2026-03-04 05:06:07.100,E0304 05:06:07.100000 1 webhook.go:154] Failed to make webhook authenticator request: unknown",
        Wanted::NotKnown,
    );
    let command = &dated[0].look_at[0];
    assert!(
        command.contains("--log-group-name /aws/eks/prod/cluster --region eu-west-1"),
        "{command}"
    );
    assert!(
        command.contains("--start-time 1772600707 --end-time 1772600827"),
        "{command}"
    );
    // The reason comes first, and what has none behind it.
    let both = format!(
        "E0304 05:06:07.100000       1 webhook.go:154] Failed to make webhook authenticator request: unknown\n{}",
        denied(EXPIRED)
    );
    let both = check(&both, Wanted::Named(Cause::TokenExpired));
    assert_eq!(both.len(), 2);
}

#[test]
fn nodes_are_read_as_nodes() {
    use Wanted::Likeliest;
    use Wanted::Named;
    const STANDARD: &str = "E0304 05:06:07.100000 99 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"nodes is forbidden: User \\\"arn:aws:sts::111122223333:assumed-role/workers/i-0aaaabbbbccccdddd\\\" cannot create resource \\\"nodes\\\" in API group \\\"\\\" at the cluster scope\" node=\"ip-10-9-8-7\"";
    let standard = check(STANDARD, Named(Cause::NodeRoleNotMapped));
    for part in [
        "aws eks delete-access-entry --cluster-name CLUSTER --region REGION --principal-arn arn:aws:iam::111122223333:role/workers` and `aws eks create-access-entry",
        "--type EC2_LINUX",
        "system:node:{{EC2PrivateDNSName}} and the groups system:bootstrappers and system:nodes",
    ] {
        assert!(standard[0].fix.contains(part), "{}", standard[0].fix);
    }
    let lease = "E0304 05:06:07.100000 99 controller.go:145] \"Failed to ensure lease exists, will retry\" err=\"leases.coordination.k8s.io \\\"ip-10-9-8-7.ec2.internal\\\" is forbidden: User \\\"system:node:i-0aaaabbbbccccdddd\\\" cannot get resource \\\"leases\\\" in API group \\\"coordination.k8s.io\\\" in the namespace \\\"kube-node-lease\\\": can only access node lease with the same name as the requesting node\" interval=\"7s\"";
    let lease = check(lease, Named(Cause::NodeNameDiffers));
    assert!(lease[0].sentence.contains("NodeRestriction"), "{}", lease[0].sentence);
    assert!(
        lease[0].sentence.contains("ip-10-9-8-7.ec2.internal"),
        "{}",
        lease[0].sentence
    );
    assert!(lease[0].fix.contains("{{EC2PrivateDNSName}}"), "{}", lease[0].fix);
    for (text, wanted) in [
        (
            "E0304 05:06:07.100000 99 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"nodes \\\"b.ec2.internal\\\" is forbidden: node \\\"a.ec2.internal\\\" is not allowed to modify node \\\"b.ec2.internal\\\"\" node=\"b.ec2.internal\"",
            Named(Cause::NodeNameDiffers),
        ),
        (
            "E0304 05:06:07.100000 99 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"nodes \\\"a\\\" is forbidden: node \\\"a\\\" is not allowed to set the following labels: node-role.kubernetes.io/worker\" node=\"a\"",
            Named(Cause::NotAuthorized),
        ),
        (
            "E0304 05:06:07.100000 99 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"nodes is forbidden: User \\\"system:node:a\\\" cannot create resource \\\"nodes\\\" in API group \\\"\\\" at the cluster scope\" node=\"a\"",
            Likeliest(Cause::NodeRoleNotMapped),
        ),
        (
            "E0304 05:06:07.100000 99 reflector.go:1] failed to list *v1.Node: nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
            Named(Cause::Anonymous),
        ),
        (
            "E0304 05:06:07.100000 99 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"Post \\\"https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com/api/v1/nodes\\\": dial tcp 10.0.0.1:443: i/o timeout\" node=\"a\"",
            Named(Cause::ServerUnreachable),
        ),
        (
            "E0304 05:06:07.100000 99 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"Post \\\"https://x\\\": tls: failed to verify certificate: x509: certificate signed by unknown authority\" node=\"a\"",
            Named(Cause::CertificateNotTrusted),
        ),
    ] {
        let found = check(text, wanted);
        if text.contains("the following labels") {
            let label = "`kubectl label node a node-role.kubernetes.io/worker=VALUE`";
            assert!(found[0].fix.contains(label), "{}", found[0].fix);
        }
    }
    // By its role's name, and by its session, which stands in another line.
    let by_name = "time=\"2026-03-04T05:06:07Z\" level=warning msg=\"access denied\" arn=\"arn:aws:iam::111122223333:role/KarpenterNodeRole-x\" client=\"127.0.0.1:1\" error=\"identity is not mapped\" method=POST path=/authenticate";
    let by_session = "time=\"2026-03-04T05:06:07Z\" level=info msg=\"STS response\" accountid=111122223333 arn=\"arn:aws:sts::111122223333:assumed-role/workers/i-0aaaabbbbccccdddd\" client=\"127.0.0.1:2\" method=POST path=/authenticate session=i-0aaaabbbbccccdddd userid=AROAEXAMPLEEXAMPLE123\ntime=\"2026-03-04T05:06:07Z\" level=warning msg=\"access denied\" arn=\"arn:aws:iam::111122223333:role/workers\" client=\"127.0.0.1:2\" error=\"identity is not mapped\" method=POST path=/authenticate";
    for text in [by_name, by_session] {
        let found = check(text, Likeliest(Cause::NodeRoleNotMapped));
        assert!(found[0].fix.contains("--type EC2_LINUX"), "{}", found[0].fix);
        assert!(
            found[0].fix.contains("groups system:bootstrappers and system:nodes"),
            "{}",
            found[0].fix
        );
    }
}

#[test]
fn an_instance_profile_and_aws_auth_say_whose_mapping_is_missing() {
    const LINE: &str = "Mar 04 05:06:07 ip-10-9-8-7 kubelet[99]: E0304 05:06:07.100000 99 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"Unauthorized\" node=\"ip-10-9-8-7\"";
    const PROFILE: &str = "  \"InstanceProfileArn\" : \"arn:aws:iam::111122223333:instance-profile/workers-profile\",";
    let missing =
        format!("{LINE}\n{PROFILE}\nmapRoles: |\n  - rolearn: arn:aws:iam::111122223333:role/scaling-controller\n");
    let missing = check(&missing, Wanted::Likeliest(Cause::NodeRoleNotMapped));
    assert!(missing[0].look_at[0].contains("aws iam get-instance-profile --instance-profile-name workers-profile"));
    assert!(
        missing[0].fix.contains("system:node:{{EC2PrivateDNSName}}"),
        "{}",
        missing[0].fix
    );
    assert_eq!(missing[0].evidence[1].line, Some(2));
    let mapped = format!("{LINE}\n{PROFILE}\nmapRoles: |\n  - rolearn: arn:aws:iam::111122223333:role/my-node-role\n");
    check(&mapped, Wanted::NotKnown);
    check(&format!("{LINE}\n{PROFILE}\n"), Wanted::NotKnown);
}

const EVENT_403: &str = r#"{
  "kind": "Event",
  "apiVersion": "audit.k8s.io/v1",
  "level": "Metadata",
  "stage": "ResponseComplete",
  "requestURI": "/apis/apps/v1/namespaces/shop/deployments?limit=500",
  "verb": "list",
  "user": {
    "username": "dev",
    "groups": ["system:authenticated"],
    "extra": {
      "arn": ["arn:aws:sts::111122223333:assumed-role/dev/me"],
      "principalId": ["AROAEXAMPLEEXAMPLE123"],
      "sessionName": ["me"]
    }
  },
  "userAgent": "kubectl/v1.32.0",
  "objectRef": {"resource": "deployments", "namespace": "shop", "apiGroup": "apps", "apiVersion": "v1"},
  "responseStatus": {"metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403},
  "stageTimestamp": "2026-03-04T05:06:07.123456Z",
  "annotations": {"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": ""}
}"#;

#[test]
fn audit_events_are_read_however_they_are_wrapped() {
    let one_line = EVENT_403.lines().map(str::trim).collect::<String>();
    let quoted = serde_json::to_string(&one_line).unwrap();
    for text in [
        EVENT_403.to_owned(),
        one_line.clone(),
        format!("{EVENT_403}\n{EVENT_403}"),
        format!("{{\"kind\": \"EventList\", \"items\": [{EVENT_403}]}}"),
        format!("2026-03-04 05:06:07.000\t{one_line}"),
        format!("| 2026-03-04 05:06:07.000 | {one_line} |"),
        format!(
            "@timestamp,@message\n2026-03-04 05:06:07.000,\"{}\"",
            one_line.replace('"', "\"\"")
        ),
        format!("{{\"events\": [{{\"timestamp\": 1, \"message\": {quoted}}}]}}"),
        format!("{{\"results\": [[{{\"field\": \"@message\", \"value\": {quoted}}}]]}}"),
    ] {
        let found = check(&text, Wanted::Likeliest(Cause::NoBinding));
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(
            found[0].fix,
            "as an administrator of the cluster: `kubectl create role list-deployments --verb=list --resource=deployments.apps -n \
             shop` and `kubectl create rolebinding dev-list-deployments --role=list-deployments --user=dev -n shop`"
        );
        assert!(
            found[0]
                .evidence
                .iter()
                .any(|evidence| evidence.text.contains("assumed-role/dev/me"))
        );
    }
    let status = check(EVENT_403, Wanted::Likeliest(Cause::NoBinding));
    assert_eq!(status[0].evidence[0].line, Some(19));
    let code = |code: &str| EVENT_403.replace("403", code);
    check(&code("200"), Wanted::Nothing);
    check(&code("404"), Wanted::Nothing);
    check(&code("401"), Wanted::NotKnown);
    check(
        &EVENT_403.replace("\"dev\"", "\"system:anonymous\""),
        Wanted::Named(Cause::Anonymous),
    );
    let groups = EVENT_403.replace("[\"system:authenticated\"]", "[\"devs\", \"system:authenticated\"]");
    check(&groups, Wanted::Likeliest(Cause::NotAuthorized));
    // The next session has another username, and the same groups.
    let of_session = groups.replace("\"username\": \"dev\"", "\"username\": \"dev:me\"");
    let of_session = check(&of_session, Wanted::Likeliest(Cause::NotAuthorized));
    assert!(
        of_session[0].fix.contains("--group=devs -n shop`"),
        "{}",
        of_session[0].fix
    );
    let admitted = EVENT_403.replace("\"forbid\"", "\"allow\"");
    check(&admitted, Wanted::NotKnown);
    let node = EVENT_403
        .replace("dev/me", "dev/i-0aaaabbbbccccdddd")
        .replace("[\"me\"]", "[\"i-0aaaabbbbccccdddd\"]");
    check(&node, Wanted::Named(Cause::NodeRoleNotMapped));
}

#[test]
fn cloudtrail_is_read() {
    let record = |source: &str, event: &str, rest: &str| {
        format!(
            "{{\"eventVersion\": \"1.08\", \"userIdentity\": {{\"type\": \"IAMUser\", \"arn\": \"arn:aws:iam::111122223333:user/dev\", \"accessKeyId\": \"AKIAEXAMPLEEXAMPLE12\"}}, \"eventTime\": \"2026-03-04T05:06:07Z\", \"eventSource\": \"{source}.amazonaws.com\", \"eventName\": \"{event}\", \"awsRegion\": \"eu-west-1\"{rest}}}"
        )
    };
    let denied = record(
        "sts",
        "AssumeRole",
        ", \"errorCode\": \"AccessDenied\", \"errorMessage\": \"User: arn:aws:iam::111122223333:user/dev is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/admin\"",
    );
    check(&denied, Wanted::Named(Cause::AssumeRoleDenied));
    check(
        &format!("{{\"Records\": [{denied}]}}"),
        Wanted::Named(Cause::AssumeRoleDenied),
    );
    let looked_up = format!(
        "{{\"Events\": [{{\"CloudTrailEvent\": {}}}]}}",
        serde_json::to_string(&denied).unwrap()
    );
    check(&looked_up, Wanted::Named(Cause::AssumeRoleDenied));
    let exists = ", \"errorCode\": \"ResourceInUseException\", \"errorMessage\": \"The specified access entry resource is already in use on this cluster.\"";
    check(
        &record("eks", "CreateAccessEntry", exists),
        Wanted::Named(Cause::EntryExists),
    );
    let groups = ", \"errorCode\": \"InvalidParameterException\", \"errorMessage\": \"The kubernetes group name system:nodes is invalid, it cannot start with system:\"";
    let groups = check(
        &record("eks", "UpdateAccessEntry", groups),
        Wanted::Named(Cause::NodeRoleNotMapped),
    );
    assert!(groups[0].fix.contains("--type EC2_LINUX"), "{}", groups[0].fix);
    // The record has the names that the message lacks.
    let missing = ", \"requestParameters\": {\"principalArn\": \"arn:aws:iam::111122223333:role/dev\"}, \"errorCode\": \"ResourceNotFoundException\", \"errorMessage\": \"The specified principalArn could not be found.\"";
    let missing = check(
        &record("eks", "AssociateAccessPolicy", missing),
        Wanted::Named(Cause::EntryNotFound),
    );
    assert!(
        missing[0]
            .fix
            .contains("--region eu-west-1 --principal-arn arn:aws:iam::111122223333:role/dev`"),
        "{}",
        missing[0].fix
    );
    let signer = check(&record("sts", "GetCallerIdentity", ""), Wanted::NotKnown);
    assert!(signer[0].sentence.contains("arn:aws:iam::111122223333:user/dev"));
    check(&record("eks", "CreateAccessEntry", ""), Wanted::Nothing);
    check(
        &record("s3", "GetObject", ", \"errorCode\": \"AccessDenied\""),
        Wanted::Nothing,
    );
}

#[test]
fn tables_of_insights_are_read() {
    let line = denied(EXPIRED);
    for text in [
        format!("-----\n| @timestamp | @message |\n| 2026-03-04 05:06:07.000 | {line} |\n-----"),
        format!("@timestamp\t@message\n2026-03-04 05:06:07.000\t{line}"),
        format!(
            "@timestamp,@message\n2026-03-04 05:06:07.000,\"{}\"",
            line.replace('"', "\"\"")
        ),
        format!(
            "{{\"events\": [\n{{\"message\": {}}}\n]}}",
            serde_json::to_string(&line).unwrap()
        ),
        format!("2026-03-04T05:06:07Z authenticator-0123 {line}"),
    ] {
        check(&text, Wanted::Named(Cause::TokenExpired));
    }
}

#[test]
fn the_same_is_said_once_with_its_newest_line() {
    let lines: Vec<String> = (0..9)
        .map(|second| of_sts("500)").replace(":07Z", &format!(":0{second}Z")))
        .collect();
    let newest_last = check(&lines.join("\n"), Wanted::Named(Cause::StsUnavailable));
    assert_eq!(newest_last.len(), 1);
    assert_eq!(newest_last[0].evidence[0].line, Some(9));
    let reversed: Vec<String> = lines.into_iter().rev().collect();
    let newest_first = check(&reversed.join("\n"), Wanted::Named(Cause::StsUnavailable));
    assert_eq!(newest_first[0].evidence[0].line, Some(1));
    assert!(
        newest_first[0]
            .evidence
            .iter()
            .any(|evidence| evidence.text.starts_with("9 places"))
    );
}

#[test]
fn unclosed_documents_are_given_up() {
    for text in ["[\n".repeat(20_000), "{\"a\":\n".repeat(20_000), "[1,\n".repeat(20_000)] {
        check(&text, Wanted::Nothing);
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in "[\\[{}\\]\",:a-z= \\n\\\\]{0,200}", line in any::<String>()) {
        let _ = diagnose_log_text(&text);
        let _ = diagnose_log_text(&line);
        let _ = diagnose_log_text(&format!("E0304 05:06:07.100000 99 x.go:1] {line} Unauthorized {text}"));
        let _ = diagnose_log_text(&format!("{{\"kind\": \"Event\", \"apiVersion\": \"audit.k8s.io/v1\", {line}\n{EVENT_403}"));
    }
}
