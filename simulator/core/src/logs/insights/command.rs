//! The commands of a query, and what they do to rows, from the first to the last.
//!
//! FIDELITY: without `sort` the newest event comes first, with `stats` the group with the newest event. Rows that compare
//! as equal stay in the order of the events. `stats` without a row gives no row.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sha2::Digest;
use sha2::Sha256;

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
use super::run::ENTRY_BYTES;
use super::run::Run;
use super::value::FieldValue;
use super::value::SortKey;
use crate::logs::weighed_regex::WeighedRegex;
use crate::value::instant::Timestamp;

/// How many rows a query gives that does not say it.
const DEFAULT_LIMIT: usize = 10_000;
/// A longer key of a group or of `dedup` is kept as its hash.
const KEY_BYTES: usize = 1024;

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
    Regex(WeighedRegex, Vec<usize>),
}

impl Extractor {
    /// How many texts are taken out.
    pub(super) fn captures(&self) -> usize {
        match self {
            Self::Glob(parts) => parts.len().saturating_sub(1),
            Self::Regex(_, groups) => groups.len(),
        }
    }

    /// What taking them out of a text of so many bytes may cost.
    fn steps(&self, length: usize) -> usize {
        match self {
            Self::Glob(parts) => length.saturating_add(parts.len()),
            Self::Regex(regex, _) => regex.capture_steps(length),
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
            let room = run.room();
            let mut row = Row::of(record);
            let keeps = first.iter().all(|command| command.keeps(&mut row, &run));
            // What was made on the way is gone, but for what the row has.
            run.give_back_to(room);
            if keeps && run.take(row.kept()) {
                rows.push(row);
            }
            if run.is_over() {
                break;
            }
        }
        let mut table = Table {
            rows,
            is_sorted: false,
            matched: None,
        };
        for command in rest {
            if run.is_over() {
                break;
            }
            command.apply(&mut table, &run);
            table.count_kept(&run);
        }
        table.sort_by_time();
        let says_limit = |command: &Command| matches!(command, Command::Limit(_) | Command::Tail(_));
        let default = if self.commands.iter().any(says_limit) {
            usize::MAX
        } else {
            DEFAULT_LIMIT
        };
        statistics.records_matched = table.matched.unwrap_or(table.rows.len()) as u64;
        let limit = limit.unwrap_or(default);
        let mut printed = Vec::new();
        for row in table.rows.iter().take(limit) {
            if run.is_over() {
                break;
            }
            printed.push(self.print(row, &run));
        }
        if run.is_over() {
            printed = Vec::new();
        }
        Results {
            rows: printed,
            statistics,
            is_timed_out: run.is_over(),
        }
    }

    fn print<'a>(&'a self, row: &Row<'a>, run: &Run<'a>) -> Vec<(String, String)> {
        self.columns
            .iter()
            .filter_map(|column| {
                let value = row.field(run, column.field);
                let text = value.render()?;
                let bytes = size_of::<(String, String)>() + column.name.len() + text.len();
                (run.spend(bytes) && run.take(bytes)).then(|| (column.name.clone(), text.into_owned()))
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

    /// Counts what the rows take, now that those are gone that a command left out.
    fn count_kept(&self, run: &Run<'_>) {
        if run.is_over() {
            return;
        }
        run.spend(self.rows.iter().map(|row| 16 + row.len()).sum());
        run.keep_only(self.rows.iter().map(Row::kept).sum());
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
                if !run.spend(extractor.steps(source.length())) {
                    return false;
                }
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
                    let complete = fields.iter().all(|field| key.push(&row.field(run, *field), run));
                    if !complete || run.is_over() {
                        return true;
                    }
                    let bytes = ENTRY_BYTES + key.0.len();
                    let is_new = seen.insert(key.0);
                    if is_new {
                        run.take(bytes);
                    }
                    is_new
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

/// Values as one text: equal where all of them are. A long one is a hash, so that keys are short however long texts are.
#[derive(Default)]
struct Key(String);

impl Key {
    /// Adds a value, and says whether it was there.
    fn push(&mut self, value: &FieldValue<'_>, run: &Run<'_>) -> bool {
        run.spend(16 + value.length());
        let text = value.render();
        if let Some(text) = &text {
            // The length before each text keeps `a`, `bc` apart from `ab`, `c`.
            self.0.push_str(&text.len().to_string());
            self.0.push(':');
            self.0.push_str(text);
        } else {
            self.0.push('-');
        }
        if self.0.len() > KEY_BYTES {
            let hash = Sha256::digest(self.0.as_bytes());
            // No key of texts begins so.
            self.0 = hash
                .iter()
                .fold("#".to_owned(), |key, byte| key + &format!("{byte:02x}"));
        }
        text.is_some()
    }
}

fn sorted<'a>(rows: Vec<Row<'a>>, by: &'a [SortBy], run: &Run<'a>) -> Vec<Row<'a>> {
    let mut length = 0_usize;
    let mut keys = |row: &Row<'a>| -> Vec<SortKey<'a>> {
        let mut keys = Vec::new();
        for by in by {
            let value = by.expression.value(row, run, &[]);
            length = length.saturating_add(16 + value.length());
            if !run.take(size_of::<SortKey<'a>>() + value.kept()) {
                break;
            }
            keys.push(value.into_sort_key());
        }
        keys
    };
    let mut rows: Vec<_> = rows.into_iter().map(|row| (keys(&row), row)).collect();
    // Each key is compared about as often as the number of rows can be halved.
    let rounds = usize::try_from(rows.len().max(1).ilog2()).unwrap_or(usize::MAX);
    if !run.spend(length.saturating_mul(rounds.saturating_add(1))) {
        return Vec::new();
    }
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
    let group_bytes = ENTRY_BYTES + size_of::<Group<'a>>() + size_of::<Accumulator<'a>>() * aggregates.len();
    for row in rows {
        let room = run.room();
        let mut values: Vec<FieldValue<'a>> = Vec::new();
        let mut key = Key::default();
        for (_, by) in groups {
            let value = by.value(row, run, &[]);
            key.push(&value, run);
            run.take(size_of::<FieldValue<'a>>() + value.kept());
            values.push(value);
        }
        let place = match places.get(&key.0) {
            Some(place) => {
                run.give_back_to(room);
                *place
            }
            None => {
                run.take(group_bytes + key.0.len());
                let place = found.len();
                places.insert(key.0, place);
                found.push(Group {
                    values,
                    accumulators: aggregates.iter().map(|aggregate| aggregate.kind.start()).collect(),
                    newest: None,
                });
                place
            }
        };
        if run.is_over() {
            return Vec::new();
        }
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
        .map_while(|group| {
            let finish = |accumulator: Accumulator<'a>| accumulator.finish(run);
            let results: Vec<FieldValue<'a>> = group.accumulators.into_iter().map(finish).collect();
            let mut slots = Slots::default();
            for ((slot, _), value) in groups.iter().zip(group.values) {
                run.spend(slots.len());
                slots.set(*slot, value);
            }
            for (slot, output) in outputs {
                let value = output.value(&nowhere, run, &results);
                run.spend(slots.len() + value.length());
                if !run.take(Slots::ENTRY_BYTES + value.kept()) {
                    return None;
                }
                slots.set(*slot, value);
            }
            Some(Row::of_slots(slots))
        })
        .collect()
}
