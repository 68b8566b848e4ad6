//! The exec plugin of a kubeconfig: not found, not allowed, failed, or not understood.
//!
//! Sources of the texts: client-go 0.19, 0.32 and 0.36 `plugin/pkg/client/auth/exec/exec.go`; Python's `kubernetes`
//! `config/exec_provider.py` (`exec: process returned N`); kube-rs `client/auth/mod.rs` (`auth exec command`); Go's `os/exec`.
//! What the exit statuses mean: AWS CLI 2 `awscli/constants.py` and `awscli/errorhandler.py`.

use super::context::Client;
use super::context::Context;
use super::statement::Statement;
use super::symptom::Rank;
use super::symptom::Reading;
use super::symptom::Says;
use super::symptom::Symptom;
use super::symptom::first;
use crate::explain::cause::Cause;

const NOT_FOUND: &str = "the client does not find the exec plugin that makes the token";
const FIX_NOT_FOUND: &str = "install the AWS CLI, or put its folder into the PATH of whatever starts the client (a CI image, a \
                             service, a desktop program); a full path as `command` in the kubeconfig works too";
const NOT_ALLOWED: &str = "kubectl's own preferences (kuberc) do not allow the plugin to run; nothing was asked of AWS or of a \
                           cluster";
const FIX_NOT_ALLOWED: &str = "in ~/.kube/kuberc set `credentialPluginPolicy: Allowlist` and have the plugin's command in \
                               `credentialPluginAllowlist` (`- command: aws`, in kubectl 1.35 `- name: aws`), or set \
                               `credentialPluginPolicy: AllowAll`";
const OLD_VERSION: &str =
    "client and plugin do not share a version of the ExecCredential API: v1alpha1 is gone since kubectl 1.24";
const FIX_VERSION: &str =
    "update the AWS CLI and the client, then: `aws eks update-kubeconfig --name {cluster} --region {region}`";
const NOT_JSON: &str = "the plugin ran, but what it printed is no JSON: the AWS CLI prints another format, or a wrapper prints \
                        more than the token";
const FIX_NOT_JSON: &str = "have the plugin print JSON: `aws eks update-kubeconfig --name {cluster} --region {region}` \
                            writes `--output json` among its args in the kubeconfig; or `unset AWS_DEFAULT_OUTPUT`, and take \
                            `output` out of ~/.aws/config";

const INVALID: &str =
    "the kubeconfig cannot be read: it is no YAML, or a field has a value of another kind; nobody was asked";
const FIX_INVALID: &str = "fix the file at the line or field that the message names (eks-auth-sim lint FILE shows it); or move it \
                           away and write it anew: `aws eks update-kubeconfig --name {cluster} --region {region}`";
const FIX_PROVIDER_CONFIG: &str = "give the provider a kubeconfig of plain texts: in Pulumi each `value` under `env` as a string, such \
                                   as the name of a profile and not the provider's object, and JSON made in `apply` where it holds \
                                   outputs; the right form is what this writes: `aws eks update-kubeconfig --name {cluster} --region \
                                   {region}`";
const V1: &str = "\"client.authentication.k8s.io/v1\"";

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom::named(
        &["exec plugin: invalid apiVersion"],
        Cause::ExecApiVersionUnsupported,
        "kubectl does not know the version of the exec plugin that the kubeconfig names, and runs nothing",
        "regenerate the kubeconfig with a current AWS CLI: `aws eks update-kubeconfig --name {cluster} --region {region}`",
    ),
    Symptom::named(
        &["plugin returned version client.authentication.k8s.io/"],
        Cause::ExecApiVersionUnsupported,
        "the exec plugin answers in another version than the kubeconfig names",
        FIX_VERSION,
    ),
    Symptom::named(
        &["no kind \"ExecCredential\" is registered for version "],
        Cause::ExecApiVersionUnsupported,
        OLD_VERSION,
        FIX_VERSION,
    ),
    // Python and Ansible.
    Symptom::named(
        &["exec: plugin api version ", " does not match "],
        Cause::ExecApiVersionUnsupported,
        "the exec plugin answers in another version than the kubeconfig names",
        FIX_VERSION,
    ),
    Symptom::named(
        &["plugin \"", "\" not allowed: policy set to "],
        Cause::ExecPluginNotAllowed,
        NOT_ALLOWED,
        FIX_NOT_ALLOWED,
    ),
    Symptom::named(
        &["is not permitted by the credential plugin allowlist"],
        Cause::ExecPluginNotAllowed,
        NOT_ALLOWED,
        FIX_NOT_ALLOWED,
    ),
    Symptom::named(
        &["cannot be resolved for credential plugin allowlist check"],
        Cause::ExecPluginNotAllowed,
        NOT_ALLOWED,
        FIX_NOT_ALLOWED,
    ),
    Symptom::named(
        &["invalid plugin policy: "],
        Cause::ExecPluginNotAllowed,
        "kubectl's own preferences (kuberc) have a policy for plugins that is not valid, so that none runs",
        FIX_NOT_ALLOWED,
    ),
    // client-go `tools/clientcmd/loader.go`; Pulumi's provider of Kubernetes, whose kubeconfig may be made of values that are no text.
    Symptom::named(
        &["failed to parse kubeconfig data"],
        Cause::KubeconfigInvalid,
        "the kubeconfig that the provider was given cannot be read, so that nobody was asked",
        FIX_PROVIDER_CONFIG,
    ),
    Symptom::named(
        &["v1.ExecEnvVar.Value: ReadString"],
        Cause::KubeconfigInvalid,
        "the kubeconfig has an environment variable of the exec plugin whose value is no text, so that nobody was asked",
        FIX_PROVIDER_CONFIG,
    ),
    Symptom::named(
        &["error loading config file ", "yaml: "],
        Cause::KubeconfigInvalid,
        INVALID,
        FIX_INVALID,
    ),
    Symptom::named(
        &["error loading config file ", "v1.Config."],
        Cause::KubeconfigInvalid,
        INVALID,
        FIX_INVALID,
    ),
    Symptom::named(
        &["error loading config file ", "json parse error"],
        Cause::KubeconfigInvalid,
        INVALID,
        FIX_INVALID,
    ),
    // The AWS CLI's text, and the frame of its table. Other words are as likely the plugin's own error on stdout.
    Symptom::named(
        &["couldn't get version/kind; json parse error: json: cannot unmarshal "],
        Cause::ExecOutputNotJson,
        NOT_JSON,
        FIX_NOT_JSON,
    ),
    Symptom::named(
        &["couldn't get version/kind; json parse error: invalid character '-'"],
        Cause::ExecOutputNotJson,
        NOT_JSON,
        FIX_NOT_JSON,
    ),
    Symptom::named(
        &["couldn't get version/kind; json parse error: invalid character '|'"],
        Cause::ExecOutputNotJson,
        NOT_JSON,
        FIX_NOT_JSON,
    ),
    Symptom::named(
        &["couldn't get version/kind; json parse error: invalid character '+'"],
        Cause::ExecOutputNotJson,
        NOT_JSON,
        FIX_NOT_JSON,
    ),
    Symptom::likeliest(
        &["couldn't get version/kind; json parse error"],
        &[Cause::ExecOutputNotJson, Cause::ExecPluginFailed],
        "the plugin ran, but what it printed is no JSON: the AWS CLI prints another format, a wrapper prints more than the token, or \
         the plugin wrote its own error to stdout",
        FIX_NOT_JSON,
        &[
            "what the plugin's command prints by hand, in the environment of the client: aws eks get-token --cluster-name {cluster} \
           --region {region}",
            "kubectl config view --minify -o jsonpath='{.users[0].user.exec}', for the command, its arguments and variables",
        ],
    ),
    Symptom::named(
        &["exec: failed to decode process output"],
        Cause::ExecOutputNotJson,
        NOT_JSON,
        FIX_NOT_JSON,
    ),
    Symptom::named(
        &["failed to parse auth exec output"],
        Cause::ExecOutputNotJson,
        NOT_JSON,
        FIX_NOT_JSON,
    ),
    Symptom::named(
        &["exec: malformed response. missing key"],
        Cause::ExecOutputNotJson,
        "the plugin ran, but what it printed is no ExecCredential",
        FIX_NOT_JSON,
    ),
    Symptom::named(
        &["exec plugin didn't return a "],
        Cause::ExecOutputNotJson,
        "the plugin ran, but what it printed is an ExecCredential without a token",
        "run the plugin by hand and see its `status` (aws eks get-token --cluster-name {cluster} --region {region} --output json)",
    ),
    Symptom::named(
        &["exec: executable ", " not found"],
        Cause::ExecPluginNotFound,
        NOT_FOUND,
        FIX_NOT_FOUND,
    ),
    Symptom::named(
        &["getting credentials: exec: ", "executable file not found in "],
        Cause::ExecPluginNotFound,
        NOT_FOUND,
        FIX_NOT_FOUND,
    ),
    Symptom::named(
        &["getting credentials: exec: fork/exec ", "no such file or directory"],
        Cause::ExecPluginNotFound,
        NOT_FOUND,
        FIX_NOT_FOUND,
    ),
    Symptom::named(
        &["getting credentials: exec: fork/exec ", "permission denied"],
        Cause::ExecPluginFailed,
        "the client finds the exec plugin and may not run it: the file or its folder is not executable for this user",
        "chmod +x the file that the message names, or run the client as a user who may run it",
    ),
    Symptom::named(
        &["getting credentials: exec: fork/exec ", "exec format error"],
        Cause::ExecPluginFailed,
        "the exec plugin is for another kind of machine (amd64 for arm64, or the other way round)",
        "install the AWS CLI for this machine's architecture",
    ),
    Symptom::named(
        &["unable to run auth exec: No such file or directory"],
        Cause::ExecPluginNotFound,
        NOT_FOUND,
        FIX_NOT_FOUND,
    ),
    // Python: subprocess.Popen of the plugin, within kubernetes/config/exec_provider.py.
    Symptom::named(
        &["[Errno 2] No such file or directory: 'aws'"],
        Cause::ExecPluginNotFound,
        NOT_FOUND,
        FIX_NOT_FOUND,
    ),
    Symptom::named(
        &["[Errno 2] No such file or directory: 'aws-iam-authenticator'"],
        Cause::ExecPluginNotFound,
        NOT_FOUND,
        FIX_NOT_FOUND,
    ),
    Symptom::named(
        &["spawn aws ENOENT"],
        Cause::ExecPluginNotFound,
        NOT_FOUND,
        FIX_NOT_FOUND,
    ),
    Symptom::named(
        &["Cannot run program \"aws\""],
        Cause::ExecPluginNotFound,
        NOT_FOUND,
        FIX_NOT_FOUND,
    ),
    Symptom::named(
        &["exec plugin cannot support interactive mode"],
        Cause::ExecPluginFailed,
        "the kubeconfig says that the plugin must be asked on a terminal (interactiveMode: Always), and there is none",
        "set `interactiveMode: IfAvailable` in the user's exec section of the kubeconfig",
    ),
    Symptom::named(
        &["error loading config file ", "permission denied"],
        Cause::KubeconfigMissing,
        "the user that runs the client may not read the kubeconfig, so that the client has none",
        "chown the file that the message names to that user, or give it one of its own: `export KUBECONFIG=FILE` and \
         `aws eks update-kubeconfig --name {cluster} --region {region}`",
    ),
    Symptom::likeliest(
        &["No Auth Provider found for name"],
        &[Cause::ExecApiVersionUnsupported],
        "the kubeconfig has an auth-provider, which kubectl does not know since 1.26; clusters of EKS use an exec plugin",
        "`aws eks update-kubeconfig --name {cluster} --region {region}`",
        &["kubectl config view --minify"],
    ),
];

/// Plugins that are looked for by name where nothing else says whose file is missing.
const PLUGINS: &[&str] = &["aws", "aws-iam-authenticator", "aws-vault", "heptio-authenticator-aws"];

/// What a message says of a plugin that could not run or be read.
pub(super) fn read(statement: &Statement, context: &Context) -> Option<Reading> {
    // What follows an exit status may say of anything that it is not found.
    if statement.has(&[" failed with exit code "]) {
        return failed(statement, context);
    }
    // The plugin's own words of what STS refused are read with the others of STS.
    if statement.has(&["could not get token: AccessDenied"]) {
        return None;
    }
    if let Some(at) = statement.find(&["exec plugin: invalid apiVersion"])
        && let Some(reading) = version(at, statement, context)
    {
        return Some(reading);
    }
    if let Some(at) = statement.find(&["[Errno 2] No such file or directory: 'aws'"])
        && !context.is_of_kubernetes
    {
        return Some(Reading {
            rank: Rank::Plugin,
            at,
            certainty: Says::Likeliest(&[Cause::ExecPluginNotFound]).certainty(),
            sentence: "a program of Python does not find the AWS CLI, which is the exec plugin that makes the token where it reads a \
                       kubeconfig"
                .to_owned(),
            fix: FIX_NOT_FOUND.to_owned(),
            look_at: vec!["command -v aws, in the environment that runs the program".to_owned()],
        });
    }
    first(SYMPTOMS, Rank::Plugin, statement, context)
        .or_else(|| missing(statement, context))
        .or_else(|| failed(statement, context))
}

/// A version of the ExecCredential API that the client does not know: too old a one for kubectl, too new a one for what is built on
/// a client-go before 1.22, which brought v1.
fn version(at: usize, statement: &Statement, context: &Context) -> Option<Reading> {
    let is_provider = matches!(context.client_of(statement), Client::Terraform | Client::Pulumi)
        || statement.has(&["failed to configure: "]);
    let place = if is_provider {
        "in the exec block of the provider (`api_version`)"
    } else {
        "in the exec section of the kubeconfig (`apiVersion`)"
    };
    let (sentence, fix) = if statement.has(&[V1]) {
        (
            "the client is too old for client.authentication.k8s.io/v1, which client-go knows since 0.22, and runs no plugin",
            format!(
                "write `client.authentication.k8s.io/v1beta1` {place}, which the AWS CLI answers in too, or update the client"
            ),
        )
    } else if is_provider {
        (
            "the provider does not know the version of the exec plugin that it is configured with, and runs nothing",
            format!("write `client.authentication.k8s.io/v1beta1` {place}, and update the AWS CLI"),
        )
    } else {
        return None;
    };
    Some(Reading {
        rank: Rank::Plugin,
        at,
        certainty: Says::Named(Cause::ExecApiVersionUnsupported).certainty(),
        sentence: sentence.to_owned(),
        fix,
        look_at: Vec::new(),
    })
}

/// `exec: "aws": executable file not found in $PATH`, and what shells say of it.
fn missing(statement: &Statement, context: &Context) -> Option<Reading> {
    let by_go = PLUGINS
        .iter()
        .find_map(|name| statement.find(&[format!("exec: \"{name}\": executable file not found in ").as_str()]));
    let by_shell = || {
        PLUGINS.iter().find_map(|name| {
            [format!("{name}: command not found"), format!("{name}: not found")]
                .iter()
                .find_map(|text| statement.find(&[text.as_str()]))
        })
    };
    let (at, says) = match by_go {
        Some(at) => (at, Says::Named(Cause::ExecPluginNotFound)),
        // A script may want the AWS CLI for something else.
        None => (by_shell()?, Says::Likeliest(&[Cause::ExecPluginNotFound])),
    };
    let look_at = match by_go {
        Some(_) => Vec::new(),
        None => vec!["command -v aws, in the environment that runs the client".to_owned()],
    };
    Some(Reading {
        rank: Rank::Plugin,
        at,
        certainty: says.certainty(),
        sentence: NOT_FOUND.to_owned(),
        fix: context.fill(FIX_NOT_FOUND),
        look_at,
    })
}

/// Words before the exit status of a plugin.
const STATUSES: &[&[&str]] = &[
    &["exec: executable ", " failed with exit code "],
    &["getting credentials: exec: exit status "],
    &["exec: process returned "],
    &["auth exec command ", "exit status: "],
    // Pulumi, which does not print what the plugin said.
    &["unreachable: ", "command terminated with exit code "],
    &["load schema", "command terminated with exit code "],
    &["getting credentials: ", "command terminated with exit code "],
];

/// Only the exit status of the plugin: what it said itself stands elsewhere.
fn failed(statement: &Statement, context: &Context) -> Option<Reading> {
    let (at, status) = STATUSES.iter().find_map(|words| {
        let at = statement.find(words)?;
        let rest = words.iter().try_fold(statement.text().get(at..)?, |rest, word| {
            rest.split_once(word).map(|(_, rest)| rest)
        })?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((at, digits.parse::<u32>().ok()?))
    })?;
    if statement.has(&["argocd-k8s-auth"]) {
        return Some(argocd(at, status, context));
    }
    let (meaning, of): (&str, &'static [Cause]) = match status {
        126 => (
            "126 is a shell's: the command is there and may not be run",
            &[Cause::ExecPluginFailed],
        ),
        127 => (
            "127 is a shell's: it did not find the command",
            &[Cause::ExecPluginNotFound, Cause::ExecPluginFailed],
        ),
        130 | 137 | 143 => ("a signal ended it", &[Cause::ExecPluginFailed]),
        252 => (
            "252 of the AWS CLI 2: it does not accept the arguments in the kubeconfig",
            &[Cause::ExecPluginFailed],
        ),
        253 => (
            "253 of the AWS CLI 2: it has no credentials or no region, or a file in ~/.aws cannot be read",
            &[Cause::ExecPluginFailed, Cause::CredentialsMissing, Cause::RegionMissing],
        ),
        254 => (
            "254 of the AWS CLI 2: AWS was asked and answered with an error, such as a refused AssumeRole or an ended session",
            &[Cause::ExecPluginFailed, Cause::AssumeRoleDenied, Cause::SessionExpired],
        ),
        255 => (
            "255 of the AWS CLI 2 is any other error: a profile that is not there, an ended sign-in, no way to AWS; the AWS CLI 1 \
             ends so for every error",
            &[
                Cause::ExecPluginFailed,
                Cause::ProfileNotFound,
                Cause::SsoNotSignedIn,
                Cause::CredentialsMissing,
            ],
        ),
        _ => (
            "1 and 2 are not the AWS CLI 2's: aws-iam-authenticator ends so, a wrapper, a shell, or a Python that cannot start",
            &[Cause::ExecPluginFailed],
        ),
    };
    Some(Reading {
        rank: Rank::Consequence,
        at,
        certainty: Says::Likeliest(of).certainty(),
        sentence: format!(
            "the exec plugin failed with exit status {status}, so that there was no token and no server decided anything \
             ({meaning})"
        ),
        fix: format!(
            "run the plugin's command by hand ({}), in the environment (machine, user, HOME, AWS_PROFILE) in which the client runs; \
             what it prints names the cause",
            context.plugin_command()
        ),
        look_at: vec![
            "what the plugin printed on stderr, above this line or in the full log of the job".to_owned(),
            "kubectl config view --minify -o jsonpath='{.users[0].user.exec}', for the command, its arguments and variables"
                .to_owned(),
        ],
    })
}

/// Argo CD's own plugin, which ends with 20 for every error (`util/errors`, `ErrorGeneric`).
fn argocd(at: usize, status: u32, context: &Context) -> Reading {
    Reading {
        rank: Rank::Consequence,
        at,
        certainty: Says::Likeliest(&[
            Cause::ExecPluginFailed,
            Cause::AssumeRoleDenied,
            Cause::CredentialsMissing,
        ])
        .certainty(),
        sentence: format!(
            "Argo CD's plugin argocd-k8s-auth failed with exit status {status}, which it has for every error, so that there was no \
             token and no server decided anything"
        ),
        fix: context.fill(
            "run the plugin by hand in the pods of both argocd-server and argocd-application-controller (argocd-k8s-auth aws \
             --cluster-name {cluster} --role-arn ROLE, as awsAuthConfig of the cluster's Secret has it); what it prints names the \
             cause: the service accounts of both need a role of their own (IRSA, EKS Pod Identity) that may assume the one in \
             awsAuthConfig, and both must reach STS (a proxy, a private network without an endpoint of STS, AWS_REGION)",
        ),
        look_at: vec![
            "the logs of argocd-server and of argocd-application-controller at that time".to_owned(),
            "awsAuthConfig in the Secret of the cluster: clusterName, roleARN".to_owned(),
        ],
    }
}
