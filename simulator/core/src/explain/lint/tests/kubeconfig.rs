//! Credentials of a kubeconfig that are not what they look like, and plugins behind wrappers.

use super::*;

const ARGS: &str = "      - --cluster-name\n      - dev\n";
const COMMAND: &str = "      command: aws\n";

/// The good kubeconfig with another user.
fn user(body: &str) -> String {
    let (before, _) = GOOD_CONFIG.split_once("  user:\n    exec:").unwrap();
    format!("{before}  user:\n{}", indent(body, 4))
}

/// A user whose plugin is that command.
fn exec(command: &str, args: &str) -> String {
    user(&format!(
        "exec:\n  apiVersion: client.authentication.k8s.io/v1beta1\n  command: {command}\n  {args}\n"
    ))
}

pub(super) fn cases() -> Vec<(&'static [Rule], String)> {
    [
        token_cases(),
        static_token_cases(),
        hidden_cases(),
        argument_cases(),
        wrapper_cases(),
        role_cases(),
    ]
    .concat()
}

/// Only where the server, or the token itself, is of EKS.
fn static_token_cases() -> Vec<(&'static [Rule], String)> {
    const EKS: &str = "https://0123456789ABCDEF.gr7.us-west-2.eks.amazonaws.com";
    let at = |server: &str, token: &str| user(&format!("token: {token}\n")).replace(EKS, server);
    vec![
        (&[Rule::ConfigStaticToken], at(EKS, "§some-token")),
        (
            &[Rule::ConfigStaticToken],
            at(
                "https://0123456789ABCDEF.yl4.cn-north-1.eks.amazonaws.com.cn",
                "§some-token",
            ),
        ),
        (
            &[Rule::ConfigStaticToken],
            at("https://localhost:6443", "§k8s-aws-v1.aHR0cHM6Ly9zdHM"),
        ),
        (&[], at("https://10.1.2.3:16443", "some-token")),
        (&[], at("https://127.0.0.1:6443", "some-token")),
        (&[], at("https://a1b2.hcp.westeurope.azmk8s.io:443", "some-token")),
        (&[], at("https://eks.amazonaws.com.example.org", "some-token")),
    ]
}

/// What was hidden is not judged.
fn hidden_cases() -> Vec<(&'static [Rule], String)> {
    let authority = |data: &str| config(CA, &format!("    certificate-authority-data: {data}\n"));
    let with_exec = |field: &str| config("    exec:\n", &format!("    {field}\n    exec:\n"));
    vec![
        (&[Rule::InputBlot], authority("§***")),
        (&[Rule::InputBlot], authority("§L*==")),
        (&[Rule::InputBlot], authority("§REDACTED")),
        (&[Rule::InputBlot], authority("§<redacted>")),
        (&[Rule::InputBlot], authority("§LS0tLS1CRUdJTi...")),
        (&[Rule::ConfigCaNotPem], authority("§LS0tLS1CRUdJTg==")),
        (&[Rule::InputBlot], user("token: §REDACTED\n")),
        (
            &[Rule::InputBlot, Rule::ConfigTokenWins],
            with_exec("token: §§REDACTED"),
        ),
        (
            &[],
            user("client-certificate-data: DATA+OMITTED\nclient-key-data: DATA+OMITTED\n"),
        ),
    ]
}

/// The role that a plugin assumes, by each plugin's own flag.
fn role_cases() -> Vec<(&'static [Rule], String)> {
    const ROLE: &str = "'arn:aws:iam::111122223333:role/ops'";
    const SESSION: &str = "'arn:aws:sts::111122223333:assumed-role/ops/me'";
    let authenticator = |flag: &str, role: &str| {
        exec(
            "aws-iam-authenticator",
            &format!("args: [token, -i, dev, {flag}, {role}]"),
        )
    };
    let argo = |role: &str| {
        exec(
            "argocd-k8s-auth",
            &format!("args: [aws, --cluster-name, dev, --role-arn, {role}]"),
        )
    };
    vec![
        (&[], authenticator("-r", ROLE)),
        (&[], authenticator("--role", ROLE)),
        (
            &[Rule::ConfigSessionAsRole],
            authenticator("-r", &format!("§{SESSION}")),
        ),
        (&[], argo(ROLE)),
        (&[Rule::ConfigSessionAsRole], argo(&format!("§{SESSION}"))),
    ]
}

fn token_cases() -> Vec<(&'static [Rule], String)> {
    let with_exec = |field: &str| config("    exec:\n", &format!("    {field}\n    exec:\n"));
    // {"aud":["sts.amazonaws.com"]}
    const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOlsic3RzLmFtYXpvbmF3cy5jb20iXX0.c2ln";
    vec![
        (
            &[Rule::ConfigIrsaToken],
            user("tokenFile: §/var/run/secrets/eks.amazonaws.com/serviceaccount/token\n"),
        ),
        (
            &[Rule::ConfigIrsaToken],
            user("tokenFile: §/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token\n"),
        ),
        (&[Rule::ConfigIrsaToken], user(&format!("token: §{JWT}\n"))),
        (
            &[],
            user("tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token\n"),
        ),
        (&[Rule::ConfigTokenWins], with_exec("tokenFile: §/run/token")),
        (&[Rule::ConfigCertificateWins], with_exec("client-certificate: §/a.crt")),
        (
            &[Rule::ConfigCertificateWins],
            with_exec("client-certificate-data: §LS0tLS1CRUdJTg=="),
        ),
        (&[], with_exec("client-certificate: ''")),
        (&[Rule::ConfigAuthProvider], user("auth-provider:\n  name: §gcp\n")),
        (&[Rule::ConfigAuthProvider], user("auth-provider: {name: §azure}\n")),
        (&[], user("auth-provider: {name: oidc}\n")),
        (
            &[Rule::ConfigRelativePath, Rule::ConfigRelativePath],
            user("client-certificate: §certs/a.crt\nclient-key: §~/a.key\n"),
        ),
        (&[Rule::ConfigRelativePath], user("tokenFile: §token\n")),
        (
            &[Rule::ConfigRelativePath],
            exec("§./bin/aws", "args: [eks, get-token, --cluster-name, dev]"),
        ),
        (
            &[Rule::ConfigInteractive],
            config(
                "      command: aws\n",
                "      command: aws\n      interactiveMode: §Sometimes\n",
            ),
        ),
        (
            &[Rule::ConfigWrongType],
            config(
                "      command: aws\n",
                "      command: aws\n      provideClusterInfo: §'true'\n",
            ),
        ),
        (
            &[],
            config(
                "      command: aws\n",
                "      command: aws\n      provideClusterInfo: true\n",
            ),
        ),
    ]
}

fn argument_cases() -> Vec<(&'static [Rule], String)> {
    let with = |more: &str| config(ARGS, &format!("{ARGS}{more}"));
    vec![
        (&[Rule::ConfigOutput], config("      - json\n", "      - §table\n")),
        (&[Rule::ConfigOutput], config("      - json\n", "      - §text\n")),
        (
            &[Rule::ConfigOutput],
            config("      - --output\n      - json\n", "      - §--output=text\n"),
        ),
        (&[], config("      - json\n", "      - yaml\n")),
        (
            &[Rule::ConfigOutput],
            exec(
                "aws",
                "args: [eks, get-token, --cluster-name, dev]\n  env: [{name: §AWS_DEFAULT_OUTPUT, value: text}]",
            ),
        ),
        // The flag wins.
        (
            &[],
            config(
                "      env:\n",
                "      env:\n      - {name: AWS_DEFAULT_OUTPUT, value: text}\n",
            ),
        ),
        (&[Rule::ConfigEmptyArgument], with("      - --role-arn\n      - §''\n")),
        (&[Rule::ConfigEmptyArgument], with("      - §--role-arn=\n")),
        (
            &[Rule::ConfigEmptyArgument],
            with("      - §--profile\n      - --role-arn=arn:aws:iam::111122223333:role/a\n"),
        ),
        (&[Rule::ConfigEmptyArgument], config("      - dev\n", "      - §''\n")),
        (
            &[Rule::ConfigEmptyArgument],
            exec("aws-iam-authenticator", "args: [token, -i, dev, §-r]"),
        ),
        (&[Rule::ConfigTwoProfiles], with("      - --profile\n      - §p1\n")),
        (&[], with("      - --profile\n      - p2\n")),
        (&[], config(COMMAND, "      command: /usr/local/bin/aws\n")),
        (&[], config(COMMAND, "      command: 'C:\\Program Files\\aws.exe'\n")),
    ]
}

fn wrapper_cases() -> Vec<(&'static [Rule], String)> {
    vec![
        (
            &[],
            exec(
                "aws-vault",
                "args: [exec, prod, --, aws, eks, get-token, --cluster-name, dev]",
            ),
        ),
        (
            &[Rule::ConfigOtherCluster],
            exec(
                "aws-vault",
                "args: [exec, prod, --, aws, eks, get-token, --cluster-name, §stage]",
            ),
        ),
        (
            &[Rule::ConfigTwoProfiles],
            exec(
                "aws-vault",
                "args: [exec, prod, --, aws, eks, get-token, --cluster-name, dev, --profile, §stage]",
            ),
        ),
        (
            &[Rule::ConfigNoClusterName],
            exec("env", "§args: [AWS_PROFILE=prod, aws, eks, get-token]"),
        ),
        (
            &[Rule::ConfigOutput],
            exec(
                "env",
                "args: [AWS_DEFAULT_OUTPUT=text, aws, §eks, get-token, --cluster-name, dev]",
            ),
        ),
        (
            &[Rule::ConfigOtherCluster],
            exec("sh", "args: [-c, §aws eks get-token --cluster-name stage]"),
        ),
        (
            &[Rule::ConfigOtherRegion],
            exec(
                "bash",
                "args: [-lc, §'export AWS_PROFILE=a; exec aws eks get-token --region eu-west-1 --cluster-name dev']",
            ),
        ),
        // What a shell puts in is not known.
        (&[], exec("sh", "args: [-c, aws eks get-token --cluster-name $CLUSTER]")),
        (
            &[Rule::ConfigCommand],
            exec("§sh", "args: [-c, 'aws eks get-token --cluster-name dev | jq .']"),
        ),
        (
            &[Rule::ConfigSessionAsRole],
            exec(
                "assume",
                "args: [prod, --exec, §'aws eks get-token --cluster-name dev --role-arn arn:aws:sts::111122223333:assumed-role/a/b']",
            ),
        ),
        (
            &[],
            exec(
                "argocd-k8s-auth",
                "args: [aws, --cluster-name, dev, --role-arn, 'arn:aws:iam::111122223333:role/a']",
            ),
        ),
        (
            &[Rule::ConfigOtherCluster],
            exec("argocd-k8s-auth", "args: [aws, --cluster-name, §stage]"),
        ),
        (
            &[Rule::ConfigOtherProvider],
            exec("§gke-gcloud-auth-plugin", "args: []"),
        ),
        (
            &[Rule::ConfigOtherProvider],
            exec("§kubelogin", "args: [get-token, --login, devicecode]"),
        ),
        (&[], exec("aws-iam-authenticator", "args: [token, -i, dev]")),
        (
            &[Rule::ConfigOtherCluster],
            exec("aws-iam-authenticator", "args: [token, --cluster-id, §stage]"),
        ),
    ]
}

#[test]
fn credentials_and_plugins_are_looked_through() {
    check_all(&cases());
}

/// The text of a script is taken apart once for each wrapper.
#[test]
fn long_scripts_are_read_in_time_linear_in_them() {
    let script = "A=b; ".repeat(200_000);
    let text = exec("sh", &format!("args: [-c, '{script}']"));
    assert!(lint(&text, &Context::default()).len() < 10);
}
