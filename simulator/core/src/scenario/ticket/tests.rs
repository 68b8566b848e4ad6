use proptest::prelude::*;

use super::*;

/// A ticket: its texts, what is wanted of it, and the line of the first file in which the evidence stands (0 for any).
///
/// Wanted is `named ID`, `likeliest ID`, `cause ID` (either), `not-named` (anything but a named cause), `not-known` or
/// `not-access`.
struct Ticket {
    texts: &'static [&'static str],
    wanted: &'static str,
    line: usize,
}

const fn ticket(texts: &'static [&'static str], wanted: &'static str, line: usize) -> Ticket {
    Ticket { texts, wanted, line }
}

fn answered(texts: &[&str]) -> Answer {
    let artifacts: Vec<Artifact> = (1..)
        .zip(texts)
        .map(|(number, text)| Artifact {
            file: format!("{number}.txt"),
            text: (*text).to_owned(),
            kind: None,
        })
        .collect();
    answer(&artifacts)
}

fn is_wanted(answer: &Answer, wanted: &str) -> bool {
    let (how, id) = wanted.split_once(' ').unwrap_or((wanted, ""));
    let cause = answer.main.certainty.cause().map_or("", |cause| cause.id());
    match (how, &answer.main.certainty) {
        ("named", Certainty::Named(_)) | ("likeliest", Certainty::Likeliest { .. }) | ("cause", _) => cause == id,
        ("not-named", certainty) => !matches!(certainty, Certainty::Named(_)),
        ("not-known", Certainty::NotKnown) | ("not-access", Certainty::NotAccess) => true,
        _ => false,
    }
}

fn check(tickets: &[Ticket]) {
    let mut wrong = Vec::new();
    for ticket in tickets {
        let answer = answered(ticket.texts);
        let has_line = ticket.line == 0
            || answer
                .main
                .evidence
                .iter()
                .any(|fact| fact.file == "1.txt" && fact.line == Some(ticket.line));
        if !is_wanted(&answer, ticket.wanted) || !has_line {
            wrong.push(format!(
                "wanted {} in line {}:\n{}\ngot {answer:#?}",
                ticket.wanted,
                ticket.line,
                ticket.texts.join("\n--\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A log line, configuration and answers of AWS in one world.
macro_rules! denied {
    ($arn:literal, $error:literal) => {
        concat!(
            "time=\"2026-11-30T08:00:00Z\" level=warning msg=\"access denied\" arn=\"",
            $arn,
            "\" client=\"127.0.0.1:40000\" error=\"",
            $error,
            "\" method=POST path=/authenticate\n"
        )
    };
}
macro_rules! aws_auth {
    ($arn:literal, $username:literal, $groups:literal) => {
        concat!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n  mapRoles: |\n    - rolearn: ",
            $arn,
            "\n      username: ",
            $username,
            "\n      groups: ",
            $groups,
            "\n"
        )
    };
}
macro_rules! caller {
    ($arn:literal) => {
        concat!(
            "{\n    \"UserId\": \"AROAEXAMPLEEXAMPLE123:me\",\n    \"Account\": \"111122223333\",\n    \"Arn\": \"",
            $arn,
            "\"\n}\n"
        )
    };
}
macro_rules! cluster {
    ($mode:literal) => {
        concat!(
            "{\"cluster\": {\"name\": \"shop\", \"arn\": \"arn:aws:eks:eu-west-1:111122223333:cluster/shop\", \"version\": \"1.33\", ",
            "\"accessConfig\": {\"authenticationMode\": \"",
            $mode,
            "\"}}}\n"
        )
    };
}
const UNAUTHORIZED: &str = "error: You must be logged in to the server (Unauthorized)\n";
const OPS_DENIED: &str = denied!("arn:aws:iam::111122223333:role/ops", "identity is not mapped");
const OPS: &str = caller!("arn:aws:sts::111122223333:assumed-role/ops/me");
const OPS_WITH_PATH: &str = aws_auth!("arn:aws:iam::111122223333:role/teams/ops", "ops", "[system:masters]");
const OPS_MAPPED: &str = aws_auth!("arn:aws:iam::111122223333:role/ops", "ops", "[deployers]");
const OTHER_MAPPED: &str = aws_auth!("arn:aws:iam::111122223333:role/billing", "billing", "[billing]");

/// What is around the text that counts.
const AROUND: &[Ticket] = &[
    ticket(
        &[
            "Hello support,\n\nour deployment stopped over night:\n\nUnable to locate credentials. You can configure credentials by \
           running \"aws configure\".\n\nBest regards,\nMina\n-- \nPlatform team\n",
        ],
        "named credentials-missing",
        5,
    ),
    ticket(
        &[
            "> > An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: The security token included in the \
           request is expired\n> is what I see\n",
        ],
        "named session-expired",
        1,
    ),
    ticket(
        &["\u{1b}[31mError loading SSO Token: Token for corp does not exist\u{1b}[0m\n"],
        "named sso-not-signed-in",
        1,
    ),
    ticket(
        &[
            "2026-11-30T08:00:00.1234567Z ##[group]Run kubectl apply\n2026-11-30T08:00:01.7654321Z The config profile (ci) could not \
           be found\n2026-11-30T08:00:01.8000000Z ##[error]Process completed with exit code 1.\n",
        ],
        "named profile-not-found",
        2,
    ),
    ticket(
        &[
            "section_start:1764489600:step_script\r\u{1b}[0KUnable to connect to the server: getting credentials: exec: executable aws \
           not found\nsection_end:1764489601:step_script\r\u{1b}[0K\n",
        ],
        "named exec-plugin-not-found",
        1,
    ),
    ticket(
        &[
            "[2026-11-30T08:00:00.123Z] + kubectl get ns\n[2026-11-30T08:00:01.123Z] An error occurred (AccessDenied) when calling the \
           AssumeRole operation: User: arn:aws:iam::111122223333:user/ci is not authorized to perform: sts:AssumeRole on resource: \
           arn:aws:iam::111122223333:role/deploy\n",
        ],
        "named assume-role-denied",
        2,
    ),
    ticket(
        &[
            "#12 [7/9] RUN kubectl version\n#12 3.456 Unable to locate credentials. You can configure credentials by running \"aws login\".\n",
        ],
        "named credentials-missing",
        2,
    ),
    ticket(
        &[
            "deploy-1  | rolling out\ndeploy-1  | error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"\n",
        ],
        "named exec-api-version-unsupported",
        2,
    ),
    ticket(
        &[
            "seen since Monday\n```The connection to the server localhost:8080 was refused - did you specify the right host or port?```\n",
        ],
        "named kubeconfig-missing",
        2,
    ),
    ticket(
        &[
            "{noformat}\nUnable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown \
           authority\n{noformat}\n",
        ],
        "named certificate-not-trusted",
        2,
    ),
    ticket(
        &[
            "안녕하세요,\n클러스터가 보이지 않습니다.\n\nAn error occurred (ResourceNotFoundException) when calling the DescribeCluster \
           operation: No cluster found for name: shop.\n\n감사합니다\n",
        ],
        "named cluster-not-found",
        4,
    ),
    ticket(
        &["❯ kubectl get pods\nerror: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"\n"],
        "named exec-api-version-unsupported",
        2,
    ),
    ticket(
        &["│ Error: configuring provider: Unable to locate credentials\n│ \n│   with module.eks\n"],
        "named credentials-missing",
        1,
    ),
    // A mail around every part: none of it is taken for YAML, and nothing of the ConfigMap is lost.
    ticket(
        &[concat!(
            "Hi,\n\nthe whole team is locked out.\n\n",
            denied!("arn:aws:iam::111122223333:role/ops", "identity is not mapped"),
            "\n",
            aws_auth!("arn:aws:iam::111122223333:role/teams/ops", "ops", "[system:masters]"),
            "Thanks a lot\n감사합니다\n\n-- \nMina: on call until Friday, then Jo\n"
        )],
        "named mapped-with-path",
        5,
    ),
];

/// Several parts, and which of them counts.
const TOGETHER: &[Ticket] = &[
    ticket(&[""], "not-known", 0),
    ticket(&["Hello,\nit does not work. Can you help?\nMina\n"], "not-known", 0),
    ticket(&[UNAUTHORIZED], "not-known", 1),
    ticket(&[OPS], "not-known", 0),
    ticket(&[UNAUTHORIZED, OPS], "not-known", 1),
    ticket(&[OPS_DENIED], "likeliest identity-not-mapped", 1),
    ticket(
        &[denied!("arn:aws:iam::111122223333:root", "identity is not mapped")],
        "named root-not-mapped",
        1,
    ),
    ticket(
        &[
            "level=warning msg=\"access denied\" error=\"input token was not properly formatted: X-Amz-Date parameter is expired (15 minute \
          expiration) 2026-11-30 07:00:00 +0000 UTC\"\n",
        ],
        "named token-expired",
        1,
    ),
    ticket(
        &[
            "level=warning msg=\"access denied\" error=\"sts getCallerIdentity failed: error from AWS (expected 200, got 403). Body: \
          {\\\"Error\\\":{\\\"Code\\\":\\\"SignatureDoesNotMatch\\\"}}\"\n",
        ],
        "likeliest signature-mismatch",
        1,
    ),
    ticket(&[OPS_DENIED, OPS_WITH_PATH], "named mapped-with-path", 1),
    ticket(&[OPS_WITH_PATH, UNAUTHORIZED, OPS_DENIED], "named mapped-with-path", 8),
    // Entries may deny for another reason.
    ticket(&[OPS_DENIED, OTHER_MAPPED], "likeliest identity-not-mapped", 1),
    ticket(
        &[OPS_DENIED, OTHER_MAPPED, cluster!("CONFIG_MAP")],
        "named identity-not-mapped",
        1,
    ),
    ticket(
        &[UNAUTHORIZED, OPS, OPS_WITH_PATH, cluster!("CONFIG_MAP")],
        "named mapped-with-path",
        1,
    ),
    ticket(&[UNAUTHORIZED, OPS, OPS_WITH_PATH], "likeliest mapped-with-path", 1),
    // The files let the caller in: they do not show why it was refused.
    ticket(&[UNAUTHORIZED, OPS, OPS_MAPPED, cluster!("CONFIG_MAP")], "not-known", 1),
    ticket(&[OPS, OPS_MAPPED, cluster!("CONFIG_MAP")], "named granted", 0),
    // What failed before any server was not refused by a cluster.
    ticket(
        &[
            "Unable to locate credentials. You can configure credentials by running \"aws configure\".\n",
            OPS,
            OPS_WITH_PATH,
        ],
        "named credentials-missing",
        1,
    ),
    // Unless a line of the log shows a denial.
    ticket(
        &[
            OPS_DENIED,
            "Unable to locate credentials. You can configure credentials by running \"aws configure\".\n",
            OPS_WITH_PATH,
        ],
        "named mapped-with-path",
        1,
    ),
    // What is bound in the cluster is in no text.
    ticket(
        &[
            "Error from server (Forbidden): pods is forbidden: User \"ops\" cannot list resource \"pods\" in API group \"\" in the \
           namespace \"web\"\n",
            OPS,
            OPS_MAPPED,
        ],
        "likeliest no-binding",
        1,
    ),
    ticket(
        &[
            "Error: query: failed to query with labels: secrets is forbidden: User \"ops\" cannot list resource \"secrets\" in API \
           group \"\" in the namespace \"web\"\n",
            OPS,
            OPS_MAPPED,
        ],
        "likeliest no-binding",
        1,
    ),
    // Another user was refused than the files make of the caller.
    ticket(
        &[
            "Error from server (Forbidden): pods is forbidden: User \"system:serviceaccount:ci:runner\" cannot list resource \"pods\" in \
           API group \"\" in the namespace \"web\"\n",
            OPS,
            OPS_MAPPED,
        ],
        "not-named",
        1,
    ),
    // Configuration where nothing else names a cause.
    ticket(
        &[
            aws_auth!(
                "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Ops_0123456789abcdef",
                "ops",
                "[system:masters]"
            ),
            UNAUTHORIZED,
        ],
        "likeliest mapped-with-sso-path",
        8,
    ),
    ticket(
        &[
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n  MapRoles: |\n    - rolearn: \
          arn:aws:iam::111122223333:role/ops\n      username: ops\n      groups: [ops]\n",
        ],
        "likeliest aws-auth-key-misspelled",
        7,
    ),
    ticket(
        &[
            "{\"accessEntry\": {\"clusterName\": \"shop\", \"principalArn\": \"arn:aws:iam::111122223333:role/ops\", \
          \"kubernetesGroups\": [\"system:masters\"], \"username\": \"ops\", \"type\": \"STANDARD\"}}\n",
        ],
        "likeliest entry-group-reserved",
        1,
    ),
    // What cannot be read does not take the rest with it.
    ticket(
        &[concat!(
            "{\n  \"UserId\": \"AIDAEXAMPLEEXAMPLE123\",\n  \"Account\": \"111122223333\",\n",
            denied!("arn:aws:iam::111122223333:user/dev", "identity is not mapped")
        )],
        "likeliest identity-not-mapped",
        4,
    ),
    ticket(
        &[
            "aws: [ERROR]: An error occurred (AccessDeniedException) when calling the DescribeCluster operation: User: \
          arn:aws:iam::111122223333:user/dev is not authorized to perform: eks:DescribeCluster on resource: \
          arn:aws:eks:eu-west-1:111122223333:cluster/shop\n",
        ],
        "named iam-not-allowed",
        1,
    ),
    ticket(
        &[
            "An error occurred (RegionDisabledException) when calling the AssumeRole operation: STS is not activated in this region\n",
        ],
        "named region-disabled",
        1,
    ),
];

/// The kinds of the field cases, in words of our own.
const FIELD: &[Ticket] = &[
    // F01: the username is lost on the way to an aggregated API.
    ticket(
        &[
            "kubectl top nodes\nerror: You must be logged in to the server (Unauthorized)\n",
            "{\"UserId\": \"AROAEXAMPLEEXAMPLE123:me\", \"Account\": \"111122223333\", \"Arn\": \
             \"arn:aws:sts::111122223333:assumed-role/metrics/me\"}\n",
            "data:\n  mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:role/metrics\n      groups: [system:masters]\n",
        ],
        "named username-missing",
        2,
    ),
    // F03: people with the username of nodes.
    ticket(
        &[aws_auth!(
            "arn:aws:iam::111122223333:role/owners",
            "system:node:{{SessionName}}",
            "[system:masters]"
        )],
        "likeliest username-reserved",
        0,
    ),
    // F04: a node's role with an entry of type STANDARD.
    ticket(
        &[
            "An error occurred (InvalidParameterException) when calling the UpdateAccessEntry operation: The kubernetes group name \
          system:nodes is invalid, it cannot start with system:\n",
        ],
        "named node-role-not-mapped",
        1,
    ),
    // F05: the controller's role is mapped in place of the nodes'.
    ticket(
        &[
            denied!(
                "arn:aws:iam::111122223333:role/KarpenterNodeRole-shop",
                "identity is not mapped"
            ),
            aws_auth!(
                "arn:aws:iam::111122223333:role/KarpenterControllerRole-shop",
                "system:node:{{EC2PrivateDNSName}}",
                "[system:bootstrappers, system:nodes]"
            ),
        ],
        "cause node-role-not-mapped",
        1,
    ),
    // F07: the API server's and kubelet's own lines.
    ticket(
        &[
            "E1130 08:00:00.000001       1 webhook.go:154] Failed to make webhook authenticator request: unknown\nE1130 08:00:00.000002       1 \
          authentication.go:70] Unable to authenticate the request due to an error: [invalid bearer token, unknown]\n",
        ],
        "not-named",
        0,
    ),
    // F09: the AWS CLI prints a table.
    ticket(
        &[
            "E1130 memcache.go:265] couldn't get current server API group list: Get \"https://x.eks.amazonaws.com/api\": getting credentials: \
          decoding stdout: couldn't get version/kind; json parse error: invalid character 'E' looking for beginning of value\n",
        ],
        "likeliest exec-output-not-json",
        1,
    ),
    // F10: the plugin failed, and why is not said.
    ticket(
        &[
            "Error: Kubernetes cluster unreachable: Get \"https://x.eks.amazonaws.com/version\": getting credentials: exec: executable aws failed \
          with exit code 253\n",
        ],
        "not-named",
        1,
    ),
    // F13: 401 in the words of others.
    ticket(
        &[
            "helm upgrade web ./chart\nError: UPGRADE FAILED: Kubernetes cluster unreachable: the server has asked for the client to provide \
          credentials\n",
        ],
        "not-named",
        2,
    ),
    // F14: a provider without a host.
    ticket(
        &["Error: Get \"http://localhost/api/v1/namespaces/web\": dial tcp [::1]:80: connect: connection refused\n"],
        "cause kubeconfig-missing",
        1,
    ),
    // F15: the pod's service account asked.
    ticket(
        &[
            "Error: namespaces \"web\" is forbidden: User \"system:serviceaccount:gitlab:runner\" cannot get resource \"namespaces\" in API group \
          \"\" in the namespace \"web\"\n",
        ],
        "likeliest not-authorized",
        1,
    ),
    // F17: a binding would give more than its maker has.
    ticket(
        &[
            "error: failed to create role: roles.rbac.authorization.k8s.io \"ops\" is forbidden: user \"ops\" (groups=[\"system:authenticated\"]) \
          is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}\n",
        ],
        "named rbac-escalation",
        1,
    ),
    // F20: a node's own name differs from its username.
    ticket(
        &[
            "E1130 08:00:00.000001    2000 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"nodes \
          \\\"ip-10-1-2-3.ec2.internal\\\" is forbidden: node \\\"i-0123456789abcdef0\\\" is not allowed to modify node \
          \\\"ip-10-1-2-3.ec2.internal\\\"\"\n",
        ],
        "named node-name-differs",
        1,
    ),
    // F22: the token of a service account as a bearer token.
    ticket(
        &[
            "apiVersion: v1\nkind: Config\nclusters:\n- name: shop\n  cluster:\n    server: https://x.eks.amazonaws.com\ncontexts:\n- name: shop\n  \
          context: {cluster: shop, user: pod}\ncurrent-context: shop\nusers:\n- name: pod\n  user:\n    tokenFile: \
          /var/run/secrets/eks.amazonaws.com/serviceaccount/token\n",
        ],
        "likeliest token-malformed",
        0,
    ),
    // F23: anonymous in another client's words.
    ticket(
        &[
            "HTTP response body: {\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"pods is forbidden: User \\\"system:anonymous\\\" cannot \
          list resource \\\"pods\\\" in API group \\\"\\\" in the namespace \\\"web\\\"\",\"reason\":\"Forbidden\",\"code\":403}\n",
        ],
        "named anonymous",
        1,
    ),
    // F26: an item of mapAccounts is a map.
    ticket(
        &[
            "Error: unmarshalling \"mapAccounts\": error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go value of \
          type string\n",
        ],
        "named aws-auth-broken",
        1,
    ),
    // F28: nothing answers.
    ticket(
        &[
            "Unable to connect to the server: dial tcp: lookup ABC.gr7.eu-west-1.eks.amazonaws.com on 10.0.0.2:53: no such host\n",
        ],
        "named server-unreachable",
        1,
    ),
    ticket(
        &[
            "Error: checking AWS STS access: Get \"https://ABC.gr7.eu-west-1.eks.amazonaws.com/version\": net/http: TLS handshake timeout\n",
        ],
        "cause server-unreachable",
        1,
    ),
    // F30: a group of IAM.
    ticket(
        &["data:\n  mapRoles: |\n    - grouparn: arn:aws:iam::111122223333:group/devs\n      groups: [devs]\n"],
        "likeliest identity-not-mapped",
        0,
    ),
    // F33: a template as a subject.
    ticket(
        &[
            "Error from server (Forbidden): pods is forbidden: User \"ops:me\" cannot list resource \"pods\" in API group \"\" in the \
           namespace \"web\"\n",
            OPS,
            aws_auth!("arn:aws:iam::111122223333:role/ops", "ops:{{SessionName}}", "[ops]"),
            "kind: RoleBinding\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: web, namespace: web}\nroleRef: {apiGroup: \
             rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects:\n- {apiGroup: rbac.authorization.k8s.io, kind: User, name: \
             \"ops:{{SessionName}}\"}\n",
        ],
        "named subject-holds-template",
        1,
    ),
    // F37: a session assumes its own role.
    ticket(
        &[
            "An error occurred (AccessDenied) when calling the AssumeRole operation: User: \
          arn:aws:sts::111122223333:assumed-role/deploy/run-7 is not authorized to perform: sts:AssumeRole on resource: \
          arn:aws:iam::111122223333:role/deploy\n",
        ],
        "named role-assumes-itself",
        1,
    ),
    // F44: other forms of a mapping.
    ticket(
        &[
            "aws_auth_roles = [\n  {\n    rolearn  = \"arn:aws:iam::111122223333:role/teams/ops\"\n    username = \"ops\"\n    groups   = \
          [\"system:masters\"]\n  },\n]\n",
        ],
        "likeliest mapped-with-path",
        3,
    ),
    // F45: another partition.
    ticket(
        &[
            denied!("arn:aws-cn:iam::111122223333:role/ops", "identity is not mapped"),
            aws_auth!("arn:aws:iam::111122223333:role/ops", "ops", "[system:masters]"),
        ],
        "named mapped-in-other-partition",
        1,
    ),
    // F47: account ids are blotted out.
    ticket(
        &[
            denied!("arn:aws:iam::<redacted>:role/ops", "identity is not mapped"),
            aws_auth!("arn:aws:iam::<redacted>:role/teams/ops", "ops", "[system:masters]"),
        ],
        "named mapped-with-path",
        1,
    ),
    // F49: a node that does not join, without a line of the authenticator's.
    ticket(
        &[
            "Nov 30 08:00:00 ip-10-1-2-3 kubelet[2000]: E1130 08:00:00.000001    2000 kubelet_node_status.go:96] \"Unable to register node \
             with API server\" err=\"Unauthorized\" node=\"ip-10-1-2-3.ec2.internal\"\n",
            aws_auth!(
                "arn:aws:iam::111122223333:role/KarpenterControllerRole-shop",
                "system:node:{{EC2PrivateDNSName}}",
                "[system:bootstrappers, system:nodes]"
            ),
        ],
        "likeliest node-role-not-mapped",
        1,
    ),
    // F53: an old AWS CLI.
    ticket(
        &[
            "Unable to connect to the server: getting credentials: decoding stdout: no kind \"ExecCredential\" is registered for version \
          \"client.authentication.k8s.io/v1alpha1\" in scheme \"pkg/client/auth/exec/exec.go:62\"\n",
        ],
        "named exec-api-version-unsupported",
        1,
    ),
    // What is no access to EKS.
    ticket(
        &[
            "Error: failed to create containerd task: OCI runtime exec failed: exec: \"bash\": executable file not found in $PATH: unknown\n",
        ],
        "not-access",
        0,
    ),
];

/// A module of Terraform that maps a role with its path.
const MODULE: &str = "module \"eks\" {\n  source = \"terraform-aws-modules/eks/aws\"\n\n  aws_auth_roles = [\n    {\n      rolearn  = \
                      \"arn:aws:iam::111122223333:role/teams/ops\"\n      username = \"ops\"\n      groups   = [\"system:masters\"]\n    \
                      },\n  ]\n}\n";
const KUBELET: &str = "Nov 30 08:00:00 ip-10-1-2-3 kubelet[2000]: E1130 08:00:00.000001    2000 kubelet_node_status.go:96] \"Unable to \
                       register node with API server\" err=\"Unauthorized\" node=\"ip-10-1-2-3.ec2.internal\"\n";
const PROFILE: &str = "{\"InstanceProfile\": {\"InstanceProfileName\": \"pool\", \"Roles\": [{\"RoleName\": \"workers\", \"Arn\": \
                       \"arn:aws:iam::111122223333:role/workers\"}]}}\n";
const NAMELESS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n  mapRoles: |\n    - \
                        rolearn: arn:aws:iam::111122223333:role/ops\n      groups: [system:masters]\n";

/// Other tools' files, together with what was seen.
const FORMS: &[Ticket] = &[
    // Terraform in a mail, and a line of the log.
    ticket(
        &[concat!(
            "Hi,\n\n",
            denied!("arn:aws:iam::111122223333:role/ops", "identity is not mapped"),
            "\nThis is our code:\n\n```hcl\nmodule \"eks\" {\n  aws_auth_roles = [\n    {\n      rolearn  = \
             \"arn:aws:iam::111122223333:role/teams/ops\"\n      username = \"ops\"\n      groups   = [\"system:masters\"]\n    \
             },\n  ]\n}\n```\n\nThanks,\nMina\n"
        )],
        "named mapped-with-path",
        3,
    ),
    ticket(&[OPS_DENIED, MODULE], "named mapped-with-path", 1),
    // What eksctl prints.
    ticket(
        &[
            OPS_DENIED,
            "$ eksctl get iamidentitymapping --cluster shop\nARN\t\t\t\t\t\tUSERNAME\tGROUPS\t\tACCOUNT\n\
             arn:aws:iam::111122223333:role/teams/ops\tops\tsystem:masters\t\n",
        ],
        "named mapped-with-path",
        1,
    ),
    ticket(
        &[
            OPS_DENIED,
            "[{\"rolearn\": \"arn:aws:iam::111122223333:role/teams/ops\", \"username\": \"ops\", \"groups\": [\"ops\"]}, \
             {\"userarn\": \"arn:aws:iam::111122223333:user/jane\", \"username\": \"jane\", \"groups\": [\"ops\"]}]\n",
        ],
        "named mapped-with-path",
        1,
    ),
    ticket(
        &[
            "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata:\n  name: shop\n  region: eu-west-1\niamIdentityMappings:\n  - \
             arn: arn:aws:iam::111122223333:role/teams/ops\n    username: ops\n    groups: [system:masters]\n",
            OPS_DENIED,
        ],
        "named mapped-with-path",
        7,
    ),
    // EKS refuses the entry, so that there is none.
    ticket(
        &[
            OPS_DENIED,
            "access_entries = {\n  ops = {\n    principal_arn     = \"arn:aws:iam::111122223333:role/ops\"\n    kubernetes_groups = \
             [\"system:masters\"]\n  }\n}\n",
        ],
        "likeliest entry-group-reserved",
        1,
    ),
    // The file has the entry, and the cluster need not.
    ticket(
        &[
            OPS_DENIED,
            "resource \"aws_eks_access_entry\" \"ops\" {\n  cluster_name      = \"shop\"\n  principal_arn     = \
             \"arn:aws:iam::111122223333:role/ops\"\n  kubernetes_groups = [\"ops\"]\n}\n",
        ],
        "not-named",
        1,
    ),
    ticket(
        &[
            OPS_DENIED,
            "{\"format_version\": \"1.2\", \"planned_values\": {\"root_module\": {\"resources\": [{\"type\": \
             \"aws_eks_access_entry\", \"values\": {\"cluster_name\": \"shop\", \"principal_arn\": \
             \"arn:aws:iam::111122223333:role/billing\", \"kubernetes_groups\": [\"billing\"], \"type\": \"STANDARD\", \
             \"user_name\": \"billing\"}}]}}}\n",
        ],
        "likeliest identity-not-mapped",
        1,
    ),
    // The ConfigMap that is there counts.
    ticket(
        &[UNAUTHORIZED, OPS, OPS_MAPPED, MODULE, cluster!("CONFIG_MAP")],
        "not-known",
        1,
    ),
    // What failed before any server is no matter of the module.
    ticket(
        &["│ Error: configuring provider: Unable to locate credentials\n", MODULE],
        "named credentials-missing",
        1,
    ),
    ticket(
        &[
            "안녕하세요,\n\nkubectl get pods 실행 시 오류:\nerror: You must be logged in to the server (Unauthorized)\n\n테라폼 코드입니다.\n\naws_auth_roles \
             = [\n  {\n    rolearn  = \
             \"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Ops_0123456789abcdef\"\n    \
             username = \"ops\"\n    groups   = [\"system:masters\"]\n  },\n]\n\n감사합니다\n",
        ],
        "likeliest mapped-with-sso-path",
        10,
    ),
    // Alone.
    ticket(
        &[
            "resource \"aws_eks_access_entry\" \"nodes\" {\n  cluster_name      = \"shop\"\n  principal_arn     = \
             \"arn:aws:iam::111122223333:role/workers\"\n  kubernetes_groups = [\"system:nodes\", \"system:bootstrappers\"]\n  type             \
              = \"STANDARD\"\n}\n",
        ],
        "likeliest node-role-not-mapped",
        4,
    ),
    ticket(
        &[
            "Resources:\n  Ops:\n    Type: AWS::EKS::AccessEntry\n    Properties:\n      ClusterName: shop\n      PrincipalArn: \
             arn:aws:sts::111122223333:assumed-role/ops/me\n      Type: STANDARD\n",
        ],
        "likeliest entry-principal-invalid",
        6,
    ),
    ticket(
        &["module \"vpc\" {\n  source = \"terraform-aws-modules/vpc/aws\"\n}\n\nIt does not work.\n"],
        "not-known",
        0,
    ),
    ticket(
        &[
            "$ eksctl get iamidentitymapping --cluster shop\nError: unmarshalling \"mapRoles\": error unmarshaling JSON: while decoding JSON: \
             json: cannot unmarshal string into Go value of type []iam.RoleIdentity\n$ kubectl get pods\nerror: You must be logged in to \
             the server (Unauthorized)\n",
        ],
        "named aws-auth-broken",
        2,
    ),
];

/// Nodes that do not join.
const NODES: &[Ticket] = &[
    ticket(&[KUBELET], "not-known", 1),
    ticket(
        &[KUBELET, PROFILE, OTHER_MAPPED, cluster!("CONFIG_MAP")],
        "named node-role-not-mapped",
        1,
    ),
    ticket(&[KUBELET, PROFILE, OTHER_MAPPED], "likeliest node-role-not-mapped", 1),
    ticket(
        &[
            KUBELET,
            "{\"nodegroup\": {\"nodegroupName\": \"pool\", \"clusterName\": \"shop\", \"nodeRole\": \
             \"arn:aws:iam::111122223333:role/teams/workers\"}}\n",
            aws_auth!(
                "arn:aws:iam::111122223333:role/teams/workers",
                "system:node:{{EC2PrivateDNSName}}",
                "[system:bootstrappers, system:nodes]"
            ),
            cluster!("CONFIG_MAP"),
        ],
        "named mapped-with-path",
        1,
    ),
    // Only the profile is known.
    ticket(
        &[
            KUBELET,
            "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2026-11-30T08:00:00Z\",\n  \"InstanceProfileArn\" : \
             \"arn:aws:iam::111122223333:instance-profile/pool\",\n  \"InstanceProfileId\" : \"AIPAEXAMPLEEXAMPLE123\"\n}\n",
            OTHER_MAPPED,
        ],
        "likeliest node-role-not-mapped",
        1,
    ),
    ticket(
        &[
            KUBELET,
            "Its instance profile is arn:aws:iam::111122223333:instance-profile/pool.\n",
            OTHER_MAPPED,
        ],
        "likeliest node-role-not-mapped",
        1,
    ),
    ticket(
        &[
            KUBELET,
            "{\"UserId\": \"AROAEXAMPLEEXAMPLE123:i-0123456789abcdef0\", \"Account\": \"111122223333\", \"Arn\": \
             \"arn:aws:sts::111122223333:assumed-role/workers/i-0123456789abcdef0\"}\n",
            OTHER_MAPPED,
            cluster!("CONFIG_MAP"),
        ],
        "named node-role-not-mapped",
        1,
    ),
    // The role is mapped as it should be.
    ticket(
        &[
            KUBELET,
            PROFILE,
            aws_auth!(
                "arn:aws:iam::111122223333:role/workers",
                "system:node:{{EC2PrivateDNSName}}",
                "[system:bootstrappers, system:nodes]"
            ),
            cluster!("CONFIG_MAP"),
        ],
        "not-known",
        1,
    ),
    // Which role the node has is in no text.
    ticket(
        &[
            KUBELET,
            aws_auth!(
                "arn:aws:iam::111122223333:role/workers",
                "system:node:{{EC2PrivateDNSName}}",
                "[system:bootstrappers, system:nodes]"
            ),
        ],
        "not-known",
        1,
    ),
    ticket(
        &[aws_auth!(
            "arn:aws:iam::111122223333:instance-profile/pool",
            "system:node:{{EC2PrivateDNSName}}",
            "[system:bootstrappers, system:nodes]"
        )],
        "likeliest node-role-not-mapped",
        8,
    ),
];

/// Configuration with a mistake, alone or with a 401.
const MISTAKES: &[Ticket] = &[
    ticket(
        &[
            "kubectl top pods\nerror: You must be logged in to the server (Unauthorized)\n",
            NAMELESS,
        ],
        "named username-missing",
        2,
    ),
    ticket(&[UNAUTHORIZED, NAMELESS], "likeliest username-missing", 0),
    ticket(&[UNAUTHORIZED, OPS, NAMELESS], "likeliest username-missing", 1),
    ticket(&[NAMELESS], "likeliest username-missing", 8),
    ticket(
        &[aws_auth!("arn:aws:iam::111122223333:group/devs", "devs", "[devs]")],
        "likeliest identity-not-mapped",
        8,
    ),
    ticket(
        &["data:\n  mapAccounts: |\n    - \"12345678901\"\n"],
        "likeliest identity-not-mapped",
        3,
    ),
    ticket(
        &[
            "apiVersion: v1\nkind: Config\nclusters:\n- name: shop\n  cluster: {server: \"https://x.eks.amazonaws.com\", \
             insecure-skip-tls-verify: true}\ncontexts:\n- name: shop\n  context: {cluster: shop, user: shop}\ncurrent-context: \
             shop\nusers:\n- name: shop\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      command: \
             aws\n      args: [eks, get-token, --cluster-name, shop, --region, eu-west-1, --output, table]\n",
        ],
        "likeliest exec-output-not-json",
        16,
    ),
    ticket(
        &[
            "apiVersion: v1\nkind: Config\nclusters:\n- name: shop\n  cluster: {server: \"https://x.eks.amazonaws.com\", \
             insecure-skip-tls-verify: true}\ncontexts:\n- name: shop\n  context: {cluster: shop, user: shop}\ncurrent-context: \
             shop\nusers:\n- name: shop\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      command: \
             aws\n      args: [eks, get-token, --cluster-name, shop, --region, eu-west-1, --role-arn, \"\"]\n",
        ],
        "likeliest exec-plugin-failed",
        16,
    ),
    // Nobody is in the list, and nothing is missing.
    ticket(
        &[
            "2026-11-30T08:00:01.1234567Z Error: Kubernetes cluster unreachable: the server has asked for the client to provide \
             credentials\n",
            OPS,
            "{\"accessEntries\": []}\n",
            cluster!("API"),
        ],
        "named identity-not-mapped",
        1,
    ),
];

#[test]
fn what_is_around_a_text_is_passed_over() {
    check(AROUND);
}

#[test]
fn the_strongest_evidence_names_the_cause() {
    check(TOGETHER);
}

#[test]
fn the_kinds_of_the_field_are_answered() {
    check(FIELD);
}

#[test]
fn files_of_other_tools_say_who_is_mapped() {
    check(FORMS);
}

#[test]
fn nodes_are_judged_by_their_role() {
    check(NODES);
}

#[test]
fn mistakes_in_configuration_are_likeliest() {
    check(MISTAKES);
}

#[test]
fn what_is_asked_of_a_node_is_asked_at_the_node() {
    let answer = answered(&[KUBELET]);
    let look_at = answer.main.look_at.join("\n");
    for wanted in [
        "journalctl -u kubelet",
        "curl -s http://169.254.169.254/latest/meta-data/iam/info",
        "aws sts get-caller-identity   # on the instance",
    ] {
        assert!(look_at.contains(wanted), "{look_at}");
    }
    assert!(!look_at.contains("kubectl"), "{look_at}");
    assert!(answer.main.sentence.starts_with("a node got a 401"), "{answer:#?}");
}

#[test]
fn nothing_is_asked_twice() {
    for texts in [&[UNAUTHORIZED][..], &[UNAUTHORIZED, OPS, OPS_WITH_PATH], &[KUBELET]] {
        let look_at = answered(texts).main.look_at;
        for command in [
            "aws sts get-caller-identity",
            "aws eks describe-cluster",
            "list-access-entries",
        ] {
            let times = look_at.iter().filter(|look| look.contains(command)).count();
            assert!(times <= 1, "{command}: {look_at:#?}");
        }
    }
}

#[test]
fn a_block_of_terraform_is_no_broken_yaml() {
    for text in [MODULE, "aws_auth_roles = [\n  {\n    rolearn = \"x\"\n  },\n]\n"] {
        let answer = answered(&[text]);
        let is_broken = |finding: &Finding| finding.message.starts_with("neither YAML nor JSON");
        assert!(!answer.findings.iter().any(is_broken), "{answer:#?}");
    }
}

#[test]
fn who_was_denied_is_not_who_was_given() {
    let dev = caller!("arn:aws:iam::111122223333:user/dev");
    for texts in [&[OPS_DENIED, dev][..], &[OPS_DENIED, dev, OPS_WITH_PATH]] {
        let answer = answered(texts);
        let said = answer.findings.iter().any(|finding| {
            finding
                .message
                .starts_with("contradictory: this caller is arn:aws:iam::111122223333:user/dev")
        });
        assert!(said, "{answer:#?}");
    }
}

#[test]
fn what_else_went_wrong_is_told() {
    let answer = answered(&[OPS_DENIED, "Unable to locate credentials\n"]);
    let others: Vec<_> = answer
        .others
        .iter()
        .filter_map(|other| other.certainty.cause())
        .collect();
    assert_eq!(others, [crate::explain::Cause::CredentialsMissing], "{answer:#?}");
}

#[test]
fn what_would_settle_it_names_the_cluster() {
    let answer = answered(&[UNAUTHORIZED, cluster!("API")]);
    let wanted = "aws eks list-access-entries --cluster-name shop --region eu-west-1";
    assert!(
        answer.main.look_at.iter().any(|look| look.starts_with(wanted)),
        "{answer:#?}"
    );
    // Nothing reads it in this mode.
    assert!(
        !answer.main.look_at.iter().any(|look| look.contains("aws-auth")),
        "{answer:#?}"
    );
}

#[test]
fn parts_are_told_with_their_lines() {
    let answer = answered(&[concat!(
        "Hi,\n\n",
        denied!("arn:aws:iam::111122223333:role/ops", "identity is not mapped"),
        "\n",
        aws_auth!("arn:aws:iam::111122223333:role/ops", "ops", "[ops]")
    )]);
    let read: Vec<(&str, usize, usize)> = answer
        .read
        .iter()
        .map(|part| (part.kind.as_str(), part.first_line, part.last_line))
        .collect();
    assert_eq!(read, [("authenticator-log", 3, 3), ("aws-auth", 5, 14)], "{answer:#?}");
}

proptest! {
    // Each makes and stages worlds, which takes its time in a debug build.
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let answer = answered(&[&text]);
        prop_assert!(!answer.main.sentence.is_empty());
    }

    /// A greeting is no part of the ConfigMap before it.
    #[test]
    fn prose_around_a_ticket_changes_nothing(before in "[A-Za-z가-힣][A-Za-z가-힣, ]{0,60}", after in "[A-Za-z가-힣][A-Za-z가-힣, ]{0,60}") {
        let text = format!("{before}\n\n{OPS_DENIED}\n{OPS_WITH_PATH}\n{after}\n");
        prop_assert_eq!(answered(&[&text]).main.certainty, Certainty::Named(crate::explain::Cause::MappedWithPath));
    }
}

/// A patch takes the place of a whole list: written from an excerpt it would take the access of all the others.
#[test]
fn a_list_is_written_only_where_it_is_known_whole() {
    const ITEM: &str = "data:\n  mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:role/teams/ops\n      username: ops\n      groups: [ops]\n";
    const LINE: &str = "time=\"2026-11-30T08:00:00Z\" level=warning msg=\"access denied\" arn=\"arn:aws:iam::111122223333:role/ops\" \
                        error=\"identity is not mapped\"\n";
    let whole =
        format!("apiVersion: v1\n{ITEM}kind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\n");
    let fix = |line: &str, text: &str| {
        let texts = [line, text].map(|text| Artifact {
            file: "1.txt".to_owned(),
            text: text.to_owned(),
            kind: None,
        });
        answer(&texts).main.fix
    };
    assert!(fix(LINE, &whole).contains("`kubectl patch configmap aws-auth "));
    let blotted = |text: &str| text.replace("111122223333", "<account>");
    for fix in [fix(LINE, ITEM), fix(&blotted(LINE), &blotted(&whole))] {
        assert!(fix.starts_with("write arn:aws:iam::"), "{fix}");
        assert!(
            fix.contains("(kubectl edit configmap aws-auth -n kube-system)"),
            "{fix}"
        );
        assert!(!fix.contains("kubectl patch"), "{fix}");
    }
}

/// Whoever wrote the ticket has no say in the commands that whoever reads it runs.
#[test]
fn no_command_has_words_of_a_ticket_that_a_shell_would_obey() {
    const HOSTILE: [&str; 4] = ["$(id)", ";id", "'$(id)'", "a|id"];
    const TICKETS: [&str; 9] = [
        "$ aws eks update-kubeconfig --name cX --region euX\nerror: You must be logged in to the server (Unauthorized)\n",
        "error: You must be logged in to the server (Unauthorized)\n{\"cluster\":{\"name\":\"cX\",\"arn\":\"arn:aws:eks:euX:111122223333:cluster/cX\",\
         \"accessConfig\":{\"authenticationMode\":\"API\"}}}\n",
        "Error from server (Forbidden): podsX is forbidden: User \"uX\" cannot list resource \"podsX\" in API group \"\" in the namespace \"nX\"\n",
        "Error from server (Forbidden): pods is forbidden: User \"system:serviceaccount:nX:aX\" cannot list resource \"pods\" in API group \
         \"\" in the namespace \"nX\"\n",
        "{\"accessEntry\":{\"clusterName\":\"cX\",\"principalArn\":\"arn:aws:iam::111122223333:role/NodeInstanceRole-X\",\"kubernetesGroups\":\
         [\"system:nodes\"],\"type\":\"STANDARD\",\"accessEntryArn\":\"arn:aws:eks:euX:111122223333:access-entry/c/role/111122223333/x/0\"}}\n",
        "time=\"2026-11-30T08:00:00Z\" level=warning msg=\"access denied\" arn=\"arn:aws:iam::X:role/oX\" error=\"identity is not mapped\"\n",
        "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"verb\":\"list\",\"stage\":\"ResponseComplete\",\"user\":{\"username\":\"uX\",\
         \"groups\":[\"gX\"]},\"objectRef\":{\"resource\":\"pods\",\"namespace\":\"nX\"},\"responseStatus\":{\"code\":403,\"reason\":\"Forbidden\",\
         \"message\":\"pods is forbidden\"}}\n",
        "E0304 05:06:07.100000 99 kubelet_node_status.go:96] \"Unable to register node with API server\" err=\"Unauthorized\" node=\"aX\"\n\
         {\"InstanceProfile\":{\"InstanceProfileName\":\"pX\",\"Arn\":\"arn:aws:iam::111122223333:instance-profile/pX\",\"Roles\":[]}}\n",
        "The config profile (pX) could not be found\naws eks get-token --cluster-name cX --region euX --profile pX\n",
    ];
    // What stands between single quotes a shell takes as it is.
    let bare = |command: &str| -> String { command.replace("'\\''", "").split('\'').step_by(2).collect() };
    for ticket in TICKETS {
        for hostile in HOSTILE {
            let text = ticket.replace('X', hostile);
            let answer = answered(&[&text]);
            for judgement in [&answer.main].into_iter().chain(&answer.others) {
                let asked = judgement
                    .look_at
                    .iter()
                    .map(|look| look.split("   #").next().unwrap_or_default().to_owned())
                    .filter(|look| {
                        ["aws ", "eksctl ", "kubectl "]
                            .iter()
                            .any(|program| look.starts_with(program))
                    });
                for command in crate::explain::fix_commands(&judgement.fix).into_iter().chain(asked) {
                    let bare = bare(&command);
                    assert!(
                        !["$(", ";id", "|id"].iter().any(|sign| bare.contains(sign)),
                        "{text}\n{command}"
                    );
                }
            }
        }
    }
}
