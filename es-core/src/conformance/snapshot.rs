//! Laws of snapshots.

use super::{Added, Numbers, append, expect, stream};
use crate::store::{Snapshot, Store};
use crate::{
    Aggregate, Apply, Context, LoadError, Repository, SnapshotPolicy, StoreError, StreamId, UpdateError, Version,
};

/// The state is the same with and without snapshots, at every version.
pub async fn snapshot_plus_tail_equals_full_replay_at_every_version(store: impl Store + Clone) {
    let with = Repository::<Numbers>::new(&store).with_snapshots(SnapshotPolicy::every(3));
    let without = with.clone().with_snapshots(SnapshotPolicy::Never);
    expect(with.create("a", Added { number: 1 }).await);
    for number in 2..=20 {
        expect(with.update("a", |_| Added { number }).await);
        if number % 5 == 0 {
            // Only some versions have a snapshot, so some loads begin directly at a snapshot and
            // some have a tail.
            expect(with.take_snapshot("a").await);
        }
    }
    for version in 1..=20_u32 {
        let (left, right) = (with.load_at("a", version).await, without.load_at("a", version).await);
        assert_eq!(expect(left), expect(right), "version {version}");
        assert_eq!(
            expect(with.load_ignoring_snapshots_above("a", version).await).added.len(),
            20,
            "from version {version}"
        );
    }
}

/// The newest snapshot that is not too new is found.
pub async fn the_newest_snapshot_at_or_below_a_version_is_found(store: impl Store + Clone) {
    expect(store.append(append("a", 0, 1..=9)).await);
    for version in [3_u32, 6] {
        let state = Numbers { added: vec![i64::from(version)] };
        expect(store.put_snapshot(&stream("a"), expect(Snapshot::new(Version::from(version), state).encode())).await);
    }
    for (at_most, found) in [(2_u32, None), (3, Some(3)), (5, Some(3)), (6, Some(6)), (9, Some(6))] {
        let snapshot = expect(Snapshot::<Numbers>::newest(&store, &stream("a"), Version::from(at_most)).await);
        assert_eq!(snapshot.map(|snapshot| snapshot.version.get()), found, "at most {at_most}");
    }
}

/// The aggregate of the laws after the meaning of its state has changed. Old snapshots still
/// decode, but the result is wrong.
#[derive(Debug, Aggregate, Default)]
#[aggregate(name = "Numbers", events(Added), snapshot(every = 10, version = 2), event_enum = NegatedEvent, crate = crate)]
pub struct Negated {
    added: Vec<i64>,
}

impl Apply<Added> for Negated {
    fn apply(&mut self, event: Added, _context: &Context) {
        self.added.push(-event.number);
    }
}

/// A snapshot with a different state version costs time, but never changes the state.
pub async fn a_snapshot_of_another_state_version_is_passed_over(store: impl Store + Clone) {
    expect(store.append(append("a", 0, 1..=4)).await);
    let old = Repository::<Numbers>::new(&store);
    expect(old.take_snapshot("a").await);
    let none = expect(Snapshot::<Negated>::newest(&store, &stream("a"), Version::MAX).await);
    assert!(none.is_none(), "a snapshot of state version 1 was used for state version {}", Negated::STATE_VERSION);
    let negated = expect(Repository::<Negated>::new(&store).load("a").await);
    assert_eq!(negated.added, [-1, -2, -3, -4]);
}

/// The aggregate of the laws after its state has a different shape, but the same state version.
#[derive(Debug, Aggregate, Default)]
#[aggregate(name = "Numbers", events(Added), snapshot(every = 10), event_enum = ReshapedEvent, crate = crate)]
pub struct Reshaped {
    total: i64,
}

impl Apply<Added> for Reshaped {
    fn apply(&mut self, event: Added, _context: &Context) {
        self.total += event.number;
    }
}

/// A snapshot that cannot be read costs time, but the aggregate still loads.
pub async fn a_snapshot_that_does_not_decode_is_passed_over_for_an_older_one(store: impl Store + Clone) {
    expect(store.append(append("a", 0, 1..=4)).await);
    let readable = Numbers { added: vec![1, 2] };
    expect(store.put_snapshot(&stream("a"), expect(Snapshot::new(Version::from(2_u32), readable).encode())).await);
    expect(Repository::<Reshaped>::new(&store).take_snapshot("a").await);
    let found = expect(Snapshot::<Numbers>::newest(&store, &stream("a"), Version::MAX).await);
    assert_eq!(found.map(|snapshot| snapshot.version.get()), Some(2));
    let loaded = expect(Repository::<Numbers>::new(&store).load("a").await);
    assert_eq!(loaded.added, [1, 2, 3, 4]);
}

/// After a restore that lost events, there may be snapshots beyond the head. They must not displace
/// the usable one.
pub async fn the_snapshot_taken_last_is_kept_whatever_lies_above_it(store: impl Store + Clone) {
    expect(store.append(append("a", 0, 1..=4)).await);
    for version in [50_u32, 60, 70, 4] {
        let state = Numbers { added: vec![i64::from(version)] };
        expect(store.put_snapshot(&stream("a"), expect(Snapshot::new(Version::from(version), state).encode())).await);
    }
    let found = expect(Snapshot::<Numbers>::newest(&store, &stream("a"), Version::from(4_u32)).await);
    assert_eq!(found.map(|snapshot| snapshot.version.get()), Some(4));
}

/// A snapshot represents events. If the stream lacks them, that is an error, and nothing is built
/// on that state.
pub async fn a_snapshot_beyond_the_head_is_an_error_and_nothing_is_appended(store: impl Store + Clone) {
    expect(store.append(append("a", 0, 1..=3)).await);
    let repository = Repository::<Numbers>::new(&store);
    for (id, head) in [("a", 3), ("none", 0)] {
        let ahead = Snapshot::new(Version::from(5_u32), Numbers { added: vec![1, 2, 3, 4, 5] });
        expect(store.put_snapshot(&stream(id), expect(ahead.encode())).await);
        let is_named = |error: &StoreError| matches!(error, StoreError::SnapshotAhead { snapshot, head: found, .. } if *snapshot == 5 && *found == head);
        let loads = [repository.load(id).await, repository.load_at(id, 5).await];
        for load in loads {
            assert!(matches!(&load, Err(LoadError::Store(error)) if is_named(error)), "{id}: {load:?}");
        }
        let update = repository.update(id, |_| Added { number: 6 }).await;
        assert!(matches!(&update, Err(UpdateError::Store(error)) if is_named(error)), "{id}: {update:?}");
        assert_eq!(expect(store.head(&stream(id)).await).version(), head, "{id}: an update was recorded after a gap");
    }
    assert_eq!(expect(repository.load_ignoring_snapshots_above("a", 0).await).added, [1, 2, 3]);
    assert_eq!(expect(repository.load_at("a", 3).await).added, [1, 2, 3]);
}

/// Two aggregates never share a key, whatever separates the parts of the key.
pub async fn snapshots_of_two_aggregates_never_share_a_key(store: impl Store + Clone) {
    let names = [
        ("A", "b:c"),
        ("A:b", "c"),
        ("A:b", ":c"),
        ("A:b:", "c"),
        ("A%3Ab", "c"),
        ("A%253Ab", "c"),
        ("A%", "b:c"),
        ("A", "%3Ab:c"),
        ("A_b", "c"),
        ("A", "b_c"),
        ("A", "b"),
        ("A", "b_1"),
    ];
    let streams: Vec<StreamId> = names.iter().map(|(name, id)| expect(StreamId::new(name, id))).collect();
    for version in [1_u32, 11] {
        for (number, stream) in (0..).zip(&streams) {
            let state = Numbers { added: vec![number, version.into()] };
            expect(store.put_snapshot(stream, expect(Snapshot::new(Version::from(version), state).encode())).await);
        }
    }
    for version in [1_u32, 11] {
        for (number, stream) in (0..).zip(&streams) {
            let found = expect(Snapshot::<Numbers>::newest(&store, stream, Version::from(version)).await);
            let found = found.map(|snapshot| snapshot.state.added);
            assert_eq!(found, Some(vec![number, version.into()]), "{stream} at version {version}");
        }
    }
}
