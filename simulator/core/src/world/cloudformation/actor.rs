//! As whom CloudFormation makes and deletes what is in a stack.
//!
//! Source: "CloudFormation service role" of the CloudFormation User Guide: it works with a session of whoever called it,
//! or of the stack's service role; "Forward access sessions" and "AWS global condition context keys" of the IAM User Guide
//! for what policies see of that.

use super::StackError;
use crate::aws::iam::Directory;
use crate::aws::iam_policy::ConditionKeys;
use crate::aws::iam_policy::RequestContext;
use crate::aws::iam_policy::authorize;
use crate::aws::iam_policy::authorize::Denied;
use crate::aws::iam_policy::authorize::PrincipalPolicies;
use crate::aws::iam_policy::trust::Requester;
use crate::aws::iam_policy::trust::TrustDecision;
use crate::aws::principal::CallerIdentity;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::instant::Timestamp;

/// Itself, as trust policies and condition keys name it.
pub const SERVICE: &str = "cloudformation.amazonaws.com";
/// The name of its session of a service role.
const SESSION: &str = "AWSCloudFormation";

/// As whom what is in a stack is made and deleted.
#[derive(Clone, Debug)]
pub struct Actor {
    identity: CallerIdentity,
    policies: PrincipalPolicies,
    keys: ConditionKeys,
}

impl Actor {
    /// Whoever called, in a region; `keys` are the caller's own.
    ///
    /// FIDELITY: AWS shows CloudFormation's own address as `aws:SourceIp`; here the key is absent, which no address
    /// matches either.
    #[must_use]
    pub fn caller(identity: CallerIdentity, policies: PrincipalPolicies, keys: ConditionKeys, region: &str) -> Self {
        let keys = ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"]
            .into_iter()
            .fold(keys, |keys, key| keys.with(key, SERVICE));
        Self {
            identity,
            policies,
            keys: keys
                .with("aws:ViaAWSService", "true")
                .with("aws:RequestedRegion", region),
        }
    }

    /// A service role of an account, in a region.
    ///
    /// # Errors
    /// [`StackError::InvalidRole`] for what is no ARN of a role; [`StackError::RoleOfOtherAccount`];
    /// [`StackError::RoleNotAssumable`] for one that is not there or does not trust CloudFormation.
    pub fn service_role(
        arn: &str,
        account: &AccountId,
        region: &str,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<Self, StackError> {
        let is_role = |arn: &Arn| arn.service == "iam" && arn.resource.starts_with("role/");
        let parsed = Arn::parse(arn).ok().filter(is_role);
        let parsed = parsed.ok_or_else(|| StackError::InvalidRole { arn: arn.to_owned() })?;
        if parsed.account_id != account.as_str() {
            return Err(StackError::RoleOfOtherAccount);
        }
        let by_service = Requester::Service { name: SERVICE };
        let found = directory.account(account).and_then(|account| {
            account.roles().find(|role| role.arn == arn).filter(|role| {
                let decision = role
                    .trust_policy
                    .decide("sts:AssumeRole", by_service, &ConditionKeys::at(now));
                matches!(decision, TrustDecision::Trusted(_))
            })
        });
        let role = found.ok_or_else(|| StackError::RoleNotAssumable { arn: arn.to_owned() })?;
        let partition = &parsed.partition;
        let identity = CallerIdentity {
            account: account.clone(),
            arn: format!("arn:{partition}:sts::{account}:assumed-role/{}/{SESSION}", role.name),
            user_id: format!("{}:{SESSION}", role.id),
        };
        let keys = directory.condition_keys(&identity, now);
        Ok(Self {
            identity,
            policies: directory.policies_of_role(account, role),
            keys: keys
                .with("aws:ViaAWSService", "false")
                .with("aws:RequestedRegion", region),
        })
    }

    /// Whether it may do that.
    ///
    /// # Errors
    /// [`Denied`], as AWS words it.
    pub(super) fn permit(&self, action: &str, resource: &str) -> Result<(), Denied> {
        let request = RequestContext {
            action,
            resource,
            keys: &self.keys,
        };
        authorize::check(&self.identity, &self.policies, &request)
    }
}
