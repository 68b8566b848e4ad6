//! The commands of a query, and what they do to rows, from the first to the last.
//!
//! FIDELITY: without `sort` the newest event comes first, with `stats` the group with the newest event. Rows that compare
//! as equal stay in the order of the events. `stats` without a row gives no row.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use regex::Regex;

use super::Record;
use super::Results;
use super::Statistics;
use super::aggregate::Accumulator;
use super::aggregate::Aggregate;
use super::discover::Slot;
use super::discover::Slots;
use super::expression::Expression;
use super::expression::Field;
use super::expression::Row;
use super::run::Run;
use super::value::FieldValue;
use super::value::SortKey;
use crate::value::instant::Timestamp;

/// How many rows a query gives that does not say it.
const DEFAULT_LIMIT: usize = 10_000;

/// A query that has been read.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Every name that is no system field.
    pub(super) names: BTreeMap<String, Slot>,
    pub(super) commands: Vec<Command>,
    pub(super) columns: Vec<Column>,
}

/// What is printed of each row.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) field: Field,
}

#[derive(Clone, Debug)]
pub(super) enum Command {
    Filter(Expression),
    /// Gives a name a value.
    Define(Slot, Expression),
    Parse(Field, Extractor, Vec<Slot>),
    Sort(Vec<SortBy>),
    Limit(usize),
    Tail(usize),
    Dedup(Vec<Field>),
    Stats {
        groups: Vec<(Slot, Expression)>,
        outputs: Vec<(Slot, Expression)>,
        aggregates: Vec<Aggregate>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct SortBy {
    pub(super) expression: Expression,
    pub(super) descending: bool,
}

/// The pattern of `parse`.
#[derive(Clone, Debug)]
pub(super) enum Extractor {
    /// The texts before, between and after the `*`.
    Glob(Vec<String>),
    /// The groups that are wanted.
    Regex(Regex, Vec<usize>),
}

impl Extractor {
    /// How many texts are taken out.
    pub(super) fn captures(&self) -> usize {
        match self {
            Self::Glob(parts) => parts.len().saturating_sub(1),
            Self::Regex(_, groups) => groups.len(),
        }
    }

    /// The texts that are taken out, each one there or not; none at all where the pattern does not match.
    fn extract<'t>(&self, text: &'t str) -> Vec<Option<&'t str>> {
        match self {
            Self::Glob(parts) => glob(parts, text).map_or_else(Vec::new, |texts| texts.into_iter().map(Some).collect()),
            Self::Regex(regex, groups) => regex.captures(text).map_or_else(Vec::new, |found| {
                groups
                    .iter()
                    .map(|group| found.get(*group).map(|found| found.as_str()))
                    .collect()
            }),
        }
    }
}

/// What the `*` stand for: each is as short as can be, but for one at the end, which takes the rest.
fn glob<'t>(parts: &[String], text: &'t str) -> Option<Vec<&'t str>> {
    let (first, others) = parts.split_first()?;
    let (_, mut rest) = text.split_once(first.as_str())?;
    let mut found = Vec::with_capacity(others.len());
    for (place, part) in others.iter().enumerate() {
        if part.is_empty() && place + 1 == others.len() {
            found.push(rest);
            break;
        }
        let (before, after) = rest.split_once(part.as_str())?;
        found.push(before);
        rest = after;
    }
    Some(found)
}

impl Program {
    /// Runs the commands over log events.
    pub(super) fn run<'a>(
        &'a self,
        records: impl IntoIterator<Item = Record<'a>>,
        limit: Option<usize>,
        now: Timestamp,
    ) -> Results {
        let run = Run::new(&self.names, now.unix_millis());
        let by_row = self
            .commands
            .iter()
            .position(|command| !command.is_by_row())
            .unwrap_or(self.commands.len());
        let (first, rest) = self.commands.split_at_checked(by_row).unwrap_or_default();
        let mut statistics = Statistics::default();
        let mut rows = Vec::new();
        for record in records {
            statistics.records_scanned += 1;
            statistics.bytes_scanned += record.message.len() as u64;
            let mut row = Row::of(record);
            if first.iter().all(|command| command.keeps(&mut row, &run)) {
                rows.push(row);
            }
        }
        let mut table = Table {
            rows,
            is_sorted: false,
            matched: None,
        };
        for command in rest {
            command.apply(&mut table, &run);
        }
        table.sort_by_time();
        let says_limit = |command: &Command| matches!(command, Command::Limit(_) | Command::Tail(_));
        let default = if self.commands.iter().any(says_limit) {
            usize::MAX
        } else {
            DEFAULT_LIMIT
        };
        statistics.records_matched = table.matched.unwrap_or(table.rows.len()) as u64;
        Results {
            rows: table
                .rows
                .iter()
                .take(limit.unwrap_or(default))
                .map(|row| self.print(row, &run))
                .collect(),
            statistics,
        }
    }

    fn print<'a>(&'a self, row: &Row<'a>, run: &Run<'a>) -> Vec<(String, String)> {
        self.columns
            .iter()
            .filter_map(|column| {
                let value = row.field(run, column.field);
                Some((column.name.clone(), value.render()?.into_owned()))
            })
            .collect()
    }
}

/// The rows between two commands.
struct Table<'a> {
    rows: Vec<Row<'a>>,
    is_sorted: bool,
    /// How many rows passed the filters, once a command has left some out for another reason.
    matched: Option<usize>,
}

impl Table<'_> {
    /// Puts the newest first, unless the query has said another order.
    fn sort_by_time(&mut self) {
        if !self.is_sorted {
            let time = |row: &Row<'_>| row.record.as_ref().map(|record| record.timestamp_ms);
            self.rows.sort_by_key(|row| Reverse(time(row)));
            self.is_sorted = true;
        }
    }

    fn count_matched(&mut self) {
        self.matched.get_or_insert(self.rows.len());
    }
}

impl Command {
    /// Whether the command looks at one row at a time.
    fn is_by_row(&self) -> bool {
        matches!(self, Self::Filter(_) | Self::Define(..) | Self::Parse(..))
    }

    /// Works on one row, and says whether it stays.
    fn keeps<'a>(&'a self, row: &mut Row<'a>, run: &Run<'a>) -> bool {
        match self {
            Self::Filter(condition) => return condition.value(row, run, &[]).is_true(),
            Self::Define(slot, expression) => {
                let value = expression.value(row, run, &[]);
                row.set(run, *slot, value);
            }
            Self::Parse(source, extractor, slots) => {
                let source = row.field(run, *source);
                if let FieldValue::Text(Cow::Borrowed(text)) = source {
                    for (slot, text) in slots.iter().zip(extractor.extract(text)) {
                        row.set(run, *slot, text.map_or(FieldValue::Missing, FieldValue::text));
                    }
                } else if let Some(made) = source.render() {
                    for (slot, text) in slots.iter().zip(extractor.extract(&made)) {
                        let value = text.map_or(FieldValue::Missing, |text| run.make(text.len(), || text.to_owned()));
                        row.set(run, *slot, value);
                    }
                }
            }
            _ => {}
        }
        true
    }

    fn apply<'a>(&'a self, table: &mut Table<'a>, run: &Run<'a>) {
        match self {
            Self::Filter(_) | Self::Define(..) | Self::Parse(..) => table.rows.retain_mut(|row| self.keeps(row, run)),
            Self::Sort(by) => {
                table.rows = sorted(std::mem::take(&mut table.rows), by, run);
                table.is_sorted = true;
            }
            Self::Limit(count) => {
                table.sort_by_time();
                table.count_matched();
                table.rows.truncate(*count);
            }
            Self::Tail(count) => {
                table.sort_by_time();
                table.count_matched();
                let before = table.rows.len().saturating_sub(*count);
                table.rows.drain(..before);
            }
            Self::Dedup(fields) => {
                table.sort_by_time();
                table.count_matched();
                let mut seen = BTreeSet::new();
                table.rows.retain(|row| {
                    let mut key = Key::default();
                    let complete = fields.iter().all(|field| key.push(&row.field(run, *field)));
                    !complete || seen.insert(key.0)
                });
            }
            Self::Stats {
                groups,
                outputs,
                aggregates,
            } => {
                table.count_matched();
                table.rows = grouped(&table.rows, groups, outputs, aggregates, run);
                table.is_sorted = true;
            }
        }
    }
}

/// Values as one text: equal where all of them are.
#[derive(Default)]
struct Key(String);

impl Key {
    /// Adds a value, and says whether it was there.
    fn push(&mut self, value: &FieldValue<'_>) -> bool {
        let text = value.render();
        if let Some(text) = &text {
            // The length before each text keeps `a`, `bc` apart from `ab`, `c`.
            self.0.push_str(&text.len().to_string());
            self.0.push(':');
            self.0.push_str(text);
        } else {
            self.0.push('-');
        }
        text.is_some()
    }
}

fn sorted<'a>(rows: Vec<Row<'a>>, by: &'a [SortBy], run: &Run<'a>) -> Vec<Row<'a>> {
    let keys = |row: &Row<'a>| -> Vec<SortKey<'a>> {
        by.iter()
            .map(|by| by.expression.value(row, run, &[]).into_sort_key())
            .collect()
    };
    let mut rows: Vec<_> = rows.into_iter().map(|row| (keys(&row), row)).collect();
    rows.sort_by(|(one, _), (two, _)| {
        let mut orders = one.iter().zip(two).zip(by).map(|((one, two), by)| {
            let order = one.cmp(two);
            if by.descending { order.reverse() } else { order }
        });
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

/// A group of `stats`.
struct Group<'a> {
    values: Vec<FieldValue<'a>>,
    accumulators: Vec<Accumulator<'a>>,
    newest: Option<i64>,
}

fn grouped<'a>(
    rows: &[Row<'a>],
    groups: &'a [(Slot, Expression)],
    outputs: &'a [(Slot, Expression)],
    aggregates: &'a [Aggregate],
    run: &Run<'a>,
) -> Vec<Row<'a>> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<Group<'a>> = Vec::new();
    for row in rows {
        let values: Vec<FieldValue<'a>> = groups.iter().map(|(_, by)| by.value(row, run, &[])).collect();
        let mut key = Key::default();
        for value in &values {
            key.push(value);
        }
        let place = *places.entry(key.0).or_insert_with(|| {
            found.push(Group {
                values,
                accumulators: aggregates.iter().map(|aggregate| aggregate.kind.start()).collect(),
                newest: None,
            });
            found.len() - 1
        });
        let Some(group) = found.get_mut(place) else {
            continue;
        };
        group.newest = group.newest.max(row.record.as_ref().map(|record| record.timestamp_ms));
        for (accumulator, aggregate) in group.accumulators.iter_mut().zip(aggregates) {
            accumulator.add(aggregate, row, run);
        }
    }
    found.sort_by_key(|group| Reverse(group.newest));
    let nowhere = Row::of_slots(Slots::default());
    found
        .into_iter()
        .map(|group| {
            let results: Vec<FieldValue<'a>> = group.accumulators.into_iter().map(Accumulator::finish).collect();
            let mut slots = Slots::default();
            for ((slot, _), value) in groups.iter().zip(group.values) {
                slots.set(*slot, value);
            }
            for (slot, output) in outputs {
                slots.set(*slot, output.value(&nowhere, run, &results));
            }
            Row::of_slots(slots)
        })
        .collect()
}
