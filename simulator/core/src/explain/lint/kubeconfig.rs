//! The rules for a kubeconfig, and for what Argo CD connects to a cluster with.
//!
//! Source: validation and loading of client-go's `clientcmd` and `transport`, its `plugin/pkg/client/auth/exec`, and what
//! `aws eks update-kubeconfig` writes.

mod plugin;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use self::plugin::Word;
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
/// What every token of `aws eks get-token` begins with.
const EKS_TOKEN: &str = "k8s-aws-v1.";

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
    } else if let Some((path, place)) = filled(body, "certificate-authority") {
        lint_path(report, path, place);
    }
}

fn lint_ca(report: &mut Report<'_>, data: &Node) {
    let text = data.text().unwrap_or_default();
    if report.is_hidden(
        text,
        data.place,
        "if it stands so in the file, write it out: `kubectl config view --raw` shows it, and `kubectl config view` hides it",
    ) {
        return;
    }
    let letters: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let decoded = STANDARD.decode(letters).unwrap_or_default();
    let pem = String::from_utf8_lossy(&decoded);
    let is_pem = pem
        .split_once("-----BEGIN CERTIFICATE-----")
        .is_some_and(|(_, rest)| rest.contains("-----END CERTIFICATE-----"));
    if is_pem {
        return;
    }
    let fix = if text.contains("-----BEGIN") {
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

/// The host of an entry's server, in lower case.
fn host(cluster: &Named<'_>) -> String {
    let server = cluster.body.text_at("server").unwrap_or_default();
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    host.split(['/', ':']).next().unwrap_or_default().to_lowercase()
}

/// Whether a host is the endpoint of a cluster of EKS.
///
/// Source: "Cluster API server endpoint" in the EKS User Guide: `….eks.amazonaws.com`, and `….api.aws` of clusters with IPv6.
fn is_of_eks(host: &str) -> bool {
    [".eks.amazonaws.com", ".eks.amazonaws.com.cn"]
        .iter()
        .any(|end| host.ends_with(*end))
        || (host.contains(".eks")
            && [".api.aws", ".api.amazonwebservices.com.cn"]
                .iter()
                .any(|end| host.ends_with(*end)))
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
    /// Whether one of them is of EKS.
    is_eks: bool,
}

impl Target {
    fn add(&mut self, other: &Self) {
        self.is_eks |= other.is_eks;
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
            target.is_eks |= is_of_eks(&host(cluster));
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
    let host = host(cluster);
    let before = host.split_once(".eks.amazonaws.com").map(|(before, _)| before);
    Facts {
        name: None,
        region: before
            .and_then(|before| before.rsplit_once('.'))
            .map(|(_, region)| region.to_owned()),
    }
}

/// A text that is not empty.
fn filled<'a>(node: &'a Node, key: &str) -> Option<(&'a str, Place)> {
    let value = node.get(key)?;
    let text = value.text().filter(|text| !text.is_empty())?;
    Some((text, value.place))
}

fn lint_user(report: &mut Report<'_>, user: &Named<'_>, target: &Target) {
    let exec = user.body.get("exec").filter(|exec| matches!(exec.shape, Shape::Map(_)));
    lint_tokens(report, user, exec.is_some(), target.is_eks);
    lint_certificate(report, user, exec.is_some());
    lint_auth_provider(report, user);
    let Some(exec) = exec else {
        return;
    };
    lint_exec_api(report, exec);
    lint_interactive(report, exec);
    if let Some(node) = exec.get("provideClusterInfo")
        && !matches!(&node.shape, Shape::Null | Shape::Other(serde_json::Value::Bool(_), _))
    {
        wrong_type(report, node, "provideClusterInfo", "true or false");
    }
    let args = strings(report, exec, "args");
    let env = environment(report, exec);
    // One without a separator is looked for in PATH.
    if let Some((command, place)) = filled(exec, "command")
        && command.contains(['/', '\\'])
    {
        lint_path(report, command, place);
    }
    lint_exec(report, exec, args, &env, target);
}

/// A token that is given wins: the plugin is not run. Only tokens of IAM end within minutes: other clusters than those of EKS
/// have static tokens that last.
///
/// Source: `UpdateTransportConfig` in `plugin/pkg/client/auth/exec/exec.go` of client-go, which leaves a configuration with a
/// token or a certificate as it is.
fn lint_tokens(report: &mut Report<'_>, user: &Named<'_>, has_exec: bool, is_eks: bool) {
    let (token, file) = (filled(user.body, "token"), filled(user.body, "tokenFile"));
    if let Some((token, place)) = token {
        if is_for_sts(token) {
            aws_token(report, place);
        } else if !report.is_hidden(token, place, "if it stands so in the file, write the token itself")
            && (is_eks || token.starts_with(EKS_TOKEN))
        {
            report.add(
                Rule::ConfigStaticToken,
                place,
                format!(
                    "the user `{}` has a token of its own, which expires and is not renewed",
                    user.name
                ),
                "run `aws eks update-kubeconfig`, which writes an exec plugin",
            );
        }
    }
    if let Some((path, place)) = file {
        // Those of IRSA and of EKS Pod Identity.
        if path.contains("eks.amazonaws.com/serviceaccount") {
            aws_token(report, place);
        }
        lint_path(report, path, place);
    }
    if let Some((_, place)) = token.or(file).filter(|_| has_exec) {
        report.add(
            Rule::ConfigTokenWins,
            place,
            "kubectl sends this token and never runs the plugin under `exec`",
            "remove it",
        );
    }
}

/// Source: the EKS Pod Identity Webhook mounts a token with the audience sts.amazonaws.com, Pod Identity one with
/// pods.eks.amazonaws.com; the API server accepts its own audience alone.
fn aws_token(report: &mut Report<'_>, place: Place) {
    report.add(
        Rule::ConfigIrsaToken,
        place,
        "this is the pod's token for AWS, a JWT with the audience sts.amazonaws.com or pods.eks.amazonaws.com: AWS makes \
         credentials of it, and the API server answers Unauthorized",
        "use an exec plugin, which finds the token by AWS_WEB_IDENTITY_TOKEN_FILE or AWS_CONTAINER_CREDENTIALS_FULL_URI: `aws eks \
         get-token --cluster-name CLUSTER`; as the pod's own service account, \
         /var/run/secrets/kubernetes.io/serviceaccount/token",
    );
}

/// Whether a JWT is one for AWS.
fn is_for_sts(token: &str) -> bool {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let decoded = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let text = String::from_utf8_lossy(&decoded);
    text.contains("\"sts.amazonaws.com\"") || text.contains("\"pods.eks.amazonaws.com\"")
}

fn lint_certificate(report: &mut Report<'_>, user: &Named<'_>, has_exec: bool) {
    let file = filled(user.body, "client-certificate");
    let certificate = filled(user.body, "client-certificate-data").or(file);
    if let Some((_, place)) = certificate.filter(|_| has_exec) {
        report.add(
            Rule::ConfigCertificateWins,
            place,
            "kubectl shows this certificate and never runs the plugin under `exec`; EKS signs none for people",
            "remove client-certificate-data and client-key-data",
        );
    }
    for (path, place) in file.into_iter().chain(filled(user.body, "client-key")) {
        lint_path(report, path, place);
    }
}

/// Source: client-go 1.26 has no code for `azure` and `gcp` any more (kubernetes/kubernetes#112341, #112346), `openstack` went in
/// 1.22.
fn lint_auth_provider(report: &mut Report<'_>, user: &Named<'_>) {
    let provider = user.body.get("auth-provider");
    let Some((name, place)) = provider.and_then(|provider| filled(provider, "name")) else {
        return;
    };
    if matches!(name, "azure" | "gcp" | "openstack") {
        report.add(
            Rule::ConfigAuthProvider,
            place,
            format!("kubectl 1.26 and later say: no Auth Provider found for name \"{name}\""),
            "run `aws eks update-kubeconfig --name CLUSTER` for a cluster of EKS; others have an exec plugin of their own",
        );
    }
}

/// Source: `ResolveLocalPaths` in `tools/clientcmd/loader.go` of client-go.
fn lint_path(report: &mut Report<'_>, path: &str, place: Place) {
    let is_absolute = path.starts_with(['/', '\\']) || path.get(1..2) == Some(":");
    if is_absolute {
        return;
    }
    let message = if path.starts_with('~') {
        format!("nobody expands `~`: `{path}` is a path from the folder of this file")
    } else {
        format!("`{path}` is a path from the folder of this file, not from where kubectl runs")
    };
    report.add(Rule::ConfigRelativePath, place, message, "write the whole path");
}

/// What Argo CD has of a cluster: the JSON of `config` in its Secret.
///
/// Source: `RawRestConfig` in `pkg/apis/application/v1alpha1/types.go` of Argo CD.
pub(super) fn lint_connection(report: &mut Report<'_>, config: &Node) {
    if let Some(auth) = config
        .get("awsAuthConfig")
        .filter(|auth| matches!(auth.shape, Shape::Map(_)))
    {
        let field = |wanted: &str| {
            let mut fields = auth.entries().iter().rev();
            let found = fields.find(|field| field.key.eq_ignore_ascii_case(wanted));
            found.and_then(|field| Some((field.value.text()?, field.value.place)))
        };
        if field("clusterName").is_none_or(|(name, _)| name.is_empty()) {
            report.add(
                Rule::ConfigNoClusterName,
                auth.place,
                "awsAuthConfig names no cluster",
                "add `clusterName`; the name is signed into the token",
            );
        }
        if let Some((role, place)) = field("roleARN") {
            lint_role(report, role, place);
        }
    }
    if let Some(exec) = config
        .get("execProviderConfig")
        .filter(|exec| matches!(exec.shape, Shape::Map(_)))
    {
        lint_exec_api(report, exec);
        let args = strings(report, exec, "args");
        let env: Vec<(&str, &str, Place)> = exec
            .get("env")
            .map_or(&[][..], Node::entries)
            .iter()
            .map(|entry| (entry.key.as_str(), entry.value.text().unwrap_or_default(), entry.place))
            .collect();
        lint_exec(report, exec, args, &env, &Target::default());
    }
    let token = filled(config, "bearerToken");
    if let Some((token, place)) = token {
        if is_for_sts(token) {
            aws_token(report, place);
        } else if token.starts_with(EKS_TOKEN) {
            report.add(
                Rule::ConfigStaticToken,
                place,
                "a token of EKS is good for 15 minutes",
                "write `awsAuthConfig` with the cluster's name, and let Argo CD make tokens",
            );
        }
    }
    let Some(tls) = config.get("tlsClientConfig") else {
        return;
    };
    let insecure = tls.get("insecure").filter(|insecure| is_true(Some(insecure)));
    let authority = tls
        .get("caData")
        .filter(|data| data.text().is_some_and(|text| !text.is_empty()));
    match (insecure, authority) {
        (Some(insecure), Some(_)) => report.add(
            Rule::ConfigCaAndInsecure,
            insecure.place,
            "specifying a root certificates file with the insecure flag is not allowed",
            "remove `insecure`",
        ),
        (Some(insecure), None) => report.add(
            Rule::ConfigInsecure,
            insecure.place,
            "the server's certificate is not checked",
            "remove it and give caData",
        ),
        (None, Some(authority)) => lint_ca(report, authority),
        (None, None) => {}
    }
}

/// The command of an exec plugin, behind its wrappers.
fn lint_exec(
    report: &mut Report<'_>,
    exec: &Node,
    args: Vec<(&str, Place)>,
    env: &[(&str, &str, Place)],
    target: &Target,
) {
    lint_keys(report, env);
    let command = exec.get("command");
    let path = command.and_then(Node::text).unwrap_or_default();
    let place = command.map_or(exec.place, |command| command.place);
    let words = std::iter::once((path, place)).chain(args);
    let call = plugin::look_through(
        words
            .map(|(text, place)| Word {
                text: text.to_owned(),
                place,
            })
            .collect(),
    );
    if let Some(provider) = call.other_provider() {
        return report.add(
            Rule::ConfigOtherProvider,
            place,
            format!("`{}` makes credentials of {provider}, none of AWS", call.program()),
            "nothing, if the cluster accepts those; for IAM, run `aws eks update-kubeconfig --name CLUSTER`",
        );
    }
    let args: Vec<(&str, Place)> = call
        .arguments()
        .iter()
        .map(|word| (word.text.as_str(), word.place))
        .collect();
    let has = |wanted: &[&str]| {
        args.windows(wanted.len())
            .any(|window| window.iter().map(|(arg, _)| *arg).eq(wanted.iter().copied()))
    };
    let program = call.program();
    let (asks, cluster_flags, role_flags): (bool, &[&str], &[&str]) = match program.as_str() {
        "aws" => (
            has(&["eks", "get-token"]),
            &["--cluster-name", "--cluster-id"],
            &["--role-arn", "--role"],
        ),
        "aws-iam-authenticator" | "heptio-authenticator-aws" => {
            (has(&["token"]), &["-i", "--cluster-id"], &["-r", "--role"])
        }
        "argocd-k8s-auth" => (has(&["aws"]), &["--cluster-name"], &["--role-arn"]),
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
        let wanted = match program.as_str() {
            "aws" => "eks get-token",
            "argocd-k8s-auth" => "aws",
            _ => "token",
        };
        report.add(
            Rule::ConfigNoGetToken,
            args_place,
            format!("the arguments lack `{wanted}`"),
            "run `aws eks update-kubeconfig` again",
        );
    }
    let others = ["--output", "--profile", "--region"];
    let flags: Vec<&str> = [cluster_flags, role_flags, &others].concat();
    lint_empty(report, &args, &flags);
    lint_target(report, &args, cluster_flags, args_place, target);
    for (role, place) in flag_values(&args, role_flags) {
        lint_role(report, role, place);
    }
    if program == "aws" {
        lint_output(report, &args, env, &call.env);
    }
    lint_profiles(report, &args, env, &call);
}

fn lint_role(report: &mut Report<'_>, role: &str, place: Place) {
    if principal::read(role).is_ok_and(|named| named.kind == ArnKind::Session) {
        report.add(
            Rule::ConfigSessionAsRole,
            place,
            "a session is no role that can be assumed",
            "write `arn:aws:iam::ACCOUNT:role/NAME`, with the role's path",
        );
    }
}

/// Flags without a value.
fn lint_empty(report: &mut Report<'_>, args: &[(&str, Place)], flags: &[&str]) {
    for (at, (arg, place)) in args.iter().enumerate() {
        let (flag, value) = arg
            .split_once('=')
            .map_or((*arg, None), |(flag, value)| (flag, Some(value)));
        if !flags.contains(&flag) {
            continue;
        }
        let next = args.get(at.saturating_add(1));
        let (is_empty, place) = match (value, next) {
            (Some(value), _) => (value.is_empty(), *place),
            (None, Some((next, there))) => (
                next.is_empty() || next.starts_with("--"),
                if next.is_empty() { *there } else { *place },
            ),
            (None, None) => (true, *place),
        };
        if is_empty {
            report.add(
                Rule::ConfigEmptyArgument,
                place,
                format!("`{flag}` has no value, so the plugin fails, or asks for something else than is meant"),
                format!("give `{flag}` a value, or remove it"),
            );
        }
    }
}

/// Source: `get_token.py` of the AWS CLI prints by the formatter that `--output`, AWS_DEFAULT_OUTPUT or the profile names, and
/// client-go decodes JSON and YAML: `couldn't get version/kind; json parse error`.
fn lint_output(report: &mut Report<'_>, args: &[(&str, Place)], env: &[(&str, &str, Place)], set: &[(String, String)]) {
    let is_unread = |output: &str| matches!(output, "off" | "table" | "text" | "yaml-stream");
    let flags = flag_values(args, &["--output"]);
    let of_env = env.iter().filter(|(name, ..)| *name == "AWS_DEFAULT_OUTPUT");
    // The flag wins.
    let mut given: Vec<(&str, Place)> = flags;
    if given.is_empty() {
        given.extend(of_env.map(|(_, value, place)| (*value, *place)));
        let place = args.first().map(|(_, place)| *place);
        let set = set.iter().filter(|(name, _)| name == "AWS_DEFAULT_OUTPUT");
        given.extend(set.filter_map(|(_, value)| Some((value.as_str(), place?))));
    }
    for (output, place) in given.into_iter().filter(|(output, _)| is_unread(output)) {
        report.add(
            Rule::ConfigOutput,
            place,
            format!("as `{output}` kubectl cannot read the token: `couldn't get version/kind; json parse error`"),
            "write `--output json`",
        );
    }
}

/// Source: the AWS CLI's `--profile` wins over AWS_PROFILE, and over keys in the environment, such as those of aws-vault
/// (`create_credential_resolver` in `botocore/credentials.py`).
fn lint_profiles(report: &mut Report<'_>, args: &[(&str, Place)], env: &[(&str, &str, Place)], call: &plugin::Call) {
    let given = flag_values(args, &["--profile"]);
    let Some((flag, place)) = given.last().copied() else {
        return;
    };
    let of_env = env.iter().rev().find(|(name, ..)| *name == "AWS_PROFILE");
    let of_wrapper = call.env.iter().rev().find(|(name, _)| name == "AWS_PROFILE");
    let other = of_wrapper
        .map(|(_, value)| value.as_str())
        .or(call.profile.as_deref())
        .or(of_env.map(|(_, value, _)| *value))
        .filter(|other| !other.is_empty() && !other.contains('$') && *other != flag);
    if let Some(other) = other {
        report.add(
            Rule::ConfigTwoProfiles,
            place,
            format!("`--profile {flag}` wins over the profile `{other}` of the environment or the wrapper"),
            "leave the one that is meant",
        );
    }
}

fn lint_exec_api(report: &mut Report<'_>, exec: &Node) {
    let api = exec.get("apiVersion");
    let version = api.and_then(Node::text).unwrap_or_default();
    let place = api.map_or(exec.place, |api| api.place);
    match version.strip_prefix(EXEC_API) {
        Some("v1" | "v1beta1") => {}
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

/// Source: `validateAuthInfo` in `tools/clientcmd/validation.go` of client-go.
fn lint_interactive(report: &mut Report<'_>, exec: &Node) {
    let version = exec.text_at("apiVersion").unwrap_or_default();
    match filled(exec, "interactiveMode") {
        Some((mode, place)) if !matches!(mode, "Always" | "IfAvailable" | "Never") => report.add(
            Rule::ConfigInteractive,
            place,
            format!("invalid interactiveMode: \"{mode}\""),
            "write `IfAvailable`, `Never` or `Always`",
        ),
        None if version.strip_prefix(EXEC_API) == Some("v1") => report.add(
            Rule::ConfigInteractive,
            exec.get("apiVersion").map_or(exec.place, |api| api.place),
            "interactiveMode must be specified with the exec API v1",
            "add `interactiveMode: IfAvailable`",
        ),
        _ => {}
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
    let is_flag = |arg: &str| cluster_flags.contains(&arg.split_once('=').map_or(arg, |(flag, _)| flag));
    if !args.iter().any(|(arg, _)| is_flag(arg)) {
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
    // What has none is another finding, and what a shell puts in is not known.
    values.retain(|(value, _)| !value.is_empty() && !value.starts_with("--") && !value.contains('$'));
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

fn environment<'a>(report: &mut Report<'_>, exec: &'a Node) -> Vec<(&'a str, &'a str, Place)> {
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
            found.push((name, item.text_at("value").unwrap_or_default(), place));
        }
    }
    found
}

fn lint_keys(report: &mut Report<'_>, env: &[(&str, &str, Place)]) {
    let place = |wanted: &str| {
        let mut pairs = env.iter();
        pairs.find(|(name, ..)| *name == wanted).map(|(.., place)| *place)
    };
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
