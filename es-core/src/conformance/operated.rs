//! Laws of what operators and owners of read models do, for a store that implements
//! [`ReadModelStore`].

use std::time::Duration;

use super::expect;
use super::read_model::{LASTS, MODEL, checkpoint, commit, position, preparation, prepare, read, take};
use crate::store::{
    Activity, Checkpoint, Failure, Lease, PartitionRecord, ReadModelId, ReadModelStore, RowCommit, Take,
};

/// A read model that is paused changes no row, until it is resumed.
pub async fn a_paused_read_model_changes_nothing(store: impl ReadModelStore) {
    prepare(&store, 2).await;
    let partition = &MODEL.partition(1);
    let mut lease = take(&store, partition, "somebody").await;
    assert!(expect(store.commit_rows(commit(partition, lease, 3, "a", 1)).await));
    lease.position = Some(position(3));
    assert!(expect(store.pause(&MODEL).await), "there is such a read model");
    assert!(!expect(store.commit_rows(commit(partition, lease, 4, "a", 2)).await), "a commit of a paused partition");
    let failure = Failure { position: position(4), error: "too late".to_owned() };
    expect(store.release(partition, lease.fence, Some(&failure)).await);
    for number in 0..2 {
        assert_eq!(checkpoint(&store, &MODEL.partition(number)).await.activity, Activity::Paused);
        assert!(expect(store.take_lease(&MODEL.partition(number), "somebody", LASTS, Take::IfFree).await).is_none());
    }
    assert_eq!(read(&store, partition, "a").await, (Some(3), Some(1)));
    assert!(expect(store.resume(&MODEL).await));
    let resumed = take(&store, partition, "somebody else").await;
    assert!(resumed.fence > lease.fence && resumed.position == Some(position(3)), "{resumed:?}");
    // Only what is paused is resumed.
    expect(store.release(partition, resumed.fence, Some(&failure)).await);
    assert!(expect(store.resume(&MODEL).await));
    assert_eq!(checkpoint(&store, partition).await.activity, Activity::Stopped(failure));
    let unknown = ReadModelId { version: 2, ..MODEL };
    assert!(!expect(store.pause(&unknown).await) && !expect(store.resume(&unknown).await), "{unknown} exists");
}

/// A read model that is reset has no rows, and every event before it.
pub async fn a_reset_read_model_begins_again(store: impl ReadModelStore) {
    let newer = ReadModelId { version: 2, ..MODEL };
    let mut leases = Vec::new();
    for model in [&MODEL, &newer] {
        expect(store.prepare(&preparation(model.clone(), 2)).await);
        for (number, row) in ["a", "b"].into_iter().enumerate() {
            let partition = &model.partition(u32::from(number > 0));
            let lease = take(&store, partition, "somebody").await;
            let live = RowCommit { is_live: true, ..commit(partition, lease, 3, row, 1) };
            assert!(expect(store.commit_rows(live).await));
            leases.push(lease);
        }
    }
    assert!(expect(store.reset(&MODEL).await), "there is such a read model");
    let begun = Checkpoint { position: None, partitions: 2, is_live: false, activity: Activity::Running };
    for (number, row) in ["a", "b"].into_iter().enumerate() {
        let partition = &MODEL.partition(u32::from(number > 0));
        assert_eq!(checkpoint(&store, partition).await, begun);
        assert_eq!(read(&store, partition, row).await, (None, None));
        for position in [leases[number].position, Some(position(3))] {
            let late = commit(partition, Lease { position, ..leases[number] }, 4, row, 2);
            assert!(!expect(store.commit_rows(late).await), "a commit under a lease from before the reset");
        }
        let lease = take(&store, partition, "somebody else").await;
        assert!(lease.fence > leases[number].fence && lease.position.is_none(), "{lease:?}");
        assert_eq!(read(&store, &newer.partition(u32::from(number > 0)), row).await, (Some(3), Some(1)));
    }
    assert!(expect(store.pause(&MODEL).await) && expect(store.reset(&MODEL).await), "there is such a read model");
    assert_eq!(checkpoint(&store, &MODEL.partition(1)).await, Checkpoint { activity: Activity::Paused, ..begun });
    assert!(!expect(store.reset(&ReadModelId { version: 3, ..MODEL }).await), "it does not exist");
}

/// Each owner that announces itself is counted once, until its time ends.
pub async fn owners_are_counted_until_their_time_ends(store: impl ReadModelStore) {
    let newer = ReadModelId { version: 2, ..MODEL };
    for model in [&MODEL, &newer] {
        expect(store.prepare(&preparation(model.clone(), 2)).await);
    }
    let steps = [
        (&MODEL, "a", LASTS, 1),
        (&MODEL, "b$.", LASTS, 2),
        (&MODEL, "a", LASTS, 2),
        (&newer, "a", LASTS, 1),
        (&MODEL, "a", Duration::ZERO, 1),
        (&MODEL, "c", LASTS, 2),
        (&newer, "b$.", LASTS, 2),
    ];
    for (model, owner, lasts, counted) in steps {
        assert_eq!(expect(store.announce(model, owner, lasts).await), counted, "{model} {owner}");
    }
}

/// What is listed is what is stored.
pub async fn partitions_are_listed_with_their_owners(store: impl ReadModelStore) {
    assert_eq!(expect(store.partitions().await), []);
    let newer = ReadModelId { version: 12, ..MODEL };
    let older = ReadModelId { version: 2, ..MODEL };
    let mut expected = Vec::new();
    for (model, partitions) in [(&newer, 1), (&older, 11)] {
        expect(store.prepare(&preparation(model.clone(), partitions)).await);
        expect(store.announce(model, "somebody", LASTS).await);
    }
    let lease = take(&store, &older.partition(10), "somebody").await;
    assert!(expect(store.commit_rows(commit(&older.partition(10), lease, 7, "a", 1)).await));
    expect(store.take_lease(&older.partition(9), "somebody else", Duration::ZERO, Take::IfFree).await);
    for (model, partitions) in [(&older, 11), (&newer, 1)] {
        for number in 0..partitions {
            let partition = model.partition(number);
            let is_owned = partition == older.partition(10);
            let owner = is_owned.then(|| "somebody".to_owned());
            let position = is_owned.then(|| position(7));
            let checkpoint = Checkpoint { position, partitions, is_live: false, activity: Activity::Running };
            expected.push(PartitionRecord { partition, checkpoint, owner, parked: 0 });
        }
    }
    assert_eq!(expect(store.partitions().await), expected);
}
