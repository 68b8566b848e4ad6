//! EC2 as far as tools of EKS ask it: the instances, subnets, security groups and VPCs of an account's clusters in a region.
//!
//! It is a view: everything follows from the clusters and their nodes, so that it agrees with what EKS and the clusters show.
//!
//! FIDELITY: instances run for ever and have one network interface; of an instance that no node tells of, type, zone and
//! address are made up. There is no other VPC, not even a default one.

mod filter;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

pub use self::filter::Filter;
pub use self::filter::FilterError;
pub use self::filter::Subject;
use crate::aws::iam::Directory;
use crate::aws::iam::InstanceProfile;
use crate::aws::iam::Role;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::network::Subnet;
use crate::value::arn::AccountId;
use crate::value::instant::Timestamp;
use crate::world::World;

/// Of an instance that no node tells of.
const INSTANCE_TYPE: &str = "t3.medium";
/// What EKS says of the security group that it makes.
const GROUP_DESCRIPTION: &str = "EKS created security group applied to ENI that is attached to EKS Control Plane master \
                                 nodes, as well as any managed workloads.";

/// Tags, by key.
pub type Tags = BTreeMap<String, String>;

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `i-…`
    pub id: String,
    /// By which its node goes.
    pub private_dns_name: String,
    /// Its address, where one is known.
    pub private_ip: Option<Ipv4Addr>,
    /// Such as `us-west-2a`.
    pub zone: String,
    /// Such as `t3.medium`.
    pub instance_type: String,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// The subnet that it is in.
    pub subnet_id: String,
    /// The security group that it has: id and name.
    pub group: (String, String),
    /// When it was launched.
    pub launched: Timestamp,
    /// The ARN and the id of its instance profile, where IAM has one with the role of its node group.
    pub profile: Option<(String, String)>,
    /// Its tags.
    pub tags: Tags,
}

impl Instance {
    /// An id of something that it has, such as its network interface.
    #[must_use]
    pub fn made_up_id(&self, prefix: &str) -> String {
        made_up_id(prefix, &self.id)
    }
}

/// A subnet with what EC2 knows beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetState {
    /// The subnet.
    pub subnet: Subnet,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// Addresses that nobody has.
    pub free: u32,
    /// Its tags.
    pub tags: Tags,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// `sg-…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// Whether it lets its own members in.
    pub is_open_within: bool,
    /// Its tags.
    pub tags: Tags,
}

/// A VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    /// `vpc-…`
    pub id: String,
    /// Its ranges of addresses, the first one first.
    pub blocks: BTreeSet<Block>,
    /// Its tags.
    pub tags: Tags,
}

impl Vpc {
    /// An id of something that it has.
    #[must_use]
    pub fn made_up_id(&self, prefix: &str) -> String {
        made_up_id(prefix, &self.id)
    }
}

/// A range of addresses of a VPC, a /16. The first of a VPC is 192.168.0.0/16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    is_secondary: bool,
    base: Ipv4Addr,
}

impl Block {
    fn of(base: Ipv4Addr) -> Self {
        Self {
            is_secondary: base.octets()[0] != 192,
            base,
        }
    }

    /// `192.168.0.0/16`.
    #[must_use]
    pub fn cidr(self) -> String {
        format!("{}/16", self.base)
    }
}

/// What an account has in a region, each by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ec2 {
    /// Instances.
    pub instances: BTreeMap<String, Instance>,
    /// Subnets.
    pub subnets: BTreeMap<String, SubnetState>,
    /// Security groups.
    pub groups: BTreeMap<String, SecurityGroup>,
    /// VPCs.
    pub vpcs: BTreeMap<String, Vpc>,
}

impl Ec2 {
    /// What `account` has in `region`.
    #[must_use]
    pub fn of(world: &World, account: &AccountId, region: &str) -> Self {
        let mut clusters: Vec<&Cluster> = world
            .clusters
            .values()
            .map(AsRef::as_ref)
            .filter(|cluster| cluster.account == *account && cluster.region == region)
            .collect();
        // Where two clusters know of a subnet, the older one says whose it is.
        clusters.sort_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)));
        let mut ec2 = Self::default();
        for cluster in clusters {
            ec2.add_network(cluster);
            ec2.add_instances(cluster, &world.directory);
        }
        ec2
    }

    fn add_network(&mut self, cluster: &Cluster) {
        let vpc_id = cluster.vpc_id();
        let vpc = self.vpcs.entry(vpc_id.clone()).or_insert_with(|| Vpc {
            id: vpc_id.clone(),
            blocks: BTreeSet::from([Block::of(Ipv4Addr::new(192, 168, 0, 0))]),
            tags: tags([("Name", format!("{}-vpc", cluster.name))]),
        });
        let default = vpc.made_up_id("sg");
        self.groups.entry(default.clone()).or_insert_with(|| SecurityGroup {
            id: default,
            name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            vpc_id: vpc_id.clone(),
            is_open_within: true,
            tags: Tags::new(),
        });
        for subnet in cluster.subnets() {
            vpc.blocks.insert(Block::of(subnet.block));
            let zone = subnet.zone.clone();
            self.subnets.entry(subnet.id.clone()).or_insert_with(|| SubnetState {
                free: subnet.capacity(),
                subnet,
                vpc_id: vpc_id.clone(),
                tags: tags([
                    ("Name", format!("{}-subnet-{zone}", cluster.name)),
                    ("kubernetes.io/role/internal-elb", "1".to_owned()),
                ]),
            });
        }
        let (id, name) = group_of(cluster);
        self.groups.entry(id.clone()).or_insert_with(|| SecurityGroup {
            id,
            tags: tags([
                ("Name", name.clone()),
                ("aws:eks:cluster-name", cluster.name.clone()),
                (&format!("kubernetes.io/cluster/{}", cluster.name), "owned".to_owned()),
            ]),
            name,
            description: GROUP_DESCRIPTION.to_owned(),
            vpc_id: vpc_id.clone(),
            is_open_within: true,
        });
        for (at, id) in (1..).zip(&cluster.settings().vpc.security_group_ids) {
            self.groups.entry(id.clone()).or_insert_with(|| SecurityGroup {
                id: id.clone(),
                name: format!("{}-control-plane-{at}", cluster.name),
                description: "Communication between the control plane and worker nodes".to_owned(),
                vpc_id: vpc_id.clone(),
                is_open_within: false,
                tags: Tags::new(),
            });
        }
    }

    fn add_instances(&mut self, cluster: &Cluster, directory: &Directory) {
        let nodes: BTreeMap<&str, &Value> = cluster
            .objects()
            .list("nodes", None)
            .filter_map(|(_, node)| Some((text(node, "/spec/providerID")?.rsplit('/').next()?, node.as_ref())))
            .collect();
        let subnets = cluster.subnets();
        for (id, name) in &cluster.instances {
            let node = nodes.get(id.as_str()).copied();
            let instance = instance(cluster, directory, &subnets, (id, name), node);
            if let Some(state) = self.subnets.get_mut(&instance.subnet_id) {
                state.free = state.free.saturating_sub(1);
            }
            self.instances.entry(id.clone()).or_insert(instance);
        }
    }
}

fn instance(
    cluster: &Cluster,
    directory: &Directory,
    subnets: &[Subnet],
    (id, name): (&str, &str),
    node: Option<&Value>,
) -> Instance {
    let label = |label: &str| {
        let labels = node.and_then(|node| node.pointer("/metadata/labels"));
        labels.and_then(|labels| labels.get(label)).and_then(Value::as_str)
    };
    let private_ip = node.and_then(address_of).or_else(|| address_in(name));
    let nodegroup = label("eks.amazonaws.com/nodegroup").and_then(|name| cluster.nodegroup(name).ok());
    let of_zone = |subnet: &&Subnet| label("topology.kubernetes.io/zone").is_none_or(|zone| zone == subnet.zone);
    let holds = |subnet: &&Subnet| private_ip.is_some_and(|ip| subnet.holds(ip));
    let subnet = subnets
        .iter()
        .find(holds)
        .or_else(|| subnets.iter().find(of_zone))
        .or_else(|| subnets.first());
    let zone = label("topology.kubernetes.io/zone").or_else(|| subnet.map(|subnet| subnet.zone.as_str()));
    let mut owned = tags([(&*format!("kubernetes.io/cluster/{}", cluster.name), "owned".to_owned())]);
    if let Some(nodegroup) = nodegroup {
        let group = nodegroup.arn.rsplit('/').next().unwrap_or_default();
        owned.extend(tags([
            ("aws:autoscaling:groupName", format!("eks-{}-{group}", nodegroup.name)),
            ("eks:cluster-name", cluster.name.clone()),
            ("eks:nodegroup-name", nodegroup.name.clone()),
            ("k8s.io/cluster-autoscaler/enabled", "true".to_owned()),
            (
                &format!("k8s.io/cluster-autoscaler/{}", cluster.name),
                "owned".to_owned(),
            ),
        ]));
    }
    Instance {
        id: id.to_owned(),
        private_dns_name: name.to_owned(),
        private_ip,
        zone: zone.unwrap_or_default().to_owned(),
        instance_type: label("node.kubernetes.io/instance-type")
            .unwrap_or(INSTANCE_TYPE)
            .to_owned(),
        vpc_id: cluster.vpc_id(),
        subnet_id: subnet.map(|subnet| subnet.id.clone()).unwrap_or_default(),
        group: group_of(cluster),
        launched: node
            .and_then(|node| text(node, "/metadata/creationTimestamp"))
            .and_then(|created| Timestamp::parse_rfc3339(created).ok())
            .unwrap_or(cluster.created),
        profile: nodegroup.and_then(|nodegroup| profile_of(cluster, directory, &nodegroup.node_role)),
        tags: owned,
    }
}

/// The instance profile with that role.
fn profile_of(cluster: &Cluster, directory: &Directory, role_arn: &str) -> Option<(String, String)> {
    let account = directory.account(&cluster.account)?;
    let role = account.all::<Role>().find(|role| role.arn == role_arn)?;
    let mut profiles = account.all::<InstanceProfile>();
    let profile = profiles.find(|profile| profile.role.as_deref() == Some(role.name.as_str()))?;
    Some((profile.arn.clone(), profile.id.clone()))
}

/// The id and the name of the security group that EKS makes for a cluster.
fn group_of(cluster: &Cluster) -> (String, String) {
    let id = cluster.security_group_id();
    let number: u32 = id
        .bytes()
        .fold(7, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let name = format!("eks-cluster-sg-{}-{number}", cluster.name);
    (id, name)
}

fn address_of(node: &Value) -> Option<Ipv4Addr> {
    let addresses = node.pointer("/status/addresses")?.as_array()?;
    let internal = addresses
        .iter()
        .find(|address| text(address, "/type") == Some("InternalIP"))?;
    text(internal, "/address")?.parse().ok()
}

/// The address in a name such as `ip-10-0-0-1.us-west-2.compute.internal`.
fn address_in(name: &str) -> Option<Ipv4Addr> {
    let host = name.split('.').next()?.strip_prefix("ip-")?;
    host.replace('-', ".").parse().ok()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn tags<'a>(of: impl IntoIterator<Item = (&'a str, String)>) -> Tags {
    of.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// An id that follows from another.
fn made_up_id(prefix: &str, of: &str) -> String {
    let digest = Sha256::digest(format!("{prefix} {of}"));
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}-0{hex}")
}

/// The id of a zone, such as `usw2-az1` of `us-west-2a`.
///
/// FIDELITY: which zone of an account has which id is random in AWS; here the letters follow the numbers.
#[must_use]
pub fn zone_id(zone: &str) -> String {
    let (region, letter) = zone.split_at_checked(zone.len().saturating_sub(1)).unwrap_or_default();
    let number = letter
        .bytes()
        .next()
        .map_or(1, |letter| letter.wrapping_sub(b'a').wrapping_add(1));
    let short: String = region
        .split('-')
        .enumerate()
        .map(|(at, word)| match word {
            word if at == 0 => word.to_owned(),
            "northeast" | "northwest" | "southeast" | "southwest" => {
                let (first, second) = word.split_at_checked(5).unwrap_or_default();
                format!(
                    "{}{}",
                    first.get(..1).unwrap_or_default(),
                    second.get(..1).unwrap_or_default()
                )
            }
            word => word.get(..1).unwrap_or_default().to_owned(),
        })
        .collect();
    format!("{short}-az{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    fn article() -> World {
        scenario::stage(scenario::ARTICLE_WORLD, Timestamp::from_unix_seconds(1_795_481_097))
            .unwrap()
            .world
    }

    fn of(world: &World, region: &str) -> Ec2 {
        Ec2::of(world, &AccountId::parse("111122223333").unwrap(), region)
    }

    #[test]
    fn what_ec2_shows_agrees_with_the_cluster_and_its_nodes() {
        let world = article();
        let cluster = world.cluster("my-cluster").unwrap();
        let ec2 = of(&world, "us-west-2");
        assert_eq!(ec2.vpcs.keys().collect::<Vec<_>>(), [&cluster.vpc_id()]);
        let mut subnets = cluster.settings().vpc.subnet_ids.clone();
        subnets.sort_unstable();
        assert_eq!(ec2.subnets.keys().cloned().collect::<Vec<_>>(), subnets);
        assert!(ec2.groups.contains_key(&cluster.security_group_id()));
        assert_eq!(ec2.groups.len(), 2);
        assert_eq!(ec2.instances.len(), 2);
        for (_, node) in cluster.objects().list("nodes", None) {
            let id = text(node, "/spec/providerID").unwrap().rsplit('/').next().unwrap();
            let instance = &ec2.instances[id];
            assert_eq!(Some(&*instance.private_dns_name), text(node, "/metadata/name"));
            assert_eq!(
                Some(&*instance.zone),
                text(node, "/metadata/labels/topology.kubernetes.io~1zone")
            );
            let subnet = &ec2.subnets[&instance.subnet_id];
            assert_eq!(subnet.subnet.zone, instance.zone);
            assert!(subnet.subnet.holds(instance.private_ip.unwrap()), "{instance:?}");
            assert_eq!(subnet.free, subnet.subnet.capacity() - 1);
            assert_eq!(instance.tags["eks:nodegroup-name"], "workers");
        }
        assert_eq!(of(&world, "us-east-1"), Ec2::default());
        let other = AccountId::parse("444455556666").unwrap();
        assert_eq!(Ec2::of(&world, &other, "us-west-2"), Ec2::default());
    }

    #[test]
    fn an_instance_that_no_node_tells_of_is_there_too() {
        let mut world = article();
        let (cluster, _) = world.cluster_mut("my-cluster").unwrap();
        cluster.instances.insert(
            "i-0123456789abcdef0".to_owned(),
            "ip-192-168-64-9.us-west-2.compute.internal".to_owned(),
        );
        cluster
            .instances
            .insert("i-0123456789abcdef1".to_owned(), "node-1".to_owned());
        let ec2 = of(&world, "us-west-2");
        let placed = &ec2.instances["i-0123456789abcdef0"];
        assert_eq!(placed.private_ip, Some(Ipv4Addr::new(192, 168, 64, 9)));
        assert_eq!(placed.zone, "us-west-2b");
        assert_eq!(ec2.instances["i-0123456789abcdef1"].private_ip, None);
    }

    #[test]
    fn zones_have_ids() {
        for (zone, id) in [
            ("us-west-2a", "usw2-az1"),
            ("ap-northeast-2c", "apne2-az3"),
            ("eu-central-1b", "euc1-az2"),
            ("us-gov-west-1a", "usgw1-az1"),
        ] {
            assert_eq!(zone_id(zone), id, "{zone}");
        }
    }
}
