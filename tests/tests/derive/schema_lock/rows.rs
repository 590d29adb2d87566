//! The rows of projections.

use es_core::projection::{Project, Projection, Row, RowChanges};
use es_core::schema::RowCheck;
use es_core::{Aggregate, Apply, Context, Timestamp, event};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::Lock;

#[event(version = 1)]
struct Paid {
    cents: i64,
}

#[event(version = 1)]
struct Refunded {
    cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Paid, Refunded))]
struct Invoice {}

super::apply_nothing!(Invoice: Paid, Refunded);

macro_rules! balance {
    ($release:ident, $version:literal, events($($events:tt)*), $($field:ident: $type:ty),*) => {
        mod $release {
            use super::*;

            #[derive(Projection, Default)]
            #[projection(version = $version, key = aggregate_id, events(Invoice($($events)*)))]
            pub(super) struct Balance { $(pub(super) $field: $type),* }

            super::super::apply_nothing!(Balance: Paid, Refunded);
        }
    };
}

balance! { released, 2, events(Paid, ..), open: i64, last: Option<Timestamp> }
balance! { reshaped, 2, events(Paid, ..), open: String, last: Option<Timestamp> }
balance! { reshaped_and_raised, 3, events(Paid, ..), open: String, last: Option<Timestamp> }
balance! { reads_more, 2, events(Paid, Refunded), open: i64, last: Option<Timestamp> }
balance! { older, 1, events(Paid, ..), open: i64 }

fn check<P: Projection>(lock: &Lock, is_update: bool) -> Result<(), String> {
    RowCheck::<P>::new(&lock.path).update(is_update).try_run().map_err(|error| error.to_string())
}

fn released() -> Lock {
    let lock = Lock::new();
    check::<released::Balance>(&lock, true).unwrap();
    lock
}

#[track_caller]
fn assert_refused<P: Projection>(parts: &[&str]) {
    let lock = released();
    let before = lock.text();
    for is_update in [false, true] {
        let error = check::<P>(&lock, is_update).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "`{part}` is missing in:\n{error}");
        }
    }
    assert_eq!(lock.text(), before);
}

#[test]
fn the_rows_of_a_projection_are_recorded_beside_its_aggregates() {
    let lock = Lock::new();
    let new = check::<released::Balance>(&lock, false).unwrap_err();
    assert!(
        new.starts_with("the schema of balance differs from ") && new.contains("new: the projection balance"),
        "{new}"
    );
    check::<released::Balance>(&lock, true).unwrap();
    lock.update::<Invoice>().unwrap();
    check::<released::Balance>(&lock, false).unwrap();
    lock.check::<Invoice>().unwrap();
    let section = "projection balance\n  reads Invoice(Paid)\n  rows 2\n    open: i64\n    last?: date | null\n";
    assert!(lock.text().contains(section), "{}", lock.text());
}

#[test]
fn rows_of_a_different_shape_need_a_new_version() {
    assert_refused::<reshaped::Balance>(&[
        "broken: the rows of balance changed, but their version is still 2",
        "    -open: i64\n    +open: string\n",
        "raise `#[projection(version = 3)]`: the rows of the new version are built beside the stored ones",
    ]);
    let lock = released();
    let new = check::<reshaped_and_raised::Balance>(&lock, false).unwrap_err();
    assert!(new.contains("new: version 3 of the projection balance"), "{new}");
    check::<reshaped_and_raised::Balance>(&lock, true).unwrap();
    assert!(lock.text().contains("rows 3\n"), "{}", lock.text());
    assert!(!lock.text().contains("rows 2\n"), "{}", lock.text());
}

#[test]
fn rows_that_are_folded_from_other_events_need_a_new_version() {
    assert_refused::<reads_more::Balance>(&[
        "broken: the projection balance reads other events, but its version is still 2",
        "    -Invoice(Paid)\n    +Invoice(Paid, Refunded)\n",
        "raise `#[projection(version = 3)]`",
    ]);
}

#[test]
fn a_version_never_goes_back() {
    assert_refused::<older::Balance>(&[
        "broken: the projection balance has version 1, but version 2 was released",
        "raise `#[projection(version = 3)]`",
    ]);
}

/// A text that no generated value is.
#[derive(Debug, Clone, Default)]
struct Isbn;

impl Serialize for Isbn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("978-3-16-148410-0")
    }
}

impl<'de> Deserialize<'de> for Isbn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "978-3-16-148410-0" => Ok(Self),
            _ => Err(de::Error::custom("it is not an ISBN")),
        }
    }
}

#[derive(Projection, Default)]
#[projection(version = 1, key = aggregate_id, events(Invoice(Paid, ..)))]
struct Book {
    isbn: Isbn,
}

super::apply_nothing!(Book: Paid);

#[test]
fn a_row_can_be_given_if_none_can_be_generated() {
    let lock = Lock::new();
    let error = check::<Book>(&lock, true).unwrap_err();
    for part in ["the rows of book: ", "`isbn`", "`RowCheck::<..>::new(..).row(..).run()`"] {
        assert!(error.contains(part), "`{part}` is missing in:\n{error}");
    }
    let given = || RowCheck::<Book>::new(&lock.path).row(&Book { isbn: Isbn });
    given().update(true).run();
    given().update(false).run();
    assert!(lock.text().contains("isbn: string"), "{}", lock.text());
}

macro_rules! ledger {
    ($release:ident, $version:literal, rows($($rows:tt)*), $($row:ident { $($field:ident: $type:ty),* })*) => {
        mod $release {
            use super::*;

            #[derive(Projection)]
            #[projection(version = $version, rows($($rows)*), events(Invoice(Paid, ..)))]
            pub(super) struct Ledger;

            impl Project<Paid> for Ledger {
                fn project(_: Paid, _: &Context, _: &mut RowChanges<Self>) {}
            }

            $(
                #[derive(Row)]
                #[row(key = String)]
                pub(super) struct $row { $(pub(super) $field: $type),* }
            )*
        }
    };
}

ledger! { ledger, 1, rows(Total, Line), Total { cents: i64, last: Option<Timestamp> } Line { day: String } }
ledger! { ledger_in_another_order, 1, rows(Line, Total), Total { cents: i64, last: Option<Timestamp> } Line { day: String } }
ledger! { ledger_reshaped, 1, rows(Total, Line), Total { cents: i64, last: Option<Timestamp> } Line { day: u32 } }
ledger! { ledger_with_a_type_less, 1, rows(Total), Total { cents: i64, last: Option<Timestamp> } }
ledger! { ledger_of_books, 1, rows(Total, Book), Total { cents: i64 } Book { isbn: Isbn } }

#[test]
fn each_type_of_rows_has_its_shape_in_the_version_of_the_projection() {
    let lock = Lock::new();
    check::<ledger::Ledger>(&lock, true).unwrap();
    let section = "projection ledger\n  reads Invoice(Paid) into line, total\n  rows 1\n    line\n      day: string\n    \
                   total\n      cents: i64\n      last?: date | null\n";
    assert!(lock.text().contains(section), "{}", lock.text());
    check::<ledger::Ledger>(&lock, false).unwrap();
    check::<ledger_in_another_order::Ledger>(&lock, false).unwrap();
    for is_update in [false, true] {
        let reshaped = check::<ledger_reshaped::Ledger>(&lock, is_update).unwrap_err();
        assert!(reshaped.contains("the rows of ledger changed, but their version is still 1"), "{reshaped}");
        assert!(reshaped.contains("    -  day: string\n    +  day: u32\n"), "{reshaped}");
        let less = check::<ledger_with_a_type_less::Ledger>(&lock, is_update).unwrap_err();
        assert!(less.contains("the rows of ledger changed") && less.contains("into other types of rows"), "{less}");
    }
}

#[test]
fn a_row_of_any_type_can_be_given() {
    use ledger_of_books::{Book, Ledger};
    let lock = Lock::new();
    let error = check::<Ledger>(&lock, true).unwrap_err();
    assert!(error.contains("the rows of ledger, of the type book: ") && error.contains("`isbn`"), "{error}");
    RowCheck::<Ledger>::new(&lock.path).row(&Book { isbn: Isbn }).update(true).run();
    assert!(lock.text().contains("    book\n      isbn: string\n"), "{}", lock.text());
}
