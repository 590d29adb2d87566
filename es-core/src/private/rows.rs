//! The types of rows that a projection lists.

use serde::de;

use super::{Message, RowIndex, RowName, same_name};

/// The number of indexes of a collection in MongoDB, without that on `_id`.
const MOST_INDEXES: usize = 63;

/// Refuses a type of rows that has the stored name of one before it in the list.
///
/// # Panics
///
/// If it has. It runs in a `const`, so the panic is a compile error in the caller's code.
#[track_caller]
pub const fn assert_row_listed(at: usize, names: &[RowName], shown: &[&str]) {
    let name = names[at].as_str();
    let mut other = 0;
    while other < at {
        if same_name(names[other].as_str(), name) {
            let tail = "`; give one of them another `name`, as in `#[row(name = \"..\")]`";
            let parts = ["`", shown[other], "` and `", shown[at], "` are both stored as `", name, tail];
            panic!("{}", Message::of(&parts).as_str());
        }
        other += 1;
    }
}

/// The indexes of all types of rows.
///
/// # Panics
///
/// If they are more than a read model may have. It runs in a `const`, so the panic is a compile error
/// in the caller's code.
#[track_caller]
pub const fn join_indexes<const N: usize>(of_types: &[&[RowIndex]]) -> [RowIndex; N] {
    assert!(N <= MOST_INDEXES, "a read model has at most 63 indexes, of all its types of rows; remove some");
    let mut joined = [RowIndex { fields: &[], uniqueness: super::Uniqueness::NotUnique, rows: None }; N];
    let (mut filled, mut of_type) = (0, 0);
    while of_type < of_types.len() {
        let mut at = 0;
        while at < of_types[of_type].len() {
            joined[filled] = of_types[of_type][at];
            filled += 1;
            at += 1;
        }
        of_type += 1;
    }
    joined
}

/// The error of a row whose type is not listed.
pub fn no_such_row<E: de::Error>() -> E {
    E::custom("its type is not listed in `rows(..)`")
}
