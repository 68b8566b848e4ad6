//! What is described, in the members of EC2's answers.

use serde_json::Value;
use serde_json::json;

use super::Owner;
use super::input::Resource;
use super::input::tag_set;
use crate::service::aws::Service;
use crate::service::aws::protocol::time;
use crate::world::ec2::Block;
use crate::world::ec2::Instance;
use crate::world::ec2::SecurityGroup;
use crate::world::ec2::Subject;
use crate::world::ec2::SubnetState;
use crate::world::ec2::Vpc;
use crate::world::ec2::zone_id;

pub(super) const INSTANCES: Resource<Instance> = Resource {
    list: "reservationSet",
    ids: "InstanceId",
    prefix: "i-",
    noun: "instance ID",
    not_found: "InvalidInstanceID.NotFound",
    malformed: "InvalidInstanceID.Malformed",
    ids_with_page: "The parameter instancesSet cannot be used with the parameter maxResults",
    filters: &[
        "architecture",
        "availability-zone",
        "availability-zone-id",
        "dns-name",
        "hypervisor",
        "iam-instance-profile.arn",
        "image-id",
        "instance-id",
        "instance-state-code",
        "instance-state-name",
        "instance-type",
        "instance.group-id",
        "instance.group-name",
        "network-interface.addresses.private-ip-address",
        "network-interface.network-interface-id",
        "network-interface.private-dns-name",
        "network-interface.private-ip-address",
        "network-interface.subnet-id",
        "network-interface.vpc-id",
        "owner-id",
        "private-dns-name",
        "private-ip-address",
        "reservation-id",
        "subnet-id",
        "tenancy",
        "virtualization-type",
        "vpc-id",
    ],
    subject: |instance, owner| {
        let ip: Vec<String> = instance.private_ip.iter().map(ToString::to_string).collect();
        let (group_id, group_name) = &instance.group;
        let one = |text: &str| vec![text.to_owned()];
        Subject {
            fields: vec![
                ("architecture", one("x86_64")),
                ("availability-zone", one(&instance.zone)),
                ("availability-zone-id", one(&zone_id(&instance.zone))),
                ("dns-name", one("")),
                ("hypervisor", one("xen")),
                (
                    "iam-instance-profile.arn",
                    instance.profile.iter().map(|(arn, _)| arn.clone()).collect(),
                ),
                ("image-id", one(&instance.made_up_id("ami"))),
                ("instance-id", one(&instance.id)),
                ("instance-state-code", one("16")),
                ("instance-state-name", one("running")),
                ("instance-type", one(&instance.instance_type)),
                ("instance.group-id", one(group_id)),
                ("instance.group-name", one(group_name)),
                ("network-interface.addresses.private-ip-address", ip.clone()),
                (
                    "network-interface.network-interface-id",
                    one(&instance.made_up_id("eni")),
                ),
                ("network-interface.private-dns-name", one(&instance.private_dns_name)),
                ("network-interface.private-ip-address", ip.clone()),
                ("network-interface.subnet-id", one(&instance.subnet_id)),
                ("network-interface.vpc-id", one(&instance.vpc_id)),
                ("owner-id", one(owner.account.as_str())),
                ("private-dns-name", one(&instance.private_dns_name)),
                ("private-ip-address", ip),
                ("reservation-id", one(&instance.made_up_id("r"))),
                ("subnet-id", one(&instance.subnet_id)),
                ("tenancy", one("default")),
                ("virtualization-type", one("hvm")),
                ("vpc-id", one(&instance.vpc_id)),
            ],
            tags: &instance.tags,
        }
    },
    name: None,
    render: |instance, owner| {
        json!({
            "reservationId": instance.made_up_id("r"),
            "ownerId": owner.account.as_str(),
            "groupSet": [],
            "instancesSet": [instance_members(instance, owner)],
        })
    },
};

fn instance_members(instance: &Instance, owner: &Owner<'_>) -> Value {
    let (group_id, group_name) = &instance.group;
    let groups = json!([{"groupId": group_id, "groupName": group_name}]);
    let profile = instance.profile.as_ref();
    json!({
        "instanceId": instance.id,
        "imageId": instance.made_up_id("ami"),
        "instanceState": {"code": 16, "name": "running"},
        "privateDnsName": instance.private_dns_name,
        "dnsName": "",
        "reason": "",
        "amiLaunchIndex": 0,
        "productCodes": [],
        "instanceType": instance.instance_type,
        "launchTime": time(Service::Ec2, instance.launched),
        "placement": {
            "availabilityZone": instance.zone,
            "availabilityZoneId": zone_id(&instance.zone),
            "groupName": "",
            "tenancy": "default",
        },
        "monitoring": {"state": "disabled"},
        "subnetId": instance.subnet_id,
        "vpcId": instance.vpc_id,
        "privateIpAddress": instance.private_ip.map(|ip| ip.to_string()),
        "sourceDestCheck": true,
        "groupSet": groups,
        "architecture": "x86_64",
        "rootDeviceType": "ebs",
        "rootDeviceName": "/dev/xvda",
        "blockDeviceMapping": [],
        "virtualizationType": "hvm",
        "tagSet": tag_set(&instance.tags),
        "hypervisor": "xen",
        "networkInterfaceSet": [interface(instance, owner, &groups)],
        "iamInstanceProfile": profile.map(|(arn, id)| json!({"arn": arn, "id": id})),
        "ebsOptimized": false,
        "enaSupport": true,
        "metadataOptions": {
            "state": "applied",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 2,
            "httpEndpoint": "enabled",
        },
    })
}

/// The one network interface that an instance has.
fn interface(instance: &Instance, owner: &Owner<'_>, groups: &Value) -> Value {
    json!({
        "networkInterfaceId": instance.made_up_id("eni"),
        "subnetId": instance.subnet_id,
        "vpcId": instance.vpc_id,
        "ownerId": owner.account.as_str(),
        "status": "in-use",
        "privateIpAddress": instance.private_ip.map(|ip| ip.to_string()),
        "privateDnsName": instance.private_dns_name,
        "sourceDestCheck": true,
        "groupSet": groups,
        "attachment": {
            "attachmentId": instance.made_up_id("eni-attach"),
            "deviceIndex": 0,
            "status": "attached",
            "attachTime": time(Service::Ec2, instance.launched),
            "deleteOnTermination": true,
        },
        "interfaceType": "interface",
    })
}

pub(super) const SUBNETS: Resource<SubnetState> = Resource {
    list: "subnetSet",
    ids: "SubnetId",
    prefix: "subnet-",
    noun: "subnet ID",
    not_found: "InvalidSubnetID.NotFound",
    malformed: "InvalidSubnetId.Malformed",
    ids_with_page: "The parameter SubnetIds cannot be used with the parameter MaxResults",
    filters: &[
        "availability-zone",
        "availability-zone-id",
        "availabilityZone",
        "cidr",
        "cidr-block",
        "cidrBlock",
        "default-for-az",
        "defaultForAz",
        "map-public-ip-on-launch",
        "owner-id",
        "state",
        "subnet-arn",
        "subnet-id",
        "vpc-id",
    ],
    subject: |state, owner| {
        let subnet = &state.subnet;
        let one = |text: &str| vec![text.to_owned()];
        let (zone, cidr) = (one(&subnet.zone), one(&subnet.cidr()));
        Subject {
            fields: vec![
                ("availability-zone", zone.clone()),
                ("availability-zone-id", one(&zone_id(&subnet.zone))),
                ("availabilityZone", zone),
                ("cidr", cidr.clone()),
                ("cidr-block", cidr.clone()),
                ("cidrBlock", cidr),
                ("default-for-az", one("false")),
                ("defaultForAz", one("false")),
                ("map-public-ip-on-launch", one("false")),
                ("owner-id", one(owner.account.as_str())),
                ("state", one("available")),
                ("subnet-arn", one(&owner.arn("subnet", &subnet.id))),
                ("subnet-id", one(&subnet.id)),
                ("vpc-id", one(&state.vpc_id)),
            ],
            tags: &state.tags,
        }
    },
    name: None,
    render: |state, owner| {
        let subnet = &state.subnet;
        json!({
            "subnetId": subnet.id,
            "subnetArn": owner.arn("subnet", &subnet.id),
            "state": "available",
            "ownerId": owner.account.as_str(),
            "vpcId": state.vpc_id,
            "cidrBlock": subnet.cidr(),
            "availableIpAddressCount": state.free,
            "availabilityZone": subnet.zone,
            "availabilityZoneId": zone_id(&subnet.zone),
            "defaultForAz": false,
            "mapPublicIpOnLaunch": false,
            "assignIpv6AddressOnCreation": false,
            "ipv6CidrBlockAssociationSet": [],
            "tagSet": tag_set(&state.tags),
        })
    },
};

pub(super) const SECURITY_GROUPS: Resource<SecurityGroup> = Resource {
    list: "securityGroupInfo",
    ids: "GroupId",
    prefix: "sg-",
    noun: "security group",
    not_found: "InvalidGroup.NotFound",
    malformed: "InvalidGroupId.Malformed",
    ids_with_page: "The parameter GroupIds cannot be used with the parameter MaxResults",
    filters: &["description", "group-id", "group-name", "owner-id", "vpc-id"],
    subject: |group, owner| {
        let one = |text: &str| vec![text.to_owned()];
        Subject {
            fields: vec![
                ("description", one(&group.description)),
                ("group-id", one(&group.id)),
                ("group-name", one(&group.name)),
                ("owner-id", one(owner.account.as_str())),
                ("vpc-id", one(&group.vpc_id)),
            ],
            tags: &group.tags,
        }
    },
    name: Some(|group| &group.name),
    render: |group, owner| {
        let all = |groups: Value, ranges: Value| {
            json!({
                "ipProtocol": "-1",
                "groups": groups,
                "ipRanges": ranges,
                "ipv6Ranges": [],
                "prefixListIds": [],
            })
        };
        let own = json!([{"userId": owner.account.as_str(), "groupId": group.id}]);
        let within = group.is_open_within.then(|| all(own, json!([])));
        json!({
            "ownerId": owner.account.as_str(),
            "groupId": group.id,
            "securityGroupArn": owner.arn("security-group", &group.id),
            "groupName": group.name,
            "groupDescription": group.description,
            "vpcId": group.vpc_id,
            "ipPermissions": within.into_iter().collect::<Vec<_>>(),
            "ipPermissionsEgress": [all(json!([]), json!([{"cidrIp": "0.0.0.0/0"}]))],
            "tagSet": tag_set(&group.tags),
        })
    },
};

pub(super) const VPCS: Resource<Vpc> = Resource {
    list: "vpcSet",
    ids: "VpcId",
    prefix: "vpc-",
    noun: "vpc ID",
    not_found: "InvalidVpcID.NotFound",
    malformed: "InvalidVpcId.Malformed",
    ids_with_page: "The parameter VpcIds cannot be used with the parameter MaxResults",
    filters: &[
        "cidr",
        "cidr-block-association.association-id",
        "cidr-block-association.cidr-block",
        "cidr-block-association.state",
        "dhcp-options-id",
        "is-default",
        "isDefault",
        "owner-id",
        "state",
        "vpc-id",
    ],
    subject: |vpc, owner| {
        let one = |text: &str| vec![text.to_owned()];
        let cidrs = || vpc.blocks.iter().map(|block| block.cidr());
        Subject {
            fields: vec![
                ("cidr", cidrs().take(1).collect()),
                (
                    "cidr-block-association.association-id",
                    vpc.blocks.iter().map(|block| association_id(vpc, *block)).collect(),
                ),
                ("cidr-block-association.cidr-block", cidrs().collect()),
                ("cidr-block-association.state", one("associated")),
                ("dhcp-options-id", one(&vpc.made_up_id("dopt"))),
                ("is-default", one("false")),
                ("isDefault", one("false")),
                ("owner-id", one(owner.account.as_str())),
                ("state", one("available")),
                ("vpc-id", one(&vpc.id)),
            ],
            tags: &vpc.tags,
        }
    },
    name: None,
    render: |vpc, owner| {
        let associations: Vec<Value> = vpc
            .blocks
            .iter()
            .map(|block| {
                json!({
                    "associationId": association_id(vpc, *block),
                    "cidrBlock": block.cidr(),
                    "cidrBlockState": {"state": "associated"},
                })
            })
            .collect();
        json!({
            "vpcId": vpc.id,
            "ownerId": owner.account.as_str(),
            "state": "available",
            "cidrBlock": vpc.blocks.first().map(|block| block.cidr()),
            "cidrBlockAssociationSet": associations,
            "dhcpOptionsId": vpc.made_up_id("dopt"),
            "instanceTenancy": "default",
            "isDefault": false,
            "tagSet": tag_set(&vpc.tags),
        })
    },
};

fn association_id(vpc: &Vpc, block: Block) -> String {
    let id = vpc.made_up_id("vpc-cidr-assoc");
    // Two of one VPC differ in their ends.
    let end: u32 = block
        .cidr()
        .bytes()
        .fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{}{:04x}", id.get(..id.len() - 4).unwrap_or_default(), end & 0xffff)
}
