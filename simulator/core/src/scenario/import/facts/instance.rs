//! As which role nodes ask: by what IAM, EC2 and EKS say of them.
//!
//! Sources: the output of `aws iam get-instance-profile`, `aws eks describe-nodegroup` and `aws ec2 describe-launch-template-versions`
//! and `describe-instances` in the AWS CLI's reference; `iam/info` in "Instance metadata categories" of the EC2 User Guide.

use super::ArtifactKind;
use super::ClusterName;
use super::Found;
use super::NodeRole;
use super::Reader;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Shape;
use crate::scenario::import::paste::Piece;
use crate::value::arn::Arn;

/// What an instance profile's ARN has before its name.
pub(super) const PROFILE: &str = "instance-profile/";

impl Reader<'_> {
    /// Whether the document is one of these.
    pub(super) fn instance(&mut self, piece: &Piece, node: &Node) -> bool {
        if let Some(group) = node.get("nodegroup").filter(|group| group.entry("nodeRole").is_some()) {
            if let Some(cluster) = group.get("clusterName") {
                let value = ClusterName {
                    name: cluster.text().unwrap_or_default().to_owned(),
                    ..ClusterName::default()
                };
                let place = self.place(piece, cluster.place.line, cluster.place.column);
                self.facts.cluster_names.push(Found { value, place });
            }
            return self.node_role(piece, group.get("nodeRole"), "");
        }
        if let Some(profile) = node.get("InstanceProfile") {
            return self.profile(piece, profile);
        }
        if let Some(profiles) = node.get("InstanceProfiles") {
            let mut is_found = false;
            for profile in profiles.list() {
                is_found |= self.profile(piece, profile);
            }
            return is_found;
        }
        if let Some(arn) = node.get("InstanceProfileArn") {
            return self.node_profile(piece, arn);
        }
        // Instances and templates have it somewhere below.
        if node.entry("LaunchTemplateVersions").is_some()
            || node.entry("Reservations").is_some()
            || node.entry("IamInstanceProfile").is_some()
            || node.entry("IamInstanceProfileAssociations").is_some()
        {
            return self.below(piece, node);
        }
        false
    }

    fn below(&mut self, piece: &Piece, node: &Node) -> bool {
        let mut is_found = false;
        match &node.shape {
            Shape::List(items) => {
                for item in items {
                    is_found |= self.below(piece, item);
                }
            }
            Shape::Map(entries) => {
                for entry in entries {
                    is_found |= if entry.key == "IamInstanceProfile" {
                        let named = entry.value.get("Arn").or(entry.value.get("Name"));
                        named.is_some_and(|named| self.node_profile(piece, named))
                    } else {
                        self.below(piece, &entry.value)
                    };
                }
            }
            _ => {}
        }
        is_found
    }

    fn profile(&mut self, piece: &Piece, profile: &Node) -> bool {
        let name = profile.text_at("InstanceProfileName").unwrap_or_default().to_owned();
        let role = profile.get("Roles").and_then(|roles| roles.list().first());
        match role.and_then(|role| role.get("Arn")) {
            Some(arn) => self.node_role(piece, Some(arn), &name),
            None => profile
                .get("InstanceProfileName")
                .is_some_and(|name| self.node_profile(piece, name)),
        }
    }

    fn node_role(&mut self, piece: &Piece, arn: Option<&Node>, profile: &str) -> bool {
        let Some((node, text)) = arn.and_then(|arn| Some((arn, arn.text()?))) else {
            return false;
        };
        let value = NodeRole {
            arn: text.to_owned(),
            profile: profile.to_owned(),
        };
        self.add_node_role(piece, node, value)
    }

    fn node_profile(&mut self, piece: &Piece, node: &Node) -> bool {
        let Some(text) = node.text() else { return false };
        let name = Arn::parse(text).map_or_else(|_| text.to_owned(), |arn| arn.resource);
        let value = NodeRole {
            arn: String::new(),
            profile: name.rsplit('/').next().unwrap_or_default().to_owned(),
        };
        self.add_node_role(piece, node, value)
    }

    fn add_node_role(&mut self, piece: &Piece, node: &Node, value: NodeRole) -> bool {
        self.facts.kinds.push(ArtifactKind::NodeRole);
        let place = self.place(piece, node.place.line, node.place.column);
        self.facts.node_roles.push(Found { value, place });
        true
    }
}
