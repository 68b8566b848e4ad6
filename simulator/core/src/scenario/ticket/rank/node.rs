//! A kubelet that gets a 401: as which role its node asks, and whether the files map that role.
//!
//! Sources: "Instance metadata categories" (`iam/info`) of the EC2 User Guide; "Amazon EKS node IAM role" of the EKS User Guide.

use std::sync::LazyLock;

use regex::Regex;

use super::ArtifactKind;
use super::Basis;
use super::Case;
use super::Cause;
use super::Certainty;
use super::Fact;
use super::Judgement;
use super::Rule;
use super::is_named;
use super::or;
use crate::explain::NODE_401;
use crate::explain::node;
use crate::explain::node::NodeArn;
use crate::explain::node::NodeKind;
use crate::explain::node::Target;
use crate::explain::shell_word;
use crate::value::arn::Arn;

/// The instance of which only the role is known.
const INSTANCE: &str = "i-0123456789abcdef0";
/// Words in the names of roles of those who look after nodes.
const CONTROLLERS: [&str; 4] = ["autoscaler", "controller", "operator", "termination"];

/// What is known of the node.
#[derive(Default)]
struct Known {
    /// As STS would show it; empty where the role is not known.
    session: String,
    role: String,
    profile: String,
    evidence: Vec<Fact>,
}

impl Case<'_> {
    /// Nothing where no kubelet was refused, or something else is named.
    pub(super) fn node(&self) -> Option<Judgement> {
        let is_other =
            |judgement: &Judgement| is_named(judgement) && judgement.certainty.cause() != Some(Cause::Granted);
        if self.said().any(is_other) {
            return None;
        }
        let seen = self
            .logs
            .iter()
            .find(|judgement| judgement.sentence.starts_with(NODE_401))?;
        let known = self.known_of_node();
        let mut evidence = seen.evidence.clone();
        evidence.extend(known.evidence.iter().cloned());
        let by_role = if known.session.is_empty() || !self.has_mappings() {
            None
        } else {
            self.by_role(&known, &evidence)
        };
        let mut judgement = by_role
            .or_else(|| self.by_items(&known, &evidence))
            .unwrap_or_else(|| Judgement {
                evidence,
                ..seen.clone()
            });
        judgement.look_at = self.at_the_node(&known);
        Some(judgement)
    }

    /// By its own session, by what IAM and EKS say, or by its instance profile alone.
    fn known_of_node(&self) -> Known {
        let mut known = Known::default();
        for found in &self.read.node_roles {
            let text = if found.role.is_empty() {
                format!("the instance profile is {}", found.profile)
            } else {
                format!("the nodes' role is {}", found.role)
            };
            known.evidence.push(Fact {
                file: found.file.clone(),
                line: Some(found.line),
                text,
            });
            if !found.profile.is_empty() {
                known.profile.clone_from(&found.profile);
            }
            if let Some(session) = session_of(&found.role) {
                known.role.clone_from(&found.role);
                known.session = session;
            }
        }
        for caller in &self.read.callers {
            let Some(found) = NodeArn::find(&caller.arn, "") else {
                continue;
            };
            known.evidence.push(Fact {
                file: caller.file.clone(),
                line: Some(caller.line),
                text: caller.arn.clone(),
            });
            known.session = if found.session.is_empty() {
                session_of(&found.role_arn).unwrap_or_default()
            } else {
                caller.arn.clone()
            };
            known.role = found.role_arn;
        }
        if known.profile.is_empty()
            && let Some((name, fact)) = self.profile_in_text()
        {
            known.profile = name;
            known.evidence.push(fact);
        }
        known
    }

    /// An instance profile that stands in a sentence.
    fn profile_in_text(&self) -> Option<(String, Fact)> {
        static PROFILE: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"arn:aws[a-z-]*:iam::[^:\s]*:instance-profile/([A-Za-z0-9_+=,.@/-]+)").ok());
        let profile = PROFILE.as_ref()?;
        self.read.rests.iter().find_map(|rest| {
            (1_usize..).zip(rest.text.split('\n')).find_map(|(number, line)| {
                let found = profile.captures(line)?.get(1)?;
                let name = found.as_str().trim_end_matches(['.', ',']).rsplit('/').next()?;
                let fact = Fact {
                    file: rest.file.clone(),
                    line: Some(number),
                    text: line.trim().to_owned(),
                };
                Some((name.to_owned(), fact))
            })
        })
    }

    /// The role is known: what the files make of it.
    fn by_role(&self, known: &Known, evidence: &[Fact]) -> Option<Judgement> {
        let mut judged = self.judged(&known.session, evidence.to_vec())?;
        match judged.certainty.cause() {
            None | Some(Cause::Granted) => {
                if let Some(wrong) = self.as_people(evidence) {
                    return Some(wrong);
                }
                judged.certainty = Certainty::NotKnown;
                judged.sentence = format!(
                    "{NODE_401}, though by these files its role {} is let in: the kubelet may ask as another role, the files may be \
                     younger, or its clock or region is wrong",
                    known.role
                );
                judged.fix = String::new();
            }
            Some(_) => judged.sentence = format!("{NODE_401}: {}", judged.sentence),
        }
        Some(judged)
    }

    /// A mapping of nodes that makes none of them.
    fn as_people(&self, evidence: &[Fact]) -> Option<Judgement> {
        let linted = self.linted.iter().find(|linted| {
            matches!(
                linted.rule,
                Rule::AuthNodeUsername
                    | Rule::AuthNodeWithoutBootstrappers
                    | Rule::AuthNodeWithoutNodes
                    | Rule::AuthPeopleAsNodes
                    | Rule::EntryNodeStandard
                    | Rule::EntryStandardForNodes
            )
        })?;
        let mut evidence = evidence.to_vec();
        evidence.push(Fact {
            file: linted.finding.file.clone(),
            line: Some(linted.finding.line),
            text: linted.finding.message.clone(),
        });
        Some(Judgement {
            certainty: likeliest(&[Cause::NodeRoleNotMapped, Cause::TokenExpired, Cause::ClockAhead]),
            basis: Basis::Files,
            sentence: format!("{NODE_401}, and its role is mapped, but not as that of nodes"),
            evidence,
            fix: linted.finding.fix.clone(),
            look_at: Vec::new(),
        })
    }

    /// The role is not known: whether `aws-auth` has any item for nodes.
    fn by_items(&self, known: &Known, evidence: &[Fact]) -> Option<Judgement> {
        // Access entries, or what is not there, may map them.
        if !self.read.has_aws_auth || !known.session.is_empty() || self.read.mode.as_deref() == Some("API") {
            return None;
        }
        let is_for_nodes = |username: &str, groups: &[String]| {
            groups.iter().any(|group| group == node::NODES)
                || (username.starts_with(node::NODE_USER) && !groups.iter().any(|group| group == "system:masters"))
        };
        let (mut others, mut paths) = (Vec::new(), Vec::new());
        for item in &self.read.mapped {
            if !is_for_nodes(&item.username, &item.groups) {
                continue;
            }
            let resource = Arn::parse(&item.arn).map(|arn| arn.resource).unwrap_or_default();
            let name = resource.rsplit('/').next().unwrap_or_default();
            let letters = name.to_lowercase();
            let fact = Fact {
                file: item.file.clone(),
                line: Some(item.line),
                text: format!("{} has the username of nodes", item.arn),
            };
            if CONTROLLERS.iter().any(|word| letters.contains(word)) && name != known.profile {
                others.push(fact);
            } else if resource.matches('/').count() > 1 {
                paths.push(fact);
            } else {
                return None;
            }
        }
        let mut evidence = evidence.to_vec();
        if !paths.is_empty() {
            let item = self.linted.iter().find(|linted| linted.rule == Rule::AuthRoleWithPath);
            evidence.append(&mut paths);
            return Some(Judgement {
                certainty: likeliest(&[Cause::MappedWithPath, Cause::NodeRoleNotMapped]),
                basis: Basis::Files,
                sentence: format!(
                    "{NODE_401}, and aws-auth has the nodes' role with its path, which STS never shows, so that it matches no node"
                ),
                evidence,
                fix: item.map(|item| item.finding.fix.clone()).unwrap_or_default(),
                look_at: Vec::new(),
            });
        }
        let target = Target {
            cluster: or(&self.read.cluster.0, "CLUSTER").to_owned(),
            region: or(&self.read.cluster.1, "REGION").to_owned(),
        };
        let why = if others.is_empty() {
            "aws-auth has no item for nodes"
        } else {
            "aws-auth gives the username of nodes to the role of a controller, and has no item for the nodes' own"
        };
        if others.is_empty() {
            let mut parts = self.read.parts.iter();
            let part = parts.find(|part| part.kind == ArtifactKind::AwsAuth);
            others.extend(part.map(|part| Fact {
                file: part.file.clone(),
                line: Some(part.first),
                text: why.to_owned(),
            }));
        }
        evidence.append(&mut others);
        let held = if known.profile.is_empty() {
            "with the role of the node's instance profile as ROLE_ARN".to_owned()
        } else {
            format!(
                "with the role that the instance profile {} holds as ROLE_ARN",
                known.profile
            )
        };
        Some(Judgement {
            certainty: likeliest(&[
                Cause::NodeRoleNotMapped,
                Cause::MappedWithPath,
                Cause::TokenExpired,
                Cause::ClockAhead,
            ]),
            basis: Basis::Files,
            sentence: format!("{NODE_401}, and {why}: most likely the role of the node is not mapped"),
            evidence,
            fix: format!(
                "{held}: {}",
                node::either(&target, "ROLE_ARN", NodeKind::of(&known.profile, ""))
            ),
            look_at: Vec::new(),
        })
    }

    /// What would settle it, at the node and of its role.
    fn at_the_node(&self, known: &Known) -> Vec<String> {
        let read = self.read;
        let name = or(&read.cluster.0, "CLUSTER");
        let region = or(&read.cluster.1, "REGION");
        let mut look_at = Vec::new();
        if known.role.is_empty() {
            look_at.push("aws sts get-caller-identity   # on the instance: as which role its kubelet asks".to_owned());
            look_at.push(if known.profile.is_empty() {
                "curl -s http://169.254.169.254/latest/meta-data/iam/info   # on the instance: its instance profile; IMDSv2 wants a token \
                 in X-aws-ec2-metadata-token"
                    .to_owned()
            } else {
                format!(
                    "aws iam get-instance-profile --instance-profile-name {} --query 'InstanceProfile.Roles[].Arn'   # the role as \
                     which the node asks",
                    shell_word(&known.profile)
                )
            });
        }
        look_at
            .push("journalctl -u kubelet --no-pager -n 100   # on the instance: what else its kubelet says".to_owned());
        look_at.push(format!(
            "aws logs filter-log-events --log-group-name /aws/eks/{name}/cluster --log-stream-name-prefix authenticator \
             --filter-pattern '\"access denied\"' --region {region}   # the authenticator's line of that second"
        ));
        if read.mode.is_none() {
            look_at.push(format!(
                "aws eks describe-cluster --name {name} --region {region}   # its authentication mode"
            ));
        }
        if read.mode.as_deref() != Some("CONFIG_MAP") && !read.entries_listed {
            look_at.push(format!(
                "aws eks list-access-entries --cluster-name {name} --region {region}   # whether the role has an entry of type EC2_LINUX"
            ));
        }
        if read.mode.as_deref() != Some("API") && !read.has_aws_auth {
            look_at.push(format!(
                "eksctl get iamidentitymapping --cluster {name} --region {region}   # whether aws-auth has the role, with the groups of nodes"
            ));
        }
        look_at
    }
}

fn likeliest(of: &[Cause]) -> Certainty {
    of.first().map_or(Certainty::NotKnown, |cause| Certainty::Likeliest {
        cause: *cause,
        of: of.to_vec(),
    })
}

/// The session of a node with this role.
fn session_of(role: &str) -> Option<String> {
    let arn = Arn::parse(role).ok().filter(|arn| arn.service == "iam")?;
    let name = arn.resource.strip_prefix("role/")?.rsplit('/').next()?;
    Some(format!(
        "arn:{}:sts::{}:assumed-role/{name}/{INSTANCE}",
        arn.partition, arn.account_id
    ))
}
