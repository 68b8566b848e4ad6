//! The MountedFile mapper: mappings in the authenticator's own configuration.
//!
//! Source: `pkg/mapper/file/mapper.go` of aws-iam-authenticator 0.7. Unlike `aws-auth`, ARNs are canonicalized here, so that
//! a role's session maps the role.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::item::MappedArn;
use super::item::ROLE;
use super::item::USER;
use crate::go;
use crate::value::arn::CanonicalArn;
use serde::Deserialize;
use serde::Serialize;

/// The mappings, by canonical ARN in lower case.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct MountedFile {
    roles: BTreeMap<String, MappedArn>,
    /// Items without an ARN.
    permission_sets: Vec<MappedArn>,
    users: BTreeMap<String, MappedArn>,
    accounts: BTreeSet<String>,
}

impl MountedFile {
    /// Indexes the lists.
    ///
    /// # Errors
    /// The text with which upstream does not start: an item without ARN, or one that names no principal.
    pub fn new(roles: Vec<MappedArn>, users: Vec<MappedArn>, accounts: Vec<String>) -> Result<Self, String> {
        let mut file = Self {
            accounts: accounts.into_iter().collect(),
            ..Self::default()
        };
        for role in roles {
            if let Some(fault) = role.fault(&ROLE) {
                return Err(fault);
            }
            if role.sso.is_some() {
                file.permission_sets.push(role);
                continue;
            }
            let canonical = CanonicalArn::parse(&role.arn).map_err(|error| error.to_string())?;
            file.roles.insert(go::text::to_lower(&canonical.arn), role);
        }
        for user in users {
            if let Some(fault) = user.fault(&USER) {
                return Err(fault);
            }
            let canonical = CanonicalArn::parse(&go::text::to_lower(&user.arn))
                .map_err(|error| format!("error canonicalizing ARN: {error}"))?;
            file.users.insert(canonical.arn, user);
        }
        Ok(file)
    }

    /// The item of a canonical ARN in lower case; items with `sso` count only where the feature gate is open.
    ///
    /// FIDELITY: where several items match, upstream takes one at random; we take the one with the ARN, then the first.
    #[must_use]
    pub fn find(&self, canonical_arn: &str, sso_role_match: bool) -> Option<&MappedArn> {
        let by_permission_set = || {
            self.permission_sets
                .iter()
                .filter(|_| sso_role_match)
                .find(|item| item.sso.as_ref().is_some_and(|sso| sso.matches(canonical_arn)))
        };
        self.roles
            .get(canonical_arn)
            .or_else(by_permission_set)
            .or_else(|| self.users.get(canonical_arn))
    }

    /// The items with ARNs, each with `role` or `user`.
    pub fn items(&self) -> impl Iterator<Item = (&'static str, &MappedArn)> {
        let roles = self.roles.values().map(|item| ("role", item));
        roles.chain(self.users.values().map(|item| ("user", item)))
    }

    /// Whether everyone of the account is let in.
    #[must_use]
    pub fn is_account_allowed(&self, account_id: &str) -> bool {
        self.accounts.contains(account_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::mapping::item::SsoMatcher;

    fn item(arn: &str) -> MappedArn {
        MappedArn {
            arn: arn.to_owned(),
            username: arn.to_owned(),
            ..MappedArn::default()
        }
    }

    #[track_caller]
    fn check(roles: &[&str], users: &[&str], arn: &str, wanted: Option<&str>) {
        let list = |arns: &[&str]| arns.iter().map(|arn| item(arn)).collect();
        let file = MountedFile::new(list(roles), list(users), Vec::new()).unwrap();
        assert_eq!(
            file.find(arn, false).map(|item| item.username.as_str()),
            wanted,
            "{arn}"
        );
    }

    #[test]
    fn arns_are_canonicalized_before_they_are_compared() {
        let role = "arn:aws:iam::111122223333:role/admin";
        check(&[role], &[], role, Some(role));
        let mixed = "arn:aws:iam::111122223333:role/Admin";
        check(&[mixed], &[], role, Some(mixed));
        let session = "arn:aws:sts::111122223333:assumed-role/Admin/s";
        check(&[session], &[], role, Some(session));
        check(&["arn:aws:iam::111122223333:role/team/admin"], &[], role, None);
        let user = "arn:aws:iam::111122223333:user/team/Jane";
        check(&[], &[user], "arn:aws:iam::111122223333:user/team/jane", Some(user));
        check(&[], &[user], "arn:aws:iam::111122223333:user/jane", None);
        check(&[], &[role], role, Some(role));
    }

    #[test]
    fn the_last_of_several_items_with_an_arn_wins() {
        let (upper, lower) = ("arn:aws:iam::111122223333:role/A", "arn:aws:iam::111122223333:role/a");
        check(&[upper, lower], &[], lower, Some(lower));
        check(&[lower, upper], &[], lower, Some(upper));
    }

    #[test]
    fn what_upstream_does_not_start_with_is_refused_in_its_words() {
        let refused =
            |roles: Vec<MappedArn>, users: Vec<MappedArn>| MountedFile::new(roles, users, Vec::new()).unwrap_err();
        assert_eq!(
            refused(vec![item("")], vec![]),
            "one of rolearn or SSO must be supplied"
        );
        assert_eq!(refused(vec![], vec![item("")]), "value for userarn must be supplied");
        assert_eq!(
            refused(vec![item("arn:aws:s3:::b")], vec![]),
            "service s3 in arn arn:aws:s3:::b is not a valid service for identities"
        );
        assert_eq!(
            refused(vec![], vec![item("X")]),
            "error canonicalizing ARN: arn 'x' is invalid: 'arn: invalid prefix'"
        );
    }

    #[test]
    fn permission_sets_match_behind_their_gate_only() {
        let set = |partition: &str| MappedArn {
            sso: Some(SsoMatcher {
                permission_set_name: "Admin".to_owned(),
                account_id: "111122223333".to_owned(),
                partition: partition.to_owned(),
            }),
            username: "sso".to_owned(),
            ..MappedArn::default()
        };
        let arn = "arn:aws:iam::111122223333:role/awsreservedsso_admin_0123456789abcdef";
        let file = MountedFile::new(vec![set("")], vec![], vec![]).unwrap();
        assert!(file.find(arn, true).is_some());
        assert!(file.find(arn, false).is_none());
        assert!(
            file.find("arn:aws:iam::111122223333:role/awsreservedsso_other_01", true)
                .is_none()
        );
        // Upstream loses the partition when it is written out.
        let file = MountedFile::new(vec![set("aws")], vec![], vec![]).unwrap();
        assert!(file.find(arn, true).is_none());
    }
}
