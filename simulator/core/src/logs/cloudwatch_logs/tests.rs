use proptest::prelude::*;

use super::read::PageStart;
use super::read::Range;
use super::read::filter_events;
use super::read::pointer;
use super::*;
use crate::logs::filter_pattern::FilterPattern;

/// A time at which the tests' events come.
const NOW_MS: i64 = 1_795_481_097_000;

fn now() -> Timestamp {
    Timestamp::from_unix_millis(NOW_MS)
}

fn key(name: &str) -> GroupKey {
    GroupKey {
        account: AccountId::parse("111122223333").unwrap(),
        region: "us-west-2".to_owned(),
        name: name.to_owned(),
    }
}

fn pattern(text: &str) -> FilterPattern {
    FilterPattern::parse(text).unwrap()
}

fn event(timestamp_ms: i64, message: &str) -> NewEvent {
    NewEvent {
        timestamp_ms,
        message: message.into(),
    }
}

/// A store with streams of the group `g`: stream, time and message of each event, in the order in which they come.
fn store(events: &[(&str, i64, &str)]) -> LogStore {
    let mut store = LogStore::default();
    for (stream, time, message) in events {
        store.append(&key("g"), stream, [event(*time, message)], now());
    }
    store
}

fn stream<'a>(store: &'a LogStore, name: &str) -> &'a LogStream {
    store.group(&key("g")).unwrap().stream(name).unwrap()
}

fn messages<'a>(events: impl IntoIterator<Item = &'a LogEvent>) -> Vec<&'a str> {
    events.into_iter().map(|event| &*event.message).collect()
}

#[test]
fn events_are_ordered_by_time_then_by_coming() {
    let store = store(&[("s", 5, "b"), ("s", 9, "d"), ("s", 5, "c"), ("s", 1, "a")]);
    let stream = stream(&store, "s");
    assert_eq!(messages(stream.events()), ["a", "b", "c", "d"]);
    assert_eq!((stream.first_event_ms(), stream.last_event_ms()), (Some(1), Some(9)));
    assert_eq!(stream.last_ingestion_ms(), Some(NOW_MS));
    assert_eq!((stream.last_sequence(), store.last_sequence()), (4, 4));
}

#[test]
fn the_oldest_events_of_a_full_stream_go() {
    let mut store = LogStore::default();
    let events = (0..STREAM_EVENTS as i64 + 3).map(|time| event(time, "x"));
    store.append(&key("g"), "s", events, now());
    assert_eq!(stream(&store, "s").events().len(), STREAM_EVENTS);
    assert_eq!(stream(&store, "s").first_event_ms(), Some(3));

    let large: Arc<str> = "x".repeat(1_000_000).into();
    let events = (0..70).map(|time| NewEvent {
        timestamp_ms: time,
        message: Arc::clone(&large),
    });
    store.append(&key("g"), "t", events, now());
    assert_eq!(stream(&store, "t").events().len(), 67);
    assert_eq!(stream(&store, "t").first_event_ms(), Some(3));
}

#[test]
fn groups_and_streams_are_made_once_and_removed_once() {
    let mut store = LogStore::default();
    let make = |store: &mut LogStore| store.create_group(key("g"), None, BTreeMap::new(), now());
    assert_eq!(make(&mut store), Ok(()));
    assert_eq!(make(&mut store), Err(LogsError::GroupExists));
    assert_eq!(store.create_stream(&key("h"), "s", now()), Err(LogsError::NoSuchGroup));
    assert_eq!(store.create_stream(&key("g"), "s", now()), Ok(()));
    assert_eq!(store.create_stream(&key("g"), "s", now()), Err(LogsError::StreamExists));
    assert_eq!(store.delete_stream(&key("g"), "t"), Err(LogsError::NoSuchStream));
    assert_eq!(store.delete_stream(&key("g"), "s"), Ok(()));
    assert_eq!(store.delete_group(&key("g")), Ok(()));
    assert_eq!(store.delete_group(&key("g")), Err(LogsError::NoSuchGroup));
    let mut elsewhere = key("g");
    elsewhere.region = "us-east-1".to_owned();
    store.append(&elsewhere, "s", [event(1, "x")], now());
    assert_eq!(store.groups(&elsewhere.account, "us-west-2").count(), 0);
    assert_eq!(store.groups(&elsewhere.account, "us-east-1").count(), 1);
}

#[test]
fn a_snapshot_stays_as_it_was() {
    let mut store = store(&[("s", 1, "a")]);
    let before = store.clone();
    store.append(&key("g"), "s", [event(2, "b")], now());
    assert_eq!(messages(stream(&before, "s").events()), ["a"]);
    assert_eq!(messages(stream(&store, "s").events()), ["a", "b"]);
}

#[test]
fn batches_are_refused_whole_or_in_part() {
    let mut store = store(&[("s", 1, "a")]);
    store.set_retention(&key("g"), Some(3)).unwrap();
    let check = |times: &[i64]| {
        let events = times.iter().map(|time| event(NOW_MS + time, "x")).collect();
        store
            .check_batch(&key("g"), "s", events, now())
            .map(|(events, rejected)| {
                let taken: Vec<i64> = events.iter().map(|event| event.timestamp_ms - NOW_MS).collect();
                let Rejected {
                    too_new_start,
                    too_old_end,
                    expired_end,
                } = rejected;
                (taken, (too_old_end, expired_end, too_new_start))
            })
    };
    for (times, wanted) in [
        (&[][..], Ok((vec![], (None, None, None)))),
        (&[-DAY, 0], Ok((vec![-DAY, 0], (None, None, None)))),
        (&[-DAY - 1, 0], Err(LogsError::SpanTooLong)),
        (&[0, -1], Err(LogsError::NotInOrder)),
        (&[2 * HOUR, 2 * HOUR + 1], Ok((vec![2 * HOUR], (None, None, Some(1))))),
        (
            &[-14 * DAY - 1, -14 * DAY, -3 * DAY - 1, -3 * DAY],
            Ok((vec![-3 * DAY], (Some(1), Some(3), None))),
        ),
        (&[-20 * DAY, 3 * HOUR], Ok((vec![], (Some(1), Some(1), Some(1))))),
    ] {
        assert_eq!(check(times), wanted, "{times:?}");
    }
    let large = |length: usize, count: usize| {
        let events = vec![event(NOW_MS, &"x".repeat(length)); count];
        store
            .check_batch(&key("g"), "s", events, now())
            .map(|(events, _)| events.len())
    };
    assert_eq!(large(EVENT_BYTES - 26, 1), Ok(1));
    assert_eq!(
        large(EVENT_BYTES - 25, 1),
        Err(LogsError::BatchTooLarge { bytes: BATCH_BYTES + 1 })
    );
    assert_eq!(
        large(EVENT_BYTES + 1, 1),
        Err(LogsError::EventTooLarge { bytes: EVENT_BYTES + 1 })
    );
    let refused = store.check_batch(&key("g"), "t", Vec::new(), now());
    assert_eq!(refused, Err(LogsError::NoSuchStream));
}

#[test]
fn retention_is_of_the_services_periods() {
    let mut store = store(&[("s", 1, "a")]);
    for (days, good) in [
        (Some(0), false),
        (Some(1), true),
        (Some(2), false),
        (Some(3653), true),
        (None, true),
    ] {
        assert_eq!(store.set_retention(&key("g"), days).is_ok(), good, "{days:?}");
    }
    assert_eq!(store.group(&key("g")).unwrap().retention_days, None);
}

#[test]
fn pages_of_a_stream_go_both_ways_and_end_with_their_own_token() {
    let mut store = store(&[
        ("s", 1, "a"),
        ("s", 2, "b"),
        ("s", 2, "c"),
        ("s", 3, "d"),
        ("s", 4, "e"),
    ]);
    let all = Range::default();
    let next = |store: &LogStore, token: &str| {
        let from = PageStart::from_token(token).unwrap();
        stream(store, "s").page(all, from, 2)
    };
    let first = stream(&store, "s").page(all, PageStart::Head, 2);
    let second = next(&store, &first.forward);
    let third = next(&store, &second.forward);
    let end = next(&store, &third.forward);
    assert_eq!(messages(&first.events), ["a", "b"]);
    assert_eq!(messages(&second.events), ["c", "d"]);
    assert_eq!(messages(&third.events), ["e"]);
    assert_eq!((messages(&end.events), &end.forward), (vec![], &third.forward));
    assert_eq!(messages(&next(&store, &end.backward).events), ["d", "e"]);

    let tail = stream(&store, "s").page(all, PageStart::Tail, 2);
    assert_eq!(messages(&tail.events), ["d", "e"]);
    let before = next(&store, &next(&store, &tail.backward).backward);
    assert_eq!(messages(&before.events), ["a"]);
    let start = next(&store, &before.backward);
    assert_eq!((messages(&start.events), &start.backward), (vec![], &before.backward));
    assert_eq!(messages(&next(&store, &start.forward).events), ["a", "b"]);

    store.append(&key("g"), "s", [event(4, "f")], now());
    assert_eq!(messages(&next(&store, &end.forward).events), ["f"]);
    let range = Range {
        start_ms: Some(2),
        end_ms: Some(4),
    };
    let inside = stream(&store, "s").page(range, PageStart::Head, 9);
    assert_eq!(messages(&inside.events), ["b", "c", "d"]);
    assert_eq!(messages(stream(&store, "s").range(range)), ["b", "c", "d"]);
    let none = Range {
        start_ms: Some(9),
        end_ms: Some(2),
    };
    assert_eq!(messages(stream(&store, "s").range(none)), Vec::<&str>::new());
    let empty = stream(&store, "s").page(none, PageStart::Tail, 9);
    let again = stream(&store, "s").page(none, PageStart::from_token(&empty.forward).unwrap(), 9);
    assert_eq!((empty.events, again.events), (vec![], vec![]));
    assert_eq!(empty.forward, again.forward);
}

#[test]
fn tokens_of_others_are_refused() {
    for token in ["", "f", "f/1/s", "x/3/s", "f/3/s", "f/é/s"] {
        assert_eq!(PageStart::from_token(token), Err(LogsError::InvalidToken), "{token}");
        assert_eq!(Position::from_token(token), Err(LogsError::InvalidToken), "{token}");
    }
}

#[test]
fn matches_of_several_streams_are_interleaved() {
    let store = store(&[
        ("s", 1, "a"),
        ("t", 2, "b"),
        ("s", 3, "c"),
        ("u", 3, "d"),
        ("t", 4, "x"),
        ("s", 5, "e"),
    ]);
    let group = store.group(&key("g")).unwrap();
    let mut found = Vec::new();
    let mut after = None;
    let mut pages = 0;
    loop {
        let page = filter_events(group.streams(), Range::default(), after, 2, &pattern("-x"));
        found.extend(
            page.events
                .iter()
                .map(|(stream, event)| format!("{stream}{}", event.message)),
        );
        pages += 1;
        match page.next {
            Some(next) => after = Some(Position::from_token(&next.token()).unwrap()),
            None => break,
        }
    }
    assert_eq!(found, ["sa", "tb", "sc", "ud", "se"]);
    assert_eq!(pages, 3);
}

#[test]
fn a_page_has_at_most_a_megabyte() {
    let large = "x".repeat(600_000);
    let store = store(&[("s", 1, &large), ("s", 2, &large), ("s", 3, "c")]);
    let stream = stream(&store, "s");
    let head = stream.page(Range::default(), PageStart::Head, 9);
    assert_eq!(head.events.len(), 1);
    assert_eq!(
        stream
            .page(Range::default(), PageStart::from_token(&head.forward).unwrap(), 9)
            .events
            .len(),
        2
    );
    let page = filter_events([("s", stream)], Range::default(), None, 9, &pattern(""));
    assert_eq!((page.events.len(), page.next), (1, Some(head.events[0].position)));
}

/// By count: a regular expression of 202 places costs 202 steps a byte, of which a page may take 2^28.
#[test]
fn a_page_ends_where_enough_was_looked_at() {
    let message = "c".repeat(300_000);
    let events: Vec<_> = (0..12).map(|time| ("s", time, message.as_str())).collect();
    let store = store(&events);
    let stream = stream(&store, "s");
    let pattern = pattern("%[ab]*a[ab]{200}%");
    let (mut after, mut pages) = (None, 0);
    loop {
        let page = filter_events([("s", stream)], Range::default(), after, 9, &pattern);
        assert!(page.events.is_empty());
        pages += 1;
        let Some(next) = page.next else { break };
        assert!(after.is_none_or(|after| after < next));
        after = Some(next);
    }
    assert_eq!(pages, 3);
}

#[test]
fn a_query_that_was_ended_says_so() {
    let query = |is_timed_out| query::FinishedQuery {
        id: String::new(),
        account: key("g").account,
        region: String::new(),
        text: String::new(),
        groups: Vec::new(),
        caller: String::new(),
        created_ms: 0,
        results: crate::logs::insights::Results {
            is_timed_out,
            ..Default::default()
        },
    };
    assert_eq!(query(false).status(), "Complete");
    assert_eq!(query(true).status(), "Timeout");
}

#[test]
fn a_pointer_leads_back_to_its_event() {
    let store = store(&[("s", 1, "a"), ("s", 1, "b")]);
    let event = stream(&store, "s").events().last().unwrap().clone();
    let at = pointer(&key("g"), "s", event.position);
    assert_eq!(store.record(&at), Ok((key("g"), "s".to_owned(), event.clone())));
    let other = Position {
        sequence: 9,
        ..event.position
    };
    for pointer in ["", "!", &pointer(&key("g"), "s", other)] {
        assert_eq!(store.record(pointer), Err(LogsError::NoSuchRecord));
    }
}

proptest! {
    #[test]
    fn ids_sort_as_events_do(a in (0_i64..1_000_000_000_000_000, any::<u64>()), b in (0_i64..1_000_000_000_000_000, any::<u64>())) {
        let position = |(timestamp_ms, sequence)| Position { timestamp_ms, sequence };
        let (a, b) = (position(a), position(b));
        prop_assert_eq!(a.id().len(), 56);
        prop_assert_eq!(Position::from_id(&a.id()), Some(a));
        prop_assert_eq!(a.id().cmp(&b.id()), a.cmp(&b));
    }

    #[test]
    fn paging_forward_and_backward_sees_every_event_once(
        times in proptest::collection::vec(0_i64..20, 0..40),
        limit in 1_usize..7,
    ) {
        let events: Vec<(&str, i64, &str)> = times.iter().map(|time| ("s", *time, "x")).collect();
        let mut store = store(&events);
        if events.is_empty() {
            store.append(&key("g"), "s", [], now());
        }
        let stream = stream(&store, "s");
        for (start, is_forward) in [(PageStart::Head, true), (PageStart::Tail, false)] {
            let mut from = start;
            let mut seen = Vec::new();
            loop {
                let page = stream.page(Range::default(), from, limit);
                if page.events.is_empty() {
                    break;
                }
                let token = if is_forward { &page.forward } else { &page.backward };
                from = PageStart::from_token(token).unwrap();
                if is_forward {
                    seen.extend(page.events);
                } else {
                    seen.splice(0..0, page.events);
                }
            }
            prop_assert_eq!(&seen, &stream.events().iter().cloned().collect::<Vec<_>>());
        }
    }

    #[test]
    fn reading_tokens_never_panics(text in ".{0,80}") {
        let _ = PageStart::from_token(&text);
        let _ = Position::from_token(&text);
        let _ = LogStore::default().record(&text);
    }
}
