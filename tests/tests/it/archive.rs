//! The archive: what moves, what stays, and that nothing is lost wherever a run ends.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

mod concurrent;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use es_core::store::{Append, AppendId, Appended, EventData, EventStore, ExpectedVersion, NewEvent, Snapshot};
use es_core::{CreateError, EventId, Metadata, Outcome, StoreError, StreamId, Timestamp, Version};
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::{Client, Collection};
use es_mongo::{ArchiveReport, ArchiveStep, LoadedFrom, MigratingRepository, MongoStore, ReadMode};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tests::account::{
    Account, AccountEvent, Deposited, Opened, accounts, append, assert_loads_everywhere, day, import,
};
use tests::fail_point::FailPoint;
use tests::{client_named, empty_store, server};

fn events(store: &MongoStore) -> Collection<Document> {
    store.database().collection("events")
}

fn archive(store: &MongoStore) -> Collection<Document> {
    store.database().collection("events_archive")
}

async fn count(collection: &Collection<Document>) -> u64 {
    collection.count_documents(doc! {}).await.unwrap()
}

async fn assert_sound(store: &MongoStore, events: u64) {
    let report = store.verify::<Account>().run().await.unwrap();
    assert!(report.is_sound(), "{:#?}", report.findings);
    assert_eq!(report.events, events);
}

/// A run that ends when it reaches a step for the nth time, as if it were killed.
async fn killed_at(store: &MongoStore, step: ArchiveStep, time: u32, older_than: Timestamp) -> ArchiveReport {
    let reached = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&reached);
    let run = store.archive::<Account>(older_than).batch(7).at_step(move |at| {
        if at == step && counted.fetch_add(1, Ordering::Relaxed) + 1 == time {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let report = run.run().await.unwrap();
    assert!(reached.load(Ordering::Relaxed) >= time, "{step:?} was not reached {time} times");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn old_events_move_and_every_version_and_time_still_loads() {
    let store = empty_store().await;
    for (id, events) in [("a", 12), ("b", 5), ("c", 1)] {
        import(&store, id, events).await;
    }
    let report = store.archive::<Account>(day(6)).run().await.unwrap();
    // `c` has the newest position, so it stays.
    assert_eq!((report.streams, report.moved, report.finished, report.kept), (3, 11, 0, 1));
    assert_eq!(report.snapshots, 2);
    assert_eq!((count(&events(&store)).await, count(&archive(&store)).await), (7, 11));
    assert_sound(&store, 18).await;
    for (id, events) in [("a", 12), ("b", 5), ("c", 1)] {
        assert_loads_everywhere(&store, id, events).await;
        let history = accounts(&store).history(id).unwrap().collect().await.unwrap();
        let sequences: Vec<u64> = history.iter().map(|event| event.sequence.get()).collect();
        assert_eq!(sequences, (1..).take(usize::try_from(events).unwrap()).collect::<Vec<u64>>());
    }
    let again = store.archive::<Account>(day(6)).run().await.unwrap();
    assert_eq!((again.moved, again.finished, again.snapshots, again.kept), (0, 0, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_after_any_step_loses_nothing_and_the_next_run_finishes_it() {
    let steps = [
        ArchiveStep::SnapshotTaken,
        ArchiveStep::Copied,
        ArchiveStep::Confirmed,
        ArchiveStep::Waited,
        ArchiveStep::Deleted,
    ];
    let kills = steps.into_iter().flat_map(|step| [1, 2].map(|time| (step, time)));
    join_all(kills.map(|(step, time)| async move {
        let store = empty_store().await;
        for (id, events) in [("a", 9), ("b", 9), ("c", 9), ("last", 1)] {
            import(&store, id, events).await;
        }
        let killed = killed_at(&store, step, time, day(8)).await;
        for id in ["a", "b", "c"] {
            assert_loads_everywhere(&store, id, 9).await;
        }
        assert_sound(&store, 28).await;
        let stats = store.stats().await.unwrap();
        assert_eq!((stats.events, stats.aggregates), (28, 4), "killed at {step:?}");
        let again = store.archive::<Account>(day(8)).run().await.unwrap();
        let moved = killed.moved + again.moved + again.finished;
        assert_eq!(moved, 24, "killed at {step:?}: {killed:?}, then {again:?}");
        // Copying continues while snapshots are taken and events are deleted, so there may be
        // copies in any case.
        if !matches!(step, ArchiveStep::SnapshotTaken | ArchiveStep::Deleted) {
            assert!(again.finished > 0, "killed at {step:?}: {again:?}");
        }
        assert_eq!((count(&events(&store)).await, count(&archive(&store)).await), (4, 24));
        for id in ["a", "b", "c"] {
            assert_loads_everywhere(&store, id, 9).await;
        }
        assert_sound(&store, 28).await;
        let report = store.verify::<Account>().run().await.unwrap();
        assert_eq!(report.unfinished, 0);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ended_in_the_middle_of_copying_is_finished() {
    let store = empty_store().await;
    import(&store, "a", 9).await;
    import(&store, "last", 1).await;
    killed_at(&store, ArchiveStep::Copied, 1, day(8)).await;
    archive(&store).delete_many(doc! { "sequenceNumber": { "$in": [2, 5] } }).await.unwrap();
    assert_loads_everywhere(&store, "a", 9).await;
    let again = store.archive::<Account>(day(8)).run().await.unwrap();
    assert_eq!((again.moved, again.finished), (3, 5));
    assert_sound(&store, 10).await;
    assert_loads_everywhere(&store, "a", 9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_without_an_answer_does_not_block_the_next_run() {
    let application = fresh_database_name("archivist");
    let client = client_named(&application).await;
    let hung = MongoStore::builder(client, &application).read_deadline(Duration::from_secs(3)).open().await.unwrap();
    import(&hung, "a", 12).await;
    // The server blocks the command for this time.
    let hangs = doc! { "failCommands": ["delete"], "blockConnection": true, "blockTimeMS": 50_000 };
    let fail_point = FailPoint::on_commands(server().await.uri(), &application, doc! { "times": 1 }, hangs).await;
    let late = hung.archive::<Account>(day(6)).run().await;
    assert!(matches!(late, Err(StoreError::Unavailable { .. })), "{late:?}");
    let begun = Instant::now();
    let other = tests::open(hung.database().name()).await;
    other.archive::<Account>(day(6)).run().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "the events were kept for {:?}", begun.elapsed());
    assert!(fail_point.off().await > 0, "the fault was never met");
    assert_sound(&other, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_a_stream_are_deleted_in_their_order_whatever_their_ids_are() {
    let store = empty_store().await;
    let deposit = AccountEvent::from(Deposited { cents: 1, source: "x".into() });
    let opened = AccountEvent::from(Opened { owner: "a".into() });
    for id in ["a", "b", "last"] {
        // A different process may have created lower ids for later events.
        let past = [&opened, &deposit, &deposit, &deposit]
            .map(|event| NewEvent::encode(event, Metadata::new()).unwrap().at(day(0)));
        let mut append = Append::new(StreamId::of::<Account>(id).unwrap(), ExpectedVersion::NONE, past.into());
        append.event_ids = Some(EventId::block(4).into_iter().rev().collect());
        store.append(append).await.unwrap();
    }
    let mut sequences = HashMap::new();
    let mut all = events(&store).find(doc! {}).await.unwrap();
    while let Some(event) = all.try_next().await.unwrap() {
        let place = (event.get_str("aggregateId").unwrap().to_owned(), event.get_i64("sequenceNumber").unwrap());
        sequences.insert(event.get_object_id("_id").unwrap(), place);
    }
    let report = store.archive::<Account>(day(50)).run().await.unwrap();
    assert_eq!((report.moved, report.kept), (11, 1));
    let oplog =
        Client::with_uri_str(server().await.uri()).await.unwrap().database("local").collection::<Document>("oplog.rs");
    let namespace = format!("{}.events", store.database().name());
    let mut deletions = oplog.find(doc! { "op": "d", "ns": namespace }).await.unwrap();
    let mut deleted: HashMap<String, Vec<i64>> = HashMap::new();
    while let Some(entry) = deletions.try_next().await.unwrap() {
        let (stream, sequence) = &sequences[&entry.get_document("o").unwrap().get_object_id("_id").unwrap()];
        deleted.entry(stream.clone()).or_default().push(*sequence);
    }
    let expected = [("a", vec![1, 2, 3, 4]), ("b", vec![1, 2, 3, 4]), ("last", vec![1, 2, 3])];
    assert_eq!(deleted, expected.map(|(stream, sequences)| (stream.to_owned(), sequences)).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_event_behind_a_younger_one_stays() {
    let store = empty_store().await;
    import(&store, "a", 3).await;
    let deposit = |at| {
        let data = EventData::encode("Deposited", &Deposited { cents: 1, source: "x".to_owned() }).unwrap();
        NewEvent::from_data("Deposited", 2, data, Metadata::new()).unwrap().at(at)
    };
    append(&store, "a", 3, vec![deposit(day(100)), deposit(day(2)), deposit(day(101))]).await;
    let report = store.archive::<Account>(day(50)).run().await.unwrap();
    assert_eq!((report.moved, report.kept), (3, 1));
    assert_sound(&store, 6).await;
    assert_eq!(accounts(&store).load("a").await.unwrap().version, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_cannot_be_folded_stays_and_does_not_stop_the_others() {
    let store = empty_store().await;
    import(&store, "a", 3).await;
    import(&store, "broken", 3).await;
    let data = EventData::encode("Alien", &Opened { owner: String::new() }).unwrap();
    let alien = NewEvent::from_data("Alien", 1, data, Metadata::new()).unwrap().at(day(3));
    append(&store, "broken", 3, vec![alien]).await;
    import(&store, "z", 3).await;
    import(&store, "zz", 1).await;
    let report = store.archive::<Account>(day(50)).run().await.unwrap();
    assert_eq!((report.streams, report.moved, report.kept), (4, 6, 5));
    let in_use = events(&store).count_documents(doc! { "aggregateId": "broken" }).await.unwrap();
    assert_eq!(in_use, 4);
    let error = accounts(&store).load("broken").await.unwrap_err().to_string();
    assert!(error.contains("Alien"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_retired_events_only_moves_without_a_snapshot_and_can_be_continued() {
    let store = empty_store().await;
    let sent = || {
        let data = EventData::encode("StatementSent", &doc! { "month": 1 }).unwrap();
        NewEvent::from_data("StatementSent", 1, data, Metadata::new()).unwrap().at(day(0))
    };
    append(&store, "a", 0, vec![sent(), sent()]).await;
    import(&store, "last", 1).await;
    let report = store.archive::<Account>(day(50)).run().await.unwrap();
    // Nothing has begun, so there is no state to keep; `last` has the newest position.
    assert_eq!((report.streams, report.moved, report.snapshots, report.kept), (2, 2, 0, 1));
    assert_sound(&store, 3).await;
    let accounts = accounts(&store);
    assert!(!accounts.exists("a").await.unwrap());
    store.database().collection("old").insert_one(doc! { "_id": "a" }).await.unwrap();
    let gradual = MigratingRepository::<Account, Document>::new(&store, "old", ReadMode::WhereMigrated);
    assert!(matches!(gradual.load("a").await, Ok(LoadedFrom::Document(_))));
    let created = accounts.create("a", Opened { owner: "a".into() }).await.unwrap();
    assert_eq!(created.version, 3);
    assert!(accounts.exists("a").await.unwrap());
    assert!(matches!(gradual.load("a").await, Ok(LoadedFrom::EventSourced(_))));
    import(&store, "later", 1).await;
    let report = store.archive::<Account>(Timestamp::now()).run().await.unwrap();
    assert_eq!((report.moved, report.kept), (2, 1));
    assert_sound(&store, 5).await;
    assert_eq!(accounts.load("a").await.unwrap().version, 3);
    let again = accounts.create("a", Opened { owner: "b".into() }).await;
    assert!(matches!(again, Err(CreateError::AlreadyExists { version, .. }) if version == 3), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_archive_holds_with_other_content_is_not_deleted() {
    let store = empty_store().await;
    import(&store, "a", 3).await;
    import(&store, "b", 3).await;
    import(&store, "last", 1).await;
    let second = doc! { "aggregateId": "a", "sequenceNumber": 2 };
    let mut other = events(&store).find_one(second).await.unwrap().unwrap();
    other.insert("eventType", "Forged");
    archive(&store).insert_one(other).await.unwrap();
    assert_only_a_is_kept(&store).await;
    assert_loads_everywhere(&store, "a", 3).await;
}

/// The archive contradicts event 2 of `a`: the report contains it, and `b` is still archived.
async fn assert_only_a_is_kept(store: &MongoStore) {
    let report = store.archive::<Account>(day(50)).batch(2).run().await.unwrap();
    assert_eq!((report.streams, report.moved, report.kept, report.failed), (3, 3, 4, 1));
    let failure = report.failures[0].to_string();
    assert!(failure.starts_with("a: event 2 of Account `a`: the archive holds"), "{failure}");
    assert_eq!(count(&events(store)).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_different_event_at_the_same_place_in_the_archive_blocks_only_its_stream() {
    let store = empty_store().await;
    import(&store, "a", 3).await;
    import(&store, "b", 3).await;
    import(&store, "last", 1).await;
    let second = doc! { "aggregateId": "a", "sequenceNumber": 2 };
    let mut other = events(&store).find_one(second).await.unwrap().unwrap();
    other.insert("_id", es_mongo::mongodb::bson::oid::ObjectId::new());
    archive(&store).insert_one(other).await.unwrap();
    assert_only_a_is_kept(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_that_is_archived_as_a_whole_goes_on() {
    let store = empty_store().await;
    let stream = StreamId::of::<Account>("a").unwrap();
    let key = || Some(AppendId::new("once").unwrap());
    let opened = AccountEvent::from(Opened { owner: "a".into() });
    let opened = NewEvent::encode(&opened, Metadata::new()).unwrap().at(day(0));
    let create = || Append::new(stream.clone(), ExpectedVersion::NONE, vec![opened.clone()]).with_id(key());
    store.append(create()).await.unwrap();
    import(&store, "last", 1).await;
    let report = store.archive::<Account>(day(50)).run().await.unwrap();
    assert_eq!(report.moved, 1);

    let accounts = accounts(&store);
    assert!(accounts.exists("a").await.unwrap());
    let refused = accounts.create("a", Opened { owner: "b".into() }).await;
    assert!(matches!(refused, Err(CreateError::AlreadyExists { version, .. }) if version == 1));
    assert!(matches!(store.append(create()).await.unwrap(), Appended::Already(_)));
    let deposit = || Deposited { cents: 5, source: "x".into() };
    let paid = accounts.update("a", |_| deposit()).once("pay").await.unwrap();
    assert_eq!((paid.version.get(), paid.outcome), (2, Outcome::Appended));
    let again = accounts.update("a", |_| deposit()).once("pay").await.unwrap();
    assert_eq!((again.version.get(), again.outcome), (2, Outcome::AlreadyAppended));
    let stale = Append::new(stream, ExpectedVersion::NONE, vec![opened.clone()]);
    assert!(store.append(stale).await.unwrap_err().is_conflict());
    assert_eq!(accounts.load("a").await.unwrap().cents, 5);
    assert_sound(&store, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_does_not_know_the_archive_sees_every_event() {
    let store = empty_store().await;
    import(&store, "a", 9).await;
    import(&store, "last", 1).await;
    let other = tests::open(store.database().name()).await;
    assert_loads_everywhere(&other, "a", 9).await;
    store.archive::<Account>(day(50)).run().await.unwrap();
    assert_loads_everywhere(&other, "a", 9).await;
    let refused = accounts(&other).create("a", Opened { owner: "b".into() }).await;
    assert!(matches!(refused, Err(CreateError::AlreadyExists { version, .. }) if version == 9));
    assert_eq!(other.events().read().collect().await.unwrap().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_lost_events_to_a_deletion_is_completed_from_the_archive() {
    let store = empty_store().await;
    import(&store, "a", 9).await;
    import(&store, "last", 1).await;
    killed_at(&store, ArchiveStep::Confirmed, 1, day(7)).await;
    // What a reader sees that was in the middle of a batch when the run deleted events.
    events(&store).delete_many(doc! { "aggregateId": "a", "sequenceNumber": { "$in": [3, 4, 6] } }).await.unwrap();
    assert_loads_everywhere(&store, "a", 9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_in_progress_is_completed_while_its_events_are_archived() {
    const EVENTS: i64 = 3_500;
    let store = empty_store().await;
    import(&store, "a", EVENTS).await;
    import(&store, "last", 1).await;
    let mut answers = [
        store.events().of::<Deposited>().read_as::<Account>(),
        store.events().of::<Deposited>().newest_first().read_as::<Account>(),
        accounts(&store).history("a").unwrap(),
    ];
    let mut begun = Vec::new();
    for answer in &mut answers {
        begun.push(answer.next().await.unwrap().unwrap().sequence.get());
    }
    let report = store.archive::<Account>(day(EVENTS)).run().await.unwrap();
    assert_eq!(report.moved, EVENTS.unsigned_abs());
    let mut completed = Vec::new();
    for (answer, first) in answers.into_iter().zip(begun) {
        let rest = answer.collect().await.unwrap();
        completed.push([first].into_iter().chain(rest.iter().map(|event| event.sequence.get())).collect::<Vec<_>>());
    }
    let all: Vec<u64> = (1..=EVENTS.unsigned_abs()).collect();
    assert_eq!(completed[0], all[1..]);
    completed[1].reverse();
    assert_eq!(completed[1], all[1..]);
    assert_eq!(completed[2], all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usable_snapshot_that_covers_the_events_is_not_taken_again() {
    let store = empty_store().await;
    import(&store, "a", 9).await;
    import(&store, "last", 1).await;
    accounts(&store).take_snapshot("a").await.unwrap();
    let report = store.archive::<Account>(day(8)).run().await.unwrap();
    assert_eq!((report.moved, report.snapshots), (8, 0));
    let snapshots = store.database().collection::<Document>("snapshots");
    snapshots.update_many(doc! {}, doc! { "$set": { "state": { "owner": 5 } } }).await.unwrap();
    let report = store.archive::<Account>(day(50)).run().await.unwrap();
    assert_eq!((report.moved, report.snapshots), (1, 1));
    let stream = StreamId::of::<Account>("a").unwrap();
    let snapshot = Snapshot::<Account>::newest(&store, &stream, Version::MAX).await.unwrap().unwrap();
    assert_eq!((snapshot.version.get(), snapshot.state.cents), (9, 36));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_continues_where_the_last_one_ended_with_and_without_its_snapshots() {
    let store = empty_store().await;
    for (id, events) in [("a", 12), ("b", 3), ("c", 7), ("last", 1)] {
        import(&store, id, events).await;
    }
    let snapshots = store.database().collection::<Document>("snapshots");
    let (mut moved, mut before) = (0, 0);
    // Streams that end within a batch, at its end, and that extend over several batches.
    for (until, batch) in [(2, 3), (5, 100), (8, 1), (12, 4)] {
        let report = store.archive::<Account>(day(until)).batch(batch).run().await.unwrap();
        moved += report.moved;
        let old = [12, 3, 7].map(|events: i64| events.min(until)).iter().sum::<i64>().unsigned_abs();
        assert_eq!((moved, report.kept, report.failed), (old, 1, 0), "until day {until}");
        for (id, events) in [("a", 12), ("b", 3), ("c", 7)] {
            assert_loads_everywhere(&store, id, events).await;
            let stream = StreamId::of::<Account>(id).unwrap();
            if events <= before {
                continue;
            }
            let at = u32::try_from(events.min(until)).unwrap();
            let covers = Snapshot::<Account>::newest(&store, &stream, Version::from(at)).await.unwrap();
            assert_eq!(covers.map(|covers| covers.version.get()), Some(u64::from(at)), "{id} until day {until}");
        }
        assert_sound(&store, 23).await;
        assert!(
            snapshots.count_documents(doc! {}).await.unwrap() <= 6,
            "more than two snapshots of each aggregate are kept"
        );
        if until == 5 {
            // The events below them are only in the archive, and are folded again from there.
            snapshots.delete_many(doc! {}).await.unwrap();
        }
        before = until;
    }
}
