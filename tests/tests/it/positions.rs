//! Positions are given out by a counter that may be lost, set back or set to anything, and by
//! writers that may die.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::repository::IntoEvents;
use es_core::store::{Append, EventStore, ExpectedVersion, NewEvent};
use es_core::{Metadata, StoreError, StreamId};
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::{Bson, Document, doc, oid::ObjectId};
use es_mongo::{Finding, MongoStore};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tests::account::Account;
use tests::counter::{Counter, CounterEvent, OneAdded, add_from_many_tasks, add_one, patient};
use tests::{client_named, empty_store, open, server};

fn collection(store: &MongoStore, name: &str) -> Collection<Document> {
    store.database().collection(name)
}

fn first(id: &str) -> Append {
    let event: CounterEvent = OneAdded { by: "someone".into() }.into_events().remove(0);
    let event = NewEvent::encode(&event, Metadata::new()).unwrap();
    Append::new(StreamId::of::<Counter>(id).unwrap(), ExpectedVersion::NONE, vec![event])
}

/// The position of the first event of a new aggregate.
async fn append(store: &MongoStore, id: &str) -> u64 {
    store.append(first(id)).await.unwrap().receipt().stamps[0].position.get()
}

/// All documents of the events collection, by position.
async fn by_position(store: &MongoStore) -> Vec<Document> {
    let events = collection(store, "events");
    events.find(doc! {}).sort(doc! { "position": 1 }).await.unwrap().try_collect().await.unwrap()
}

/// Checks the order of the positions in each stream, and returns all positions.
async fn assert_ordered(store: &MongoStore) -> Vec<i64> {
    let mut streams: BTreeMap<String, i64> = BTreeMap::new();
    let mut positions = Vec::new();
    for event in by_position(store).await {
        let (id, sequence) = (event.get_str("aggregateId").unwrap(), event.get_i64("sequenceNumber").unwrap());
        if event.get_str("aggregateType").unwrap() != "$skip" {
            let before = streams.insert(id.to_owned(), sequence);
            assert_eq!(before.unwrap_or(0) + 1, sequence, "the positions of {id} are not its order");
        }
        positions.push(event.get_i64("position").unwrap());
    }
    positions
}

/// Checks that every position up to the last one is decided, without a reader. Skips may still be
/// recorded in the background.
async fn assert_none_stays_open(store: &MongoStore) {
    let begun = tokio::time::Instant::now();
    loop {
        let positions = assert_ordered(store).await;
        if positions == (1..).take(positions.len()).collect::<Vec<i64>>() {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "a position stays open: {positions:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn set_counter(store: &MongoStore, next: impl Into<Bson>) {
    let set = doc! { "$set": { "next": next.into() } };
    collection(store, "events_positions").update_one(doc! { "_id": "counter" }, set).upsert(true).await.unwrap();
}

async fn delete_counter(store: &MongoStore) {
    collection(store, "events_positions").delete_one(doc! { "_id": "counter" }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_is_deleted_or_set_back_by_hand_is_repaired_by_the_next_append() {
    let store = empty_store().await;
    let mut last = 0;
    for round in 0..5 {
        match round {
            0 => {}
            1 => delete_counter(&store).await,
            2 => set_counter(&store, 1_i64).await,
            3 => set_counter(&store, -7_i64).await,
            _ => set_counter(&store, "none").await,
        }
        // A process that knows nothing yet, and one that does.
        for store in [open(store.database().name()).await, store.clone()] {
            let counters = patient(&store);
            let id = format!("{round} {last}");
            let position = append(&store, &id).await;
            assert!(position > last, "{position} is not after {last}");
            last = add_from_many_tasks(&counters, &id, "x", 10).await.len() as u64 + position;
        }
    }
    let positions = assert_ordered(&store).await;
    assert_eq!(positions.len(), 110, "{positions:?}");
    assert!(store.verify::<Counter>().run().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_near_the_largest_number_is_an_error_and_deleting_it_is_the_remedy() {
    let store = empty_store().await;
    append(&store, "a").await;
    set_counter(&store, i64::MAX - 3).await;
    let error = store.append(first("b")).await.unwrap_err();
    assert!(matches!(&error, StoreError::Backend { .. } | StoreError::Malformed { .. }), "{error:?}");
    let text = es_core::error::ErrorChain::new(&error).to_string();
    assert!(text.contains("counter of positions") && text.contains("delete the document"), "{text}");
    delete_counter(&store).await;
    assert_eq!(append(&store, "b").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_append_to_the_stream_of_the_skips() {
    let store = empty_store().await;
    let mut append = first("positions");
    append.stream = StreamId::new("$skip", "positions").unwrap();
    let error = store.append(append).await.unwrap_err();
    assert!(matches!(error, StoreError::InvalidName { .. }), "{error:?}");
}

/// A position that a writer has taken, as if it had died before it wrote.
async fn take_and_die(store: &MongoStore) -> i64 {
    let taken = collection(store, "events_positions")
        .find_one_and_update(doc! { "_id": "counter" }, doc! { "$inc": { "next": 1_i64 } })
        .await
        .unwrap();
    taken.unwrap().get_i64("next").unwrap() + 1
}

fn skip(position: i64) -> Document {
    doc! {
        "_id": ObjectId::new(), "aggregateId": "positions", "aggregateType": "$skip", "eventType": "$skip",
        "eventVersion": 1, "eventData": { "reason": "abandoned" }, "metadata": {},
        "timestamp": es_mongo::mongodb::bson::DateTime::now(), "sequenceNumber": position, "position": position,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skip_is_seen_by_verify_alone() {
    let store = empty_store().await;
    append(&store, "a").await;
    let open = take_and_die(&store).await;
    append(&store, "b").await;
    let report = store.verify::<Counter>().run().await.unwrap();
    let [Finding::PositionGap { first, last }] = &report.findings[..] else { panic!("{report:?}") };
    assert_eq!((first.as_i64(), last.as_i64()), (open, open));

    collection(&store, "events").insert_one(skip(open)).await.unwrap();
    let report = store.verify::<Counter>().run().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.events, report.other_events, report.skips), (2, 0, 1));
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.aggregates, stats.by_type.len()), (2, 2, 1), "{stats:?}");
    assert_eq!(store.events().count().await.unwrap(), 2);
    let found: Vec<_> = store.events().read().try_collect().await.unwrap();
    assert_eq!(found.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_that_are_written_soon_are_not_missing_whatever_was_archived_around_them() {
    let store = empty_store().await;
    tests::account::import(&store, "a", 3).await;
    tests::account::import(&store, "late", 2).await;
    append(&store, "in use").await;
    tests::account::import(&store, "b", 3).await;
    append(&store, "newest").await;
    let report = store.archive::<Account>(es_core::Timestamp::now()).run().await.unwrap();
    assert_eq!(report.moved, 8, "{report:?}");
    // As if two appends had been archived only after `verify` looked for them.
    let (events, archive) = (collection(&store, "events"), collection(&store, "events_archive"));
    let late = doc! { "aggregateId": "late" };
    let written: Vec<Document> = archive.find(late.clone()).await.unwrap().try_collect().await.unwrap();
    archive.delete_many(late).await.unwrap();
    let writes = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        events.insert_many(written).await.unwrap();
    };
    let verified = store.verify::<Counter>().run();
    let (report, ()) = tokio::join!(verified, writes);
    let report = report.unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skip_where_an_event_was_is_a_finding() {
    let store = empty_store().await;
    tests::account::import(&store, "a", 6).await;
    tests::account::accounts(&store).take_snapshot("a").await.unwrap();
    let report = store.archive::<Account>(es_core::Timestamp::now()).run().await.unwrap();
    assert!(report.moved > 0, "{report:?}");
    collection(&store, "events").insert_one(skip(2)).await.unwrap();
    let report = store.verify::<Account>().run().await.unwrap();
    let [Finding::DuplicatePosition { position }] = &report.findings[..] else { panic!("{report:?}") };
    assert_eq!(position.get(), 2);
}

/// A store with archived events at the positions 2 to 7, and a writer that knows only position 1.
async fn beside_a_frozen_writer() -> (MongoStore, MongoStore) {
    let store = empty_store().await;
    let frozen = open(store.database().name()).await;
    append(&frozen, "f").await;
    tests::account::import(&store, "a", 6).await;
    tests::account::accounts(&store).take_snapshot("a").await.unwrap();
    append(&store, "b").await;
    let report = store.archive::<Account>(es_core::Timestamp::now()).run().await.unwrap();
    assert_eq!(report.moved, 6, "{report:?}");
    delete_counter(&store).await;
    (store, frozen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_knows_only_archived_positions_takes_none_of_them_again() {
    let (store, frozen) = beside_a_frozen_writer().await;
    let position = append(&frozen, "g").await;
    assert!(position > 8, "{position}");
    let report = store.verify::<Account>().run().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_archived_and_free_positions_leaves_no_position_open() {
    let (store, frozen) = beside_a_frozen_writer().await;
    // Its ticket has the archived positions, the one in use, and free ones.
    let mut many = first("many");
    many.events = vec![many.events[0].clone(); 12];
    let position = frozen.append(many).await.unwrap().receipt().stamps[0].position;
    assert!(position.get() > 13, "{position}");
    // Until then, positions may still be skipped in the background.
    frozen.close().await;
    let report = store.verify::<Account>().run().await.unwrap();
    assert!(report.is_sound() && report.skips == 5, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_beside_a_writer_that_never_pauses_is_not_starved() {
    let store = empty_store().await;
    let done = AtomicBool::new(false);
    let busy = async {
        let mut appends = 0;
        while !done.load(Ordering::Acquire) {
            append(&store, &format!("busy {appends}")).await;
            appends += 1;
        }
    };
    let newcomer = async {
        // The first writer is alone by now.
        let begun = tokio::time::Instant::now();
        while collection(&store, "events_positions")
            .count_documents(doc! { "alone": { "$exists": true } })
            .await
            .unwrap()
            == 0
        {
            assert!(begun.elapsed() < Duration::from_secs(60), "the only writer asks for each position");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let other = open(store.database().name()).await;
        let mut last = 0;
        for number in 0..20 {
            let position = append(&other, &format!("new {number}")).await;
            assert!(position > last);
            last = position;
        }
        done.store(true, Ordering::Release);
    };
    tokio::join!(busy, newcomer);
    let positions = assert_ordered(&store).await;
    assert_eq!(positions, (1..).take(positions.len()).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn conflicts_between_processes_leave_no_position_open() {
    let database = es_mongo::dev::fresh_database_name("positions");
    let stores = join_all((0..4).map(|_| open(&database))).await;
    append(&stores[0], "c").await;
    let counters: Vec<_> = stores.iter().map(patient).collect();
    join_all(counters.iter().map(|counters| add_from_many_tasks(counters, "c", "x", 25))).await;
    for store in &stores {
        store.close().await;
    }
    assert_none_stays_open(&stores[0]).await;
    let report = stores[0].verify::<Counter>().run().await.unwrap();
    assert!(report.is_sound() && report.events == 101, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_that_two_processes_give_back_from_the_last_to_the_first_are_used_again() {
    use tests::fail_point::FailPoint;
    let store = empty_store().await;
    assert_eq!(append(&store, "a").await, 1);
    let name = es_mongo::dev::fresh_database_name("app");
    let slow = MongoStore::builder(client_named(&name).await, store.database().name()).open().await.unwrap();
    let data = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 1_000 };
    let fault = FailPoint::on_commands(server().await.uri(), &name, doc! { "times": 1 }, data).await;
    // This one has position 2, and is refused after the other one, which has position 3.
    let refused = tokio::spawn(async move { slow.append(first("a")).await });
    fault.met().await;
    let fast = open(store.database().name()).await;
    fast.append(first("a")).await.unwrap_err();
    assert!(!refused.is_finished());
    refused.await.unwrap().unwrap_err();
    // The caller has its answer before the position is given back.
    let counter = collection(&store, "events_positions");
    while counter.count_documents(doc! { "_id": "counter", "next": 1_i64 }).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(append(&fast, "b").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_that_the_counter_gives_too_late_do_not_stay_open() {
    use tests::fail_point::FailPoint;
    let store = empty_store().await;
    let name = es_mongo::dev::fresh_database_name("app");
    let client = client_named(&name).await;
    let deadline = Duration::from_secs(4);
    let late = MongoStore::builder(client, store.database().name()).append_deadline(deadline).open().await.unwrap();
    assert_eq!(append(&late, "a").await, 1);
    // The first question of the second append is answered after the second question.
    let data = doc! { "failCommands": ["findAndModify"], "blockConnection": true, "blockTimeMS": 1_300 };
    let fault = FailPoint::on_commands(server().await.uri(), &name, doc! { "times": 1 }, data).await;
    assert_eq!(append(&late, "b").await, 2);
    fault.met().await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    append(&store, "c").await;
    // Either the position was given back, or it becomes a skip.
    assert_none_stays_open(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_observed_keeps_the_order_of_the_stream_if_the_counter_is_set_back() {
    let store = empty_store().await;
    for id in 0..5 {
        append(&store, &id.to_string()).await;
    }
    add_one(&patient(&store), "4", "x").await.unwrap();
    // The events of others at low positions are gone, as after a roll-back, so these positions are
    // free.
    collection(&store, "events").delete_many(doc! { "aggregateId": { "$in": ["0", "1", "2"] } }).await.unwrap();
    let fresh = open(store.database().name()).await;
    let head = fresh.head(&StreamId::of::<Counter>("4").unwrap()).await.unwrap();
    set_counter(&store, 0_i64).await;
    let event: CounterEvent = OneAdded { by: "x".into() }.into_events().remove(0);
    let event = NewEvent::encode(&event, Metadata::new()).unwrap();
    let expected = ExpectedVersion::observed(head);
    let append = Append::new(StreamId::of::<Counter>("4").unwrap(), expected, vec![event]);
    // A process that has read nothing, except for what the caller observed.
    let other = open(store.database().name()).await;
    let position = other.append(append).await.unwrap().receipt().stamps[0].position;
    assert!(position.get() > 6, "{position}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_is_frozen_after_it_has_its_position_is_written_at_a_later_one() {
    use tests::fail_point::FailPoint;
    let store = empty_store().await;
    let name = es_mongo::dev::fresh_database_name("app");
    let client = client_named(&name).await;
    let frozen = MongoStore::builder(client, store.database().name()).open().await.unwrap();
    assert_eq!(append(&frozen, "a").await, 1);
    let data = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 1_500 };
    let fault = FailPoint::on_commands(server().await.uri(), &name, doc! { "times": 1 }, data).await;
    let late = append(&frozen, "b");
    let others = async {
        fault.met().await;
        // The reader gives up on the position.
        collection(&store, "events").insert_one(skip(2)).await.unwrap();
        assert_eq!(append(&store, "c").await, 3);
    };
    let (late, ()) = tokio::join!(late, others);
    assert!(late > 3, "{late}");
    let report = store.verify::<Counter>().run().await.unwrap();
    assert!(report.is_sound() && report.skips == 1, "{report:?}");
}
