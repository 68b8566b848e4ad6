//! Which hosts a token may name (`verifySTSHostnameFormat` upstream).

use super::TokenError;
use super::Verifier;
use crate::value::arn::Partition;

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
    if host == "sts.amazonaws.com" || region == "global" {
        return match verifier.partition {
            Partition::Aws if host == "sts.amazonaws.com" => Ok("global".to_owned()),
            // FIDELITY: upstream accepts any host with this second label and then asks it. No STS answers there, so the
            // token is refused one step earlier.
            Partition::Aws => Err(unexpected()),
            partition => Err(TokenError::GlobalEndpoint { partition }),
        };
    }
    if !is_region_identifier(region) {
        return Err(TokenError::RegionFormat {
            region: region.to_owned(),
        });
    }
    let domain = labels.get(2..).unwrap_or_default().join(".");
    if !sts_hosts(region).iter().any(|known| known == host) {
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
fn sts_hosts(region: &str) -> Vec<String> {
    let partition = sdk_partition(region);
    let suffix = partition.dns_suffix();
    let dual_stack = match partition {
        Partition::Aws | Partition::AwsUsGov => "api.aws",
        Partition::AwsCn => "api.amazonwebservices.com.cn",
        Partition::AwsEusc => "api.amazonwebservices.eu",
        Partition::AwsIso => "api.aws.ic.gov",
        Partition::AwsIsoB => "api.aws.scloud",
        Partition::AwsIsoE => "api.cloud-aws.adc-e.uk",
        Partition::AwsIsoF => "api.aws.hci.ic.gov",
    };
    let mut hosts = vec![
        format!("sts.{region}.{dual_stack}"),
        format!("sts-fips.{region}.{dual_stack}"),
    ];
    // The standard host of this pseudo-region is the global endpoint.
    if region != "aws-global" {
        hosts.push(format!("sts.{region}.{suffix}"));
    }
    // GovCloud's standard endpoints are its FIPS endpoints.
    if partition != Partition::AwsUsGov {
        hosts.push(format!("sts-fips.{region}.{suffix}"));
    }
    hosts
}

/// The partition in which the SDK sees a region: `^PREFIX-\w+-\d+$`, or the partition's pseudo-region. It sees what it does
/// not know in the commercial one.
fn sdk_partition(region: &str) -> Partition {
    let is_word =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    const PREFIXES: [(&str, Partition); 7] = [
        ("cn-", Partition::AwsCn),
        ("eu-isoe-", Partition::AwsIsoE),
        ("eusc-de-", Partition::AwsEusc),
        ("us-gov-", Partition::AwsUsGov),
        ("us-iso-", Partition::AwsIso),
        ("us-isob-", Partition::AwsIsoB),
        ("us-isof-", Partition::AwsIsoF),
    ];
    let known = PREFIXES.into_iter().find(|(prefix, _)| {
        region
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once('-'))
            .is_some_and(|(word, number)| is_word(word) && is_number(number))
    });
    let pseudo = || {
        region
            .strip_suffix("-global")
            .and_then(Partition::from_name)
            .filter(|partition| *partition != Partition::AwsEusc)
    };
    known
        .map(|(_, partition)| partition)
        .or_else(pseudo)
        .unwrap_or(Partition::Aws)
}

/// `^[[:alnum:]]([[:alnum:]\-]*[[:alnum:]])?$`
fn is_region_identifier(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
