//! The network that a cluster is in: a VPC, subnets and security groups, as EC2 shows them.
//!
//! FIDELITY: nothing makes a VPC. One is there as long as a cluster is in it, and a subnet that a cluster or a node group
//! names comes into being by that; addresses and zones follow from the order in which subnets were named first.

use std::net::Ipv4Addr;

use serde::Deserialize;
use serde::Serialize;

use super::Cluster;

/// Subnets of a VPC at most (VPC quota "Subnets per VPC"); further ones are not shown.
const SUBNETS: usize = 200;
/// Addresses of a subnet: those of a /20.
const SUBNET_SIZE: u32 = 1 << 12;
/// Subnets in one block of a VPC: so many as fit a /16.
const SUBNETS_OF_A_BLOCK: usize = 16;
/// Zones of a region.
const ZONES: [&str; 3] = ["a", "b", "c"];

/// What is kept of a cluster's network beside its settings.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Network {
    /// The VPC that another cluster was in before; its own where absent.
    vpc_id: Option<String>,
    /// Every subnet that was ever named, in the order of their addresses.
    subnets: Vec<String>,
}

/// A subnet of a cluster's VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// `subnet-…`
    pub id: String,
    /// The zone's name, such as `us-west-2a`.
    pub zone: String,
    /// Its first address.
    pub base: Ipv4Addr,
    /// The first address of the VPC's block that it is in, a /16.
    pub block: Ipv4Addr,
}

impl Subnet {
    /// The subnet of that place in its VPC.
    fn at(number: usize, id: &str, region: &str) -> Self {
        // Blocks as one would cut them for growth; the nodes that a world begins with are in the first two.
        let (block, place) = (number / SUBNETS_OF_A_BLOCK, number % SUBNETS_OF_A_BLOCK);
        let third = u8::try_from(place % 4 * 64 + place / 4 * 16).unwrap_or_default();
        // Behind 192.168.0.0/16 a VPC takes ranges of 100.64.0.0/10 (VPC User Guide, "CIDR block association restrictions").
        let [first, second] = match block.checked_sub(1) {
            None => [192, 168],
            Some(more) => [100, 64 + u8::try_from(more % 64).unwrap_or_default()],
        };
        let zone = ZONES.get(number % ZONES.len()).copied().unwrap_or_default();
        Self {
            id: id.to_owned(),
            zone: format!("{region}{zone}"),
            base: Ipv4Addr::new(first, second, third, 0),
            block: Ipv4Addr::new(first, second, 0, 0),
        }
    }

    /// The zone's letter.
    #[must_use]
    pub fn zone_letter(&self) -> &str {
        self.zone.get(self.zone.len().saturating_sub(1)..).unwrap_or_default()
    }

    /// `192.168.0.0/20`.
    #[must_use]
    pub fn cidr(&self) -> String {
        format!("{}/20", self.base)
    }

    /// Whether an address is one of its own.
    #[must_use]
    pub fn holds(&self, address: Ipv4Addr) -> bool {
        address.to_bits() / SUBNET_SIZE == self.base.to_bits() / SUBNET_SIZE
    }

    /// Addresses that AWS leaves to its users: five of each subnet are its own.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        SUBNET_SIZE - 5
    }
}

impl Cluster {
    /// The VPC that it is in.
    #[must_use]
    pub fn vpc_id(&self) -> String {
        let vpc_id = self.network.vpc_id.clone();
        vpc_id.unwrap_or_else(|| self.made_up_id("vpc", 4))
    }

    /// The security group that EKS makes for it.
    #[must_use]
    pub fn security_group_id(&self) -> String {
        self.made_up_id("sg", 3)
    }

    /// The subnets of its VPC that it knows of, in the order of their addresses.
    #[must_use]
    pub fn subnets(&self) -> Vec<Subnet> {
        let ids = self.known_subnets();
        let ids = ids.iter().enumerate();
        ids.map(|(number, id)| Subnet::at(number, id, &self.region)).collect()
    }

    /// Those of `subnets` that the ids name, or all where none is named.
    pub(super) fn named_subnets(&self, ids: &[String]) -> Vec<Subnet> {
        let (named, others): (Vec<Subnet>, Vec<Subnet>) =
            self.subnets().into_iter().partition(|subnet| ids.contains(&subnet.id));
        if named.is_empty() { others } else { named }
    }

    fn known_subnets(&self) -> Vec<String> {
        let mut ids = self.network.subnets.clone();
        let of_nodes = self.nodegroups().flat_map(|nodegroup| &nodegroup.subnets);
        for id in self.settings.vpc.subnet_ids.iter().chain(of_nodes) {
            if ids.len() >= SUBNETS {
                break;
            }
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids
    }

    /// Gives subnets that were not named before addresses in the VPC, and lets every one keep those that it has.
    pub(super) fn note_subnets(&mut self, named: &[String]) {
        let mut ids = self.known_subnets();
        for id in named {
            if ids.len() < SUBNETS && !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        self.network.subnets = ids;
    }

    /// Whether they have a subnet in common, and so are in one VPC.
    #[must_use]
    pub(crate) fn shares_network(&self, other: &Self) -> bool {
        let known = other.known_subnets();
        self.account == other.account
            && self.region == other.region
            && self.settings.vpc.subnet_ids.iter().any(|id| known.contains(id))
    }

    /// Puts a new cluster into the VPC of another.
    pub(crate) fn join_network(&mut self, other: &Self) {
        self.network = Network {
            vpc_id: Some(other.vpc_id()),
            subnets: other.known_subnets(),
        };
        self.note_subnets(&[]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn subnets_do_not_overlap_and_lie_in_their_blocks() {
        let subnets: Vec<Subnet> = (0..SUBNETS).map(|at| Subnet::at(at, "subnet-1", "us-west-2")).collect();
        let bases: BTreeSet<u32> = subnets.iter().map(|subnet| subnet.base.to_bits()).collect();
        assert_eq!(bases.len(), SUBNETS);
        for subnet in &subnets {
            assert_eq!(subnet.base.to_bits() % SUBNET_SIZE, 0, "{subnet:?}");
            assert_eq!(subnet.base.to_bits() >> 16, subnet.block.to_bits() >> 16, "{subnet:?}");
        }
        let first: Vec<String> = subnets.iter().take(6).map(Subnet::cidr).collect();
        assert_eq!(
            first,
            [
                "192.168.0.0/20",
                "192.168.64.0/20",
                "192.168.128.0/20",
                "192.168.192.0/20",
                "192.168.16.0/20",
                "192.168.80.0/20"
            ]
        );
        assert_eq!(subnets[16].cidr(), "100.64.0.0/20");
        assert_eq!(subnets[4].zone, "us-west-2b");
    }
}
