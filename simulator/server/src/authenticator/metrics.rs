//! The authenticator's Prometheus metrics, under upstream's names.
//!
//! Source: `pkg/metrics/metrics.go` of aws-iam-authenticator 0.7. Those of things that cannot happen here (a watch or a
//! connection that fails) are there and stay at zero.

use eks_auth_core::world::authenticate::Authentication;
use eks_auth_core::world::authenticate::DenialReason;
use eks_auth_core::world::sts;
use prometheus::Encoder;
use prometheus::Gauge;
use prometheus::HistogramOpts;
use prometheus::HistogramVec;
use prometheus::IntCounter;
use prometheus::IntCounterVec;
use prometheus::Opts;
use prometheus::Registry;
use prometheus::TextEncoder;
use prometheus::core::Collector;

const NAMESPACE: &str = "aws_iam_authenticator";
/// The result of a request that is no TokenReview.
pub(crate) const MALFORMED: &str = "malformed_request";

/// The metrics of one simulator.
pub(crate) struct Metrics {
    registry: Registry,
    latency: HistogramVec,
    sts_responses: IntCounterVec,
    sts_throttling: IntCounterVec,
    dynamic_file_enabled: Gauge,
    dynamic_file_only: Gauge,
    dynamic_file_failures: IntCounter,
}

impl Metrics {
    /// Registers them all.
    ///
    /// # Errors
    /// When two have the same name.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| IntCounter::with_opts(Opts::new(name, help).namespace(NAMESPACE));
        let counters = |name: &str, help: &str, labels: &[&str]| {
            IntCounterVec::new(Opts::new(name, help).namespace(NAMESPACE), labels)
        };
        let gauge = |name: &str, help: &str| Gauge::with_opts(Opts::new(name, help).namespace(NAMESPACE));
        let histogram = |name: &str, help: &str| HistogramOpts::new(name, help).namespace(NAMESPACE);
        let latency = HistogramVec::new(
            histogram("authenticate_latency_seconds", "Authenticate call latency"),
            &["result"],
        )?;
        let end_to_end = HistogramVec::new(
            histogram(
                "dynamic_e2e_latency_seconds",
                "End to end latency in seconds partitioned by type.",
            )
            .buckets(vec![1.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0]),
            &["type"],
        )?;
        let metrics = Self {
            latency,
            sts_responses: counters(
                "sts_responses_total",
                "Sts responses with error code label",
                &["ResponseCode", "StsRegion"],
            )?,
            sts_throttling: counters("sts_throttling_total", "Sts call got throttled", &["StsRegion"])?,
            dynamic_file_enabled: gauge("dynamic_file_enabled", "Dynamic file in backend mode is enabled")?,
            dynamic_file_only: gauge("dynamic_file_only", "Only dynamic file in backend mode is enabled")?,
            dynamic_file_failures: counter("dynamicfile_failures_total", "Dynamic file failures")?,
            registry,
        };
        let collectors: [Box<dyn Collector>; 10] = [
            Box::new(metrics.latency.clone()),
            Box::new(metrics.sts_responses.clone()),
            Box::new(metrics.sts_throttling.clone()),
            Box::new(metrics.dynamic_file_enabled.clone()),
            Box::new(metrics.dynamic_file_only.clone()),
            Box::new(metrics.dynamic_file_failures.clone()),
            Box::new(counter(
                "configmap_watch_failures_total",
                "EKS Configmap watch failures",
            )?),
            Box::new(counter(
                "ec2_describe_instances_calls_total",
                "Number of EC2 describe instances calls.",
            )?),
            Box::new(counters(
                "sts_connection_failures_total",
                "Sts call could not succeed or timedout",
                &["StsRegion"],
            )?),
            Box::new(end_to_end),
        ];
        for collector in collectors {
            metrics.registry.register(collector)?;
        }
        Ok(metrics)
    }

    /// Counts a judgement that took so many seconds.
    pub(crate) fn judged(&self, authentication: &Authentication, seconds: f64) {
        let (result, sts_status) = match &authentication.outcome {
            Ok(_) => ("success", 200),
            Err(denial) => match &denial.reason {
                DenialReason::Token(_) => ("invalid_token", 0),
                DenialReason::Sts(error) => ("sts_error", sts::wire_error(error).status),
                DenialReason::StsThrottled => {
                    let result = if denial.throttled {
                        "sts_throttling"
                    } else {
                        "sts_error"
                    };
                    (result, sts::throttling().status)
                }
                DenialReason::StsFault => ("sts_error", 0),
                DenialReason::Identity => ("sts_error", 200),
                // The spelling is upstream's.
                DenialReason::Mapping(_) => ("uknown_user", 200),
            },
        };
        self.latency.with_label_values(&[result]).observe(seconds);
        if let (Some(token), 1..) = (&authentication.token, sts_status) {
            let region = token.sts_region();
            self.sts_responses
                .with_label_values(&[sts_status.to_string().as_str(), region])
                .inc();
            if result == "sts_throttling" {
                self.sts_throttling.with_label_values(&[region]).inc();
            }
        }
    }

    /// Counts a request that is no TokenReview.
    pub(crate) fn malformed(&self, seconds: f64) {
        self.latency.with_label_values(&[MALFORMED]).observe(seconds);
    }

    /// Says whether the dynamic file is among the backends, and whether it is the only one.
    pub(crate) fn dynamic_file(&self, enabled: bool, only: bool) {
        self.dynamic_file_enabled.set(f64::from(u8::from(enabled && !only)));
        self.dynamic_file_only.set(f64::from(u8::from(only)));
    }

    /// Counts a dynamic file that could not be read.
    pub(crate) fn dynamic_file_failed(&self) {
        self.dynamic_file_failures.inc();
    }

    /// All of them in Prometheus' text format.
    pub(crate) fn render(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to memory cannot fail, and each family has a metric.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }
}
