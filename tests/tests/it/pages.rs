//! Pages of a query: every event once and in order, even if events share a timestamp or move to the
//! archive between pages.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use es_core::error::QueryError;
use es_core::query::{EventQuery, QueryCursor};
use es_core::repository::ImportedEvent;
use es_core::store::{EventSet, Ordering};
use es_core::{Metadata, Position, Repository, StoreError, StreamId, Timestamp};
use es_mongo::MongoStore;
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use futures_util::TryStreamExt;
use tests::account::{Account, Deposited, Opened, day, import};
use tests::commands::Commands;
use tests::counter::{Counter, OneAdded};
use tests::order::{Order, Shipped, record};
use tests::stores::TestStore;
use tests::{empty_store, server};

tests::on_both_stores! {
    pages_get_past_any_number_of_events_of_one_millisecond
    a_page_may_end_inside_an_event_that_was_split
    a_cursor_continues_only_its_own_query
    new_events_are_followed_by_position
    the_event_that_began_a_correlation_belongs_to_it_in_every_answer
}

/// A cursor after its transfer as text and as JSON.
fn sent(cursor: QueryCursor) -> QueryCursor {
    let text: QueryCursor = cursor.to_string().parse().unwrap();
    let json = serde_json::to_string(&text).unwrap();
    assert_eq!(json, format!("\"{cursor}\""));
    let received = serde_json::from_str(&json).unwrap();
    assert_eq!(received, cursor);
    received
}

/// The ids of the events, page by page. `between` runs between two pages.
async fn paged(query: &EventQuery, size: u64, between: impl AsyncFn()) -> Vec<Vec<String>> {
    let query = query.clone().limit(size);
    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut page = query.clone().page().await.unwrap();
    loop {
        let ids: Vec<_> = page.events.iter().map(|event| event.id.to_string()).collect();
        let again: Vec<_> = ids.iter().filter(|id| pages.iter().flatten().any(|known| known == *id)).collect();
        assert!(again.is_empty(), "pages of {size} of {query:?} have {again:?} again");
        pages.push(ids);
        let Some(next) = page.next else { return pages };
        assert_eq!(page.events.len() as u64, size);
        between().await;
        page = query.clone().after(sent(next)).page().await.unwrap();
    }
}

async fn all(query: &EventQuery) -> Vec<String> {
    query.clone().read().collect().await.unwrap().iter().map(|event| event.id.to_string()).collect()
}

async fn nothing() {}

async fn pages_get_past_any_number_of_events_of_one_millisecond(store: impl TestStore) {
    let paid = vec![("Paid", doc! { "cents": 1_i64 }); 25];
    record(&store, "earlier", day(0), &paid[..3]).await;
    record(&store, "a", day(1), &paid).await;
    record(&store, "later", day(2), &paid[..3]).await;
    let one = StreamId::of::<Order>("a").unwrap();
    let queries = || {
        let events = || store.events();
        [
            events(),
            events().since(day(1)).until(day(1)),
            events().stored_as("Paid").by_user("shop"),
            events().of_aggregate(&one),
            events().after_position(Position::FIRST),
        ]
    };
    for archived in [false, true] {
        if archived {
            assert!(store.archive_before::<Order>(day(2)).await.is_none_or(|moved| moved == 28));
        }
        for query in queries().into_iter().flat_map(|query| [query.clone(), query.newest_first()]) {
            let expected = all(&query).await;
            assert!(expected.len() >= 25);
            for size in [1, 7, 10, 25, 31] {
                let pages = paged(&query, size, nothing).await;
                assert_eq!(pages.len() as u64, (expected.len() as u64).div_ceil(size), "{size} of {query:?}");
                assert_eq!(pages.concat(), expected, "{size} of {query:?}");
            }
        }
    }
    let pages = paged(&store.events().since(day(1)).until(day(1)), 10, nothing).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
}

async fn a_page_may_end_inside_an_event_that_was_split(store: impl TestStore) {
    let past: Vec<_> = (0..9)
        .map(|number| match number % 3 {
            0 => ("Settled", doc! { "cents": (number % 2 == 0).then_some(number) }),
            1 => ("PaidAndShipped", doc! { "cents": number, "address": "x" }),
            _ => ("Reminded", doc! {}),
        })
        .collect();
    record(&store, "a", day(1), &past).await;
    let query = || store.events();
    let whole = async |query: EventQuery| {
        let events = query.read_as::<Order>().collect().await.unwrap();
        events.iter().map(|event| (event.sequence.get(), event.data.event_type())).collect::<Vec<_>>()
    };
    for query in [query(), query().newest_first()] {
        let expected = whole(query.clone()).await;
        assert_eq!(expected.len(), 11);
        for size in 1..12 {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let query = query.clone().limit(size);
                let query = if let Some(cursor) = after { query.after(sent(cursor)) } else { query };
                let page = query.page_as::<Order>().await.unwrap();
                found.extend(page.events.iter().map(|event| (event.sequence.get(), event.data.event_type())));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "pages of {size}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_complete_if_positions_are_not_unique() {
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    let builder = MongoStore::builder(client, fresh_database_name("pages")).ordering(Ordering::PerAggregate);
    let store = builder.open().await.unwrap();
    let counters = Repository::<Counter>::new(&store);
    for id in ["a", "b", "c", "d"] {
        let event = || ImportedEvent::new(OneAdded { by: "x".into() }, day(1), Metadata::new().user("x"));
        counters.import(id, (0..6).map(|_| event()).collect()).await.unwrap();
    }
    for query in [store.events(), store.events().newest_first(), store.events().by_user("x")] {
        let expected = all(&query).await;
        assert_eq!(expected.len(), 24);
        for size in [1, 5, 10] {
            assert_eq!(paged(&query, size, nothing).await.concat(), expected, "{size} of {query:?}");
        }
    }
    let one = StreamId::of::<Counter>("b").unwrap();
    assert_eq!(paged(&store.events().of_aggregate(&one).newest_first(), 4, nothing).await.concat().len(), 6);
    assert_eq!(store.events().of_aggregate(&one).after_position(Position::FIRST).count().await.unwrap(), 5);
    let error = store.events().after_position(Position::FIRST).read().collect().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Query(QueryError::Conditions { reason }) if reason.contains("PerAggregate")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_complete_while_the_events_are_archived() {
    let store = empty_store().await;
    for id in ["a", "b", "c"] {
        import(&store, id, 60).await;
    }
    let archivist = tests::open(store.database().name()).await;
    let before = std::sync::atomic::AtomicI64::new(0);
    let archive_more = async || {
        let days = before.fetch_add(6, std::sync::atomic::Ordering::Relaxed);
        archivist.archive::<Account>(day(days)).run().await.unwrap();
    };
    // A run waits before its first deletion, so most of it is already archived when the
    // newest-first pages read it.
    for query in [store.events().by_user("clerk"), store.events().newest_first()] {
        let expected = all(&query).await;
        assert_eq!(expected.len(), 180);
        assert_eq!(paged(&query, 17, &archive_more).await.concat(), expected);
    }
    import(&store, "d", 60).await;
    let archiving = tokio::spawn({
        let store = archivist.clone();
        async move { store.archive::<Account>(Timestamp::now()).batch(5).run().await.unwrap().moved }
    });
    let expected = all(&store.events()).await;
    while !archiving.is_finished() {
        assert_eq!(paged(&store.events(), 50, nothing).await.concat(), expected);
    }
    assert!(archiving.await.unwrap() > 0);
}

async fn a_cursor_continues_only_its_own_query<S: TestStore>(store: S) {
    import(&store, "a", 20).await;
    let all = || store.events();
    let stream = StreamId::of::<Account>("a").unwrap();
    let other = S::empty().await;
    import(&other, "a", 20).await;
    let queries = [
        all(),
        all().newest_first(),
        all().by_user("clerk"),
        all().by_user("till"),
        all().stored_as("Deposited"),
        all().of_aggregates::<Account>(),
        all().of_aggregate(&stream),
        all().since(day(1)),
        all().until(day(1)),
        all().after_position(Position::FIRST),
        all().until_position(Position::FIRST),
        all().of_correlation("clerk"),
        other.events(),
    ];
    let cursor = all().limit(3).page().await.unwrap().next.unwrap();
    assert_eq!(all().limit(90).after(cursor).page().await.unwrap().events.len(), 17, "the limit may differ");
    for (at, query) in queries.iter().enumerate().skip(1) {
        let continued = query.clone().after(cursor);
        assert!(matches!(continued.clone().page().await, Err(StoreError::Query(QueryError::ForeignCursor))), "{at}");
        assert!(matches!(continued.clone().count().await, Err(StoreError::Query(QueryError::ForeignCursor))), "{at}");
        assert!(matches!(continued.read().collect().await, Err(StoreError::Query(QueryError::ForeignCursor))), "{at}");
    }
    let as_accounts = all().after(cursor).page_as::<Account>().await;
    assert!(matches!(as_accounts, Err(StoreError::Query(QueryError::ForeignCursor))), "{as_accounts:?}");
    let paid = store.events().of::<Deposited>().limit(3).page_as::<Account>().await.unwrap().next.unwrap();
    let opened = store.events().of::<Opened>().after(paid).page_as::<Account>().await;
    assert!(matches!(opened, Err(StoreError::Query(QueryError::ForeignCursor))), "{opened:?}");
    assert_eq!(store.events().of::<Deposited>().after(paid).count_as::<Account>().await.unwrap(), 16);
    let empty = all().limit(0).page().await;
    assert!(matches!(empty, Err(StoreError::Query(QueryError::Conditions { .. }))), "{empty:?}");
}

async fn new_events_are_followed_by_position(store: impl TestStore) {
    import(&store, "a", 4).await;
    let mut seen = Position::FIRST;
    let mut found = 1;
    for id in ["b", "c"] {
        // Imported: its timestamps are earlier than those on the previous pages.
        import(&store, id, 3).await;
        for event in store.events().after_position(seen).read().collect().await.unwrap() {
            assert_eq!(event.position, seen.next());
            (seen, found) = (event.position, found + 1);
        }
    }
    assert_eq!((seen.get(), found), (10, 10));
}

/// The number of index keys and of documents that the server has read since the last call.
async fn examined(store: &MongoStore) -> (i64, i64) {
    let database = store.database();
    database.run_command(doc! { "profile": 0 }).await.unwrap();
    let profile = database.collection::<Document>("system.profile");
    let of_events = doc! { "ns": format!("{}.events", database.name()), "op": { "$in": ["query", "getmore"] } };
    let ran: Vec<Document> = profile.find(of_events).await.unwrap().try_collect().await.unwrap();
    profile.drop().await.unwrap();
    assert!(!ran.is_empty(), "no query ran");
    let sum = |name| ran.iter().map(|entry| i64::from(entry.get_i32(name).unwrap())).sum();
    assert!(ran.iter().all(|entry| !entry.get_bool("hasSortStage").unwrap_or(false)), "{ran:?}");
    (sum("keysExamined"), sum("docsExamined"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_costs_what_it_returns_and_the_millisecond_in_which_the_last_one_ended() {
    const SIZE: u64 = 10;
    const SAME: i64 = 7;
    const PLANNING: i64 = 101;
    let (client, commands) = Commands::of_client(server().await.uri()).await;
    let store = MongoStore::builder(client, fresh_database_name("cost")).open().await.unwrap();
    for id in 0..SAME {
        import(&store, &format!("a{id}"), 300).await;
    }
    let stream = StreamId::of::<Account>("a3").unwrap();
    let queries = [
        store.events(),
        store.events().stored_as("Deposited"),
        store.events().by_user("clerk"),
        store.events().of_aggregate(&stream),
        store.events().after_position(Position::FIRST),
    ];
    for query in queries.into_iter().flat_map(|query| [query.clone(), query.newest_first()]) {
        let query = query.limit(SIZE);
        // In the middle, far from both ends.
        let mut page = query.clone().limit(150).page().await.unwrap();
        for _ in 0..2 {
            store.database().run_command(doc! { "profile": 2 }).await.unwrap();
            page = query.clone().after(page.next.unwrap()).page().await.unwrap();
            assert_eq!(page.events.len() as u64, SIZE);
            let (keys, documents) = examined(&store).await;
            // Two batches, because the first may end within a millisecond; or what the server reads
            // to choose between two indexes.
            let most = i64::max(2 * (i64::try_from(SIZE).unwrap() + 3), PLANNING) + SAME;
            assert!(keys <= most + 1 && documents <= most, "{keys} keys, {documents} documents for {query:?}");
        }
    }
    // Only events that may be read as the requested event are examined.
    commands.take();
    assert_eq!(store.events().of::<Shipped>().count_as::<Order>().await.unwrap(), 0);
    let asked = commands.take().into_iter().find(|command| command.contains_key("find")).unwrap();
    let names = asked.get_document("filter").unwrap().get_document("eventType").unwrap().get_array("$in").unwrap();
    // `Settled` is also split, but into other events.
    assert_eq!(names, &["Shipped", "PaidAndShipped", "PayedAndShipped"].map(Into::into));
}

async fn the_event_that_began_a_correlation_belongs_to_it_in_every_answer(store: impl TestStore) {
    let counters = Repository::<Counter>::new(&store);
    let add = |_: &_| OneAdded { by: "x".into() };
    let begun = counters.create("a", OneAdded { by: "x".into() }).by("ann").await.unwrap();
    let starter = &begun.events[0];
    let correlation = starter.id.to_string();
    let caused = Metadata::caused_by(starter).user("robot");
    assert_eq!(caused.correlation_id(), Some(&*correlation));
    // Once with an earlier timestamp than the cause, and once with the same.
    let past = ImportedEvent::new(OneAdded { by: "x".into() }, day(0), caused.clone());
    let same = ImportedEvent::new(OneAdded { by: "x".into() }, starter.timestamp, caused.clone());
    counters.import("b", vec![past, same]).await.unwrap();
    counters.update("a", add).metadata(caused).await.unwrap();
    // Looks like the id of an event, but is not one.
    counters
        .create("c", OneAdded { by: "x".into() })
        .metadata(Metadata::new().correlation("000000000000000000000000"))
        .await
        .unwrap();

    let query = || store.events().of_correlation(&correlation);
    for archived in [false, true] {
        if archived {
            let moved = store.archive_before::<Counter>(Timestamp::now()).await;
            assert!(moved.is_none_or(|moved| moved >= 3), "{moved:?}");
        }
        let trace = store.trace(&correlation).await.unwrap();
        let mut flow: Vec<_> =
            trace.iter().map(|(depth, event)| (depth, &*event.aggregate_id, event.sequence.get())).collect();
        assert_eq!(flow.remove(0), (0, "a", 1));
        flow.sort_unstable();
        assert_eq!(flow, [(1, "a", 2), (1, "b", 1), (1, "b", 2)]);
        for query in [query(), query().newest_first()] {
            let expected = all(&query).await;
            assert_eq!(expected.len(), 4);
            assert_eq!(paged(&query, 1, nothing).await.concat(), expected);
            assert_eq!(query.clone().count().await.unwrap(), 4);
            assert_eq!(query.clone().read_as::<Counter>().collect().await.unwrap().len(), 4);
            assert_eq!(query.clone().limit(1).count().await.unwrap(), 1);
        }
        let places = query().read().collect().await.unwrap();
        let places: Vec<_> = places.iter().map(|event| (&*event.aggregate_id, event.sequence.get())).collect();
        assert_eq!(places, [("b", 1), ("a", 1), ("b", 2), ("a", 2)]);
        // The other conditions apply to it too.
        assert_eq!(query().by_user("robot").count().await.unwrap(), 3);
        assert_eq!(query().by_user("ann").count().await.unwrap(), 1);
        assert_eq!(query().since(day(1)).count().await.unwrap(), 3);
        assert_eq!(query().until(day(1)).count().await.unwrap(), 1);
        assert_eq!(query().of_aggregate(&StreamId::of::<Counter>("b").unwrap()).count().await.unwrap(), 2);
        assert_eq!(query().of_aggregates::<Account>().count().await.unwrap(), 0);
        let another = store.events().of_correlation("000000000000000000000000");
        assert_eq!(another.count().await.unwrap(), 1);
        assert_eq!(store.trace("000000000000000000000000").await.unwrap().len(), 1);
        assert!(store.trace("000000000000000000000001").await.unwrap().is_empty());
    }
}
