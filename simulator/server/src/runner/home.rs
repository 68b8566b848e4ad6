//! The home of a scenario's person: AWS configuration, kubeconfig, variables and PATH, and what steps do to them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use eks_auth_core::aws::identity_center::DEVICE_GRANT;
use eks_auth_core::aws::identity_center::Registration;
use eks_auth_core::aws::identity_center::SignInError;
use eks_auth_core::aws::identity_center::TokenRequest;
use eks_auth_core::aws::identity_center::token_cache_file;
use eks_auth_core::scenario;
use eks_auth_core::scenario::FileContent;
use eks_auth_core::scenario::HomeFile;
use eks_auth_core::scenario::Placeholder;
use eks_auth_core::scenario::Step;
use eks_auth_core::scenario::Template;
use serde_json::Value;
use serde_json::json;

use super::Clients;
use super::RunError;
use super::place::PlaceError;
use super::place::Places;
use crate::environment;
use crate::environment::profile::ClientConfig;
use crate::environment::profile::Credentials;
use crate::simulator::Running;
use crate::simulator::StartError;
use crate::state::private_file;

/// Folders of PATH without some programs are made for each set of them.
const SHADOWS: &str = "shadow";
/// Links to the clients that PATH does not lead to.
const CLIENTS: &str = "clients";

/// The person's home in a running simulator.
pub(crate) struct Home<'a> {
    running: &'a Running,
    folder: PathBuf,
    /// First on PATH: the simulator itself, and what else the person is given.
    bin: PathBuf,
    env: BTreeMap<String, String>,
    hide: Vec<String>,
    saved: BTreeMap<String, String>,
    /// What was filled in that no transcript may show.
    secrets: Mutex<BTreeSet<String>>,
}

impl<'a> Home<'a> {
    /// Recreates the home: what was in it is gone.
    ///
    /// # Errors
    /// [`RunError`] when a file cannot be written.
    pub(crate) fn new(running: &'a Running, own: &scenario::Home, clients: &Clients) -> Result<Self, RunError> {
        let folder = running.dir().join("home");
        let bin = running.dir().join("bin");
        if folder.exists() {
            empty(&folder)?;
        }
        for made in [&folder, &folder.join(".aws"), &folder.join(".kube"), &bin] {
            private_file::make_private_folder(made)?;
        }
        let link = bin.join("eks-auth-sim");
        if !link.exists() {
            symlink(env::current_exe()?, link)?;
        }
        let mut home = Self {
            running,
            folder,
            bin,
            env: variables(running, clients)?,
            hide: own.hide.clone(),
            saved: BTreeMap::new(),
            secrets: Mutex::default(),
        };
        home.write_usual_files(clients)?;
        for (name, value) in &own.env {
            let value = home.fill(value)?;
            home.env.insert(name.clone(), value);
        }
        for file in &own.files {
            home.change_file(file)?;
        }
        Ok(home)
    }

    /// The files that every scenario begins with, where the clients look for them.
    fn write_usual_files(&mut self, clients: &Clients) -> Result<(), RunError> {
        self.env.insert("HOME".to_owned(), self.folder.display().to_string());
        for (variable, path) in [
            ("AWS_CONFIG_FILE", ".aws/config"),
            ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
            ("KUBECONFIG", ".kube/config"),
        ] {
            let path = self.folder.join(path);
            match (variable, self.running.clusters().first()) {
                ("KUBECONFIG", Some(cluster)) => {
                    let authority = fs::read_to_string(self.running.ca_bundle())?;
                    let plugin = environment::plugin(cluster, clients.aws.is_some())?;
                    let kubeconfig = environment::kubeconfig_with(cluster, &authority, plugin, &[]);
                    private_file::write_private(&path, &environment::yaml(&kubeconfig)?)?;
                }
                ("KUBECONFIG", None) => {}
                _ => {
                    let text = fs::read_to_string(self.env.get(variable).map(String::as_str).unwrap_or_default())?;
                    private_file::write_private(&path, &text)?;
                }
            }
            self.env.insert(variable.to_owned(), path.display().to_string());
        }
        self.env.remove("AWS_DEFAULT_PROFILE");
        Ok(())
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder that is first on PATH.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// The variables of a shell in this home.
    pub(crate) fn shell_env(&self) -> Result<BTreeMap<String, String>, RunError> {
        let mut env = self.env.clone();
        env.insert("PATH".to_owned(), self.path(&[])?);
        Ok(env)
    }

    /// The variables of a step.
    pub(crate) fn step_env(&self, step: &Step) -> Result<BTreeMap<String, String>, RunError> {
        let mut env = self.env.clone();
        if let Some(profile) = &step.profile {
            env.insert("AWS_PROFILE".to_owned(), profile.clone());
        }
        for (name, value) in &step.env {
            match value {
                Some(value) => env.insert(name.clone(), self.fill(value)?),
                None => env.remove(name),
            };
        }
        if !step.env.contains_key("PATH") {
            env.insert("PATH".to_owned(), self.path(&step.hide)?);
        }
        Ok(env)
    }

    /// PATH with the own folder first, and without the hidden programs.
    fn path(&self, also_hidden: &[String]) -> Result<String, RunError> {
        let hidden: BTreeSet<&str> = self.hide.iter().chain(also_hidden).map(String::as_str).collect();
        let mut folders = vec![self.bin.clone()];
        for (at, folder) in env::split_paths(self.env.get("PATH").map_or("", String::as_str)).enumerate() {
            if folder == self.bin {
                continue;
            }
            if hidden.iter().any(|name| folder.join(name).exists()) {
                folders.push(self.shadow(at, &folder, &hidden)?);
            } else {
                folders.push(folder);
            }
        }
        let path: OsString = env::join_paths(folders).map_err(io::Error::other)?;
        path.into_string()
            .map_err(|_| io::Error::other("PATH is no Unicode").into())
    }

    /// A folder with links to all programs of another but the hidden ones.
    fn shadow(&self, at: usize, folder: &Path, hidden: &BTreeSet<&str>) -> io::Result<PathBuf> {
        let names: Vec<&str> = hidden.iter().copied().collect();
        let shadow = self
            .running
            .dir()
            .join(SHADOWS)
            .join(format!("{at}-{}", names.join("-")));
        if shadow.exists() {
            return Ok(shadow);
        }
        private_file::make_private_folder(&shadow)?;
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            if !names.iter().any(|hidden| name == **hidden) {
                symlink(folder.join(&name), shadow.join(&name))?;
            }
        }
        Ok(shadow)
    }

    /// The text of a template now.
    ///
    /// # Errors
    /// [`RunError`] when the files that it needs cannot be read.
    pub(crate) fn fill(&self, template: &Template) -> Result<String, RunError> {
        template.fill(|place| self.value(place))
    }

    fn value(&self, place: &Placeholder) -> Result<String, RunError> {
        let places = Places {
            clusters: &self.running.clusters(),
            aws_endpoint: &self.running.aws_endpoint(),
            authority: self.running.authority_pem(),
            home: &self.folder.display().to_string(),
            now: self.running.state().clients_now(),
        };
        let saved = |name: &str| Ok(self.saved.get(name).cloned().unwrap_or_default());
        let value = places.value(place, |profile| self.staged(profile), saved)?;
        let is_secret = matches!(
            place,
            Placeholder::Saved(_) | Placeholder::Secret(_) | Placeholder::SessionToken(_) | Placeholder::Token { .. }
        );
        if is_secret {
            let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
            secrets.insert(value.clone());
        }
        Ok(value)
    }

    /// What a profile held when the scenario was staged, whatever became of the files since.
    fn staged(&self, profile: &str) -> Result<Credentials, PlaceError> {
        let env = self.running.env();
        ClientConfig::load(env, Some(profile))
            .ok()
            .and_then(|config| config.own_credentials(profile))
            .ok_or_else(|| PlaceError::NoKey(profile.to_owned()))
    }

    /// Does to a file what a person would do in an editor.
    ///
    /// # Errors
    /// [`RunError`] when it cannot be done, or the text to be replaced is not there.
    pub(crate) fn change_file(&self, file: &HomeFile) -> Result<(), RunError> {
        let path = self.folder.join(&file.path);
        match &file.content {
            FileContent::Absent => {
                if path.exists() {
                    fs::remove_file(&path)?;
                }
            }
            FileContent::Text(text) => {
                if let Some(folder) = path.parent() {
                    private_file::make_private_folder(folder)?;
                }
                private_file::write_private(&path, &self.fill(text)?)?;
            }
            FileContent::Replaced { from, to } => {
                let text = fs::read_to_string(&path)?;
                if !text.contains(from.as_str()) {
                    let (file, text) = (file.path.clone(), from.clone());
                    return Err(PlaceError::NoText { file, text }.into());
                }
                private_file::write_private(&path, text.replace(from.as_str(), &self.fill(to)?))?;
            }
        }
        Ok(())
    }

    /// Sets variables from now on, or takes them away.
    ///
    /// # Errors
    /// Those of [`Self::fill`].
    pub(crate) fn set_env(&mut self, variables: &BTreeMap<String, Option<Template>>) -> Result<(), RunError> {
        for (name, value) in variables {
            match value {
                Some(value) => {
                    let value = self.fill(value)?;
                    self.env.insert(name.clone(), value);
                }
                None => {
                    self.env.remove(name);
                }
            }
        }
        Ok(())
    }

    /// Takes the variables of the person's own shell in place of those that the home began with.
    pub(crate) fn adopt_env(&mut self, env: BTreeMap<String, String>) {
        self.env = env;
    }

    /// Puts the access key that `aws iam create-access-key` printed into a profile. Output without a key is a fault that the
    /// step's own patterns tell.
    pub(crate) fn save_key(&self, profile: &str, output: &str) -> Result<(), RunError> {
        let answer: Value = serde_json::from_str(output).unwrap_or_default();
        let field = |name: &str| answer.pointer(&format!("/AccessKey/{name}")).and_then(Value::as_str);
        if let (Some(id), Some(secret)) = (field("AccessKeyId"), field("SecretAccessKey")) {
            let path = self.folder.join(".aws/credentials");
            let text = fs::read_to_string(&path)?;
            private_file::write_private(&path, environment::with_key(&text, profile, id, secret))?;
        }
        Ok(())
    }

    /// Keeps what a step saves.
    pub(crate) fn save(&mut self, step: &Step, stdout: &str) {
        for save in &step.save {
            let value = match &save.json {
                None => stdout.trim().to_owned(),
                Some(pointer) => {
                    let answer: Value = serde_json::from_str(stdout).unwrap_or_default();
                    match answer.pointer(pointer) {
                        Some(Value::String(text)) => text.clone(),
                        Some(other) => other.to_string(),
                        None => String::new(),
                    }
                }
            };
            self.saved.insert(save.name.clone(), value);
        }
    }

    /// Signs a user of Identity Center in, and puts the token where the AWS CLI and the SDKs keep it.
    ///
    /// # Errors
    /// [`RunError`] when the profile has no SSO session or the sign-in is refused.
    pub(crate) fn sign_in(&self, profile: &str, user: &str) -> Result<(), RunError> {
        let refused = |error| RunError::SignIn {
            user: user.to_owned(),
            error,
        };
        let session = ClientConfig::load(self.env.clone(), Some(profile))
            .ok()
            .and_then(|config| config.sso_session(profile))
            .ok_or_else(|| refused(SignInFailure::NoSession(profile.to_owned())))?;
        let now = self.running.state().now();
        let clients_now = self.running.state().clients_now();
        let kept = self.running.state().change(|world| {
            let center = world.identity_center.as_mut().ok_or(SignInFailure::NoIdentityCenter)?;
            let ids = &mut world.ids;
            let registration = Registration {
                client_type: "public".to_owned(),
                scopes: vec!["sso:account:access".to_owned()],
                ..Registration::default()
            };
            let client = center.register(registration, ids, now)?;
            let url = center.start_url.clone();
            let device = center.start_device(&client.id, client.secret.expose(), &url, ids, now)?;
            center.approve(&device.user_code, Some(user), now)?;
            let request = TokenRequest {
                client_id: &client.id,
                client_secret: client.secret.expose(),
                grant_type: DEVICE_GRANT,
                device_code: device.device_code.expose(),
                ..TokenRequest::default()
            };
            let token = center.token(request, ids, now)?;
            Ok::<_, SignInFailure>(json!({
                "startUrl": url,
                "region": center.region,
                "accessToken": token.access.expose(),
                "expiresAt": clients_now.plus_seconds(token.expires_in).render_rfc3339(),
                "clientId": client.id,
                "clientSecret": client.secret.expose(),
                "registrationExpiresAt": client.expires.render_rfc3339(),
                "refreshToken": token.refresh.as_ref().map(eks_auth_core::aws::iam::SessionToken::expose),
            }))
        });
        let kept = kept.map_err(StartError::from)?.map_err(refused)?;
        let folder = self.folder.join(".aws/sso/cache");
        private_file::make_private_folder(&folder)?;
        private_file::write_private(&folder.join(token_cache_file(&session)), kept.to_string())?;
        Ok(())
    }

    /// Output without secrets: of new credentials, and of what was filled in.
    pub(crate) fn redact(&self, output: &str) -> String {
        let mut output = redact_fields(output);
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        // Short values, such as a saved number, are no secrets.
        for secret in secrets.iter().filter(|secret| secret.len() >= 20) {
            output = output.replace(secret.as_str(), "[redacted]");
        }
        output
    }
}

/// Why a user of Identity Center cannot sign in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInFailure {
    /// The profile is of no Identity Center.
    #[error("profile `{0}` has no sso_session")]
    NoSession(String),
    /// There is no Identity Center.
    #[error("the world has no Identity Center")]
    NoIdentityCenter,
    /// It refuses a step of the sign-in.
    #[error(transparent)]
    Refused(#[from] SignInError),
}

/// Removes what is in a home, but for what a shell reads and writes there. The folder itself stays: a shell may be in it.
fn empty(folder: &Path) -> io::Result<()> {
    const SHELLS_OWN: [&str; 4] = [".bash_history", ".bashrc", ".shrc", ".zshrc"];
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if SHELLS_OWN.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The variables of this process, with those that lead clients to the simulator in place of what leads elsewhere, and with
/// the clients on PATH that it does not lead to.
fn variables(running: &Running, clients: &Clients) -> io::Result<BTreeMap<String, String>> {
    let mut env: BTreeMap<String, String> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !environment::UNSET.contains(&name.as_str()))
        .collect();
    // A folder whose name is no Unicode is left out of PATH, not PATH with it.
    if let Some(path) = env::var_os("PATH")
        && path.to_str().is_none()
    {
        let folders = env::split_paths(&path).filter(|folder| folder.to_str().is_some());
        let folders = env::join_paths(folders).map_err(io::Error::other)?;
        env.insert("PATH".to_owned(), folders.to_string_lossy().into_owned());
    }
    env.extend(running.env());
    let folder = running.dir().join(CLIENTS);
    for (name, path) in clients.beside_path() {
        private_file::make_private_folder(&folder)?;
        let link = folder.join(name);
        if !link.exists() {
            symlink(path, link)?;
        }
        let path = env.entry("PATH".to_owned()).or_default();
        let folders = env::split_paths(path.as_str()).filter(|known| *known != folder);
        let folders = env::join_paths(std::iter::once(folder.clone()).chain(folders)).map_err(io::Error::other)?;
        *path = folders
            .into_string()
            .map_err(|_| io::Error::other("PATH is no Unicode"))?;
    }
    Ok(env)
}

/// Output without the secrets of new credentials.
fn redact_fields(output: &str) -> String {
    let lines: Vec<String> = output
        .lines()
        .map(|line| {
            let secret = ["\"SecretAccessKey\": ", "\"SessionToken\": ", "\"token\": "]
                .into_iter()
                .find(|name| line.trim_start().starts_with(name));
            match secret.and_then(|name| line.split_once(name)) {
                Some((indent, value)) => {
                    let name = secret.unwrap_or_default();
                    let comma = if value.trim_end().ends_with(',') { "," } else { "" };
                    format!("{indent}{name}\"[redacted]\"{comma}")
                }
                None => line.to_owned(),
            }
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let output = "{\n    \"AccessKeyId\": \"AKIA\",\n    \"SecretAccessKey\": \"abc\",\n    \"x\": 1\n}";
        assert_eq!(
            redact_fields(output),
            "{\n    \"AccessKeyId\": \"AKIA\",\n    \"SecretAccessKey\": \"[redacted]\",\n    \"x\": 1\n}"
        );
    }
}
