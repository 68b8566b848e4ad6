//! What keeps a client from the server: no kubeconfig, no name, no way, no certificate that it trusts.
//!
//! Sources of the texts: kubectl `pkg/cmd/util/helpers.go` (`Unable to connect to the server`, `The connection to the server … was
//! refused`); Go `net`, `net/http`, `crypto/tls` and `crypto/x509`; Python `ssl`, `urllib3`, botocore `exceptions.py`; Node.js `dns`,
//! `net` and `tls` error codes; Java `java.net` and `sun.security`.

use super::context::Client;
use super::context::Context;
use super::statement::Statement;
use super::symptom::Rank;
use super::symptom::Reading;
use super::symptom::Says;
use crate::explain::cause::Cause;
use crate::explain::fix::word;

/// Asked by who has no kubeconfig: kubectl and client-go take port 8080, a provider of Terraform without a host takes port 80.
const UNCONFIGURED: &[&str] = &[
    "The connection to the server localhost:8080 was refused",
    "http://localhost:8080/",
    "http://127.0.0.1:8080/api",
    "http://localhost/api",
    "http://localhost/version",
    "http://localhost:80/",
    "host='localhost', port=80): Max retries exceeded with url: /api",
    "host='localhost', port=80): Max retries exceeded with url: /version",
    "invalid configuration: no configuration has been provided",
    "Invalid kube-config file. No configuration found",
    "Invalid kube-config file. Expected key current-context",
];

/// Nobody knows the host.
const NO_NAME: &[&str] = &[
    "no such host",
    "server misbehaving",
    "Temporary failure in name resolution",
    "Name or service not known",
    "nodename nor servname provided",
    "Failed to resolve",
    "NameResolutionError",
    "getaddrinfo ENOTFOUND",
    "getaddrinfo EAI_AGAIN",
    "UnknownHostException",
    "Could not resolve host",
];

/// Nobody answers.
const NO_ANSWER: &[&str] = &[
    "i/o timeout",
    "context deadline exceeded",
    "TLS handshake timeout",
    "Client.Timeout exceeded",
    "net/http: request canceled while waiting for connection",
    "connect: no route to host",
    "network is unreachable",
    "ConnectTimeoutError",
    "Read timed out",
    "connect timed out",
    "Connect timed out",
    "Connection timed out",
    "connection timed out",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "operation timed out",
    "wsarecv: ",
    "connectex: ",
];

/// Somebody does not want to.
const REFUSED: &[&str] = &[
    "connection refused",
    "Connection refused",
    "ECONNREFUSED",
    "connection reset by peer",
    "ECONNRESET",
    "actively refused it",
    "http2: client connection lost",
    "unexpected EOF",
    ": EOF",
    "Remote end closed connection without response",
];

/// What a message says of the way to a server.
pub(super) fn read(statement: &Statement, context: &Context) -> Option<Reading> {
    unconfigured(statement, context)
        .or_else(|| to_aws(statement, context))
        .or_else(|| certificate(statement, context))
        .or_else(|| unreachable(statement, context))
}

fn place(statement: &Statement, texts: &[&str]) -> Option<usize> {
    texts.iter().find_map(|text| statement.find(&[*text]))
}

fn reading(at: usize, says: Says, sentence: impl Into<String>, fix: String) -> Reading {
    Reading {
        rank: Rank::Connection,
        at,
        certainty: says.certainty(),
        sentence: sentence.into(),
        fix,
        look_at: Vec::new(),
    }
}

fn unconfigured(statement: &Statement, context: &Context) -> Option<Reading> {
    let at = place(statement, UNCONFIGURED)?;
    let is_provider =
        matches!(context.client, Client::Terraform | Client::Pulumi) || statement.has(&["http://localhost/"]);
    // Without AWS in the text it may be whose cluster it likes.
    let condition = if context.is_of_aws {
        ""
    } else {
        "give the client the kubeconfig of the cluster that it is for (KUBECONFIG, or ~/.kube/config of the user that runs it); if it \
         is an EKS cluster: "
    };
    Some(if is_provider {
        reading(
            at,
            Says::Named(Cause::KubeconfigMissing),
            "the provider has no cluster: it is configured without a host, or by values that are not known yet, so that it asks a \
             server on this machine",
            context.fill(
                "give the provider's block `host`, `cluster_ca_certificate` and `exec` (command aws, args eks get-token \
                 --cluster-name {cluster} --region {region}), from the data source of the cluster; not from a resource that the \
                 same run makes or replaces",
            ),
        )
    } else {
        reading(
            at,
            Says::Named(Cause::KubeconfigMissing),
            "the client has no kubeconfig, so that it asks for a server on this machine",
            context.fill(&format!(
                "{condition}`aws eks update-kubeconfig --name {{cluster}} --region {{region}}`, as the user that runs the client (sudo \
                 has another HOME); or, where KUBECONFIG names a file that is not there, `unset KUBECONFIG`"
            )),
        )
    })
}

/// The AWS CLI that does not reach AWS: of which no cluster knows anything.
fn to_aws(statement: &Statement, context: &Context) -> Option<Reading> {
    const NO_WAY: &[&str] = &[
        "Could not connect to the endpoint URL: ",
        "Connect timeout on endpoint URL: ",
        "Read timeout on endpoint URL: ",
        "Failed to connect to proxy URL: ",
        "Connection was closed before we received a valid response from endpoint URL: ",
    ];
    if let Some(at) = place(statement, &["SSL validation failed for "]) {
        return Some(reading(
            at,
            Says::Named(Cause::CertificateNotTrusted),
            "the AWS CLI does not trust the certificate of the AWS endpoint: a proxy on the way puts its own in its place",
            "name a file with the proxy's authority: `export AWS_CA_BUNDLE=FILE`, or `ca_bundle` in ~/.aws/config; no cluster has a \
             part in it"
                .to_owned(),
        ));
    }
    let at = place(statement, NO_WAY)?;
    Some(Reading {
        rank: Rank::Consequence,
        at,
        certainty: Says::NotKnown.certainty(),
        sentence: "the AWS CLI does not reach the AWS endpoint that the message names, so that no token was made and no server \
                   decided: a mistyped region, no way out, or a proxy"
            .to_owned(),
        fix: String::new(),
        look_at: vec![
            context.fill("curl -sv https://sts.{region}.amazonaws.com/ from the same machine"),
            "the region in the endpoint's name; HTTPS_PROXY, NO_PROXY and AWS_ENDPOINT_URL of the environment".to_owned(),
        ],
    })
}

/// Whether it is about a cluster, and no other server.
fn is_about_cluster(statement: &Statement, context: &Context) -> bool {
    statement.is_of_kubernetes() || (statement.has(&["127.0.0.1", "localhost"]) && context.is_of_kubernetes)
}

fn certificate(statement: &Statement, context: &Context) -> Option<Reading> {
    const UNKNOWN: &[&str] = &[
        "certificate signed by unknown authority",
        "unable to get local issuer certificate",
        "self signed certificate",
        "self-signed certificate",
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "SELF_SIGNED_CERT_IN_CHAIN",
        "PKIX path building failed",
        "certificate verify failed",
        "invalid peer certificate: UnknownIssuer",
    ];
    const NO_KEY_ID: &[&str] = &["Missing Authority Key Identifier", "Missing Subject Key Identifier"];
    const DATE: &[&str] = &[
        "certificate has expired or is not yet valid",
        "certificate has expired",
        "CERT_HAS_EXPIRED",
    ];
    const OTHER_NAME: &[&str] = &[
        "x509: certificate is valid for ",
        "x509: cannot validate certificate for ",
        "x509: certificate is not valid for any names",
        "doesn't match either of ",
        "Hostname mismatch, certificate is not valid for ",
        "ERR_TLS_CERT_ALTNAME_INVALID",
        "does not match certificate's altnames",
        "No subject alternative DNS name matching ",
    ];
    if !is_about_cluster(statement, context) {
        return None;
    }
    if let Some(at) = place(statement, OTHER_NAME) {
        return Some(other_name(at, statement, context));
    }
    if let Some(at) = place(statement, NO_KEY_ID) {
        return Some(reading(
            at,
            Says::Named(Cause::CertificateNotTrusted),
            "the client's TLS is strict (Python 3.13 and later: VERIFY_X509_STRICT) and wants a key identifier, which certificates \
             of clusters that were made long ago do not have; the cluster is the right one",
            "run the client with Python 3.12, or take the flag away: ssl_context.verify_flags &= ~ssl.VERIFY_X509_STRICT (the \
             Python client has `disable_strict_ssl_verification` in its Configuration); do not turn verification off"
                .to_owned(),
        ));
    }
    if let Some(at) = place(statement, DATE) {
        return Some(Reading {
            look_at: vec!["date -u on the client's machine".to_owned()],
            ..reading(
                at,
                Says::Likeliest(&[Cause::CertificateNotTrusted, Cause::TokenExpired, Cause::ClockAhead]),
                "the client finds the server's certificate outside its time: the clock of the client's machine is wrong, or a proxy \
                 or tunnel with an old certificate answers (EKS renews those of clusters by itself)",
                "set the clock of the client's machine (`timedatectl set-ntp true`); if it is right, see who answers: openssl \
                 s_client -connect HOST:443 -servername HOST"
                    .to_owned(),
            )
        });
    }
    let at = place(statement, UNKNOWN)?;
    // Controllers that are told where the API server is take no authority from their service account.
    if statement.says(&["initializing connection to kubernetes apiserver", "apiserver-host"]) {
        return Some(reading(
            at,
            Says::Named(Cause::CertificateNotTrusted),
            "the controller does not trust the API server's certificate: it was given the server's address, and not the authority of \
             the cluster"
                .to_owned(),
            "where it runs in a pod of that cluster, take --apiserver-host (and --kubeconfig) out of its arguments: the in-cluster \
             config has the address, and the authority in ca.crt of the service account; elsewhere give it a kubeconfig with the \
             cluster's certificate-authority-data"
                .to_owned(),
        ));
    }
    Some(reading(
        at,
        Says::Named(Cause::CertificateNotTrusted),
        "the server's certificate is not of the authority that the client trusts: it is of another or of an earlier cluster, the \
         client has no certificate-authority-data, or a proxy answers in the cluster's place",
        context.fill(
            "`aws eks update-kubeconfig --name {cluster} --region {region}`; in a provider or a program, set its certificate authority \
             to that of the cluster (aws eks describe-cluster --name {cluster} --region {region} --query \
             cluster.certificateAuthority.data prints it)",
        ),
    ))
}

fn other_name(at: usize, statement: &Statement, context: &Context) -> Reading {
    let names = statement
        .text()
        .get(at..)
        .and_then(|text| text.strip_prefix("x509: certificate is valid for "))
        .and_then(|text| text.split_once(", not "));
    let is_of_cluster = names.is_some_and(|(valid, _)| valid.contains(".eks.amazonaws.com"));
    let wanted = names
        .and_then(|(_, wanted)| wanted.split([' ', '"', ')']).next())
        .unwrap_or("the host that it asked for");
    if is_of_cluster || statement.has(&["127.0.0.1", "localhost", "cannot validate certificate for "]) {
        let host = names
            .and_then(|(valid, _)| valid.split([',', ' ']).find(|name| name.contains(".eks.amazonaws.com")))
            .unwrap_or("HOST");
        return reading(
            at,
            Says::Named(Cause::CertificateForOtherName),
            format!(
                "a cluster answers, but the client asked it by another name ({wanted}): through a tunnel, a load balancer or an \
                 address"
            ),
            context.fill(&format!(
                "`kubectl config set-cluster NAME --tls-server-name={0}`, where NAME is the cluster's in the kubeconfig (kubectl \
                 config view --minify) and {0} is the host of its endpoint (aws eks describe-cluster --name {{cluster}} --region \
                 {{region}} --query cluster.endpoint)",
                word(host)
            )),
        );
    }
    reading(
        at,
        Says::Named(Cause::CertificateForOtherName),
        match names {
            Some((valid, _)) => format!(
                "somebody else answers in the place of {wanted}: its certificate is for {valid}, so it is a tunnel, a proxy, an \
                 ingress or a name server on the way, and no cluster"
            ),
            None => "somebody answers whose certificate is for another host: a tunnel, a proxy or a name server on the way".to_owned(),
        },
        context.fill(
            "see where the name leads (nslookup HOST) and what HTTPS_PROXY, /etc/hosts and the VPN make of it; stop the tunnel, or go \
             past the proxy: `export NO_PROXY=.eks.amazonaws.com`; the right host is that of the cluster's endpoint (aws eks \
             describe-cluster --name {cluster} --region {region} --query cluster.endpoint)",
        ),
    )
}

fn unreachable(statement: &Statement, context: &Context) -> Option<Reading> {
    let at = place(statement, &["was refused - did you specify the right host or port?"])
        .or_else(|| place(statement, &["proxyconnect tcp: "]))
        .or_else(|| place(statement, NO_NAME))
        .or_else(|| place(statement, NO_ANSWER))
        .or_else(|| place(statement, REFUSED))?;
    if !is_about_cluster(statement, context) {
        return vague(statement, at);
    }
    let says = Says::Named(Cause::ServerUnreachable);
    let way = "check the server's address (`aws eks update-kubeconfig --name {cluster} --region {region}`) and the way there: a private \
               endpoint is reached from its VPC only (VPN, peering, bastion), a public one from the addresses in publicAccessCidrs \
               (aws eks describe-cluster --name {cluster} --region {region} --query cluster.resourcesVpcConfig)";
    if context.is_of_vault && statement.says(&["tokenreviews"]) {
        return Some(reading(
            at,
            says,
            "Vault could not ask the cluster to review a service account's token: the connection from Vault to its kubernetes_host fails",
            "give auth/kubernetes/config of Vault a kubernetes_host that Vault reaches from where it runs (the endpoint of the cluster, \
             with its kubernetes_ca_cert), and let it in there: publicAccessCidrs of a public endpoint, or the security group of the \
             control plane for a private one"
                .to_owned(),
        ));
    }
    let (sentence, fix) = if statement.has(&["proxyconnect tcp: "]) {
        (
            "the client asks a proxy (HTTPS_PROXY) that cannot be reached, and so not the cluster",
            "go past the proxy: `export NO_PROXY=.eks.amazonaws.com`, or set HTTPS_PROXY to one that is there"
                .to_owned(),
        )
    } else if place(statement, NO_NAME).is_some() {
        (
            "no name server knows the cluster's host: the cluster is gone, its endpoint is private and the name is asked for from \
             elsewhere, or the machine's name server (VPN, container) cannot answer",
            context.fill(&format!("nslookup HOST; {way}")),
        )
    } else if place(statement, NO_ANSWER).is_some() {
        ("nothing answers in time at the cluster's address", context.fill(way))
    } else {
        (
            "nothing listens at the address that the kubeconfig names, or it hangs up",
            context.fill(
                "check the server's address (`aws eks update-kubeconfig --name {cluster} --region {region}`), and whether the tunnel \
                 is there where it leads to this machine",
            ),
        )
    };
    Some(reading(at, says, sentence, fix))
}

/// A connection to somebody that the message does not show to be a cluster.
fn vague(statement: &Statement, at: usize) -> Option<Reading> {
    let is_go = statement.has(&[
        "dial tcp",
        "http",
        "lookup ",
        "context deadline exceeded",
        "ECONN",
        "getaddrinfo",
    ]);
    is_go.then(|| Reading {
        rank: Rank::Vague,
        at,
        certainty: Says::NotKnown.certainty(),
        sentence:
            "a connection failed before anything was decided, and the message does not show that it was to a cluster"
                .to_owned(),
        fix: String::new(),
        look_at: vec!["whose address stands in the message: a cluster's host ends with .eks.amazonaws.com".to_owned()],
    })
}
