//! Managed node groups. The nodes of one are objects in the cluster; no machine is behind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::AWS_AUTH_NAME;
use super::AWS_AUTH_NAMESPACE;
use super::Cluster;
use super::access_entry::EntryType;
use super::access_entry::NewAccessEntry;
use super::access_entry::TAGS;
use super::error::EksError;
use super::objects;
use super::settings::check_role_arn;
use crate::iam::Directory;
use crate::id::IdGenerator;
use crate::instant::Timestamp;
use crate::object::ObjectKey;

/// More nodes than this are not made, whatever the scaling configuration says.
const NODES: u8 = 20;

/// A managed node group.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Nodegroup {
    /// Its name.
    pub name: String,
    /// Its own ARN.
    pub arn: String,
    /// The release of its nodes.
    pub version: String,
    /// The role of its nodes.
    pub node_role: String,
    /// The subnets of its nodes.
    pub subnets: Vec<String>,
    /// Members of the API's Nodegroup that are kept and shown, but mean nothing here, by name, such as `instanceTypes`.
    pub others: BTreeMap<String, Value>,
    /// When it was made, and when it was changed last.
    pub created: Timestamp,
    /// As given.
    pub tags: BTreeMap<String, String>,
}

/// What CreateNodegroup is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewNodegroup {
    /// Its name.
    pub name: String,
    /// The release of its nodes; the cluster's where absent.
    pub version: Option<String>,
    /// The role of its nodes.
    pub node_role: String,
    /// The subnets of its nodes.
    pub subnets: Vec<String>,
    /// How many nodes there are to be.
    pub desired_size: Option<u64>,
    /// See [`Nodegroup::others`].
    pub others: BTreeMap<String, Value>,
    /// At most 50.
    pub tags: BTreeMap<String, String>,
}

impl Cluster {
    /// Its node groups, by name.
    pub fn nodegroups(&self) -> impl Iterator<Item = &Arc<Nodegroup>> {
        self.nodegroups.values()
    }

    /// DescribeNodegroup.
    ///
    /// # Errors
    /// [`EksError::NoSuchNodegroup`].
    pub fn nodegroup(&self, name: &str) -> Result<&Arc<Nodegroup>, EksError> {
        self.nodegroups
            .get(name)
            .ok_or_else(|| EksError::NoSuchNodegroup { name: name.to_owned() })
    }

    /// CreateNodegroup: with nodes, and a way in for them. In the modes with access entries the node role gets an entry
    /// of type EC2_LINUX, in CONFIG_MAP an `aws-auth` ConfigMap where there is none.
    ///
    /// FIDELITY: nothing is launched; as many nodes as are desired are there at once, at most 20. An `aws-auth` ConfigMap
    /// that is there already is left as it is, where EKS adds the role.
    ///
    /// # Errors
    /// [`EksError::InvalidRoleArn`], [`EksError::TooManyTags`], [`EksError::NodegroupExists`].
    pub fn create_nodegroup(
        &mut self,
        spec: NewNodegroup,
        directory: &Directory,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Nodegroup>, EksError> {
        check_role_arn(&spec.node_role)?;
        if spec.tags.len() > TAGS {
            return Err(EksError::TooManyTags);
        }
        if self.nodegroups.contains_key(&spec.name) {
            return Err(EksError::NodegroupExists {
                cluster: self.name.clone(),
                name: spec.name,
            });
        }
        let desired = spec.desired_size.unwrap_or(2).min(u64::from(NODES));
        let nodes = objects::of_a_nodegroup(
            &objects::Nodes {
                nodegroup: &spec.name,
                count: u8::try_from(desired).unwrap_or(NODES),
                region: &self.region,
                version: &self.version,
                created: now,
            },
            |name| self.objects().find(&ObjectKey::new("nodes", "", name)).is_some(),
            ids.fork(&format!("{} {}", self.arn(), spec.name)),
        );
        self.instances.extend(objects::instances(&nodes));
        self.create_objects(nodes, ids, now);
        self.admit_nodes(&spec.node_role, directory, ids, now);
        let uuid = ids.uuid();
        Ok(self.put_nodegroup(spec, &uuid, now))
    }

    /// DeleteNodegroup, with its nodes and what runs on them. The way in for them stays, as EKS leaves it.
    ///
    /// # Errors
    /// [`EksError::NoSuchNodegroup`].
    pub fn delete_nodegroup(&mut self, name: &str) -> Result<Arc<Nodegroup>, EksError> {
        let removed = self
            .nodegroups
            .remove(name)
            .ok_or_else(|| EksError::NoSuchNodegroup { name: name.to_owned() })?;
        let label = "/metadata/labels/eks.amazonaws.com~1nodegroup";
        let nodes: Vec<ObjectKey> = self
            .objects()
            .list("nodes", None)
            .filter(|(_, node)| node.pointer(label).and_then(Value::as_str) == Some(name))
            .map(|(key, _)| key.clone())
            .collect();
        let runs_there = |pod: &Value| {
            let node = pod.pointer("/spec/nodeName").and_then(Value::as_str);
            node.is_some_and(|node| nodes.iter().any(|key| key.name == node))
        };
        let pods: Vec<ObjectKey> = self
            .objects()
            .list("pods", None)
            .filter(|(_, pod)| runs_there(pod))
            .map(|(key, _)| key.clone())
            .collect();
        self.instances
            .retain(|_, name| !nodes.iter().any(|key| key.name == *name));
        for key in pods.iter().chain(&nodes) {
            let _ = self.delete_object(key);
        }
        Ok(removed)
    }

    /// Records the node group behind the nodes that are there.
    pub(crate) fn put_nodegroup(&mut self, spec: NewNodegroup, uuid: &str, now: Timestamp) -> Arc<Nodegroup> {
        let mut others = BTreeMap::from([
            ("amiType".to_owned(), json!("AL2023_x86_64_STANDARD")),
            ("capacityType".to_owned(), json!("ON_DEMAND")),
            ("diskSize".to_owned(), json!(20)),
            ("instanceTypes".to_owned(), json!(["t3.medium"])),
            ("labels".to_owned(), json!({})),
            (
                "scalingConfig".to_owned(),
                json!({"minSize": 1, "maxSize": 2, "desiredSize": 2}),
            ),
            ("updateConfig".to_owned(), json!({"maxUnavailable": 1})),
        ]);
        others.extend(spec.others);
        let nodegroup = Arc::new(Nodegroup {
            arn: self.resource_arn("nodegroup", &format!("{}/{uuid}", spec.name)),
            name: spec.name,
            version: spec.version.unwrap_or_else(|| self.version.clone()),
            node_role: spec.node_role,
            subnets: spec.subnets,
            others,
            created: now,
            tags: spec.tags,
        });
        self.nodegroups.insert(nodegroup.name.clone(), Arc::clone(&nodegroup));
        nodegroup
    }

    fn admit_nodes(&mut self, role_arn: &str, directory: &Directory, ids: &mut IdGenerator, now: Timestamp) {
        if self.authentication_mode().has_access_entries() {
            let spec = NewAccessEntry {
                principal_arn: role_arn.to_owned(),
                entry_type: EntryType::Ec2Linux,
                ..NewAccessEntry::default()
            };
            // A role that is not there, or is let in already, changes nothing.
            let _ = self.create_access_entry(spec, directory, ids, now);
            return;
        }
        let roles = format!(
            "- groups:\n  - system:bootstrappers\n  - system:nodes\n  rolearn: {role_arn}\n  username: system:node:{{{{EC2PrivateDNSName}}}}\n"
        );
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"mapRoles": roles}});
        let key = ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME);
        let _ = self.create_object(key, map, ids, now);
    }
}
