//! Strings that look like operators, paths or prototypes, that contain NUL, or that are otherwise
//! unusual.

use es_core::error::{InvalidId, MetadataError, QueryError};
use es_core::memory::MemoryStore;
use es_core::store::{Append, AppendId, EventData, ExpectedVersion, NewEvent, Snapshot, SnapshotStore, Store};
use es_core::{CreateError, Metadata, Outcome, StoreError, StreamId, Version};
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::{Document, doc};
use futures_util::TryStreamExt;
use tests::counter::{Counter, CounterEvent, OneAdded, add_one, patient};
use tests::empty_store;

/// All of them are valid ids.
const STRANGE: [&str; 16] = [
    "$where",
    "$gt",
    r#"{"$ne": null}"#,
    "a.b",
    ".",
    "__proto__",
    "constructor",
    "' || '1'=='1",
    " ",
    "\n\r\t",
    "\u{feff}a",
    "a\u{301}",
    "\u{e1}",
    "\u{202e}txt.exe",
    "👩‍👩‍👧‍👦",
    "\u{10ffff}\u{fffe}",
];

async fn are_ids_like_any_other(store: impl Store + Clone) {
    let counters = patient(&store);
    for id in STRANGE {
        let metadata = Metadata::new().user(id).correlation(id).causation(id).with("note", id).unwrap();
        counters.create(id, OneAdded { by: id.into() }).metadata(metadata).await.unwrap();
        let once = |_: &_| OneAdded { by: id.into() };
        let outcomes = [Outcome::Appended, Outcome::AlreadyAppended];
        for outcome in outcomes {
            let updated = counters.update(id, once).once(id).await.unwrap();
            assert_eq!((updated.version.get(), updated.outcome), (2, outcome), "{id:?}");
        }
    }
    for id in STRANGE {
        let history = counters.history(id).unwrap().collect().await.unwrap();
        assert_eq!(history.len(), 2, "{id:?}");
        assert_eq!(history[0].aggregate_id, id);
        assert_eq!(history[0].metadata.user_id(), Some(id));
        assert_eq!(history[0].metadata.get::<String>("note").unwrap().unwrap(), id);
        counters.take_snapshot(id).await.unwrap();
        assert_eq!(counters.load(id).await.unwrap().total, 2, "{id:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_a_path_a_prototype_and_odd_unicode_are_ids_like_any_other() {
    are_ids_like_any_other(MemoryStore::new()).await;
    are_ids_like_any_other(empty_store().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_traces_take_every_string_as_a_value() {
    let store = empty_store().await;
    for text in STRANGE {
        let metadata = Metadata::new().user(text).correlation(text);
        patient(&store).create(text, OneAdded { by: text.into() }).metadata(metadata).await.unwrap();
    }
    for text in STRANGE {
        for query in [store.events().by_user(text), store.events().of_correlation(text)] {
            let found = query.read().collect().await.unwrap();
            assert_eq!(found.iter().map(|event| &*event.aggregate_id).collect::<Vec<_>>(), [text]);
        }
        let unknown = store.events().stored_as(text).read().collect().await;
        assert!(
            matches!(unknown, Err(StoreError::Query(QueryError::UnknownEventType { .. }))),
            "{text:?}: {unknown:?}"
        );
        assert_eq!(store.trace(text).await.unwrap().len(), 1, "{text:?}");
    }
}

async fn refuses_what_no_index_holds(store: impl Store + Clone) {
    let counters = patient(&store);
    let too_long = "é".repeat(257);
    for (id, refusal) in [
        ("", InvalidId::Empty),
        ("a\0", InvalidId::Nul { at: 1 }),
        ("\0", InvalidId::Nul { at: 0 }),
        (&*too_long, InvalidId::TooLong { bytes: 514 }),
    ] {
        let created = counters.create(id, OneAdded { by: "u".into() }).await;
        assert!(matches!(created, Err(CreateError::Store(StoreError::InvalidId(why))) if why == refusal), "{id:?}");
        assert_eq!(StreamId::new("Counter", id).unwrap_err(), refusal);
        assert_eq!(StreamId::new(id, "a").unwrap_err(), refusal);
        assert_eq!(AppendId::new(id).unwrap_err(), refusal);
        assert!(add_one(&counters, id, "u").await.is_err());
    }
    let longest = "é".repeat(256);
    counters.create(&longest, OneAdded { by: "u".into() }).await.unwrap();
    assert_eq!(counters.load(&longest).await.unwrap().total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_empty_too_long_or_has_a_nul_is_refused_and_the_longest_is_accepted() {
    refuses_what_no_index_holds(MemoryStore::new()).await;
    refuses_what_no_index_holds(empty_store().await).await;
}

#[test]
fn a_metadata_key_that_a_query_would_misread_is_refused_and_a_prototype_is_a_key() {
    for key in ["$where", "$gt", "a.b", ".", "$", "", "a\0b"] {
        assert!(matches!(Metadata::new().with(key, 1), Err(MetadataError::Key { .. })), "{key:?}");
    }
    let metadata = Metadata::new().with("__proto__", "p").unwrap().with("a$", "d").unwrap();
    assert_eq!(metadata.get::<String>("__proto__").unwrap().unwrap(), "p");
    assert_eq!(metadata.get::<String>("a$").unwrap().unwrap(), "d");
}

async fn keeps_strange_values(store: impl Store + Clone) {
    let value = doc! { "$where": "1", "a.b": { "$gt": 1 }, "": 2, "__proto__": {}, "text": "a\0b" };
    let metadata = Metadata::new().user("a\0b").with("value", value.clone()).unwrap();
    let data = EventData::encode("OneAdded", &doc! { "by": "a\0b", "$set": { "x": 1 } }).unwrap();
    let event = NewEvent::from_data("OneAdded", 1, data, metadata).unwrap();
    let stream = StreamId::of::<Counter>("a").unwrap();
    store.append(Append::new(stream, ExpectedVersion::NONE, vec![event])).await.unwrap();
    let history = patient(&store).history("a").unwrap().collect().await.unwrap();
    let CounterEvent::OneAdded(added) = &history[0].data;
    assert_eq!(added.by, "a\0b");
    assert_eq!(history[0].metadata.user_id(), Some("a\0b"));
    assert_eq!(history[0].metadata.get::<Document>("value").unwrap().unwrap(), value);
}

#[tokio::test(flavor = "multi_thread")]
async fn nul_and_operator_like_keys_within_values_are_kept_unchanged() {
    keeps_strange_values(MemoryStore::new()).await;
    keeps_strange_values(empty_store().await).await;
}

#[test]
fn a_nul_in_a_key_of_event_data_is_refused_by_name() {
    let data = std::collections::BTreeMap::from([("a\0b", 1)]);
    let error = EventData::encode("OneAdded", &data).unwrap_err();
    assert!(matches!(&error, StoreError::Encode { what, .. } if what == "OneAdded"), "{error}");
}

async fn refuses_an_event_without_a_usable_name(store: impl Store + Clone) {
    for name in ["", "a\0b"] {
        let data = EventData::encode("x", &doc! {}).unwrap();
        let error = match NewEvent::from_data(name, 1, data, Metadata::new()) {
            Err(error) => error,
            Ok(event) => {
                let stream = StreamId::new("Counter", "a").unwrap();
                store.append(Append::new(stream, ExpectedVersion::NONE, vec![event])).await.unwrap_err()
            }
        };
        assert!(matches!(error, StoreError::InvalidId(_)), "{name:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_name_is_empty_or_has_a_nul_is_refused() {
    refuses_an_event_without_a_usable_name(MemoryStore::new()).await;
    refuses_an_event_without_a_usable_name(empty_store().await).await;
}

async fn snapshots_of(store: &MongoStore, stream: &StreamId) -> Vec<Document> {
    let of_stream = doc! { "aggregateId": stream.aggregate_id().as_str(), "aggregateType": stream.aggregate_type() };
    let snapshots = store.database().collection::<Document>("snapshots");
    let found = snapshots.find(of_stream).sort(doc! { "version": 1 }).await.unwrap();
    found.try_collect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_snapshot_keeps_its_form_unless_the_type_has_a_separator() {
    let store = empty_store().await;
    let snapshot = Snapshot::new(Version::from(100_u32), Counter { total: 1 });
    for (name, id, key) in [
        ("Invoice", "invoice_123", "Invoice:invoice_123_100"),
        ("Invoice_v2.old", "a:b%3A_1", "Invoice_v2.old:a:b%3A_1_100"),
        ("A:b", "c", "A%3Ab:c_100"),
        ("A%3Ab", "c", "A%253Ab:c_100"),
    ] {
        let stream = StreamId::new(name, id).unwrap();
        store.put_snapshot(&stream, snapshot.encode().unwrap()).await.unwrap();
        assert_eq!(snapshots_of(&store, &stream).await[0].get_str("_id").unwrap(), key);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_with_an_older_key_is_used_and_blocks_no_other() {
    let store = empty_store().await;
    let snapshots = store.database().collection::<Document>("snapshots");
    let (one, other) = (StreamId::new("A:b", "c").unwrap(), StreamId::new("A", "b:c").unwrap());
    let at = |version: u32, total| Snapshot::new(Version::from(version), Counter { total }).encode().unwrap();
    // The form of the key before separators were escaped.
    store.put_snapshot(&one, at(2, 2)).await.unwrap();
    let mut old = snapshots.find_one_and_delete(doc! {}).await.unwrap().unwrap();
    old.insert("_id", "A:b:c_2");
    snapshots.insert_one(old).await.unwrap();
    let total = async |stream| {
        let newest = Snapshot::<Counter>::newest(&store, stream, Version::MAX).await.unwrap();
        newest.map(|snapshot| (snapshot.version.get(), snapshot.state.total))
    };
    assert_eq!(total(&one).await, Some((2, 2)));
    // The same version again, with the new key.
    store.put_snapshot(&one, at(2, 20)).await.unwrap();
    assert_eq!((total(&one).await, snapshots_of(&store, &one).await.len()), (Some((2, 20)), 1));
    // The other aggregate, whose key is the old key of the first.
    let mut old = snapshots.find_one_and_delete(doc! {}).await.unwrap().unwrap();
    old.insert("_id", "A:b:c_2");
    snapshots.insert_one(old).await.unwrap();
    store.put_snapshot(&other, at(2, 3)).await.unwrap();
    assert_eq!((total(&other).await, total(&one).await), (Some((2, 3)), None));
    store.put_snapshot(&one, at(2, 4)).await.unwrap();
    assert_eq!((total(&other).await, total(&one).await), (Some((2, 3)), Some((2, 4))));
}
