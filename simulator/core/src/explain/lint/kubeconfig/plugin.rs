//! What a credential plugin's command runs in the end, behind the wrappers around it.
//!
//! Looked through are `env`, a shell's `-c`, aws-vault and its like (`exec PROFILE -- …`), Granted's `assume --exec`, and whatever
//! has a plugin that is known among its arguments. A script that pipes or substitutes is not followed.

use crate::explain::lint::tree::Place;

/// So many wrappers stand around a plugin at most.
const WRAPPERS: usize = 8;
const SHELLS: [&str; 7] = ["ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"];
/// Programs that run another with the credentials of a profile.
const VAULTS: [&str; 6] = [
    "aws-okta",
    "aws-sso",
    "aws-vault",
    "gimme-aws-creds",
    "saml2aws",
    "vaulted",
];
const GRANTED: [&str; 4] = ["assume", "assumego", "granted", "dassume"];
/// Plugins whose arguments are known here.
const PLUGINS: [&str; 5] = [
    "argocd-k8s-auth",
    "aws",
    "aws-iam-authenticator",
    "eks-auth-sim",
    "heptio-authenticator-aws",
];
/// Plugins of other providers, and what they make.
const OTHERS: [(&str, &str); 11] = [
    ("az", "Azure"),
    ("civo", "Civo"),
    ("doctl", "DigitalOcean"),
    ("gcloud", "Google Cloud"),
    ("gke-gcloud-auth-plugin", "Google Cloud"),
    ("ibmcloud", "IBM Cloud"),
    ("kubectl-oidc_login", "an OpenID Connect provider"),
    ("kubelogin", "Azure or an OpenID Connect provider"),
    ("linode-cli", "Akamai"),
    ("oci", "Oracle Cloud"),
    ("tsh", "Teleport"),
];

/// A word of a command. A script has one place for all its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Place,
}

/// What is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Call {
    /// The program and its arguments.
    pub(super) words: Vec<Word>,
    /// What wrappers put into its environment.
    pub(super) env: Vec<(String, String)>,
    /// The profile whose credentials a wrapper gives it.
    pub(super) profile: Option<String>,
}

impl Call {
    /// The name of the program, without its folder.
    pub(super) fn program(&self) -> String {
        self.words.first().map(|word| program(&word.text)).unwrap_or_default()
    }

    pub(super) fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The provider whose token it is, where that is not AWS.
    pub(super) fn other_provider(&self) -> Option<&'static str> {
        let name = self.program();
        let first = self.arguments().first().map(|word| word.text.as_str());
        match (name.as_str(), first) {
            ("argocd-k8s-auth", Some("azure")) => Some("Azure"),
            ("argocd-k8s-auth", Some("gcp")) => Some("Google Cloud"),
            ("kubectl", Some("oidc-login")) => Some("an OpenID Connect provider"),
            (name, _) => OTHERS
                .into_iter()
                .find(|(other, _)| *other == name)
                .map(|(_, makes)| makes),
        }
    }
}

/// Follows a command with its arguments to what it runs.
pub(super) fn look_through(words: Vec<Word>) -> Call {
    let mut call = Call {
        words,
        ..Call::default()
    };
    for _ in 0..WRAPPERS {
        match inside(&mut call) {
            Some(words) => call.words = words,
            None => break,
        }
    }
    call
}

fn program(path: &str) -> String {
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
    let plain = file.strip_suffix(".exe").or_else(|| file.strip_suffix(".cmd"));
    plain.unwrap_or(&file).to_owned()
}

/// What the outermost program runs.
fn inside(call: &mut Call) -> Option<Vec<Word>> {
    let name = call.program();
    let name = name.as_str();
    if PLUGINS.contains(&name) || call.other_provider().is_some() {
        return None;
    }
    let arguments = call.arguments().to_vec();
    if name == "env" {
        return behind_env(call, &arguments);
    }
    if SHELLS.contains(&name) {
        let is_script =
            |word: &Word| word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains('c');
        let at = arguments.iter().position(is_script)?;
        return script(call, arguments.get(at.checked_add(1)?)?);
    }
    if GRANTED.contains(&name) {
        let at = arguments
            .iter()
            .position(|word| matches!(word.text.as_str(), "--exec" | "-e"))?;
        let behind = arguments.get(at.checked_add(1)?..)?;
        return match behind {
            [] => None,
            [only] => script(call, only),
            [dashes, rest @ ..] if dashes.text == "--" => Some(rest.to_vec()),
            rest => Some(rest.to_vec()),
        };
    }
    let dashes = arguments.iter().position(|word| word.text == "--");
    if let Some(at) = dashes.filter(|_| VAULTS.contains(&name)) {
        let before = arguments.get(..at).unwrap_or_default();
        // A flag before the last word may want it as its value.
        if let [.., flag, profile] = before
            && !flag.text.starts_with('-')
            && !profile.text.starts_with('-')
        {
            call.profile = Some(profile.text.clone());
        }
    }
    if let Some(behind) = dashes.and_then(|at| arguments.get(at.checked_add(1)?..))
        && !behind.is_empty()
    {
        return Some(behind.to_vec());
    }
    let at = arguments
        .iter()
        .position(|word| PLUGINS.contains(&program(&word.text).as_str()))?;
    let found = arguments.get(at..)?;
    found
        .iter()
        .any(|word| matches!(word.text.as_str(), "get-token" | "token"))
        .then(|| found.to_vec())
}

/// `NAME=VALUE`.
fn assignment(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !name.starts_with(|letter: char| letter.is_ascii_digit());
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

fn behind_env(call: &mut Call, arguments: &[Word]) -> Option<Vec<Word>> {
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        if let Some(pair) = assignment(&word.text) {
            call.env.push(pair);
        } else if matches!(word.text.as_str(), "-u" | "--unset" | "-C" | "--chdir") {
            rest.next();
        } else if !word.text.starts_with('-') {
            let mut words = vec![word.clone()];
            words.extend(rest.cloned());
            return Some(words);
        }
    }
    None
}

/// The last command of a script, where it is plain; what it sets before goes into the environment.
fn script(call: &mut Call, word: &Word) -> Option<Vec<Word>> {
    let commands = commands(&word.text)?;
    let (last, before) = commands.split_last()?;
    for pair in before.iter().flatten().filter_map(|word| assignment(word)) {
        call.env.push(pair);
    }
    let mut words = last.iter().skip_while(|word| {
        let pair = assignment(word);
        let is_passed = pair.is_some() || matches!(word.as_str(), "command" | "exec" | "time");
        call.env.extend(pair);
        is_passed
    });
    let first = words.next()?;
    let place = word.place;
    let words = std::iter::once(first).chain(words);
    let words = words.map(|text| Word {
        text: text.clone(),
        place,
    });
    Some(words.collect())
}

/// The words of each command of a script. Of one that is not plain, nothing.
fn commands(text: &str) -> Option<Vec<Vec<String>>> {
    let mut commands: Vec<Vec<String>> = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => word.get_or_insert_default().push(letter),
            (_, '`') => return None,
            (_, '$') if letters.peek() == Some(&'(') => return None,
            (_, '\\') => {
                let next = letters.next()?;
                // A line that goes on.
                if next != '\n' {
                    word.get_or_insert_default().push(next);
                }
            }
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '|' | '<' | '>' | '(' | ')') => return None,
            (None, ';' | '&' | '\n') => {
                commands.last_mut()?.extend(word.take());
                commands.push(Vec::new());
            }
            (None, _) if letter.is_whitespace() => commands.last_mut()?.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return None;
    }
    commands.last_mut()?.extend(word.take());
    commands.retain(|command| !command.is_empty());
    Some(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        line: 1,
        column: 1,
        length: 1,
    };

    fn call(words: &[&str]) -> Call {
        let words = words.iter().map(|text| Word {
            text: (*text).to_owned(),
            place: PLACE,
        });
        look_through(words.collect())
    }

    #[track_caller]
    fn check(words: &[&str], wanted: &str) {
        let call = call(words);
        let found: Vec<&str> = call.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(found.join(" "), wanted, "{words:?}");
    }

    #[test]
    fn wrappers_are_looked_through() {
        const PLAIN: &str = "aws eks get-token --cluster-name dev";
        let rest = ["eks", "get-token", "--cluster-name", "dev"];
        let with = |before: &[&'static str], program: &'static str| -> Vec<&str> {
            before.iter().copied().chain([program]).chain(rest).collect()
        };
        check(&with(&[], "aws"), PLAIN);
        check(&with(&["aws-vault", "exec", "prod", "--"], "aws"), PLAIN);
        check(&with(&["/usr/local/bin/aws-vault", "exec", "prod"], "aws"), PLAIN);
        check(&with(&["env", "-i", "-u", "HOME", "A=b"], "aws"), PLAIN);
        check(&with(&["timeout", "30"], "aws"), PLAIN);
        check(&with(&["assume", "prod", "--exec", "--"], "aws"), PLAIN);
        check(&with(&["aws2-wrap", "--profile", "prod"], "aws"), PLAIN);
        check(&with(&["aws-vault", "exec", "prod", "--", "env", "A=b"], "aws"), PLAIN);
        check(&["assume", "prod", "--exec", PLAIN], PLAIN);
        check(&["sh", "-c", PLAIN], PLAIN);
        check(
            &["bash", "-lc", "export A=b; exec aws eks get-token --cluster-name 'dev'"],
            PLAIN,
        );
        check(
            &["bash", "-c", "A=b aws eks \\\n get-token --cluster-name \"dev\""],
            PLAIN,
        );
        check(
            &[
                "sh",
                "-c",
                "aws-vault exec prod -- aws eks get-token --cluster-name dev",
            ],
            PLAIN,
        );
        check(&["sh", "-c", "true && aws eks get-token --cluster-name dev"], PLAIN);
    }

    #[test]
    fn what_is_not_plain_is_left() {
        for script in [
            "aws eks get-token | jq .",
            "aws eks get-token --cluster-name $(cat name)",
            "aws eks get-token --cluster-name `cat name`",
            "aws 'eks",
            "",
            ";;",
        ] {
            check(&["sh", "-c", script], &format!("sh -c {script}"));
        }
        check(&["sh"], "sh");
        check(&["env"], "env");
        check(&["assume", "--exec"], "assume --exec");
        check(&[], "");
    }

    #[test]
    fn wrappers_give_environment_and_profile() {
        let found = call(&[
            "env",
            "AWS_PROFILE=dev",
            "sh",
            "-c",
            "export B=c; D=e aws eks get-token",
        ]);
        let env: Vec<String> = found
            .env
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(env, ["AWS_PROFILE=dev", "B=c", "D=e"]);
        assert_eq!(
            call(&["aws-vault", "exec", "-d", "1h", "prod", "--", "aws"])
                .profile
                .as_deref(),
            Some("prod")
        );
        assert_eq!(
            call(&["aws-vault", "exec", "prod", "-d", "1h", "--", "aws"]).profile,
            None
        );
    }

    #[test]
    fn other_providers_are_known() {
        for words in [
            &["gke-gcloud-auth-plugin"][..],
            &["C:\\bin\\kubelogin.exe", "get-token"],
            &["kubectl", "oidc-login", "get-token"],
            &["argocd-k8s-auth", "gcp"],
        ] {
            assert!(call(words).other_provider().is_some(), "{words:?}");
        }
        assert!(call(&["argocd-k8s-auth", "aws"]).other_provider().is_none());
    }

    /// A shell in a shell in a shell ends.
    #[test]
    fn wrappers_around_wrappers_are_bounded() {
        let many: Vec<&str> = std::iter::repeat_n(["env", "--"], 10_000).flatten().collect();
        assert!(!call(&many).words.is_empty());
    }
}
