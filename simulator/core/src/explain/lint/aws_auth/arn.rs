//! The rules for the ARN of an item.

use super::List;
use crate::explain::lint::Report;
use crate::explain::lint::Rule;
use crate::explain::lint::principal;
use crate::explain::lint::principal::ArnKind;
use crate::explain::lint::principal::Fault;
use crate::explain::lint::principal::Named;
use crate::explain::lint::tree::Place;

pub(super) fn lint_arn(report: &mut Report<'_>, arn: &str, place: Place, list: List) -> Option<Named> {
    const ACCOUNT_FIX: &str = "write the twelve digits; no variable is replaced in an ARN";
    let (rule, message, fix) = match principal::read(arn) {
        Ok(named) => {
            lint_named(report, &named, place, list);
            return Some(named);
        }
        Err(Fault::WhiteSpace) => (
            Rule::AuthWhiteSpace,
            "the ARN holds white space, so it matches nobody".to_owned(),
            format!("write `{}`", arn.split_whitespace().collect::<String>()),
        ),
        Err(Fault::NotAscii(character)) => (
            Rule::AuthNotAscii,
            format!("the ARN holds U+{:04X}, so it matches nobody", u32::from(character)),
            "retype the ARN, with plain letters and quotes".to_owned(),
        ),
        Err(Fault::Wildcard) => (
            Rule::AuthWildcard,
            "ARNs are compared as they are, so a wildcard matches nobody".to_owned(),
            "write one item for each role or user".to_owned(),
        ),
        Err(Fault::Partition(partition)) => (
            Rule::AuthUnknownPartition,
            format!("`{partition}` is no partition"),
            "write `aws`, `aws-cn` or `aws-us-gov`".to_owned(),
        ),
        Err(Fault::AccountId(account)) => (
            Rule::AuthAccountId,
            format!("`{account}` is no account id"),
            ACCOUNT_FIX.to_owned(),
        ),
        Err(Fault::Malformed(why)) => (
            Rule::AuthMalformedArn,
            format!("`{arn}` is no ARN of a principal: {why}"),
            format!(
                "write `arn:aws:iam::ACCOUNT:{}/NAME`",
                if list == List::Roles { "role" } else { "user" }
            ),
        ),
    };
    report.add(rule, place, message, fix);
    None
}

fn lint_named(report: &mut Report<'_>, named: &Named, place: Place, list: List) {
    let without_path = named.role_without_path();
    let write = format!("write `{without_path}`");
    match named.kind {
        ArnKind::Role if !named.path.is_empty() => {
            let rule = if named.path.to_lowercase().starts_with("aws-reserved/") {
                Rule::AuthSsoPath
            } else {
                Rule::AuthRoleWithPath
            };
            report.add(
                rule,
                place,
                format!("STS shows this role as `{without_path}`, so the item matches nobody"),
                write,
            );
        }
        ArnKind::Session if named.path.is_empty() => report.add(
            Rule::AuthMalformedArn,
            place,
            "an assumed-role ARN without a session",
            format!(
                "write `arn:{}:iam::{}:role/{}`",
                named.arn.partition, named.arn.account_id, named.name
            ),
        ),
        ArnKind::Session => report.add(
            Rule::AuthSessionArn,
            place,
            format!("this is a session; it is compared as `{without_path}`, so the item matches nobody"),
            write,
        ),
        ArnKind::FederatedUser => report.add(
            Rule::AuthFederatedUser,
            place,
            format!(
                "this matches sessions of GetFederationToken called `{}` only",
                named.name
            ),
            "write the user's own ARN, unless that is meant",
        ),
        ArnKind::InstanceProfile => report.add(
            Rule::AuthInstanceProfile,
            place,
            "an instance profile is no principal; the role inside it is",
            format!(
                "write the ARN of the role that the profile holds: aws iam get-instance-profile --instance-profile-name {} --query \
                 'InstanceProfile.Roles[].Arn'",
                named.name
            ),
        ),
        ArnKind::Group => report.add(
            Rule::AuthIamGroup,
            place,
            "an IAM group is no principal, so the item matches nobody",
            "map a role that the group's users may assume",
        ),
        ArnKind::Root => report.add(
            Rule::AuthRoot,
            place,
            "this is the account's root user alone, not its principals",
            "map a role instead",
        ),
        ArnKind::Other => report.add(
            Rule::AuthNotAPrincipal,
            place,
            format!("`{}` of {} signs no request", named.arn.resource, named.arn.service),
            "write the ARN of a role or user",
        ),
        ArnKind::User if list == List::Roles => report.add(
            Rule::AuthUserInRoles,
            place,
            "a user stands in mapRoles",
            "move it to mapUsers as `userarn`",
        ),
        ArnKind::Role if list == List::Users => report.add(
            Rule::AuthRoleInUsers,
            place,
            "a role stands in mapUsers",
            "move it to mapRoles as `rolearn`",
        ),
        ArnKind::Role | ArnKind::User => {}
    }
}
