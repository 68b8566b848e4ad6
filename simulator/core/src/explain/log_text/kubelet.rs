//! What a kubelet answers by its own API, on port 10250, to the API server (`kubectl logs`, `exec`, `port-forward`) and to
//! whoever scrapes it.
//!
//! Whoever ran kubectl was let in by the API server, and allowed: the refusal is the kubelet's. It asks the API server who a
//! token is, and what its owner may do, with the node's own credentials. IAM and the authenticator have no part in it but for
//! these.
//!
//! Source: `InstallAuthFilter` in `pkg/kubelet/server/server.go` of Kubernetes, with `subresource=` until 1.32 and
//! `subresource(s)=[…]` since; the ClusterRole `system:kubelet-api-admin`; the scrapers of metrics-server and Prometheus.

use std::sync::LazyLock;

use regex::Regex;

use super::Target;
use super::klog::plain;
use super::of_line;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::Diagnosis;
use crate::explain::node;
use crate::explain::node::NodeKind;
use crate::explain::rbac_fix;
use crate::kube::request_info::Attributes;
use crate::value::user::SYSTEM_ANONYMOUS;

/// The API server's own user at kubelets, as kubeadm and EKS call it.
const API_SERVER: &str = "kube-apiserver-kubelet-client";
/// What the ClusterRole `system:kubelet-api-admin` has of nodes.
const ADMIN_SUBRESOURCES: [&str; 4] = ["log", "metrics", "proxy", "stats"];

/// What a kubelet refused, wherever that stands in the line; nothing where the line is of something else.
pub(in crate::explain) fn kubelet_refusal(number: usize, line: &str, target: &Target) -> Option<Diagnosis> {
    const SIGNS: [&str; 5] = ["401", "403", "Authorization error", "Forbidden", "webhook authorizer"];
    if !SIGNS.iter().any(|sign| line.contains(sign)) {
        return None;
    }
    let plain = plain(line);
    if let Some(refused) = Refused::find(&plain) {
        return Some(refused.diagnose(number, line, target));
    }
    if plain.contains("Failed to make webhook authorizer request") && plain.contains("Unauthorized") {
        return Some(unasked("somebody", number, line, target));
    }
    scraped(&plain, number, line)
}

/// `Forbidden (user=U, verb=V, resource=nodes, subresource=S)`, or `Authorization error` with the same behind it.
struct Refused<'a> {
    /// The kubelet could not ask.
    is_error: bool,
    user: &'a str,
    verb: &'a str,
    /// The narrowest, where it asked for several.
    subresource: &'a str,
}

impl<'a> Refused<'a> {
    fn find(plain: &'a str) -> Option<Self> {
        static ANSWER: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(
                r"(Authorization error|Forbidden) \(user=([^,\r\n]+), verb=([a-z]+), resource=nodes, subresource(?:\(s\))?=\[?([a-z]*)",
            )
            .ok()
        });
        // In the kubelet's own log.
        static LOG: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(
                r#""(Authorization error|Forbidden)"(?: err=".*")? user="([^"]+)" verb="([a-z]+)" resource="nodes" subresource(?:\(s\))?="?\[?"?([a-z]*)"#,
            )
            .ok()
        });
        let found = [&ANSWER, &LOG]
            .into_iter()
            .find_map(|pattern| pattern.as_ref()?.captures(plain))?;
        let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
        Some(Self {
            is_error: part(1) == "Authorization error",
            user: part(2),
            verb: part(3),
            subresource: part(4),
        })
    }

    fn diagnose(&self, number: usize, line: &str, target: &Target) -> Diagnosis {
        if self.is_error {
            return unasked(self.user, number, line, target);
        }
        if self.user == SYSTEM_ANONYMOUS {
            return unknown_caller(number, line);
        }
        let what = if self.subresource.is_empty() {
            "nodes".to_owned()
        } else {
            format!("nodes/{}", self.subresource)
        };
        let whose = if self.is_by_api_server(line) {
            ", the user as which the API server comes to kubelets, whoever runs kubectl,"
        } else {
            ""
        };
        let sentence = format!(
            "forbidden by the kubelet of the node, not by the API server, which let the request through: {}{whose} may not {} {what}",
            self.user, self.verb
        );
        let mut diagnosis = of_line(Certainty::Named(Cause::NotAuthorized), sentence, number, line);
        diagnosis.fix = if self.user == API_SERVER && ADMIN_SUBRESOURCES.contains(&self.subresource) {
            format!(
                "`kubectl create clusterrolebinding {API_SERVER} --clusterrole=system:kubelet-api-admin --user={API_SERVER}`"
            )
        } else {
            let attributes = Attributes::resource(self.verb, "", "v1", "nodes", self.subresource, "", "");
            rbac_fix::grant_by_name(&rbac_fix::subject_of(self.user), &attributes)
        };
        diagnosis
    }

    /// Whether kubectl asked the API server, and that the kubelet.
    fn is_by_api_server(&self, line: &str) -> bool {
        const PASSED_ON: [&str; 3] = ["unable to upgrade connection", "Error from server", "( pods/"];
        self.user == API_SERVER
            || (!self.user.starts_with("system:") && PASSED_ON.iter().any(|words| line.contains(words)))
    }
}

/// The kubelet could not ask the API server whether the request is allowed.
fn unasked(user: &str, number: usize, line: &str, target: &Target) -> Diagnosis {
    let who = if user == API_SERVER {
        format!("{user}, which is the API server itself,")
    } else {
        user.to_owned()
    };
    let sentence = format!(
        "the caller was let in by the API server; the kubelet of the node refused, since it could not ask the API server what {who} \
         may do: most likely the node is not let in itself any more, or does not reach the API server"
    );
    let certainty = Certainty::Likeliest {
        cause: Cause::NodeRoleNotMapped,
        of: vec![Cause::NodeRoleNotMapped, Cause::ServerUnreachable],
    };
    let mut diagnosis = of_line(certainty, sentence, number, line);
    diagnosis.fix = format!(
        "with the role of the node's instance profile as ROLE_ARN: {}; where the role is mapped, let the node find and reach the API \
         server: enableDnsHostnames and enableDnsSupport of the VPC, the security groups between node and control plane, and the \
         node's route",
        node::either(target, "ROLE_ARN", NodeKind::Ec2Linux)
    );
    let Target { cluster, region } = target;
    diagnosis.look_at = vec![
        "on the node: journalctl -u kubelet   # `Unauthorized`, or how it fails to reach the API server".to_owned(),
        "kubectl get nodes -o wide   # whether the node is NotReady".to_owned(),
        "kubectl -n kube-system get configmap aws-auth -o yaml   # whether mapRoles has the node's role, with the groups of nodes"
            .to_owned(),
        format!(
            "aws eks list-access-entries --cluster-name {cluster} --region {region}   # whether the node's role has an entry of type \
             EC2_LINUX"
        ),
        format!(
            "aws ec2 describe-vpc-attribute --vpc-id VPC --attribute enableDnsHostnames --region {region}   # and enableDnsSupport: \
             both must be true"
        ),
    ];
    diagnosis
}

/// The kubelet does not know who asks.
fn unknown_caller(number: usize, line: &str) -> Diagnosis {
    let mut diagnosis = of_line(
        Certainty::NotKnown,
        "forbidden by the kubelet of the node, not by the API server: it does not know who asks it, which is the API server where kubectl \
         was used; rights for system:anonymous would open the node to everybody",
        number,
        line,
    );
    diagnosis.look_at = vec![
        "kube-apiserver's --kubelet-client-certificate and --kubelet-client-key, and authentication.x509.clientCAFile of the kubelet, \
         which must be the authority of that certificate"
            .to_owned(),
        "where port 10250 was asked directly: whether a bearer token was sent, and authentication.webhook.enabled of the kubelet"
            .to_owned(),
    ];
    diagnosis
}

/// Whoever reads metrics of kubelets, and gets a 401 or a 403 of them.
fn scraped(plain: &str, number: usize, line: &str) -> Option<Diagnosis> {
    let has = |texts: &[&str]| texts.iter().any(|text| plain.contains(text));
    let is_scrape = has(&["scrap", "Scrap"]);
    let is_of_kubelet = has(&[":10250", "kubelet_summary", "Failed to scrape node", "from Kubelet "])
        || (is_scrape && has(&["kubelet", "Kubelet"]));
    // The word of a proxy on the way is none of the kubelet's.
    if !is_of_kubelet || has(&["proxyconnect"]) {
        return None;
    }
    let is_401 = has(&["401 Unauthorized", "status 401", "status code 401", "status code: 401"]);
    let is_403 = has(&["403 Forbidden", "status 403", "status code 403", "status code: 403"]);
    let (sentence, look_at) = if is_401 {
        (
            "a kubelet answered whoever scrapes it with 401, by its own API on port 10250: neither the API server nor an authenticator of \
             IAM was asked",
            "authentication.webhook.enabled of the kubelet: kubectl get --raw /api/v1/nodes/NODE/proxy/configz   # without it no token of \
             a service account is let in",
        )
    } else if is_403 {
        (
            "a kubelet answered whoever scrapes it with 403, by its own API on port 10250: it knows the scraper, who may not read it; no \
             authenticator of IAM was asked",
            "kubectl auth can-i get nodes/metrics --as=system:serviceaccount:NAMESPACE:NAME   # of the scraper; older kubelets and other \
             paths want nodes/stats or nodes/proxy",
        )
    } else {
        return None;
    };
    let mut diagnosis = of_line(Certainty::NotKnown, sentence, number, line);
    diagnosis.look_at = vec![
        look_at.to_owned(),
        "the scraper's own token: its service account, and whether it sends /var/run/secrets/kubernetes.io/serviceaccount/token"
            .to_owned(),
    ];
    Some(diagnosis)
}
