//! Other names in place of the customer's, the same for the same everywhere in one import.
//!
//! Names are found where they stand as such (in ARNs, as user names and groups, behind options), taken apart into words, and
//! each word is replaced wherever it stands: letters by letters, digits by digits, in the same case and length, so that what
//! was equal, or nearly so, stays so. Words that mean something to AWS or Kubernetes are kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use regex::Regex;

use super::Artifact;
use crate::value::id::IdGenerator;

/// Where names stand; the first group is one, or several.
const NAMES: [&str; 14] = [
    r"arn:aws[a-z-]*:(?:iam|sts):[^:\s]*:[^:\s]*:(?i:user|role|assumed-role|federated-user|group|instance-profile)/([\w+=,.@/-]+)",
    r"arn:aws[a-z-]*:eks:[a-z0-9-]*:\d*:(?:cluster|access-entry|nodegroup)/([\w+=,.@/-]+)",
    r#"--(?:name|cluster-name|cluster-id|profile|user-name|role-name|nodegroup-name)[=\s]+["']?([\w+=,.@-]+)"#,
    r#""(?:name|clusterName|username|session|UserName|RoleName|UserId)"\s*:\s*"([^"]*)""#,
    r#"(?m)(?:username|permissionSetName|permissionsetname|current-context|namespace|name|cluster|user)\s*:[ \t]+([^\r\n#{]+)"#,
    r"(?m)^[>\s]*-\s+([A-Za-z][\w:.@+=-]*)\s*$",
    r"(?s)(?:groups|kubernetesGroups|namespaces)[\\\x22]*\s*[:=]\s*[\\\x22]*\[([^\]]*)\]",
    r#"(?:username|session|userid|uid)=[\\"]*([^"\s\\]+)"#,
    r"([\w+=.-]+@[\w-]+(?:\.[\w-]+)+)",
    r#"User [\\]*"([^"\\]+)"#,
    r#"namespace [\\]*"([^"\\]+)"#,
    r#"(?:is forbidden|not found)?[a-z]+ [\\]*"([a-z0-9.-]+)[\\]*" is forbidden"#,
    r"(?s)username:\s*([\w:.@+=-]+)\{\{",
    r"(?m)\}\}([\w:.@+=-]+)\s*$",
];

/// Words that are no customer's: of AWS, Kubernetes, their commands, their formats.
const KEPT: &str = "\
    access accessconfig accessentries accessentry accessentryarn accesskeyid accountid addon admin administratoraccess \
    api apiversion apply arn arns assume assumed associated associatedaccesspolicies associatedat auth authenticate \
    authentication authenticationmode authenticator aws awsreservedsso backend batch beta bootstrap bootstrappers cannot \
    central certificate client cluster clusterarn clustername clusters cm cn code com command compute config configmap context \
    contexts core create created createdat current data default delete denied describe ec2 ec2privatednsname east edit \
    eks eksctl emea endpoint entries entry env error exec expected false federated forbidden from get getcalleridentity gov \
    granted group groups iam id identity in info instance instances internal is item items json key kind \
    kube kubeconfig kubectl kubelet kubernetes kubernetesgroups kubernetesnetworkconfig lambda level linux list logged \
    logging mapaccounts map mapped mapping maproles mapusers masters me message metadata method mode msg must name names \
    namespace namespaces no node nodegroup nodegrouprole nodeinstancerole noderole nodes north northeast not null of on \
    output path pods policies policy policyarn post preferences principal principalarn private profile pod public query \
    rbac region release request reserved resource resourceversion response role rolearn roles root saml scope server \
    service session sessionname sessionnameraw south southeast sso standard status sts stsendpoint system tags the time \
    timestamp to token true type uid update user userarn userid username users value version view viewer west windows \
    with you yaml amazonaws us eu ap sa ca af il mx kubernetesadmin admins fargate hybrid awsserviceroleforamazoneks \
    cloudwatch logs results events field statistics ingestiontime filter authorization rest v1 v2 v1beta1 v1alpha1 \
    accesskey publicaccess vpc \
    aggregate aggregationrule apigroup apigroups apiextensions approve apps attach autoscaling bind binding bindings certificates \
    clusterrole clusterrolebinding clusterrolebindings clusterroles clusterroleselectors configmaps coordination controllerrevisions \
    crd cronjobs customresourcedefinitions daemonsets deletecollection deployments discovery endpoints endpointslices escalate \
    eviction exec extensions finalizers healthz horizontalpodautoscalers impersonate ingresses ingressclasses jobs k8s leases \
    limitranges livez log matchlabels metrics networking networkpolicies nonresourceurls patch persistentvolumeclaims \
    persistentvolumes pod poddisruptionbudgets policyrule portforward readyz replicasets replicationcontrollers resourcenames \
    resourcequotas resources rolebinding rolebindings roleref rules scale secrets serviceaccount serviceaccounts services sign \
    statefulsets storage storageclasses subject subjects update use verbs volumeattachments watch";

/// The artifacts with other names.
pub(super) fn anonymise(artifacts: &[Artifact], seed: u64) -> Vec<Artifact> {
    let mut words = BTreeSet::new();
    for artifact in artifacts {
        collect(&artifact.text, &mut words);
    }
    let mut replacer = Replacer {
        words,
        kept: KEPT.split_whitespace().collect(),
        ids: IdGenerator::new(seed),
        replaced: BTreeMap::new(),
        taken: BTreeSet::new(),
    };
    artifacts
        .iter()
        .map(|artifact| Artifact {
            file: artifact.file.clone(),
            text: replacer.text(&artifact.text),
            kind: artifact.kind,
        })
        .collect()
}

/// The words of names, in lower case.
fn collect(text: &str, words: &mut BTreeSet<String>) {
    for pattern in NAMES {
        let Ok(regex) = Regex::new(pattern) else { continue };
        for found in regex.captures_iter(text) {
            let Some(name) = found.get(1) else { continue };
            let parts = name.as_str().split(|c: char| !c.is_ascii_alphanumeric());
            words.extend(parts.filter(|word| is_telling(word)).map(str::to_lowercase));
        }
    }
}

/// Short words and numbers tell nobody's name, and stand everywhere.
fn is_telling(word: &str) -> bool {
    let has_letter = word.chars().any(|c| c.is_ascii_alphabetic());
    word.len() >= if has_letter { 2 } else { 5 }
}

struct Replacer<'a> {
    words: BTreeSet<String>,
    kept: BTreeSet<&'a str>,
    ids: IdGenerator,
    /// In lower case.
    replaced: BTreeMap<String, String>,
    taken: BTreeSet<String>,
}

impl Replacer<'_> {
    fn text(&mut self, text: &str) -> String {
        let text = self.addresses(text);
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
            let (before, from) = rest.split_at_checked(start).unwrap_or((rest, ""));
            let end = from.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(from.len());
            let (word, behind) = from.split_at_checked(end).unwrap_or((from, ""));
            out.push_str(before);
            // What a backslash escapes is no part of a word.
            let is_escape = before.ends_with('\\') && !before.ends_with("\\\\");
            let (escape, word) = match word.char_indices().nth(1) {
                Some((at, _)) if is_escape => word.split_at_checked(at).unwrap_or(("", word)),
                _ => ("", word),
            };
            out.push_str(escape);
            out.push_str(&self.word(word));
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    /// IP addresses, with dots or, as in the names of nodes, with dashes.
    fn addresses(&mut self, text: &str) -> String {
        let Ok(regex) = Regex::new(r"\b(\d{1,3})([.-])(\d{1,3})([.-])(\d{1,3})([.-])(\d{1,3})\b") else {
            return text.to_owned();
        };
        let replaced = regex.replace_all(text, |found: &regex::Captures<'_>| {
            let whole = found.get(0).map_or("", |found| found.as_str());
            if whole == "127.0.0.1" || whole == "0.0.0.0" {
                return whole.to_owned();
            }
            let octets: Vec<&str> = whole.split(['.', '-']).collect();
            let key = octets.join(".");
            let new = match self.replaced.get(&key) {
                Some(new) => new.clone(),
                None => {
                    let new: Vec<String> = octets.iter().map(|octet| self.octet(octet.len())).collect();
                    self.replaced.insert(key, new.join("."));
                    new.join(".")
                }
            };
            if whole.contains('-') {
                new.replace('.', "-")
            } else {
                new
            }
        });
        replaced.into_owned()
    }

    /// A number below 200 of so many digits.
    fn octet(&mut self, digits: usize) -> String {
        match digits {
            0 | 1 => self.digit('1', '9').to_string(),
            2 => format!("{}{}", self.digit('1', '9'), self.digit('0', '9')),
            _ => format!("1{}{}", self.digit('0', '9'), self.digit('0', '9')),
        }
    }

    fn digit(&mut self, first: char, last: char) -> char {
        let (first, last) = (u32::from(first), u32::from(last));
        char::from_u32(first.saturating_add(self.below(last.saturating_sub(first).saturating_add(1)))).unwrap_or('1')
    }

    fn below(&mut self, bound: u32) -> u32 {
        let hex = self.ids.hex(6);
        u32::from_str_radix(&hex, 16)
            .unwrap_or_default()
            .checked_rem(bound)
            .unwrap_or_default()
    }

    fn word(&mut self, word: &str) -> String {
        let lower = word.to_lowercase();
        let shape = Shape::of(word);
        if shape == Shape::Name && (!self.words.contains(&lower) || self.kept.contains(lower.as_str())) {
            return word.to_owned();
        }
        let new = match self.replaced.get(&lower) {
            Some(new) => new.clone(),
            None => {
                let new = self.invent(&lower, shape);
                self.taken.insert(new.clone());
                self.replaced.insert(lower, new.clone());
                new
            }
        };
        let cased = word.chars().zip(new.chars()).map(|(old, new)| {
            if old.is_ascii_uppercase() {
                new.to_ascii_uppercase()
            } else {
                new
            }
        });
        cased.collect()
    }

    /// Another word of that shape, which is not taken.
    fn invent(&mut self, lower: &str, shape: Shape) -> String {
        const TRIES: usize = 200;
        let prefix = if shape == Shape::UniqueId { 4 } else { 0 };
        let mut new = lower.to_owned();
        for _ in 0..TRIES {
            let characters = lower.chars().enumerate().map(|(at, character)| match character {
                _ if at < prefix => character,
                '0'..='9' if shape == Shape::Hex => self.digit('0', '9'),
                _ if shape == Shape::Hex => self.digit('a', 'f'),
                '0'..='9' => self.digit(if at == 0 { '1' } else { '0' }, '9'),
                _ => self.digit('a', 'z'),
            });
            new = characters.collect();
            let is_free = new != lower
                && !self.taken.contains(&new)
                && !self.words.contains(&new)
                && !self.kept.contains(new.as_str());
            if is_free && !["true", "null"].contains(&new.as_str()) {
                break;
            }
        }
        new
    }
}

/// Of what kind a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Twelve digits.
    AccountId,
    /// Hexadecimal digits, as in the hosts of clusters, OIDC ids, suffixes of permission sets and ids of instances.
    Hex,
    /// Anything else, replaced where it is of a name.
    Name,
    /// `AKIA…`, `AROA…` and the like.
    UniqueId,
}

impl Shape {
    fn of(word: &str) -> Self {
        const PREFIXES: [&str; 9] = ["AGPA", "AIDA", "AIPA", "AKIA", "ANPA", "APKA", "AROA", "ASCA", "ASIA"];
        let upper = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if word.len() == 12 && word.chars().all(|c| c.is_ascii_digit()) {
            Self::AccountId
        } else if upper && word.len() >= 12 && PREFIXES.iter().any(|prefix| word.starts_with(prefix)) {
            Self::UniqueId
        } else if word.len() >= 16
            && word.chars().all(|c| c.is_ascii_hexdigit())
            && (upper || !word.chars().any(|c| c.is_ascii_uppercase()))
        {
            Self::Hex
        } else {
            Self::Name
        }
    }
}
