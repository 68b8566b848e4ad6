//! The functions of `stats`.
//!
//! FIDELITY: percentiles are exact, by the nearest rank, and counts of distinct values too, where the service estimates;
//! stddev is that of a whole population; times become milliseconds, as users report of `latest(@timestamp)`.

use std::collections::BTreeSet;

use super::expression::Expression;
use super::expression::Row;
use super::run::ENTRY_BYTES;
use super::run::Run;
use super::value::FieldValue;
use super::value::SortKey;
use super::value::millis_as_number;

/// An aggregation of a `stats` command.
#[derive(Clone, Debug)]
pub(super) struct Aggregate {
    pub(super) kind: AggregateKind,
    /// What is aggregated; none for all rows.
    pub(super) of: Option<Expression>,
}

/// How values become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum AggregateKind {
    Count,
    CountDistinct,
    Sum,
    Average,
    Min,
    Max,
    /// With the percentage, between 0 and 100.
    Percentile(f64),
    Deviation,
    Earliest,
    Latest,
    SortsFirst,
    SortsLast,
}

impl AggregateKind {
    /// The aggregation of that name, in capital or small letters. The percentage of `pct` is still to be read.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "count" => Self::Count,
            "count_distinct" => Self::CountDistinct,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            "min" => Self::Min,
            "max" => Self::Max,
            "pct" | "percentile" => Self::Percentile(f64::NAN),
            "median" => Self::Percentile(50.0),
            "stddev" => Self::Deviation,
            "earliest" => Self::Earliest,
            "latest" => Self::Latest,
            "sortsfirst" => Self::SortsFirst,
            "sortslast" => Self::SortsLast,
            _ => return None,
        })
    }

    pub(super) fn start<'a>(self) -> Accumulator<'a> {
        match self {
            Self::Count => Accumulator::Count(0),
            Self::CountDistinct => Accumulator::Distinct(BTreeSet::new()),
            Self::Percentile(percent) => Accumulator::Percentile(Vec::new(), percent),
            Self::Sum | Self::Average | Self::Min | Self::Max | Self::Deviation => {
                Accumulator::Numbers(self, Moments::default())
            }
            Self::Earliest | Self::Latest => Accumulator::InTime(self == Self::Latest, None),
            Self::SortsFirst | Self::SortsLast => Accumulator::InOrder(self == Self::SortsLast, None),
        }
    }
}

/// What has been seen of a group.
#[derive(Clone, Debug)]
pub(super) enum Accumulator<'a> {
    Count(u64),
    Distinct(BTreeSet<String>),
    Numbers(AggregateKind, Moments),
    Percentile(Vec<f64>, f64),
    /// Whether the last is wanted, and the best one so far.
    InTime(bool, Option<(i64, FieldValue<'a>)>),
    /// Likewise, by the order of `sort`.
    InOrder(bool, Option<(SortKey<'a>, FieldValue<'a>)>),
}

/// Count, sum, extremes, and what a deviation is made of (after Welford).
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    count: f64,
    sum: f64,
    min: f64,
    max: f64,
    mean: f64,
    squares: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            count: 0.0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            mean: 0.0,
            squares: 0.0,
        }
    }
}

impl Moments {
    fn add(&mut self, number: f64) {
        self.count += 1.0;
        self.sum += number;
        self.min = self.min.min(number);
        self.max = self.max.max(number);
        let distance = number - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (number - self.mean);
    }
}

impl<'a> Accumulator<'a> {
    /// Takes a row in.
    pub(super) fn add(&mut self, aggregate: &'a Aggregate, row: &Row<'a>, run: &Run<'a>) {
        let Some(of) = &aggregate.of else {
            if let Self::Count(count) = self {
                *count += 1;
            }
            return;
        };
        let value = of.value(row, run, &[]);
        if value.is_missing() || !run.spend(value.length()) {
            return;
        }
        match self {
            Self::Count(count) => *count += 1,
            Self::Distinct(seen) => {
                if let Some(text) = value.render()
                    && !seen.contains(&*text)
                    && run.take(ENTRY_BYTES + text.len())
                {
                    seen.insert(text.into_owned());
                }
            }
            Self::Numbers(_, moments) => {
                if let Some(number) = value.number() {
                    moments.add(number);
                }
            }
            Self::Percentile(numbers, _) => {
                if let Some(number) = value.number().filter(|_| run.take(size_of::<f64>())) {
                    numbers.push(number);
                }
            }
            Self::InTime(last, best) => {
                let time = row.record.as_ref().map_or(0, |record| record.timestamp_ms);
                let better = |old: i64| if *last { time >= old } else { time < old };
                if best.as_ref().is_none_or(|(old, _)| better(*old)) {
                    let old = best.as_ref().map_or(0, |(_, value)| value.kept());
                    run.exchange(old, value.kept());
                    *best = Some((time, value));
                }
            }
            Self::InOrder(last, best) => {
                let key = value.clone().into_sort_key();
                let better = |old: &SortKey<'a>| if *last { key > *old } else { key < *old };
                if best.as_ref().is_none_or(|(old, _)| better(old)) {
                    // It is kept twice.
                    let old = best.as_ref().map_or(0, |(_, value)| 2 * value.kept());
                    run.exchange(old, 2 * value.kept());
                    *best = Some((key, value));
                }
            }
        }
    }

    /// What has come out.
    pub(super) fn finish(self, run: &Run<'a>) -> FieldValue<'a> {
        match self {
            Self::Count(count) => whole(count),
            Self::Distinct(seen) => whole(seen.len() as u64),
            Self::Numbers(_, moments) if moments.count == 0.0 => FieldValue::Missing,
            Self::Numbers(kind, moments) => FieldValue::finite(match kind {
                AggregateKind::Sum => moments.sum,
                AggregateKind::Min => moments.min,
                AggregateKind::Max => moments.max,
                AggregateKind::Deviation => (moments.squares / moments.count).sqrt(),
                _ => moments.sum / moments.count,
            }),
            Self::Percentile(mut numbers, percent) => {
                // Sorting looks at each some times.
                if !run.spend(numbers.len().saturating_mul(16)) {
                    return FieldValue::Missing;
                }
                numbers.sort_by(f64::total_cmp);
                nearest_rank(&numbers, percent).map_or(FieldValue::Missing, FieldValue::Number)
            }
            Self::InTime(_, best) => best.map_or(FieldValue::Missing, |(_, value)| without_time(value)),
            Self::InOrder(_, best) => best.map_or(FieldValue::Missing, |(_, value)| without_time(value)),
        }
    }
}

/// The first of sorted numbers that is not below `percent` of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a place in a list in memory, and the cast saturates"
)]
fn nearest_rank(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1).min(sorted.len()).checked_sub(1)?).copied()
}

fn whole<'a>(count: u64) -> FieldValue<'a> {
    FieldValue::Number(millis_as_number(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn without_time(value: FieldValue<'_>) -> FieldValue<'_> {
    match value {
        FieldValue::Time(millis) => FieldValue::Number(millis_as_number(millis)),
        other => other,
    }
}
