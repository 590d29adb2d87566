//! Laws of read models, for a store that implements [`ReadModelStore`].

use std::borrow::Cow;
use std::time::Duration;

use super::{all, expect};
use crate::projection::{Direction, RowIndex, Uniqueness};
use crate::store::{
    Activity, Checkpoint, EventData, Failure, Lease, LetterChanges, Output, Partition, Prepare, ReadModelId,
    ReadModelStore, RowCommit, StoredRows, Take,
};
use crate::{AggregateId, Position, StoreError};

/// Far longer than a law takes.
pub(super) const LASTS: Duration = Duration::from_secs(600);

pub(super) const MODEL: ReadModelId = ReadModelId { name: Cow::Borrowed("law"), version: 1 };

pub(super) fn preparation(model: ReadModelId, partitions: u32) -> Prepare {
    let declared = "Numbers(Added)".to_owned();
    Prepare { model, declared, partitions, indexes: &[], begins_after: None, output: Output::Rows }
}

/// The index on the number of a row.
const BY_NUMBER: RowIndex =
    RowIndex { fields: &[("number", Direction::Descending)], uniqueness: Uniqueness::NotUnique, rows: None };

/// The same index if no two rows may have the same number.
pub(super) const UNIQUE_NUMBER: RowIndex = RowIndex { uniqueness: Uniqueness::Unique, ..BY_NUMBER };

pub(super) async fn prepare(store: &impl ReadModelStore, partitions: u32) {
    let prepared = expect(store.prepare(&preparation(MODEL, partitions)).await);
    assert_eq!(prepared, preparation(MODEL, partitions));
}

pub(super) async fn take(store: &impl ReadModelStore, partition: &Partition, owner: &str) -> Lease {
    let lease = expect(store.take_lease(partition, owner, LASTS, Take::IfFree).await);
    lease.unwrap_or_else(|| panic!("{owner} does not get the lease of {partition}"))
}

pub(super) fn position(position: u64) -> Position {
    expect(Position::try_from(position))
}

pub(super) fn key(key: &str) -> AggregateId {
    expect(AggregateId::new(key))
}

pub(super) fn row(number: i64) -> EventData {
    expect(EventData::encode("row", &bson::doc! { "number": number }))
}

/// A commit of one row.
pub(super) fn commit(
    partition: &Partition,
    lease: Lease,
    to: u64,
    row_key: &str,
    number: impl Into<Option<i64>>,
) -> RowCommit {
    RowCommit {
        partition: partition.clone(),
        fence: lease.fence,
        from: lease.position,
        to: Some(position(to)),
        rows: vec![(key(row_key), number.into().map(row))],
        letters: LetterChanges::default(),
        is_live: false,
        lease_lasts: LASTS,
    }
}

pub(super) async fn checkpoint(store: &impl ReadModelStore, partition: &Partition) -> Checkpoint {
    let read = expect(store.read_rows(partition, &[]).await);
    read.map_or_else(|| panic!("{partition} has no checkpoint"), |(checkpoint, _)| checkpoint)
}

/// The checkpoint and the number of the row with a key.
pub(super) async fn read(
    store: &impl ReadModelStore,
    partition: &Partition,
    row_key: &str,
) -> (Option<u64>, Option<i64>) {
    let keys = [key(row_key)];
    let Some((checkpoint, rows)) = expect(store.read_rows(partition, &keys).await) else {
        panic!("{partition} has no checkpoint");
    };
    let mut number = rows.rows.iter().map(|(found, row)| {
        assert_eq!(*found, keys[0]);
        expect(row.as_raw().get_i64("number"))
    });
    (checkpoint.position.map(Position::get), number.next_back())
}

/// A read model has no checkpoint before it is prepared, and none of its rows are folded then.
pub async fn a_read_model_begins_before_the_first_event(store: impl ReadModelStore) {
    assert!(expect(store.read_rows(&MODEL.partition(0), &[key("a")]).await).is_none());
    assert!(expect(store.take_lease(&MODEL.partition(0), "somebody", LASTS, Take::IfFree).await).is_none());
    prepare(&store, 3).await;
    let begun = Checkpoint { position: None, partitions: 3, is_live: false, activity: Activity::Running };
    for number in 0..3 {
        assert_eq!(checkpoint(&store, &MODEL.partition(number)).await, begun);
        assert_eq!(take(&store, &MODEL.partition(number), "somebody").await.position, None);
    }
}

/// A read model keeps what it was prepared with first.
pub async fn a_read_model_is_prepared_once(store: impl ReadModelStore) {
    prepare(&store, 2).await;
    let lease = take(&store, &MODEL.partition(1), "somebody").await;
    assert!(expect(store.commit_rows(commit(&MODEL.partition(1), lease, 5, "a", 1)).await));
    let other = Prepare { declared: "Others(Added)".to_owned(), ..preparation(MODEL, 4) };
    assert_eq!(expect(store.prepare(&other).await), preparation(MODEL, 2));
    assert_eq!(read(&store, &MODEL.partition(1), "a").await, (Some(5), Some(1)));
}

/// What is recorded before a subscription begins is left out. The first preparation determines the
/// position at which it begins.
pub async fn a_subscription_begins_where_it_was_prepared_first(store: impl ReadModelStore) {
    let begins =
        |at: Option<u64>| Prepare { begins_after: at.map(position), output: Output::Effects, ..preparation(MODEL, 2) };
    for at in [Some(7), None, Some(9)] {
        expect(store.prepare(&begins(at)).await);
        for number in 0..2 {
            let partition = &MODEL.partition(number);
            assert_eq!(checkpoint(&store, partition).await.position, Some(position(7)));
            assert_eq!(take(&store, partition, "somebody").await.position, Some(position(7)));
        }
    }
}

/// Rows and checkpoint change together.
pub async fn rows_are_those_of_their_checkpoint(store: impl ReadModelStore) {
    prepare(&store, 1).await;
    let partition = &MODEL.partition(0);
    let mut lease = take(&store, partition, "somebody").await;
    for (to, number) in [(3, Some(1)), (4, Some(2)), (9, None), (10, Some(3))] {
        assert!(expect(store.commit_rows(commit(partition, lease, to, "a", number)).await));
        assert_eq!(read(&store, partition, "a").await, (Some(to), number));
        lease.position = Some(position(to));
    }
    let nothing = RowCommit { rows: Vec::new(), ..commit(partition, lease, 20, "a", None) };
    assert!(expect(store.commit_rows(nothing).await));
    assert_eq!(read(&store, partition, "a").await, (Some(20), Some(3)));
    assert_eq!(read(&store, partition, "b").await, (Some(20), None));
}

/// Whoever has lost the lease writes nothing.
pub async fn a_commit_with_an_old_fence_writes_nothing(store: impl ReadModelStore) {
    prepare(&store, 1).await;
    let partition = &MODEL.partition(0);
    let old = take(&store, partition, "somebody").await;
    expect(store.release(partition, old.fence, None).await);
    let new = take(&store, partition, "somebody else").await;
    assert!(new.fence > old.fence, "the fence does not grow");
    let late = commit(partition, old, 5, "a", 1);
    let nothing = RowCommit { rows: Vec::new(), ..late.clone() };
    assert!(!expect(store.commit_rows(late).await));
    assert!(!expect(store.commit_rows(nothing).await));
    assert_eq!(read(&store, partition, "a").await, (None, None));
    // Nor does it give back the lease of the other.
    let failure = Failure { position: position(1), error: "too late".to_owned() };
    expect(store.release(partition, old.fence, Some(&failure)).await);
    assert_eq!(checkpoint(&store, partition).await.activity, Activity::Running);
    assert!(expect(store.take_lease(partition, "somebody", LASTS, Take::IfFree).await).is_none());
    assert!(expect(store.commit_rows(commit(partition, new, 5, "a", 2)).await));
}

/// Of commits that begin at the same checkpoint, one writes.
pub async fn one_of_concurrent_commits_wins(store: impl ReadModelStore) {
    prepare(&store, 1).await;
    let partition = &MODEL.partition(0);
    let lease = take(&store, partition, "somebody").await;
    let commits = (1..=8).map(|number| store.commit_rows(commit(partition, lease, 7, "a", number)));
    // A commit that meets a different one may fail, and then it has written nothing.
    let won: Vec<_> = (1..=8).zip(all(commits).await).filter(|(_, answer)| matches!(answer, Ok(true))).collect();
    assert!(won.len() <= 1, "{} commits from one checkpoint are acknowledged", won.len());
    let (reached, number) = read(&store, partition, "a").await;
    if let Some((winner, _)) = won.first() {
        assert_eq!((reached, number), (Some(7), Some(*winner)));
    }
    let again = commit(partition, lease, 8, "a", 100);
    assert!(reached.is_none() || !expect(store.commit_rows(again).await), "a commit from an old checkpoint writes");
}

/// A lease has one owner.
pub async fn a_lease_has_one_owner_until_it_is_given_back_or_ends(store: impl ReadModelStore) {
    prepare(&store, 2).await;
    let partition = &MODEL.partition(0);
    let first = take(&store, partition, "somebody").await;
    assert!(expect(store.take_lease(partition, "somebody else", LASTS, Take::IfFree).await).is_none());
    take(&store, &MODEL.partition(1), "somebody else").await;
    let again = take(&store, partition, "somebody").await;
    assert!(again.fence > first.fence, "the fence does not grow");
    expect(store.release(partition, again.fence, None).await);
    let short = expect(store.take_lease(partition, "somebody else", Duration::ZERO, Take::IfFree).await);
    assert!(short.is_some(), "a lease that was given back is not free");
    let taken = all((0..4).map(|_| store.take_lease(partition, "somebody", LASTS, Take::IfFree))).await;
    assert!(taken.into_iter().all(|lease| expect(lease).is_some()), "a lease that has ended is not free");
}

/// A lease that is taken from its owner ends at once, and a failure is still shown.
pub async fn a_lease_that_is_taken_from_its_owner_ends(store: impl ReadModelStore) {
    prepare(&store, 1).await;
    let partition = &MODEL.partition(0);
    let first = take(&store, partition, "somebody").await;
    let taken = expect(store.take_lease(partition, "somebody else", LASTS, Take::FromOwner).await);
    let taken = taken.unwrap_or_else(|| panic!("the lease of {partition} is not taken from its owner"));
    assert!(taken.fence > first.fence, "the fence does not grow");
    assert!(!expect(store.commit_rows(commit(partition, first, 3, "a", 1)).await), "the owner commits still");
    assert!(expect(store.commit_rows(commit(partition, taken, 3, "a", 1)).await));
    let failure = Failure { position: position(4), error: "it failed".to_owned() };
    expect(store.release(partition, taken.fence, Some(&failure)).await);
    let again = expect(store.take_lease(partition, "somebody else", LASTS, Take::FromOwner).await);
    let again = again.unwrap_or_else(|| panic!("the lease of {partition} is not taken after a failure"));
    expect(store.release(partition, again.fence, None).await);
    assert_eq!(checkpoint(&store, partition).await.activity, Activity::Stopped(failure));
    expect(store.pause(&MODEL).await);
    assert!(expect(store.take_lease(partition, "somebody", LASTS, Take::FromOwner).await).is_none());
}

/// A failure is shown until somebody continues, and the end of the log is reached once.
pub async fn a_failure_is_shown_until_somebody_continues(store: impl ReadModelStore) {
    prepare(&store, 1).await;
    let partition = &MODEL.partition(0);
    let lease = take(&store, partition, "somebody").await;
    let live = RowCommit { is_live: true, ..commit(partition, lease, 3, "a", 1) };
    assert!(expect(store.commit_rows(live).await));
    let failure = Failure { position: position(4), error: "it $broke".to_owned() };
    expect(store.release(partition, lease.fence, Some(&failure)).await);
    let stopped =
        Checkpoint { position: Some(position(3)), partitions: 1, is_live: true, activity: Activity::Stopped(failure) };
    assert_eq!(checkpoint(&store, partition).await, stopped);
    let lease = take(&store, partition, "somebody else").await;
    assert_eq!(lease.position, Some(position(3)));
    assert_eq!(checkpoint(&store, partition).await, Checkpoint { activity: Activity::Running, ..stopped });
    assert!(expect(store.commit_rows(commit(partition, lease, 4, "a", 2)).await));
    assert!(checkpoint(&store, partition).await.is_live);
}

/// Keys are values, and versions and partitions are apart.
pub async fn rows_of_two_versions_and_of_odd_keys_never_meet(store: impl ReadModelStore) {
    let newer = ReadModelId { version: 2, ..MODEL };
    let odd = ["a", "$set", "a.b", "{\"$gt\":\"\"}", "ä", " a "];
    for (model, first) in [(&MODEL, 0), (&newer, 100)] {
        expect(store.prepare(&preparation(model.clone(), 1)).await);
        let partition = &model.partition(0);
        let lease = take(&store, partition, "somebody").await;
        let rows = odd.iter().zip(first..).map(|(odd, number)| (key(odd), Some(row(number)))).collect();
        assert!(expect(store.commit_rows(RowCommit { rows, ..commit(partition, lease, 1, "a", 1) }).await));
    }
    for (model, first) in [(&MODEL, 0), (&newer, 100)] {
        for (odd, number) in odd.iter().zip(first..) {
            assert_eq!(read(&store, &model.partition(0), odd).await, (Some(1), Some(number)), "{odd}");
        }
    }
}

/// A preparation of one partition with indexes.
pub(super) fn indexed(indexes: &'static [RowIndex]) -> Prepare {
    Prepare { indexes, ..preparation(MODEL, 1) }
}

/// The number of each row that exists, of those with the keys `a` to `d`.
async fn numbers(store: &impl ReadModelStore) -> Vec<(String, i64)> {
    let keys = ["a", "b", "c", "d"].map(key);
    let read = expect(store.read_rows(&MODEL.partition(0), &keys).await);
    let rows = read.map(|(_, StoredRows { rows, .. })| rows).unwrap_or_default();
    let mut numbers: Vec<_> =
        rows.iter().map(|(key, row)| (key.to_string(), expect(row.as_raw().get_i64("number")))).collect();
    numbers.sort_unstable();
    numbers
}

/// A commit of several rows.
pub(super) fn commit_all(lease: Lease, to: u64, rows: &[(&str, Option<i64>)]) -> RowCommit {
    let rows = rows.iter().map(|(row_key, number)| (key(row_key), number.map(row))).collect();
    RowCommit { rows, ..commit(&MODEL.partition(0), lease, to, "a", None) }
}

/// Requires that a commit or a preparation is refused because of a row of `MODEL`.
pub(super) fn assert_not_unique<R: std::fmt::Debug>(
    answer: Result<R, StoreError>,
    index: RowIndex,
    is_refused: impl Fn(Option<&str>) -> bool,
) {
    match answer {
        Err(StoreError::NotUnique { read_model, key, index: name }) => {
            assert_eq!((read_model, name), (MODEL, index.to_string()));
            let key = key.as_ref().map(AggregateId::as_str);
            assert!(is_refused(key), "the error names the row {key:?}");
        }
        answer => panic!("rows with the same values are not refused: {answer:?}"),
    }
}

/// A commit after which two rows have the same values in a unique index writes nothing, and names
/// the row and the index.
pub async fn a_unique_index_refuses_rows_with_the_same_values(store: impl ReadModelStore) {
    const PAIR: RowIndex = RowIndex {
        fields: &[("other", Direction::Ascending), ("number", Direction::Ascending)],
        uniqueness: Uniqueness::NotUnique,
        rows: None,
    };
    let wanted = indexed(&[UNIQUE_NUMBER, PAIR]);
    for _ in 0..2 {
        assert_eq!(expect(store.prepare(&wanted).await), wanted);
    }
    let partition = &MODEL.partition(0);
    let mut lease = take(&store, partition, "somebody").await;
    assert!(expect(store.commit_rows(commit_all(lease, 1, &[("a", Some(1)), ("b", Some(2))])).await));
    lease.position = Some(position(1));
    let before = checkpoint(&store, partition).await;
    let refused = store.commit_rows(commit_all(lease, 2, &[("c", Some(3)), ("d", Some(1))])).await;
    assert_not_unique(refused, UNIQUE_NUMBER, |key| key == Some("d"));
    let refused = store.commit_rows(commit_all(lease, 2, &[("c", Some(7)), ("d", Some(7))])).await;
    assert_not_unique(refused, UNIQUE_NUMBER, |key| key == Some("c") || key == Some("d"));
    let refused = store.commit_rows(commit(partition, lease, 2, "a", 2)).await;
    assert_not_unique(refused, UNIQUE_NUMBER, |key| key == Some("a"));
    assert_eq!(checkpoint(&store, partition).await, before);
    assert_eq!(numbers(&store).await, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    // The row itself has the value, so it can keep it, and the lease is still held.
    assert!(expect(store.commit_rows(commit_all(lease, 2, &[("a", Some(1)), ("c", Some(3))])).await));
    // A different version has separate rows.
    let newer = ReadModelId { version: 2, ..MODEL };
    expect(store.prepare(&Prepare { model: newer.clone(), ..wanted }).await);
    let lease = take(&store, &newer.partition(0), "somebody").await;
    assert!(expect(store.commit_rows(commit(&newer.partition(0), lease, 1, "z", 1)).await));
}

/// The order of the rows in a commit does not matter to a unique index.
pub async fn a_unique_index_compares_the_rows_after_a_commit(store: impl ReadModelStore) {
    expect(store.prepare(&indexed(&[UNIQUE_NUMBER])).await);
    let mut lease = take(&store, &MODEL.partition(0), "somebody").await;
    let commits: [(&[_], &[_]); 4] = [
        (&[("a", Some(1)), ("b", Some(2)), ("c", Some(3))], &[("a", 1), ("b", 2), ("c", 3)]),
        // Two rows exchange their values.
        (&[("a", Some(2)), ("b", Some(1))], &[("a", 2), ("b", 1), ("c", 3)]),
        // Each takes the value of the next, and the last one gets a new value.
        (&[("a", Some(1)), ("b", Some(3)), ("c", Some(4))], &[("a", 1), ("b", 3), ("c", 4)]),
        // One takes the value of a row that is removed.
        (&[("d", Some(3)), ("b", None)], &[("a", 1), ("c", 4), ("d", 3)]),
    ];
    for (to, (rows, expected)) in (1..).zip(commits) {
        assert!(expect(store.commit_rows(commit_all(lease, to, rows)).await));
        let expected: Vec<_> = expected.iter().map(|(key, number)| ((*key).to_owned(), *number)).collect();
        assert_eq!(numbers(&store).await, expected);
        lease.position = Some(position(to));
    }
    let refused = store.commit_rows(commit_all(lease, 9, &[("a", Some(4)), ("b", Some(1))])).await;
    assert_not_unique(refused, UNIQUE_NUMBER, |key| key == Some("a"));
    // After a reset, no row has a value.
    assert!(expect(store.reset(&MODEL).await));
    let lease = take(&store, &MODEL.partition(0), "somebody").await;
    assert!(expect(store.commit_rows(commit_all(lease, 1, &[("e", Some(1)), ("f", Some(3))])).await));
}

/// Missing fields have the same value, and each element of an array is a value.
pub async fn a_missing_field_is_null_and_each_element_of_an_array_counts(store: impl ReadModelStore) {
    expect(store.prepare(&indexed(&[UNIQUE_NUMBER])).await);
    let lease = take(&store, &MODEL.partition(0), "somebody").await;
    let of = |first: bson::Document, second: bson::Document| {
        let row = |document| Some(expect(EventData::encode("row", &document)));
        RowCommit { rows: vec![(key("a"), row(first)), (key("b"), row(second))], ..commit_all(lease, 1, &[]) }
    };
    let same = [
        (bson::doc! {}, bson::doc! { "number": null }),
        (bson::doc! { "number": 1_i32 }, bson::doc! { "number": 1.0 }),
        (bson::doc! { "number": [1, 2] }, bson::doc! { "number": [3, 2] }),
        (bson::doc! { "number": [] }, bson::doc! { "number": [] }),
    ];
    for (first, second) in same {
        let refused = store.commit_rows(of(first, second)).await;
        assert_not_unique(refused, UNIQUE_NUMBER, |key| key.is_some());
    }
    let different = of(bson::doc! { "number": [1, 1] }, bson::doc! { "number": [] });
    assert!(expect(store.commit_rows(different).await));
}

/// An index that a read model did not have at first is created on the rows that exist.
pub async fn an_index_can_be_added_to_rows_that_exist(store: impl ReadModelStore) {
    expect(store.prepare(&indexed(&[])).await);
    let mut lease = take(&store, &MODEL.partition(0), "somebody").await;
    assert!(expect(store.commit_rows(commit_all(lease, 1, &[("a", Some(1)), ("b", Some(1))])).await));
    lease.position = Some(position(1));
    // The index is refused as long as two rows have the same values.
    assert_not_unique(store.prepare(&indexed(&[UNIQUE_NUMBER])).await, UNIQUE_NUMBER, |key| key.is_none());
    assert!(expect(store.commit_rows(commit_all(lease, 2, &[("b", Some(2))])).await));
    lease.position = Some(position(2));
    expect(store.prepare(&indexed(&[UNIQUE_NUMBER])).await);
    let refused = store.commit_rows(commit_all(lease, 3, &[("c", Some(1))])).await;
    assert_not_unique(refused, UNIQUE_NUMBER, |key| key == Some("c"));
    // A program that does not declare the index leaves it alone.
    expect(store.prepare(&indexed(&[])).await);
    let refused = store.commit_rows(commit_all(lease, 3, &[("c", Some(2))])).await;
    assert_not_unique(refused, UNIQUE_NUMBER, |key| key == Some("c"));
    assert!(expect(store.commit_rows(commit_all(lease, 3, &[("c", Some(3))])).await));
}
