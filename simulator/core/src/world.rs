//! The World: everything that a decision may read, as one cheap-to-clone snapshot.

pub mod authenticate;
pub mod cloudformation;
pub mod ec2;
pub mod fault;
pub mod store;
pub mod sts;
pub mod token;
pub mod token_review;
pub mod world_clock;

use std::sync::Arc;

use imbl::OrdMap;

use crate::aws::iam::Directory;
use crate::aws::identity_center::IdentityCenter;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::ClusterOwner;
use crate::cluster::eks::error::EksError;
use crate::cluster::eks::settings::ClusterRequest;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;
use crate::world::cloudformation::stack::Stack;
use crate::world::fault::Faults;
use crate::world::world_clock::WorldClock;

/// Accounts, clusters, and what else the simulator pretends.
#[derive(Clone, Debug)]
pub struct World {
    /// Who is who.
    pub directory: Directory,
    /// Clusters by name. One World has one account's worth of clusters, so names are unique.
    pub clusters: OrdMap<String, Arc<Cluster>>,
    /// The stacks of CloudFormation, deleted ones too, by numbers of ten digits in the order in which they were made.
    pub stacks: OrdMap<String, Arc<Stack>>,
    /// Where new identifiers come from.
    pub ids: IdGenerator,
    /// How its time follows from the machine's.
    pub clock: WorldClock,
    /// `HOST:PORT` under which clients reach the simulator's own AWS endpoint, as a client's URL has it. A token signed
    /// for one of these is taken as if it were signed for the regional STS endpoint of its credential scope.
    pub own_hosts: Vec<String>,
    /// Where people sign in who are no IAM users.
    pub identity_center: Option<IdentityCenter>,
    /// What goes wrong with calls to its services.
    pub faults: Faults,
    /// Seconds for which a new cluster is CREATING.
    pub cluster_creation_seconds: u32,
}

impl World {
    /// An empty World.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            directory: Directory::default(),
            clusters: OrdMap::new(),
            stacks: OrdMap::new(),
            ids: IdGenerator::new(seed),
            clock: WorldClock::default(),
            own_hosts: Vec::new(),
            identity_center: None,
            faults: Faults::new(seed),
            cluster_creation_seconds: 0,
        }
    }

    /// The World as far as the explanation of a judgement looks at it, so that it can be remembered for long: of the
    /// clusters' objects only `aws-auth` is left. With it, about how many bytes of memory are its own.
    #[must_use]
    pub fn for_explaining(&self) -> (Self, usize) {
        /// Of a cluster beside its objects, roughly.
        const CLUSTER: usize = 2 * 1024;
        let mut slim = self.clone();
        let mut bytes = 0;
        for (name, cluster) in &self.clusters {
            let cluster = cluster.for_explaining();
            bytes += CLUSTER + cluster.objects().bytes();
            slim.clusters.insert(name.clone(), Arc::new(cluster));
        }
        (slim, bytes)
    }

    /// The cluster of that name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&Arc<Cluster>> {
        self.clusters.get(name)
    }

    /// CreateCluster. `endpoint` and `certificate_authority` are those of the listener that is to answer for it.
    ///
    /// FIDELITY: names are unique in a World; EKS lets each account have the same names in each region.
    ///
    /// # Errors
    /// Those of [`Cluster::create`], then [`EksError::ClusterExists`].
    pub fn create_cluster(
        &mut self,
        request: ClusterRequest,
        owner: ClusterOwner,
        endpoint: String,
        certificate_authority: String,
        now: Timestamp,
    ) -> Result<Arc<Cluster>, EksError> {
        let name = request.name.clone();
        request.check_shape()?;
        if self.clusters.contains_key(&name) {
            return Err(EksError::ClusterExists { name });
        }
        let mut cluster = Cluster::create(request, owner, &mut self.ids, now)?;
        if let Some(other) = self.clusters.values().find(|other| cluster.shares_network(other)) {
            cluster.join_network(other);
        }
        cluster.active_from = now.plus_seconds(i64::from(self.cluster_creation_seconds));
        cluster.set_api(endpoint, certificate_authority, &mut self.ids, now);
        let cluster = Arc::new(cluster);
        self.clusters.insert(name, Arc::clone(&cluster));
        Ok(cluster)
    }

    /// DeleteCluster. It is gone at once.
    ///
    /// # Errors
    /// [`EksError::NoSuchCluster`], [`EksError::DeletionProtected`], [`EksError::ClusterHasNodegroups`].
    pub fn delete_cluster(&mut self, name: &str) -> Result<Arc<Cluster>, EksError> {
        let cluster = self
            .clusters
            .get(name)
            .ok_or_else(|| EksError::NoSuchCluster { name: name.to_owned() })?;
        if cluster.settings().deletion_protection {
            return Err(EksError::DeletionProtected { name: name.to_owned() });
        }
        if cluster.nodegroups().next().is_some() {
            return Err(EksError::ClusterHasNodegroups);
        }
        let cluster = Arc::clone(cluster);
        self.clusters.remove(name);
        Ok(cluster)
    }

    /// The cluster of that name, to be changed, with the generator that changes need.
    pub fn cluster_mut(&mut self, name: &str) -> Option<(&mut Cluster, &mut IdGenerator)> {
        let cluster = self.clusters.get_mut(name)?;
        Some((Arc::make_mut(cluster), &mut self.ids))
    }

    /// The cluster of that name, to be changed, with the identities that the change refers to.
    pub fn cluster_and_directory_mut(&mut self, name: &str) -> Option<(&mut Cluster, &Directory, &mut IdGenerator)> {
        let cluster = self.clusters.get_mut(name)?;
        Some((Arc::make_mut(cluster), &self.directory, &mut self.ids))
    }
}
