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
use super::access_entry::NewAccessEntry;
use super::error::EksError;
use super::objects;
use super::parameter::EntryType;
use super::parameter::TAGS;
use super::settings::check_role_arn;
use super::update::NodegroupParam;
use super::update::UpdateKind;
use crate::aws::iam::Directory;
use crate::kube::object::ObjectKey;
use crate::kube::validation::is_label_key;
use crate::kube::validation::is_label_value;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// Where a node says which node group it is of.
const NODEGROUP_LABEL: &str = "/metadata/labels/eks.amazonaws.com~1nodegroup";
/// Labels of a node group, and keys of one update.
const LABELS: usize = 50;
/// Taints of a node group, as providers of infrastructure as code document it.
const TAINTS: usize = 50;
/// Subnets of a node group.
const SUBNETS: usize = 16;
/// The model's bound of keys and values.
const LABEL_LENGTH: usize = 63;
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
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last, where it was.
    #[serde(default)]
    pub modified: Option<Timestamp>,
    /// As given.
    pub tags: BTreeMap<String, String>,
}

/// A taint of a node group, in the words of EKS's API.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Taint {
    /// `NO_EXECUTE`, `NO_SCHEDULE` or `PREFER_NO_SCHEDULE`.
    pub effect: String,
    /// Its value, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its key.
    pub key: String,
}

impl Taint {
    /// Those of a node group.
    fn all(others: &BTreeMap<String, Value>) -> Vec<Self> {
        let taints = others.get("taints").and_then(Value::as_array);
        let taints = taints.into_iter().flatten();
        taints
            .filter_map(|taint| serde_json::from_value(taint.clone()).ok())
            .collect()
    }

    /// As Kubernetes has it.
    fn of_a_node(&self) -> Value {
        let effect = match self.effect.as_str() {
            "NO_EXECUTE" => "NoExecute",
            "PREFER_NO_SCHEDULE" => "PreferNoSchedule",
            _ => "NoSchedule",
        };
        let mut taint = json!({"key": self.key, "effect": effect});
        if let (Some(taint), Some(value)) = (taint.as_object_mut(), &self.value) {
            taint.insert("value".to_owned(), json!(value));
        }
        taint
    }

    fn is_like(&self, other: &Self) -> bool {
        self.key == other.key && self.effect == other.effect
    }
}

/// What UpdateNodegroupConfig is asked for; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodegroupChange {
    /// Labels to set.
    pub labels_to_add: BTreeMap<String, String>,
    /// Keys of labels to take away.
    pub labels_to_remove: Vec<String>,
    /// Taints to set.
    pub taints_to_add: Vec<Taint>,
    /// Taints to take away.
    pub taints_to_remove: Vec<Taint>,
    /// Members of `scalingConfig`.
    pub scaling: BTreeMap<String, u64>,
    /// Members of `updateConfig`.
    pub update: BTreeMap<String, Value>,
    /// `nodeRepairConfig`.
    pub node_repair: Option<Value>,
}

impl NodegroupChange {
    fn is_scaled(&self) -> bool {
        !self.scaling.is_empty()
    }

    /// As the update shows them. Source: the examples of the AWS CLI's reference for update-nodegroup-config.
    fn params(&self) -> Vec<(NodegroupParam, String)> {
        let mut params = Vec::new();
        if !self.labels_to_add.is_empty() {
            params.push((NodegroupParam::LabelsToAdd, json!(self.labels_to_add).to_string()));
        }
        if !self.labels_to_remove.is_empty() {
            params.push((NodegroupParam::LabelsToRemove, json!(self.labels_to_remove).to_string()));
        }
        if !self.taints_to_add.is_empty() {
            params.push((NodegroupParam::TaintsToAdd, written(&self.taints_to_add)));
        }
        if !self.taints_to_remove.is_empty() {
            params.push((NodegroupParam::TaintsToRemove, written(&self.taints_to_remove)));
        }
        for (param, member) in [
            (NodegroupParam::MinSize, "minSize"),
            (NodegroupParam::MaxSize, "maxSize"),
            (NodegroupParam::DesiredSize, "desiredSize"),
        ] {
            params.extend(self.scaling.get(member).map(|size| (param, size.to_string())));
        }
        for (param, member) in [
            (NodegroupParam::MaxUnavailable, "maxUnavailable"),
            (NodegroupParam::MaxUnavailablePercentage, "maxUnavailablePercentage"),
            (NodegroupParam::UpdateStrategy, "updateStrategy"),
        ] {
            let value = self.update.get(member);
            let text = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            params.extend(text.map(|text| (param, text)));
        }
        let repair = self.node_repair.as_ref().map(Value::to_string);
        params.extend(repair.map(|repair| (NodegroupParam::NodeRepairConfig, repair)));
        params
    }

    /// Changes a node group's members; the labels that its nodes are to lose.
    fn apply(&self, others: &mut BTreeMap<String, Value>) -> Vec<String> {
        let mut dropped = Vec::new();
        if let Some(labels) = others
            .entry("labels".to_owned())
            .or_insert_with(|| json!({}))
            .as_object_mut()
        {
            for label in &self.labels_to_remove {
                dropped.extend(labels.remove(label).map(|_| label.clone()));
            }
            labels.extend(
                self.labels_to_add
                    .iter()
                    .map(|(label, value)| (label.clone(), json!(value))),
            );
        }
        if !self.taints_to_add.is_empty() || !self.taints_to_remove.is_empty() {
            let mut taints = Taint::all(others);
            let gone = self.taints_to_remove.iter().chain(&self.taints_to_add);
            for gone in gone {
                taints.retain(|taint| !taint.is_like(gone));
            }
            taints.extend(self.taints_to_add.iter().cloned());
            others.insert("taints".to_owned(), json!(taints));
        }
        if let Some(scaling) = others.get_mut("scalingConfig").and_then(Value::as_object_mut) {
            scaling.extend(self.scaling.iter().map(|(member, size)| (member.clone(), json!(size))));
        }
        if !self.update.is_empty() {
            // Of a number and a percentage the one that is set last holds.
            others.insert("updateConfig".to_owned(), json!(self.update));
        }
        if let Some(repair) = &self.node_repair {
            others.insert("nodeRepairConfig".to_owned(), repair.clone());
        }
        dropped
    }
}

/// In the order of EKS's members.
fn written(taints: &[Taint]) -> String {
    serde_json::to_string(taints).unwrap_or_default()
}

/// How many nodes there are to be.
#[derive(Clone, Copy, Debug)]
struct Scaling {
    min: u64,
    max: u64,
    desired: u64,
}

impl Scaling {
    fn of(others: &BTreeMap<String, Value>) -> Self {
        let size = |member: &str| {
            let scaling = others.get("scalingConfig");
            scaling.and_then(|scaling| scaling.get(member)).and_then(Value::as_u64)
        };
        // What EKS takes where only a part is given is not known.
        let desired = size("desiredSize").or_else(|| size("minSize")).unwrap_or(2);
        Self {
            min: size("minSize").unwrap_or(desired.min(1)),
            max: size("maxSize").unwrap_or(desired),
            desired,
        }
    }

    fn check(self) -> Result<(), EksError> {
        let Self { min, max, desired } = self;
        if min > desired {
            return Err(EksError::ScalingBelowMinimum { min, desired });
        }
        if desired > max {
            return Err(EksError::ScalingAboveMaximum { desired, max });
        }
        Ok(())
    }

    fn nodes(self) -> u8 {
        u8::try_from(self.desired).map_or(NODES, |desired| desired.min(NODES))
    }
}

/// That labels are not those that Kubernetes and EKS set.
fn check_labels(labels: Option<&Value>) -> Result<(), EksError> {
    let is_reserved = |label: &str| {
        let prefix = label.split_once('/').map_or("", |(prefix, _)| prefix);
        ["kubernetes.io", "k8s.io", "eks.amazonaws.com"].iter().any(|reserved| {
            prefix == *reserved || prefix.strip_suffix(reserved).is_some_and(|rest| rest.ends_with('.'))
        })
    };
    match labels.and_then(Value::as_object) {
        None => Ok(()),
        Some(labels) if labels.keys().any(|label| is_reserved(label)) => Err(EksError::LabelPrefix),
        Some(labels) => {
            check_count(labels.len(), "labels", LABELS)?;
            for (key, value) in labels {
                check_key(key)?;
                check_value(value.as_str().unwrap_or(" "))?;
            }
            Ok(())
        }
    }
}

/// That a text can be a label's key, or a taint's.
fn check_key(key: &str) -> Result<(), EksError> {
    if key.len() <= LABEL_LENGTH && is_label_key(key) {
        return Ok(());
    }
    Err(EksError::InvalidLabel { got: key.to_owned() })
}

/// That a text can be a label's value, or a taint's.
fn check_value(value: &str) -> Result<(), EksError> {
    if is_label_value(value) {
        return Ok(());
    }
    Err(EksError::InvalidLabel { got: value.to_owned() })
}

fn check_count(count: usize, what: &'static str, most: usize) -> Result<(), EksError> {
    if count > most {
        return Err(EksError::TooMany { what, most });
    }
    Ok(())
}

/// That a node can have these taints.
fn check_taints(taints: &[Taint]) -> Result<(), EksError> {
    check_count(taints.len(), "taints", TAINTS)?;
    for taint in taints {
        if !["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"].contains(&taint.effect.as_str()) {
            return Err(EksError::InvalidTaintEffect {
                got: taint.effect.clone(),
            });
        }
        check_key(&taint.key)?;
        check_value(taint.value.as_deref().unwrap_or_default())?;
    }
    Ok(())
}

/// The members of a node group that is made with these.
fn others(asked: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
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
    others.extend(asked);
    others
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
    /// [`EksError::InvalidRoleArn`], [`EksError::TooManyTags`], [`EksError::NodegroupExists`], [`EksError::LabelPrefix`],
    /// [`EksError::ScalingBelowMinimum`], [`EksError::ScalingAboveMaximum`], [`EksError::InvalidLabel`],
    /// [`EksError::InvalidTaintEffect`], [`EksError::TooMany`].
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
        let others = others(spec.others.clone());
        check_labels(others.get("labels"))?;
        check_taints(&Taint::all(&others))?;
        check_count(spec.subnets.len(), "subnets", SUBNETS)?;
        let scaling = Scaling::of(&others);
        scaling.check()?;
        self.note_subnets(&spec.subnets);
        self.launch(&spec.name, &spec.subnets, scaling.nodes(), ids, now);
        self.admit_nodes(&spec.node_role, directory, ids, now);
        let uuid = ids.uuid();
        let nodegroup = self.put_nodegroup(spec, &uuid, now);
        self.mark_nodes(&nodegroup);
        Ok(nodegroup)
    }

    /// Makes nodes of a node group.
    fn launch(&mut self, nodegroup: &str, subnets: &[String], count: u8, ids: &mut IdGenerator, now: Timestamp) {
        let nodes = objects::of_a_nodegroup(
            &objects::Nodes {
                nodegroup,
                count,
                subnets: &self.named_subnets(subnets),
                region: &self.region,
                version: &self.version,
                created: now,
            },
            |name| self.objects().find(&ObjectKey::new("nodes", "", name)).is_some(),
            ids.fork(&format!("{} {nodegroup}", self.arn())),
        );
        self.instances.extend(objects::instances(&nodes));
        self.create_objects(nodes, ids, now);
    }

    /// The nodes of a node group, by name.
    fn nodes_of(&self, nodegroup: &str) -> Vec<ObjectKey> {
        self.objects()
            .list("nodes", None)
            .filter(|(_, node)| node.pointer(NODEGROUP_LABEL).and_then(Value::as_str) == Some(nodegroup))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Gives the nodes of a node group its labels and taints.
    fn mark_nodes(&mut self, nodegroup: &Nodegroup) {
        let labels = nodegroup.others.get("labels").and_then(Value::as_object);
        let taints: Vec<Value> = Taint::all(&nodegroup.others).iter().map(Taint::of_a_node).collect();
        for key in self.nodes_of(&nodegroup.name) {
            let Some(mut node) = self.objects().find(&key).map(|node| Value::clone(node)) else {
                continue;
            };
            if let (Some(labels), Some(marked)) = (
                labels,
                node.pointer_mut("/metadata/labels").and_then(Value::as_object_mut),
            ) {
                marked.extend(labels.clone());
            }
            if let Some(spec) = node.get_mut("spec").and_then(Value::as_object_mut) {
                if taints.is_empty() {
                    spec.remove("taints");
                } else {
                    spec.insert("taints".to_owned(), json!(taints));
                }
            }
            let _ = self.update_object(&key, node);
        }
    }

    /// UpdateNodegroupConfig: nodes come and go with the desired size, and have the labels and taints at once.
    ///
    /// # Errors
    /// [`EksError::NoSuchNodegroup`], [`EksError::LabelPrefix`], [`EksError::ScalingBelowMinimum`],
    /// [`EksError::ScalingAboveMaximum`], [`EksError::NoNodegroupChange`].
    pub fn update_nodegroup(
        &mut self,
        name: &str,
        change: NodegroupChange,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<(), EksError> {
        let mut nodegroup = Nodegroup::clone(self.nodegroup(name)?);
        let params = change.params();
        if params.is_empty() {
            return Err(EksError::NoNodegroupChange);
        }
        check_labels(Some(&json!(change.labels_to_add)))?;
        check_taints(&change.taints_to_add)?;
        check_taints(&change.taints_to_remove)?;
        check_count(change.labels_to_remove.len(), "labels", LABELS)?;
        change.labels_to_remove.iter().try_for_each(|key| check_key(key))?;
        let dropped: Vec<String> = change.apply(&mut nodegroup.others);
        check_labels(nodegroup.others.get("labels"))?;
        check_taints(&Taint::all(&nodegroup.others))?;
        let scaling = Scaling::of(&nodegroup.others);
        scaling.check()?;
        nodegroup.modified = Some(now);
        let nodes = self.nodes_of(name);
        for key in &nodes {
            self.drop_labels(key, &dropped);
        }
        let wanted = usize::from(scaling.nodes());
        if change.is_scaled() {
            match wanted.checked_sub(nodes.len()) {
                Some(more) => {
                    let more = u8::try_from(more).unwrap_or(NODES);
                    self.launch(name, &nodegroup.subnets, more, ids, now);
                }
                // The last ones go, with what runs on them.
                None => self.remove_nodes(nodes.get(wanted..).unwrap_or_default()),
            }
        }
        self.mark_nodes(&nodegroup);
        self.nodegroups.insert(name.to_owned(), Arc::new(nodegroup));
        let name = name.to_owned();
        self.record_update(UpdateKind::Nodegroup { name, params }, ids, now);
        Ok(())
    }

    fn drop_labels(&mut self, key: &ObjectKey, labels: &[String]) {
        let Some(mut node) = self.objects().find(key).map(|node| Value::clone(node)) else {
            return;
        };
        if let Some(marked) = node.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            marked.retain(|label, _| !labels.contains(label));
        }
        let _ = self.update_object(key, node);
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
        let nodes = self.nodes_of(name);
        self.remove_nodes(&nodes);
        Ok(removed)
    }

    /// Takes nodes away, with what runs on them.
    fn remove_nodes(&mut self, nodes: &[ObjectKey]) {
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
        for key in pods.iter().chain(nodes) {
            let _ = self.delete_object(key);
        }
    }

    /// Records the node group behind the nodes that are there.
    pub(crate) fn put_nodegroup(&mut self, spec: NewNodegroup, uuid: &str, now: Timestamp) -> Arc<Nodegroup> {
        let nodegroup = Arc::new(Nodegroup {
            arn: self.resource_arn("nodegroup", &format!("{}/{uuid}", spec.name)),
            name: spec.name,
            version: spec.version.unwrap_or_else(|| self.version.clone()),
            node_role: spec.node_role,
            subnets: spec.subnets,
            others: others(spec.others),
            created: now,
            modified: None,
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
