//! EC2, as far as tools of EKS ask: instances, subnets, security groups and VPCs are described, and nothing is changed.
//!
//! FIDELITY: of EC2's filters those that such tools use; another one is refused as EC2 refuses one that it has not, and the
//! answer's header says that it is the simulator that lacks it.

mod input;
mod render;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use self::input::Input;
use self::input::Resource;
use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::world::ec2::Ec2;

/// Whose it is.
struct Owner<'a> {
    account: &'a AccountId,
    region: &'a str,
    partition: Option<Partition>,
}

impl Owner<'_> {
    fn arn(&self, kind: &str, id: &str) -> String {
        let partition = self.partition.unwrap_or_else(|| Partition::of_region(self.region));
        format!("arn:{partition}:ec2:{}:{}:{kind}/{id}", self.region, self.account)
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    operation("DescribeInstances", instances),
    operation("DescribeSecurityGroups", security_groups),
    operation("DescribeSubnets", subnets),
    operation("DescribeVpcs", vpcs),
];

const fn operation(name: &'static str, answer: fn(&Context<'_>) -> Result<Value, AwsError>) -> Operation {
    Operation {
        name,
        route: "",
        // Describing has no resource of its own (Service Authorization Reference).
        access: Access::Permission(|_| "*".to_owned()),
        answer: Work::Members(answer),
    }
}

fn instances(call: &Context<'_>) -> Result<Value, AwsError> {
    describe(call, &render::INSTANCES, |ec2| &ec2.instances)
}

fn security_groups(call: &Context<'_>) -> Result<Value, AwsError> {
    describe(call, &render::SECURITY_GROUPS, |ec2| &ec2.groups)
}

fn subnets(call: &Context<'_>) -> Result<Value, AwsError> {
    describe(call, &render::SUBNETS, |ec2| &ec2.subnets)
}

fn vpcs(call: &Context<'_>) -> Result<Value, AwsError> {
    describe(call, &render::VPCS, |ec2| &ec2.vpcs)
}

/// A page of what the caller's account has of one kind in the region of the call.
fn describe<T>(
    call: &Context<'_>,
    resource: &Resource<T>,
    all: fn(&Ec2) -> &BTreeMap<String, T>,
) -> Result<Value, AwsError> {
    let input = Input::read(call, resource)?;
    let account = call.account()?;
    let ec2 = Ec2::of(&call.base.world(), account, &call.region);
    let owner = Owner {
        account,
        region: &call.region,
        partition: call
            .base
            .world()
            .directory
            .account(account)
            .map(|account| account.partition),
    };
    input.page(resource, all(&ec2), &owner)
}
