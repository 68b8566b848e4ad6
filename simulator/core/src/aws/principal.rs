//! Who calls, as AWS names callers.

use crate::value::arn::AccountId;

/// Who a caller is, as GetCallerIdentity answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account of the caller.
    pub account: AccountId,
    /// `arn:aws:iam::…:user/…`, `arn:aws:sts::…:assumed-role/ROLE/SESSION` (never with the role's path),
    /// `arn:aws:sts::…:federated-user/NAME`, or the root.
    pub arn: String,
    /// `AIDA…`, `AROA…:SESSION`, `ACCOUNT:NAME` for a federated user, or the account id for the root.
    pub user_id: String,
}
