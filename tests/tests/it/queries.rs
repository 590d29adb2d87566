//! Queries, traces and figures: what they find, in which order, in which collection, and with which
//! index.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use es_core::error::QueryError;
use es_core::query::EventQuery;
use es_core::repository::ImportedEvent;
use es_core::store::{Append, EventStore, ExpectedVersion};
use es_core::{Metadata, RecordedEvent, StoreError, StreamId, Timestamp};
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use tests::account::{Account, AccountEvent, Deposited, Opened, accounts, append, day, import, raw};
use tests::counter::{Counter, OneAdded, add_one, patient};
use tests::empty_store;
use tests::stores::TestStore;

tests::on_both_stores! {
    events_are_found_by_type_user_correlation_and_period
    events_with_equal_times_are_ordered_by_position_in_both_directions_and_the_limit_is_exact
    strings_are_values_and_never_operators
    events_decode_from_every_version_and_older_name
    an_event_that_does_not_decode_ends_the_query_with_an_error_that_names_it
    the_flow_of_a_command_is_a_tree_by_causation
}

async fn places(query: EventQuery) -> Vec<(String, u64)> {
    let events = query.read().collect().await.unwrap();
    events.into_iter().map(|event| (event.aggregate_id, event.sequence.get())).collect()
}

fn place(id: &str, sequence: u64) -> (String, u64) {
    (id.to_owned(), sequence)
}

async fn events_are_found_by_type_user_correlation_and_period(store: impl TestStore) {
    import(&store, "a", 5).await;
    import(&store, "b", 3).await;
    let metadata = Metadata::new().user("alice").correlation("order-1");
    let deposit = |_: &_| Deposited { cents: 1, source: "x".into() };
    accounts(&store).update("a", deposit).metadata(metadata).await.unwrap();

    let opened = places(store.events().stored_as("Opened")).await;
    assert_eq!(opened, [place("a", 1), place("b", 1)]);
    let in_period = places(store.events().stored_as("Deposited").since(day(1)).until(day(2))).await;
    assert_eq!(in_period, [place("a", 2), place("b", 2), place("a", 3), place("b", 3)]);
    assert_eq!(places(store.events().by_user("alice")).await, [place("a", 6)]);
    assert_eq!(places(store.events().of_correlation("order-1")).await, [place("a", 6)]);
    assert_eq!(places(store.events().of_correlation("order-1").by_user("bob")).await, []);
    let newest = places(store.events().by_user("clerk").newest_first().limit(3)).await;
    assert_eq!(newest, [place("a", 5), place("a", 4), place("b", 3)]);
    assert_eq!(places(store.events()).await.len(), 9);
    assert_eq!(places(store.events().limit(0)).await, []);
    assert_eq!(places(store.events().since(day(3)).until(day(2))).await, []);
}

async fn events_with_equal_times_are_ordered_by_position_in_both_directions_and_the_limit_is_exact(
    store: impl TestStore,
) {
    const EVENTS: usize = 2_500;
    let deposit = || ImportedEvent::new(Deposited { cents: 1, source: "x".into() }, day(1), Metadata::new());
    for id in ["z", "a"] {
        let opened = ImportedEvent::new(Opened { owner: id.into() }, day(1), Metadata::new());
        let past = std::iter::once(opened).chain((1..EVENTS / 2).map(|_| deposit())).collect();
        accounts(&store).import(id, past).await.unwrap();
    }
    let positions = async |query: EventQuery| -> Vec<u64> {
        query.read().collect().await.unwrap().iter().map(|event| event.position.get()).collect()
    };
    let ascending: Vec<u64> = (1..=EVENTS as u64).collect();
    let descending: Vec<u64> = (1..=EVENTS as u64).rev().collect();
    assert_eq!(positions(store.events()).await, ascending);
    assert_eq!(positions(store.events().newest_first()).await, descending);
    assert_eq!(positions(store.events().limit(1_700)).await, ascending[..1_700]);
    assert_eq!(positions(store.events().newest_first().limit(7)).await, descending[..7]);
}

async fn strings_are_values_and_never_operators(store: impl TestStore) {
    import(&store, "a", 3).await;
    for strange in [r#"{"$ne": null}"#, "$where", "", "a.b", "\u{0}"] {
        assert_eq!(places(store.events().by_user(strange)).await, []);
        let unknown = store.events().stored_as(strange).read().collect().await;
        assert!(matches!(unknown, Err(StoreError::Query(QueryError::UnknownEventType { .. }))), "{unknown:?}");
        assert!(store.trace(strange).await.unwrap().is_empty());
    }
    let strange = r#"{"$gt": ""}"#;
    let metadata = Metadata::new().user(strange).correlation(strange);
    accounts(&store).create("b", Opened { owner: "b".into() }).metadata(metadata).await.unwrap();
    assert_eq!(places(store.events().by_user(strange)).await, [place("b", 1)]);
    assert_eq!(places(store.events().of_correlation(strange)).await, [place("b", 1)]);
}

async fn events_decode_from_every_version_and_older_name(store: impl TestStore) {
    import(&store, "a", 2).await;
    let past = vec![
        raw("Deposited", 1, &doc! { "cents": 10_i64 }, day(10)),
        raw("PaidIn", 1, &doc! { "cents": 11_i64 }, day(11)),
        raw("StatementSent", 1, &doc! { "page": 1 }, day(12)),
        raw("PaidIn", 2, &doc! { "cents": 13_i64, "source": "old name" }, day(13)),
    ];
    append(&store, "a", 2, past).await;
    add_one(&patient(&store), "nobody", "x").await.unwrap_err();
    patient(&store).create("c", OneAdded { by: "x".into() }).await.unwrap();

    let decode = |event: RecordedEvent<AccountEvent>| match event.data {
        AccountEvent::Deposited(deposited) => (deposited.cents, deposited.source),
        other => panic!("{other:?}"),
    };
    let expected = [(1, "source-1"), (10, "unknown"), (11, "unknown"), (13, "old name")]
        .map(|(cents, source)| (cents, source.to_owned()));
    for name in ["Deposited", "PaidIn"] {
        let found = store.events().of_type(name).read_as::<Account>().collect().await.unwrap();
        let names: Vec<&str> = found.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(names, ["Deposited", "Deposited", "PaidIn", "PaidIn"]);
        assert_eq!(found.into_iter().map(decode).collect::<Vec<_>>(), expected);
    }
    let all = store.events().read_as::<Account>().collect().await.unwrap();
    assert_eq!(all.len(), 5, "neither the retired event nor the counter appears");
    let last = store.events().newest_first().limit(4).read_as::<Account>().collect().await.unwrap();
    let last: Vec<u64> = last.iter().map(|event| event.sequence.get()).collect();
    assert_eq!(last, [6, 4, 3, 2], "the limit counts the returned events");
    assert_eq!(store.events().read_as::<Counter>().collect().await.unwrap().len(), 1);
}

async fn an_event_that_does_not_decode_ends_the_query_with_an_error_that_names_it(store: impl TestStore) {
    import(&store, "a", 2).await;
    append(&store, "a", 2, vec![raw("Deposited", 9, &doc! { "cents": 1 }, day(9))]).await;
    let mut events = store.events().read_as::<Account>();
    assert!(events.next().await.unwrap().is_ok() && events.next().await.unwrap().is_ok());
    let error = events.next().await.unwrap().unwrap_err();
    assert!(matches!(&error, StoreError::Decode { sequence, .. } if *sequence == 3), "{error}");
    assert!(events.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_find_each_event_once_in_both_collections() {
    let store = empty_store().await;
    for id in ["a", "b", "c"] {
        import(&store, id, 20).await;
    }
    let questions = || {
        let all = || store.events();
        [
            all(),
            all().newest_first(),
            all().stored_as("Deposited").limit(17),
            all().by_user("clerk").newest_first().limit(23),
            all().since(day(3)).until(day(15)),
        ]
    };
    let mut before = Vec::new();
    for question in questions() {
        before.push(places(question).await);
    }
    let stats = store.stats().await.unwrap();
    store.archive::<Account>(day(12)).run().await.unwrap();
    for (question, before) in questions().into_iter().zip(&before) {
        assert_eq!(&places(question.clone()).await, before, "{question:?}");
    }
    let after = store.stats().await.unwrap();
    assert_eq!((after.archived, stats.archived), (36, 0));
    assert_eq!(whatever_is_archived(after), whatever_is_archived(stats));
    // Copies that a killed run left behind.
    let events = store.database().collection::<Document>("events");
    let left: Vec<Document> = events.find(doc! {}).await.unwrap().try_collect().await.unwrap();
    store.database().collection::<Document>("events_archive").insert_many(&left[..5]).await.unwrap();
    for (question, before) in questions().into_iter().zip(&before) {
        assert_eq!(&places(question.clone()).await, before, "{question:?}");
    }
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.archived, stats.aggregates), (60, 36, 3));
}

/// The figures that an archive run does not change.
fn whatever_is_archived(stats: es_mongo::StoreStats) -> (u64, u64, Vec<(String, u64)>, Option<Timestamp>) {
    (stats.events, stats.aggregates, stats.by_type, stats.first)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_uses_an_index_and_leaves_nothing_to_sort() {
    let store = empty_store().await;
    for number in 0..40 {
        import(&store, &format!("account-{number}"), 30).await;
        let by_others = |at| ImportedEvent::new(OneAdded { by: "x".into() }, day(at), Metadata::new().user("robot"));
        let past = (0..30).map(by_others).collect();
        patient(&store).import(format!("counter-{number}"), past).await.unwrap();
    }
    add_to_archive(&store).await;
    store.database().run_command(doc! { "profile": 2 }).await.unwrap();
    let all = || store.events();
    let questions = [
        (all(), "timestamp"),
        (all().newest_first(), "timestamp"),
        (all().since(day(3)).until(day(9)), "timestamp"),
        (all().stored_as("Deposited"), "eventType"),
        (all().stored_as("Deposited").since(day(3)).newest_first(), "eventType"),
        (all().by_user("clerk"), "metadata.userId"),
        (all().by_user("clerk").newest_first().limit(5), "metadata.userId"),
        (all().by_user("nobody"), "metadata.userId"),
        (all().of_correlation("nothing"), "metadata.correlationId"),
        (all().of_correlation("nothing").until(day(9)).newest_first(), "metadata.correlationId"),
    ];
    for (question, index) in questions {
        question.clone().read().collect().await.unwrap();
        assert_plans(&store, index, &format!("{question:?}")).await;
    }
    all().of::<Deposited>().read_as::<Account>().collect().await.unwrap();
    assert_plans(&store, "eventType", "under all names").await;
    all().by_user("clerk").of::<Deposited>().of_correlation("x").read_as::<Account>().collect().await.unwrap();
    assert_plans(&store, "", "all conditions").await;
    store.trace("nothing").await.unwrap();
    assert_plans(&store, "metadata.correlationId", "trace").await;
    store.verify::<Account>().run().await.unwrap();
    assert_plans(&store, "", "verify").await;
    store.stats().await.unwrap();
    assert_plans(&store, "", "stats").await;
}

/// Creates an archive, as it would be after a run.
async fn add_to_archive(store: &MongoStore) {
    let events = store.database().collection::<Document>("events");
    let of_every_kind = events.find(doc! { "sequenceNumber": { "$lt": 9 } }).await.unwrap();
    let copies: Vec<Document> = of_every_kind.try_collect().await.unwrap();
    store.database().collection::<Document>("events_archive").insert_many(copies).await.unwrap();
    // The store's knowledge of the archive is at most a second old.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
}

/// Checks the plans of all queries since the last call, on both collections.
async fn assert_plans(store: &MongoStore, index: &str, what: &str) {
    let database = store.database();
    database.run_command(doc! { "profile": 0 }).await.unwrap();
    let profile = database.collection::<Document>("system.profile");
    let reads = doc! { "op": { "$in": ["query", "command", "getmore"] }, "ns": { "$regex": "events" } };
    let ran: Vec<Document> = profile.find(reads).await.unwrap().try_collect().await.unwrap();
    assert!(!ran.is_empty(), "{what}: no query ran");
    for entry in ran {
        let plan = entry.get_str("planSummary").unwrap_or_default();
        // The store checks whether an archive exists by reading any one document of it.
        let is_any = entry.get_document("command").is_ok_and(|command| {
            command.get_document("filter").is_ok_and(Document::is_empty)
                && command.get("limit").and_then(Bson::as_i64) == Some(1)
        });
        // The copies of an unfinished archive run are looked up one by one, in no order.
        let is_any = is_any || entry.to_string().contains("$lookup");
        assert!(is_any || !plan.contains("COLLSCAN"), "{what}: {plan} for {entry}");
        assert!(!entry.get_bool("hasSortStage").unwrap_or(false), "{what}: it sorts: {entry}");
        let number =
            |name| entry.get(name).and_then(Bson::as_i64).or(entry.get_i32(name).ok().map(i64::from)).unwrap_or(0);
        // If a period has no events, every index is equally good.
        let examined = number("docsExamined");
        assert!(is_any || plan.contains(index) || examined == 0, "{what}: {plan} for {entry}");
        assert!(
            is_any || index.is_empty() || examined <= number("nreturned"),
            "{what}: it examines more than it returns: {entry}"
        );
    }
    profile.drop().await.unwrap();
    database.run_command(doc! { "profile": 2 }).await.unwrap();
}

async fn the_flow_of_a_command_is_a_tree_by_causation(store: impl TestStore) {
    let accounts = accounts(&store);
    let command = Metadata::new().user("alice").correlation("order-17").causation("command-1");
    let opened = accounts.create("a", Opened { owner: "a".into() }).metadata(command).await.unwrap();
    let caused = Metadata::caused_by(&opened.events[0]);
    let deposit = |cents| move |_: &_| Deposited { cents, source: "x".into() };
    let first = accounts.update("a", deposit(1)).metadata(caused.clone()).await.unwrap();
    accounts.create("b", Opened { owner: "b".into() }).metadata(Metadata::caused_by(&first.events[0])).await.unwrap();
    accounts.update("a", deposit(2)).metadata(caused).await.unwrap();
    accounts.create("c", Opened { owner: "c".into() }).metadata(Metadata::new().correlation("order-17")).await.unwrap();
    import(&store, "unrelated", 3).await;

    let trace = store.trace("order-17").await.unwrap();
    let flow: Vec<(usize, &str, u64)> =
        trace.iter().map(|(depth, event)| (depth, event.aggregate_id.as_str(), event.sequence.get())).collect();
    assert_eq!(flow, [(0, "a", 1), (1, "a", 2), (2, "b", 1), (1, "a", 3), (0, "c", 1)]);
    assert_eq!((trace.len(), trace.roots.len(), trace.roots[0].effects.len()), (5, 2, 2));
    assert_eq!(trace.roots[0].event.metadata.user_id(), Some("alice"));
    assert!(store.trace("order-18").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_count_what_is_stored() {
    let store = empty_store().await;
    let empty = store.stats().await.unwrap();
    assert_eq!((empty.events, empty.aggregates, empty.first, empty.events_per_second), (0, 0, None, None));
    import(&store, "a", 4).await;
    import(&store, "b", 2).await;
    accounts(&store).take_snapshot("a").await.unwrap();
    let stream = StreamId::of::<Counter>("a").unwrap();
    let added = |millis| raw("OneAdded", 1, &doc! { "by": "x" }, Timestamp::from_millis(day(9).as_millis() + millis));
    let append = Append::new(stream, ExpectedVersion::NONE, (0..5).map(|number| added(number * 500)).collect());
    store.append(append).await.unwrap();

    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.archived, stats.snapshots, stats.aggregates), (11, 0, 1, 3));
    assert!((stats.events_per_aggregate - 11.0 / 3.0).abs() < 1e-9);
    let by_type = [("OneAdded", 5), ("Deposited", 4), ("Opened", 2)].map(|(name, events)| (name.to_owned(), events));
    assert_eq!(stats.by_type, by_type);
    assert_eq!((stats.first, stats.last), (Some(day(0)), Some(Timestamp::from_millis(day(9).as_millis() + 2_000))));
    assert_eq!(stats.events_per_second, Some(2.5));
}
