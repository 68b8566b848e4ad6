//! CloudWatch Logs: its store, filter patterns and the language of Insights.

pub mod cloudwatch_logs;
pub mod filter_pattern;
pub mod insights;
mod weighed_regex;
