//! The AWS client configuration of the environment: which credentials a command acts with, as the AWS CLI finds them.
//!
//! Static keys and `role_arn` with `source_profile`; SSO, processes and instance metadata are not there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use eks_auth_core::aws::iam::SecretKey;
use eks_auth_core::aws::iam::SessionToken;
use eks_auth_core::aws::sigv4::Signer;
use eks_auth_core::explain::ClientContext;
use eks_auth_core::explain::ClientProfile;
use eks_auth_core::value::arn::Partition;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::world::token;
use serde_json::Value;

use crate::net::client;

/// Source profiles may name further source profiles; AWS refuses loops, we refuse depth.
const CHAIN_LIMIT: usize = 8;

/// What signs.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: SecretKey,
    /// Present for temporary credentials.
    pub session_token: Option<SessionToken>,
}

impl Credentials {
    /// What signs with them, for a service and a region.
    #[must_use]
    pub fn signer<'a>(&'a self, service: &'a str, region: &'a str, now: Timestamp) -> Signer<'a> {
        Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: self.session_token.as_ref(),
            region,
            service,
            now,
        }
    }

    /// A token for `cluster`, naming `endpoint` or else the region's own STS.
    #[must_use]
    pub fn bearer_token(&self, region: &str, endpoint: Option<&str>, cluster: &str, now: Timestamp) -> String {
        let endpoint = endpoint.map_or_else(
            || format!("https://{}", Partition::of_region(region).sts_host(region)),
            |endpoint| endpoint.trim_end_matches('/').to_owned(),
        );
        token::sign(&self.signer("sts", region, now), &endpoint, cluster)
    }
}

/// The configuration that a command sees: its environment and the two files that it names.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    env: BTreeMap<String, String>,
    config: Ini,
    credentials: Ini,
    profile: Option<String>,
}

type Section = BTreeMap<String, String>;

#[derive(Clone, Debug, Default)]
struct Ini(BTreeMap<String, Section>);

impl ClientConfig {
    /// Reads the files that `env` names, or those in the home folder. `profile` is a `--profile` argument, which comes
    /// before keys in the environment; `AWS_PROFILE` comes after them.
    ///
    /// # Errors
    /// [`ProfileError::Unreadable`] when a file is there but cannot be read.
    pub fn load(env: BTreeMap<String, String>, profile: Option<&str>) -> Result<Self, ProfileError> {
        let path = |variable: &str, name: &str| {
            env.get(variable).map(PathBuf::from).or_else(|| {
                let home = env.get("HOME")?;
                Some(PathBuf::from(home).join(".aws").join(name))
            })
        };
        let config = Ini::load(path("AWS_CONFIG_FILE", "config"))?;
        let credentials = Ini::load(path("AWS_SHARED_CREDENTIALS_FILE", "credentials"))?;
        Ok(Self {
            config,
            credentials,
            profile: profile.map(str::to_owned),
            env,
        })
    }

    /// The region: the environment's, else the profile's.
    #[must_use]
    pub fn region(&self) -> Option<String> {
        ["AWS_REGION", "AWS_DEFAULT_REGION"]
            .iter()
            .find_map(|name| self.variable(name))
            .or_else(|| self.setting(&self.profile_name(), "region"))
    }

    fn region_or_default(&self) -> String {
        self.region().unwrap_or_else(|| "us-east-1".to_owned())
    }

    /// The endpoint that takes the place of AWS's own for STS, if one is set.
    #[must_use]
    pub fn sts_endpoint(&self) -> Option<String> {
        ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]
            .iter()
            .find_map(|name| self.variable(name))
            .or_else(|| self.setting(&self.profile_name(), "endpoint_url"))
    }

    /// The credentials to act with; a role is assumed through the configured endpoint.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn credentials(&self, now: Timestamp) -> Result<Credentials, ProfileError> {
        if self.profile.is_none()
            && let (Some(id), Some(secret)) = (
                self.variable("AWS_ACCESS_KEY_ID"),
                self.variable("AWS_SECRET_ACCESS_KEY"),
            )
        {
            return Ok(Credentials {
                access_key_id: id,
                secret: SecretKey::new(secret),
                session_token: self.variable("AWS_SESSION_TOKEN").map(SessionToken::new),
            });
        }
        self.profile_credentials(&self.profile_name(), now, CHAIN_LIMIT)
    }

    /// The static keys of a profile, whatever the environment says.
    pub(crate) fn own_credentials(&self, profile: &str) -> Option<Credentials> {
        self.static_credentials(profile)
    }

    /// The `sso_session` of a profile.
    pub(crate) fn sso_session(&self, profile: &str) -> Option<String> {
        self.setting(profile, "sso_session")
    }

    /// What of it explains which credentials a client acts with; no secret.
    #[must_use]
    pub fn client_context(&self) -> ClientContext {
        let names: BTreeSet<&String> = self.config.0.keys().chain(self.credentials.0.keys()).collect();
        let profiles = names.into_iter().map(|name| ClientProfile {
            name: name.clone(),
            access_key_id: self.setting(name, "aws_access_key_id"),
            role_arn: self.setting(name, "role_arn"),
            source_profile: self.setting(name, "source_profile"),
            external_id: self.setting(name, "external_id"),
            session_name: self.setting(name, "role_session_name"),
            wants_mfa: self.setting(name, "mfa_serial").is_some(),
        });
        ClientContext {
            environment_key: self
                .variable("AWS_ACCESS_KEY_ID")
                .filter(|_| self.variable("AWS_SECRET_ACCESS_KEY").is_some()),
            chosen_profile: self
                .variable("AWS_PROFILE")
                .or_else(|| self.variable("AWS_DEFAULT_PROFILE")),
            // Sections of other kinds have neither.
            profiles: profiles
                .filter(|profile| profile.access_key_id.is_some() || profile.role_arn.is_some())
                .collect(),
        }
    }

    /// Assumes a role with `credentials`.
    ///
    /// # Errors
    /// [`ProfileError::NoEndpoint`] where only real AWS could be asked; [`ProfileError::AssumeRole`] with its answer.
    pub fn assume_role(
        &self,
        credentials: &Credentials,
        role_arn: &str,
        session_name: &str,
        external_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Credentials, ProfileError> {
        let endpoint = self.sts_endpoint().ok_or(ProfileError::NoEndpoint)?;
        let mut form = vec![
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", role_arn),
            ("RoleSessionName", session_name),
        ];
        form.extend(external_id.map(|id| ("ExternalId", id)));
        let answer = self.call("sts", &endpoint, credentials, &form, now)?;
        let body = String::from_utf8_lossy(&answer.body);
        let field = |name: &str| xml_text(&body, name);
        match (
            answer.status,
            field("AccessKeyId"),
            field("SecretAccessKey"),
            field("SessionToken"),
        ) {
            (200, Some(id), Some(secret), Some(token)) => Ok(Credentials {
                access_key_id: id,
                secret: SecretKey::new(secret),
                session_token: Some(SessionToken::new(token)),
            }),
            _ => Err(ProfileError::AssumeRole {
                code: field("Code").unwrap_or_else(|| answer.status.to_string()),
                message: field("Message").unwrap_or_default(),
            }),
        }
    }

    /// Posts a signed form to a service of the query protocol, `sts` or `iam`.
    ///
    /// # Errors
    /// [`ProfileError::Io`].
    pub fn call(
        &self,
        service: &str,
        endpoint: &str,
        credentials: &Credentials,
        form: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<client::Answer, ProfileError> {
        let body = encode_form(form);
        Ok(client::send_signed(
            client::ServerAddress::plain(endpoint)?,
            &credentials.signer(service, &self.region_or_default(), now),
            &client::Request {
                method: "POST",
                path_and_query: "/",
                headers: &[(
                    "content-type".to_owned(),
                    "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
                )],
                body: body.as_bytes(),
            },
        )?)
    }

    fn profile_credentials(&self, name: &str, now: Timestamp, depth: usize) -> Result<Credentials, ProfileError> {
        let no_credentials = || ProfileError::NoCredentials { name: name.to_owned() };
        if !self.config.0.contains_key(name) && !self.credentials.0.contains_key(name) {
            return Err(if name == "default" {
                no_credentials()
            } else {
                ProfileError::NotFound { name: name.to_owned() }
            });
        }
        if let Some(role_arn) = self.setting(name, "role_arn") {
            let source = self.setting(name, "source_profile").ok_or_else(no_credentials)?;
            let left = depth.checked_sub(1).ok_or_else(no_credentials)?;
            let credentials = if source == name {
                self.static_credentials(name).ok_or_else(no_credentials)?
            } else {
                self.profile_credentials(&source, now, left)?
            };
            let session = self
                .setting(name, "role_session_name")
                .unwrap_or_else(|| format!("eks-auth-sim-{}", now.unix_seconds()));
            let external_id = self.setting(name, "external_id");
            return self.assume_role(&credentials, &role_arn, &session, external_id.as_deref(), now);
        }
        self.static_credentials(name).ok_or_else(no_credentials)
    }

    fn static_credentials(&self, name: &str) -> Option<Credentials> {
        Some(Credentials {
            access_key_id: self.setting(name, "aws_access_key_id")?,
            secret: SecretKey::new(self.setting(name, "aws_secret_access_key")?),
            session_token: self.setting(name, "aws_session_token").map(SessionToken::new),
        })
    }

    fn profile_name(&self) -> String {
        self.profile
            .clone()
            .or_else(|| self.variable("AWS_PROFILE"))
            .or_else(|| self.variable("AWS_DEFAULT_PROFILE"))
            .unwrap_or_else(|| "default".to_owned())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn setting(&self, profile: &str, name: &str) -> Option<String> {
        let of = |ini: &Ini| ini.0.get(profile)?.get(name).cloned();
        of(&self.credentials).or_else(|| of(&self.config))
    }
}

impl Ini {
    fn load(path: Option<PathBuf>) -> Result<Self, ProfileError> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ProfileError::Unreadable { path, source }),
        }
    }

    /// Sections and their settings; indented lines (nested settings) and comments are passed over.
    fn parse(text: &str) -> Self {
        let mut sections: BTreeMap<String, Section> = BTreeMap::new();
        let mut current = None;
        for line in text.lines() {
            if let Some(name) = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let name = name.trim();
                let name = name.strip_prefix("profile ").map_or(name, str::trim);
                current = Some(sections.entry(name.to_owned()).or_default());
            } else if line.starts_with([' ', '\t', '#', ';']) {
            } else if let (Some(section), Some((name, value))) = (&mut current, line.split_once('=')) {
                section.insert(name.trim().to_lowercase(), value.trim().to_owned());
            }
        }
        Self(sections)
    }
}

/// The environment of the exec plugin of kubectl, where `env` is that of kubectl: the kubeconfig's own variables come on top.
/// A kubeconfig that is not there or has no plugin adds none.
#[must_use]
pub fn plugin_environment(env: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut env = env.clone();
    let path = env
        .get("KUBECONFIG")
        .cloned()
        .or_else(|| Some(format!("{}/.kube/config", env.get("HOME")?)));
    let text = path.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let kubeconfig: Value = serde_saphyr::from_str(&text).unwrap_or_default();
    let find = |list: &str, name: &Value| {
        let items = kubeconfig.get(list).and_then(Value::as_array)?;
        items.iter().find(|item| item.get("name") == Some(name)).cloned()
    };
    let user = kubeconfig
        .get("current-context")
        .and_then(|context| find("contexts", context)?.pointer("/context/user").cloned())
        .and_then(|user| find("users", &user));
    let variables = user
        .as_ref()
        .and_then(|user| user.pointer("/user/exec/env"))
        .and_then(Value::as_array);
    for variable in variables.into_iter().flatten() {
        let text = |name| variable.get(name).and_then(Value::as_str);
        if let (Some(name), Some(value)) = (text("name"), text("value")) {
            env.insert(name.to_owned(), value.to_owned());
        }
    }
    env
}

/// Encodes pairs as forms are encoded.
#[must_use]
pub fn encode_form(pairs: &[(&str, &str)]) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// The text of the first element of that name in one of the simulator's own documents.
#[must_use]
pub fn xml_text(document: &str, name: &str) -> Option<String> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(quick_xml::escape::unescape(text).ok()?.into_owned())
}

/// Why there are no credentials. The first two texts are botocore's.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// STS refused.
    #[error("An error occurred ({code}) when calling the AssumeRole operation: {message}")]
    AssumeRole {
        /// The error code.
        code: String,
        /// Its message.
        message: String,
    },
    /// The simulator cannot be reached.
    #[error("cannot reach the STS endpoint: {0}")]
    Io(#[from] io::Error),
    /// The profile has neither keys nor a role.
    #[error(
        "profile `{name}` has no credentials; give it aws_access_key_id and aws_secret_access_key, or role_arn and source_profile"
    )]
    NoCredentials {
        /// The profile.
        name: String,
    },
    /// Only real AWS could be asked.
    #[error("a role is assumed through the simulator only; set AWS_ENDPOINT_URL, or endpoint_url in the profile")]
    NoEndpoint,
    /// There is no such profile.
    #[error("The config profile ({name}) could not be found")]
    NotFound {
        /// The profile.
        name: String,
    },
    /// A file is there but cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_of(text: &str) -> ClientConfig {
        ClientConfig {
            env: BTreeMap::new(),
            config: Ini::parse(text),
            credentials: Ini::default(),
            profile: None,
        }
    }

    #[test]
    fn profiles_are_read_as_the_aws_cli_reads_them() {
        let config = config_of(
            "# c\n[default]\nregion = us-west-2\ns3 =\n  region = nested\n[profile a b]\naws_access_key_id=AKIA\nAWS_SECRET_ACCESS_KEY = x=y\n",
        );
        assert_eq!(config.region().unwrap(), "us-west-2");
        let credentials = config.profile_credentials("a b", Timestamp::UNIX_EPOCH, 1).unwrap();
        assert_eq!(
            (credentials.access_key_id.as_str(), credentials.secret.expose()),
            ("AKIA", "x=y")
        );
    }

    #[test]
    fn the_client_context_has_ids_and_no_secrets() {
        let mut config = config_of(
            "[default]\nregion = r\n[profile dev]\nrole_arn = arn\nsource_profile = key\n[sso-session s]\nsso_region = r\n",
        );
        config.credentials = Ini::parse("[key]\naws_access_key_id = AKIA\naws_secret_access_key = hidden\n");
        let profile = |name: &str, key: Option<&str>, role: Option<&str>| ClientProfile {
            name: name.to_owned(),
            access_key_id: key.map(str::to_owned),
            role_arn: role.map(str::to_owned),
            source_profile: role.map(|_| "key".to_owned()),
            ..ClientProfile::default()
        };
        let mut wanted = ClientContext {
            environment_key: None,
            chosen_profile: None,
            profiles: vec![profile("dev", None, Some("arn")), profile("key", Some("AKIA"), None)],
        };
        assert_eq!(config.client_context(), wanted);
        let variables = [
            ("AWS_ACCESS_KEY_ID", "ASIA"),
            ("AWS_PROFILE", "dev"),
            ("AWS_SESSION_TOKEN", "t"),
        ];
        config.env = variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        // A key without its secret is not used.
        wanted.chosen_profile = Some("dev".to_owned());
        assert_eq!(config.client_context(), wanted);
        config
            .env
            .insert("AWS_SECRET_ACCESS_KEY".to_owned(), "hidden".to_owned());
        wanted.environment_key = Some("ASIA".to_owned());
        assert_eq!(config.client_context(), wanted);
    }

    #[test]
    fn source_profiles_that_go_round_are_refused() {
        let config =
            config_of("[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=r\nsource_profile=a\n");
        let error = config
            .profile_credentials("a", Timestamp::UNIX_EPOCH, CHAIN_LIMIT)
            .unwrap_err();
        assert!(matches!(error, ProfileError::NoCredentials { .. }), "{error}");
        let error = config
            .profile_credentials("nope", Timestamp::UNIX_EPOCH, 1)
            .unwrap_err();
        assert_eq!(error.to_string(), "The config profile (nope) could not be found");
    }
}
