//! A query of Logs Insights over messages, and filter patterns: the first line is the query, the others are messages.

#![no_main]

use std::borrow::Cow;

use eks_auth_core::logs::filter_pattern::FilterPattern;
use eks_auth_core::logs::insights::Query;
use eks_auth_core::logs::insights::Record;
use eks_auth_core::value::instant::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (query, messages) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(pattern) = FilterPattern::parse(query) {
        for message in messages.lines() {
            let _ = pattern.matches(message);
        }
    }
    match Query::parse(query) {
        Ok(parsed) => {
            let records = (0..).zip(messages.lines()).map(|(number, message)| Record {
                timestamp_ms: number * 60_000,
                ingestion_ms: number,
                message,
                log_stream: "authenticator",
                log: "111122223333:/aws/eks/my-cluster/cluster",
                ptr: Cow::Borrowed("p"),
            });
            let results = parsed.run(records, Some(5), Timestamp::UNIX_EPOCH);
            assert!(results.rows.len() <= 5);
            assert!(results.statistics.records_matched <= results.statistics.records_scanned);
        }
        Err(error) => assert!(error.start <= error.end && error.end <= query.chars().count()),
    }
});
