//! The World: everything that a decision may read, as one cheap-to-clone snapshot.

use std::sync::Arc;

use imbl::OrdMap;

use crate::eks::Cluster;
use crate::fault::Faults;
use crate::iam::Directory;
use crate::id::IdGenerator;
use crate::identity_center::IdentityCenter;

/// Accounts, clusters, and what else the simulator pretends.
#[derive(Clone, Debug)]
pub struct World {
    /// Who is who.
    pub directory: Directory,
    /// Clusters by name. One World has one account's worth of clusters, so names are unique.
    pub clusters: OrdMap<String, Arc<Cluster>>,
    /// Where new identifiers come from.
    pub ids: IdGenerator,
    /// Seconds by which the World's clock is ahead of the machine's.
    pub clock_offset_seconds: i64,
    /// `HOST:PORT` under which clients reach the simulator's own AWS endpoint, as a client's URL has it. A token signed
    /// for one of these is taken as if it were signed for the regional STS endpoint of its credential scope.
    pub own_hosts: Vec<String>,
    /// Where people sign in who are no IAM users.
    pub identity_center: Option<IdentityCenter>,
    /// What goes wrong with calls to its services.
    pub faults: Faults,
}

impl World {
    /// An empty World.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            directory: Directory::default(),
            clusters: OrdMap::new(),
            ids: IdGenerator::new(seed),
            clock_offset_seconds: 0,
            own_hosts: Vec::new(),
            identity_center: None,
            faults: Faults::new(seed),
        }
    }

    /// The cluster of that name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&Arc<Cluster>> {
        self.clusters.get(name)
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
