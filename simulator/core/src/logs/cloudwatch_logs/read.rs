//! Finding events: pages of one stream, matches among several, and single records.

use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use imbl::Vector;

use super::GroupKey;
use super::LogEvent;
use super::LogStore;
use super::LogStream;
use super::Position;
use super::error::LogsError;
use crate::logs::filter_pattern::FilterPattern;
use crate::logs::filter_pattern::MAX_STEPS;
use crate::value::arn::AccountId;

/// How many bytes of events a page holds; always one event, though.
const PAGE_BYTES: usize = 1_048_576;
/// What looking at an event costs beside its message, in steps of filter patterns.
const EVENT_STEPS: usize = 64;
/// How many digits of an event's id are its time, after a leading `3`.
const TIME_DIGITS: usize = 15;
/// How many digits of an event's id number it.
const SEQUENCE_DIGITS: usize = 40;

/// From when, inclusive, until when, exclusive; in milliseconds of Unix time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// From the first event where absent.
    pub start_ms: Option<i64>,
    /// To the last event where absent.
    pub end_ms: Option<i64>,
}

/// Where a page of a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// At the first event of the range.
    Head,
    /// So that it ends with the last event of the range.
    Tail,
    /// Behind an event.
    After(Position),
    /// So that it ends before an event.
    Before(Position),
}

/// A page of a stream's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPage {
    /// Oldest first.
    pub events: Vec<LogEvent>,
    /// What leads to newer events; that of the call itself where there are none.
    pub forward: String,
    /// What leads to older events; that of the call itself where there are none.
    pub backward: String,
}

/// A page of the events of several streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterPage<'a> {
    /// With the names of their streams; oldest first.
    pub events: Vec<(&'a str, &'a LogEvent)>,
    /// Behind which event the next page begins, where there is one.
    pub next: Option<Position>,
}

impl Position {
    /// An event's id: 56 digits, as the service's have, which sort as the events do.
    #[must_use]
    pub fn id(self) -> String {
        format!(
            "3{:0TIME_DIGITS$}{:0SEQUENCE_DIGITS$}",
            self.timestamp_ms.max(0),
            self.sequence
        )
    }

    /// The position of an event's id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        let digits = id
            .strip_prefix('3')
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        if digits.len() != TIME_DIGITS + SEQUENCE_DIGITS {
            return None;
        }
        let (time, sequence) = digits.split_at_checked(TIME_DIGITS)?;
        Some(Self {
            timestamp_ms: time.parse().ok()?,
            sequence: sequence.parse().ok()?,
        })
    }

    /// A token of FilterLogEvents that leads behind this event.
    #[must_use]
    pub fn token(self) -> String {
        URL_SAFE_NO_PAD.encode(self.id())
    }

    /// The position of a token of FilterLogEvents.
    ///
    /// # Errors
    /// [`LogsError::InvalidToken`].
    pub fn from_token(token: &str) -> Result<Self, LogsError> {
        let id = URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|id| String::from_utf8(id).ok());
        id.and_then(|id| Self::from_id(&id)).ok_or(LogsError::InvalidToken)
    }
}

impl PageStart {
    /// Reads `f/ID/s` or `b/ID/s`, the tokens of GetLogEvents.
    ///
    /// # Errors
    /// [`LogsError::InvalidToken`].
    pub fn from_token(token: &str) -> Result<Self, LogsError> {
        let inner = token.strip_suffix("/s").and_then(|token| token.split_once('/'));
        let (direction, id) = inner.ok_or(LogsError::InvalidToken)?;
        let position = Position::from_id(id).ok_or(LogsError::InvalidToken)?;
        match direction {
            "f" => Ok(Self::After(position)),
            "b" => Ok(Self::Before(position)),
            _ => Err(LogsError::InvalidToken),
        }
    }
}

fn forward_token(after: Position) -> String {
    format!("f/{}/s", after.id())
}

fn backward_token(before: Position) -> String {
    format!("b/{}/s", before.id())
}

/// How many events `is_before` says yes to; it must do so for the first ones only.
fn count_before(events: &Vector<LogEvent>, is_before: impl Fn(Position) -> bool) -> usize {
    let order = |event: &LogEvent| {
        if is_before(event.position) {
            Ordering::Less
        } else {
            Ordering::Greater
        }
    };
    events.binary_search_by(order).unwrap_or_else(|at| at)
}

impl Range {
    /// The places in a stream of the first event inside and of the one behind the last.
    fn of(self, events: &Vector<LogEvent>) -> (usize, usize) {
        let before = |limit: i64| count_before(events, |position| position.timestamp_ms < limit);
        let start = self.start_ms.map_or(0, before);
        let end = self.end_ms.map_or(events.len(), before);
        (start, end.max(start))
    }
}

impl LogStream {
    /// The events of a range, oldest first.
    pub fn range(&self, range: Range) -> impl DoubleEndedIterator<Item = &LogEvent> {
        let (start, end) = range.of(&self.events);
        self.events.focus().narrow(start..end).into_iter()
    }

    /// GetLogEvents.
    #[must_use]
    pub fn page(&self, range: Range, from: PageStart, limit: usize) -> StreamPage {
        let (mut start, mut end) = range.of(&self.events);
        match from {
            PageStart::Head | PageStart::Tail => {}
            PageStart::After(after) => {
                start = start
                    .max(count_before(&self.events, |position| position <= after))
                    .min(end);
            }
            PageStart::Before(before) => {
                end = end
                    .min(count_before(&self.events, |position| position < before))
                    .max(start);
            }
        }
        let inside = self.events.focus().narrow(start..end);
        let mut bytes = 0;
        let mut fits = |event: &&LogEvent| {
            let is_first = bytes == 0;
            bytes += event.bytes();
            is_first || bytes <= PAGE_BYTES
        };
        let events: Vec<LogEvent> = match from {
            PageStart::Head | PageStart::After(_) => {
                inside.into_iter().take(limit).take_while(&mut fits).cloned().collect()
            }
            PageStart::Tail | PageStart::Before(_) => {
                let newest_first = inside.into_iter().rev().take(limit).take_while(&mut fits);
                let mut events: Vec<LogEvent> = newest_first.cloned().collect();
                events.reverse();
                events
            }
        };
        // Of an empty page, the tokens meet where it would be.
        let (after, before) = match (events.first(), events.last(), from) {
            (Some(first), Some(last), _) => (last.position, first.position),
            (_, _, PageStart::After(after)) => {
                let sequence = after.sequence.saturating_add(1);
                (after, Position { sequence, ..after })
            }
            (_, _, PageStart::Before(before)) => {
                let sequence = before.sequence.saturating_sub(1);
                (Position { sequence, ..before }, before)
            }
            _ => {
                let start = Position {
                    timestamp_ms: range.start_ms.unwrap_or_default(),
                    sequence: 0,
                };
                (start, start)
            }
        };
        StreamPage {
            events,
            forward: forward_token(after),
            backward: backward_token(before),
        }
    }
}

/// FilterLogEvents over some streams: the events of a range behind `after` that match, interleaved by time.
///
/// A page ends also where enough was looked at, and may then have no events: "this operation can return empty results while
/// there are more log events available through the token" (API reference of CloudWatch Logs, FilterLogEvents).
pub fn filter_events<'a>(
    streams: impl IntoIterator<Item = (&'a str, &'a LogStream)>,
    range: Range,
    after: Option<Position>,
    limit: usize,
    pattern: &FilterPattern,
) -> FilterPage<'a> {
    let mut waiting = BinaryHeap::new();
    let mut sources = Vec::new();
    for (name, stream) in streams {
        let (mut start, end) = range.of(&stream.events);
        if let Some(after) = after {
            start = start
                .max(count_before(&stream.events, |position| position <= after))
                .min(end);
        }
        let mut events = stream.events.focus().narrow(start..end).into_iter();
        if let Some(first) = events.next() {
            waiting.push(Reverse((first.position, sources.len())));
            sources.push((name, first, events));
        }
    }
    let mut page = FilterPage {
        events: Vec::new(),
        next: None,
    };
    let (mut bytes, mut steps) = (0, 0_usize);
    while let Some(Reverse((position, at))) = waiting.pop() {
        let Some((name, event, rest)) = sources.get_mut(at) else {
            break;
        };
        let (name, found) = (*name, *event);
        if let Some(following) = rest.next() {
            *event = following;
            waiting.push(Reverse((following.position, at)));
        }
        steps = steps.saturating_add(EVENT_STEPS + pattern.steps(found.message.len()));
        if !pattern.matches(&found.message) {
            if steps >= MAX_STEPS && !waiting.is_empty() {
                page.next = Some(position);
                break;
            }
            continue;
        }
        bytes += found.bytes();
        if page.events.len() == limit || (bytes > PAGE_BYTES && !page.events.is_empty()) {
            page.next = page.events.last().map(|(_, last)| last.position);
            break;
        }
        page.events.push((name, found));
        if steps >= MAX_STEPS && !waiting.is_empty() {
            page.next = Some(position);
            break;
        }
    }
    page
}

/// What `@ptr` says of an event: opaque to clients, and the way back to it.
#[must_use]
pub fn pointer(key: &GroupKey, stream: &str, position: Position) -> String {
    // INVARIANT: none of these has a colon, except a stream's name that was not checked, which comes last.
    STANDARD.encode(format!(
        "{}:{}:{}:{}:{stream}",
        key.region,
        key.account,
        key.name,
        position.id()
    ))
}

impl LogStore {
    /// The event that a `@ptr` names, with its group and stream.
    ///
    /// # Errors
    /// [`LogsError::NoSuchRecord`].
    pub fn record(&self, pointer: &str) -> Result<(GroupKey, String, LogEvent), LogsError> {
        let text = STANDARD
            .decode(pointer)
            .ok()
            .and_then(|text| String::from_utf8(text).ok());
        let text = text.ok_or(LogsError::NoSuchRecord)?;
        let mut parts = text.splitn(5, ':');
        let mut part = || parts.next().ok_or(LogsError::NoSuchRecord);
        let (region, account, name, id, stream) = (part()?, part()?, part()?, part()?, part()?);
        let key = GroupKey {
            account: AccountId::parse(account).map_err(|_| LogsError::NoSuchRecord)?,
            region: region.to_owned(),
            name: name.to_owned(),
        };
        let position = Position::from_id(id).ok_or(LogsError::NoSuchRecord)?;
        let events = &self.group(&key)?.stream(stream)?.events;
        let at = count_before(events, |known| known < position);
        let event = events.get(at).filter(|event| event.position == position);
        let event = event.ok_or(LogsError::NoSuchRecord)?.clone();
        Ok((key, stream.to_owned(), event))
    }
}
