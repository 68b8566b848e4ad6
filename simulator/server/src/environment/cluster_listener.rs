//! Where a cluster answers, and the files that lead there.

use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

use eks_auth_core::cluster::eks::Cluster;

/// Where a cluster answers.
#[derive(Clone, Debug)]
pub struct ClusterListener {
    /// The cluster's name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Its account.
    pub account: String,
    /// `https://HOST:PORT`.
    pub endpoint: String,
    /// A kubeconfig for people.
    pub kubeconfig: PathBuf,
    /// A kubeconfig for a real kube-apiserver's `--authentication-token-webhook-config-file`.
    pub webhook_kubeconfig: PathBuf,
}

impl ClusterListener {
    /// That of a cluster whose endpoint is known, with files in `folder`.
    pub(crate) fn of(cluster: &Cluster, folder: &Path) -> Self {
        let stem = file_stem(&cluster.name);
        Self {
            name: cluster.name.clone(),
            region: cluster.region.clone(),
            account: cluster.account.to_string(),
            endpoint: cluster.endpoint.clone(),
            kubeconfig: folder.join(format!("{stem}.kubeconfig")),
            webhook_kubeconfig: folder.join(format!("{stem}.webhook.kubeconfig")),
        }
    }
}

/// What stands for a cluster in the names of its files. EKS's own names are as they are; the id of an authenticator's cluster
/// is any text, and what is kept in a state directory or a snapshot is somebody else's. No name leads out of the folder.
fn file_stem(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let mut stem = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        // A name that begins with a dot would be hidden.
        if is_plain(byte) && (at > 0 || byte != b'.') {
            stem.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(stem, "%{byte:02X}");
        }
    }
    stem
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_are_named_after_their_clusters_and_stay_in_their_folder() {
        for (name, wanted) in [
            ("my-cluster", "my-cluster"),
            ("my_cluster.k8s.local", "my_cluster.k8s.local"),
            ("../x", "%2E.%2Fx"),
            ("..", "%2E."),
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("a\n\u{1b}", "a%0A%1B"),
            ("é", "%C3%A9"),
            ("", ""),
        ] {
            assert_eq!(file_stem(name), wanted, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_out_of_the_folder(name in any::<String>(), other in any::<String>()) {
            let file = Path::new("folder").join(format!("{}.kubeconfig", file_stem(&name)));
            prop_assert_eq!(file.parent(), Some(Path::new("folder")));
            prop_assert_eq!(file.components().count(), 2);
            prop_assert_eq!(file_stem(&name) == file_stem(&other), name == other);
        }
    }
}
