//! IAM Identity Center: who may sign in, which roles wait for them, and the sign-ins that are under way.
//!
//! A client registers, asks for a device code or sends its user's browser for an authorization code, somebody approves,
//! and the client changes the code for a token, with which the portal gives out credentials of roles.
//!
//! Source: botocore's models of sso-oidc and sso (2019-06-10), RFC 8628 (device codes), RFC 7636 (PKCE), IAM Identity
//! Center User Guide, "Referencing permission sets in resource policies" for the roles' names. FIDELITY: the texts
//! beside the error codes are partly ours, as is the form of codes and tokens; scopes are kept and decide nothing.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::aws::iam::AccessKey;
use crate::aws::iam::Directory;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::SessionFacts;
use crate::aws::iam::SessionToken;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// A registration lasts 90 days.
const REGISTRATION_SECONDS: i64 = 90 * 86_400;
/// Ten minutes to approve.
const DEVICE_SECONDS: i64 = 600;
/// Between two questions of a client that waits; RFC 8628 would have 5 where nothing is said.
const INTERVAL_SECONDS: i64 = 1;
/// Ten minutes to change an authorization code for a token (RFC 6749, 4.1.2).
const CODE_SECONDS: i64 = 600;
/// The life of an access token: 8 hours.
const TOKEN_SECONDS: i64 = 28_800;
/// The scope that gives refresh tokens (AWS CLI User Guide, "sso_registration_scopes").
const REFRESH_SCOPE: &str = "sso:account:access";
/// The newest registrations, sign-ins and tokens that are kept of each kind.
const KEPT: usize = 200;

/// The grant types that a client may name.
pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// An instance of Identity Center.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct IdentityCenter {
    /// Where it is at home.
    pub region: String,
    /// Where people begin, such as `https://d-1234567890.awsapps.com/start`.
    pub start_url: String,
    /// Who may sign in.
    pub users: Vec<CenterUser>,
    /// Who may act as which role.
    pub assignments: Vec<Assignment>,
    clients: Vec<Client>,
    devices: Vec<Device>,
    codes: Vec<Code>,
    tokens: Vec<Token>,
}

/// A person in the directory of Identity Center, who is no IAM user.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CenterUser {
    /// The user name, which is also the name of its sessions.
    pub name: String,
    /// The mail address.
    pub email: String,
}

/// A permission set of an account that a user has.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// The user's name.
    pub user: String,
    /// The account.
    pub account: AccountId,
    /// The permission set's name.
    pub permission_set: String,
    /// The role that it is in the account, without path.
    pub role_name: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Client {
    id: String,
    secret: SessionToken,
    expires: Timestamp,
    redirect_uris: Vec<String>,
    scopes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Device {
    code: SessionToken,
    user_code: String,
    client_id: String,
    expires: Timestamp,
    asked: Option<Timestamp>,
    approved_by: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Code {
    code: SessionToken,
    client_id: String,
    redirect_uri: String,
    challenge: String,
    expires: Timestamp,
    user: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Token {
    access: SessionToken,
    refresh: Option<SessionToken>,
    client_id: String,
    client_expires: Timestamp,
    expires: Timestamp,
    user: String,
}

/// What a client tells of itself.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// `clientType`; only `public` is there.
    pub client_type: String,
    /// `scopes`.
    pub scopes: Vec<String>,
    /// `redirectUris`.
    pub redirect_uris: Vec<String>,
}

/// A client's id and secret.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: SessionToken,
    /// When the registration ends.
    pub expires: Timestamp,
}

/// A sign-in that waits for approval.
#[derive(Clone, Debug)]
pub struct DeviceAuthorization {
    /// What the client asks with.
    pub device_code: SessionToken,
    /// What people see and approve.
    pub user_code: String,
    /// Seconds until it ends.
    pub expires_in: i64,
    /// Seconds between two questions.
    pub interval: i64,
}

/// A sign-in that waits, as those see it who approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingSignIn {
    /// What people see.
    pub user_code: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// What a client asks a token for.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenRequest<'a> {
    /// `clientId`.
    pub client_id: &'a str,
    /// `clientSecret`.
    pub client_secret: &'a str,
    /// `grantType`.
    pub grant_type: &'a str,
    /// `deviceCode`.
    pub device_code: &'a str,
    /// `code`.
    pub code: &'a str,
    /// `codeVerifier`.
    pub code_verifier: &'a str,
    /// `redirectUri`.
    pub redirect_uri: &'a str,
    /// `refreshToken`.
    pub refresh_token: &'a str,
}

/// The file of `~/.aws/sso/cache` in which the AWS CLI and the SDKs keep the token of an `sso_session` (botocore
/// `utils.py`, SSOTokenLoader).
#[must_use]
pub fn token_cache_file(session: &str) -> String {
    use sha1::Digest;
    let digest = sha1::Sha1::digest(session.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.json")
}

/// A token for the portal.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// What the portal is asked with.
    pub access: SessionToken,
    /// What the next token is asked for with, where the client has the scope.
    pub refresh: Option<SessionToken>,
    /// Seconds until it ends.
    pub expires_in: i64,
}

/// Where a browser is sent to be approved.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuthorizeRequest<'a> {
    /// `client_id`.
    pub client_id: &'a str,
    /// `redirect_uri`.
    pub redirect_uri: &'a str,
    /// `code_challenge`, of the method S256.
    pub code_challenge: &'a str,
}

impl IdentityCenter {
    /// An instance in which nobody has signed in yet.
    #[must_use]
    pub fn new(region: String, start_url: String, users: Vec<CenterUser>, assignments: Vec<Assignment>) -> Self {
        Self {
            region,
            start_url,
            users,
            assignments,
            clients: Vec::new(),
            devices: Vec::new(),
            codes: Vec::new(),
            tokens: Vec::new(),
        }
    }

    /// The path of the roles of an instance in that region: that of us-east-1 has no region in it.
    #[must_use]
    pub fn role_path(region: &str) -> String {
        match region {
            "us-east-1" => "/aws-reserved/sso.amazonaws.com/".to_owned(),
            region => format!("/aws-reserved/sso.amazonaws.com/{region}/"),
        }
    }

    /// The role that a permission set is in an account. Its suffix is new for each provisioning; here it follows from the
    /// seed, the account and the name.
    #[must_use]
    pub fn role_name(permission_set: &str, account: &AccountId, seed: u64) -> String {
        let hash = Sha256::digest(format!("{seed}/{account}/{permission_set}"));
        let suffix: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("AWSReservedSSO_{permission_set}_{suffix}")
    }

    /// The trust policy of its roles.
    #[must_use]
    pub fn trust_policy(account: &AccountId, partition: Partition) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"arn:{partition}:iam::{account}:saml-provider/AWSSSO_DO_NOT_DELETE"}},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Condition":{{"StringEquals":{{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}}}}]}}"#
        )
    }

    /// Registers a client.
    ///
    /// # Errors
    /// [`SignInError::ClientType`], [`SignInError::RedirectUri`] for one that is not on this machine.
    pub fn register(
        &mut self,
        registration: Registration,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Registered, SignInError> {
        if registration.client_type != "public" {
            return Err(SignInError::ClientType);
        }
        if !registration
            .redirect_uris
            .iter()
            .all(|uri| loopback_path(uri).is_some())
        {
            return Err(SignInError::RedirectUri);
        }
        let client = Client {
            id: ids.opaque("", 22),
            secret: SessionToken::new(ids.opaque("eyJraWQi", 120)),
            expires: now.plus_seconds(REGISTRATION_SECONDS),
            redirect_uris: registration.redirect_uris,
            scopes: registration.scopes,
        };
        let registered = Registered {
            id: client.id.clone(),
            secret: client.secret.clone(),
            expires: client.expires,
        };
        keep(&mut self.clients, client);
        Ok(registered)
    }

    /// Begins a sign-in by device code.
    ///
    /// # Errors
    /// [`SignInError::Client`], [`SignInError::StartUrl`].
    pub fn start_device(
        &mut self,
        client_id: &str,
        client_secret: &str,
        start_url: &str,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<DeviceAuthorization, SignInError> {
        self.client(client_id, client_secret, now)?;
        let plain = |url: &str| url.trim_end_matches(['/', '#']).to_owned();
        if plain(start_url) != plain(&self.start_url) {
            return Err(SignInError::StartUrl);
        }
        let device = Device {
            code: SessionToken::new(ids.opaque("", 86)),
            user_code: ids.user_code(),
            client_id: client_id.to_owned(),
            expires: now.plus_seconds(DEVICE_SECONDS),
            asked: None,
            approved_by: None,
        };
        let started = DeviceAuthorization {
            device_code: device.code.clone(),
            user_code: device.user_code.clone(),
            expires_in: DEVICE_SECONDS,
            interval: INTERVAL_SECONDS,
        };
        keep(&mut self.devices, device);
        Ok(started)
    }

    /// The sign-ins that wait for approval, the newest first.
    pub fn pending(&self, now: Timestamp) -> impl Iterator<Item = PendingSignIn> {
        self.devices
            .iter()
            .rev()
            .filter(move |device| device.approved_by.is_none() && now < device.expires)
            .map(|device| PendingSignIn {
                user_code: device.user_code.clone(),
                expires: device.expires,
            })
    }

    /// Approves a sign-in as a user; the first one of the directory where none is named.
    ///
    /// # Errors
    /// [`SignInError::UserCode`], [`SignInError::User`].
    pub fn approve(&mut self, user_code: &str, user: Option<&str>, now: Timestamp) -> Result<String, SignInError> {
        let name = self.user(user)?.name.clone();
        let wanted = user_code.trim().to_uppercase();
        let device = self
            .devices
            .iter_mut()
            .find(|device| device.user_code == wanted && device.approved_by.is_none() && now < device.expires)
            .ok_or(SignInError::UserCode)?;
        device.approved_by = Some(name.clone());
        Ok(name)
    }

    /// Looks at what a browser asks for, before anybody approves it.
    ///
    /// # Errors
    /// [`SignInError::Client`], [`SignInError::RedirectUri`], [`SignInError::Challenge`].
    pub fn check_authorize(&self, request: AuthorizeRequest<'_>, now: Timestamp) -> Result<(), SignInError> {
        let client = self.clients.iter().find(|client| client.id == request.client_id);
        let client = client
            .filter(|client| now < client.expires)
            .ok_or(SignInError::Client)?;
        let path = loopback_path(request.redirect_uri).ok_or(SignInError::RedirectUri)?;
        // The port of a loopback address is the client's choice each time (RFC 8252, 7.3).
        let known = |uri: &String| loopback_path(uri) == Some(path);
        if !client.redirect_uris.iter().any(known) {
            return Err(SignInError::RedirectUri);
        }
        if request.code_challenge.is_empty() {
            return Err(SignInError::Challenge);
        }
        Ok(())
    }

    /// Approves what a browser asks for, as a user, with an authorization code.
    ///
    /// # Errors
    /// As for [`IdentityCenter::check_authorize`]; [`SignInError::User`].
    pub fn authorize(
        &mut self,
        request: AuthorizeRequest<'_>,
        user: Option<&str>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<SessionToken, SignInError> {
        self.check_authorize(request, now)?;
        let code = Code {
            code: SessionToken::new(ids.opaque("", 64)),
            client_id: request.client_id.to_owned(),
            redirect_uri: request.redirect_uri.to_owned(),
            challenge: request.code_challenge.to_owned(),
            expires: now.plus_seconds(CODE_SECONDS),
            user: self.user(user)?.name.clone(),
        };
        let issued = code.code.clone();
        keep(&mut self.codes, code);
        Ok(issued)
    }

    /// Changes a code, or a refresh token, for a token.
    ///
    /// # Errors
    /// [`SignInError`]: the client, the grant, and for device codes whether one must go on waiting.
    pub fn token(
        &mut self,
        request: TokenRequest<'_>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<IssuedToken, SignInError> {
        let client = self.client(request.client_id, request.client_secret, now)?.clone();
        let user = match request.grant_type {
            DEVICE_GRANT => self.redeem_device(&client, request.device_code, now)?,
            "authorization_code" => self.redeem_code(&client, request, now)?,
            "refresh_token" => self.redeem_refresh_token(&client, request.refresh_token, now)?,
            _ => return Err(SignInError::GrantType),
        };
        let refreshes = client.scopes.iter().any(|scope| scope == REFRESH_SCOPE);
        let token = Token {
            access: SessionToken::new(ids.opaque("aoaAAAAA", 200)),
            refresh: refreshes.then(|| SessionToken::new(ids.opaque("aorAAAAA", 200))),
            client_id: client.id,
            client_expires: client.expires,
            expires: now.plus_seconds(TOKEN_SECONDS),
            user,
        };
        let issued = IssuedToken {
            access: token.access.clone(),
            refresh: token.refresh.clone(),
            expires_in: TOKEN_SECONDS,
        };
        keep(&mut self.tokens, token);
        Ok(issued)
    }

    fn redeem_device(&mut self, client: &Client, code: &str, now: Timestamp) -> Result<String, SignInError> {
        let at = self
            .devices
            .iter()
            .position(|device| device.client_id == client.id && device.code.matches(code))
            .ok_or(SignInError::Grant)?;
        let device = self.devices.get_mut(at).ok_or(SignInError::Grant)?;
        if device.expires <= now {
            return Err(SignInError::Expired);
        }
        if let Some(user) = device.approved_by.clone() {
            self.devices.remove(at);
            return Ok(user);
        }
        let early = device
            .asked
            .replace(now)
            .is_some_and(|asked| now.unix_millis() - asked.unix_millis() < INTERVAL_SECONDS * 1000 / 2);
        Err(if early {
            SignInError::SlowDown
        } else {
            SignInError::Pending
        })
    }

    fn redeem_code(
        &mut self,
        client: &Client,
        request: TokenRequest<'_>,
        now: Timestamp,
    ) -> Result<String, SignInError> {
        let at = self
            .codes
            .iter()
            .position(|code| code.client_id == client.id && code.code.matches(request.code))
            .ok_or(SignInError::Grant)?;
        // A code is good for one try.
        let code = self.codes.remove(at);
        if code.expires <= now {
            return Err(SignInError::Expired);
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(request.code_verifier));
        let proved: bool = challenge.as_bytes().ct_eq(code.challenge.as_bytes()).into();
        if !proved || code.redirect_uri != request.redirect_uri {
            return Err(SignInError::Grant);
        }
        Ok(code.user)
    }

    fn redeem_refresh_token(&mut self, client: &Client, token: &str, now: Timestamp) -> Result<String, SignInError> {
        let at = self
            .tokens
            .iter()
            .position(|known| {
                let matches = |refresh: &SessionToken| refresh.matches(token);
                known.client_id == client.id && known.refresh.as_ref().is_some_and(matches)
            })
            .ok_or(SignInError::Grant)?;
        let known = self.tokens.remove(at);
        if known.client_expires <= now {
            return Err(SignInError::Expired);
        }
        Ok(known.user)
    }

    /// Who holds a token of the portal.
    ///
    /// # Errors
    /// [`PortalError::Token`].
    pub fn holder(&self, token: &str, now: Timestamp) -> Result<&CenterUser, PortalError> {
        let known = self.tokens.iter().find(|known| known.access.matches(token));
        let known = known.filter(|known| now < known.expires).ok_or(PortalError::Token)?;
        self.user(Some(&known.user)).map_err(|_| PortalError::Token)
    }

    /// The accounts in which the holder of a token has a role, by id.
    ///
    /// # Errors
    /// [`PortalError::Token`].
    pub fn accounts(&self, token: &str, now: Timestamp) -> Result<Vec<AccountId>, PortalError> {
        let user = self.holder(token, now)?;
        let mut accounts: Vec<AccountId> = self.assigned(user).map(|assigned| assigned.account.clone()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        Ok(accounts)
    }

    /// The permission sets that the holder of a token has in an account, by name.
    ///
    /// # Errors
    /// [`PortalError::Token`]; [`PortalError::NoAccess`] where there are none.
    pub fn roles(&self, token: &str, account: &str, now: Timestamp) -> Result<Vec<&str>, PortalError> {
        let user = self.holder(token, now)?;
        let mut roles: Vec<&str> = self
            .assigned(user)
            .filter(|assigned| assigned.account.as_str() == account)
            .map(|assigned| assigned.permission_set.as_str())
            .collect();
        roles.sort_unstable();
        if roles.is_empty() {
            return Err(PortalError::NoAccess);
        }
        Ok(roles)
    }

    /// Ends a token. One that is none is ended already.
    pub fn log_out(&mut self, token: &str) {
        self.tokens.retain(|known| !known.access.matches(token));
    }

    fn assigned(&self, user: &CenterUser) -> impl Iterator<Item = &Assignment> {
        let name = user.name.clone();
        self.assignments.iter().filter(move |assigned| assigned.user == name)
    }

    fn user(&self, name: Option<&str>) -> Result<&CenterUser, SignInError> {
        match name {
            None => self.users.first(),
            Some(name) => self.users.iter().find(|user| user.name == name),
        }
        .ok_or(SignInError::User)
    }

    fn client(&self, id: &str, secret: &str, now: Timestamp) -> Result<&Client, SignInError> {
        self.clients
            .iter()
            .find(|client| client.id == id && client.secret.matches(secret) && now < client.expires)
            .ok_or(SignInError::Client)
    }
}

/// Credentials of the role that a permission set is, for the holder of a token.
///
/// # Errors
/// [`PortalError`].
pub fn role_credentials(
    center: &IdentityCenter,
    directory: &mut Directory,
    (token, account, permission_set): (&str, &str, &str),
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<Arc<AccessKey>, PortalError> {
    let user = center.holder(token, now)?;
    let assigned = center
        .assigned(user)
        .find(|assigned| assigned.account.as_str() == account && assigned.permission_set == permission_set)
        .ok_or(PortalError::NoAccess)?;
    let role = directory
        .account(&assigned.account)
        .and_then(|account| account.role(&assigned.role_name))
        .ok_or(PortalError::NoAccess)?;
    let owner = KeyOwner::AssumedRole {
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        session_name: user.name.clone(),
    };
    let expires = now.plus_seconds(i64::from(role.max_session_duration));
    Ok(directory.create_session(&assigned.account, owner, expires, SessionFacts::default(), ids, now))
}

/// The path of a redirect URI on this machine: `http://127.0.0.1[:PORT]/…`, or `localhost`, or `[::1]`.
fn loopback_path(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let clean = path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains(['?', '#']);
    (clean && ["127.0.0.1", "localhost", "[::1]"].contains(&host)).then_some(path)
}

/// Adds to a list that keeps its newest members.
fn keep<T>(list: &mut Vec<T>, member: T) {
    if list.len() >= KEPT {
        list.remove(0);
    }
    list.push(member);
}

/// A step of a sign-in that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// A code challenge that is absent or of another method than S256.
    #[error("Invalid code challenge provided")]
    Challenge,
    /// A client that is not registered, with another secret, or no longer registered.
    #[error("Invalid client provided")]
    Client,
    /// A client that is not public.
    #[error("Invalid client type provided")]
    ClientType,
    /// A code whose time is over.
    #[error("The code has expired")]
    Expired,
    /// A code or a refresh token that is none of this client's.
    #[error("Invalid grant provided")]
    Grant,
    /// Another grant type.
    #[error("Unsupported grant type provided")]
    GrantType,
    /// Nobody has approved yet.
    #[error("")]
    Pending,
    /// A redirect URI that is not registered, or not on this machine.
    #[error("Invalid redirect URI provided")]
    RedirectUri,
    /// A client that asks too often.
    #[error("")]
    SlowDown,
    /// Another start URL than the instance's.
    #[error("Invalid start URL provided")]
    StartUrl,
    /// A user who is not in the directory.
    #[error("no such user in Identity Center")]
    User,
    /// A user code that nothing waits under.
    #[error("no sign-in waits under this code")]
    UserCode,
}

/// What the portal refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortalError {
    /// An account or a role that the holder of the token has not.
    #[error("No access")]
    NoAccess,
    /// A token that is none, or has ended.
    #[error("Session token not found or invalid")]
    Token,
}
