//! Why a token is no token: one variant per check, with upstream's text.

use crate::value::arn::Partition;
use crate::value::instant::Timestamp;
use crate::value::log::go_quote;

/// A token whose form is wrong. `Display` gives upstream's text with its prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input token was not properly formatted: {}", self.message())]
pub enum TokenError {
    /// Longer than 4096 bytes.
    TooLarge {
        /// How long it is.
        bytes: usize,
    },
    /// It does not begin with `k8s-aws-v1.`.
    Prefix,
    /// Not base64url without padding.
    Base64 {
        /// The byte behind the prefix at which Go's decoder stops.
        offset: usize,
    },
    /// Not a URL.
    Url {
        /// Go's text.
        message: String,
    },
    /// Not https.
    Scheme {
        /// The scheme as it came.
        got: String,
    },
    /// No host.
    HostEmpty,
    /// Fewer than three labels.
    HostFormat {
        /// The host as it came.
        host: String,
    },
    /// `sts.amazonaws.com` outside the commercial partition.
    GlobalEndpoint {
        /// The verifier's partition.
        partition: Partition,
    },
    /// A second label that cannot be a region.
    RegionFormat {
        /// The label.
        region: String,
    },
    /// Not an STS host.
    UnexpectedHost {
        /// The host as it came.
        host: String,
    },
    /// An STS host of another partition.
    OtherPartition {
        /// The verifier's partition.
        partition: Partition,
        /// The host as it came.
        host: String,
    },
    /// Another path than `/`.
    Path {
        /// The path as it came.
        got: String,
    },
    /// The query does not parse.
    Query,
    /// Two parameters whose names differ in case only.
    Duplicate {
        /// The second of them.
        key: String,
    },
    /// A parameter that is not on the list.
    Parameter {
        /// Its name.
        key: String,
    },
    /// A parameter with several values.
    Values {
        /// Its name.
        key: String,
    },
    /// Another action than GetCallerIdentity.
    Action {
        /// The action as it came.
        got: String,
    },
    /// The cluster's name is not signed.
    ClusterHeader {
        /// What is signed.
        signed: String,
    },
    /// X-Amz-Expires is no number from 0 to 900.
    Expires {
        /// What Go's Atoi gives for it.
        value: i64,
    },
    /// No X-Amz-Date.
    DateMissing,
    /// X-Amz-Date has another form.
    DateFormat {
        /// The date as it came.
        got: String,
        /// Go's text.
        message: String,
    },
    /// Signed more than 15 minutes ago.
    Expired {
        /// When it was signed.
        date: Timestamp,
    },
}

impl TokenError {
    /// The id of the check that failed.
    #[must_use]
    pub fn check(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "token.size",
            Self::Prefix => "token.prefix",
            Self::Base64 { .. } => "token.base64",
            Self::Url { .. } => "token.url",
            Self::Scheme { .. } => "token.scheme",
            Self::HostEmpty
            | Self::HostFormat { .. }
            | Self::GlobalEndpoint { .. }
            | Self::RegionFormat { .. }
            | Self::UnexpectedHost { .. }
            | Self::OtherPartition { .. } => "token.host",
            Self::Path { .. } => "token.path",
            Self::Query => "token.query",
            Self::Duplicate { .. } => "token.duplicate",
            Self::Parameter { .. } => "token.parameter",
            Self::Values { .. } => "token.values",
            Self::Action { .. } => "token.action",
            Self::ClusterHeader { .. } => "token.cluster_header",
            Self::Expires { .. } => "token.expires",
            Self::DateMissing => "token.date_present",
            Self::DateFormat { .. } => "token.date_format",
            Self::Expired { .. } => "token.expired",
        }
    }

    /// What that check asks.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        rule(self.check())
    }

    /// The message for a trace: Go repeats the whole URL in its texts, with whatever secrets are in it.
    pub(super) fn evidence(&self) -> String {
        match self {
            Self::Url { message } => {
                let mut escaped = false;
                let mut quotes = 0;
                let rest = message.trim_start_matches(|c: char| {
                    let is_quote = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    quotes += u32::from(is_quote);
                    quotes < 2
                });
                rest.trim_start_matches(['"', ':', ' ']).to_owned()
            }
            _ => self.to_string(),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::TooLarge { .. } => "token is too large".to_owned(),
            Self::Prefix => r#"token is missing expected "k8s-aws-v1." prefix"#.to_owned(),
            Self::Base64 { offset } => format!("illegal base64 data at input byte {offset}"),
            Self::Url { message } => message.clone(),
            Self::Scheme { got } => format!("unexpected scheme {} in pre-signed URL", go_quote(got)),
            Self::HostEmpty => "could not parse region for pre-signed URL , host is empty".to_owned(),
            Self::HostFormat { host } => {
                format!("could not parse region for pre-signed URL {host}, invalid host format: {host}")
            }
            Self::GlobalEndpoint { partition } => format!("global endpoint unsupported in partition {partition}"),
            Self::RegionFormat { region } => format!("invalid region identifier format provided: {region}"),
            Self::UnexpectedHost { host } => format!("unexpected hostname {} in pre-signed URL", go_quote(host)),
            Self::OtherPartition { partition, host } => {
                format!("partition {{{partition}}} does not support hostname {host}")
            }
            Self::Path { .. } => "unexpected path in pre-signed URL".to_owned(),
            Self::Query => "malformed query parameter".to_owned(),
            Self::Duplicate { key } => format!("duplicate query parameter found: {}", go_quote(key)),
            Self::Parameter { key } => format!("non-whitelisted query parameter {}", go_quote(key)),
            Self::Values { .. } => "query parameter with multiple values not supported".to_owned(),
            Self::Action { .. } => "unexpected action parameter in pre-signed URL".to_owned(),
            Self::ClusterHeader { .. } => {
                "client did not sign the x-k8s-aws-id header in the pre-signed URL".to_owned()
            }
            Self::Expires { value } => format!("invalid X-Amz-Expires parameter in pre-signed URL: {value}"),
            Self::DateMissing => "X-Amz-Date parameter must be present in pre-signed URL".to_owned(),
            Self::DateFormat { got, message } => {
                format!("error parsing X-Amz-Date parameter {got} into format 20060102T150405Z: {message}")
            }
            Self::Expired { date } => format!(
                "X-Amz-Date parameter is expired (15 minute expiration) {}",
                date.render_go()
            ),
        }
    }
}

/// What a check asks, by its id.
pub(super) fn rule(check: &str) -> &'static str {
    match check {
        "token.size" => "the token has at most 4096 bytes",
        "token.prefix" => "the token begins with k8s-aws-v1.",
        "token.base64" => "the rest is base64url without padding",
        "token.url" => "that is a URL",
        "token.scheme" => "its scheme is https",
        "token.host" => "its host is an STS endpoint of the cluster's partition",
        "token.path" => "its path is /",
        "token.query" => "its query parses",
        "token.duplicate" => "no two parameters have the same name",
        "token.parameter" => "it has no parameters but those of a presigned GetCallerIdentity",
        "token.values" => "each parameter has one value",
        "token.action" => "the action is GetCallerIdentity",
        "token.cluster_header" => "the cluster's name (x-k8s-aws-id) is signed",
        "token.expires" => "X-Amz-Expires is a number from 0 to 900",
        "token.date_present" => "X-Amz-Date is there",
        "token.date_format" => "X-Amz-Date has the form YYYYMMDDTHHMMSSZ",
        _ => "it was signed at most 15 minutes ago",
    }
}
