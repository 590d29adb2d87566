//! The daily check: intact stores pass it, and each kind of damage is named.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use es_core::store::SnapshotStore;
use es_core::{StreamId, Version};
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::oid::ObjectId;
use es_mongo::mongodb::bson::{Bson, Document, doc};
use es_mongo::{Finding, MongoStore, VerificationReport};
use tests::account::{Account, Deposited, accounts, day, import};
use tests::counter::{add_one, patient};
use tests::empty_store;

fn collection(store: &MongoStore, name: &str) -> Collection<Document> {
    store.database().collection(name)
}

/// Changes stored documents in spite of the validator, as no library would.
async fn damage(store: &MongoStore, name: &str, which: Document, how: Document) {
    let command = doc! {
        "update": name, "bypassDocumentValidation": true,
        "updates": [{ "q": which, "u": how, "multi": true }],
    };
    let answer = store.database().run_command(command).await.unwrap();
    assert!(answer.get_i32("nModified").unwrap() > 0, "nothing was damaged");
}

async fn verify(store: &MongoStore) -> VerificationReport {
    store.verify::<Account>().run().await.unwrap()
}

async fn sample() -> MongoStore {
    let store = empty_store().await;
    for id in ["a", "b", "c"] {
        import(&store, id, 6).await;
    }
    store
}

async fn only_finding(store: &MongoStore) -> Finding {
    let report = verify(store).await;
    assert_eq!((report.total_findings, report.is_sound()), (1, false), "{:#?}", report.findings);
    report.findings.into_iter().next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_store_has_no_findings_and_everything_is_counted() {
    let store = empty_store().await;
    assert!(verify(&store).await.is_sound());
    for id in ["a", "b", "c"] {
        import(&store, id, 2_500).await;
    }
    // Another type with the same ids, interleaved in the index.
    patient(&store).create("b", tests::counter::OneAdded { by: "x".into() }).await.unwrap();
    add_one(&patient(&store), "b", "x").await.unwrap();
    for id in ["a", "c"] {
        accounts(&store).take_snapshot(id).await.unwrap();
    }
    let report = verify(&store).await;
    assert!(report.is_sound(), "{:#?}", report.findings);
    // Each import passed the multiple of 1000 at which a snapshot is due, in the background.
    assert!(report.snapshots >= 2);
    assert_eq!((report.streams, report.events, report.other_events), (3, 7_500, 2));
    store.archive::<Account>(day(1_800)).run().await.unwrap();
    let report = verify(&store).await;
    assert!(report.is_sound(), "{:#?}", report.findings);
    assert_eq!((report.streams, report.events, report.other_events, report.unfinished), (3, 7_500, 2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_without_a_place_in_any_order_is_found_once_in_either_collection() {
    let store = empty_store().await;
    // More than one part of each order, in both collections.
    import(&store, "a", 2_500).await;
    import(&store, "b", 30).await;
    store.archive::<Account>(day(1_200)).run().await.unwrap();
    let mut event = collection(&store, "events").find_one(doc! { "aggregateId": "b" }).await.unwrap();
    event.get_or_insert_with(|| panic!("nothing was imported")).remove("_id");
    let misplaced = [
        doc! { "aggregateId": 5 },
        doc! { "aggregateId": null },
        doc! { "aggregateId": { "a": 1 } },
        doc! { "aggregateId": "a", "sequenceNumber": "7" },
        doc! { "aggregateId": "a", "sequenceNumber": f64::NAN },
        doc! { "aggregateId": "a", "sequenceNumber": 1_100.5 },
        doc! { "aggregateId": "a", "sequenceNumber": null },
        doc! { "aggregateType": 9 },
        doc! { "aggregateId": true, "aggregateType": true },
    ];
    let mut position = 2_530_i64;
    for name in ["events", "events_archive"] {
        let planted = misplaced.iter().map(|change| {
            position += 1;
            let fields = [doc! { "_id": ObjectId::new(), "position": position }, change.clone()];
            event.clone().unwrap().into_iter().chain(fields.into_iter().flatten()).collect::<Document>()
        });
        let planted: Vec<Document> = planted.collect();
        let command = doc! { "insert": name, "bypassDocumentValidation": true, "documents": &planted };
        let answer = store.database().run_command(command).await.unwrap();
        assert_eq!(answer.get_i32("n").unwrap(), 9, "{answer}");
    }
    let report = verify(&store).await;
    assert!(
        report.findings.iter().all(|finding| matches!(finding, Finding::Malformed { .. })),
        "{:#?}",
        report.findings
    );
    assert_eq!(report.total_findings, 18, "{:#?}", report.findings);

    // The same for positions, with two findings each, because a document without a position is not
    // an event either.
    for (at, wrong) in [bson("7"), bson(f64::NAN), bson(7.5), bson(Option::<i64>::None)].into_iter().enumerate() {
        let change = doc! { "$set": { "position": wrong } };
        damage(
            &store,
            "events",
            doc! { "aggregateId": "a", "sequenceNumber": 2_400 + i64::try_from(at).unwrap() },
            change,
        )
        .await;
    }
    let report = verify(&store).await;
    let malformed = report.findings.iter().filter(|finding| matches!(finding, Finding::Malformed { .. }));
    assert_eq!(malformed.count(), 18 + 8, "{:#?}", report.findings);
}

fn bson(value: impl Into<Bson>) -> Bson {
    value.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_event_is_a_gap_in_its_stream_and_among_the_positions() {
    let store = sample().await;
    collection(&store, "events").delete_one(doc! { "aggregateId": "b", "sequenceNumber": 3 }).await.unwrap();
    let report = verify(&store).await;
    assert_eq!(report.total_findings, 2);
    assert!(matches!(&report.findings[0], Finding::Gap { stream, expected, found, .. }
        if stream.aggregate_id().as_str() == "b" && *expected == 3 && *found == 4));
    assert!(matches!(report.findings[1], Finding::PositionGap { first, last } if first == 9 && last == 9));
    let line = report.findings[0].to_string();
    assert_eq!(line, "Account `b` has a gap: event 3 is missing, event 4 (`Deposited`) follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_that_lacks_an_event_does_not_load() {
    let store = sample().await;
    collection(&store, "events").delete_one(doc! { "aggregateId": "b", "sequenceNumber": 3 }).await.unwrap();
    let error = accounts(&store).load("b").await.unwrap_err();
    assert!(matches!(error, es_core::LoadError::Store(es_core::StoreError::Gap { expected, .. }) if expected == 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_beginning_is_a_gap() {
    let store = sample().await;
    collection(&store, "events")
        .delete_many(doc! { "aggregateId": "a", "sequenceNumber": { "$lte": 2 } })
        .await
        .unwrap();
    let report = verify(&store).await;
    assert!(matches!(report.findings[0], Finding::Gap { expected, found, .. } if expected == 1 && found == 3));
    assert!(matches!(report.findings[1], Finding::PositionGap { first, last } if first == 1 && last == 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_type_is_named() {
    let store = sample().await;
    let event = doc! { "aggregateId": "b", "sequenceNumber": 3 };
    damage(&store, "events", event, doc! { "$set": { "eventType": "Alien" } }).await;
    let finding = only_finding(&store).await;
    assert!(
        matches!(&finding, Finding::ForeignType { sequence, event_type, .. } if *sequence == 3 && event_type == "Alien")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_unreadable_event_is_named_not_only_the_first() {
    let store = sample().await;
    for (sequence, change) in [(3, doc! { "eventVersion": 9 }), (5, doc! { "eventData": { "cents": "five" } })] {
        damage(&store, "events", doc! { "aggregateId": "b", "sequenceNumber": sequence }, doc! { "$set": change })
            .await;
    }
    let report = verify(&store).await;
    let read: Vec<u64> = report
        .findings
        .iter()
        .map(|finding| match finding {
            Finding::Undecodable { sequence, .. } => sequence.get(),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(read, [3, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_does_not_begin_as_declared_cannot_be_folded() {
    let store = sample().await;
    let event = doc! { "aggregateId": "b", "sequenceNumber": 1 };
    let deposited = doc! { "$set": { "eventType": "Deposited", "eventData": { "cents": 1_i64 } } };
    damage(&store, "events", event, deposited).await;
    let finding = only_finding(&store).await;
    assert!(matches!(&finding, Finding::CannotFold { sequence, .. } if *sequence == 1), "{finding}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_without_a_field_is_malformed_and_the_check_continues() {
    let store = sample().await;
    damage(&store, "events", doc! { "aggregateId": "a", "sequenceNumber": 4 }, doc! { "$unset": { "eventData": 1 } })
        .await;
    let finding = only_finding(&store).await;
    assert!(matches!(&finding, Finding::Malformed { reason, .. } if reason.contains("eventData")), "{finding}");

    let without_id = doc! { "aggregateId": "c", "sequenceNumber": 6 };
    damage(&store, "events", without_id, doc! { "$unset": { "aggregateId": 1 } }).await;
    let report = verify(&store).await;
    assert_eq!((report.total_findings, report.streams), (2, 3), "{:#?}", report.findings);
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert!(lines.iter().any(|line| line.contains("aggregateId") && line.contains("ObjectId")), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_differs_from_the_replay_is_found() {
    let store = sample().await;
    accounts(&store).take_snapshot("b").await.unwrap();
    assert!(verify(&store).await.is_sound());
    damage(&store, "snapshots", doc! {}, doc! { "$inc": { "state.cents": 1_i64 } }).await;
    let finding = only_finding(&store).await;
    assert!(
        matches!(&finding, Finding::SnapshotDiffers { stream, version }
        if stream.aggregate_id().as_str() == "b" && *version == 6),
        "{finding}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_in_the_middle_of_a_stream_is_compared_at_its_version() {
    let store = sample().await;
    let at_4 = accounts(&store).load_at("b", 4).await.unwrap();
    let stream = StreamId::of::<Account>("b").unwrap();
    store
        .put_snapshot(&stream, es_core::store::Snapshot::new(at_4.version, at_4.state).encode().unwrap())
        .await
        .unwrap();
    let report = verify(&store).await;
    assert_eq!((report.total_findings, report.snapshots), (0, 1));
    let last = accounts(&store).load("b").await.unwrap();
    store
        .put_snapshot(&stream, es_core::store::Snapshot::new(Version::from(5), last.state).encode().unwrap())
        .await
        .unwrap();
    let finding = only_finding(&store).await;
    assert!(matches!(&finding, Finding::SnapshotDiffers { version, .. } if *version == 5), "{finding}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_orphaned_and_premature_snapshots_are_found() {
    let store = sample().await;
    for id in ["a", "b", "c"] {
        accounts(&store).take_snapshot(id).await.unwrap();
    }
    let set = |which: &'static str, change: Document| {
        let store = store.clone();
        async move { damage(&store, "snapshots", doc! { "aggregateId": which }, doc! { "$set": change }).await }
    };
    set("a", doc! { "state": { "owner": 5 } }).await;
    set("b", doc! { "version": 9_i64 }).await;
    set("c", doc! { "aggregateId": "zz" }).await;
    let report = verify(&store).await;
    assert_eq!((report.total_findings, report.snapshots), (3, 3), "{:#?}", report.findings);
    assert!(matches!(&report.findings[0], Finding::SnapshotUnreadable { snapshot } if snapshot == "Account:a_6"));
    assert!(
        matches!(report.findings[1], Finding::SnapshotBeyondHead { version, head, .. } if version == 9 && head == 6)
    );
    assert!(matches!(report.findings[2], Finding::SnapshotBeyondHead { head, .. } if head == Version::NONE));
    // A snapshot with a different version of the state is ignored, and is not a finding.
    damage(&store, "snapshots", doc! {}, doc! { "$set": { "stateVersion": 2_i64 } }).await;
    let report = verify(&store).await;
    assert_eq!((report.total_findings, report.snapshots), (0, 3), "{:#?}", report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_with_different_content_in_the_archive_is_found() {
    let store = sample().await;
    let find = async |sequence: i32| {
        let which = doc! { "aggregateId": "a", "sequenceNumber": sequence };
        collection(&store, "events").find_one(which).await.unwrap().unwrap()
    };
    let archive = collection(&store, "events_archive");
    archive.insert_one(find(1).await).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let report = verify(&store).await;
    assert_eq!((report.total_findings, report.unfinished), (0, 1));

    let mut forged = find(2).await;
    forged.insert("eventType", "Forged");
    archive.insert_one(forged).await.unwrap();
    let finding = only_finding(&store).await;
    assert!(matches!(&finding, Finding::DiffersFromArchive { sequence, .. } if *sequence == 2), "{finding}");

    archive.delete_one(doc! { "sequenceNumber": 2 }).await.unwrap();
    let mut twin = find(3).await;
    twin.insert("_id", ObjectId::new());
    archive.insert_one(twin).await.unwrap();
    let report = verify(&store).await;
    assert_eq!(report.total_findings, 2, "{:#?}", report.findings);
    assert!(matches!(report.findings[0], Finding::DuplicateSequence { sequence, .. } if sequence == 3));
    assert!(matches!(report.findings[1], Finding::DuplicatePosition { position } if position == 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_names_the_first_thousand_findings_and_counts_all() {
    let store = empty_store().await;
    import(&store, "a", 1_202).await;
    damage(&store, "events", doc! { "eventType": "Deposited" }, doc! { "$set": { "eventType": "Alien" } }).await;
    let report = verify(&store).await;
    assert_eq!((report.total_findings, report.findings.len()), (1_201, 1_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_cause_no_findings() {
    let store = empty_store().await;
    for number in 0..20 {
        import(&store, &format!("account-{number:02}"), 30).await;
    }
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for round in 0..20 {
                for number in 0..20 {
                    let id = format!("account-{number:02}");
                    let deposit = |_: &_| Deposited { cents: round, source: "x".into() };
                    accounts(&store).update(&id, deposit).await.unwrap();
                    accounts(&store).take_snapshot(&id).await.unwrap();
                }
                accounts(&store)
                    .create(format!("new-{round}"), tests::account::Opened { owner: "n".into() })
                    .await
                    .unwrap();
                accounts(&store).take_snapshot(format!("new-{round}")).await.unwrap();
            }
        }
    });
    while !writer.is_finished() {
        let report = verify(&store).await;
        assert!(report.is_sound(), "{:#?}", report.findings);
    }
    writer.await.unwrap();
    let report = verify(&store).await;
    assert!(report.is_sound(), "{:#?}", report.findings);
    // The two newest snapshots of each account are kept, and the new accounts have one.
    assert_eq!((report.streams, report.events, report.snapshots), (40, 20 * 50 + 20, 60));
}
