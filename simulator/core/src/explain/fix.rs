//! The form of a fix, and the commands that fixes are made of.
//!
//! A fix is a sentence. What stands in it between backticks and begins with the name of a program is a whole command, as a
//! POSIX shell reads it. Commands are run in their order; the word `or` in the prose behind a command begins another way to
//! the same end. What is in capitals must be known to whoever runs it, since it is not known here: CLUSTER, REGION, ARN.

pub(super) mod aws_auth;

use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::AssociatedPolicy;
use crate::cluster::eks::parameter::AccessScope;
use crate::value::blots::Blots;
use crate::value::printable;

/// What commands begin with. Others are named in backticks as well, such as those of a machine's clock.
const PROGRAMS: [&str; 6] = ["aws", "eks-auth-sim", "eksctl", "export", "kubectl", "unset"];

/// With whose rights the command behind it is run.
const AS_ADMINISTRATOR: &str = "; as an administrator of the cluster: ";
/// How the commands of `aws_auth.rs` begin.
const WRITES_AWS_AUTH: [&str; 2] = [
    "kubectl patch configmap aws-auth ",
    "kubectl create configmap aws-auth ",
];

/// The policy that is associated with whoever has no rights yet.
pub(super) const VIEW_POLICY: &str = "AmazonEKSViewPolicy";
/// The policy in place of system:masters, which an access entry cannot have.
pub(super) const ADMIN_POLICY: &str = "AmazonEKSClusterAdminPolicy";

/// The commands of a fix, in order. Of several ways they are those of the first.
#[must_use]
pub fn fix_commands(fix: &str) -> Vec<String> {
    let pieces: Vec<&str> = fix.split('`').collect();
    let mut commands = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let is_quoted = at % 2 == 1 && at + 1 < pieces.len();
        if is_quoted && is_command(piece) {
            commands.push((*piece).to_owned());
        } else if !is_quoted && !commands.is_empty() && begins_another_way(piece) {
            break;
        }
    }
    commands
}

/// A fix with the customer's own blots in it, in the prose as they were written, in commands as words.
#[must_use]
pub(crate) fn fix_with_blots(fix: &str, blots: &Blots) -> String {
    let shown = fix.split('`').enumerate().map(|(at, piece)| {
        if at % 2 == 1 && is_command(piece) {
            blots.shown_in_command(piece)
        } else {
            blots.shown(piece).replace('`', "'")
        }
    });
    shown.collect::<Vec<String>>().join("`")
}

/// A fix without the command that writes `aws-auth`: that holds whole lists, and would take the access of all whom the text at hand
/// does not have.
#[must_use]
pub(crate) fn fix_without_patch(fix: &str) -> String {
    let found = fix.split_once(AS_ADMINISTRATOR).and_then(|(words, rest)| {
        let (command, behind) = rest.strip_prefix('`')?.split_once('`')?;
        WRITES_AWS_AUTH
            .iter()
            .any(|begin| command.starts_with(begin))
            .then_some((words, behind))
    });
    let Some((words, behind)) = found else {
        return fix.to_owned();
    };
    format!(
        "{words}; an administrator of the cluster edits it (kubectl edit configmap aws-auth -n kube-system){behind}"
    )
}

/// A fix with the name and the region of the cluster that it is for.
#[must_use]
pub fn fix_in_cluster(fix: &str, cluster: &Cluster) -> String {
    let filled = fix.split('`').enumerate().map(|(at, piece)| {
        if at % 2 == 0 || !is_command(piece) {
            return piece.to_owned();
        }
        let words = piece.split(' ').map(|text| match text {
            "CLUSTER" => word(&cluster.name),
            "REGION" => word(&cluster.region),
            other => other.to_owned(),
        });
        words.collect::<Vec<String>>().join(" ")
    });
    filled.collect::<Vec<String>>().join("`")
}

fn is_command(text: &str) -> bool {
    text.split_once(' ')
        .is_some_and(|(program, _)| PROGRAMS.contains(&program))
}

fn begins_another_way(prose: &str) -> bool {
    prose.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word == "or")
}

/// Commands as a fix has them, one after the other.
pub(super) fn in_order(commands: &[String]) -> String {
    let quoted: Vec<String> = commands.iter().map(|command| format!("`{command}`")).collect();
    quoted.join(" and ")
}

/// A word of a command, quoted where a shell would read it otherwise. What a fix has no form for stands as `NAME`.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else if text.contains('`') || text.chars().any(printable::is_hidden) {
        "NAME".to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A fix in words, and the command that does it where there is one, with whose rights it takes.
pub(super) fn with_command(words: &str, command: Option<String>) -> String {
    match command {
        Some(command) => format!("{words}{AS_ADMINISTRATOR}{command}"),
        None => words.to_owned(),
    }
}

/// The command that writes the kubeconfig for a cluster.
pub(super) fn update_kubeconfig(cluster: &Cluster) -> String {
    format!(
        "`aws eks update-kubeconfig --name {} --region {}`",
        word(&cluster.name),
        word(&cluster.region)
    )
}

fn target(principal_arn: &str, cluster: &Cluster) -> String {
    format!(
        "--cluster-name {} --region {} --principal-arn {}",
        word(&cluster.name),
        word(&cluster.region),
        word(principal_arn)
    )
}

/// The groups that EKS does not keep for itself.
fn own_groups(groups: &[String]) -> String {
    let own: Vec<String> = groups
        .iter()
        .filter(|group| !group.starts_with("system:"))
        .map(|group| word(group))
        .collect();
    own.join(" ")
}

/// The command that makes an access entry, with those of the groups that it may have.
pub(super) fn create_entry(principal_arn: &str, groups: &[String], cluster: &Cluster) -> String {
    let groups = match own_groups(groups) {
        groups if groups.is_empty() => groups,
        groups => format!(" --kubernetes-groups {groups}"),
    };
    format!(
        "`aws eks create-access-entry {}{groups}`",
        target(principal_arn, cluster)
    )
}

/// The command that takes an access entry away.
pub(super) fn delete_entry(principal_arn: &str, cluster: &Cluster) -> String {
    format!("`aws eks delete-access-entry {}`", target(principal_arn, cluster))
}

/// The command that gives an access entry these groups and no others, as far as it may have them.
pub(super) fn update_entry(principal_arn: &str, groups: &[String], cluster: &Cluster) -> String {
    format!(
        "`aws eks update-access-entry {} --kubernetes-groups {}`",
        target(principal_arn, cluster),
        own_groups(groups)
    )
}

/// The command that associates a policy with an access entry.
pub(super) fn associate(principal_arn: &str, policy: &str, scope: &AccessScope, cluster: &Cluster) -> String {
    let scope = match scope {
        AccessScope::Cluster => "type=cluster".to_owned(),
        AccessScope::Namespaces(namespaces) => format!("type=namespace,namespaces={}", namespaces.join(",")),
    };
    format!(
        "`aws eks associate-access-policy {} --policy-arn arn:{}:eks::aws:cluster-access-policy/{policy} --access-scope {}`",
        target(principal_arn, cluster),
        cluster.partition(),
        word(&scope)
    )
}

/// The commands that make an access entry that gives no less and no more than it is meant to: `groups`, among which
/// system:masters becomes the policy that is like it, and `policies`.
pub(super) fn entry_like(
    principal_arn: &str,
    groups: &[String],
    policies: &[AssociatedPolicy],
    cluster: &Cluster,
) -> String {
    let mut commands = vec![create_entry(principal_arn, groups, cluster)];
    if groups.iter().any(|group| group == crate::value::user::SYSTEM_MASTERS) {
        commands.push(associate(principal_arn, ADMIN_POLICY, &AccessScope::Cluster, cluster));
    }
    for association in policies {
        commands.push(associate(
            principal_arn,
            association.policy.name,
            &association.scope,
            cluster,
        ));
    }
    commands.join(" and ")
}

/// Fails where a fix has not that form: quotes that stand open, a command that is cut, a cluster without its region, a name
/// that was not filled in, or a command that changes something and stands in the prose.
#[cfg(test)]
#[track_caller]
pub(super) fn check_form(fix: &str) {
    const CHANGES: [&str; 9] = [
        "aws eks associate-",
        "aws eks create-",
        "aws eks delete-",
        "aws eks update-",
        "aws sso login",
        "eksctl utils",
        "kubectl create ",
        "kubectl edit ",
        "kubectl label ",
    ];
    let pieces: Vec<&str> = fix.split('`').collect();
    assert_eq!(pieces.len() % 2, 1, "a backtick is alone: {fix}");
    for (at, piece) in pieces.iter().enumerate() {
        if at % 2 == 0 {
            let changes = CHANGES.iter().find(|change| piece.contains(**change));
            assert_eq!(changes, None, "it is a command, and not quoted: {fix}");
            continue;
        }
        if !is_command(piece) {
            let program = piece.split(' ').next().unwrap_or_default();
            assert!(!PROGRAMS.contains(&program), "`{piece}` is no whole command: {fix}");
            continue;
        }
        assert!(has_whole_words(piece), "a quote is alone in `{piece}`: {fix}");
        assert!(!piece.contains('…') && !piece.contains('{'), "`{piece}` is cut: {fix}");
        assert!(
            !piece.starts_with("aws eks ") || piece.contains(" --region "),
            "`{piece}` names no region: {fix}"
        );
        assert!(!piece.contains("cluster-admin"), "`{piece}` gives too much: {fix}");
        assert!(!piece.contains(ADMIN_POLICY), "`{piece}` gives too much: {fix}");
    }
}

/// Whether each quote of a command is closed, as a POSIX shell reads it.
#[cfg(test)]
fn has_whole_words(command: &str) -> bool {
    let mut open = None;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' && open != Some('\'') {
            if letters.next().is_none() {
                return false;
            }
        } else if open == Some(letter) {
            open = None;
        } else if open.is_none() && matches!(letter, '\'' | '"') {
            open = Some(letter);
        }
    }
    open.is_none()
}

#[cfg(test)]
mod tests {
    use crate::cluster::eks::NewCluster;
    use crate::value::instant::Timestamp;

    use super::*;

    #[test]
    fn commands_are_whole_and_of_the_first_way() {
        for (fix, wanted) in [
            ("", &[][..]),
            ("write the groups as a list", &[]),
            ("make it text: `mapRoles: |` with a bar", &[]),
            ("set it: `timedatectl set-ntp true`", &[]),
            ("`aws sso login`, or assume the role again", &["aws sso login"]),
            ("`aws a b` and `kubectl c d`, or `aws e f`", &["aws a b", "kubectl c d"]),
            ("wait, or `aws a b`", &["aws a b"]),
            // What stands open is no command.
            ("`aws a b` and `kubectl c d", &["aws a b"]),
            // It is no word of the prose.
            ("`aws a b` for `aws c or d`", &["aws a b", "aws c or d"]),
        ] {
            assert_eq!(fix_commands(fix), wanted, "{fix}");
        }
    }

    #[test]
    fn the_cluster_s_names_are_filled_into_commands_only() {
        let cluster = Cluster::new(NewCluster::sample(), Timestamp::UNIX_EPOCH);
        assert_eq!(
            fix_in_cluster(
                "CLUSTER: `aws eks update-kubeconfig --name CLUSTER --region REGION`",
                &cluster
            ),
            "CLUSTER: `aws eks update-kubeconfig --name my-cluster --region us-west-2`"
        );
        assert_eq!(fix_in_cluster("as `CLUSTER x`", &cluster), "as `CLUSTER x`");
    }

    #[test]
    fn an_open_quote_is_seen() {
        for (command, wanted) in [
            ("aws a", true),
            (r"aws 'a b' 'it'\''s'", true),
            (r"aws 'a\' b", true),
            ("aws \"a\\\"b\"", true),
            ("aws 'a b", false),
            ("aws \"a", false),
            (r"aws a\", false),
        ] {
            assert_eq!(has_whole_words(command), wanted, "{command}");
        }
    }

    #[test]
    fn lists_that_are_not_known_whole_are_not_written() {
        for (fix, wanted) in [
            (
                "write x; as an administrator of the cluster: `kubectl patch configmap aws-auth -n kube-system --patch '{}'`",
                "write x; an administrator of the cluster edits it (kubectl edit configmap aws-auth -n kube-system)",
            ),
            (
                "write x; as an administrator of the cluster: `aws eks a b`",
                "write x; as an administrator of the cluster: `aws eks a b`",
            ),
            ("write x", "write x"),
        ] {
            assert_eq!(fix_without_patch(fix), wanted);
        }
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (text, wanted) in [
            (
                "arn:aws:iam::111122223333:user/a@b",
                "arn:aws:iam::111122223333:user/a@b",
            ),
            ("a b; rm x", "'a b; rm x'"),
            ("it's", r"'it'\''s'"),
            ("a`b", "NAME"),
            ("a\u{1b}b", "NAME"),
            ("", "''"),
        ] {
            assert_eq!(word(text), wanted, "{text}");
        }
    }
}
