//! Where a cluster's control plane writes its logs: one group of CloudWatch Logs, a stream a component.
//!
//! Source: the EKS User Guide's page on control plane logging; names of streams as users quote them.
//!
//! FIDELITY: EKS runs at least two instances of each component, with streams of their own; here it is one. Events have
//! the time at which they came about; in EKS they come a few seconds late. The controller manager and the scheduler,
//! which nobody plays here, have no streams.

use sha2::Digest;
use sha2::Sha256;

use super::Cluster;
use super::parameter::AuthenticationMode;
use super::parameter::LogType;
use crate::cluster::mapping::CREATOR_USERNAME;
use crate::cluster::service_account::TokenFault;
use crate::logs::cloudwatch_logs::GroupKey;
use crate::value::instant::Timestamp;
use crate::value::log::Level;
use crate::value::log::LogLine;
use crate::value::log::go_quote;

impl Cluster {
    /// The group that its logs are in: `/aws/eks/NAME/cluster`.
    #[must_use]
    pub fn log_group(&self) -> GroupKey {
        GroupKey {
            account: self.account.clone(),
            region: self.region.clone(),
            name: format!("/aws/eks/{}/cluster", self.name),
        }
    }

    /// The stream of a log, where it is written and somebody plays the component.
    #[must_use]
    pub fn log_stream(&self, log: LogType) -> Option<String> {
        let component = match log {
            LogType::Api => "kube-apiserver",
            LogType::Audit => "kube-apiserver-audit",
            LogType::Authenticator => "authenticator",
            LogType::ControllerManager | LogType::Scheduler => return None,
        };
        self.logging.contains(&log).then(|| {
            let hash = Sha256::digest(format!("control plane of {} since {}", self.arn(), self.created));
            let instance: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            format!("{component}-{instance}")
        })
    }

    /// What the authenticator wrote when the cluster was made (`cmd/aws-iam-authenticator/server.go` and
    /// `pkg/server/server.go` upstream), with the mapping of the creator that nobody sees elsewhere.
    #[must_use]
    pub fn authenticator_start(&self) -> Vec<LogLine> {
        let line = |msg: String, fields| LogLine {
            time: self.created,
            level: Level::Info,
            msg,
            fields,
        };
        let mut lines: Vec<LogLine> = ["MountedFile", "EKSConfigMap"]
            .iter()
            .map(|mapper| line(format!("starting mapper {mapper:?}"), Vec::new()))
            .collect();
        if let Some(creator) = self.hidden_creator() {
            let kind = if creator.contains(":role/") { "role" } else { "user" };
            lines.push(line(
                format!("mapping IAM {kind}"),
                vec![
                    (kind, creator.to_owned()),
                    ("username", CREATOR_USERNAME.to_owned()),
                    ("groups", "[system:masters]".to_owned()),
                ],
            ));
        }
        lines.push(line("listening on 127.0.0.1:21362".to_owned(), Vec::new()));
        lines
    }

    /// The creator's canonical ARN, where the mapping that nobody sees lets it in.
    fn hidden_creator(&self) -> Option<&str> {
        let creator = self.creator.as_ref()?;
        let is_mapped = self.authentication_mode == AuthenticationMode::ConfigMap;
        is_mapped.then_some(creator.canonical_arn.as_str())
    }
}

/// What each authenticator of bearer tokens says of one that nobody took; `fault` is what is wrong with one of the API
/// server's own issuer.
#[must_use]
pub fn authentication_errors(fault: Option<&TokenFault>) -> String {
    let fault = fault.map(|fault| format!("{fault}, ")).unwrap_or_default();
    format!("[invalid bearer token, {fault}unknown]")
}

/// The API server's words on a bearer token that nobody took (klog's header, then `authentication.go`); `fault` is what is
/// wrong with one of its own issuer.
///
/// FIDELITY: `unknown` is what the API server makes of the authenticator's answer 403; where there was no token the
/// real one writes nothing.
#[must_use]
pub fn unauthenticated_line(now: Timestamp, fault: Option<&TokenFault>) -> String {
    let errors = go_quote(&authentication_errors(fault));
    let digits: String = now.render_amz().chars().filter(char::is_ascii_digit).collect();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let millis = now.unix_millis().rem_euclid(1000);
    format!(
        "E{} {}:{}:{}.{millis:03}000      10 authentication.go:73] \"Unable to authenticate the request\" err={errors}",
        part(4, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    #[test]
    fn logs_have_streams_of_one_instance_where_they_are_written() {
        let now = Timestamp::UNIX_EPOCH;
        let mut world = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
        let (cluster, _) = world.cluster_mut("my-cluster").unwrap();
        assert_eq!(
            cluster.log_group().arn(),
            "arn:aws:logs:us-west-2:111122223333:log-group:/aws/eks/my-cluster/cluster"
        );
        let names = |cluster: &Cluster| -> Vec<String> {
            let streams = LogType::ALL.iter().filter_map(|log| cluster.log_stream(*log));
            streams.collect()
        };
        let streams = names(cluster);
        let (component, instance) = streams[0].rsplit_once('-').unwrap();
        assert_eq!((component, instance.len()), ("kube-apiserver", 32));
        assert_eq!(
            streams[1..],
            [
                format!("kube-apiserver-audit-{instance}"),
                format!("authenticator-{instance}")
            ]
        );
        cluster.begin_logging([LogType::Audit, LogType::Scheduler]);
        assert_eq!(names(cluster), [format!("kube-apiserver-audit-{instance}")]);
    }

    #[test]
    fn the_authenticator_tells_of_the_hidden_mapping_when_it_starts() {
        let now = Timestamp::from_unix_millis(1_795_481_097_123);
        let world = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
        let lines = world.cluster("my-cluster").unwrap().authenticator_start();
        assert_eq!(
            lines.iter().map(LogLine::render).collect::<Vec<_>>(),
            [
                r#"time="2026-09-08T00:44:57Z" level=info msg="starting mapper \"MountedFile\"""#,
                r#"time="2026-09-08T00:44:57Z" level=info msg="starting mapper \"EKSConfigMap\"""#,
                r#"time="2026-09-08T00:44:57Z" level=info msg="mapping IAM user" groups="[system:masters]" user="arn:aws:iam::111122223333:user/creator" username=kubernetes-admin"#,
                r#"time="2026-09-08T00:44:57Z" level=info msg="listening on 127.0.0.1:21362""#,
            ]
        );
        assert_eq!(
            unauthenticated_line(now, None),
            r#"E1124 00:44:57.123000      10 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, unknown]""#
        );
        assert_eq!(
            unauthenticated_line(now, Some(&TokenFault::NoServiceAccount { name: "app".to_owned() })),
            r#"E1124 00:44:57.123000      10 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, serviceaccounts \"app\" not found, unknown]""#
        );
    }
}
