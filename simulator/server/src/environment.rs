//! The files and variables that lead clients to the simulator: AWS configuration, kubeconfigs, and a shell file.
//!
//! Everything is private to the user (0600 in a 0700 folder): it holds the keys of the World.

pub mod cluster_listener;
pub mod profile;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eks_auth_core::scenario::Profile;
use eks_auth_core::scenario::ProfileSource;
use eks_auth_core::value::arn::Partition;
use eks_auth_core::value::instant::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::environment::cluster_listener::ClusterListener;
use crate::state::private_file;

/// Variables that a stray real credential could come through.
pub const UNSET: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// What the files are to say.
#[derive(Clone, Copy, Debug)]
pub struct FilesSpec<'a, Clusters> {
    /// `http://HOST:PORT`.
    pub aws_endpoint: &'a str,
    /// The authority of the clusters' certificates.
    pub ca_pem: &'a str,
    /// The profiles of the AWS configuration.
    pub profiles: &'a [Profile],
    /// When the simulator was started.
    pub started: Timestamp,
    /// The clusters, each with the paths of its kubeconfigs.
    pub clusters: Clusters,
}

/// The files that were written and the variables that name them.
#[derive(Clone, Debug)]
pub struct ClientFiles {
    /// The variables of `env_file`.
    pub env: BTreeMap<String, String>,
    /// A POSIX shell file that unsets and exports.
    pub env_file: PathBuf,
}

/// Writes every file into `folder`.
///
/// # Errors
/// When a file cannot be written.
pub fn write_files<'a>(
    folder: &Path,
    spec: FilesSpec<'_, impl Iterator<Item = &'a ClusterListener>>,
) -> io::Result<ClientFiles> {
    let (config, credentials) = aws_files(folder);
    write_private(&config, &aws_config(spec.profiles, spec.aws_endpoint, spec.started))?;
    write_private(&credentials, &aws_credentials(spec.profiles))?;
    let kubeconfig = kubeconfig_file(folder);
    for (at, cluster) in spec.clusters.enumerate() {
        let text = write_cluster_files(folder, cluster, spec.ca_pem)?;
        if at == 0 {
            write_private(&kubeconfig, &text)?;
        }
    }
    let region = spec
        .profiles
        .first()
        .map_or_else(|| "us-west-2".to_owned(), |profile| profile.region.clone());
    let env = [
        ("AWS_CONFIG_FILE", config.display().to_string()),
        ("AWS_DEFAULT_REGION", region.clone()),
        ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_ENDPOINT_URL", spec.aws_endpoint.to_owned()),
        // The SDK for Go (and so eksctl and Terraform) assumes the role of a profile before it reads AWS_ENDPOINT_URL.
        ("AWS_ENDPOINT_URL_STS", spec.aws_endpoint.to_owned()),
        ("AWS_PAGER", String::new()),
        ("AWS_REGION", region),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.display().to_string()),
        ("KUBECONFIG", kubeconfig.display().to_string()),
    ];
    let files = ClientFiles {
        env: env.map(|(name, value)| (name.to_owned(), value)).into(),
        env_file: folder.join("env"),
    };
    write_env_file(&files)?;
    Ok(files)
}

/// Writes a cluster's kubeconfigs, and returns the one for people.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write_cluster_files(folder: &Path, cluster: &ClusterListener, ca_pem: &str) -> io::Result<String> {
    let (config, credentials) = aws_files(folder);
    let plugin_env = [
        ("AWS_CONFIG_FILE", &*config.display().to_string()),
        ("AWS_SHARED_CREDENTIALS_FILE", &*credentials.display().to_string()),
    ];
    let text = yaml(&kubeconfig_value(cluster, ca_pem, &plugin_env)?)?;
    write_private(&cluster.kubeconfig, &text)?;
    write_private(
        &cluster.webhook_kubeconfig,
        &yaml(&webhook_kubeconfig_value(cluster, ca_pem))?,
    )?;
    Ok(text)
}

/// Writes a file that only the user may read, or names it.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    private_file::write_private(path, text).map_err(|error| private_file::named(path, &error))
}

/// The kubeconfig of the first cluster in a folder, which the environment names.
pub(crate) fn kubeconfig_file(folder: &Path) -> PathBuf {
    folder.join("kubeconfig")
}

/// The AWS configuration and credentials files in a folder.
fn aws_files(folder: &Path) -> (PathBuf, PathBuf) {
    (folder.join("aws-config"), folder.join("aws-credentials"))
}

/// Regenerates the shell file.
///
/// # Errors
/// When it cannot be written.
pub fn write_env_file(files: &ClientFiles) -> io::Result<()> {
    let mut text = format!("unset {}\n", UNSET.join(" "));
    for (name, value) in &files.env {
        let _ = writeln!(text, "export {name}={}", quoted(value));
    }
    write_private(&files.env_file, &text)
}

/// A text as one word of a POSIX shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The program of that name on PATH.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// The AWS configuration file of these profiles.
pub(crate) fn aws_config(profiles: &[Profile], aws_endpoint: &str, started: Timestamp) -> String {
    let mut text = String::new();
    let mut sessions = BTreeMap::new();
    for profile in profiles {
        let header = match profile.name.as_str() {
            "default" => "default".to_owned(),
            name => format!("profile {name}"),
        };
        let _ = writeln!(
            text,
            "[{header}]\nregion = {}\nendpoint_url = {}",
            profile.region, aws_endpoint
        );
        if let ProfileSource::AssumeRole {
            role_arn,
            source_profile,
            external_id,
            role_session_name,
        } = &profile.source
        {
            // The AWS CLI keeps sessions in the home folder by role and session name. Were the name left to it, it would
            // come with a session of an earlier simulator.
            let session_name = role_session_name
                .clone()
                .unwrap_or_else(|| format!("botocore-session-{}", started.unix_millis()));
            let _ = writeln!(
                text,
                "role_arn = {role_arn}\nsource_profile = {source_profile}\nrole_session_name = {session_name}"
            );
            if let Some(external_id) = external_id {
                let _ = writeln!(text, "external_id = {external_id}");
            }
        }
        for (name, value) in &profile.settings {
            let _ = writeln!(text, "{name} = {value}");
        }
        if let ProfileSource::Sso {
            start_url,
            region,
            account,
            permission_set,
        } = &profile.source
        {
            // The AWS CLI keeps tokens and credentials in the home folder by the session's name, which is therefore another
            // for each simulator.
            let session = format!("eks-auth-sim-{}", started.unix_millis());
            let _ = writeln!(
                text,
                "sso_session = {session}\nsso_account_id = {account}\nsso_role_name = {permission_set}"
            );
            sessions.insert(
                session,
                format!(
                    "sso_region = {region}\nsso_start_url = {start_url}\nsso_registration_scopes = sso:account:access"
                ),
            );
        }
        text.push('\n');
    }
    for (name, settings) in sessions {
        let _ = writeln!(text, "[sso-session {name}]\n{settings}\n");
    }
    text
}

/// The AWS credentials file of these profiles.
pub(crate) fn aws_credentials(profiles: &[Profile]) -> String {
    let mut text = String::new();
    for profile in profiles {
        if let ProfileSource::AccessKey {
            id,
            secret,
            session_token,
        } = &profile.source
        {
            let _ = writeln!(
                text,
                "[{}]\naws_access_key_id = {id}\naws_secret_access_key = {}",
                profile.name,
                secret.expose()
            );
            if let Some(token) = session_token {
                let _ = writeln!(text, "aws_session_token = {}", token.expose());
            }
            text.push('\n');
        }
    }
    text
}

/// A kubeconfig as `aws eks update-kubeconfig` writes it, with the variables that its credential plugin is to have.
pub(crate) fn kubeconfig_value(
    cluster: &ClusterListener,
    ca_pem: &str,
    plugin_env: &[(&str, &str)],
) -> io::Result<Value> {
    let plugin = plugin(cluster, find_program("aws").is_some())?;
    Ok(kubeconfig_with(cluster, ca_pem, plugin, plugin_env))
}

/// The credential plugin, with its arguments: the AWS CLI, or this program where there is none.
pub(crate) fn plugin(cluster: &ClusterListener, has_aws: bool) -> io::Result<(String, Value)> {
    if has_aws {
        return Ok(aws_plugin(cluster));
    }
    let args = ["token", "--cluster-name", &cluster.name, "--region", &cluster.region];
    Ok((env::current_exe()?.display().to_string(), json!(args)))
}

/// The credential plugin of a machine with the AWS CLI: a command, and its arguments.
pub(crate) fn aws_plugin(cluster: &ClusterListener) -> (String, Value) {
    let args = [
        "--region",
        &cluster.region,
        "eks",
        "get-token",
        "--cluster-name",
        &cluster.name,
        "--output",
        "json",
    ];
    ("aws".to_owned(), json!(args))
}

/// A kubeconfig with this credential plugin, which is to have these variables.
pub(crate) fn kubeconfig_with(
    cluster: &ClusterListener,
    ca_pem: &str,
    (command, args): (String, Value),
    plugin_env: &[(&str, &str)],
) -> Value {
    let partition = Partition::of_region(&cluster.region);
    let arn = format!(
        "arn:{partition}:eks:{}:{}:cluster/{}",
        cluster.region, cluster.account, cluster.name
    );
    let plugin_env: Vec<Value> = plugin_env
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    json!({
        "apiVersion": "v1",
        "clusters": [{
            "cluster": {"certificate-authority-data": STANDARD.encode(ca_pem), "server": cluster.endpoint},
            "name": arn,
        }],
        "contexts": [{"context": {"cluster": arn, "user": arn}, "name": arn}],
        "current-context": arn,
        "kind": "Config",
        "preferences": {},
        "users": [{
            "name": arn,
            "user": {"exec": {
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "args": args,
                "command": command,
                "env": plugin_env,
            }},
        }],
    })
}

/// An AWS credentials file with a profile's keys in place of those that it had.
#[must_use]
pub(crate) fn with_key(text: &str, profile: &str, id: &str, secret: &str) -> String {
    let header = format!("[{profile}]");
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            inside = line.trim() == header;
        }
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    format!("{kept}{header}\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
}

/// What a kube-apiserver's `--authentication-token-webhook-config-file` wants.
fn webhook_kubeconfig_value(cluster: &ClusterListener, ca_pem: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "clusters": [{
            "cluster": {
                "certificate-authority-data": STANDARD.encode(ca_pem),
                "server": format!("{}/authenticate", cluster.endpoint),
            },
            "name": "aws-iam-authenticator",
        }],
        "contexts": [{
            "context": {"cluster": "aws-iam-authenticator", "user": "apiserver"},
            "name": "webhook",
        }],
        "current-context": "webhook",
        "kind": "Config",
        "users": [{"name": "apiserver", "user": {}}],
    })
}

/// A document for clients that read YAML.
pub(crate) fn yaml(value: &Value) -> io::Result<String> {
    serde_saphyr::to_string(value).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profiles_key_is_replaced_and_others_stay() {
        let text = "[default]\naws_access_key_id = A\naws_secret_access_key = a\n\n[creator]\naws_access_key_id = B\naws_secret_access_key = b\naws_session_token = t\n\n[x]\naws_access_key_id = C\n";
        let wanted = "[default]\naws_access_key_id = A\naws_secret_access_key = a\n\n[x]\naws_access_key_id = C\n[creator]\naws_access_key_id = D\naws_secret_access_key = d\n";
        assert_eq!(with_key(text, "creator", "D", "d"), wanted);
    }

    #[test]
    fn yaml_is_read_back_as_it_was() {
        let value = json!({"a": [{"b": "x: y", "c": {}}, [1]], "d": {"e": null, "no": "no"}, "f": [], "g": "1.32", "h": "a\nb\n"});
        assert_eq!(serde_saphyr::from_str::<Value>(&yaml(&value).unwrap()).unwrap(), value);
    }
}
