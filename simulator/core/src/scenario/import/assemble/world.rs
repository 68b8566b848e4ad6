//! The world of a scenario: accounts, principals, the cluster with its mappings, the profiles.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::super::Finding;
use super::super::facts::AwsAuth;
use super::super::facts::ClusterName;
use super::super::facts::Facts;
use super::super::facts::Found;
use super::super::facts::Place;
use super::super::facts::Policy;
use super::super::yaml;
use super::AWS_AUTH_FILE;
use super::case::Caller;
use super::case::Case;
use super::case::Denial;
use super::rbac;
use crate::aws::aws_host::is_region;
use crate::aws::identity_center::IdentityCenter;
use crate::cluster::access_policy::AccessPolicy;
use crate::cluster::eks::AuthenticatorRelease;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::cluster::eks::parameter::EntryType;
use crate::cluster::eks::settings::is_cluster_name;
use crate::cluster::mapping::aws_auth;
use crate::cluster::mapping::is_instance_id;
use crate::explain::Cause;
use crate::explain::lint::Severity;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::arn::Partition;
use crate::value::arn::PrincipalKind;

/// The administrator who fixes things.
pub(super) const CREATOR: &str = "cluster-creator";
/// Where the cluster is staged if no artifact says where it is.
pub(super) const MADE_UP_REGION: &str = "us-west-2";

/// The world so far; what is not known yet can be changed.
pub(super) struct World {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) partition: Partition,
    pub(super) account: String,
    pub(super) mode: AuthenticationMode,
    version: Option<String>,
    /// The ARN of the cluster's creator, where it is not the administrator.
    pub(super) creator: Option<String>,
    pub(super) entries: Vec<WorldEntry>,
    pub(super) aws_auth: Option<AwsAuth>,
    release: AuthenticatorRelease,
    accounts: BTreeMap<String, Account>,
    is_throttled: bool,
    namespace: Option<String>,
    /// Roles and bindings.
    objects: Vec<Value>,
    profile: String,
    instance: Option<String>,
}

/// An access entry that is staged.
pub(super) struct WorldEntry {
    pub(super) arn: String,
    canonical: String,
    pub(super) recreated: bool,
    /// When it was made, as the AWS CLI shows it; empty where that is not known.
    pub(super) created: String,
    pub(super) place: Place,
    entry_type: EntryType,
    username: Option<String>,
    groups: Vec<String>,
    policies: Vec<(String, Vec<String>)>,
}

/// Names with their paths.
#[derive(Default)]
struct Account {
    users: BTreeMap<String, String>,
    roles: BTreeMap<String, String>,
    /// Each name as it is spelled, by its kind and its letters in lower case: IAM's names differ in more than case.
    spelled: BTreeMap<(&'static str, String), String>,
}

impl World {
    pub(super) fn build(facts: &Facts, case: &Case, findings: &mut Vec<Finding>) -> Option<Self> {
        let caller = &case.caller;
        let known = |pick: &dyn Fn(&ClusterName) -> &String| {
            facts
                .cluster_names
                .iter()
                .map(|found| pick(&found.value))
                .find(|text| !text.is_empty())
                .cloned()
        };
        // No cluster can be staged under another name, such as one that leads out of the simulator's folder.
        let name = known(&|name| &name.name).filter(|name| {
            let is_good = is_cluster_name(name);
            if !is_good {
                findings.push(Place::default().finding(
                    Severity::Warning,
                    format!("`{name}` is no name that EKS gives a cluster, so that another is made up"),
                    "give `aws eks describe-cluster --name NAME` of the cluster",
                ));
            }
            is_good
        });
        // A region may be blotted out, or stand as a word of a manual.
        let region = known(&|name| &name.region).filter(|region| is_region(region));
        let region = region.or_else(|| region_of(facts));
        let account = known(&|name| &name.account);
        contradictions(facts, findings);
        let missing: Vec<&str> = [("name", &name), ("region", &region), ("account", &account)]
            .into_iter()
            .filter_map(|(what, value)| value.is_none().then_some(what))
            .collect();
        if !missing.is_empty() {
            findings.push(Place::default().finding(
                Severity::Note,
                format!("the cluster's {} is not said, and made up", missing.join(", ")),
                "give `aws eks describe-cluster --name NAME` or the kubeconfig",
            ));
        }
        let account = account.unwrap_or_else(|| caller.account.clone());
        let region = region.unwrap_or_else(|| region_in(caller.partition).to_owned());
        let partition = Partition::of_region(&region);
        if partition != caller.partition {
            findings.push(caller.place.finding(
                Severity::Error,
                format!(
                    "contradictory: the caller is of partition {}, the cluster's region {region} of {partition}: nobody of one \
                     gets into the other",
                    caller.partition
                ),
                format!("give artifacts of one cluster: its principals are arn:{partition}:iam::{account}:…"),
            ));
            return None;
        }
        if account != caller.account {
            findings.push(caller.place.finding(
                Severity::Note,
                format!("the caller is of account {}, the cluster of {account}", caller.account),
                "",
            ));
        }
        let mode = mode(facts, findings)?;
        let mut world = Self {
            name: name.unwrap_or_else(|| "my-cluster".to_owned()),
            region,
            partition,
            account,
            mode,
            version: facts
                .version
                .clone()
                .filter(|version| version.split('.').all(|part| part.parse::<u8>().is_ok())),
            creator: None,
            entries: Vec::new(),
            aws_auth: facts
                .aws_auth
                .as_ref()
                .map(|found| found.value.clone())
                .or_else(|| case.mapping.clone()),
            release: case.release,
            accounts: BTreeMap::new(),
            is_throttled: matches!(case.denial, Denial::Token(Cause::StsThrottled)),
            namespace: None,
            objects: rbac::objects(facts, case, findings),
            profile: String::new(),
            instance: Some(caller.session.clone()).filter(|session| is_instance_id(session)),
        };
        if let Denial::Forbidden(request) = &case.denial {
            let is_new =
                !["", "default", "kube-system", "kube-public", "kube-node-lease"].contains(&request.namespace.as_str());
            world.namespace = is_new.then(|| request.namespace.clone());
        }
        let admin = format!("arn:{partition}:iam::{}:user/{CREATOR}", world.account);
        world.add_principal(&admin);
        world.add_caller(facts, caller);
        world.add_entries(facts, findings);
        world.creator = creator(facts, &world);
        if let Some(creator) = world.creator.clone() {
            world.add_principal(&creator);
        } else if facts.mode.is_some() || facts.aws_auth.is_some() || facts.entries_listed {
            findings.push(Place::default().finding(
                Severity::Note,
                format!("who created the cluster is not said: user/{CREATOR} is made up, and fixes it"),
                "",
            ));
        }
        if facts.aws_auth.is_none() && world.mode.reads_aws_auth() && matches!(case.denial, Denial::Mapping) {
            findings.push(Place::default().finding(
                Severity::Warning,
                "aws-auth is not given: the world has none, so that nobody is mapped in it",
                "give `kubectl get configmap aws-auth -n kube-system -o yaml`",
            ));
        }
        if facts.mode.is_some() && world.mode.has_access_entries() && facts.entries.is_empty() && !facts.entries_listed
        {
            findings.push(Place::default().finding(
                Severity::Warning,
                "the mode has access entries, and none are given: the world has the creator's only",
                "give `aws eks list-access-entries` and `describe-access-entry` of the caller's",
            ));
        }
        world.profile = profile(case);
        Some(world)
    }

    pub(super) fn entry_of(&self, canonical: &str) -> Option<&WorldEntry> {
        self.entries.iter().find(|entry| entry.canonical == canonical)
    }

    pub(super) fn entry_of_mut(&mut self, canonical: &str) -> Option<&mut WorldEntry> {
        self.entries.iter_mut().find(|entry| entry.canonical == canonical)
    }

    /// The ARN with its path.
    pub(super) fn principal_arn(&self, caller: &Caller) -> String {
        let account = self.accounts.get(&caller.account);
        match (caller.kind, account) {
            (PrincipalKind::AssumedRole, Some(account)) => {
                let path = account.roles.get(&caller.name).map_or("/", String::as_str);
                format!(
                    "arn:{}:iam::{}:role{path}{}",
                    self.partition, caller.account, caller.name
                )
            }
            _ => caller.arn.clone(),
        }
    }

    fn add_principal(&mut self, arn: &str) -> bool {
        let Some((account, kind, path, name)) = parts(arn) else {
            return false;
        };
        let account = self.accounts.entry(account).or_default();
        let names = if kind == "user" {
            &mut account.users
        } else {
            &mut account.roles
        };
        let spelled = account.spelled.entry((kind, name.to_ascii_lowercase()));
        let spelled = spelled.or_insert_with(|| name.clone());
        let is_free = *spelled == name && names.get(&name).is_none_or(|known_path| *known_path == path);
        if is_free {
            names.insert(name, path);
        }
        is_free
    }

    /// The caller, with the path that an artifact has for it.
    fn add_caller(&mut self, facts: &Facts, caller: &Caller) {
        let mut candidates: Vec<String> = facts.entries.iter().map(|entry| entry.value.arn.clone()).collect();
        if let Some(aws_auth) = &self.aws_auth {
            let parsed = parse(aws_auth);
            candidates.extend(parsed.roles().iter().map(|item| item.arn.trim().to_owned()));
        }
        let is_caller = |arn: &String| {
            let Some((account, kind, _, name)) = parts(arn) else {
                return false;
            };
            kind == "role"
                && account == caller.account
                && name == caller.name
                && Arn::parse(arn).is_ok_and(|arn| arn.partition == caller.partition.as_str())
        };
        match caller.kind {
            PrincipalKind::AssumedRole | PrincipalKind::Role => {
                let own = caller.arn.contains(":role/").then(|| caller.arn.clone());
                let with_path = candidates.into_iter().find(is_caller).or(own);
                let sso = || {
                    let path = IdentityCenter::role_path(&self.region);
                    format!(
                        "arn:{}:iam::{}:role{path}{}",
                        self.partition, caller.account, caller.name
                    )
                };
                let arn = with_path.unwrap_or_else(|| {
                    if caller.name.starts_with("AWSReservedSSO_") {
                        sso()
                    } else {
                        caller.canonical.clone()
                    }
                });
                self.add_principal(&arn);
            }
            PrincipalKind::User => {
                self.add_principal(&caller.arn);
            }
            // Made by an administrator of its account.
            PrincipalKind::FederatedUser | PrincipalKind::Root => {
                self.add_principal(&format!(
                    "arn:{}:iam::{}:user/{CREATOR}",
                    self.partition, caller.account
                ));
            }
        }
    }

    fn add_entries(&mut self, facts: &Facts, findings: &mut Vec<Finding>) {
        if !self.mode.has_access_entries() {
            if let Some(entry) = facts.entries.first() {
                findings.push(entry.place.finding(
                    Severity::Warning,
                    "contradictory: the mode is CONFIG_MAP, which has no access entries; they are left out",
                    "describe the cluster again: the mode may have been switched since",
                ));
            }
            return;
        }
        let mut policies_of: BTreeMap<&str, Vec<&Found<Policy>>> = BTreeMap::new();
        for policy in &facts.policies {
            policies_of.entry(&policy.value.principal).or_default().push(policy);
        }
        for found in &facts.entries {
            let arn = &found.value.arn;
            let refused = match parts(arn) {
                None => Some("it is no user or role".to_owned()),
                Some(_) if Arn::parse(arn).is_ok_and(|arn| arn.partition != self.partition.as_str()) => Some(format!(
                    "it is of another partition than {}, so that EKS has no such entry",
                    self.partition
                )),
                Some((_, _, path, _)) if path.starts_with("/aws-service-role/") => {
                    Some("AWS makes the entries of service-linked roles itself".to_owned())
                }
                Some(_) if !self.add_principal(arn) => {
                    Some("another principal has that name with another path".to_owned())
                }
                Some(_) => None,
            };
            if let Some(reason) = refused {
                findings.push(found.place.finding(
                    Severity::Note,
                    format!("the entry of {arn} is left out: {reason}"),
                    "",
                ));
                continue;
            }
            let account = parts(arn).map(|(account, ..)| account).unwrap_or_default();
            let details = found.value.details.clone().unwrap_or_default();
            let Ok(entry_type) = (if details.entry_type.is_empty() {
                Ok(EntryType::default())
            } else {
                EntryType::parse(&details.entry_type)
            }) else {
                findings.push(found.place.finding(
                    Severity::Warning,
                    format!(
                        "`{}` is no type that is known here; the entry is left out",
                        details.entry_type
                    ),
                    "",
                ));
                continue;
            };
            let is_standard = entry_type == EntryType::default();
            if !is_standard && account != self.account {
                findings.push(found.place.finding(
                    Severity::Warning,
                    format!(
                        "contradictory: an entry of type {} is for a role of the cluster's account {}; it is left out",
                        details.entry_type, self.account
                    ),
                    "check that the entries are of this cluster",
                ));
                continue;
            }
            let own_username = Some(details.username.clone())
                .filter(|name| is_standard && !name.is_empty() && !name.starts_with("arn:"));
            let policies = policies_of.get(arn.as_str()).into_iter().flatten();
            let partition = self.partition;
            let policies = policies.filter(|_| is_standard).filter_map(|policy| {
                let known = AccessPolicy::from_arn(&policy.value.arn, partition);
                if known.is_none() {
                    findings.push(policy.place.finding(
                        Severity::Warning,
                        format!("`{}` is no policy that is known here; it is left out", policy.value.arn),
                        "",
                    ));
                }
                known.map(|known| (known.name.to_owned(), policy.value.namespaces.clone()))
            });
            let policies = policies.collect();
            self.entries.push(WorldEntry {
                canonical: canonical(arn),
                arn: arn.clone(),
                recreated: false,
                created: details.created,
                place: found.place.clone(),
                entry_type,
                username: own_username,
                groups: if is_standard { details.groups } else { Vec::new() },
                policies,
            });
        }
    }

    /// The ConfigMap as it was pasted, or made of its data.
    pub(super) fn aws_auth_file(&self) -> Option<String> {
        let aws_auth = self.aws_auth.as_ref()?;
        Some(aws_auth.verbatim.clone().unwrap_or_else(|| config_map(&aws_auth.data)))
    }

    /// The `world` of scenario.yaml.
    pub(super) fn render(&self) -> String {
        let mut text = "world:\n".to_owned();
        if self.is_throttled {
            text.push_str("  sts_throttled: true\n");
        }
        text.push_str("  accounts:\n");
        for (id, account) in &self.accounts {
            let _ = writeln!(text, "    - id: \"{id}\"");
            for (key, names) in [("users", &account.users), ("roles", &account.roles)] {
                if !names.is_empty() {
                    let _ = writeln!(text, "      {key}:");
                }
                for (name, path) in names {
                    let path = if path == "/" {
                        String::new()
                    } else {
                        format!(", path: {}", yaml::quoted(path))
                    };
                    let _ = writeln!(text, "        - {{name: {}{path}}}", yaml::value(name));
                }
            }
        }
        let _ = writeln!(text, "  clusters:\n    - name: {}", yaml::value(&self.name));
        let _ = writeln!(
            text,
            "      region: {}\n      account: \"{}\"",
            self.region, self.account
        );
        if let Some(version) = &self.version {
            let _ = writeln!(text, "      version: \"{version}\"");
        }
        let creator = self.creator.as_deref().and_then(parts).map_or_else(
            || format!("user/{CREATOR}"),
            |(_, kind, _, name)| format!("{kind}/{name}"),
        );
        let _ = writeln!(text, "      creator: {}", yaml::value(&creator));
        let _ = writeln!(text, "      authentication_mode: {}", self.mode.as_str());
        match self.release {
            AuthenticatorRelease::Current => {}
            AuthenticatorRelease::Y2024 => text.push_str("      authenticator_release: \"2024\"\n"),
            AuthenticatorRelease::Y2022 => text.push_str("      authenticator_release: \"2022\"\n"),
        }
        if let Some(instance) = &self.instance {
            let _ = writeln!(
                text,
                "      instances: {{{instance}: ip-10-0-0-1.{}.compute.internal}}",
                self.region
            );
        }
        if self.namespace.is_some() || !self.objects.is_empty() {
            text.push_str("      objects:\n");
        }
        if let Some(namespace) = &self.namespace {
            let _ = writeln!(
                text,
                "        - {{apiVersion: v1, kind: Namespace, metadata: {{name: {}}}}}",
                yaml::value(namespace)
            );
        }
        for object in &self.objects {
            let _ = writeln!(text, "        - {}", yaml::flow(object));
        }
        if self.aws_auth.is_some() {
            let _ = writeln!(text, "      aws_auth_from: {AWS_AUTH_FILE}");
        }
        if !self.entries.is_empty() {
            text.push_str("      access_entries:\n");
        }
        for entry in &self.entries {
            entry.render(&mut text);
        }
        text.push_str("  profiles:\n");
        text.push_str(&self.profile);
        let _ = writeln!(
            text,
            "    - {{name: creator, user: {CREATOR}, account: \"{}\"}}",
            self.account
        );
        text
    }
}

impl WorldEntry {
    fn render(&self, text: &mut String) {
        let _ = writeln!(text, "        - principal: {}", yaml::quoted(&self.arn));
        if self.entry_type != EntryType::default() {
            let _ = writeln!(text, "          type: {}", self.entry_type.as_str());
        }
        if let Some(username) = &self.username {
            let _ = writeln!(text, "          username: {}", yaml::value(username));
        }
        if !self.groups.is_empty() {
            let _ = writeln!(text, "          groups: {}", yaml::list(&self.groups));
        }
        if self.recreated {
            text.push_str("          recreated: true\n");
        }
        if !self.policies.is_empty() {
            text.push_str("          policies:\n");
        }
        for (policy, namespaces) in &self.policies {
            let namespaces = if namespaces.is_empty() {
                String::new()
            } else {
                format!(", namespaces: {}", yaml::list(namespaces))
            };
            let _ = writeln!(text, "            - {{policy: {policy}{namespaces}}}");
        }
    }
}

/// The data of aws-auth as the authenticator reads it.
pub(super) fn parse(aws_auth: &AwsAuth) -> aws_auth::AwsAuth {
    aws_auth.parsed()
}

/// A ConfigMap aws-auth with this data.
pub(super) fn config_map(data: &BTreeMap<String, String>) -> String {
    let mut text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n".to_owned();
    if data.is_empty() {
        text = text.replace("data:\n", "data: {}\n");
    }
    for (key, value) in data {
        // A block cannot hold every text as it is.
        let is_block = value.ends_with('\n')
            && !value.starts_with([' ', '\n'])
            && !value.contains("\n\n\n")
            && !value.ends_with("\n\n")
            && value.chars().all(|c| c == '\n' || !c.is_control())
            && !value.lines().any(|line| line.trim().is_empty() && !line.is_empty());
        if is_block {
            let _ = write!(text, "  {key}: |\n{}", yaml::block(value, 4));
        } else {
            let _ = writeln!(text, "  {key}: {}", yaml::quoted(value));
        }
    }
    text
}

/// Account, kind, path and name of a user or role.
fn parts(arn: &str) -> Option<(String, &'static str, String, String)> {
    let arn = Arn::parse(arn).ok().filter(|arn| arn.service == "iam")?;
    let account = AccountId::parse(&arn.account_id).ok()?;
    let (kind, rest) = arn.resource.split_once('/')?;
    let kind = ["user", "role"].into_iter().find(|known| *known == kind)?;
    let (path, name) = match rest.rsplit_once('/') {
        Some((path, name)) => (format!("/{path}/"), name),
        None => ("/".to_owned(), rest),
    };
    (!name.is_empty()).then(|| (account.to_string(), kind, path, name.to_owned()))
}

/// A role without its path; a user as it is.
fn canonical(arn: &str) -> String {
    match (parts(arn), Arn::parse(arn)) {
        (Some((account, "role", _, name)), Ok(arn)) => format!("arn:{}:iam::{account}:role/{name}", arn.partition),
        _ => arn.to_owned(),
    }
}

/// A region of a partition, where none is said: the first that EKS came to.
fn region_in(partition: Partition) -> &'static str {
    match partition {
        Partition::Aws => "us-west-2",
        Partition::AwsCn => "cn-north-1",
        Partition::AwsEusc => "eusc-de-east-1",
        Partition::AwsIso => "us-iso-east-1",
        Partition::AwsIsoB => "us-isob-east-1",
        Partition::AwsIsoE => "eu-isoe-west-1",
        Partition::AwsIsoF => "us-isof-south-1",
        Partition::AwsUsGov => "us-gov-west-1",
    }
}

/// The region of the STS endpoint that the log names.
fn region_of(facts: &Facts) -> Option<String> {
    let endpoints = facts
        .records
        .iter()
        .rev()
        .filter_map(|record| record.value.field("stsendpoint"));
    let mut named = endpoints.filter_map(|host| {
        host.strip_prefix("sts.")?
            .split_once(".amazonaws")
            .map(|(region, _)| region.to_owned())
    });
    named.next().or_else(|| {
        let errors = facts.records.iter().rev().filter_map(|record| record.value.denial());
        let mut found = errors.filter_map(|error| {
            let (before, _) = error.split_once(" endpoint. Body")?;
            before
                .rsplit(' ')
                .next()
                .map(str::to_owned)
                .filter(|region| is_region(region))
        });
        found.next()
    })
}

/// Where two artifacts name different clusters.
fn contradictions(facts: &Facts, findings: &mut Vec<Finding>) {
    let picks: [fn(&ClusterName) -> String; 3] = [
        |name| name.name.clone(),
        |name| {
            Some(name.region.clone())
                .filter(|region| is_region(region))
                .unwrap_or_default()
        },
        |name| name.account.clone(),
    ];
    for pick in picks {
        let mut known = facts
            .cluster_names
            .iter()
            .filter(|found| !pick(&found.value).is_empty());
        let Some(first) = known.next() else { continue };
        if let Some(other) = known.find(|found| pick(&found.value) != pick(&first.value)) {
            findings.push(other.place.finding(
                Severity::Warning,
                format!(
                    "contradictory: this is of cluster {}, but {}:{} says {}; the latter is used",
                    pick(&other.value),
                    first.place.file,
                    first.place.line,
                    pick(&first.value)
                ),
                "give artifacts of one cluster",
            ));
        }
    }
}

fn mode(facts: &Facts, findings: &mut Vec<Finding>) -> Option<AuthenticationMode> {
    if let Some(mode) = &facts.mode {
        let known = AuthenticationMode::from_name(&mode.value);
        if known.is_none() {
            findings.push(mode.place.finding(
                Severity::Error,
                format!("`{}` is no authentication mode", mode.value),
                "write CONFIG_MAP, API_AND_CONFIG_MAP or API",
            ));
        }
        return known;
    }
    let has_entries = facts.entries_listed || !facts.entries.is_empty();
    let mode = match (has_entries, facts.aws_auth.is_some()) {
        (true, true) => AuthenticationMode::ApiAndConfigMap,
        (true, false) => AuthenticationMode::Api,
        (false, _) => AuthenticationMode::ConfigMap,
    };
    findings.push(Place::default().finding(
        Severity::Note,
        format!("the authentication mode is not said, and taken for {}", mode.as_str()),
        "give `aws eks describe-cluster --name NAME`",
    ));
    Some(mode)
}

/// Whom the log shows to be let in as only the hidden creator is.
fn creator(facts: &Facts, world: &World) -> Option<String> {
    let aws_auth = world.aws_auth.as_ref().map(parse);
    let with_entry: BTreeSet<&str> = world.entries.iter().map(|entry| entry.canonical.as_str()).collect();
    let record = facts.records.iter().find(|record| {
        let arn = record.value.arn().unwrap_or_default();
        let is_mapped =
            aws_auth.as_ref().is_some_and(|aws_auth| aws_auth.find(arn).is_some()) || with_entry.contains(arn);
        record.value.is_grant()
            && record.value.field("username") == Some("kubernetes-admin")
            && record
                .value
                .field("groups")
                .is_some_and(|groups| groups.contains("system:masters"))
            && !is_mapped
            && parts(arn).is_some_and(|(account, ..)| account == world.account)
    })?;
    record.value.arn().map(str::to_owned)
}

/// The lines of the profile `default`, and of those that the fix needs.
fn profile(case: &Case) -> String {
    let caller = &case.caller;
    let (account, name) = (&caller.account, yaml::value(&caller.name));
    let session = yaml::quoted(caller.session_name());
    match (&case.denial, caller.kind) {
        (_, PrincipalKind::Root) => format!("    - {{name: default, root: \"{account}\"}}\n"),
        (_, PrincipalKind::FederatedUser) => {
            format!(
                "    - {{name: default, user: {CREATOR}, account: \"{account}\", federated: {name}, session: {{}}}}\n"
            )
        }
        (Denial::Key(Cause::SessionExpired), PrincipalKind::User) => format!(
            "    - {{name: default, user: {name}, account: \"{account}\", session: {{age: 13h, lasts: 12h}}}}\n    - {{name: fresh, user: {name}, account: \"{account}\", session: {{}}}}\n"
        ),
        (Denial::Key(Cause::SessionExpired), _) => format!(
            "    - {{name: default, role: {name}, account: \"{account}\", session: {{name: {session}, age: 13h, lasts: 12h}}}}\n    - {{name: fresh, role: {name}, account: \"{account}\", session: {{name: {session}}}}}\n"
        ),
        (Denial::Key(Cause::SignatureMismatch), PrincipalKind::User) => {
            format!("    - {{name: default, user: {name}, account: \"{account}\", key: wrong-secret}}\n")
        }
        (Denial::Key(_), PrincipalKind::User) => {
            format!("    - {{name: default, user: {name}, account: \"{account}\", key: deleted}}\n")
        }
        (_, PrincipalKind::User) => format!("    - {{name: default, user: {name}, account: \"{account}\"}}\n"),
        _ => format!("    - {{name: default, role: {name}, account: \"{account}\", session: {{name: {session}}}}}\n"),
    }
}
