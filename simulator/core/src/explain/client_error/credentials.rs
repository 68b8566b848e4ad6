//! What keeps AWS's clients from credentials: profile, region, keys, sign-in, MFA.
//!
//! Sources of the texts: botocore `exceptions.py` (AWS CLI 1.45 and 2.38, boto3, Ansible); AWS SDK for Go 1 `aws/awserr`,
//! `aws/session`, and 2 `config`, `credentials`, `aws/middleware` (Terraform, eksctl, aws-iam-authenticator, helm's plugins);
//! AWS SDK for JavaScript 3 `credential-provider-*`; AWS SDK for Java 2 `auth`; the messages of STS and of Identity Center.

use super::context::Context;
use super::statement::Statement;
use super::symptom::Rank;
use super::symptom::Reading;
use super::symptom::Symptom;
use super::symptom::first;
use crate::explain::cause::Cause;
use crate::explain::diagnosis::Certainty;

const NO_PROFILE: &str = "the AWS files of this environment have no profile of that name, so no token is made";
const FIX_PROFILE: &str = "see which there are (aws configure list-profiles), and act with one of them; the name may come from \
                           AWS_PROFILE, or from the kubeconfig: `aws eks update-kubeconfig --name {cluster} --region {region} \
                           --profile PROFILE`";
const NO_CREDENTIALS: &str = "the client finds no AWS credentials in its environment, so no token is made";
const FIX_CREDENTIALS: &str = "name a profile that has some: `export AWS_PROFILE=PROFILE`, or give one some \
                               (`aws sso login --profile PROFILE`, aws configure); in CI give the job a role (OIDC), and in a pod \
                               give its service account one (IRSA or EKS Pod Identity)";
const PARTIAL: &str = "some of the AWS credentials are set and some are missing, so no token is made";
const FIX_PARTIAL: &str = "where they are in the environment, set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary \
                           credentials, AWS_SESSION_TOKEN together, or have a profile count in place of them: \
                           `unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN`; where they are in a file, complete \
                           the profile there";
const NO_REGION: &str = "the client knows no AWS region, so no token is made";
const FIX_REGION: &str = "have the region in the kubeconfig: `aws eks update-kubeconfig --name {cluster} --region {region}`; or in the \
                          environment: `export AWS_REGION={region}`; or in the profile: `aws configure set region {region}`";
const SSO: &str = "the sign-in to IAM Identity Center has ended, or nobody is signed in, so no token is made";
const FIX_SSO: &str =
    "`aws sso login`, or `aws sso login --profile PROFILE` where the kubeconfig names another profile";
const LOGIN: &str = "the session of `aws login` has ended, so no token is made";
const FIX_LOGIN: &str = "`aws login`, or `aws login --profile PROFILE` where the kubeconfig names another profile";
const ENDED: &str = "the temporary credentials have ended";
const FIX_ENDED: &str = "take those of the environment out, as they come first, and get new ones: \
                         `unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN` and `aws sso login`, or assume the role \
                         again and set the three variables anew";
const MFA: &str = "the profile's role wants a code of an MFA device, which an exec plugin cannot ask for";
const FIX_MFA: &str = "get a session yourself: `aws sts get-session-token --serial-number ARN --token-code CODE`; put its three values \
                       into a profile, and let the client use that";
const INVALID_KEY: &str = "STS does not know the access key, or not together with its session token: deleted, inactive, mistyped, of \
                           another partition, or temporary without AWS_SESSION_TOKEN";

pub(super) const SYMPTOMS: &[Symptom] = &[
    // Profile.
    Symptom::named(
        &["The config profile (", ") could not be found"],
        Cause::ProfileNotFound,
        NO_PROFILE,
        FIX_PROFILE,
    ),
    Symptom::named(
        &["failed to get shared config profile, "],
        Cause::ProfileNotFound,
        NO_PROFILE,
        FIX_PROFILE,
    ),
    Symptom::named(
        &["SharedConfigProfileNotExist"],
        Cause::ProfileNotFound,
        NO_PROFILE,
        FIX_PROFILE,
    ),
    Symptom::named(
        &["could not be found or parsed in shared credentials file"],
        Cause::ProfileNotFound,
        NO_PROFILE,
        FIX_PROFILE,
    ),
    Symptom::named(
        &["Profile file contained no credentials for profile"],
        Cause::ProfileNotFound,
        NO_PROFILE,
        FIX_PROFILE,
    ),
    Symptom::named(
        &["botocore.exceptions.ProfileNotFound"],
        Cause::ProfileNotFound,
        NO_PROFILE,
        FIX_PROFILE,
    ),
    // The sign-in, before what says only that no credentials are there.
    Symptom::named(&["Error loading SSO Token"], Cause::SsoNotSignedIn, SSO, FIX_SSO),
    Symptom::named(
        &["Token has expired and refresh failed"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::named(
        &["SSO session associated with this profile has expired"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::named(
        &["SSO session associated with this profile is invalid"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::named(
        &["SSO session has expired or is invalid"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::named(
        &["refresh cached SSO token failed"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::named(
        &["failed to read cached SSO token file"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::named(
        &["failed to load cached SSO token"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::named(
        &["Token is expired. To refresh this SSO session run"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::named(
        &["Session token not found or invalid"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::named(
        &["GetRoleCredentials", "UnauthorizedException"],
        Cause::SsoNotSignedIn,
        SSO,
        FIX_SSO,
    ),
    Symptom::open(
        &["GetRoleCredentials", "No access"],
        "Identity Center does not give this person that permission set in that account, so no token is made; a new sign-in does \
         not help",
        &[
            "sso_account_id and sso_role_name of the profile in ~/.aws/config",
            "aws sso list-account-roles --account-id ACCOUNT --access-token TOKEN, or the access portal: what this person has",
        ],
    ),
    Symptom::named(
        &["Please reauthenticate using 'aws login'"],
        Cause::SessionExpired,
        LOGIN,
        FIX_LOGIN,
    ),
    Symptom::named(
        &["Error loading login session token"],
        Cause::SessionExpired,
        LOGIN,
        FIX_LOGIN,
    ),
    Symptom::named(
        &["Unable to create or refresh login credentials due to insufficient permissions"],
        Cause::IamNotAllowed,
        "the caller may not make or refresh the session of `aws login`: signin:CreateOAuth2Token is missing",
        "have the action signin:CreateOAuth2Token allowed to the caller in IAM (policy SignInLocalDevelopmentAccess)",
    ),
    // MFA.
    Symptom::named(&["Enter MFA code for "], Cause::MfaCodeWanted, MFA, FIX_MFA),
    Symptom::named(
        &["AssumeRoleTokenProviderNotSetError"],
        Cause::MfaCodeWanted,
        MFA,
        FIX_MFA,
    ),
    Symptom::named(
        &["assume role with MFA enabled, but "],
        Cause::MfaCodeWanted,
        MFA,
        FIX_MFA,
    ),
    Symptom::named(
        &["Cannot refresh credentials: MFA token required"],
        Cause::MfaCodeWanted,
        MFA,
        FIX_MFA,
    ),
    Symptom::named(
        &["requires multi-factor authentication, but no MFA code callback was provided"],
        Cause::MfaCodeWanted,
        MFA,
        FIX_MFA,
    ),
    Symptom::named(
        &["MultiFactorAuthentication failed"],
        Cause::MfaCodeWanted,
        "the code of the MFA device is wrong, was used already, or is missing",
        "wait for the next code and try it once; check the device's ARN in `mfa_serial`, and the clock of the device",
    ),
    // Region.
    Symptom::named(
        &["You must specify a region"],
        Cause::RegionMissing,
        NO_REGION,
        FIX_REGION,
    ),
    Symptom::named(&["Missing Region"], Cause::RegionMissing, NO_REGION, FIX_REGION),
    Symptom::named(&["MissingRegion"], Cause::RegionMissing, NO_REGION, FIX_REGION),
    Symptom::named(
        &["Missing region in config"],
        Cause::RegionMissing,
        NO_REGION,
        FIX_REGION,
    ),
    Symptom::named(&["Region is missing"], Cause::RegionMissing, NO_REGION, FIX_REGION),
    Symptom::named(
        &["could not find region configuration"],
        Cause::RegionMissing,
        NO_REGION,
        FIX_REGION,
    ),
    Symptom::named(
        &["Unable to load region from any of the providers in the chain"],
        Cause::RegionMissing,
        NO_REGION,
        FIX_REGION,
    ),
    Symptom::named(&["invalid AWS Region: :"], Cause::RegionMissing, NO_REGION, FIX_REGION),
    // Part of the credentials, then none.
    Symptom::named(
        &["Partial credentials found in "],
        Cause::CredentialsMissing,
        PARTIAL,
        FIX_PARTIAL,
    ),
    Symptom::named(
        &["static credentials are empty"],
        Cause::CredentialsMissing,
        PARTIAL,
        FIX_PARTIAL,
    ),
    Symptom::named(
        &["EnvAccessKeyNotFound"],
        Cause::CredentialsMissing,
        NO_CREDENTIALS,
        FIX_CREDENTIALS,
    ),
    Symptom::named(
        &["Unable to locate credentials"],
        Cause::CredentialsMissing,
        NO_CREDENTIALS,
        FIX_CREDENTIALS,
    ),
    Symptom::named(
        &["NoCredentialProviders: no valid providers in chain"],
        Cause::CredentialsMissing,
        NO_CREDENTIALS,
        FIX_CREDENTIALS,
    ),
    Symptom::named(
        &["No valid credential sources found"],
        Cause::CredentialsMissing,
        NO_CREDENTIALS,
        FIX_CREDENTIALS,
    ),
    Symptom::named(
        &["no EC2 IMDS role found"],
        Cause::CredentialsMissing,
        NO_CREDENTIALS,
        FIX_CREDENTIALS,
    ),
    Symptom::named(
        &["Could not load credentials from any providers"],
        Cause::CredentialsMissing,
        NO_CREDENTIALS,
        FIX_CREDENTIALS,
    ),
    Symptom::named(
        &["Unable to load credentials from any of the providers in the chain"],
        Cause::CredentialsMissing,
        NO_CREDENTIALS,
        FIX_CREDENTIALS,
    ),
    // Ended.
    Symptom::named(&["ExpiredToken"], Cause::SessionExpired, ENDED, FIX_ENDED),
    Symptom::named(
        &["The security token included in the request is expired"],
        Cause::SessionExpired,
        ENDED,
        FIX_ENDED,
    ),
    Symptom::named(
        &["The provided token has expired"],
        Cause::SessionExpired,
        ENDED,
        FIX_ENDED,
    ),
    Symptom::named(
        &["An error occurred (RequestExpired)"],
        Cause::SessionExpired,
        ENDED,
        FIX_ENDED,
    ),
    // Keys and signatures.
    Symptom::likeliest(
        &["The security token included in the request is invalid"],
        &[
            Cause::KeyUnknown,
            Cause::SessionTokenWrong,
            Cause::KeyInactive,
            Cause::KeyOfDeletedPrincipal,
        ],
        INVALID_KEY,
        "see which key is used (aws configure list); set its secret and its session token together with it, or act with another \
         profile: `unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN` and `export AWS_PROFILE=PROFILE`",
        &[
            "aws configure list",
            "aws sts get-caller-identity",
            "aws iam list-access-keys --user-name USER, by somebody else",
        ],
    ),
    Symptom::named(
        &["Signature not yet current"],
        Cause::ClockAhead,
        "AWS refuses the signature: the clock of the client's machine is ahead",
        "set the clock of the client's machine: `timedatectl set-ntp true`; a virtual machine may need it after sleep",
    ),
    Symptom::likeliest(
        &["Signature expired: "],
        &[Cause::TokenExpired, Cause::WrongDateOrScope],
        "AWS refuses the signature as too old: the clock of the client's machine is behind, or the request was kept for long",
        "set the clock of the client's machine: `timedatectl set-ntp true`; a virtual machine may need it after sleep",
        &["date -u on the client's machine, beside a clock that is right"],
    ),
    Symptom::named(
        &["The request signature we calculated does not match the signature you provided"],
        Cause::SignatureMismatch,
        "AWS calculates another signature: the secret key is not that of the access key, or was cut or quoted when it was copied",
        "set the secret access key again (aws configure), without quotes, blanks or line ends",
    ),
    Symptom::named(
        &["An error occurred (RegionDisabledException)"],
        Cause::RegionDisabled,
        "STS gives out no credentials of this account in that region",
        "an administrator of the account activates STS there (IAM, Account settings), or use another region's endpoint",
    ),
    Symptom::named(
        &["STS is not activated in this region"],
        Cause::RegionDisabled,
        "STS gives out no credentials of this account in that region",
        "an administrator of the account activates STS there (IAM, Account settings), or use another region's endpoint",
    ),
    Symptom::named(
        &["roleSessionName", "failed to satisfy constraint"],
        Cause::SessionNameInvalid,
        "STS refuses the name of the session: letters, digits and _+=,.@- only",
        "set another role_session_name",
    ),
    // What is left says that credentials failed, and not why.
    Symptom::open(
        &["failed to refresh cached credentials"],
        "the client could not get AWS credentials, so no token was made and no server decided; the message does not say why",
        &[
            "aws sts get-caller-identity, in the same environment: its own message names the cause",
            "the end of this message, where it was cut",
        ],
    ),
    Symptom::open(
        &["Error when retrieving "],
        "the AWS CLI could not get credentials from the provider that the message names, so no token was made; it does not say why",
        &["aws sts get-caller-identity --debug, in the same environment"],
    ),
];

/// What a message says of the client's credentials.
pub(super) fn read(statement: &Statement, context: &Context) -> Option<Reading> {
    let mut reading = first(SYMPTOMS, Rank::Credentials, statement, context)?;
    if let Some(open) = by_hand(&reading, statement, context) {
        return Some(open);
    }
    if reading.certainty.cause().is_none() {
        reading.rank = Rank::Consequence;
    }
    reading.fix = with_names(&reading.fix, statement.text());
    Some(reading)
}

/// What STS answered to a request that somebody made by hand, out of a token: it says nothing of any client's keys.
///
/// The URL in a token is signed together with the header `x-k8s-aws-id` (aws-iam-authenticator, `pkg/token/token.go`), which a
/// browser does not send, so that the signature never matches.
fn by_hand(reading: &Reading, statement: &Statement, context: &Context) -> Option<Reading> {
    const OF_STS: &[Cause] = &[
        Cause::ClockAhead,
        Cause::KeyUnknown,
        Cause::SessionExpired,
        Cause::SignatureMismatch,
        Cause::TokenExpired,
    ];
    let cause = reading.certainty.cause()?;
    let is_field = statement.says(&["code\"", "message\"", "<code>", "<message>", "an error occurred ("])
        && !statement.has(&["when calling the ", "api error ", "status code: ", "expected 200"]);
    let is_opened = context.has_token_url && cause == Cause::SignatureMismatch;
    if !is_field || !OF_STS.contains(&cause) || !(is_opened || context.has_answer_of_sts) {
        return None;
    }
    let (sentence, look_at) = if is_opened {
        (
            "the URL in a token was opened by itself: it is signed together with the header x-k8s-aws-id, so that STS always \
             answers SignatureDoesNotMatch without it, whatever the keys are",
            "curl -H 'x-k8s-aws-id: {cluster}' URL within 15 minutes: STS then says whom the token stands for, which the cluster \
             must map (whoever has the URL has the token)",
        )
    } else {
        (
            "STS answered this to a request that was made by hand; it does not say why a cluster refuses a token",
            "what the client itself printed, or the authenticator's log of that second (msg=\"access denied\")",
        )
    };
    Some(Reading {
        rank: reading.rank,
        at: reading.at,
        certainty: Certainty::NotKnown,
        sentence: sentence.to_owned(),
        fix: String::new(),
        look_at: vec![context.fill(look_at)],
    })
}

/// A fix with the names of profile, session and device that stand in the text.
fn with_names(fix: &str, text: &str) -> String {
    let profile = profile(text);
    if let (FIX_SSO, None, Some(session)) = (fix, &profile, sso_session(text)) {
        return format!("`aws sso login --sso-session {session}`");
    }
    match (fix, profile) {
        (FIX_SSO, Some(profile)) => format!("`aws sso login --profile {profile}`"),
        (FIX_LOGIN, Some(profile)) => format!("`aws login --profile {profile}`"),
        (FIX_MFA, _) => match device(text) {
            Some(device) => fix.replace("--serial-number ARN", &format!("--serial-number {device}")),
            None => fix.to_owned(),
        },
        (_, Some(profile)) => fix.replace("--profile PROFILE", &format!("--profile {profile}")),
        (_, None) => fix.to_owned(),
    }
}

/// The `sso-session` that is named in `Token for NAME does not exist`. Without one, it is the URL of the portal.
fn sso_session(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("Error loading SSO Token: Token for ")?;
    let (name, _) = after.split_once(" does not exist")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    is_name.then_some(name)
}

/// The ARN of an MFA device.
fn device(text: &str) -> Option<&str> {
    let word = text.split([' ', '"', '\'']).find(|word| word.contains(":mfa/"))?;
    let arn = word.trim_end_matches([':', '.', ',']);
    let is_arn = arn.starts_with("arn:")
        && arn
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c));
    is_arn.then_some(arn)
}

/// The profile that is named beside a sign-in. Of one that is not there, another is to be taken.
fn profile(text: &str) -> Option<String> {
    let after = ["with profile ", "--profile ", "for profile "]
        .iter()
        .find_map(|sign| text.split_once(sign))
        .map(|(_, after)| after)?;
    let name: String = after
        .trim_start_matches(['"', '\'', '\\'])
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
        .collect();
    (!name.is_empty() && !text.contains("could not be found") && !text.contains("contained no credentials"))
        .then_some(name)
}
