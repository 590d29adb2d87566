//! Laws of what is parked and skipped, for a store that implements [`ReadModelStore`].

use super::expect;
use super::read_model::{
    LASTS, MODEL, UNIQUE_NUMBER, assert_not_unique, commit, indexed, key, position, preparation, prepare, read, row,
    take,
};
use crate::store::{
    DeadLetter, Lease, LetterChanges, ParkReason, Partition, PartitionLetters, ReadModelId, ReadModelStore, RowCommit,
    SkippedEvent, Take,
};
use crate::{AggregateId, Position, Timestamp};

fn at() -> Timestamp {
    Timestamp::from_millis(1_709_208_000_001)
}

fn failed(at_position: u64, row_key: &str) -> DeadLetter {
    let reason = ParkReason::Failed { error: "too many".to_owned(), attempts: 3 };
    DeadLetter { key: key(row_key), position: position(at_position), reason, at: at() }
}

fn behind(at_position: u64, row_key: &str) -> DeadLetter {
    DeadLetter { reason: ParkReason::Behind, ..failed(at_position, row_key) }
}

fn skipped(at_position: u64, row_key: &str) -> SkippedEvent {
    let [error, who, why] = ["too many", "ann", "recorded twice"].map(str::to_owned);
    SkippedEvent { key: key(row_key), position: position(at_position), error, who, why, at: at() }
}

/// A key of a row in a partition of a read model with two of them.
fn key_in(partition: &Partition) -> String {
    let mut keys = (0..).map(|number| format!("row {number}"));
    let found = keys.find(|of| partition.model.partition_of(&key(of), 2) == *partition);
    found.unwrap_or_else(|| panic!("{partition} has no key"))
}

fn parking(parked: Vec<DeadLetter>) -> LetterChanges {
    LetterChanges { parked, ..LetterChanges::default() }
}

async fn letters(store: &impl ReadModelStore, partition: &Partition) -> PartitionLetters {
    let letters = expect(store.letters(partition).await);
    letters.unwrap_or_else(|| panic!("{partition} has no letters"))
}

/// What is parked in a partition. The record of the partition has the same number.
async fn parked(store: &impl ReadModelStore, partition: &Partition) -> Vec<DeadLetter> {
    let parked = letters(store, partition).await.parked;
    let records = expect(store.partitions().await);
    let counted = records.iter().find(|record| record.partition == *partition).map(|record| record.parked);
    assert_eq!(counted, u64::try_from(parked.len()).ok(), "the record of {partition} has a different number");
    parked
}

/// The keys that are parked among some keys, with the first position of each.
async fn closed(store: &impl ReadModelStore, partition: &Partition, keys: &[&str]) -> Vec<(AggregateId, Position)> {
    let keys: Vec<_> = keys.iter().map(|of| key(of)).collect();
    let Some((_, rows)) = expect(store.read_rows(partition, &keys).await) else {
        panic!("{partition} has no checkpoint");
    };
    let mut parked = rows.parked;
    parked.sort();
    parked
}

/// Commits, and continues at the checkpoint of the commit.
async fn committed(store: &impl ReadModelStore, lease: &mut Lease, commit: RowCommit) {
    lease.position = commit.to;
    assert!(expect(store.commit_rows(commit).await), "the lease is lost");
}

/// Letters change with rows and checkpoint, and are listed in the order of positions.
pub async fn letters_change_with_the_rows_and_the_checkpoint(store: impl ReadModelStore) {
    assert!(expect(store.letters(&MODEL.partition(0)).await).is_none(), "it was never prepared");
    prepare(&store, 2).await;
    let partition = &MODEL.partition(1);
    assert_eq!(parked(&store, partition).await, []);
    let mut lease = take(&store, partition, "somebody").await;
    let letters = parking(vec![failed(9, "b"), behind(10, "b"), failed(5, "c")]);
    let first = RowCommit { letters, ..commit(partition, lease, 20, "a", 1) };
    committed(&store, &mut lease, first).await;
    assert_eq!(read(&store, partition, "a").await, (Some(20), Some(1)));
    // A commit without rows.
    let (rows, letters) = (Vec::new(), parking(vec![behind(21, "c"), failed(22, "d"), failed(22, "a")]));
    let second = RowCommit { rows, letters, ..commit(partition, lease, 30, "a", 1) };
    committed(&store, &mut lease, second).await;
    let all = [failed(5, "c"), failed(9, "b"), behind(10, "b"), behind(21, "c"), failed(22, "a"), failed(22, "d")];
    assert_eq!(parked(&store, partition).await, all);
    assert_eq!(parked(&store, &MODEL.partition(0)).await, []);
    let expected = [("a", 22), ("b", 9), ("c", 5)].map(|(of, at)| (key(of), position(at)));
    assert_eq!(closed(&store, partition, &["a", "b", "c", "e"]).await, expected);
    assert_eq!(closed(&store, &MODEL.partition(0), &["a", "b", "c", "e"]).await, []);
    // They stay under the next lease.
    let lease = expect(store.take_lease(partition, "somebody else", LASTS, Take::FromOwner).await);
    assert!(lease.is_some());
    assert_eq!(parked(&store, partition).await, all);
}

/// A commit removes letters, replaces them, and records what is skipped, while the checkpoint stays.
pub async fn letters_are_removed_and_skipped_in_one_commit(store: impl ReadModelStore) {
    prepare(&store, 1).await;
    let partition = &MODEL.partition(0);
    let mut lease = take(&store, partition, "somebody").await;
    let first = parking(vec![failed(5, "a"), behind(6, "a"), failed(7, "b"), failed(7, "c")]);
    let first = RowCommit { letters: first, ..commit(partition, lease, 9, "d", 1) };
    committed(&store, &mut lease, first).await;
    let folded = LetterChanges { removed: vec![(key("a"), position(5))], ..LetterChanges::default() };
    let folded = RowCommit { letters: folded, ..commit(partition, lease, 9, "a", 2) };
    committed(&store, &mut lease, folded).await;
    assert_eq!(read(&store, partition, "a").await, (Some(9), Some(2)));
    assert_eq!(parked(&store, partition).await, [behind(6, "a"), failed(7, "b"), failed(7, "c")]);
    let without_rows = |lease, letters| RowCommit { rows: Vec::new(), letters, ..commit(partition, lease, 9, "a", 2) };
    // The next one fails, too.
    let failed_too = LetterChanges { removed: vec![(key("a"), position(6))], ..parking(vec![failed(6, "a")]) };
    let failed_too = without_rows(lease, failed_too);
    committed(&store, &mut lease, failed_too).await;
    assert_eq!(parked(&store, partition).await, [failed(6, "a"), failed(7, "b"), failed(7, "c")]);
    for (at_position, of) in [(7, "c"), (6, "a")] {
        let (removed, skipped) = (vec![(key(of), position(at_position))], vec![skipped(at_position, of)]);
        let skip = without_rows(lease, LetterChanges { removed, skipped, ..LetterChanges::default() });
        committed(&store, &mut lease, skip).await;
    }
    assert_eq!(parked(&store, partition).await, [failed(7, "b")]);
    assert_eq!(letters(&store, partition).await.skipped, [skipped(6, "a"), skipped(7, "c")]);
    assert_eq!(closed(&store, partition, &["a", "b", "c"]).await, [(key("b"), position(7))]);
    assert_eq!(read(&store, partition, "a").await, (Some(9), Some(2)));
}

/// A commit that does not happen changes no letter.
pub async fn a_refused_commit_changes_no_letter(store: impl ReadModelStore) {
    expect(store.prepare(&indexed(&[UNIQUE_NUMBER])).await);
    let partition = &MODEL.partition(0);
    let mut lease = take(&store, partition, "somebody").await;
    let first = RowCommit { letters: parking(vec![failed(3, "z")]), ..commit(partition, lease, 4, "a", 1) };
    committed(&store, &mut lease, first).await;
    let changes = LetterChanges {
        removed: vec![(key("z"), position(3))],
        parked: vec![failed(5, "y")],
        skipped: vec![skipped(3, "z")],
    };
    let refused = RowCommit { letters: changes.clone(), ..commit(partition, lease, 6, "b", 1) };
    assert_not_unique(store.commit_rows(refused).await, UNIQUE_NUMBER, |of| of == Some("b"));
    let new = expect(store.take_lease(partition, "somebody else", LASTS, Take::FromOwner).await);
    assert!(new.is_some_and(|new| new.fence > lease.fence), "{new:?}");
    for rows in [vec![(key("b"), Some(row(2)))], Vec::new()] {
        let late = RowCommit { rows, letters: changes.clone(), ..commit(partition, lease, 6, "b", 2) };
        assert!(!expect(store.commit_rows(late).await), "a commit under a lost lease");
    }
    assert_eq!(parked(&store, partition).await, [failed(3, "z")]);
    assert_eq!(letters(&store, partition).await.skipped, []);
}

/// Keys are values, and versions and partitions are apart.
pub async fn letters_of_two_versions_and_of_odd_keys_never_meet(store: impl ReadModelStore) {
    let newer = ReadModelId { version: 2, ..MODEL };
    let odd = [" a ", "$set", "a", "a.b", "a/b", "{\"$gt\":\"\"}", "ä"];
    let partitions = [MODEL.partition(0), MODEL.partition(1), newer.partition(0)];
    for model in [MODEL, newer] {
        expect(store.prepare(&preparation(model, 2)).await);
    }
    for (partition, first) in partitions.iter().zip([1, 2, 3]) {
        let mut lease = take(&store, partition, "somebody").await;
        let parked = odd.iter().zip(first..).map(|(odd, at)| failed(at, odd)).collect();
        let letters = LetterChanges { skipped: vec![skipped(first, &key_in(partition))], ..parking(parked) };
        let all = RowCommit { letters, ..commit(partition, lease, 99, "z", 1) };
        committed(&store, &mut lease, all).await;
    }
    for (partition, first) in partitions.iter().zip([1, 2, 3]) {
        let expected: Vec<_> = odd.iter().zip(first..).map(|(odd, at)| failed(at, odd)).collect();
        assert_eq!(parked(&store, partition).await, expected);
        assert_eq!(letters(&store, partition).await.skipped, [skipped(first, &key_in(partition))]);
        for (odd, at) in odd.iter().zip(first..) {
            assert_eq!(closed(&store, partition, &[odd]).await, [(key(odd), position(at))]);
        }
    }
}

/// Rows and letters are read with the fence, so that an owner knows that they are not older than
/// its lease.
pub async fn what_is_read_names_the_fence(store: impl ReadModelStore) {
    prepare(&store, 2).await;
    let partition = &MODEL.partition(1);
    for take in [Take::IfFree, Take::FromOwner, Take::FromOwner] {
        let lease = expect(store.take_lease(partition, "somebody", LASTS, take).await);
        let Some(Lease { fence, .. }) = lease else { panic!("there is no lease") };
        let rows = expect(store.read_rows(partition, &[key("a")]).await);
        assert_eq!(rows.map(|(_, rows)| rows.fence), Some(fence));
        assert_eq!(letters(&store, partition).await.fence, fence);
    }
}

/// A reset deletes what is parked, and what is skipped stays skipped.
pub async fn a_reset_deletes_what_is_parked_and_keeps_what_is_skipped(store: impl ReadModelStore) {
    let newer = ReadModelId { version: 2, ..MODEL };
    for model in [&MODEL, &newer] {
        expect(store.prepare(&preparation(model.clone(), 2)).await);
        for number in 0..2 {
            let partition = &model.partition(number);
            let mut lease = take(&store, partition, "somebody").await;
            let skipped = vec![skipped(2, &key_in(partition))];
            let letters = LetterChanges { skipped, ..parking(vec![failed(1, "a")]) };
            let first = RowCommit { letters, ..commit(partition, lease, 3, "c", 1) };
            committed(&store, &mut lease, first).await;
        }
    }
    assert!(expect(store.reset(&MODEL).await), "there is such a read model");
    for number in 0..2 {
        let partition = &MODEL.partition(number);
        assert_eq!(parked(&store, partition).await, []);
        assert_eq!(closed(&store, partition, &["a"]).await, []);
        assert_eq!(letters(&store, partition).await.skipped, [skipped(2, &key_in(partition))]);
        assert_eq!(parked(&store, &newer.partition(number)).await, [failed(1, "a")]);
        // They are counted from the beginning.
        let mut lease = take(&store, partition, "somebody").await;
        let again = RowCommit { letters: parking(vec![failed(1, "a")]), ..commit(partition, lease, 3, "c", 1) };
        committed(&store, &mut lease, again).await;
        assert_eq!(parked(&store, partition).await, [failed(1, "a")]);
    }
}
