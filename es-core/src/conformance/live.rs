//! Laws of the versions of read models, for a store that implements [`ReadModelStore`].

use super::expect;
use super::read_model::{MODEL, checkpoint, commit, key, position, preparation, prepare, read, take};
use crate::store::{
    Dropped, Failure, Lease, LetterChanges, LiveVersion, MakeLive, Output, Partition, Prepare, ReadModelId,
    ReadModelStore, RowCommit, SkippedEvent,
};
use crate::{AggregateId, Timestamp};

fn newer() -> ReadModelId {
    ReadModelId { version: 2, ..MODEL }
}

async fn live(store: &impl ReadModelStore) -> Option<LiveVersion> {
    expect(store.live_version(&MODEL.name).await)
}

/// Folds a partition up to a position, and gives the lease back.
async fn fold(store: &impl ReadModelStore, partition: &Partition, to: u64, is_live: bool) {
    let lease = take(store, partition, "somebody").await;
    let commit = RowCommit { is_live, ..commit(partition, lease, to, "a", 1) };
    assert!(expect(store.commit_rows(commit).await));
    expect(store.release(partition, lease.fence, None).await);
}

async fn make_live(store: &impl ReadModelStore, version: u32, instead_of: u32, reached: u64) -> bool {
    let model = ReadModelId { version, ..MODEL };
    let reached = Some(position(reached));
    expect(store.make_live(&MakeLive { model, instead_of, reached }).await)
}

/// The first version of a name that is prepared is live, and a handler has no versions.
pub async fn the_first_version_is_live(store: impl ReadModelStore) {
    assert_eq!(live(&store).await, None);
    let handler = Prepare { output: Output::Effects, ..preparation(MODEL, 1) };
    expect(store.prepare(&handler).await);
    assert_eq!(live(&store).await, None);
    for version in [2, 1, 3] {
        expect(store.prepare(&preparation(ReadModelId { name: "other".into(), version }, 1)).await);
        let other = expect(store.live_version("other").await);
        assert_eq!(other, Some(LiveVersion { version: 2, previous: None }));
    }
}

/// A version becomes live only if it is built and running, and has reached what the live one has.
pub async fn a_version_becomes_live_only_if_it_has_reached_the_live_one(store: impl ReadModelStore) {
    prepare(&store, 2).await;
    let [first, second, new] = [MODEL.partition(0), MODEL.partition(1), newer().partition(0)];
    fold(&store, &first, 5, true).await;
    fold(&store, &second, 7, true).await;
    assert!(!make_live(&store, 2, 1, 7).await, "a version is live that was never prepared");
    expect(store.prepare(&preparation(newer(), 1)).await);
    fold(&store, &new, 7, false).await;
    assert!(!make_live(&store, 2, 1, 7).await, "a version is live that is not built");
    fold(&store, &new, 8, true).await;
    assert!(!make_live(&store, 2, 1, 6).await, "the live version is beyond the position");
    assert!(!make_live(&store, 2, 1, 9).await, "the version has not reached the position");
    assert!(!make_live(&store, 2, 3, 8).await, "it is live instead of a version that is not");
    expect(store.pause(&newer()).await);
    assert!(!make_live(&store, 2, 1, 8).await, "a version is live that is paused");
    expect(store.resume(&newer()).await);
    let failure = Failure { position: position(9), error: "it failed".to_owned() };
    let stopped = take(&store, &new, "somebody").await;
    expect(store.release(&new, stopped.fence, Some(&failure)).await);
    assert!(!make_live(&store, 2, 1, 8).await, "a version is live that has stopped");
    take(&store, &new, "somebody").await;
    assert_eq!(live(&store).await, Some(LiveVersion { version: 1, previous: None }));

    assert!(make_live(&store, 2, 1, 8).await);
    assert_eq!(live(&store).await, Some(LiveVersion { version: 2, previous: Some(1) }));
    assert!(!make_live(&store, 2, 1, 8).await, "it becomes live a second time");
    fold(&store, &first, 8, true).await;
    fold(&store, &second, 8, true).await;
    assert!(make_live(&store, 1, 2, 8).await);
    assert_eq!(live(&store).await, Some(LiveVersion { version: 1, previous: Some(2) }));
}

/// The keys of rows are listed in order, those of each version for itself.
pub async fn keys_are_listed_in_order(store: impl ReadModelStore) {
    prepare(&store, 1).await;
    expect(store.prepare(&preparation(newer(), 1)).await);
    let keys: Vec<AggregateId> = ["a", "a b", "b", "ä", "{ $gt: 1 }"].map(key).into();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert!(expect(store.row_keys(&MODEL, None).await).is_empty());
    for (model, keys) in [(MODEL, keys.as_slice()), (newer(), &[key("other")])] {
        let partition = &model.partition(0);
        let lease = take(&store, partition, "somebody").await;
        let mut commit = commit(partition, lease, 3, "a", 1);
        let row = commit.rows.remove(0).1;
        commit.rows = keys.iter().map(|key| (key.clone(), row.clone())).collect();
        assert!(expect(store.commit_rows(commit).await));
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let more = expect(store.row_keys(&MODEL, after.as_ref()).await);
        let Some(last) = more.last() else { break };
        after = Some(last.clone());
        listed.extend(more);
    }
    assert_eq!(listed, sorted);
    assert_eq!(expect(store.row_keys(&MODEL, Some(&sorted[2])).await), sorted[3..]);
}

/// A version that is not live can be dropped, and begins again with the first event.
pub async fn a_version_is_dropped_unless_it_is_live(store: impl ReadModelStore) {
    assert_eq!(expect(store.drop_version(&MODEL).await), Dropped::Unknown);
    prepare(&store, 1).await;
    expect(store.prepare(&preparation(newer(), 2)).await);
    let partition = &newer().partition(0);
    let skipped = SkippedEvent {
        key: key("b"),
        position: position(2),
        error: "it failed".to_owned(),
        who: "somebody".to_owned(),
        why: "it is wrong".to_owned(),
        at: Timestamp::from_millis(0),
    };
    let key_of_skipped = newer().partition_of(&skipped.key, 2);
    let other = take(&store, &key_of_skipped, "somebody").await;
    let letters = LetterChanges { skipped: vec![skipped.clone()], ..LetterChanges::default() };
    assert!(expect(store.commit_rows(RowCommit { letters, ..commit(&key_of_skipped, other, 3, "b", 1) }).await));
    let lease = take(&store, partition, "somebody").await;
    assert!(expect(store.commit_rows(commit(partition, lease, 4, "a", 1)).await));
    assert_eq!(expect(store.drop_version(&MODEL).await), Dropped::IsLive);
    assert_eq!(expect(store.drop_version(&newer()).await), Dropped::Done);
    assert_eq!(expect(store.drop_version(&newer()).await), Dropped::Unknown);
    let listed = expect(store.partitions().await);
    assert_eq!(listed.iter().map(|record| record.partition.clone()).collect::<Vec<_>>(), [MODEL.partition(0)]);
    assert!(expect(store.read_rows(partition, &[key("a")]).await).is_none());
    assert!(expect(store.row_keys(&newer(), None).await).is_empty());

    // It can be prepared with a different number of partitions.
    assert_eq!(expect(store.prepare(&preparation(newer(), 1)).await).partitions, 1);
    assert_eq!(checkpoint(&store, partition).await.position, None);
    assert_eq!(read(&store, partition, "a").await, (None, None));
    let letters = expect(store.letters(partition).await);
    assert_eq!(letters.map(|letters| letters.skipped), Some(vec![skipped]), "what was skipped is forgotten");
    let again = take(&store, partition, "somebody else").await;
    assert!(again.fence > lease.fence, "a lease from before has the fence of a new one");
    let before = Lease { position: None, ..lease };
    assert!(!expect(store.commit_rows(commit(partition, before, 3, "a", 1)).await));
    assert!(expect(store.commit_rows(RowCommit { is_live: true, ..commit(partition, again, 3, "a", 1) }).await));

    // The version that was live before is forgotten with its rows.
    assert!(make_live(&store, 2, 1, 3).await);
    assert_eq!(expect(store.drop_version(&MODEL).await), Dropped::Done);
    assert_eq!(live(&store).await, Some(LiveVersion { version: 2, previous: None }));
}
