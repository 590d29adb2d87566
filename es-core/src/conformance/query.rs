//! Laws of queries, for a store that implements [`QueryStore`].

use std::collections::BTreeSet;

use super::{Added, Numbers, append, expect, number, stored, stream};
use crate::error::QueryError;
use crate::query::EventQuery;
use crate::store::next_batch;
use crate::store::{
    Append, EventData, ExpectedVersion, NewEvent, Ordering, QueriedAggregates, Query, QueryOrder, QueryPlace,
    QueryStart, QueryStore, Store,
};
use crate::{Metadata, Position, RecordedEvent, StoreError, StreamId, Timestamp};

/// An event of the past that the laws query.
fn past_event(number: i64, event_type: &'static str, user: &str, correlation: &str, millis: i64) -> NewEvent {
    let data = expect(EventData::encode(event_type, &Added { number }));
    let metadata = Metadata::new().user(user).correlation(correlation);
    expect(NewEvent::from_data(event_type, 1, data, metadata)).at(Timestamp::from_millis(millis))
}

/// A stream with the id of a stream of the laws, but of a different type.
fn of_another_type() -> StreamId {
    expect(StreamId::new("Others", "a"))
}

/// Records events that differ in everything that a query can ask for. The number in each is its
/// position, in a store with positions across aggregates.
async fn record_past(store: &impl Store) -> Vec<RecordedEvent<EventData>> {
    let streams = [
        (
            stream("a"),
            vec![
                past_event(1, "Added", "ann", "x", 1_000),
                past_event(2, "Noted", "ben", "x", 3_000),
                past_event(3, "Added", "ann", "z", 2_000),
            ],
        ),
        (of_another_type(), vec![past_event(4, "Added", "ann", "y", 2_000), past_event(5, "Noted", "ann", "x", 4_000)]),
        (stream("b"), vec![past_event(6, "Added", "ben", "y", 2_000), past_event(7, "Added", "ann", "x", 2_000)]),
    ];
    let mut recorded = Vec::new();
    for (stream, events) in streams {
        expect(store.append(Append::new(stream.clone(), ExpectedVersion::NONE, events)).await);
        recorded.extend(stored(store, &stream).await);
    }
    recorded
}

/// These numbers, in the order of time and then of position.
fn by_time(recorded: &[RecordedEvent<EventData>], numbers: &[i64]) -> Vec<i64> {
    let mut events: Vec<_> = recorded.iter().filter(|event| numbers.contains(&number(event))).collect();
    events.sort_by_key(|event| (event.timestamp, event.position, event.id));
    events.into_iter().map(number).collect()
}

async fn found(query: EventQuery) -> Vec<i64> {
    expect(query.read().collect().await).iter().map(number).collect()
}

async fn found_by(store: &impl QueryStore, query: Query) -> Vec<i64> {
    let mut batches = store.query(query);
    let mut numbers = Vec::new();
    while let Some(batch) = next_batch(&mut batches).await {
        numbers.extend(expect(batch).events().map(|event| number(&expect(event).to_recorded())));
    }
    numbers
}

fn millis(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Nothing is left out and nothing else is found, whatever is asked for.
pub async fn a_query_finds_the_events_that_meet_a_condition_and_no_others(store: impl QueryStore + Store + Clone) {
    let past = record_past(&store).await;
    let all = || store.events();
    let cases: [(&str, EventQuery, &[i64]); 12] = [
        ("all", all(), &[1, 2, 3, 4, 5, 6, 7]),
        ("type of aggregates", all().of_aggregates::<Numbers>(), &[1, 2, 3, 6, 7]),
        ("name", all().stored_as("Noted"), &[2, 5]),
        ("user", all().by_user("ann"), &[1, 3, 4, 5, 7]),
        ("unknown user", all().by_user("nobody"), &[]),
        ("correlation", all().of_correlation("x"), &[1, 2, 5, 7]),
        ("unknown correlation", all().of_correlation("ann"), &[]),
        ("since", all().since(millis(2_000)), &[2, 3, 4, 5, 6, 7]),
        ("shortly after", all().since(millis(2_001)), &[2, 5]),
        ("until", all().until(millis(2_000)), &[1, 3, 4, 6, 7]),
        ("shortly before", all().until(millis(1_999)), &[1]),
        ("one millisecond", all().since(millis(2_000)).until(millis(2_000)), &[3, 4, 6, 7]),
    ];
    for (condition, query, numbers) in cases {
        assert_eq!(found(query).await, by_time(&past, numbers), "{condition}");
    }
    for (stream, numbers) in [
        (stream("a"), vec![1, 2, 3]),
        (stream("b"), vec![6, 7]),
        (of_another_type(), vec![4, 5]),
        (stream("c"), vec![]),
    ] {
        assert_eq!(found(all().of_aggregate(&stream)).await, numbers, "{stream}");
    }
    for (names, numbers) in [
        (&["Added", "Noted"][..], &[1, 2, 3, 4, 5, 6, 7][..]),
        (&["Unheard", "Noted"], &[2, 5]),
        (&["Unheard"], &[]),
        (&[], &[]),
    ] {
        let event_types = Some(names.iter().map(|name| (*name).to_owned()).collect());
        let query = Query { event_types, ..Query::ALL };
        assert_eq!(found_by(&store, query).await, by_time(&past, numbers), "{names:?}");
    }
}

/// An event meets all conditions of a query, not one of them.
pub async fn all_conditions_of_a_query_hold_together(store: impl QueryStore + Store + Clone) {
    let past = record_past(&store).await;
    let all = || store.events();
    let cases: [(EventQuery, &[i64]); 6] = [
        (all().by_user("ann").of_correlation("x"), &[1, 5, 7]),
        (all().by_user("ann").of_correlation("x").stored_as("Added"), &[1, 7]),
        (all().by_user("ann").of_correlation("x").stored_as("Added").since(millis(2_000)), &[7]),
        (all().by_user("ben").since(millis(2_000)).until(millis(2_000)), &[6]),
        (all().of_aggregates::<Numbers>().stored_as("Noted"), &[2]),
        (all().of_aggregates::<Numbers>().by_user("ben").of_correlation("z"), &[]),
    ];
    for (at, (query, numbers)) in cases.into_iter().enumerate() {
        assert_eq!(found(query).await, by_time(&past, numbers), "case {at}");
    }
    let of_one = all().of_aggregate(&stream("a"));
    assert_eq!(found(of_one.clone().by_user("ann").until(millis(1_500))).await, [1]);
    let after = past[0].position;
    assert_eq!(found(of_one.after_position(after).of_correlation("x")).await, [2]);
}

/// The order of an answer is by timestamp and, within a millisecond, by position; or the reverse.
pub async fn an_answer_is_in_the_order_of_time_and_within_a_millisecond_of_position(
    store: impl QueryStore + Store + Clone,
) {
    let past = record_past(&store).await;
    let mut numbers = by_time(&past, &[1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(found(store.events()).await, numbers);
    assert_eq!(found(store.events().limit(3)).await, numbers[..3]);
    numbers.reverse();
    assert_eq!(found(store.events().newest_first()).await, numbers);
    assert_eq!(found(store.events().newest_first().limit(3)).await, numbers[..3]);
}

/// Within an aggregate the sequence is the order, whatever the timestamps are.
pub async fn the_events_of_one_aggregate_are_found_in_their_own_order(store: impl QueryStore + Store + Clone) {
    record_past(&store).await;
    let query = || store.events().of_aggregate(&stream("a"));
    assert_eq!(found(query()).await, [1, 2, 3]);
    assert_eq!(found(query().newest_first()).await, [3, 2, 1]);
    assert_eq!(found(query().since(millis(2_000))).await, [2, 3]);
}

/// Positions bound an answer, which is then in their order: so it can be followed.
pub async fn conditions_on_positions_bound_an_answer_that_is_in_their_order(store: impl QueryStore + Store + Clone) {
    assert_eq!(store.ordering(), Ordering::Global, "these tests are for a store with an order across aggregates");
    record_past(&store).await;
    let at = |position: i64| expect(Position::try_from(position));
    let all = || store.events();
    assert_eq!(found(all().after_position(at(2)).until_position(at(6))).await, [3, 4, 5, 6]);
    assert_eq!(found(all().after_position(at(4)).newest_first()).await, [7, 6, 5]);
    assert_eq!(found(all().until_position(at(5)).by_user("ann")).await, [1, 3, 4, 5]);
    assert_eq!(found(all().after_position(at(7))).await, [0; 0]);
}

/// The queries of the laws on pages and counts, one or two for each order.
fn queries(store: &(impl QueryStore + Clone)) -> Vec<EventQuery> {
    let all = || store.events();
    let mut queries = vec![
        all(),
        all().by_user("ann"),
        all().since(millis(2_000)).until(millis(2_000)),
        all().of_aggregate(&stream("a")),
    ];
    if store.ordering() == Ordering::Global {
        queries.push(all().after_position(Position::FIRST));
    }
    let reversed: Vec<_> = queries.iter().cloned().map(EventQuery::newest_first).collect();
    queries.extend(reversed);
    queries
}

/// Every event is on one page, however many share a millisecond, and wherever a page ends.
pub async fn pages_have_every_event_of_an_answer_once_and_in_order(store: impl QueryStore + Store + Clone) {
    record_past(&store).await;
    for (at, query) in queries(&store).into_iter().enumerate() {
        let whole = found(query.clone()).await;
        assert!(!whole.is_empty(), "query {at}");
        for size in 1..=whole.len() as u64 + 1 {
            let query = query.clone().limit(size);
            let mut page = expect(query.clone().page().await);
            let mut pages = vec![page.events];
            while let Some(next) = page.next {
                page = expect(query.clone().after(next).page().await);
                pages.push(page.events);
                assert!(pages.len() <= whole.len(), "the pages of {size} of query {at} do not end");
            }
            let Some((last, full)) = pages.split_last() else { panic!("an answer has a page") };
            assert!(full.iter().all(|page| page.len() as u64 == size), "a page of {size} of query {at} is short");
            assert!(!last.is_empty(), "the last page of {size} of query {at} is empty");
            let numbers: Vec<_> = pages.iter().flatten().map(number).collect();
            assert_eq!(numbers, whole, "pages of {size} of query {at}");
        }
    }
}

/// A page that ended within an event that was split starts there again; every other page starts
/// after the last event.
pub async fn an_answer_starts_at_a_place_or_after_it(store: impl QueryStore + Store + Clone) {
    record_past(&store).await;
    let of_one = QueriedAggregates::One(stream("a"));
    let mut orders = vec![Query::ALL, Query { aggregates: of_one, order: QueryOrder::Sequence, ..Query::ALL }];
    if store.ordering() == Ordering::Global {
        orders.push(Query { order: QueryOrder::Position, ..Query::ALL });
    }
    let reversed: Vec<_> = orders.iter().map(|query| Query { newest_first: true, ..query.clone() }).collect();
    orders.extend(reversed);
    for query in orders {
        let mut batches = store.query(query.clone());
        let mut whole = Vec::new();
        while let Some(batch) = next_batch(&mut batches).await {
            whole.extend(expect(batch).events().map(|event| expect(event).to_recorded()));
        }
        let numbers: Vec<_> = whole.iter().map(number).collect();
        for (index, event) in whole.iter().enumerate() {
            let place = QueryPlace::from(event);
            let at = Query { start: QueryStart::At(place), ..query.clone() };
            assert_eq!(found_by(&store, at.clone()).await, numbers[index..], "{at:?}");
            let after = Query { start: QueryStart::After(place), ..query.clone() };
            assert_eq!(found_by(&store, after.clone()).await, numbers[index + 1..], "{after:?}");
        }
    }
}

/// A count counts what would be read, from the place on at which it starts and up to its limit.
pub async fn a_count_is_the_number_of_events_of_the_answer(store: impl QueryStore + Store + Clone) {
    record_past(&store).await;
    for (at, query) in queries(&store).into_iter().enumerate() {
        let whole = found(query.clone()).await.len() as u64;
        assert_eq!(expect(query.clone().count().await), whole, "query {at}");
        for limit in 0..=whole + 1 {
            let count = expect(query.clone().limit(limit).count().await);
            assert_eq!(count, whole.min(limit), "query {at} with limit {limit}");
        }
        let first = expect(query.clone().limit(1).page().await);
        if let Some(next) = first.next {
            assert_eq!(expect(query.clone().after(next).count().await), whole - 1, "query {at} after its first page");
        }
    }
    assert_eq!(expect(store.events().of_correlation("nothing").count().await), 0);
}

/// The event that began a correlation does not carry it, and still belongs to it: in order, once,
/// and only if it meets the other conditions.
pub async fn the_event_that_began_a_correlation_belongs_to_it(store: impl QueryStore + Store + Clone) {
    let begun = past_event(1, "Added", "ann", "earlier", 2_000);
    let begun = expect(store.append(Append::new(stream("a"), ExpectedVersion::NONE, vec![begun])).await);
    let begun = begun.into_receipt().stamps[0].id.to_string();
    let caused = |number, millis| {
        let event = past_event(number, "Noted", "robot", &begun, millis);
        NewEvent { metadata: event.metadata.clone().causation(&begun), ..event }
    };
    let effects = vec![caused(2, 1_000), caused(3, 2_000), caused(4, 3_000)];
    expect(store.append(Append::new(stream("b"), ExpectedVersion::NONE, effects)).await);
    expect(store.append(append("c", 0, [5])).await);
    let past = [stored(&store, &stream("a")).await, stored(&store, &stream("b")).await].concat();
    let query = || store.events().of_correlation(&begun);
    let mut whole = by_time(&past, &[1, 2, 3, 4]);
    assert_eq!(found(query()).await, whole);
    assert_eq!(expect(query().count().await), 4);
    whole.reverse();
    assert_eq!(found(query().newest_first()).await, whole);
    assert_eq!(found(query().by_user("robot")).await, [2, 3, 4], "it has a different user");
    assert_eq!(found(query().stored_as("Added")).await, [1]);
    assert_eq!(found(query().since(millis(2_500))).await, [4], "it is too old");
    assert_eq!(found(query().of_aggregate(&stream("b"))).await, [2, 3, 4], "it is of a different aggregate");
    let trace = expect(store.trace(&begun).await);
    let tree: Vec<_> = trace.iter().map(|(depth, event)| (depth, number(event))).collect();
    assert_eq!(tree[0], (0, 1), "{tree:?}");
    assert_eq!(tree[1..].iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from([(1, 2), (1, 3), (1, 4)]));
}

/// A string in a query is that string.
pub async fn a_query_takes_strings_as_values(store: impl QueryStore + Store + Clone) {
    record_past(&store).await;
    let strange = [r#"{"$ne": null}"#, "$where", "a.b", "", "*", "^a"];
    for text in strange {
        assert_eq!(found(store.events().by_user(text)).await, [0; 0], "{text:?}");
        assert_eq!(found(store.events().of_correlation(text)).await, [0; 0], "{text:?}");
        assert!(expect(store.trace(text).await).is_empty(), "{text:?}");
        let unknown = store.events().stored_as(text).count().await;
        assert!(
            matches!(unknown, Err(StoreError::Query(QueryError::UnknownEventType { .. }))),
            "{text:?}: {unknown:?}"
        );
    }
    for (at, text) in (0..).zip(strange) {
        let events = vec![past_event(at, "Added", text, text, 1_000)];
        let stream = stream(&format!("strange-{at}"));
        expect(store.append(Append::new(stream, ExpectedVersion::NONE, events)).await);
        assert_eq!(found(store.events().by_user(text)).await, [at], "{text:?}");
        assert_eq!(found(store.events().of_correlation(text)).await, [at], "{text:?}");
    }
}

/// Nothing is skipped because the program does not know it: its data are returned, and decoding it
/// is an error.
pub async fn a_query_leaves_out_no_event_that_it_cannot_decode(store: impl QueryStore + Store + Clone) {
    let later = NewEvent { event_version: 99, ..past_event(2, "Added", "ann", "x", 2_000) };
    let unheard = past_event(3, "Unheard", "ann", "x", 3_000);
    for (id, event) in [("a", later), ("b", unheard)] {
        let first = past_event(1, "Added", "ann", "x", 1_000);
        expect(store.append(Append::new(stream(id), ExpectedVersion::NONE, vec![first, event])).await);
        let of_one = store.events().of_aggregate(&stream(id));
        assert_eq!(found(of_one.clone()).await.len(), 2, "{id}");
        let mut decoded = of_one.read_as::<Numbers>();
        assert!(matches!(decoded.next().await, Some(Ok(_))), "{id}");
        let error = decoded.next().await;
        assert!(matches!(error, Some(Err(StoreError::Decode { .. }))), "{id}: {error:?}");
        assert!(decoded.next().await.is_none(), "{id}: an answer ends after an error");
    }
    assert_eq!(found(store.events()).await.len(), 4);
}

/// However many batches a store needs for it, an answer is whole and in order.
pub async fn an_answer_of_thousands_of_events_is_whole_and_in_order(store: impl QueryStore + Store + Clone) {
    const EVENTS: i64 = 2_500;
    let events = (0..EVENTS).map(|number| past_event(number, "Added", "ann", "x", 1_000)).collect();
    expect(store.append(Append::new(stream("a"), ExpectedVersion::NONE, events)).await);
    assert_eq!(found(store.events()).await, (0..EVENTS).collect::<Vec<_>>());
    assert_eq!(found(store.events().by_user("ann").newest_first()).await, (0..EVENTS).rev().collect::<Vec<_>>());
    assert_eq!(expect(store.events().count().await), EVENTS.unsigned_abs());
}

/// A cursor is text that any handle of the same events understands.
pub async fn a_cursor_continues_a_query_of_every_handle_of_the_store(store: impl QueryStore + Store + Clone) {
    record_past(&store).await;
    let page = expect(store.events().limit(3).page().await);
    let Some(next) = page.next else { panic!("there are more events") };
    let next = expect(next.to_string().parse());
    let handle = store.clone();
    let rest = expect(handle.events().after(next).page().await);
    assert_eq!((rest.events.len(), rest.next), (4, None));
    let foreign = handle.events().by_user("ann").after(next).page().await;
    assert!(matches!(foreign, Err(StoreError::Query(QueryError::ForeignCursor))), "{foreign:?}");
}
