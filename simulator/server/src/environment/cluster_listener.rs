//! Where a cluster answers, and the files that lead there.

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
        let name = &cluster.name;
        Self {
            name: name.clone(),
            region: cluster.region.clone(),
            account: cluster.account.to_string(),
            endpoint: cluster.endpoint.clone(),
            kubeconfig: folder.join(format!("{name}.kubeconfig")),
            webhook_kubeconfig: folder.join(format!("{name}.webhook.kubeconfig")),
        }
    }
}
