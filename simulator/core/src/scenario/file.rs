//! The shape of the file, apart from the model: serde structs that refuse what they do not know.

mod identities;
mod objects;
mod profiles;
mod steps;

use std::collections::BTreeMap;
use std::fmt::Display;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use self::profiles::ProfileFile;
use self::profiles::profile;
use self::steps::HomeFileSection;
use self::steps::MistakeFile;
use self::steps::RepairFile;
use self::steps::StepFile;
use self::steps::StepReader;
use super::Scenario;
use super::ScenarioError;
use super::Text;
use super::stage::AccessEntryModel;
use super::stage::AccountModel;
use super::stage::ClockModel;
use super::stage::ClockStart;
use super::stage::ClusterModel;
use super::stage::ProfileModel;
use super::stage::RoleModel;
use super::stage::WorldModel;
use crate::aws::aws_host::is_region;
use crate::aws::identity_center::Assignment;
use crate::aws::identity_center::CenterUser;
use crate::aws::identity_center::IdentityCenter;
use crate::cluster::access_policy::AccessPolicy;
use crate::cluster::eks::AuthenticatorRelease;
use crate::cluster::eks::TOKEN_CACHE_SECONDS;
use crate::cluster::eks::access_entry::NewAccessEntry;
use crate::cluster::eks::error::EksError;
use crate::cluster::eks::parameter::AccessConfig;
use crate::cluster::eks::parameter::AccessScope;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::cluster::eks::parameter::EntryType;
use crate::cluster::eks::parameter::LogType;
use crate::cluster::eks::settings::is_cluster_name;
use crate::cluster::mapping::config::AuthenticatorConfig;
use crate::cluster::mapping::dynamic_file::DynamicFile;
use crate::explain::Cause;
use crate::kube::audit::AuditPolicy;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::instant::Timestamp;
use crate::value::instant::duration_seconds;
use crate::world::fault::FaultSpec;
use crate::world::fault::Faults;
use crate::world::world_clock::RANGE_SECONDS;

/// 1970-01-01T00:00:00Z.
const FIRST_START: i64 = 0;
/// 2100-12-31T23:59:59Z.
const LAST_START: i64 = 4_133_980_799;

/// A broken scenario: a World, what is seen in it, why, how it is fixed, and how that shows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scenario")]
pub(super) struct ScenarioFile {
    /// Lower-case letters, digits and dashes; the folder's name.
    #[schemars(with = "String", regex(pattern = "^[a-z0-9-]+$"))]
    id: Spanned<String>,
    /// A line.
    title: TextFile,
    /// What happened, as the person tells it.
    story: TextFile,
    /// From 1 (easy) to 5.
    #[schemars(with = "u8", range(min = 1, max = 5))]
    difficulty: Spanned<u8>,
    /// Words to search by.
    #[serde(default)]
    tags: Vec<String>,
    /// Whether only the real clients show it: it is about what they write, print or read of their own.
    #[serde(default)]
    real_clients: bool,
    /// Accounts, clusters and profiles.
    world: WorldFile,
    /// The person's home.
    #[serde(default)]
    home: HomeFileSection,
    /// What the person sees.
    symptom: Vec<StepFile>,
    /// The id of the cause that `explain` must name; docs/explain.md lists them.
    #[schemars(with = "String")]
    cause: Spanned<String>,
    /// From vague to plain.
    #[serde(default)]
    hints: Vec<TextFile>,
    /// The recommended fix.
    fix: Vec<StepFile>,
    /// Other right fixes.
    #[serde(default)]
    alternatives: Vec<RepairFile>,
    /// What people try in vain.
    #[serde(default)]
    mistakes: Vec<MistakeFile>,
    /// What shows that it is fixed, whatever fixed it.
    proof: Vec<StepFile>,
    /// What is to be remembered.
    learned: Option<TextFile>,
    /// Texts that `from` names; the files beside scenario.yaml are among them.
    #[serde(default)]
    files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareWorldFile {
    world: WorldFile,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

/// Only whether it is a whole scenario.
#[derive(Deserialize)]
struct Probe {
    id: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Text")]
struct TextFile {
    en: String,
    ko: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "World")]
struct WorldFile {
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    sts_throttled: bool,
    #[serde(default)]
    #[schemars(with = "Vec<FaultSpec>")]
    faults: Vec<Spanned<FaultSpec>>,
    #[serde(default)]
    cluster_creation_seconds: u32,
    #[schemars(with = "Option<ClockFile>")]
    clock: Option<Spanned<ClockFile>>,
    accounts: Vec<AccountFile>,
    clusters: Vec<ClusterFile>,
    profiles: Vec<ProfileFile>,
    identity_center: Option<IdentityCenterFile>,
}

/// How the clock begins: at an instant, or off the machine's by a duration.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Clock")]
struct ClockFile {
    /// An instant in RFC 3339.
    #[schemars(with = "Option<String>")]
    at: Option<Spanned<String>>,
    /// Such as 20m or -20m.
    #[schemars(with = "Option<String>")]
    offset: Option<Spanned<String>>,
    /// Whether it stands still.
    #[serde(default)]
    frozen: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Account")]
struct AccountFile {
    #[schemars(with = "String")]
    id: Spanned<String>,
    #[schemars(with = "Option<String>")]
    alias: Option<Spanned<String>>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    disabled_regions: Vec<Spanned<String>>,
    #[serde(default)]
    users: Vec<UserFile>,
    #[serde(default)]
    roles: Vec<RoleFile>,
    #[serde(default)]
    groups: Vec<GroupFile>,
    #[serde(default)]
    policies: Vec<ManagedPolicyFile>,
    #[serde(default)]
    oidc_providers: Vec<OidcProviderFile>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Group")]
struct GroupFile {
    #[schemars(with = "String")]
    name: Spanned<String>,
    #[serde(default = "root_path")]
    path: String,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    policies: Vec<Spanned<String>>,
    #[serde(default)]
    inline_policies: Vec<InlinePolicyFile>,
}

/// A managed policy of the account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ManagedPolicy")]
struct ManagedPolicyFile {
    #[schemars(with = "String")]
    name: Spanned<String>,
    #[serde(default = "root_path")]
    path: String,
    #[schemars(with = "String")]
    document: Spanned<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InlinePolicy")]
struct InlinePolicyFile {
    #[schemars(with = "String")]
    name: Spanned<String>,
    #[schemars(with = "String")]
    document: Spanned<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OidcProvider")]
struct OidcProviderFile {
    #[schemars(with = "String")]
    url: Spanned<String>,
    #[serde(default)]
    client_ids: Vec<String>,
    #[serde(default)]
    thumbprints: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "User")]
struct UserFile {
    #[schemars(with = "String")]
    name: Spanned<String>,
    #[serde(default = "root_path")]
    path: String,
    #[serde(default)]
    deleted: bool,
    #[schemars(with = "Option<Vec<String>>")]
    policies: Option<Vec<Spanned<String>>>,
    inline_policies: Option<Vec<InlinePolicyFile>>,
    #[schemars(with = "Option<String>")]
    permissions_boundary: Option<Spanned<String>>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    groups: Vec<Spanned<String>>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    mfa: bool,
    #[schemars(with = "Option<String>")]
    mfa_seed: Option<Spanned<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Role")]
struct RoleFile {
    #[schemars(with = "Option<String>")]
    name: Option<Spanned<String>>,
    /// The role of this service, in place of one with a name.
    #[schemars(with = "Option<String>")]
    service_linked: Option<Spanned<String>>,
    path: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    trusted: Vec<String>,
    #[schemars(with = "Option<String>")]
    trust_policy: Option<Spanned<String>>,
    #[schemars(with = "Option<u32>")]
    max_session_duration: Option<Spanned<u32>>,
    #[schemars(with = "Option<Vec<String>>")]
    policies: Option<Vec<Spanned<String>>>,
    inline_policies: Option<Vec<InlinePolicyFile>>,
    #[schemars(with = "Option<String>")]
    permissions_boundary: Option<Spanned<String>>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cluster")]
struct ClusterFile {
    #[schemars(with = "String")]
    name: Spanned<String>,
    region: String,
    #[schemars(with = "String")]
    account: Spanned<String>,
    #[serde(default = "default_version")]
    version: String,
    #[serde(default = "default_age")]
    age_days: u32,
    #[schemars(with = "Option<String>")]
    creator: Option<Spanned<String>>,
    #[schemars(with = "Option<String>")]
    authenticator_release: Option<Spanned<String>>,
    #[serde(default)]
    strict_hosts: bool,
    #[serde(default = "default_token_cache")]
    token_cache_seconds: u32,
    authenticator: Option<AuthenticatorFile>,
    #[serde(default)]
    instances: BTreeMap<String, String>,
    #[schemars(with = "Option<String>")]
    authentication_mode: Option<Spanned<String>>,
    #[schemars(with = "Option<bool>")]
    bootstrap_creator_admin: Option<Spanned<bool>>,
    #[serde(default)]
    access_entries: Vec<AccessEntryFile>,
    aws_auth: Option<BTreeMap<String, String>>,
    #[schemars(with = "Option<String>")]
    aws_auth_from: Option<Spanned<String>>,
    #[serde(default)]
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    objects: Vec<Spanned<serde_json::Value>>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    objects_from: Vec<Spanned<String>>,
    #[schemars(with = "Option<Vec<String>>")]
    logging: Option<Vec<Spanned<String>>>,
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    audit_policy: Option<Spanned<serde_json::Value>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessEntry")]
struct AccessEntryFile {
    #[schemars(with = "String")]
    principal: Spanned<String>,
    #[schemars(with = "Option<String>")]
    r#type: Option<Spanned<String>>,
    #[schemars(with = "Option<String>")]
    username: Option<Spanned<String>>,
    #[schemars(with = "Option<Vec<String>>")]
    groups: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    policies: Vec<EntryPolicyFile>,
    #[serde(default)]
    recreated: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EntryPolicy")]
struct EntryPolicyFile {
    #[schemars(with = "String")]
    policy: Spanned<String>,
    #[serde(default)]
    namespaces: Vec<String>,
}

/// An authenticator in place of EKS's own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Authenticator")]
struct AuthenticatorFile {
    /// As aws-iam-authenticator's `--config`.
    #[schemars(with = "String")]
    config: Spanned<String>,
    /// What stands in the file that `dynamicfilepath` names.
    #[schemars(with = "Option<String>")]
    dynamic_file: Option<Spanned<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "IdentityCenter")]
struct IdentityCenterFile {
    #[schemars(with = "String")]
    region: Spanned<String>,
    #[serde(default = "default_start_url")]
    start_url: String,
    users: Vec<CenterUserFile>,
    permission_sets: Vec<PermissionSetFile>,
    assignments: Vec<AssignmentFile>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CenterUser")]
struct CenterUserFile {
    #[schemars(with = "String")]
    name: Spanned<String>,
    email: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PermissionSet")]
struct PermissionSetFile {
    #[schemars(with = "String")]
    name: Spanned<String>,
    #[schemars(with = "Option<String>")]
    suffix: Option<Spanned<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Assignment")]
struct AssignmentFile {
    #[schemars(with = "String")]
    user: Spanned<String>,
    #[schemars(with = "String")]
    account: Spanned<String>,
    #[schemars(with = "String")]
    permission_set: Spanned<String>,
}

fn default_start_url() -> String {
    "https://d-1234567890.awsapps.com/start".to_owned()
}

fn root_path() -> String {
    "/".to_owned()
}

fn default_version() -> String {
    "1.32".to_owned()
}

fn default_token_cache() -> u32 {
    TOKEN_CACHE_SECONDS
}

/// The article's `77d`.
fn default_age() -> u32 {
    77
}

pub(super) fn parse_scenario(text: &str) -> Result<Scenario, ScenarioError> {
    let file: ScenarioFile = read(text)?;
    let world = world(file.world, &file.files)?;
    let cause = cause(&file.cause)?;
    if !(1..=5).contains(&file.difficulty.value) {
        return Err(at(&file.difficulty, "difficulty is a number from 1 to 5"));
    }
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if file.id.value.is_empty() || !file.id.value.chars().all(good) {
        return Err(at(&file.id, "an id is lower-case letters, digits and dashes"));
    }
    if file.symptom.is_empty() || file.fix.is_empty() || file.proof.is_empty() {
        return Err(at(&file.id, "a scenario has steps of symptom, fix and proof"));
    }
    let mut reader = StepReader::new(&world, &file.files);
    let home = reader.home(file.home)?;
    let symptom = reader.steps(file.symptom)?;
    let alternatives = file.alternatives.into_iter().map(|file| reader.repair(file));
    let alternatives = alternatives.collect::<Result<_, _>>()?;
    let mistakes = file.mistakes.into_iter().map(|file| reader.mistake(file));
    let mistakes = mistakes.collect::<Result<_, _>>()?;
    // Whatever fixes it, the proof follows: it has nothing that only the recommended fix saves.
    let proof = reader.aside(file.proof)?;
    let fix = reader.steps(file.fix)?;
    Ok(Scenario {
        symptom,
        fix,
        alternatives,
        mistakes,
        proof,
        home,
        id: file.id.value,
        title: text_of(file.title),
        story: text_of(file.story),
        difficulty: file.difficulty.value,
        tags: file.tags,
        cause,
        hints: file.hints.into_iter().map(text_of).collect(),
        real_clients: file.real_clients,
        learned: file.learned.map(text_of),
        world,
    })
}

pub(super) fn parse_world(text: &str) -> Result<WorldModel, ScenarioError> {
    if read::<Probe>(text)?.id.is_some() {
        return Ok(parse_scenario(text)?.world);
    }
    let file = read::<BareWorldFile>(text)?;
    world(file.world, &file.files)
}

fn cause(id: &Spanned<String>) -> Result<Cause, ScenarioError> {
    Cause::from_id(&id.value).ok_or_else(|| at(id, format!("no cause `{}`", id.value)))
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ScenarioError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let location = error.location();
        let message = error.without_snippet().to_string();
        ScenarioError {
            line: location.map_or(0, |location| location.line()),
            column: location.map_or(0, |location| location.column()),
            message: message.lines().next().unwrap_or_default().to_owned(),
        }
    })
}

/// An error at a value.
fn at<T>(value: &Spanned<T>, message: impl Display) -> ScenarioError {
    ScenarioError {
        line: value.referenced.line(),
        column: value.referenced.column(),
        message: message.to_string(),
    }
}

fn text_of(file: TextFile) -> Text {
    Text {
        en: file.en,
        ko: file.ko,
    }
}

fn world(file: WorldFile, files: &BTreeMap<String, String>) -> Result<WorldModel, ScenarioError> {
    let accounts = file.accounts.into_iter();
    let accounts = accounts.map(|of| account(of, &file.clusters));
    let mut accounts: Vec<AccountModel> = accounts.collect::<Result<_, _>>()?;
    let identity_center = match file.identity_center {
        Some(center) => Some(identity_center(center, file.seed, &mut accounts)?),
        None => None,
    };
    let mut clusters: Vec<ClusterModel> = Vec::new();
    for file in file.clusters {
        if clusters.iter().any(|cluster| cluster.name == file.name.value) {
            return Err(at(&file.name, format!("two clusters are named `{}`", file.name.value)));
        }
        clusters.push(cluster(file, &accounts, files)?);
    }
    let region = clusters
        .first()
        .map_or_else(|| "us-west-2".to_owned(), |cluster| cluster.region.clone());
    let mut profiles: Vec<ProfileModel> = Vec::new();
    for file in file.profiles {
        if profiles.iter().any(|profile| profile.name == file.name.value) {
            return Err(at(&file.name, format!("two profiles are named `{}`", file.name.value)));
        }
        let model = profile(file, &accounts, &profiles, identity_center.as_ref())?;
        profiles.push(model);
    }
    let mut faults = Vec::new();
    if file.sts_throttled {
        faults.push(FaultSpec {
            service: Some("sts".to_owned()),
            effect: "throttle".to_owned(),
            ..FaultSpec::default()
        });
    }
    for fault in file.faults {
        Faults::new(0)
            .add(fault.value.clone())
            .map_err(|message| at(&fault, message))?;
        faults.push(fault.value);
    }
    Ok(WorldModel {
        seed: file.seed,
        faults,
        cluster_creation_seconds: file.cluster_creation_seconds,
        clock: clock(file.clock)?,
        accounts,
        clusters,
        region,
        profiles,
        identity_center,
    })
}

fn clock(file: Option<Spanned<ClockFile>>) -> Result<ClockModel, ScenarioError> {
    let Some(file) = file else {
        return Ok(ClockModel {
            start: ClockStart::Ahead(0),
            frozen: false,
        });
    };
    let start = match (&file.value.at, &file.value.offset) {
        (Some(_), Some(_)) => {
            return Err(at(
                &file,
                "a clock begins `at` an instant or with an `offset`, not both",
            ));
        }
        (Some(text), None) => {
            let start = Timestamp::parse_rfc3339(&text.value).map_err(|error| at(text, error.to_string()))?;
            if !(FIRST_START..=LAST_START).contains(&start.unix_seconds()) {
                return Err(at(text, "a clock begins between 1970 and 2100"));
            }
            ClockStart::At(start)
        }
        (None, Some(text)) => ClockStart::Ahead(
            duration_seconds(&text.value)
                .filter(|seconds| seconds.checked_abs().is_some_and(|seconds| seconds <= RANGE_SECONDS))
                .ok_or_else(|| {
                    at(
                        text,
                        "offset is a duration such as 90s, 16m, 2h or 1d, or -20m, and at most a hundred years",
                    )
                })?,
        ),
        (None, None) => ClockStart::Ahead(0),
    };
    Ok(ClockModel {
        start,
        frozen: file.value.frozen,
    })
}

/// Makes the roles of the assignments in their accounts.
fn identity_center(
    file: IdentityCenterFile,
    seed: u64,
    accounts: &mut [AccountModel],
) -> Result<IdentityCenter, ScenarioError> {
    let region = file.region;
    if !is_region(&region.value) {
        return Err(at(&region, format!("`{}` is no region", region.value)));
    }
    let mut users: Vec<CenterUser> = Vec::new();
    for user in file.users {
        let name = user.name.value.clone();
        // The name of a session is that of its user.
        let good = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !(2..=64).contains(&name.len()) || !name.chars().all(good) {
            let message = "the name of a user of Identity Center is 2 to 64 letters, digits and _+=,.@-";
            return Err(at(&user.name, message));
        }
        if users.iter().any(|known| known.name == name) {
            return Err(at(&user.name, format!("two users are named `{name}`")));
        }
        let email = user.email.unwrap_or_else(|| format!("{name}@example.com"));
        users.push(CenterUser { name, email });
    }
    let mut sets: Vec<PermissionSetFile> = Vec::new();
    for set in file.permission_sets {
        let name = &set.name.value;
        let good = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !(1..=32).contains(&name.len()) || !name.chars().all(good) {
            let message = "the name of a permission set is 1 to 32 letters, digits and _+=,.@-";
            return Err(at(&set.name, message));
        }
        if sets.iter().any(|known| known.name.value == *name) {
            return Err(at(&set.name, format!("two permission sets are named `{name}`")));
        }
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if let Some(suffix) = &set.suffix
            && (suffix.value.len() != 16 || !suffix.value.chars().all(hex))
        {
            return Err(at(suffix, "a suffix is 16 hexadecimal digits in lower case"));
        }
        sets.push(set);
    }
    let mut assignments: Vec<Assignment> = Vec::new();
    for file in file.assignments {
        if !users.iter().any(|user| user.name == file.user.value) {
            let message = format!("no user `{}` in this Identity Center", file.user.value);
            return Err(at(&file.user, message));
        }
        let set = sets.iter().find(|set| set.name.value == file.permission_set.value);
        let set = set.ok_or_else(|| {
            let message = format!(
                "no permission set `{}` in this Identity Center",
                file.permission_set.value
            );
            at(&file.permission_set, message)
        })?;
        let account = accounts
            .iter_mut()
            .find(|account| account.id.as_str() == file.account.value)
            .ok_or_else(|| {
                let message = format!("no account `{}` in this world", file.account.value);
                at(&file.account, message)
            })?;
        let role_name = match &set.suffix {
            Some(suffix) => format!("AWSReservedSSO_{}_{}", set.name.value, suffix.value),
            None => IdentityCenter::role_name(&set.name.value, &account.id, seed),
        };
        if !account.roles.iter().any(|role| role.name == role_name) {
            account.roles.push(RoleModel {
                name: role_name.clone(),
                path: IdentityCenter::role_path(&region.value),
                deleted: false,
                trusted: Vec::new(),
                trust_policy: Some(IdentityCenter::trust_policy(&account.id, account.partition)),
                max_session_duration: 3600,
                policies: identities::administrator(account.partition),
                tags: Vec::new(),
            });
        }
        assignments.push(Assignment {
            user: file.user.value,
            account: account.id.clone(),
            permission_set: file.permission_set.value,
            role_name,
        });
    }
    Ok(IdentityCenter::new(region.value, file.start_url, users, assignments))
}

fn account(file: AccountFile, clusters: &[ClusterFile]) -> Result<AccountModel, ScenarioError> {
    let id = AccountId::parse(&file.id.value).map_err(|error| at(&file.id, error.to_string()))?;
    // An account is of one partition, which the regions of its clusters tell; the accounts beside it are of the same.
    let own = clusters.iter().find(|cluster| cluster.account.value == file.id.value);
    let region = own.or(clusters.first()).map_or("", |cluster| cluster.region.as_str());
    identities::account(id, Partition::of_region(region), file)
}

fn cluster(
    mut file: ClusterFile,
    accounts: &[AccountModel],
    files: &BTreeMap<String, String>,
) -> Result<ClusterModel, ScenarioError> {
    // Files are named after clusters as well.
    if !is_cluster_name(&file.name.value) {
        let message = format!(
            "`{}` is no name of a cluster: 1 to 100 letters, digits, dashes and underscores, of which the first is a letter or \
             a digit",
            file.name.value
        );
        return Err(at(&file.name, message));
    }
    let account = accounts
        .iter()
        .find(|account| account.id.as_str() == file.account.value)
        .ok_or_else(|| {
            at(
                &file.account,
                format!("no account `{}` in this world", file.account.value),
            )
        })?;
    let release = match &file.authenticator_release {
        None => AuthenticatorRelease::default(),
        Some(name) => match name.value.as_str() {
            "current" => AuthenticatorRelease::Current,
            "2024" => AuthenticatorRelease::Y2024,
            "2022" => AuthenticatorRelease::Y2022,
            other => {
                let message = format!("no authenticator release `{other}`: current, \"2024\" or \"2022\"");
                return Err(at(name, message));
            }
        },
    };
    let creator_arn = match &file.creator {
        None => None,
        Some(name) => Some(account.principal_arn(&name.value).ok_or_else(|| {
            at(
                name,
                format!("no `{}` in account {}: user/NAME or role/NAME", name.value, account.id),
            )
        })?),
    };
    let objects = objects::objects(std::mem::take(&mut file.objects), &file.objects_from, files)?;
    let aws_auth = match (&file.aws_auth_from, file.aws_auth.take()) {
        (Some(name), Some(_)) => return Err(at(name, "a cluster has either `aws_auth` or `aws_auth_from`")),
        (Some(name), None) => Some(objects::aws_auth(name, files)?),
        (None, data) => data,
    };
    let access = access_config(&file)?;
    let authenticator = file.authenticator.as_ref().map(authenticator).transpose()?;
    let logging = logging(&file)?;
    let audit_policy = file
        .audit_policy
        .as_ref()
        .map(|policy| AuditPolicy::parse(policy.value.clone()).map_err(|error| at(policy, error)))
        .transpose()?;
    let mut taken: Vec<String> = Vec::new();
    if access.authentication_mode.has_access_entries() && access.bootstrap_creator_admin {
        taken.extend(creator_arn.clone());
    }
    let mut access_entries = Vec::new();
    for entry in file.access_entries {
        if !access.authentication_mode.has_access_entries() {
            let message = "access entries want authentication_mode API_AND_CONFIG_MAP or API";
            return Err(at(&entry.principal, message));
        }
        let model = access_entry(entry, account, accounts, &taken)?;
        taken.push(model.spec.principal_arn.clone());
        access_entries.push(model);
    }
    Ok(ClusterModel {
        name: file.name.value,
        region: file.region,
        account: account.id.clone(),
        version: file.version,
        age_days: file.age_days,
        creator: file.creator.and_then(|name| account.canonical_arn(&name.value)),
        creator_arn,
        access,
        access_entries,
        release,
        strict_hosts: file.strict_hosts,
        token_cache_seconds: file.token_cache_seconds,
        authenticator,
        instances: file.instances,
        aws_auth,
        objects,
        logging,
        audit_policy,
    })
}

/// The logs that are written: all, where the file does not say.
fn logging(file: &ClusterFile) -> Result<Vec<LogType>, ScenarioError> {
    let Some(names) = &file.logging else {
        return Ok(LogType::ALL.to_vec());
    };
    let log = |name: &Spanned<String>| {
        LogType::from_name(&name.value).ok_or_else(|| {
            let known = LogType::ALL.map(LogType::as_str).join(", ");
            at(name, format!("no log type `{}`: {known}", name.value))
        })
    };
    names.iter().map(log).collect()
}

fn authenticator(file: &AuthenticatorFile) -> Result<AuthenticatorConfig, ScenarioError> {
    let mut config =
        AuthenticatorConfig::parse(&file.config.value).map_err(|error| at(&file.config, error.to_string()))?;
    if let Some(text) = &file.dynamic_file {
        config.dynamic_file =
            DynamicFile::parse(&text.value, config.dynamic_file_key).map_err(|error| at(text, error))?;
    }
    Ok(config)
}

fn access_config(file: &ClusterFile) -> Result<AccessConfig, ScenarioError> {
    let mut config = AccessConfig::default();
    if let Some(name) = &file.authentication_mode {
        config.authentication_mode = AuthenticationMode::from_name(&name.value).ok_or_else(|| {
            let message = format!(
                "no authentication mode `{}`: CONFIG_MAP, API_AND_CONFIG_MAP or API",
                name.value
            );
            at(name, message)
        })?;
    }
    if let Some(bootstrap) = &file.bootstrap_creator_admin {
        config.bootstrap_creator_admin = bootstrap.value;
        config.check().map_err(|error| at(bootstrap, error.to_string()))?;
    }
    Ok(config)
}

fn access_entry(
    file: AccessEntryFile,
    account: &AccountModel,
    accounts: &[AccountModel],
    taken: &[String],
) -> Result<AccessEntryModel, ScenarioError> {
    let name = &file.principal;
    let principal_arn = account
        .principal_arn(&name.value)
        .or_else(|| {
            accounts
                .iter()
                .flat_map(AccountModel::principal_arns)
                .find(|arn| *arn == name.value)
        })
        .ok_or_else(|| {
            let message = format!(
                "no `{}` in this world: user/NAME or role/NAME in account {}, or an ARN with its path",
                name.value, account.id
            );
            at(name, message)
        })?;
    if taken.contains(&principal_arn) {
        let message = format!(
            "`{principal_arn}` has an access entry already (the creator has one unless bootstrap_creator_admin is false)"
        );
        return Err(at(name, message));
    }
    let entry_type = match &file.r#type {
        None => EntryType::default(),
        Some(name) => EntryType::parse(&name.value).map_err(|error| at(name, error.to_string()))?,
    };
    let spec = NewAccessEntry {
        principal_arn,
        entry_type,
        username: file.username.as_ref().map(|username| username.value.clone()),
        groups: file
            .groups
            .as_ref()
            .map(|groups| groups.value.clone())
            .unwrap_or_default(),
        ..NewAccessEntry::default()
    };
    spec.check_shape()
        .and_then(|()| spec.check_account(&account.id))
        .map_err(|error| match (&error, &file.username, &file.groups) {
            (
                EksError::UsernamePrefix { .. }
                | EksError::UsernameNotAllowed { .. }
                | EksError::SessionNameWithoutColon,
                Some(username),
                _,
            ) => at(username, error.to_string()),
            (EksError::GroupPrefix { .. } | EksError::GroupsNotAllowed { .. }, _, Some(groups)) => {
                at(groups, error.to_string())
            }
            _ => at(name, error.to_string()),
        })?;
    let mut policies: Vec<(String, AccessScope)> = Vec::new();
    for file in file.policies {
        let name = &file.policy;
        let policy = AccessPolicy::from_name(&name.value)
            .or_else(|| AccessPolicy::from_arn(&name.value, account.partition))
            .ok_or_else(|| at(name, format!("no access policy `{}`", name.value)))?;
        if !entry_type.takes_policies() {
            return Err(at(name, EksError::NotStandard.to_string()));
        }
        let arn = policy.arn(account.partition);
        if policies.iter().any(|(known, _)| *known == arn) {
            return Err(at(name, format!("`{}` is there twice", name.value)));
        }
        let scope = if file.namespaces.is_empty() {
            AccessScope::Cluster
        } else {
            AccessScope::Namespaces(file.namespaces)
        };
        policies.push((arn, scope));
    }
    Ok(AccessEntryModel {
        spec,
        policies,
        recreated: file.recreated,
    })
}
