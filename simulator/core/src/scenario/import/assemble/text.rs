//! The text of scenario.yaml: story, symptom, hints, fix and proof.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::FIXED_FILE;
use super::case::Case;
use super::case::Denial;
use super::case::Request;
use super::world::CREATOR;
use super::world::World;
use super::world::config_map;
use super::world::parse;
use crate::cluster::mapping::aws_auth::MappedArn;
use crate::cluster::mapping::is_instance_id;
use crate::explain::Cause;
use crate::explain::Explanation;
use crate::scenario::import::facts::AwsAuth;
use crate::scenario::import::yaml;
use crate::value::arn::PrincipalKind;
use crate::value::log::go_quote;

const UNAUTHORIZED: &str = "error: You must be logged in to the server (*)";

/// What is to be reported.
pub(super) struct Story<'a> {
    pub(super) id: &'a str,
    pub(super) case: &'a Case,
    pub(super) world: &'a World,
    pub(super) cause: Cause,
    pub(super) explanation: &'a Explanation,
    /// What the staged log says.
    pub(super) error: Option<&'a str>,
    /// What lets it do what it was refused.
    pub(super) commands: &'a [String],
}

impl Story<'_> {
    pub(super) fn render(&self) -> String {
        let (caller, cause, cluster) = (&self.case.caller.canonical, self.cause.id(), &self.world.name);
        let sentence = &self.explanation.sentence;
        let mut text = format!("id: {}\n", yaml::value(self.id));
        pair(
            &mut text,
            "title",
            0,
            &format!("Imported: {cause}"),
            &format!("가져온 사례: {cause}"),
        );
        pair(
            &mut text,
            "story",
            0,
            &format!("Made of a customer's artifacts: {caller} is denied by cluster {cluster}."),
            &format!("고객이 보내온 자료로 만든 시나리오입니다. 클러스터 {cluster}가 {caller}의 접근을 거부합니다."),
        );
        text.push_str("difficulty: 3\ntags: [imported]\n");
        text.push_str(&self.world.render());
        self.home(&mut text);
        self.symptom(&mut text);
        let _ = writeln!(text, "cause: {cause}");
        text.push_str("hints:\n");
        let hints = [
            (
                "The authenticator's log says which ARN it looked up, and what came of it.".to_owned(),
                "인증자 로그에는 조회한 ARN과 그 결과가 기록되어 있습니다.".to_owned(),
            ),
            (
                sentence.clone(),
                format!("원인은 {cause}입니다. docs/explain.md에서 이 원인을 찾아 보세요."),
            ),
            (
                if self.explanation.fix.is_empty() {
                    "Let who is an administrator fix it.".to_owned()
                } else {
                    self.explanation.fix.clone()
                },
                format!(
                    "권장 조치: {}",
                    if self.explanation.fix.is_empty() {
                        "관리자에게 요청하세요."
                    } else {
                        &self.explanation.fix
                    }
                ),
            ),
        ];
        for (en, ko) in hints {
            let _ = writeln!(text, "  - en: {}\n    ko: {}", yaml::quoted(&en), yaml::quoted(&ko));
        }
        text.push_str("fix:\n");
        self.fix(&mut text);
        text.push_str("proof:\n");
        self.proof(&mut text);
        text
    }

    fn home(&self, text: &mut String) {
        let mut files = String::new();
        if self.cause == Cause::TokenExpired {
            files.push_str("    - {path: token, text: \"@{token default 20m}\"}\n");
        }
        if self.fixed().is_some() {
            let _ = writeln!(files, "    - {{path: {FIXED_FILE}, from: {FIXED_FILE}}}");
        }
        if !files.is_empty() {
            let _ = write!(text, "home:\n  files:\n{files}");
        }
    }

    fn symptom(&self, text: &mut String) {
        text.push_str("symptom:\n");
        let log = match (&self.case.denial, self.error) {
            (Denial::Forbidden(request), _) if !request.is_plain() => {
                let _ = writeln!(text, "  - run: {}\n    fails: true", yaml::quoted(&can_i(request)));
                text.push_str("    prints: {exact: \"no\"}\n");
                return;
            }
            (Denial::Forbidden(request), _) => {
                let _ = writeln!(text, "  - run: {}\n    fails: true", yaml::quoted(&get(request)));
                let _ = writeln!(text, "    prints: {}", yaml::quoted("Error from server (Forbidden): *"));
                return;
            }
            (Denial::Token(Cause::TokenExpired), _) => {
                "level=warning msg=\"access denied\" client=\"127.0.0.1:*\" error=\"input token was not properly formatted: X-Amz-Date parameter is expired *".to_owned()
            }
            (Denial::Token(_), _) => "level=warning msg=\"access denied\" * error=\"sts getCallerIdentity was throttled: *".to_owned(),
            (Denial::Key(_), _) => "level=warning msg=\"access denied\" * error=\"sts getCallerIdentity failed: *".to_owned(),
            (Denial::Mapping, error) => format!(
                "level=warning msg=\"access denied\" arn={} client=\"127.0.0.1:*\" error={} method=POST path=/authenticate",
                go_quote(&self.case.caller.canonical),
                go_quote(error.unwrap_or_default())
            ),
        };
        let command = if self.cause == Cause::TokenExpired {
            "shell: kubectl auth whoami --token \"$(cat token)\""
        } else {
            "run: kubectl auth whoami"
        };
        let _ = writeln!(
            text,
            "  - {command}\n    fails: true\n    prints: {}",
            yaml::quoted(UNAUTHORIZED)
        );
        let _ = writeln!(text, "    log: {}", yaml::quoted(&log));
    }

    fn fix(&self, text: &mut String) {
        let (cluster, caller) = (&self.world.name, &self.case.caller);
        match &self.case.denial {
            Denial::Forbidden(_) => {
                for command in self.commands {
                    as_creator(text, command);
                }
            }
            Denial::Token(Cause::TokenExpired) => {
                let _ = writeln!(
                    text,
                    "  - shell: |\n      aws eks get-token --cluster-name {cluster} --region {} --output json | sed -n 's/.*\"token\": \"\\([^\"]*\\)\".*/\\1/p' > token",
                    self.world.region
                );
            }
            Denial::Token(_) => text.push_str("  - clear_faults: true\n"),
            Denial::Key(Cause::SessionExpired) => text.push_str("  - set_env: {AWS_PROFILE: fresh}\n"),
            Denial::Key(_) => {
                as_creator(text, &format!("aws iam create-access-key --user-name {}", caller.name));
                text.push_str("    save_key_as: default\n");
            }
            Denial::Mapping if matches!(caller.kind, PrincipalKind::Root | PrincipalKind::FederatedUser) => {
                text.push_str("  - set_env: {AWS_PROFILE: creator}\n");
            }
            Denial::Mapping if self.fixed().is_some() => as_creator(text, &format!("kubectl apply -f {FIXED_FILE}")),
            Denial::Mapping => self.entry_fix(text),
        }
    }

    fn entry_fix(&self, text: &mut String) {
        let caller = &self.case.caller;
        let cluster = format!("--cluster-name {} --region {}", self.world.name, self.world.region);
        let arn = self.world.principal_arn(caller);
        if let Some(entry) = self.world.entry_of(&caller.canonical) {
            as_creator(
                text,
                &format!("aws eks delete-access-entry {cluster} --principal-arn {}", entry.arn),
            );
        }
        let create = format!("aws eks create-access-entry {cluster} --principal-arn {arn}");
        if self.cause == Cause::NodeRoleNotMapped {
            return as_creator(text, &format!("{create} --type EC2_LINUX"));
        }
        as_creator(text, &create);
        as_creator(
            text,
            &format!(
                "aws eks associate-access-policy {cluster} --principal-arn {arn} --policy-arn arn:{}:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=cluster",
                self.world.partition
            ),
        );
    }

    fn proof(&self, text: &mut String) {
        let caller = &self.case.caller;
        let is_other = matches!(self.case.denial, Denial::Mapping)
            && matches!(caller.kind, PrincipalKind::Root | PrincipalKind::FederatedUser);
        let arn = if is_other {
            format!(
                "arn:{}:iam::{}:user/{CREATOR}",
                self.world.partition, self.world.account
            )
        } else {
            caller.canonical.clone()
        };
        let command = match &self.case.denial {
            Denial::Forbidden(request) => format!("run: {}", yaml::quoted(&can_i(request))),
            Denial::Token(Cause::TokenExpired) => "shell: kubectl auth whoami --token \"$(cat token)\"".to_owned(),
            _ => "run: kubectl auth whoami".to_owned(),
        };
        let _ = writeln!(text, "  - {command}\n    caller: {}", yaml::quoted(&arn));
    }

    /// aws-auth with the caller in it, where that is the fix.
    pub(super) fn fixed(&self) -> Option<String> {
        let caller = &self.case.caller;
        let is_mapping = matches!(self.case.denial, Denial::Mapping);
        if !is_mapping
            || self.world.mode.has_access_entries()
            || matches!(caller.kind, PrincipalKind::Root | PrincipalKind::FederatedUser)
        {
            return None;
        }
        let none = AwsAuth::default();
        let aws_auth = self.world.aws_auth.as_ref().unwrap_or(&none);
        let parsed = parse(aws_auth);
        let keep = |item: &&MappedArn| item.sso.is_none() && !item.arn.trim().eq_ignore_ascii_case(&caller.canonical);
        let mut roles: String = parsed
            .roles()
            .iter()
            .filter(keep)
            .map(|item| self::item("rolearn", &item.arn, &item.username, &item.groups))
            .collect();
        let mut users: String = parsed
            .users()
            .iter()
            .filter(keep)
            .map(|item| self::item("userarn", &item.arn, &item.username, &item.groups))
            .collect();
        if caller.kind == PrincipalKind::User {
            users.push_str(&item(
                "userarn",
                &caller.canonical,
                &caller.name,
                &["viewers".to_owned()],
            ));
        } else if self.cause == Cause::NodeRoleNotMapped && is_instance_id(&caller.session) {
            let groups = ["system:bootstrappers".to_owned(), "system:nodes".to_owned()];
            roles.push_str(&item(
                "rolearn",
                &caller.canonical,
                "system:node:{{EC2PrivateDNSName}}",
                &groups,
            ));
        } else {
            roles.push_str(&item(
                "rolearn",
                &caller.canonical,
                &caller.name,
                &["viewers".to_owned()],
            ));
        }
        let mut data: BTreeMap<String, String> = BTreeMap::new();
        for (key, text) in [("mapRoles", roles), ("mapUsers", users)] {
            if !text.is_empty() {
                data.insert(key.to_owned(), text);
            }
        }
        if let Some(accounts) = aws_auth.data.get("mapAccounts") {
            data.insert("mapAccounts".to_owned(), accounts.clone());
        }
        let lost = parsed.errors().iter();
        let lost: String = lost
            .flat_map(|error| error.lines())
            .map(|line| format!("# Not in here, as it cannot be read: {line}\n"))
            .collect();
        Some(lost + &config_map(&data))
    }
}

fn item(key: &str, arn: &str, username: &str, groups: &[String]) -> String {
    let mut text = format!(
        "- {key}: {}\n  username: {}\n",
        yaml::quoted(arn),
        yaml::quoted(username)
    );
    if !groups.is_empty() {
        text.push_str("  groups:\n");
    }
    for group in groups {
        let _ = writeln!(text, "  - {}", yaml::quoted(group));
    }
    text
}

fn pair(text: &mut String, key: &str, indent: usize, en: &str, ko: &str) {
    let blanks = " ".repeat(indent);
    let _ = writeln!(
        text,
        "{blanks}{key}:\n{blanks}  en: {}\n{blanks}  ko: {}",
        yaml::quoted(en),
        yaml::quoted(ko)
    );
}

fn as_creator(text: &mut String, command: &str) {
    let _ = writeln!(text, "  - run: {}\n    as: creator", yaml::quoted(command));
}

/// The command that is refused.
fn get(request: &Request) -> String {
    let verb = if request.verb == "delete" { "delete" } else { "get" };
    let namespace = if request.namespace.is_empty() {
        "-A".to_owned()
    } else {
        format!("-n {}", request.namespace)
    };
    let name = if request.name.is_empty() {
        String::new()
    } else {
        format!(" {}", request.name)
    };
    let namespace = if name.is_empty() || !request.namespace.is_empty() {
        format!(" {namespace}")
    } else {
        String::new()
    };
    format!("kubectl {verb} {}{name}{namespace}", request.typed())
}

/// Whether the request is allowed, by the API server's own answer: not every request is a command of kubectl.
fn can_i(request: &Request) -> String {
    if !request.path.is_empty() {
        return format!("kubectl auth can-i {} {}", word(&request.verb), word(&request.path));
    }
    let (resource, sub) = request.resource.split_once('/').unwrap_or((&request.resource, ""));
    let dot = if request.group.is_empty() { "" } else { "." };
    let slash = if request.name.is_empty() { "" } else { "/" };
    let typed = format!("{resource}{dot}{}{slash}{}", request.group, request.name);
    let sub = if sub.is_empty() {
        String::new()
    } else {
        format!(" --subresource={}", word(sub))
    };
    let place = if request.namespace.is_empty() {
        "-A".to_owned()
    } else {
        format!("-n {}", word(&request.namespace))
    };
    format!(
        "kubectl auth can-i {} {}{sub} {place}",
        word(&request.verb),
        word(&typed)
    )
}

/// A word of a command.
fn word(text: &str) -> String {
    let is_plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_./:@+=".contains(c));
    if is_plain { text.to_owned() } else { format!("'{text}'") }
}
