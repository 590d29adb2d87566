//! Laws of appending.

use std::collections::BTreeSet;

use super::{all, append, expect, is_conflict, new_event, numbers, stored, stream};
use crate::store::{Append, AppendId, Appended, ExpectedVersion, Head, NewEvent, Store};
use crate::{EventId, StoreError, StreamId, Version};

/// Events are counted from 1, and the version is the number of events.
pub async fn the_first_event_has_sequence_one_and_the_version_counts_events(store: impl Store + Clone) {
    assert_eq!(expect(store.head(&stream("a")).await).version(), Version::NONE);
    let receipt = expect(store.append(append("a", 0, [1, 2])).await).into_receipt();
    assert_eq!(receipt.version, 2);
    assert_eq!(receipt.stamps.iter().map(|stamp| stamp.sequence.get()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(expect(store.head(&stream("a")).await).version(), 2);
}

/// The head of a stream is its last event, with its position, also if other streams have later
/// events.
pub async fn the_head_has_the_position_of_the_last_event(store: impl Store + Clone) {
    assert_eq!(expect(store.head(&stream("a")).await), Head::NONE);
    for version in 0..3 {
        let receipt = expect(store.append(append("a", 2 * version, [1, 2])).await).into_receipt();
        expect(store.append(append("b", version, [3])).await);
        let head = expect(store.head(&stream("a")).await);
        let last = stored(&store, &stream("a")).await.last().map_or(Head::NONE, Head::from);
        assert_eq!((head, receipt.head()), (last, last));
    }
}

/// Of the appends that expect the same version, one wins. Every other append writes nothing and
/// returns the current version.
pub async fn exactly_one_of_many_appends_that_expect_the_same_version_wins(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [0])).await);
    let answers = all((1..=32).map(|number| store.append(append("a", 1, [number])))).await;
    let winners = answers.iter().filter(|answer| matches!(answer, Ok(Appended::Now(_)))).count();
    let losers = answers.iter().filter(|answer| is_conflict(answer, 1, 2)).count();
    assert_eq!((winners, losers), (1, 31), "one append wins and 31 fail with a conflict: {answers:?}");
    assert_eq!(numbers(&store, "a").await.len(), 2, "an append that lost has written");
}

/// An append with an outdated expectation writes nothing.
pub async fn an_append_that_expects_an_older_version_is_a_conflict_and_writes_nothing(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [1, 2, 3])).await);
    for expected in 0..3 {
        let answer = store.append(append("a", expected, [9])).await;
        assert!(is_conflict(&answer, expected.into(), 3), "expected {expected}: {answer:?}");
    }
    assert_eq!(numbers(&store, "a").await, [1, 2, 3]);
}

/// A version that the aggregate has not reached is a conflict. Otherwise the stream would get a
/// gap.
pub async fn an_append_that_expects_a_version_beyond_the_head_is_a_conflict(store: impl Store + Clone) {
    let answer = store.append(append("a", 4, [9])).await;
    assert!(is_conflict(&answer, 4, 0), "on no stream: {answer:?}");
    expect(store.append(append("a", 0, [1])).await);
    let answer = store.append(append("a", 2, [9])).await;
    assert!(is_conflict(&answer, 2, 1), "on a stream of one: {answer:?}");
    assert_eq!(numbers(&store, "a").await, [1]);
}

/// An append writes all of its events or none.
pub async fn a_refused_append_of_several_events_writes_none_of_them(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [1])).await);
    let answer = store.append(append("a", 0, [7, 8, 9])).await;
    assert!(is_conflict(&answer, 0, 1), "{answer:?}");
    assert_eq!(numbers(&store, "a").await, [1]);
}

/// The events of one append are consecutive in the stream and in the store.
pub async fn several_events_of_one_append_stay_together(store: impl Store + Clone) {
    let appends = (0..16).map(|stream| append(&format!("s{stream}"), 0, [1, 2, 3]));
    for answer in all(appends.map(|append| store.append(append))).await {
        let stamps = expect(answer).into_receipt().stamps;
        let first = stamps[0].position.get();
        let positions: Vec<_> = stamps.iter().map(|stamp| stamp.position.get()).collect();
        assert_eq!(positions, [first, first + 1, first + 2]);
    }
}

/// No two events have the same position, and an append that begins after others were acknowledged
/// gets higher positions, however many appends run concurrently, with conflicts among them.
pub async fn positions_are_unique_and_grow_from_one_append_to_the_next(store: impl Store + Clone) {
    let mut acknowledged = BTreeSet::new();
    for wave in 0..3 {
        let appends = (0..20).map(|number| {
            let events = if number % 5 == 0 { vec![number, number] } else { vec![number] };
            store.append(append(&format!("s{wave}-{}", number % 15), 0, events))
        });
        let highest = acknowledged.last().copied();
        for answer in all(appends).await {
            let receipt = match answer {
                Ok(appended) => appended.into_receipt(),
                Err(StoreError::Conflict { .. }) => continue,
                Err(other) => panic!("the store failed unexpectedly: {other:?}"),
            };
            for position in receipt.stamps.iter().map(|stamp| stamp.position) {
                assert!(Some(position) > highest, "{position} was given after {highest:?} was acknowledged");
                assert!(acknowledged.insert(position), "two events have the position {position}");
            }
        }
    }
}

/// Later events of a stream have higher positions.
pub async fn positions_grow_along_each_stream(store: impl Store + Clone) {
    for version in 0..5 {
        expect(store.append(append("a", version, [i64::from(version)])).await);
        expect(store.append(append("b", version, [i64::from(version)])).await);
    }
    for id in ["a", "b"] {
        let positions: Vec<_> = stored(&store, &stream(id)).await.iter().map(|event| event.position).collect();
        assert!(positions.is_sorted(), "{positions:?}");
    }
}

/// An append without events has nothing to record.
pub async fn an_empty_append_is_refused(store: impl Store + Clone) {
    let answer = store.append(append("a", 0, [])).await;
    assert!(matches!(answer, Err(StoreError::EmptyAppend { .. })), "{answer:?}");
}

/// Ids that do not match the events are an error. The store must not replace them: the caller may
/// have recorded them elsewhere.
pub async fn an_append_with_a_wrong_number_of_ids_is_refused(store: impl Store + Clone) {
    for ids in [1, 3] {
        let mut two = append("a", 0, [1, 2]);
        two.event_ids = Some(EventId::block(ids));
        let answer = store.append(two).await;
        assert!(matches!(answer, Err(StoreError::Refused { .. })), "{ids} ids: {answer:?}");
    }
    assert_eq!(expect(store.head(&stream("a")).await).version(), 0);
}

pub(super) fn with_key(id: &str, expected: u32, key: &str, events: &[i64]) -> Append {
    append(id, expected, events.iter().copied()).with_id(append_id(key))
}

pub(super) fn append_id(key: &str) -> AppendId {
    expect(AppendId::new(key))
}

/// A second append with the same key records nothing, whatever version it expects and whatever was
/// recorded in between.
pub async fn a_repeated_append_id_answers_with_the_first_receipt(store: impl Store + Clone) {
    let first = expect(store.append(with_key("a", 0, "key", &[1, 2])).await);
    assert!(matches!(first, Appended::Now(_)));
    let at_once = expect(store.append(with_key("a", 0, "key", &[1, 2])).await);
    assert_eq!(at_once, Appended::Already(first.receipt().clone()));
    expect(store.append(append("a", 2, [3])).await);
    for expected in [0, 2, 3] {
        let later = expect(store.append(with_key("a", expected, "key", &[1, 2])).await);
        assert_eq!(later, Appended::Already(first.receipt().clone()), "expected {expected}");
    }
    assert_eq!(numbers(&store, "a").await, [1, 2, 3]);
    let found = expect(store.find_append(&stream("a"), &append_id("key")).await);
    assert_eq!(found.as_ref(), Some(first.receipt()));
}

/// A command that arrives twice at the same time acts once.
pub async fn one_of_two_concurrent_appends_with_the_same_id_acts(store: impl Store + Clone) {
    let answers = all((0..8).map(|_| store.append(with_key("a", 0, "key", &[1])))).await;
    let acted = answers.iter().filter(|answer| matches!(answer, Ok(Appended::Now(_)))).count();
    let already = answers.iter().filter(|answer| matches!(answer, Ok(Appended::Already(_)))).count();
    assert_eq!((acted, already), (1, 7), "{answers:?}");
    assert_eq!(numbers(&store, "a").await, [1]);
}

/// An event of a different kind than those of the laws, with the older names under which it may be
/// stored.
pub(super) fn named(event_type: &'static str, aliases: &'static [&'static str]) -> NewEvent {
    NewEvent { event_type: event_type.into(), aliases, ..new_event(0) }
}

/// A key is not reused for a different command, which is one that records none of the stored kinds
/// of events.
pub async fn an_append_id_of_another_command_is_refused(store: impl Store + Clone) {
    expect(store.append(with_key("a", 0, "key", &[1])).await);
    for other in [vec![named("Removed", &[])], vec![named("Removed", &["Deleted"]), named("Moved", &[])]] {
        let append = Append { events: other, ..with_key("a", 1, "key", &[]) };
        let answer = store.append(append).await;
        assert!(matches!(answer, Err(StoreError::AppendIdReused { .. })), "{answer:?}");
    }
    assert_eq!(numbers(&store, "a").await, [1]);
}

/// A retry may have different data, names or numbers of events, because a map has no order and
/// programs change.
pub async fn an_append_id_is_answered_whatever_the_data_are(store: impl Store + Clone) {
    let first = expect(store.append(with_key("a", 0, "key", &[1, 2])).await).into_receipt();
    for again in [
        vec![new_event(8), new_event(9)],
        vec![new_event(1)],
        vec![new_event(1), new_event(2), new_event(3)],
        vec![named("Put", &["Inserted", "Added"])],
        vec![named("Removed", &[]), new_event(1)],
        vec![NewEvent { event_version: 2, ..new_event(1) }],
    ] {
        let answer = expect(store.append(Append { events: again, ..with_key("a", 0, "key", &[]) }).await);
        assert_eq!(answer, Appended::Already(first.clone()));
    }
    assert_eq!(numbers(&store, "a").await, [1, 2]);
}

/// A key belongs to what was recorded. A refused append recorded nothing, so it may be sent again.
pub async fn a_refused_append_does_not_use_up_its_id(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [1])).await);
    let refused = store.append(with_key("a", 0, "key", &[2])).await;
    assert!(is_conflict(&refused, 0, 1), "{refused:?}");
    assert_eq!(expect(store.find_append(&stream("a"), &append_id("key")).await), None, "a refused append is found");
    let again = expect(store.append(with_key("a", 1, "key", &[2])).await);
    assert!(matches!(again, Appended::Now(_)), "{again:?}");
    assert_eq!(numbers(&store, "a").await, [1, 2]);
}

/// A key finds the whole append, and nothing that came before or after it.
pub async fn an_append_is_found_by_its_id_with_all_its_events_and_no_others(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [1])).await);
    let first = expect(store.append(with_key("a", 1, "first", &[2, 3, 4])).await).into_receipt();
    let second = expect(store.append(with_key("a", 4, "second", &[5])).await).into_receipt();
    expect(store.append(append("a", 5, [6, 7])).await);
    for (key, receipt) in [("first", Some(first)), ("second", Some(second)), ("third", None)] {
        assert_eq!(expect(store.find_append(&stream("a"), &append_id(key)).await), receipt, "{key}");
    }
    assert_eq!(expect(store.find_append(&stream("b"), &append_id("first")).await), None, "found in another aggregate");
}

/// A key belongs to one aggregate.
pub async fn an_append_id_counts_for_one_aggregate_only(store: impl Store + Clone) {
    expect(store.append(with_key("a", 0, "key", &[1])).await);
    let other = expect(store.append(with_key("b", 0, "key", &[2])).await);
    assert!(matches!(other, Appended::Now(_)));
}

/// `account/42` and `wallet/42` are different aggregates.
pub async fn aggregates_of_two_types_may_share_an_id(store: impl Store + Clone) {
    expect(store.append(append("42", 0, [1])).await);
    let other = expect(StreamId::new("Other", "42"));
    let answer = store.append(Append::new(other.clone(), ExpectedVersion::NONE, vec![new_event(2)])).await;
    assert!(matches!(answer, Ok(Appended::Now(_))), "{answer:?}");
    assert_eq!(numbers(&store, "42").await, [1]);
    assert_eq!(stored(&store, &other).await.len(), 1);
}
