//! Lines of kube-apiserver and of the kubelet, which write by klog.
//!
//! Sources: of k8s.io/apiserver 0.35 `pkg/endpoints/filters/authentication.go` and
//! `plugin/pkg/authenticator/token/webhook/webhook.go`; of Kubernetes 1.36 `pkg/kubelet/kubelet_node_status.go` and
//! `pkg/volume/csi/csi_plugin.go`; `apimachinery/lease/controller.go` of k8s.io/component-helpers; `util/certificate` of
//! client-go.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Read;
use super::Target;
use super::When;
use super::forbidden::Forbidden;
use super::of_line;
use super::unauthorized;
use super::window::HEADER;
use super::window::authenticator_lines;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::Diagnosis;
use crate::explain::fix::word;
use crate::explain::node;
use crate::explain::node::NodeKind;

/// What the sentence of every 401 of a node begins with.
pub(crate) const NODE_401: &str = "a node got a 401";

/// What the kubelet writes, with or without klog's header around it.
const KUBELET: [&str; 12] = [
    "Unable to register node",
    "waiting for CSINode publishing",
    "Failed to ensure lease exists",
    "failed to ensure lease exists",
    "Error updating node status",
    "Unable to update node status",
    "Error getting the current node from lister",
    "Error getting node",
    "Failed to initialize CSINode",
    "Failed while requesting a signed certificate from the control plane",
    "still unable to rotate certs",
    "Attempting to register node",
];
/// How clients of Kubernetes word a 401.
const UNAUTHORIZED: [&str; 3] = [
    "Unauthorized",
    "the server has asked for the client to provide credentials",
    "You must be logged in to the server",
];

/// What journald puts before the lines of a node's programs.
const OF_KUBELET: [&str; 2] = ["kubelet[", " kubelet: "];
const OF_CONTAINERD: [&str; 2] = ["containerd[", " containerd: "];
/// What sets a node up, on Amazon Linux 2023 and on machines that are not AWS's.
const NODEADM: &str = "nodeadm";

/// The threads of the kubelet, by which its further lines are known. Within a container every program has the first.
pub(super) fn kubelet_threads(text: &str) -> BTreeSet<&str> {
    let lines = text
        .lines()
        .filter(|line| KUBELET.iter().chain(&OF_KUBELET).any(|known| line.contains(known)));
    lines.filter_map(thread).filter(|thread| *thread != "1").collect()
}

/// What klog writes between the time and the file.
fn thread(line: &str) -> Option<&str> {
    static THREAD: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\b[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{3,9} +(\d+) ").ok());
    let found = THREAD.as_ref()?.captures(line)?;
    found.get(1).map(|thread| thread.as_str())
}

/// Nothing where the line is of neither, or says nothing of access.
pub(super) fn read(number: usize, line: &str, target: &Target, threads: &BTreeSet<&str>) -> Option<Read> {
    let has = |texts: &[&str]| texts.iter().any(|known| line.contains(known));
    let has_header = HEADER.as_ref().is_some_and(|header| header.is_match(line));
    // Of all that a kubelet writes, these are its own requests to the API server: it probes and pulls elsewhere.
    let is_request = has(&KUBELET);
    let is_of_kubelet = is_request || has(&OF_KUBELET) || line.contains(NODEADM);
    let is_of_server = has(&API_SERVER);
    if !has_header && !is_of_kubelet && !is_of_server {
        if !has(&OF_CONTAINERD) {
            return None;
        }
        let plain = plain(line);
        let diagnosis = image(&plain, number, line).or_else(|| network(&plain, number, line))?;
        return Some((diagnosis, When::of(line)));
    }
    let plain = plain(line);
    let when = When::of(line);
    let is_of_kubelet =
        is_of_kubelet || plain.contains("kubelet") || thread(line).is_some_and(|thread| threads.contains(thread));
    let diagnosis = api_server(&plain, number, line, when.as_ref(), target)
        .or_else(|| image(&plain, number, line))
        .or_else(|| {
            let refused = Forbidden::find(&plain)?;
            refused.of_node("", number, line, target)
        })
        .or_else(|| is_request.then(|| unreachable(&plain, number, line, target)).flatten())
        .or_else(|| network(&plain, number, line))
        .or_else(|| client(&plain, is_of_kubelet, number, line, when.as_ref(), target))?;
    Some((diagnosis, when))
}

/// Without the escapes of klog's `err="…"`, of JSON and of CSV around it.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(line);
    for _ in 0..2 {
        if text.contains("\\\"") {
            text = Cow::Owned(text.replace("\\\\", "\\").replace("\\\"", "\""));
        }
    }
    if text.contains("=\"\"") {
        text = Cow::Owned(text.replace("\"\"", "\""));
    }
    text
}

const WEBHOOK: &str = "Failed to make webhook authenticator request";
const REFUSED: &str = "Unable to authenticate the request";
const AUDIENCE: &str = "unable to match the audience";
const API_SERVER: [&str; 3] = [WEBHOOK, REFUSED, AUDIENCE];

/// What a webhook call ends with that has no answer.
const NO_ANSWER: [&str; 6] = [
    "context deadline exceeded",
    "connection refused",
    "connection reset",
    "i/o timeout",
    "no such host",
    "EOF",
];

fn api_server(plain: &str, number: usize, line: &str, when: Option<&When>, target: &Target) -> Option<Diagnosis> {
    if let Some((_, said)) = plain.split_once(WEBHOOK) {
        let sentence = if NO_ANSWER.iter().any(|known| said.contains(known)) {
            "kube-apiserver got no answer from the authenticator, so that nobody was judged: a 401 for everybody who came with a token of \
             IAM; the line does not say why"
        } else {
            "kube-apiserver's line of a 401: the authenticator did not let the token in, and the reason is not in this line, but in the \
             authenticator's of that second"
        };
        return Some(unauthorized(sentence, number, line, when, target));
    }
    let (_, said) = plain.split_once(REFUSED).or_else(|| plain.split_once(AUDIENCE))?;
    let mut diagnosis = unauthorized(
        "kube-apiserver's line of a 401: no authenticator let the request in; where it came with a token of IAM, the reason is in the \
         authenticator's line of that second",
        number,
        line,
        when,
        target,
    );
    if said.contains("x509: ") {
        diagnosis.sentence =
            "kube-apiserver's line of a 401: it does not accept the client certificate, which is no matter of IAM"
                .to_owned();
        diagnosis.look_at =
            vec!["openssl x509 -noout -dates -issuer -subject -in CERTIFICATE   # the client's".to_owned()];
    } else if ["service account token", "serviceaccount", "Token has been invalidated"]
        .iter()
        .any(|known| said.contains(known))
        || plain.contains(AUDIENCE)
    {
        diagnosis.sentence = "kube-apiserver's line of a 401: the token is a service account's, not one of IAM, and is not valid any more, \
                              or not for this server"
            .to_owned();
        diagnosis.look_at =
            vec!["the pod's service account token: its `exp`, `aud` and `iss`, and whether the pod and the account still exist".to_owned()];
    }
    Some(diagnosis)
}

/// A registry's words, which are no matter of the cluster's access.
fn image(plain: &str, number: usize, line: &str) -> Option<Diagnosis> {
    const PULL: [&str; 5] = [
        "PullImage",
        "ErrImagePull",
        "ImagePullBackOff",
        "pull image",
        "pulling image",
    ];
    const REFUSALS: [&str; 5] = [
        "401 Unauthorized",
        "403 Forbidden",
        "failed to authorize",
        "no basic auth credentials",
        "pull access denied",
    ];
    let is_one = PULL.iter().any(|known| plain.contains(known)) && REFUSALS.iter().any(|known| plain.contains(known));
    is_one.then(|| {
        of_line(
            Certainty::NotAccess,
            "an image cannot be pulled: the registry refuses the node, which is no matter of access to the cluster",
            number,
            line,
        )
    })
}

/// A network plugin's words: it asks the API server as a service account of its own, not as the node.
fn network(plain: &str, number: usize, line: &str) -> Option<Diagnosis> {
    const SANDBOX: [&str; 4] = [
        "failed to setup network for sandbox",
        "failed to set up sandbox container",
        "networkPlugin cni failed",
        "plugin type=\"",
    ];
    let is_one = SANDBOX.iter().any(|known| plain.contains(known)) && plain.contains("Unauthorized");
    is_one.then(|| {
        let mut diagnosis = of_line(
            Certainty::NotKnown,
            "a network plugin of the node got a 401: it comes with the token of a service account that its own pod wrote to the node,              which is not valid any more; the node and IAM have no part in it",
            number,
            line,
        );
        diagnosis.look_at = vec![
            "kubectl get daemonsets -A   # the plugin's, such as calico-node or kube-multus-ds: its pod on that node writes a new token \
             when it starts anew"
                .to_owned(),
            "kubectl get serviceaccounts -A   # whether the plugin's account still exists".to_owned(),
        ];
        diagnosis
    })
}

/// What fails before the API server is reached.
fn unreachable(plain: &str, number: usize, line: &str, target: &Target) -> Option<Diagnosis> {
    let has = |texts: &[&str]| texts.iter().any(|text| plain.contains(text));
    let (cause, sentence, fix) = if has(&["certificate signed by unknown authority"]) {
        (
            Cause::CertificateNotTrusted,
            "the kubelet does not trust the API server's certificate: the authority that it was given is of another or of an earlier cluster",
            format!(
                "give the node the cluster's own authority (aws eks describe-cluster --name {} --region {} --query \
                 cluster.certificateAuthority.data prints it)",
                target.cluster, target.region
            ),
        )
    } else if has(&["dial tcp", "TLS handshake timeout", "no such host"]) {
        (
            Cause::ServerUnreachable,
            "the kubelet does not reach the API server, so that nobody judged it",
            format!(
                "see what the endpoint lets in (aws eks describe-cluster --name {} --region {} --query cluster.resourcesVpcConfig), the \
                 security groups between node and control plane, the node's route, and its DNS",
                target.cluster, target.region
            ),
        )
    } else {
        return None;
    };
    let mut diagnosis = of_line(Certainty::Named(cause), sentence, number, line);
    diagnosis.fix = fix;
    Some(diagnosis)
}

fn client(
    plain: &str,
    is_of_kubelet: bool,
    number: usize,
    line: &str,
    when: Option<&When>,
    target: &Target,
) -> Option<Diagnosis> {
    // What a probe's command or a registry says is not the cluster's.
    let is_other = ["401 Unauthorized", "Probe failed"]
        .iter()
        .any(|known| plain.contains(known));
    if is_other || !UNAUTHORIZED.iter().any(|known| plain.contains(known)) {
        return None;
    }
    let kind = node_kind(plain);
    let sentence = match kind {
        NodeKind::Hybrid if is_of_kubelet => format!(
            "{NODE_401}: it acts as the Hybrid Nodes role, by its credentials of Systems Manager or IAM Roles Anywhere, and was not let \
             in; its own line does not say why, the authenticator's of that second does"
        ),
        _ if is_of_kubelet => format!(
            "{NODE_401}: it acts as the role of its instance profile, and was not let in; its own line does not say why, the \
             authenticator's of that second does"
        ),
        _ => "a client of the cluster got a 401: its credentials were not let in, and its own line does not say why; the \
              authenticator's of that second does"
            .to_owned(),
    };
    let mut diagnosis = of_line(Certainty::NotKnown, sentence, number, line);
    diagnosis.look_at = authenticator_lines(target, when);
    if is_of_kubelet {
        diagnosis.look_at.extend(node_role(kind, plain, target));
    }
    Some(diagnosis)
}

/// A command with the placeholder for an instance profile that no line names.
pub(super) const UNKNOWN_PROFILE: &str = "--instance-profile-name PROFILE";

/// Which role a node has, and what maps it.
fn node_role(kind: NodeKind, plain: &str, target: &Target) -> Vec<String> {
    let Target { cluster, region } = target;
    let mut commands = Vec::new();
    if kind == NodeKind::Hybrid {
        commands.push("on the node: aws sts get-caller-identity   # the Hybrid Nodes role".to_owned());
    } else {
        commands.extend([
            format!(
                "aws ec2 describe-instances --region {region} --filters Name=private-dns-name,Values={} --query \
                 'Reservations[].Instances[].IamInstanceProfile.Arn'   # the node's instance profile",
                node_name(plain)
            ),
            format!(
                "aws iam get-instance-profile {UNKNOWN_PROFILE} --query 'InstanceProfile.Roles[].Arn'   # its role, as which the node \
                 acts"
            ),
        ]);
    }
    commands.extend([
        format!(
            "aws eks describe-access-entry --cluster-name {cluster} --region {region} --principal-arn ROLE_ARN   # whether that role \
             has an entry, and of type {}",
            kind.entry_type().as_str()
        ),
        "kubectl -n kube-system get configmap aws-auth -o yaml   # whether mapRoles has that role, with the groups of nodes".to_owned(),
    ]);
    commands
}

/// A machine that is not AWS's is called after its id of Systems Manager.
fn node_kind(plain: &str) -> NodeKind {
    let is_managed = |text: &str| text.starts_with("mi-") && node::is_session(text);
    if plain.contains("hybrid") || words(plain).any(is_managed) {
        NodeKind::Hybrid
    } else {
        NodeKind::Ec2Linux
    }
}

/// The private DNS name in a line, as a filter of EC2 takes it.
fn node_name(plain: &str) -> String {
    match words(plain).find(|word| word.starts_with("ip-")) {
        Some(whole) if whole.contains('.') => word(whole),
        Some(host) => word(&format!("{host}.*")),
        None => "PRIVATE_DNS_NAME".to_owned(),
    }
}

fn words(plain: &str) -> impl Iterator<Item = &str> {
    plain.split(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '-' | '.'))
}
