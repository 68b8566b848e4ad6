//! The rules for a kubeconfig.
//!
//! Source: validation of client-go's `clientcmd`, and what `aws eks update-kubeconfig` writes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Report;
use super::Rule;
use super::principal;
use super::principal::ArnKind;
use super::principal::Suggestions;
use super::tree::Node;
use super::tree::Place;
use super::tree::Shape;
use crate::value::arn::Arn;

const EXEC_API: &str = "client.authentication.k8s.io/";

/// Whether a document is a kubeconfig.
pub(super) fn is_one(node: &Node) -> bool {
    const KEYS: [&str; 4] = ["clusters", "contexts", "current-context", "users"];
    let keys = KEYS.into_iter().filter(|key| node.entry(key).is_some()).count();
    keys >= 2 || (keys == 1 && node.text_at("kind") == Some("Config"))
}

pub(super) fn lint(report: &mut Report<'_>, node: &Node) {
    if matches!(node.shape, Shape::Null) {
        return;
    }
    if !is_one(node) {
        return report.unknown(node.place, "clusters, contexts and users are missing".to_owned());
    }
    let clusters = named(report, node, "clusters", "cluster");
    let users = named(report, node, "users", "user");
    let contexts = named(report, node, "contexts", "context");
    lint_current(report, node, &contexts);
    let (mut known_clusters, mut known_users) = (Known::new(&clusters), Known::new(&users));
    for context in &contexts {
        for (key, known, rule) in [
            ("cluster", &mut known_clusters, Rule::ConfigUnknownCluster),
            ("user", &mut known_users, Rule::ConfigUnknownUser),
        ] {
            let wanted = context.body.get(key);
            let name = wanted.and_then(Node::text).unwrap_or_default();
            if !known.names.contains(name) {
                report.add(
                    rule,
                    wanted.map_or(context.place, |node| node.place),
                    format!("no {key} is called `{name}`"),
                    known.suggestions.nearest(name).map_or_else(
                        || format!("add the {key}, or run `aws eks update-kubeconfig` again"),
                        |near| format!("write `{near}`"),
                    ),
                );
            }
        }
    }
    for cluster in &clusters {
        lint_cluster(report, cluster);
    }
    let targets = Targets::new(&clusters, &contexts);
    let mut known_targets: BTreeMap<&str, Target> = BTreeMap::new();
    for user in &users {
        let target = known_targets
            .entry(user.name)
            .or_insert_with(|| targets.of_user(user.name));
        lint_user(report, user, target);
    }
}

/// The names of a list.
struct Known<'a> {
    names: BTreeSet<&'a str>,
    suggestions: Suggestions<'a>,
}

impl<'a> Known<'a> {
    fn new(items: &[Named<'a>]) -> Self {
        Self {
            names: items.iter().map(|item| item.name).collect(),
            suggestions: Suggestions::new(items.iter().map(|item| item.name)),
        }
    }
}

/// An item of clusters, contexts or users.
struct Named<'a> {
    name: &'a str,
    place: Place,
    body: &'a Node,
}

fn named<'a>(report: &mut Report<'_>, node: &'a Node, list: &str, body: &str) -> Vec<Named<'a>> {
    let Some(items) = node.get(list) else {
        return Vec::new();
    };
    if !matches!(items.shape, Shape::List(_) | Shape::Null) {
        wrong_type(report, items, list, "a list");
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for item in items.list() {
        let (Some(name), Some(body)) = (item.get("name"), item.get(body)) else {
            continue;
        };
        let Some(text) = name.text() else {
            wrong_type(report, name, "name", "a string");
            continue;
        };
        if let Some(line) = seen.insert(text, name.place.line) {
            report.add(
                Rule::ConfigDuplicate,
                name.place,
                format!("line {line} has the same name"),
                "rename or remove one of them",
            );
        }
        found.push(Named {
            name: text,
            place: name.place,
            body,
        });
    }
    found
}

fn wrong_type(report: &mut Report<'_>, node: &Node, field: &str, wanted: &str) {
    let fix = match &node.shape {
        Shape::Other(_, text) => format!("write it in quotes: `\"{text}\"`"),
        _ => format!("write {wanted}"),
    };
    report.add(
        Rule::ConfigWrongType,
        node.place,
        format!("`{field}` is {}, not {wanted}", node.kind()),
        fix,
    );
}

fn lint_current(report: &mut Report<'_>, node: &Node, contexts: &[Named<'_>]) {
    let current = node.get("current-context");
    let name = current.and_then(Node::text).unwrap_or_default();
    if name.is_empty() {
        report.add(
            Rule::ConfigNoCurrentContext,
            current.map_or(node.place, |current| current.place),
            "no current context",
            "run `kubectl config use-context NAME`",
        );
    } else if contexts.iter().all(|context| context.name != name) {
        let mut suggestions = Suggestions::new(contexts.iter().map(|context| context.name));
        report.add(
            Rule::ConfigUnknownContext,
            current.map_or(node.place, |current| current.place),
            format!("no context is called `{name}`"),
            suggestions.nearest(name).map_or_else(
                || "run `kubectl config use-context NAME`".to_owned(),
                |near| format!("write `{near}`"),
            ),
        );
    }
}

fn is_true(node: Option<&Node>) -> bool {
    matches!(node.map(|node| &node.shape), Some(Shape::Other(value, _)) if value.as_bool() == Some(true))
}

fn lint_cluster(report: &mut Report<'_>, cluster: &Named<'_>) {
    let body = cluster.body;
    let server = body.get("server");
    let url = server.and_then(Node::text).unwrap_or_default();
    let place = server.map_or(cluster.place, |server| server.place);
    if url.is_empty() {
        report.add(
            Rule::ConfigNoServer,
            place,
            format!("the cluster `{}` has no server", cluster.name),
            "write the endpoint that `aws eks describe-cluster` shows",
        );
    } else if url.to_lowercase().starts_with("http://") {
        report.add(
            Rule::ConfigHttp,
            place,
            "kubectl sends no credentials to a server without TLS",
            "write `https://`",
        );
    }
    let data = body
        .get("certificate-authority-data")
        .filter(|data| data.text() != Some(""));
    let insecure = body.get("insecure-skip-tls-verify");
    let is_insecure = is_true(insecure);
    let has_ca = data.is_some()
        || body
            .text_at("certificate-authority")
            .is_some_and(|file| !file.is_empty());
    if let Some(node) = insecure.filter(|_| is_insecure) {
        if has_ca {
            report.add(
                Rule::ConfigCaAndInsecure,
                node.place,
                "specifying a root certificates file with the insecure flag is not allowed",
                "remove `insecure-skip-tls-verify`",
            );
        } else {
            report.add(
                Rule::ConfigInsecure,
                node.place,
                "the server's certificate is not checked",
                "remove it and give certificate-authority-data",
            );
        }
    } else if !has_ca && url.to_lowercase().starts_with("https://") {
        report.add(
            Rule::ConfigNoCa,
            place,
            format!("the cluster `{}` has no certificate authority", cluster.name),
            "add the certificate-authority-data that `aws eks describe-cluster` shows",
        );
    }
    if let Some(data) = data {
        lint_ca(report, data);
    }
}

fn lint_ca(report: &mut Report<'_>, data: &Node) {
    let text = data.text().unwrap_or_default();
    let letters: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let decoded = STANDARD.decode(letters).unwrap_or_default();
    let pem = String::from_utf8_lossy(&decoded);
    let is_pem = pem
        .split_once("-----BEGIN CERTIFICATE-----")
        .is_some_and(|(_, rest)| rest.contains("-----END CERTIFICATE-----"));
    if is_pem {
        return;
    }
    let fix = if text.contains("OMITTED") {
        "`kubectl config view` hides it; use `kubectl config view --raw`"
    } else if text.contains("-----BEGIN") {
        "encode it: `base64 -w0 FILE`"
    } else {
        "write the certificateAuthority.data that `aws eks describe-cluster` shows"
    };
    report.add(
        Rule::ConfigCaNotPem,
        data.place,
        "kubectl finds no certificate in it: `unable to parse bytes as PEM block`",
        fix,
    );
}

/// No cluster of EKS has a longer name, and no region.
const NAME_CHARS: usize = 100;

/// What a cluster's entry says of the cluster.
struct Facts {
    name: Option<String>,
    region: Option<String>,
}

/// The first two different texts by place: what it takes to tell the first that is another than a given one.
#[derive(Clone, Debug, Default)]
struct Firsts(Vec<(usize, String)>);

impl Firsts {
    fn add(&mut self, place: usize, text: &str) {
        match self.0.iter_mut().find(|(_, known)| known == text) {
            Some((first, _)) => *first = place.min(*first),
            None => self.0.push((place, text.to_owned())),
        }
        self.0.sort_unstable();
        self.0.truncate(2);
    }

    fn other_than(&self, text: &str) -> Option<&str> {
        let mut texts = self.0.iter().map(|(_, known)| known.as_str());
        texts.find(|known| *known != text)
    }
}

/// What the entries of some clusters say of them, as far as it matters.
#[derive(Clone, Debug, Default)]
struct Target {
    names: Firsts,
    regions: Firsts,
}

impl Target {
    fn add(&mut self, other: &Self) {
        for (own, other) in [(&mut self.names, &other.names), (&mut self.regions, &other.regions)] {
            for (place, text) in &other.0 {
                own.add(*place, text);
            }
        }
    }
}

/// Which clusters users' tokens are for.
struct Targets<'a> {
    /// What entries say, by the name of the entry.
    of_entry: BTreeMap<&'a str, Target>,
    /// The entries of a user's contexts.
    entries: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Targets<'a> {
    fn new(clusters: &[Named<'a>], contexts: &[Named<'a>]) -> Self {
        let mut of_entry: BTreeMap<&str, Target> = BTreeMap::new();
        for (place, cluster) in clusters.iter().enumerate() {
            let Facts { name, region } = facts(cluster);
            let target = of_entry.entry(cluster.name).or_default();
            let is_one = |text: &String| text.chars().count() <= NAME_CHARS;
            if let Some(name) = name.filter(is_one) {
                target.names.add(place, &name);
            }
            if let Some(region) = region.filter(is_one) {
                target.regions.add(place, &region);
            }
        }
        let mut entries: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for context in contexts {
            if let (Some(user), Some(cluster)) = (context.body.text_at("user"), context.body.text_at("cluster")) {
                entries.entry(user).or_default().insert(cluster);
            }
        }
        Self { of_entry, entries }
    }

    /// Those of the contexts; without one, the cluster that is called as the user.
    fn of_user(&self, user: &str) -> Target {
        let own = BTreeSet::from([user]);
        let mut target = Target::default();
        for entry in self.entries.get(user).unwrap_or(&own) {
            if let Some(found) = self.of_entry.get(*entry) {
                target.add(found);
            }
        }
        target
    }
}

fn facts(cluster: &Named<'_>) -> Facts {
    if let Some(arn) = Arn::parse(cluster.name).ok().filter(|arn| arn.service == "eks") {
        return Facts {
            name: arn.resource.strip_prefix("cluster/").map(str::to_owned),
            region: Some(arn.region),
        };
    }
    let eksctl = cluster
        .name
        .strip_suffix(".eksctl.io")
        .and_then(|rest| rest.rsplit_once('.'));
    if let Some((name, region)) = eksctl {
        return Facts {
            name: Some(name.to_owned()),
            region: Some(region.to_owned()),
        };
    }
    let server = cluster.body.text_at("server").unwrap_or_default();
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let before = host.split_once(".eks.amazonaws.com").map(|(before, _)| before);
    Facts {
        name: None,
        region: before
            .and_then(|before| before.rsplit_once('.'))
            .map(|(_, region)| region.to_owned()),
    }
}

fn lint_user(report: &mut Report<'_>, user: &Named<'_>, target: &Target) {
    let token = user
        .body
        .get("token")
        .filter(|token| token.text().is_some_and(|token| !token.is_empty()));
    if let Some(token) = token {
        report.add(
            Rule::ConfigStaticToken,
            token.place,
            format!(
                "the user `{}` has a token of its own, which expires and is not renewed",
                user.name
            ),
            "run `aws eks update-kubeconfig`, which writes an exec plugin",
        );
    }
    let Some(exec) = user.body.get("exec").filter(|exec| matches!(exec.shape, Shape::Map(_))) else {
        return;
    };
    lint_exec_api(report, exec);
    let args = strings(report, exec, "args");
    let env = environment(report, exec);
    lint_keys(report, &env);
    let command = exec.get("command");
    let path = command.and_then(Node::text).unwrap_or_default();
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
    let program = file.trim_end_matches(".exe").trim_end_matches(".cmd");
    let place = command.map_or(exec.place, |command| command.place);
    let has = |wanted: &[&str]| {
        args.windows(wanted.len())
            .any(|window| window.iter().map(|(arg, _)| *arg).eq(wanted.iter().copied()))
    };
    let (asks, cluster_flags, role_flags): (bool, &[&str], &[&str]) = match program {
        "aws" => (
            has(&["eks", "get-token"]),
            &["--cluster-name", "--cluster-id"],
            &["--role-arn", "--role"],
        ),
        "aws-iam-authenticator" | "heptio-authenticator-aws" => {
            (has(&["token"]), &["-i", "--cluster-id"], &["-r", "--role"])
        }
        "eks-auth-sim" => (has(&["token"]), &["--cluster-name"], &["--role-arn"]),
        _ => {
            return report.add(
                Rule::ConfigCommand,
                place,
                format!("`{path}` is no plugin that is known here; its arguments are not looked at"),
                "nothing, if it prints an ExecCredential",
            );
        }
    };
    let args_place = exec.entry("args").map_or(place, |entry| entry.place);
    if !asks {
        let wanted = if program == "aws" { "eks get-token" } else { "token" };
        report.add(
            Rule::ConfigNoGetToken,
            args_place,
            format!("the arguments lack `{wanted}`"),
            "run `aws eks update-kubeconfig` again",
        );
    }
    lint_target(report, &args, cluster_flags, args_place, target);
    for (role, place) in flag_values(&args, role_flags) {
        if principal::read(role).is_ok_and(|named| named.kind == ArnKind::Session) {
            report.add(
                Rule::ConfigSessionAsRole,
                place,
                "a session is no role that can be assumed",
                "write `arn:aws:iam::ACCOUNT:role/NAME`, with the role's path",
            );
        }
    }
}

fn lint_exec_api(report: &mut Report<'_>, exec: &Node) {
    let api = exec.get("apiVersion");
    let version = api.and_then(Node::text).unwrap_or_default();
    let place = api.map_or(exec.place, |api| api.place);
    match version.strip_prefix(EXEC_API) {
        Some("v1beta1") => {}
        Some("v1") => {
            if exec.text_at("interactiveMode").is_none_or(str::is_empty) {
                report.add(
                    Rule::ConfigInteractive,
                    place,
                    "interactiveMode must be specified with the exec API v1",
                    "add `interactiveMode: IfAvailable`",
                );
            }
        }
        Some("v1alpha1") => report.add(
            Rule::ConfigV1Alpha1,
            place,
            "kubectl 1.24 and later refuse it: `exec plugin: invalid apiVersion`",
            format!("update the AWS CLI and run `aws eks update-kubeconfig`, or write `{EXEC_API}v1beta1`"),
        ),
        _ => report.add(
            Rule::ConfigExecVersion,
            place,
            format!("`{version}` is no version of the exec API"),
            format!("write `{EXEC_API}v1beta1`"),
        ),
    }
}

fn lint_target(
    report: &mut Report<'_>,
    args: &[(&str, Place)],
    cluster_flags: &[&str],
    args_place: Place,
    target: &Target,
) {
    let names = flag_values(args, cluster_flags);
    if names.is_empty() {
        report.add(
            Rule::ConfigNoClusterName,
            args_place,
            format!(
                "the arguments lack `{} NAME`",
                cluster_flags.first().copied().unwrap_or_default()
            ),
            "add it; the name is signed into the token",
        );
    }
    let is_id =
        args.iter().any(|(arg, _)| arg.starts_with("--cluster-id")) && cluster_flags.contains(&"--cluster-name");
    for (name, place) in names {
        if let Some(wanted) = target.names.other_than(name).filter(|_| !is_id) {
            report.add(
                Rule::ConfigOtherCluster,
                place,
                format!("the token is for `{name}`, but the context's cluster is `{wanted}`: SignatureDoesNotMatch"),
                format!("write `{wanted}`"),
            );
        }
    }
    for (region, place) in flag_values(args, &["--region"]) {
        if let Some(wanted) = target.regions.other_than(region) {
            report.add(
                Rule::ConfigOtherRegion,
                place,
                format!("the cluster is in `{wanted}`"),
                format!("write `{wanted}`"),
            );
        }
    }
}

/// The values of a flag, as `--flag VALUE` or `--flag=VALUE`.
fn flag_values<'a>(args: &[(&'a str, Place)], flags: &[&str]) -> Vec<(&'a str, Place)> {
    let mut values = Vec::new();
    for (at, (arg, place)) in args.iter().enumerate() {
        if flags.contains(arg) {
            values.extend(args.get(at.saturating_add(1)).copied());
        } else if let Some((_, value)) = arg.split_once('=').filter(|(flag, _)| flags.contains(flag)) {
            values.push((value, *place));
        }
    }
    values
}

fn strings<'a>(report: &mut Report<'_>, exec: &'a Node, key: &str) -> Vec<(&'a str, Place)> {
    let Some(list) = exec.get(key) else {
        return Vec::new();
    };
    if !matches!(list.shape, Shape::List(_) | Shape::Null) {
        wrong_type(report, list, key, "a list");
    }
    let mut found = Vec::new();
    for node in list.list() {
        match &node.shape {
            Shape::Text(text) => found.push((text.as_str(), node.place)),
            Shape::Null => {}
            _ => wrong_type(report, node, key, "a string"),
        }
    }
    found
}

fn environment<'a>(report: &mut Report<'_>, exec: &'a Node) -> Vec<(&'a str, Place)> {
    let Some(list) = exec.get("env") else {
        return Vec::new();
    };
    if !matches!(list.shape, Shape::List(_) | Shape::Null) {
        wrong_type(report, list, "env", "a list of `name` and `value`");
    }
    let mut found = Vec::new();
    for item in list.list() {
        if let Some(value) = item
            .get("value")
            .filter(|value| matches!(value.shape, Shape::Other(..)))
        {
            wrong_type(report, value, "value", "a string");
        }
        if let Some((name, place)) = item.get("name").and_then(|name| Some((name.text()?, name.place))) {
            found.push((name, place));
        }
    }
    found
}

fn lint_keys(report: &mut Report<'_>, env: &[(&str, Place)]) {
    let place = |wanted: &str| env.iter().find(|(name, _)| *name == wanted).map(|(_, place)| *place);
    if let (Some(profile), Some(_)) = (place("AWS_PROFILE"), place("AWS_ACCESS_KEY_ID")) {
        report.add(
            Rule::ConfigKeysAndProfile,
            profile,
            "the access keys win over AWS_PROFILE",
            "remove the keys, or the profile",
        );
    }
    if let Some(secret) = place("AWS_SECRET_ACCESS_KEY") {
        report.add(
            Rule::ConfigStaticKeys,
            secret,
            "whoever reads the file has the key",
            "keep it in a profile and name that in AWS_PROFILE",
        );
    }
}
