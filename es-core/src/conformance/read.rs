//! Laws of reading.

use super::{Added, Numbers, append, expect, new_event, numbers, stored, stored_in, stream};
use crate::error::ErrorChain;
use crate::repository::ImportedEvent;
use crate::store::{Append, Decoded, EventData, ExpectedVersion, NewEvent, ReadRange, Store};
use crate::{Aggregate, LoadError, Metadata, Repository, StoreError, Timestamp, Version};

/// An event is read back with its data, metadata, time and name, to the last byte.
pub async fn what_was_recorded_is_read_back_as_it_was(store: impl Store + Clone) {
    let metadata = expect(Metadata::new().user("u").correlation("c").causation("x").with("ip", "203.0.113.7"));
    let repository = Repository::<Numbers>::new(&store);
    let before = Timestamp::now();
    let committed = expect(repository.create("a", Added { number: 7 }).metadata(metadata.clone()).await);
    let after = Timestamp::now();
    let events = stored(&store, &stream("a")).await;
    let [event] = events.as_slice() else { panic!("expected one recorded event, not {events:?}") };
    assert_eq!((event.id, event.sequence, event.position), {
        let receipt = &committed.events[0];
        (receipt.id, receipt.sequence, receipt.position)
    });
    assert_eq!((event.aggregate_type.as_str(), event.aggregate_id.as_str()), (Numbers::TYPE, "a"));
    assert_eq!((event.event_type.as_str(), event.event_version), ("Added", 1));
    assert_eq!(event.metadata, metadata);
    assert!(event.timestamp >= before && event.timestamp <= after);
    assert_eq!(event.timestamp, committed.events[0].timestamp);
    let Decoded::One(decoded) = expect(event.decode::<Numbers>()) else { panic!("one event is one event") };
    assert_eq!(expect(EventData::encode("Added", &decoded)), event.data);
}

/// Each event has its own metadata.
pub async fn each_event_of_an_append_keeps_its_own_metadata(store: impl Store + Clone) {
    let users = ["first", "second", "third"];
    let events = users.iter().zip(1..).map(|(user, number)| {
        let metadata = Metadata::new().user(user);
        NewEvent { metadata, ..new_event(number) }
    });
    expect(store.append(Append::new(stream("a"), ExpectedVersion::NONE, events.collect())).await);
    let stored = stored(&store, &stream("a")).await;
    let found: Vec<_> = stored.iter().map(|event| event.metadata.user_id().unwrap_or_default()).collect();
    assert_eq!(found, users);
}

/// A stream is read completely and in order, however many batches the store needs for it.
pub async fn an_append_of_thousands_of_events_is_read_back_whole_and_in_order(store: impl Store + Clone) {
    let receipt = expect(store.append(append("a", 0, 1..=2_500)).await).into_receipt();
    assert_eq!((receipt.version.get(), receipt.stamps.len()), (2_500, 2_500));
    expect(store.append(append("a", 2_500, [2_501])).await);
    assert_eq!(numbers(&store, "a").await, (1..=2_501).collect::<Vec<_>>());
}

/// A range begins after one version, exclusively, and ends with another, inclusively.
pub async fn a_range_is_read_without_its_beginning_and_with_its_end(store: impl Store + Clone) {
    expect(store.append(append("a", 0, 1..=5)).await);
    for (after, until) in (0..=6_u32).flat_map(|after| (0..=6_u32).map(move |until| (after, until))) {
        let range = ReadRange::after(Version::from(after)).until(Version::from(until));
        let read = stored_in(&store, &stream("a"), range).await;
        let read: Vec<u64> = read.iter().map(|event| event.sequence.get()).collect();
        let wanted: Vec<u64> = (u64::from(after) + 1..=u64::from(until.min(5))).collect();
        assert_eq!(read, wanted, "after {after} until {until}");
    }
    let repository = Repository::<Numbers>::new(&store);
    for version in 1..=5_u32 {
        let loaded = expect(repository.load_at("a", version).await);
        assert_eq!(loaded.added, (1..=i64::from(version)).collect::<Vec<_>>());
    }
    let beyond = repository.load_at("a", 6).await;
    assert!(matches!(beyond, Err(LoadError::NoSuchVersion { actual, .. }) if actual == 5), "{beyond:?}");
    assert!(matches!(repository.load("none").await, Err(LoadError::NotFound { .. })));
    assert_eq!(numbers(&store, "a").await, [1, 2, 3, 4, 5]);
}

/// Strings of users are values, never operators.
pub async fn an_id_that_looks_like_an_operator_is_a_plain_string(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [1])).await);
    for id in [r#"{"$ne": null}"#, "$where", "a.b", "$ne"] {
        assert_eq!(numbers(&store, id).await, [0; 0], "{id} found the events of a different aggregate");
        expect(store.append(append(id, 0, [2])).await);
        assert_eq!(numbers(&store, id).await, [2]);
    }
}

/// No event is skipped, and the version is the head of the stream.
pub async fn an_event_that_is_not_understood_is_an_error_and_counts_as_a_version(store: impl Store + Clone) {
    expect(store.append(append("a", 0, [1])).await);
    let data = expect(EventData::encode("Added", &Added { number: 1 }));
    let cases = [("Unheard", 1, "unknown"), ("Added", 99, "99")];
    for (name, version, said) in cases {
        let foreign = expect(NewEvent::from_data(name, version, data.clone(), Metadata::new()));
        let id = format!("with-{name}");
        expect(store.append(append(&id, 0, [1])).await);
        let expected = ExpectedVersion::exactly(1.into());
        expect(store.append(Append::new(stream(&id), expected, vec![foreign])).await);
        assert_eq!(expect(store.head(&stream(&id)).await).version(), 2);
        let repository = Repository::<Numbers>::new(&store);
        let error = match repository.load(&id).await {
            Err(LoadError::Store(error @ StoreError::Decode { .. })) => ErrorChain::new(&error).to_string(),
            other => panic!("an event that cannot be decoded must be an error: {other:?}"),
        };
        assert!(error.contains(&id) && error.contains(name) && error.contains(said) && error.contains('2'), "{error}");
    }
}

/// Only an import sets the times of its events.
pub async fn an_import_keeps_the_times_of_its_events(store: impl Store + Clone) {
    let repository = Repository::<Numbers>::new(&store);
    expect(repository.import("a", import(&[1_000, 2_000])).await);
    let times: Vec<_> = stored(&store, &stream("a")).await.iter().map(|event| event.timestamp.as_millis()).collect();
    assert_eq!(times, [1_000, 2_000]);
}

/// The state as of a time is a prefix of the stream: if a clock went back, no later event is
/// included.
pub async fn as_of_a_time_is_the_longest_prefix_recorded_by_then(store: impl Store + Clone) {
    let repository = Repository::<Numbers>::new(&store);
    expect(repository.import("a", import(&[1_000, 3_000, 2_000, 4_000])).await);
    for (millis, version) in [(1_000, 1), (2_999, 1), (3_000, 3), (3_999, 3), (4_000, 4)] {
        let loaded = expect(repository.load_as_of("a", Timestamp::from_millis(millis)).await);
        assert_eq!(loaded.version, version, "as of {millis}");
    }
    let too_early = repository.load_as_of("a", Timestamp::from_millis(999)).await;
    assert!(matches!(too_early, Err(LoadError::NotFound { .. })), "{too_early:?}");
}

fn import(times: &[i64]) -> Vec<ImportedEvent<<Numbers as Aggregate>::Event>> {
    let event = |(number, millis): (i64, &i64)| {
        ImportedEvent::new(Added { number }, Timestamp::from_millis(*millis), Metadata::new())
    };
    (1..).zip(times).map(event).collect()
}
