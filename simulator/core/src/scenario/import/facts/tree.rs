//! YAML and JSON documents, told apart by what is in them.

use std::collections::BTreeMap;

use super::ArtifactKind;
use super::AwsAuth;
use super::Caller;
use super::ClusterName;
use super::EntryDetails;
use super::Facts;
use super::Found;
use super::ListedEntry;
use super::Place;
use super::Policy;
use super::Reader;
use super::Severity;
use crate::cluster::eks::AWS_AUTH_NAME;
use crate::explain::AuditEvent;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Shape;
use crate::scenario::import::paste::Piece;
use crate::scenario::import::yaml;
use crate::value::arn::Arn;

/// What EKS calls a cluster in its ARNs.
const CLUSTER: &str = "cluster/";

impl Reader<'_> {
    pub(super) fn document(&mut self, piece: &Piece, node: &Node) {
        // A list may hold aws-auth beside them.
        if self.rbac(piece, node) && config_map(node).is_none() {
            return;
        }
        if self.instance(piece, node) {
            return;
        }
        if let Some(event) = AuditEvent::read(node) {
            let status = self.at(piece, node.get("responseStatus").unwrap_or(node));
            self.audit_event(&event, &status);
        } else if node.text_at("kind") == Some("EventList") {
            for item in node.get("items").map_or(&[][..], Node::list) {
                self.document(piece, item);
            }
        // One of them may be cut off.
        } else if node.entry("Arn").is_some() && (node.entry("UserId").is_some() || node.entry("Account").is_some()) {
            self.caller(piece, node);
        } else if let Some(cluster) = node.get("cluster").filter(|cluster| cluster.entry("name").is_some()) {
            self.cluster(piece, cluster);
        } else if [
            "accessEntries",
            "accessEntry",
            "associatedAccessPolicies",
            "associatedAccessPolicy",
            "principalArn",
        ]
        .iter()
        .any(|key| node.entry(key).is_some())
        {
            self.entries(piece, node);
        } else if node.entry("clusters").is_some() && node.entry("contexts").is_some() {
            self.kubeconfig(piece, node);
        } else if node.text_at("kind") == Some("Status") {
            self.status(piece, node);
        } else if let (Some(code), Some(message)) = (node.text_at("Code"), node.text_at("Message")) {
            self.aws_error(piece, node, code, message);
        } else if let Some(config_map) = config_map(node) {
            self.config_map(piece, node, config_map);
        } else if node.entry("events").is_some() || node.entry("results").is_some() {
            self.messages_of(piece, node);
        } else if !node.list().is_empty() {
            let lists_of_lines = node
                .list()
                .iter()
                .any(|item| item.entry("message").is_some() || item.entry("@message").is_some());
            if lists_of_lines || node.list().iter().any(|item| !item.list().is_empty()) {
                return self.messages_of(piece, node);
            }
            if node
                .list()
                .iter()
                .any(|item| item.entry("rolearn").is_some() || item.entry("userarn").is_some())
            {
                return self.bare_items(piece, node);
            }
            for item in node.list() {
                if item.text().is_some_and(|text| text.starts_with("arn:")) {
                    self.entry_name(piece, item);
                } else if !item.entries().is_empty() {
                    self.document(piece, item);
                }
            }
        } else if !matches!(node.shape, Shape::Null) {
            let place = self.at(piece, node);
            self.findings.push(place.finding(
                Severity::Warning,
                "nothing that is known here is in this document, so that it is passed over",
                "give what the commands of docs/import.md print",
            ));
        }
    }

    fn at(&self, piece: &Piece, node: &Node) -> Place {
        self.place(piece, node.place.line, node.place.column)
    }

    fn caller(&mut self, piece: &Piece, node: &Node) {
        let arn = node
            .get("Arn")
            .filter(|arn| arn.text().is_some_and(|text| Arn::parse(text).is_ok()));
        let Some(arn) = arn else {
            let place = self.at(piece, node.get("Arn").unwrap_or(node));
            self.findings.push(place.finding(
                Severity::Warning,
                "`Arn` is no ARN, so that this is passed over",
                "give what `aws sts get-caller-identity` prints",
            ));
            return;
        };
        self.facts.kinds.push(ArtifactKind::CallerIdentity);
        let value = Caller {
            arn: arn.text().unwrap_or_default().to_owned(),
            user_id: node.text_at("UserId").unwrap_or_default().to_owned(),
        };
        let place = self.at(piece, arn);
        self.facts.callers.push(Found { value, place });
    }

    fn cluster(&mut self, piece: &Piece, cluster: &Node) {
        self.facts.kinds.push(ArtifactKind::Cluster);
        if let Some(arn) = cluster.get("arn") {
            self.cluster_arn(piece, arn);
        } else if let Some(name) = cluster.get("name") {
            let value = ClusterName {
                name: name.text().unwrap_or_default().to_owned(),
                ..ClusterName::default()
            };
            let place = self.at(piece, name);
            self.facts.cluster_names.push(Found { value, place });
        }
        if let Some(version) = cluster.get("version") {
            self.facts.version = match &version.shape {
                Shape::Text(text) | Shape::Other(_, text) => Some(text.clone()),
                _ => None,
            };
        }
        let mode = cluster
            .get("accessConfig")
            .and_then(|config| config.get("authenticationMode"));
        if let Some((mode, text)) = mode.and_then(|mode| Some((mode, mode.text()?))) {
            let place = self.at(piece, mode);
            self.facts.mode = Some(Found {
                value: text.to_owned(),
                place,
            });
        } else {
            let place = self.at(piece, cluster);
            self.findings.push(place.finding(
                Severity::Warning,
                "the cluster's accessConfig.authenticationMode is missing",
                "describe the cluster with an AWS CLI of 2024 or later",
            ));
        }
    }

    /// `arn:aws:eks:REGION:ACCOUNT:cluster/NAME`, or `…:access-entry/NAME/…`.
    fn cluster_arn(&mut self, piece: &Piece, node: &Node) {
        let text = node.text().unwrap_or_default();
        let Ok(arn) = Arn::parse(text) else { return };
        let resource = arn
            .resource
            .strip_prefix(CLUSTER)
            .or_else(|| arn.resource.strip_prefix("access-entry/"));
        let Some(name) = resource
            .and_then(|rest| rest.split('/').next())
            .filter(|_| arn.service == "eks")
        else {
            return;
        };
        let region = text.split(':').nth(3).unwrap_or_default().to_owned();
        let value = ClusterName {
            name: name.to_owned(),
            region,
            account: arn.account_id,
        };
        let place = self.at(piece, node);
        self.facts.cluster_names.push(Found { value, place });
    }

    fn entries(&mut self, piece: &Piece, node: &Node) {
        self.facts.kinds.push(ArtifactKind::AccessEntries);
        if let Some(list) = node.get("accessEntries") {
            self.facts.entries_listed = true;
            if node.get("nextToken").is_some_and(|token| token.text().is_some()) {
                let place = self.at(piece, node.get("nextToken").unwrap_or(node));
                self.findings.push(place.finding(
                    Severity::Warning,
                    "the list goes on behind nextToken",
                    "list all entries: without --max-items and --no-paginate",
                ));
            }
            for item in list.list() {
                if item.text().is_some() {
                    self.entry_name(piece, item);
                } else {
                    self.entry(piece, item);
                }
            }
        }
        if let Some(entry) = node.get("accessEntry") {
            self.entry(piece, entry);
        } else if node.entry("associatedAccessPolicies").is_none()
            && node.entry("associatedAccessPolicy").is_none()
            && node.entry("principalArn").is_some()
        {
            self.entry(piece, node);
        }
        let principal = node.text_at("principalArn").unwrap_or_default();
        let one = node.get("associatedAccessPolicy");
        let many = node.get("associatedAccessPolicies").map_or(&[][..], Node::list);
        for policy in many.iter().chain(one) {
            let place = self.at(piece, policy);
            let namespaces = policy
                .get("accessScope")
                .and_then(|scope| scope.get("namespaces"))
                .map_or(&[][..], Node::list);
            let value = Policy {
                principal: principal.to_owned(),
                arn: policy.text_at("policyArn").unwrap_or_default().to_owned(),
                namespaces: namespaces.iter().filter_map(Node::text).map(str::to_owned).collect(),
            };
            self.facts.policies.push(Found { value, place });
        }
    }

    fn entry_name(&mut self, piece: &Piece, item: &Node) {
        self.facts.kinds.push(ArtifactKind::AccessEntries);
        let arn = item.text().unwrap_or_default().to_owned();
        self.add_entry(ListedEntry { arn, details: None }, self.at(piece, item));
    }

    fn entry(&mut self, piece: &Piece, node: &Node) {
        let principal = node.get("principalArn").unwrap_or(node);
        let text = |key| node.text_at(key).unwrap_or_default().to_owned();
        let groups = node.get("kubernetesGroups").map_or(&[][..], Node::list);
        let details = EntryDetails {
            entry_type: text("type"),
            username: text("username"),
            groups: groups.iter().filter_map(Node::text).map(str::to_owned).collect(),
            created: text("createdAt"),
        };
        self.add_entry(
            ListedEntry {
                arn: text("principalArn"),
                details: Some(details),
            },
            self.at(piece, principal),
        );
        if let Some(arn) = node.get("accessEntryArn") {
            self.cluster_arn(piece, arn);
        }
    }

    /// The details of an entry take the place of its name.
    pub(super) fn add_entry(&mut self, value: ListedEntry, place: Place) {
        let Facts {
            entries, entry_places, ..
        } = &mut *self.facts;
        match entry_places.get(&value.arn).and_then(|at| entries.get_mut(*at)) {
            Some(known) if value.details.is_some() => *known = Found { value, place },
            Some(_) => {}
            None => {
                entry_places.insert(value.arn.clone(), entries.len());
                entries.push(Found { value, place });
            }
        }
    }

    fn kubeconfig(&mut self, piece: &Piece, node: &Node) {
        self.facts.kinds.push(ArtifactKind::Kubeconfig);
        let current = node.text_at("current-context").unwrap_or_default();
        let contexts = node.get("contexts").map_or(&[][..], Node::list);
        let context = contexts
            .iter()
            .find(|context| context.text_at("name") == Some(current))
            .or(contexts.first());
        let context = context.and_then(|context| context.get("context"));
        let Some(wanted) = context.and_then(|context| context.get("cluster")) else {
            let place = self.at(piece, node.get("current-context").unwrap_or(node));
            self.findings.push(place.finding(
                Severity::Warning,
                format!("the kubeconfig has no context `{current}`"),
                "run `kubectl config use-context NAME`",
            ));
            return;
        };
        self.cluster_arn(piece, wanted);
        let user = context.and_then(|context| context.text_at("user")).unwrap_or_default();
        let users = node.get("users").map_or(&[][..], Node::list);
        let user = users
            .iter()
            .find(|known| known.text_at("name") == Some(user))
            .and_then(|user| user.get("user"));
        let Some(args) = user.and_then(|user| user.get("exec")).and_then(|exec| exec.get("args")) else {
            return;
        };
        let words: Vec<&str> = args.list().iter().filter_map(Node::text).collect();
        let option = |names: &[&str]| {
            let at = words.iter().position(|word| names.contains(word))?;
            words.get(at.saturating_add(1)).map(|word| (*word).to_owned())
        };
        let value = ClusterName {
            name: option(&["--cluster-name", "--cluster-id", "-i"]).unwrap_or_default(),
            region: option(&["--region"]).unwrap_or_default(),
            account: String::new(),
        };
        let place = self.at(piece, args);
        self.facts.cluster_names.push(Found {
            value,
            place: place.clone(),
        });
        if let Some(role) = option(&["--role-arn", "--role", "-r"]) {
            self.findings.push(place.finding(
                Severity::Note,
                format!("the kubeconfig assumes {role}: that role is who asks, not the profile's own user"),
                String::new(),
            ));
            self.facts.callers.push(Found {
                value: Caller {
                    arn: role,
                    user_id: String::new(),
                },
                place,
            });
        }
    }

    /// A refused request, and who sent it; an event of one that went well is nothing here.
    pub(super) fn audit_event(&mut self, event: &AuditEvent, place: &Place) {
        let Some(value) = event.client_error() else { return };
        self.facts.kinds.push(ArtifactKind::ClientError);
        self.facts.client_errors.push(Found {
            value,
            place: place.clone(),
        });
        if Arn::parse(&event.arn).is_ok() {
            self.facts.kinds.push(ArtifactKind::CallerIdentity);
            let value = Caller {
                arn: event.arn.clone(),
                user_id: event.user_id.clone(),
            };
            self.facts.callers.push(Found {
                value,
                place: place.clone(),
            });
        }
    }

    /// What the Kubernetes API answered.
    fn status(&mut self, piece: &Piece, node: &Node) {
        let message = node.get("message").unwrap_or(node);
        let reason = node.text_at("reason").unwrap_or_default();
        let text = message.text().unwrap_or_default();
        let value = if reason == "Unauthorized" {
            format!("error: You must be logged in to the server ({text})")
        } else {
            format!("Error from server ({reason}): {text}")
        };
        self.facts.kinds.push(ArtifactKind::ClientError);
        let place = self.at(piece, message);
        self.facts.client_errors.push(Found { value, place });
    }

    /// What the AWS CLI 2 prints of an error with `--cli-error-format json` or `yaml`.
    fn aws_error(&mut self, piece: &Piece, node: &Node, code: &str, message: &str) {
        let value = format!("An error occurred ({code}): {message}");
        self.facts.kinds.push(ArtifactKind::ClientError);
        let place = self.at(piece, node);
        self.facts.client_errors.push(Found { value, place });
    }

    fn config_map(&mut self, piece: &Piece, whole: &Node, node: &Node) {
        let place = self.at(piece, node);
        let data = if node.entry("data").is_some() || node.text_at("kind") == Some("ConfigMap") {
            node.get("data")
        } else {
            Some(node)
        };
        let mut texts = BTreeMap::new();
        for entry in data.map_or(&[][..], Node::entries) {
            match &entry.value.shape {
                Shape::Text(text) => {
                    texts.insert(entry.key.clone(), text.clone());
                }
                Shape::Null => {
                    texts.insert(entry.key.clone(), String::new());
                }
                _ if entry.key.starts_with("map") => {
                    let (line, column) = (entry.place.line, entry.place.column);
                    let place = self.place(piece, line, column);
                    self.facts.kinds.push(ArtifactKind::AwsAuth);
                    self.findings.push(place.finding(
                        Severity::Warning,
                        format!(
                            "`{}` is {}, not a string: no API server has such a ConfigMap, so that it is passed over",
                            entry.key,
                            entry.value.kind()
                        ),
                        format!(
                            "paste what `kubectl get configmap aws-auth -n kube-system -o yaml` prints, with `{}: |`",
                            entry.key
                        ),
                    ));
                    return;
                }
                _ => {}
            }
        }
        let is_whole =
            std::ptr::eq(whole, node) && node.text_at("kind") == Some("ConfigMap") && node.entry("data").is_some();
        if node.entry("data").is_some() && node.entry("kind").is_none() {
            let end = piece.lines.last().map(|line| line.origin.line).unwrap_or_default();
            let place = Place {
                file: self.file.to_owned(),
                line: end,
                column: 1,
            };
            self.findings.push(place.finding(
                Severity::Warning,
                "the ConfigMap is cut off: kubectl prints kind and metadata behind its data, so that mappings may be missing",
                "paste the whole of `kubectl get configmap aws-auth -n kube-system -o yaml`",
            ));
        }
        let all_texts = data
            .map_or(&[][..], Node::entries)
            .iter()
            .all(|entry| entry.value.text().is_some());
        let verbatim = (is_whole && all_texts).then(|| piece.text());
        self.aws_auth(AwsAuth { data: texts, verbatim }, place);
    }

    /// The items of mapRoles or mapUsers alone.
    fn bare_items(&mut self, piece: &Piece, node: &Node) {
        let has = |key: &str| node.list().iter().any(|item| item.entry(key).is_some());
        if has("rolearn") && has("userarn") {
            return self.items_of_both(piece, node);
        }
        let key = if node.list().iter().any(|item| item.entry("rolearn").is_some()) {
            "mapRoles"
        } else {
            "mapUsers"
        };
        let place = self.at(piece, node);
        self.findings.push(place.finding(
            Severity::Note,
            format!("these items are taken for {key}; nothing else of aws-auth is known"),
            String::new(),
        ));
        let data = [(key.to_owned(), piece.text())].into();
        self.aws_auth(AwsAuth { data, verbatim: None }, place);
    }
}

impl Reader<'_> {
    /// Roles and users in one list, as `eksctl get iamidentitymapping -o json` prints them.
    fn items_of_both(&mut self, piece: &Piece, node: &Node) {
        let mut data: BTreeMap<String, String> = BTreeMap::new();
        for item in node.list() {
            let key = if item.entry("userarn").is_some() {
                "mapUsers"
            } else {
                "mapRoles"
            };
            let text = data.entry(key.to_owned()).or_default();
            let mut mark = "- ";
            for field in item.entries() {
                let value = match &field.value.shape {
                    Shape::Text(text) => yaml::quoted(text),
                    Shape::List(groups) => {
                        let groups: Vec<String> = groups.iter().filter_map(Node::text).map(yaml::quoted).collect();
                        format!("[{}]", groups.join(", "))
                    }
                    _ => continue,
                };
                text.push_str(&format!("{mark}{}: {value}\n", field.key));
                mark = "  ";
            }
        }
        let place = self.at(piece, node);
        self.aws_auth(AwsAuth { data, verbatim: None }, place);
    }
}

/// The ConfigMap aws-auth of a document: itself, an item of a list, or its data.
fn config_map(node: &Node) -> Option<&Node> {
    if let Some(items) = node.get("items") {
        return items
            .list()
            .iter()
            .find(|item| item.get("metadata").and_then(|metadata| metadata.text_at("name")) == Some(AWS_AUTH_NAME));
    }
    let has_lists = |node: &Node| {
        node.entries()
            .iter()
            .any(|entry| ["maproles", "mapusers", "mapaccounts"].contains(&entry.key.to_lowercase().as_str()))
    };
    let named = node.text_at("kind") == Some("ConfigMap");
    (named || node.get("data").is_some_and(has_lists) || has_lists(node)).then_some(node)
}
