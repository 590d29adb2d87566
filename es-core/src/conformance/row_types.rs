//! Laws of read models with several types of rows.

use super::expect;
use super::read_model::{MODEL, UNIQUE_NUMBER, assert_not_unique, commit_all, indexed, position, read, take};
use crate::projection::{RowIndex, RowName};
use crate::store::ReadModelStore;

const OF_ITEMS: RowIndex = RowIndex { rows: Some(RowName::new("item")), ..UNIQUE_NUMBER };

const OF_BOXES: RowIndex = RowIndex { rows: Some(RowName::new("box")), ..UNIQUE_NUMBER };

/// An index on the rows of one type neither has nor compares those of the others.
pub async fn a_unique_index_of_a_type_of_rows_ignores_the_others(store: impl ReadModelStore) {
    expect(store.prepare(&indexed(&[OF_ITEMS])).await);
    let partition = &MODEL.partition(0);
    let mut lease = take(&store, partition, "somebody").await;
    let one = Some(1);
    // `items` and `item_0` only begin with the same letters.
    let rows =
        [("item/a", one), ("box/a", one), ("items/a", one), ("item_0/a", one), ("item_0/b", one), ("item0", one)];
    assert!(expect(store.commit_rows(commit_all(lease, 1, &rows)).await));
    lease.position = Some(position(1));
    let refused = store.commit_rows(commit_all(lease, 2, &[("item/b", one)])).await;
    assert_not_unique(refused, OF_ITEMS, |key| key == Some("item/b"));
    // A second type has the same index, which is created on the rows that exist.
    for _ in 0..2 {
        let both = indexed(&[OF_ITEMS, OF_BOXES]);
        assert_eq!(expect(store.prepare(&both).await), both);
    }
    let refused = store.commit_rows(commit_all(lease, 2, &[("box/b", one)])).await;
    assert_not_unique(refused, OF_BOXES, |key| key == Some("box/b"));
    // Two rows of a type exchange their values, and the rows of the other types keep theirs.
    for (to, [a, b]) in [(2, [1, 2]), (3, [2, 1])] {
        let rows = ["item", "box"].map(|of| [(format!("{of}/a"), Some(a)), (format!("{of}/b"), Some(b))]);
        let rows: Vec<_> = rows.iter().flatten().map(|(key, number)| (key.as_str(), *number)).collect();
        assert!(expect(store.commit_rows(commit_all(lease, to, &rows)).await));
        lease.position = Some(position(to));
    }
    for (key, number) in [("item/a", 2), ("item/b", 1), ("box/a", 2), ("box/b", 1), ("items/a", 1), ("item_0/b", 1)] {
        assert_eq!(read(&store, partition, key).await, (Some(3), Some(number)), "{key}");
    }
}
