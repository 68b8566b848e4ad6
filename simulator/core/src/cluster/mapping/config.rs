//! The configuration file of aws-iam-authenticator's server (`--config`), as far as it says who is mapped.
//!
//! Source: `getConfig` in `cmd/aws-iam-authenticator/root.go` of 0.7. Keys are found in any case, as viper finds them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::dynamic_file::DynamicFile;
use super::dynamic_file::DynamicFileKey;
use super::item;
use super::item::ItemType;
use super::item::MappedArn;
use super::item::ROLE;
use super::item::USER;
use super::mounted_file::MountedFile;
use crate::go::json::field;
use crate::go::yaml;
use crate::value::arn::Partition;

/// Where mappings come from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum BackendMode {
    /// `IAMIdentityMapping` objects.
    Crd,
    /// A JSON file.
    DynamicFile,
    /// The ConfigMap `aws-auth`.
    EksConfigMap,
    /// The configuration file itself.
    MountedFile,
}

impl BackendMode {
    /// Its name in configuration and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crd => "CRD",
            Self::DynamicFile => "DynamicFile",
            Self::EksConfigMap => "EKSConfigMap",
            Self::MountedFile => "MountedFile",
        }
    }

    /// The mode of that name; `File` and `ConfigMap` are old names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "CRD" => Some(Self::Crd),
            "DynamicFile" => Some(Self::DynamicFile),
            "ConfigMap" | "EKSConfigMap" => Some(Self::EksConfigMap),
            "File" | "MountedFile" => Some(Self::MountedFile),
            _ => None,
        }
    }
}

/// An authenticator that its operator configures, in place of the one that EKS runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct AuthenticatorConfig {
    /// The name that tokens must be for, where the file says it.
    pub cluster_id: Option<String>,
    /// Whose STS hosts tokens may name.
    pub partition: Partition,
    /// Who is asked, in this order.
    pub backends: Vec<BackendMode>,
    /// What the file itself maps.
    pub mounted_file: MountedFile,
    /// Where the dynamic file is, for whoever reads files.
    pub dynamic_file_path: Option<String>,
    /// How the dynamic file is looked up in.
    pub dynamic_file_key: DynamicFileKey,
    /// What the dynamic file maps, once it has been read.
    pub dynamic_file: DynamicFile,
    /// Accounts whose principals are kept out of the log.
    pub scrubbed_accounts: Vec<String>,
    /// What usernames of a backend must not begin with.
    pub reserved_prefixes: BTreeMap<BackendMode, Vec<String>>,
    /// Whether items with `sso` count (feature gate SSORoleMatch).
    pub sso_role_match: bool,
}

impl Default for AuthenticatorConfig {
    fn default() -> Self {
        Self {
            cluster_id: None,
            partition: Partition::Aws,
            backends: vec![BackendMode::MountedFile],
            mounted_file: MountedFile::default(),
            dynamic_file_path: None,
            dynamic_file_key: DynamicFileKey::Arn,
            dynamic_file: DynamicFile::default(),
            scrubbed_accounts: Vec::new(),
            reserved_prefixes: BTreeMap::new(),
            sso_role_match: false,
        }
    }
}

impl AuthenticatorConfig {
    /// Reads the file. The dynamic file that it may name is still to be read.
    ///
    /// # Errors
    /// [`ConfigError`], with upstream's text where upstream has one.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let value = yaml::to_json(text).map_err(ConfigError::Syntax)?;
        let server = field(&value, "server");
        for (name, value) in [("", &value), ("server", server)] {
            if !matches!(value, Value::Object(_) | Value::Null) {
                return Err(ConfigError::NoMapping { name });
            }
        }
        let string = |value: &Value, name: &str| scalar(field(value, name)).filter(|text| !text.is_empty());
        let partition = match string(server, "partition") {
            None => Partition::Aws,
            Some(name) => Partition::from_name(&name).ok_or(ConfigError::Partition { got: name })?,
        };
        let backends = match field(server, "backendMode") {
            Value::Null => vec![BackendMode::MountedFile],
            value => backend_modes(&strings(value))?,
        };
        let items = |name: &'static str, item_type: &ItemType| -> Result<Vec<MappedArn>, ConfigError> {
            match item::decode_list(field(server, name), item_type) {
                (items, None) => Ok(items),
                (_, Some(error)) => Err(ConfigError::Items { name, error }),
            }
        };
        let mounted_file = MountedFile::new(
            items("mapRoles", &ROLE)?,
            items("mapUsers", &USER)?,
            strings(field(server, "mapAccounts")),
        )
        .map_err(ConfigError::MountedFile)?;
        let dynamic_file_path = string(server, "dynamicfilepath");
        match (backends.contains(&BackendMode::DynamicFile), &dynamic_file_path) {
            (true, None) => return Err(ConfigError::DynamicFilePathMissing),
            (false, Some(_)) => return Err(ConfigError::DynamicFilePathUnused),
            _ => {}
        }
        let mut reserved_prefixes = BTreeMap::new();
        for entry in field(server, "reservedPrefixConfig").as_array().into_iter().flatten() {
            let name = string(entry, "backendmode").unwrap_or_default();
            if let Some(mode) = BackendMode::from_name(&name) {
                reserved_prefixes.insert(mode, strings(field(entry, "usernamePrefixReserveList")));
            }
        }
        let gates = field(&value, "feature-gates");
        Ok(Self {
            cluster_id: string(&value, "clusterID"),
            partition,
            backends,
            mounted_file,
            dynamic_file_path,
            dynamic_file_key: if is_true(field(server, "dynamicfileUserIDStrict")) {
                DynamicFileKey::UserId
            } else {
                DynamicFileKey::Arn
            },
            dynamic_file: DynamicFile::default(),
            scrubbed_accounts: strings(field(server, "scrubbedAccounts")),
            reserved_prefixes,
            sso_role_match: is_true(field(gates, "SSORoleMatch")),
        })
    }

    /// Whether a principal of that account may be named in the log.
    #[must_use]
    pub fn is_loggable(&self, account_id: &str) -> bool {
        !self.scrubbed_accounts.iter().any(|scrubbed| scrubbed == account_id)
    }
}

/// The settings that upstream reads (`cmd/aws-iam-authenticator` of 0.7.18), in lower case: it minds no case. `defaultRole` stands in
/// its example.
const SETTINGS: [&str; 15] = [
    "cache",
    "clusterid",
    "defaultrole",
    "externalid",
    "feature-gates",
    "forwardsessionname",
    "log-verbosity",
    "output",
    "partition",
    "region",
    "role",
    "server",
    "sessionname",
    "token",
    "tokenonly",
];
/// Those below `server`.
const SERVER_SETTINGS: [&str; 22] = [
    "address",
    "backendmode",
    "dynamicbackendmodepath",
    "dynamicfilepath",
    "dynamicfileuseridstrict",
    "ec2describeinstancesburst",
    "ec2describeinstancesqps",
    "generatekubeconfig",
    "hostname",
    "kubeconfig",
    "kubeconfigpregenerated",
    "mapaccounts",
    "maproles",
    "mapusers",
    "master",
    "metrics",
    "partition",
    "port",
    "reservedprefixconfig",
    "scrubbedaccounts",
    "sourcearn",
    "statedir",
];

/// The settings of a configuration file that nobody reads, such as `server.mapRole`: upstream passes over them without a word.
#[must_use]
pub fn unread_settings(text: &str) -> Vec<String> {
    let value = yaml::to_json(text).unwrap_or_default();
    let unread = |value: &Value, known: &[&str], prefix: &str| -> Vec<String> {
        let names = value.as_object().into_iter().flatten().map(|(name, _)| name);
        let unread = names.filter(|name| !known.contains(&name.to_lowercase().as_str()));
        unread.map(|name| format!("{prefix}{name}")).collect()
    };
    let mut all = unread(&value, &SETTINGS, "");
    all.extend(unread(field(&value, "server"), &SERVER_SETTINGS, "server."));
    all
}

/// The modes of those names, in order.
///
/// # Errors
/// [`ConfigError::BackendModes`].
pub fn backend_modes(names: &[String]) -> Result<Vec<BackendMode>, ConfigError> {
    let mut errors: Vec<String> = names
        .iter()
        .filter(|name| BackendMode::from_name(name).is_none())
        .map(|name| format!("backend-mode {} is not a valid mode", crate::value::log::go_quote(name)))
        .collect();
    let different: BTreeSet<&String> = names.iter().collect();
    if different.len() < names.len() {
        let list: Vec<String> = names.iter().map(|name| crate::value::log::go_quote(name)).collect();
        errors.push(format!("backend-mode [{}] has duplicates", list.join(" ")));
    }
    if names.is_empty() {
        errors.push("at least one backend-mode must be specified".to_owned());
    }
    if errors.is_empty() {
        Ok(names.iter().filter_map(|name| BackendMode::from_name(name)).collect())
    } else {
        Err(ConfigError::BackendModes { errors })
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

/// A list of texts; one text is split at commas, as flags are.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(scalar).collect(),
        Value::String(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value == "true"
}

/// A configuration with which upstream does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Names that are no backends.
    #[error("{}", match &errors[..] { [one] => one.clone(), many => format!("[{}]", many.join(", ")) })]
    BackendModes {
        /// Each thing that is wrong.
        errors: Vec<String>,
    },
    /// The backend is chosen, but not its file.
    #[error("dynamicfile is set in backend-mode but dynamicfilepath is not set")]
    DynamicFilePathMissing,
    /// The file is there, but the backend is not chosen.
    #[error("dynamicfile is not set in backend-mode but dynamicfilepath is set")]
    DynamicFilePathUnused,
    /// A list whose items do not decode.
    #[error("server.{name}: {error}")]
    Items {
        /// `mapRoles` or `mapUsers`.
        name: &'static str,
        /// The decoder's text.
        error: String,
    },
    /// An item that the MountedFile mapper refuses.
    #[error("backend-mode \"MountedFile\" creation failed: {0}")]
    MountedFile(String),
    /// The file, or its member of that name, is no mapping; upstream would take it for one without members.
    #[error("{}", match *name { "" => "it is no mapping of settings".to_owned(), name => format!("`{name}` is no mapping of settings") })]
    NoMapping {
        /// Empty for the file itself.
        name: &'static str,
    },
    /// No partition.
    #[error("invalid partition `{got}`")]
    Partition {
        /// The name as it came.
        got: String,
    },
    /// Broken YAML.
    #[error("{0}")]
    Syntax(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_example_is_read() {
        let config = AuthenticatorConfig::parse(
            "clusterID: my-dev-cluster.example.com\nserver:\n  mapRoles:\n  - roleARN: arn:aws:iam::000000000000:role/KubernetesAdmin\n    username: kubernetes-admin\n    groups:\n    - system:masters\n  - sso:\n      permissionSetName: Admin\n      accountID: \"000000000000\"\n    username: sso\n  mapUsers:\n  - userARN: arn:aws:iam::000000000000:user/Alice\n    username: alice\n  mapAccounts:\n  - \"012345678901\"\n  backendMode: MountedFile,EKSConfigMap\n  scrubbedAccounts: [\"111122223333\"]\n  reservedPrefixConfig:\n  - backendmode: EKSConfigMap\n    usernamePrefixReserveList: [\"system:\", \"eks:\"]\nfeature-gates:\n  SSORoleMatch: true\n",
        )
        .unwrap();
        assert_eq!(config.cluster_id.as_deref(), Some("my-dev-cluster.example.com"));
        assert_eq!(config.backends, [BackendMode::MountedFile, BackendMode::EksConfigMap]);
        let find = |arn: &str| {
            config
                .mounted_file
                .find(arn, config.sso_role_match)
                .map(|item| item.username.as_str())
        };
        assert_eq!(
            find("arn:aws:iam::000000000000:role/kubernetesadmin"),
            Some("kubernetes-admin")
        );
        assert_eq!(
            find("arn:aws:iam::000000000000:role/awsreservedsso_admin_01"),
            Some("sso")
        );
        assert_eq!(find("arn:aws:iam::000000000000:user/alice"), Some("alice"));
        assert!(config.mounted_file.is_account_allowed("012345678901"));
        assert!(!config.is_loggable("111122223333"));
        let prefixes = &config.reserved_prefixes[&BackendMode::EksConfigMap];
        assert_eq!(prefixes, &["system:", "eks:"]);
        assert_eq!(AuthenticatorConfig::parse("").unwrap(), AuthenticatorConfig::default());
    }

    #[test]
    fn settings_that_nobody_reads_are_known() {
        let text = "ClusterID: c\nserver: {mapRole: [], MapUsers: [], port: 1}\nservers: {}\n";
        assert_eq!(unread_settings(text), ["servers", "server.mapRole"]);
        assert!(unread_settings("[").is_empty());
    }

    #[track_caller]
    fn refused(text: &str, wanted: &str) {
        assert_eq!(AuthenticatorConfig::parse(text).unwrap_err().to_string(), wanted);
    }

    #[test]
    fn what_upstream_does_not_start_with_is_refused() {
        refused(
            "server: {backendMode: [Nothing]}",
            "backend-mode \"Nothing\" is not a valid mode",
        );
        refused(
            "server: {backendMode: [CRD, CRD]}",
            "backend-mode [\"CRD\" \"CRD\"] has duplicates",
        );
        refused(
            "server: {backendMode: []}",
            "at least one backend-mode must be specified",
        );
        refused(
            "server: {backendMode: [DynamicFile]}",
            "dynamicfile is set in backend-mode but dynamicfilepath is not set",
        );
        refused(
            "server: {dynamicfilepath: x}",
            "dynamicfile is not set in backend-mode but dynamicfilepath is set",
        );
        refused("server: {partition: moon}", "invalid partition `moon`");
        refused("hello", "it is no mapping of settings");
        refused("[server]", "it is no mapping of settings");
        refused("server: [mapRoles]", "`server` is no mapping of settings");
        refused(
            "server: {mapRoles: [{username: u}]}",
            "backend-mode \"MountedFile\" creation failed: one of rolearn or SSO must be supplied",
        );
        refused(
            "server: {mapUsers: 7}",
            "server.mapUsers: json: cannot unmarshal number into Go value of type []config.UserMapping",
        );
    }
}
