//! What a whole text is about, by marks that stand anywhere in it: AWS, another provider's cluster, a token that was kept.

use super::statement::Statement;

/// Marks of AWS, in lower case.
const OF_AWS: &[&str] = &["amazonaws.com", "arn:aws", "compute.internal", "ec2.internal"];

/// Whether AWS or EKS is spoken of.
pub(super) fn is_of_aws(statements: &[Statement]) -> bool {
    statements
        .iter()
        .any(|statement| statement.says(OF_AWS) || statement.words().any(is_word_of_aws))
}

/// Whether EKS is spoken of.
pub(super) fn is_of_eks(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| statement.words().any(is_word_of_eks))
}

fn is_word_of_eks(word: &str) -> bool {
    word.contains("eks") && !word.contains("eeks")
}

/// `aws`, `awscli`, `eks`, `eksctl`, `myekscluster`; not `weeks`.
fn is_word_of_aws(word: &str) -> bool {
    word.starts_with("aws") || is_word_of_eks(word)
}

/// A cluster of somebody else.
struct Other {
    name: &'static str,
    /// Any of these, in lower case.
    says: &'static [&'static str],
    /// Any of these as a word of its own.
    words: &'static [&'static str],
}

const OTHERS: &[Other] = &[
    Other {
        name: "Microsoft's AKS",
        says: &["azmk8s.io", "azure kubernetes service"],
        words: &["aks"],
    },
    Other {
        name: "Google's GKE",
        says: &["gcloud container", "gcp:container", "container.googleapis.com"],
        words: &["gke"],
    },
    Other {
        name: "IBM Cloud Kubernetes Service",
        says: &["ibmcloud ks"],
        words: &["iks"],
    },
    Other {
        name: "DigitalOcean Kubernetes",
        says: &["doctl kubernetes"],
        words: &[],
    },
    Other {
        name: "Rancher",
        says: &[],
        words: &["rancher", "rke", "rke2"],
    },
    Other {
        name: "MicroK8s",
        says: &[],
        words: &["microk8s"],
    },
    Other {
        name: "k3s",
        says: &[],
        words: &["k3s", "k3d"],
    },
    Other {
        name: "kind",
        says: &[
            "kind create cluster",
            "kind get clusters",
            "kind load docker-image",
            "kind-control-plane",
        ],
        words: &[],
    },
    Other {
        name: "minikube",
        says: &[],
        words: &["minikube"],
    },
    Other {
        name: "Kubespray",
        says: &[],
        words: &["kubespray"],
    },
    Other {
        name: "OpenShift",
        says: &["oauth-openshift", "red hat openshift", "openshift cluster"],
        words: &[],
    },
];

/// Whose cluster it is, where the text shows that and has no mark of AWS.
pub(super) fn other_cluster(statements: &[Statement]) -> Option<&'static str> {
    if is_of_aws(statements) {
        return None;
    }
    let shown = OTHERS.iter().find(|other| {
        statements
            .iter()
            .any(|statement| statement.says(other.says) || statement.words().any(|word| other.words.contains(&word)))
    });
    if let Some(other) = shown {
        return Some(other.name);
    }
    statements.iter().find_map(|statement| {
        let is_login = statement
            .words()
            .zip(statement.words().skip(1))
            .any(|pair| pair == ("oc", "login"));
        // A port that nobody else has. On this machine it may be a tunnel's.
        let is_microk8s = statement.says(&[":16443"]) && !statement.says(&["127.0.0.1:16443", "localhost:16443"]);
        if is_login {
            Some("OpenShift")
        } else {
            is_microk8s.then_some("MicroK8s")
        }
    })
}

/// Whether a 401 came when a quarter of an hour was over, which is as long as a token of EKS is good for.
pub(super) fn is_aged(statements: &[Statement]) -> bool {
    const AGED: &[&str] = &[
        "after 14 min",
        "after 15 min",
        "after 15min",
        "after ~15 min",
        "after about 15 min",
        "after around 15 min",
        "after roughly 15 min",
        "after fifteen min",
        "every 15 min",
        "first 15 min",
        "first fifteen min",
        "15 minutes later",
        "longer than 15 min",
        "more than 15 min",
        ">15 min",
        "> 15 min",
        "long-running job",
        "long running job",
        "job long-running",
    ];
    statements.iter().any(|statement| statement.says(AGED))
}

/// Whether the URL in a token stands there, which counts only together with the header that is signed with it.
pub(super) fn has_token_url(statements: &[Statement]) -> bool {
    statements
        .iter()
        .any(|statement| statement.says(&["x-k8s-aws-id"]) && statement.says(&["signedheaders"]))
}

/// Whether an error stands there as STS itself words it, in XML or JSON, and not in the authenticator's log.
pub(super) fn has_answer_of_sts(statements: &[Statement]) -> bool {
    const SENDER: &[&str] = &["\"type\": \"sender\"", "\"type\":\"sender\"", "<type>sender</type>"];
    statements
        .iter()
        .any(|statement| statement.says(SENDER) && !statement.says(&["expected 200", "access denied"]))
}

/// Whether somebody says that kubectl is let in.
pub(super) fn does_kubectl_work(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| {
        statement.says(&["kubectl"])
            && statement.says(&["works", "working fine", "able to interact", "normally", "no problem"])
            && !statement.says(&["n't ", " not ", "no longer", "unable", "cannot"])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_cluster_shows_only_without_aws() {
        for (text, wanted) in [
            ("$ az aks get-credentials -n shop", Some("Microsoft's AKS")),
            ("+ gcp:container:NodePool pool created", Some("Google's GKE")),
            (
                "we deploy to our IKS by an action",
                Some("IBM Cloud Kubernetes Service"),
            ),
            ("Rancher: GET /k8s/clusters/c-1/version", Some("Rancher")),
            ("server: https://10.0.0.7:16443", Some("MicroK8s")),
            ("server: https://127.0.0.1:16443", None),
            ("$ oc login -u dev", Some("OpenShift")),
            ("at KubernetesHelper.isOpenShift(KubernetesHelper.java:1)", None),
            ("for weeks minikube was fine", Some("minikube")),
            ("minikube is fine, and EKS is not", None),
            ("it is k3s\narn:aws:iam::111122223333:role/dev", None),
            ("k3s-1.aws.example.com", None),
            ("kind: Pod", None),
        ] {
            assert_eq!(other_cluster(&Statement::all(text)), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_said_beside_a_message_is_told_apart() {
        let is_kubectl_fine = |text: &str| does_kubectl_work(&Statement::all(text));
        assert!(is_kubectl_fine("kubectl works with that file"));
        assert!(!is_kubectl_fine("kubectl no longer works"));
        assert!(is_aged(&Statement::all("it fails after 15 minutes")));
        assert!(!is_aged(&Statement::all("a token is good for 15 minutes")));
    }
}
