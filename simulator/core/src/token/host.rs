//! Which hosts a token may name (`verifySTSHostnameFormat` upstream).

use super::TokenError;
use super::Verifier;
use crate::arn::Partition;

/// The region label of `host`: its second label, or `global`.
pub(super) fn verify(host: &str, verifier: Verifier<'_>) -> Result<String, TokenError> {
    let unexpected = || TokenError::UnexpectedHost { host: host.to_owned() };
    if host.is_empty() {
        return Err(TokenError::HostEmpty);
    }
    let labels: Vec<&str> = host.split('.').collect();
    let [_, region, _, ..] = labels[..] else {
        return Err(TokenError::HostFormat { host: host.to_owned() });
    };
    if host == "sts.amazonaws.com" {
        return if verifier.partition == Partition::Aws {
            Ok("global".to_owned())
        } else {
            Err(TokenError::GlobalEndpoint {
                partition: verifier.partition,
            })
        };
    }
    if !is_region_identifier(region) {
        return Err(TokenError::RegionFormat {
            region: region.to_owned(),
        });
    }
    let partition = Partition::of_region(region);
    let domain = labels.get(2..).unwrap_or_default().join(".");
    if !sts_hosts(partition, region).iter().any(|known| known == host) {
        // A region that the SDK does not know yet, but that the verifier itself runs in.
        let own = |domain: &str| host == format!("sts.{}.{domain}", verifier.region);
        return if own(verifier.partition.dns_suffix()) || verifier.partition.dual_stack_suffix().is_some_and(own) {
            Ok(region.to_owned())
        } else {
            Err(unexpected())
        };
    }
    if domain != verifier.partition.dns_suffix() && Some(domain.as_str()) != verifier.partition.dual_stack_suffix() {
        return Err(TokenError::OtherPartition {
            partition: verifier.partition,
            host: host.to_owned(),
        });
    }
    Ok(region.to_owned())
}

/// The standard, FIPS, dual-stack and FIPS dual-stack hosts, as the SDK's endpoint rules form them.
fn sts_hosts(partition: Partition, region: &str) -> Vec<String> {
    let mut hosts = vec![
        format!("sts.{region}.{}", partition.dns_suffix()),
        format!("sts-fips.{region}.{}", partition.dns_suffix()),
    ];
    if partition == Partition::AwsUsGov {
        // GovCloud's standard endpoints are its FIPS endpoints.
        hosts.truncate(1);
    }
    if let Some(suffix) = partition.dual_stack_suffix() {
        hosts.push(format!("sts.{region}.{suffix}"));
        hosts.push(format!("sts-fips.{region}.{suffix}"));
    }
    hosts
}

/// `^[[:alnum:]]([[:alnum:]\-]*[[:alnum:]])?$`
fn is_region_identifier(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
