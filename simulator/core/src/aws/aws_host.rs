//! Host names of AWS services: which service and region a host stands for.
//!
//! Sources: <https://docs.aws.amazon.com/general/latest/gr/rande.html>; the domains are those of [`Partition`].

use crate::value::arn::Partition;

/// DNS accepts names of up to this length.
const LENGTH_LIMIT: usize = 253;
/// Where the global endpoint of STS is, and so what must be signed for it.
const GLOBAL_STS_REGION: &str = "us-east-1";

/// A host below a domain of an AWS partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsHost {
    /// Such as `sts`; the FIPS endpoints are the same service.
    pub service: String,
    /// The region that the host names, if it names one.
    pub region: Option<String>,
}

impl AwsHost {
    /// Reads a name without port, in any case. Nothing for a name below no AWS domain, or one that DNS would not take.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let labels: Vec<&str> = domains()
            .find_map(|domain| name.strip_suffix(domain)?.strip_suffix('.'))?
            .split('.')
            .collect();
        if name.len() > LENGTH_LIMIT || !labels.iter().all(|label| is_label(label)) {
            return None;
        }
        let region_at = labels.iter().position(|label| is_region(label));
        // `sts.REGION`, but `ID.REGION.eks` for the API of a cluster.
        let service = match region_at {
            Some(0) => labels.get(1),
            Some(at) => labels.get(at - 1),
            None => labels.first(),
        }?;
        Some(Self {
            service: service.strip_suffix("-fips").unwrap_or(service).to_owned(),
            region: region_at
                .and_then(|at| labels.get(at))
                .map(|region| (*region).to_owned()),
        })
    }

    /// The region that a credential scope must name; nothing where any will do.
    ///
    /// FIDELITY: IAM accepts a scope of any region; the real one wants its partition's own, such as us-east-1.
    #[must_use]
    pub fn signing_region(&self) -> Option<&str> {
        match (self.service.as_str(), &self.region) {
            ("iam", _) => None,
            ("sts", None) => Some(GLOBAL_STS_REGION),
            (_, region) => region.as_deref(),
        }
    }
}

fn domains() -> impl Iterator<Item = &'static str> {
    Partition::ALL
        .into_iter()
        .flat_map(|partition| [Some(partition.dns_suffix()), partition.dual_stack_suffix()])
        .flatten()
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether it has the form of a region's name, such as `us-west-2`, `us-gov-east-1`, `eusc-de-east-1`: words, then a
/// number.
#[must_use]
pub fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    match &parts[..] {
        [words @ .., number] if words.len() >= 2 => {
            !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && words
                    .iter()
                    .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_a_service_and_a_region() {
        for (name, service, region, signing_region) in [
            ("sts.amazonaws.com", "sts", None, Some("us-east-1")),
            ("STS.Amazonaws.COM", "sts", None, Some("us-east-1")),
            (
                "sts.us-west-2.amazonaws.com",
                "sts",
                Some("us-west-2"),
                Some("us-west-2"),
            ),
            (
                "sts-fips.us-east-1.amazonaws.com",
                "sts",
                Some("us-east-1"),
                Some("us-east-1"),
            ),
            ("sts.us-west-2.api.aws", "sts", Some("us-west-2"), Some("us-west-2")),
            (
                "sts.us-gov-west-1.amazonaws.com",
                "sts",
                Some("us-gov-west-1"),
                Some("us-gov-west-1"),
            ),
            (
                "sts.cn-north-1.amazonaws.com.cn",
                "sts",
                Some("cn-north-1"),
                Some("cn-north-1"),
            ),
            (
                "sts.cn-north-1.api.amazonwebservices.com.cn",
                "sts",
                Some("cn-north-1"),
                Some("cn-north-1"),
            ),
            (
                "sts.eusc-de-east-1.amazonaws.eu",
                "sts",
                Some("eusc-de-east-1"),
                Some("eusc-de-east-1"),
            ),
            (
                "sts.us-iso-east-1.c2s.ic.gov",
                "sts",
                Some("us-iso-east-1"),
                Some("us-iso-east-1"),
            ),
            (
                "sts.us-isob-east-1.sc2s.sgov.gov",
                "sts",
                Some("us-isob-east-1"),
                Some("us-isob-east-1"),
            ),
            (
                "sts.eu-isoe-west-1.cloud.adc-e.uk",
                "sts",
                Some("eu-isoe-west-1"),
                Some("eu-isoe-west-1"),
            ),
            (
                "sts.us-isof-south-1.csp.hci.ic.gov",
                "sts",
                Some("us-isof-south-1"),
                Some("us-isof-south-1"),
            ),
            ("iam.amazonaws.com", "iam", None, None),
            ("iam.us-gov.amazonaws.com", "iam", None, None),
            ("iam.cn-north-1.amazonaws.com.cn", "iam", Some("cn-north-1"), None),
            (
                "eks.eu-central-1.amazonaws.com",
                "eks",
                Some("eu-central-1"),
                Some("eu-central-1"),
            ),
            (
                "fips.eks.us-west-2.amazonaws.com",
                "eks",
                Some("us-west-2"),
                Some("us-west-2"),
            ),
            (
                "0A1B.gr7.us-west-2.eks.amazonaws.com",
                "gr7",
                Some("us-west-2"),
                Some("us-west-2"),
            ),
            (
                "bucket.s3.us-east-2.amazonaws.com",
                "s3",
                Some("us-east-2"),
                Some("us-east-2"),
            ),
            (
                "us-west-2.signin.api.aws",
                "signin",
                Some("us-west-2"),
                Some("us-west-2"),
            ),
        ] {
            let host = AwsHost::parse(name).unwrap();
            assert_eq!(
                (host.service.as_str(), host.region.as_deref()),
                (service, region),
                "{name}"
            );
            assert_eq!(host.signing_region(), signing_region, "{name}");
        }
    }

    #[test]
    fn other_names_are_no_hosts_of_aws() {
        for name in [
            "",
            "amazonaws.com",
            ".amazonaws.com",
            "sts..amazonaws.com",
            "sts.amazonaws.com.",
            "sts.amazonaws.com:443",
            "sts.amazonaws.com.example.com",
            "notamazonaws.com",
            "sts.notamazonaws.com",
            "example.com",
            "localhost",
            "127.0.0.1",
            "a b.amazonaws.com",
            "user@sts.amazonaws.com",
            "-sts.amazonaws.com",
            "s\u{fc}.amazonaws.com",
        ] {
            assert_eq!(AwsHost::parse(name), None, "{name}");
        }
        assert_eq!(AwsHost::parse(&format!("{}.amazonaws.com", "a".repeat(64))), None);
        assert_eq!(AwsHost::parse(&format!("{}amazonaws.com", "a.".repeat(125))), None);
    }
}
