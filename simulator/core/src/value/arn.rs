//! Amazon Resource Names, partitions, account ids, and the canonical ARN that mappings are compared with.

use serde::Deserialize;
use serde::Serialize;
use std::fmt;

/// A group of regions with its own accounts and domains.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Partition {
    /// Commercial regions.
    Aws,
    /// China.
    AwsCn,
    /// European Sovereign Cloud.
    AwsEusc,
    /// US ISO.
    AwsIso,
    /// US ISOB.
    AwsIsoB,
    /// EU ISOE.
    AwsIsoE,
    /// US ISOF.
    AwsIsoF,
    /// GovCloud (US).
    AwsUsGov,
}

impl Partition {
    /// Every partition that aws-iam-authenticator knows.
    pub const ALL: [Self; 8] = [
        Self::Aws,
        Self::AwsCn,
        Self::AwsUsGov,
        Self::AwsIso,
        Self::AwsIsoB,
        Self::AwsIsoE,
        Self::AwsIsoF,
        Self::AwsEusc,
    ];

    /// The name as it stands in an ARN, such as `aws-us-gov`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsEusc => "aws-eusc",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
            Self::AwsUsGov => "aws-us-gov",
        }
    }

    /// The domain of its regional endpoints.
    #[must_use]
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsEusc => "amazonaws.eu",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
        }
    }

    /// The domain of its dual-stack endpoints, where aws-iam-authenticator knows one.
    #[must_use]
    pub fn dual_stack_suffix(self) -> Option<&'static str> {
        match self {
            Self::Aws | Self::AwsUsGov => Some("api.aws"),
            Self::AwsCn => Some("api.amazonwebservices.com.cn"),
            Self::AwsEusc => Some("api.amazonwebservices.eu"),
            Self::AwsIso | Self::AwsIsoB | Self::AwsIsoE | Self::AwsIsoF => None,
        }
    }

    /// The host of the regional STS endpoint.
    #[must_use]
    pub fn sts_host(self, region: &str) -> String {
        format!("sts.{region}.{}", self.dns_suffix())
    }

    /// The partition of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|partition| partition.as_str() == name)
    }

    /// The partition whose regions begin as `region` does; commercial where nothing else fits.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        const PREFIXES: [(&str, Partition); 7] = [
            ("cn-", Partition::AwsCn),
            ("us-gov-", Partition::AwsUsGov),
            ("us-isob-", Partition::AwsIsoB),
            ("us-isof-", Partition::AwsIsoF),
            ("us-iso-", Partition::AwsIso),
            ("eu-isoe-", Partition::AwsIsoE),
            ("eusc-", Partition::AwsEusc),
        ];
        PREFIXES
            .into_iter()
            .find(|(prefix, _)| region.starts_with(prefix))
            .map_or(Self::Aws, |(_, partition)| partition)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Regions of the commercial partition that every account has from the start.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>.
const ON_BY_DEFAULT: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Whether an account has the region without having asked for it. Other partitions have no regions to opt in to.
#[must_use]
pub fn is_on_by_default(region: &str) -> bool {
    Partition::of_region(region) != Partition::Aws || ON_BY_DEFAULT.contains(&region)
}

/// A 12-digit AWS account id.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AccountId(String);

impl AccountId {
    /// Reads twelve digits.
    ///
    /// # Errors
    /// [`ArnError::AccountId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ArnError::AccountId { got: text.to_owned() })
        }
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An ARN split at its first five colons; no section is checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// Such as `aws`.
    pub partition: String,
    /// Such as `iam`.
    pub service: String,
    /// Such as `us-west-2`; empty for global services.
    pub region: String,
    /// Twelve digits; empty for AWS's own resources.
    pub account_id: String,
    /// All the rest, such as `role/team/admin`.
    pub resource: String,
}

impl Arn {
    /// Splits `text` as the AWS SDK for Go does.
    ///
    /// # Errors
    /// [`ArnError::Prefix`] when it does not begin with `arn:`, [`ArnError::Sections`] when it has fewer than six
    /// sections.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        if !text.starts_with("arn:") {
            return Err(ArnError::Prefix { arn: text.to_owned() });
        }
        let mut sections = text.splitn(6, ':').skip(1).map(str::to_owned);
        match (
            sections.next(),
            sections.next(),
            sections.next(),
            sections.next(),
            sections.next(),
        ) {
            (Some(partition), Some(service), Some(region), Some(account_id), Some(resource)) => Ok(Self {
                partition,
                service,
                region,
                account_id,
                resource,
            }),
            _ => Err(ArnError::Sections { arn: text.to_owned() }),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            service,
            region,
            account_id,
            resource,
        } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account_id}:{resource}")
    }
}

/// What kind of principal an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A session of an IAM role, or the role itself.
    AssumedRole,
    /// A session made by GetFederationToken.
    FederatedUser,
    /// The root user of an account.
    Root,
    /// An IAM role named directly.
    Role,
    /// An IAM user.
    User,
}

/// An ARN in the form that mappings are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalArn {
    /// What it names.
    pub kind: PrincipalKind,
    /// Its text: a role session has become its role without path, all else is as it came.
    pub arn: String,
}

impl CanonicalArn {
    /// Canonicalises as aws-iam-authenticator does (`pkg/arn/arn.go`): a role session becomes the IAM role without its
    /// path (STS never shows one), every other principal stays as it is, a user's path included.
    ///
    /// # Errors
    /// [`ArnError`] with upstream's text when the ARN is malformed or names no principal.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let arn = Arn::parse(text)?;
        if Partition::from_name(&arn.partition).is_none() {
            return Err(ArnError::Partition { arn: text.to_owned() });
        }
        let whole = |kind| {
            Ok(Self {
                kind,
                arn: text.to_owned(),
            })
        };
        let mut parts = arn.resource.split('/');
        let resource = parts.next().unwrap_or_default();
        match (arn.service.as_str(), resource) {
            ("sts", "federated-user") => whole(PrincipalKind::FederatedUser),
            ("sts", "assumed-role") => {
                let parts: Vec<&str> = parts.collect();
                let Some((_session, role @ [_, ..])) = parts.split_last() else {
                    return Err(ArnError::NoRole { arn: text.to_owned() });
                };
                Ok(Self {
                    kind: PrincipalKind::AssumedRole,
                    arn: format!("arn:{}:iam::{}:role/{}", arn.partition, arn.account_id, role.join("/")),
                })
            }
            ("sts", _) => Err(ArnError::StsResource {
                resource: arn.resource.clone(),
            }),
            ("iam", "role") => whole(PrincipalKind::Role),
            ("iam", "user") => whole(PrincipalKind::User),
            ("iam", "root") => whole(PrincipalKind::Root),
            ("iam", _) => Err(ArnError::IamResource {
                resource: arn.resource.clone(),
            }),
            _ => Err(ArnError::Service {
                service: arn.service.clone(),
                arn: text.to_owned(),
            }),
        }
    }
}

/// Text that is no usable ARN. The messages are upstream's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// Not twelve digits.
    #[error("`{got}` is not a 12-digit account id")]
    AccountId {
        /// The text as it came.
        got: String,
    },
    /// An IAM resource that is no principal.
    #[error("unrecognized resource {resource} for service iam")]
    IamResource {
        /// The last section of the ARN.
        resource: String,
    },
    /// A role session without role or session name.
    #[error("assumed-role arn '{arn}' does not have a role")]
    NoRole {
        /// The ARN as it came.
        arn: String,
    },
    /// A partition that upstream does not know.
    #[error("arn '{arn}' does not have a recognized partition")]
    Partition {
        /// The ARN as it came.
        arn: String,
    },
    /// It does not begin with `arn:`.
    #[error("arn '{arn}' is invalid: 'arn: invalid prefix'")]
    Prefix {
        /// The text as it came.
        arn: String,
    },
    /// Fewer than six sections.
    #[error("arn '{arn}' is invalid: 'arn: not enough sections'")]
    Sections {
        /// The text as it came.
        arn: String,
    },
    /// A service that has no principals.
    #[error("service {service} in arn {arn} is not a valid service for identities")]
    Service {
        /// The service of the ARN.
        service: String,
        /// The ARN as it came.
        arn: String,
    },
    /// An STS resource that is no principal.
    #[error("unrecognized resource {resource} for service sts")]
    StsResource {
        /// The last section of the ARN.
        resource: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from aws-iam-authenticator v0.7.18.
    #[test]
    fn arns_are_canonicalized_as_upstream_does() {
        for (text, wanted) in [
            ("", Err("arn '' is invalid: 'arn: invalid prefix'")),
            ("arn", Err("arn 'arn' is invalid: 'arn: invalid prefix'")),
            ("arn:", Err("arn 'arn:' is invalid: 'arn: not enough sections'")),
            ("arn:aws", Err("arn 'arn:aws' is invalid: 'arn: not enough sections'")),
            (
                "arn:aws:iam::1",
                Err("arn 'arn:aws:iam::1' is invalid: 'arn: not enough sections'"),
            ),
            ("arn:aws:iam::1:", Err("unrecognized resource  for service iam")),
            (
                "ARN:aws:iam::1:role/r",
                Err("arn 'ARN:aws:iam::1:role/r' is invalid: 'arn: invalid prefix'"),
            ),
            (
                " arn:aws:iam::1:role/r",
                Err("arn ' arn:aws:iam::1:role/r' is invalid: 'arn: invalid prefix'"),
            ),
            (
                "arn:aws:iam::1:role/r",
                Ok((PrincipalKind::Role, "arn:aws:iam::1:role/r")),
            ),
            (
                "arn:aws:iam::1:role/a/b/r",
                Ok((PrincipalKind::Role, "arn:aws:iam::1:role/a/b/r")),
            ),
            ("arn:aws:iam::1:role", Ok((PrincipalKind::Role, "arn:aws:iam::1:role"))),
            (
                "arn:aws:iam::1:role:r",
                Err("unrecognized resource role:r for service iam"),
            ),
            (
                "arn:aws:iam::1:roles/r",
                Err("unrecognized resource roles/r for service iam"),
            ),
            (
                "arn:aws:iam::1:user/u",
                Ok((PrincipalKind::User, "arn:aws:iam::1:user/u")),
            ),
            ("arn:aws:iam::1:user", Ok((PrincipalKind::User, "arn:aws:iam::1:user"))),
            ("arn:aws:iam::1:root", Ok((PrincipalKind::Root, "arn:aws:iam::1:root"))),
            (
                "arn:aws:iam::1:root/x",
                Ok((PrincipalKind::Root, "arn:aws:iam::1:root/x")),
            ),
            (
                "arn:aws:iam::1:group/g",
                Err("unrecognized resource group/g for service iam"),
            ),
            ("arn:aws:iam::1:", Err("unrecognized resource  for service iam")),
            ("arn:aws:iam::1:/", Err("unrecognized resource / for service iam")),
            (
                "arn:aws:sts::1:assumed-role/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws:iam::1:role/r")),
            ),
            (
                "arn:aws:sts::1:assumed-role/a/b/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws:iam::1:role/a/b/r")),
            ),
            (
                "arn:aws:sts::1:assumed-role/r",
                Err("assumed-role arn 'arn:aws:sts::1:assumed-role/r' does not have a role"),
            ),
            (
                "arn:aws:sts::1:assumed-role",
                Err("assumed-role arn 'arn:aws:sts::1:assumed-role' does not have a role"),
            ),
            (
                "arn:aws:sts::1:assumed-role/",
                Err("assumed-role arn 'arn:aws:sts::1:assumed-role/' does not have a role"),
            ),
            (
                "arn:aws:sts::1:assumed-role//",
                Ok((PrincipalKind::AssumedRole, "arn:aws:iam::1:role/")),
            ),
            (
                "arn:aws:sts::1:assumed-role/r/",
                Ok((PrincipalKind::AssumedRole, "arn:aws:iam::1:role/r")),
            ),
            (
                "arn:aws:sts::1:assumed-role//s",
                Ok((PrincipalKind::AssumedRole, "arn:aws:iam::1:role/")),
            ),
            (
                "arn:aws:sts::1:federated-user/f",
                Ok((PrincipalKind::FederatedUser, "arn:aws:sts::1:federated-user/f")),
            ),
            (
                "arn:aws:sts::1:federated-user",
                Ok((PrincipalKind::FederatedUser, "arn:aws:sts::1:federated-user")),
            ),
            (
                "arn:aws:sts::1:user/u",
                Err("unrecognized resource user/u for service sts"),
            ),
            ("arn:aws:sts::1:", Err("unrecognized resource  for service sts")),
            (
                "arn:aws:s3:::b",
                Err("service s3 in arn arn:aws:s3:::b is not a valid service for identities"),
            ),
            (
                "arn:aws:eks:us-west-2:1:cluster/c",
                Err("service eks in arn arn:aws:eks:us-west-2:1:cluster/c is not a valid service for identities"),
            ),
            (
                "arn:aws::: :role/r",
                Err("service  in arn arn:aws::: :role/r is not a valid service for identities"),
            ),
            (
                "arn::iam::1:role/r",
                Err("arn 'arn::iam::1:role/r' does not have a recognized partition"),
            ),
            (
                "arn:AWS:iam::1:role/r",
                Err("arn 'arn:AWS:iam::1:role/r' does not have a recognized partition"),
            ),
            (
                "arn:aws-x:iam::1:role/r",
                Err("arn 'arn:aws-x:iam::1:role/r' does not have a recognized partition"),
            ),
            (
                "arn:aws-cn:sts::1:assumed-role/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws-cn:iam::1:role/r")),
            ),
            (
                "arn:aws-us-gov:sts::1:assumed-role/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws-us-gov:iam::1:role/r")),
            ),
            (
                "arn:aws-iso:sts::1:assumed-role/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws-iso:iam::1:role/r")),
            ),
            (
                "arn:aws-iso-b:sts::1:assumed-role/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws-iso-b:iam::1:role/r")),
            ),
            (
                "arn:aws-iso-e:sts::1:assumed-role/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws-iso-e:iam::1:role/r")),
            ),
            (
                "arn:aws-iso-f:sts::1:assumed-role/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws-iso-f:iam::1:role/r")),
            ),
            (
                "arn:aws-eusc:sts::1:assumed-role/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws-eusc:iam::1:role/r")),
            ),
            (
                "arn:aws:sts:us-west-2:1:assumed-role/r/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws:iam::1:role/r")),
            ),
            (
                "arn:aws:iam:us-west-2:1:role/r",
                Ok((PrincipalKind::Role, "arn:aws:iam:us-west-2:1:role/r")),
            ),
            (
                "arn:aws:sts::1:assumed-role/r/s:t",
                Ok((PrincipalKind::AssumedRole, "arn:aws:iam::1:role/r")),
            ),
            (
                "arn:aws:sts::1:assumed-role/r:x/s",
                Ok((PrincipalKind::AssumedRole, "arn:aws:iam::1:role/r:x")),
            ),
            (
                "arn:aws:iam::1:role/é",
                Ok((PrincipalKind::Role, "arn:aws:iam::1:role/é")),
            ),
            (
                "arn:aws:IAM::1:role/r",
                Err("service IAM in arn arn:aws:IAM::1:role/r is not a valid service for identities"),
            ),
        ] {
            let got = CanonicalArn::parse(text).map_err(|error| error.to_string());
            let got = got.as_ref().map(|canonical| (canonical.kind, canonical.arn.as_str()));
            assert_eq!(got.map_err(String::as_str), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_canonical_arn_is_its_own() {
        for partition in Partition::ALL {
            let session = format!("arn:{partition}:sts::111122223333:assumed-role/r/s");
            let canonical = CanonicalArn::parse(&session).unwrap();
            assert_eq!(canonical.arn, format!("arn:{partition}:iam::111122223333:role/r"));
            assert_eq!(CanonicalArn::parse(&canonical.arn).unwrap().arn, canonical.arn);
        }
    }

    #[test]
    fn account_ids_are_twelve_digits() {
        for (text, good) in [
            ("111122223333", true),
            ("000000000000", true),
            ("11112222333", false),
            ("1111222233334", false),
            ("11112222333x", false),
            ("١١١١٢٢٢٢٣٣٣٣", false),
            ("", false),
        ] {
            assert_eq!(AccountId::parse(text).is_ok(), good, "{text:?}");
        }
        assert_eq!(
            AccountId::parse("1").unwrap_err().to_string(),
            "`1` is not a 12-digit account id"
        );
    }
}
