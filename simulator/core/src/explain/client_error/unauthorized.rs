//! 401 in any client's words. A server decided, and its reason stands in its own log only.
//!
//! Sources of the texts: apimachinery `pkg/api/errors/errors.go` (`the server has asked for the client to provide credentials`);
//! kubectl `pkg/cmd/util/helpers.go`; helm `pkg/kube/client.go` (`Kubernetes cluster unreachable`); fabric8 `KubernetesClientException`;
//! client-java and Python `ApiException`; client-node `HttpError`; Argo CD gitops-engine; eksctl `pkg/authconfigmap`; the EKS console.

use super::context::Client;
use super::context::Context;
use super::statement::Statement;
use super::symptom::Rank;
use super::symptom::Reading;
use super::symptom::Says;
use crate::explain::cause::Cause;

/// Nobody else says so.
const OF_KUBERNETES: &[&str] = &[
    "You must be logged in to the server",
    "the server has asked for the client to provide credentials",
    "\"reason\":\"Unauthorized\"",
    "\"reason\": \"Unauthorized\"",
    "ApiException: (401)",
    "ApiException: Unauthorized",
    "HTTP-Code: 401",
    "Message: Unauthorized",
    "(Unauthorized)",
    "Reason: Unauthorized",
    // An object of JavaScript, as console.log prints it.
    "reason: 'Unauthorized'",
    "reason: \"Unauthorized\"",
    "waiting for CSINode publishing: Unauthorized",
];

/// Nobody else says so, and prose that quotes it has it in whatever case.
const QUOTED: &[&str] = &[
    "you must be logged in to the server",
    "the server has asked for the client to provide credentials",
];

/// Others say so as well.
const BY_MANY: &[&str] = &[
    "statusCode: 401",
    "status code 401",
    "code: 401",
    "\"code\":401",
    "HTTP 401",
];

/// The console's, now and before 2023.
const CONSOLE: &[&str] = &[
    "Your current IAM principal doesn't have access to Kubernetes objects on this cluster",
    "Your current IAM principal doesn’t have access to Kubernetes objects on this cluster",
    "Your current user or role does not have access to Kubernetes objects on this EKS cluster",
];

/// What a message says of a caller who was not let in.
pub(super) fn read(statement: &Statement, context: &Context) -> Option<Reading> {
    let place = |texts: &[&str]| texts.iter().find_map(|text| statement.find(&[*text]));
    if let Some(at) = place(CONSOLE) {
        return Some(console(at, context));
    }
    let of_kubernetes = place(OF_KUBERNETES).or_else(|| QUOTED.iter().find_map(|text| statement.find_any_case(text)));
    let at = of_kubernetes.or_else(|| word(statement)).or_else(|| place(BY_MANY))?;
    let is_server = of_kubernetes.is_some()
        || statement.is_of_kubernetes()
        || (context.is_of_kubernetes && statement.text().ends_with("Unauthorized"))
        || matches!(
            context.client,
            Client::Eksctl | Client::Terraform | Client::ArgoCd | Client::Flux
        );
    Some(if is_server {
        decided(at, statement, context)
    } else {
        Reading {
            rank: Rank::Vague,
            at,
            certainty: Says::NotKnown.certainty(),
            sentence:
                "somebody answered 401 Unauthorized; the message does not show that it was a Kubernetes API server"
                    .to_owned(),
            fix: String::new(),
            look_at: vec!["which server was asked: the URL, or the lines around this one".to_owned()],
        }
    })
}

/// `Unauthorized` as a word of its own: `UnauthorizedOperation` is EC2's 403.
fn word(statement: &Statement) -> Option<usize> {
    const WORD: &str = "Unauthorized";
    let text = statement.text();
    text.match_indices(WORD).map(|(at, _)| at).find(|at| {
        let behind = text.get(at + WORD.len()..).unwrap_or_default();
        !behind.starts_with(|next: char| next.is_ascii_alphabetic())
    })
}

fn decided(at: usize, statement: &Statement, context: &Context) -> Reading {
    if context.is_aged {
        return aged(at, context);
    }
    Reading {
        rank: Rank::Unauthorized,
        at,
        certainty: Says::NotKnown.certainty(),
        sentence: format!(
            "the cluster answered 401: it did not let the caller in, and the client's message does not say why; {}",
            context.client_of(statement).identity()
        ),
        fix: String::new(),
        look_at: vec![
            "the authenticator's log of that second (msg=\"access denied\": CloudWatch /aws/eks/CLUSTER/cluster), which has the ARN and \
             the reason; in the simulator `explain --last`"
                .to_owned(),
            "aws sts get-caller-identity, in the environment of that client".to_owned(),
            context.fill(
                "aws eks list-access-entries --cluster-name {cluster} --region {region}, and by somebody who is let in: kubectl -n \
                 kube-system get configmap aws-auth -o yaml",
            ),
        ],
    }
}

/// A 401 that comes when the first token has ended: some libraries ask for one only, and a `token` in a file is never renewed.
fn aged(at: usize, context: &Context) -> Reading {
    Reading {
        rank: Rank::Unauthorized,
        at,
        certainty: Says::Likeliest(&[Cause::TokenExpired, Cause::SessionExpired, Cause::IdentityNotMapped]).certainty(),
        sentence: "the cluster answered 401 after the client had run for a while: a token of EKS is good for 15 minutes, and the \
                   client most likely goes on with its first one"
            .to_owned(),
        fix: context.fill(
            "have the client ask for a new token in time: an `exec` section in its kubeconfig in place of a `token` (`aws eks \
             update-kubeconfig --name {cluster} --region {region}`) and a version of the library that asks the plugin again, or \
             else make the client anew before 15 minutes are over",
        ),
        look_at: vec![
            "whether the same client is let in at first, and for how long".to_owned(),
            "how long the AWS credentials are good for: a role that is assumed by a role ends after an hour".to_owned(),
        ],
    }
}

fn console(at: usize, context: &Context) -> Reading {
    Reading {
        rank: Rank::Unauthorized,
        at,
        certainty: Says::Likeliest(&[Cause::IdentityNotMapped, Cause::NoBinding, Cause::NotAuthorized]).certainty(),
        sentence: "the principal that is signed in to the console is not mapped in the cluster, or may not read there; IAM rights, \
                   AdministratorAccess too, do not count for it"
            .to_owned(),
        fix: context.fill(
            "give that principal (Identity Center: the role AWSReservedSSO_…, with its path) an entry and the view policy: `aws eks \
             create-access-entry --cluster-name {cluster} --region {region} --principal-arn {principal}` and `aws eks \
             associate-access-policy --cluster-name {cluster} --region {region} --principal-arn {principal} --policy-arn \
             arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=cluster`; to see nodes takes \
             AmazonEKSAdminViewPolicy, which shows Secrets as well",
        ),
        look_at: vec![
            "the principal in the upper right corner of the console".to_owned(),
            context.fill("aws eks list-access-entries --cluster-name {cluster} --region {region}"),
        ],
    }
}
