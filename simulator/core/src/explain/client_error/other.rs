//! What is not about access to a cluster of EKS, and reads as if it were.
//!
//! Sources of the texts: runc and containerd (`OCI runtime exec failed`), kube-apiserver `admission/plugin/webhook/errors` and
//! `admission/plugin/policy/validating`, kubelet and containerd (image pulls), Docker distribution, helm `pkg/repo` and
//! `pkg/registry`, OpenSSH, git, MySQL, PostgreSQL, Redis, MongoDB, npm, pnpm, Yarn, Maven, Cargo, Vault, Jenkins, nginx; gcloud's
//! and Azure's plugins.

use super::context::Context;
use super::statement::Statement;
use super::symptom::Rank;
use super::symptom::Reading;
use crate::explain::diagnosis::Certainty;

/// Words in lower case, any of which says what it is about.
struct Topic {
    /// Each set stands in the message as a whole.
    words: &'static [&'static [&'static str]],
    sentence: &'static str,
    look_at: &'static str,
}

const TOPICS: &[Topic] = &[
    Topic {
        words: &[
            &["oci runtime exec failed"],
            &["oci runtime create failed"],
            &["unable to start container process"],
            &["starting container process caused"],
            &["error executing command in container"],
            &["failed to exec in container"],
            &["failed to create containerd task"],
            &["crashloopbackoff"],
        ],
        sentence: OF_CONTAINERS,
        look_at: OF_CONTAINERS_LOOK_AT,
    },
    Topic {
        words: &[
            &["failed calling webhook"],
            &["failed to call webhook"],
            &["failed calling admission webhook"],
            &["conversion webhook for"],
        ],
        sentence: "this is not about access: the cluster let the caller in, and could not reach or trust one of its own webhooks",
        look_at: "the webhook's Service, pods and caBundle: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations; \
                  and whether the nodes' security group lets the control plane in at the webhook's port",
    },
    Topic {
        words: &[
            &["admission webhook ", "denied the request"],
            &["validatingadmissionpolicy '"],
            &["violates podsecurity"],
            &["forbidden: exceeded quota"],
            &["must specify limits"],
            &["because it is being terminated"],
        ],
        sentence: "this is not about access: the caller may do it by RBAC, and a policy of the cluster (admission) refused this object",
        look_at: "the policy that the message names, and what it says the object lacks",
    },
    Topic {
        words: &[
            &["pull access denied"],
            &["errimagepull"],
            &["imagepullbackoff"],
            &["failed to pull image"],
            &["failed to pull and unpack image"],
            &["no basic auth credentials"],
            &["failed to resolve reference"],
            &["failed to authorize: failed to fetch"],
            &["unauthorized: authentication required"],
            &["unauthorized: incorrect username or password"],
            &["requested access to the resource is denied"],
            &["error response from daemon"],
            &["your authorization token has expired. reauthenticate and try again"],
            &["docker daemon socket"],
            &["docker.sock"],
            &["manifest unknown"],
            &[".dkr.ecr."],
            &["ghcr.io/"],
            &["registry-1.docker.io"],
            &["quay.io/", "401"],
        ],
        sentence: "this is not about access to the cluster: an image was to be pulled or pushed, and its registry or Docker refused",
        look_at: "the image's name and the registry's credentials: of a node its role's policy AmazonEC2ContainerRegistryPullOnly, of \
                  others imagePullSecrets or `docker login`",
    },
    Topic {
        words: &[
            &["is not a valid chart repository or cannot be reached"],
            &["failed to perform \"fetchreference\" on source"],
            &["response status code 401"],
            &["response status code 403"],
            &["failed to fetch http", "401"],
            &["failed to fetch http", "403"],
            &["could not download", "chart"],
            &["/index.yaml"],
            &["chartmuseum"],
            &["error getting chart"],
            &["failed to download \""],
        ],
        sentence: "this is not about access to the cluster: a chart was to be fetched, and its repository or registry refused",
        look_at: "the chart repository's credentials: helm repo list, helm registry login",
    },
    Topic {
        words: &[
            &["permission denied (publickey"],
            &["host key verification failed"],
            &["could not read from remote repository"],
            &["fatal: authentication failed for"],
            &["http basic: access denied"],
            &["could not read username for"],
            &["unable to clone"],
            &["failed to checkout and determine revision"],
            &["gitrepository", "authentication required"],
            &["authentication required: repository not found"],
            &["fatal: unable to access 'http"],
            &["fatal: repository 'http"],
            &["remote: permission to "],
            &["resource not accessible by integration"],
            &["bad credentials", "api.github.com"],
            &["ssh: handshake failed"],
            &["ssh: unable to authenticate"],
        ],
        sentence: "this is not about access to the cluster: git, SSH or the code host refused",
        look_at: "the key or token that the job has for the repository or the host",
    },
    Topic {
        words: &[
            &["access denied for user "],
            &["password authentication failed for user"],
            &["no pg_hba.conf entry"],
            &["permission denied for table"],
            &["permission denied for relation"],
            &["permission denied for schema"],
            &["permission denied for database"],
            &["permission denied to create"],
            &["fatal:  role \""],
            &["ora-01017"],
            &["wrongpass "],
            &["noauth authentication required"],
            &["mongoservererror"],
            &["scram-sha"],
            &["login failed for user"],
            &["sqlstate"],
            &["security_exception"],
            &["saslauthenticationexception"],
            &["topicauthorizationexception"],
        ],
        sentence: "this is not about access to the cluster: a database or a broker refused a login or a statement",
        look_at: "the user and the password that the application has for it",
    },
    Topic {
        words: &[
            &["<code>accessdenied</code>"],
            &["amazons3exception"],
            // Only S3 answers with the id of a host.
            &["request id: ", "host id: "],
            &["service: amazon s3"],
            &["service: s3,"],
            &["operation error s3:"],
            &["fatal error: an error occurred (403) when calling the headobject"],
            &["an error occurred (403) when calling the headobject"],
            &["error configuring s3 backend"],
            &["nosuchbucket"],
        ],
        sentence: "this is not about access to the cluster: S3 refuses an operation on a bucket or an object",
        look_at: "the policies of that program's principal (aws sts get-caller-identity in it) and of the bucket",
    },
    Topic {
        words: &[&["failed to download artifact", "source-controller"]],
        sentence: "this is not about access to the cluster: one of Flux's controllers could not fetch an artifact from its \
                   source-controller",
        look_at: "kubectl -n flux-system logs deployment/source-controller, and the network policies of that namespace",
    },
];

/// Clusters of other providers.
const CLOUDS: &[Topic] = &[
    Topic {
        words: &[
            &["executable gke-gcloud-auth-plugin"],
            &["exec: \"gke-gcloud-auth-plugin\""],
            &["gke-gcloud-auth-plugin: command not found"],
            &["gke-gcloud-auth-plugin: not found"],
            &["gke-gcloud-auth-plugin failed"],
            &["gke-gcloud-auth-plugin", "no such file or directory"],
            &["gke-gcloud-auth-plugin, which is needed"],
            &["container.clusters."],
            &["container.googleapis.com"],
            &["gcloud.container"],
            &["oauth2.googleapis.com"],
            &["requires one of [\"container."],
        ],
        sentence: "this is about Google's GKE, not about EKS",
        look_at: "gcloud container clusters get-credentials, and the plugin gke-gcloud-auth-plugin",
    },
    Topic {
        words: &[
            &["aadsts"],
            &["azmk8s.io"],
            &["microsoft.com/devicelogin"],
            &["microsoft.containerservice"],
            &["azurecli"],
            &["executable kubelogin "],
            &["azure ad"],
        ],
        sentence: "this is about Microsoft's AKS, not about EKS",
        look_at: "az aks get-credentials, and the plugin kubelogin",
    },
];

/// Programs by their names, which may stand in a message of a cluster as well: an object is called nginx.
const PROGRAMS: &[Topic] = &[
    Topic {
        words: &[
            &["npm err!"],
            &["npm error"],
            &["err_pnpm_"],
            &["npm.pkg.github.com"],
            &["registry.yarnpkg.com"],
            &["yn0035"],
            &["yn0041"],
            &["repo.maven.apache.org"],
            &["maven.pkg.github.com"],
            &["could not find artifact"],
            &["could not get resource 'http"],
            // Cargo.
            &["failed to get successful http response from", "got 40"],
            &["crates.io", "unauthorized"],
            &["registry.npmjs.org"],
            &["[crit]", "permission denied"],
            &["[error]", "access forbidden by rule"],
            &["nginx", "forbidden"],
            &["nginx", "denied"],
            &["nginx", "unauthorized"],
            &["openresty"],
            &["hudson.security"],
            &["org.springframework.security"],
            &["is missing the overall/"],
            &["jenkins cli"],
            &["x-vault-token"],
            &["/v1/auth/", "/login", "code: 403"],
            &["url: put ", "/v1/auth/", "/login"],
            &["vault.core"],
            &["error making api request.", "vault"],
            &["/v1/auth/", "permission denied"],
            &["/v1/secret/"],
            &["sonarqube"],
            &["artifactory"],
            &["nexus"],
            &["pypi.org"],
            &["could not transfer artifact"],
            &["not authorized to access keyspace"],
            &["gitlab.com/api"],
            &["api.github.com"],
            &["datadoghq"],
            &["api key", "invalid"],
            &["grafana"],
            &["slack.com"],
            &["oauth2: cannot fetch token"],
            &["sudo: "],
            &["mkdir: "],
            &["cannot create directory"],
            &["open /", "permission denied"],
            &["bash: ", "permission denied"],
            &["-bash: "],
            &["eacces: permission denied"],
            &["permissionerror: [errno 13]"],
            &["selinux"],
            &["avc: "],
            &["system error 5 has occurred"],
            &["access is denied."],
        ],
        sentence: "this is not about access to the cluster: another program or a file system refused, and EKS has no part in it",
        look_at: "the program that printed the line, and its own users and tokens",
    },
    Topic {
        words: &[
            &["oauth-openshift"],
            &["user \"kube:admin\""],
            &["openshift"],
            &["oc login"],
        ],
        sentence: "this is about OpenShift, not about EKS",
        look_at: "oc whoami, and oc login",
    },
];

/// Lines of servers and programs that mention a refusal, and neither a cluster nor AWS.
const REFUSALS: &[&str] = &[
    "access denied",
    "access is denied",
    "permission denied",
    "not authorized",
    "unauthorized",
    "forbidden",
    "authentication failed",
    "invalid credentials",
    "login failed",
];

/// Whether a message is about something else, by words that nothing else has.
pub(super) fn read(statement: &Statement) -> Option<Reading> {
    on(TOPICS, statement)
        .or_else(|| command(statement))
        // Prose that lists plugins names those of others as well.
        .or_else(|| on(CLOUDS, statement).filter(|_| !statement.says(&["aws eks", ".eks.", "aws-iam-authenticator"])))
}

/// `command terminated with exit code N`: of a command in a container, where no plugin was run.
fn command(statement: &Statement) -> Option<Reading> {
    const WORDS: &str = "command terminated with exit code";
    /// So far from the beginning where nothing but `error: ` stands before it.
    const BARE: usize = 8;
    let at = statement.find_any_case(WORDS)?;
    let is_of_container = at < BARE || statement.says(&["kubectl exec", "kubectl run", "kubectl cp"]);
    is_of_container.then(|| reading(at, OF_CONTAINERS, OF_CONTAINERS_LOOK_AT))
}

const OF_CONTAINERS: &str =
    "this is not about access: the cluster let the caller in, and a command did not run in a container";
const OF_CONTAINERS_LOOK_AT: &str =
    "the container's image: which shell and programs it has (kubectl exec -- sh, kubectl debug)";

/// What a node's kubelet refuses, which is asked by kube-apiserver and by what collects metrics.
///
/// Sources of the texts: metrics-server `pkg/scraper/client/resource/client.go`, Prometheus's scrape manager, and kubelet
/// `pkg/kubelet/server/server.go` (`Forbidden (user=…`).
pub(super) fn kubelet(statement: &Statement) -> Option<Reading> {
    const OF_KUBELET: &[&str] = &[
        ":10250",
        "from kubelet",
        "scrape metrics from source kubelet",
        "scraping kubelet",
    ];
    let is_refused = statement.says(&["401", "unauthorized", "403", "forbidden"]);
    let at = ["forbidden (user=", "unauthorized", "forbidden", "401", "403"]
        .iter()
        .find_map(|text| statement.find_any_case(text))?;
    let is_of_proxy = statement.says(&["forbidden (user="]) && statement.says(&["resource=nodes"]);
    // What an API server says of a caller by name is more.
    if statement.has(&["\" cannot "]) {
        return None;
    }
    (is_of_proxy || (is_refused && statement.says(OF_KUBELET))).then(|| {
        reading(
            at,
            "this is not about access to the cluster: the kubelet of a node refused who asks it (metrics-server, Prometheus, or the \
             API server for logs and exec), and no IAM principal is concerned",
            "the kubelet's own settings on the node (authentication.webhook.enabled, authorization.mode), whether the kubelet reaches \
             the API server to have tokens reviewed (journalctl -u kubelet), and the ClusterRole of the service account that asks \
             (nodes/metrics, nodes/proxy)",
        )
    })
}

/// A reading of what a cluster of another provider said.
pub(super) fn at_home(reading: Reading, context: &Context) -> Reading {
    match context.elsewhere {
        Some(name) if !matches!(reading.rank, Rank::Credentials | Rank::Vague | Rank::Other) => Reading {
            rank: Rank::Other,
            at: reading.at,
            certainty: Certainty::NotAccess,
            sentence: format!("this is about another cluster than one of EKS, by what stands beside it: {name}"),
            fix: String::new(),
            look_at: vec![
                "the context that the client uses (kubectl config current-context), and how that cluster gives credentials"
                    .to_owned(),
            ],
        },
        _ => reading,
    }
}

/// Whether a message names a program that is something else. To be asked where it is no message of a cluster's.
pub(super) fn program(statement: &Statement) -> Option<Reading> {
    on(PROGRAMS, statement)
}

fn on(topics: &[Topic], statement: &Statement) -> Option<Reading> {
    let topic = topics.iter().find(|topic| {
        topic
            .words
            .iter()
            .any(|words| words.iter().all(|word| statement.says(&[*word])))
    })?;
    Some(reading(0, topic.sentence, topic.look_at))
}

fn reading(at: usize, sentence: &str, look_at: &str) -> Reading {
    Reading {
        rank: Rank::Other,
        at,
        certainty: Certainty::NotAccess,
        sentence: sentence.to_owned(),
        fix: String::new(),
        look_at: vec![look_at.to_owned()],
    }
}

/// Whatever else refuses something: said to be open, and never given a cause.
pub(super) fn refusal(statement: &Statement) -> Option<Reading> {
    // The authenticator's own lines are read elsewhere.
    if statement.says(&["msg=\"access denied\"", "\"msg\":\"access denied\""]) || !statement.says(REFUSALS) {
        return None;
    }
    Some(Reading {
        rank: Rank::Vague,
        at: 0,
        certainty: Certainty::NotKnown,
        sentence: "something refused an access, and the words show neither a cluster nor AWS".to_owned(),
        fix: String::new(),
        look_at: vec!["the lines before this one, and which program printed it".to_owned()],
    })
}
