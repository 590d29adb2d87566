//! The events that a split event can be read as.

use es_core::{Aggregate, Apply, Context, event};

use super::{Lock, apply_nothing};

/// One release. It reads `StatusChanged` as `$parts`.
macro_rules! release {
    ($name:ident: $parts:ty) => {
        mod $name {
            use super::*;

            #[event(version = 1)]
            pub struct Approved;

            #[event(version = 1)]
            pub struct Rejected;

            #[event(version = 1, name = "StatusChanged", split($parts))]
            pub struct Changed {
                pub status: String,
            }

            impl From<Changed> for $parts {
                fn from(_: Changed) -> Self {
                    Self::default()
                }
            }

            #[derive(Aggregate, Default)]
            #[aggregate(events(Approved, Rejected), split(Changed))]
            pub struct Order;

            apply_nothing!(Order: Approved, Rejected);
        }
    };
}

release!(one_of_both: Vec<OrderEvent>);
release!(approved_only: Option<Approved>);

#[test]
fn the_possible_parts_are_in_the_lock() {
    let lock = Lock::new();
    lock.update::<one_of_both::Order>().unwrap();
    lock.check::<one_of_both::Order>().unwrap();
    assert!(lock.text().contains("  event StatusChanged\n    part Approved\n    part Rejected\n"), "{}", lock.text());
}

#[test]
fn an_event_that_is_no_longer_read_as_a_part_is_reported() {
    let lock = Lock::new();
    lock.update::<one_of_both::Order>().unwrap();
    let before = lock.text();
    for error in [lock.check::<approved_only::Order>(), lock.update::<approved_only::Order>()] {
        let error = error.unwrap_err();
        assert!(error.contains("broken: a stored StatusChanged was read as Rejected, but no longer is"), "{error}");
        assert!(error.contains("delete the line `part Rejected`"), "{error}");
    }
    assert_eq!(lock.text(), before);
}

#[test]
fn a_further_part_is_new() {
    let lock = Lock::new();
    lock.update::<approved_only::Order>().unwrap();
    let error = lock.check::<one_of_both::Order>().unwrap_err();
    assert!(error.contains("new: a stored StatusChanged may be read as Rejected"), "{error}");
    assert!(!error.contains("broken:"), "{error}");
    lock.update::<one_of_both::Order>().unwrap();
    lock.check::<one_of_both::Order>().unwrap();
}

#[test]
fn a_lock_without_parts_is_still_valid() {
    let lock = Lock::new();
    lock.update::<one_of_both::Order>().unwrap();
    let text = lock.text();
    let older: String = text.split_inclusive('\n').filter(|line| !line.contains("part ")).collect();
    std::fs::write(&lock.path, &older).unwrap();
    lock.check::<one_of_both::Order>().unwrap();
    lock.check::<approved_only::Order>().unwrap();
    lock.update::<one_of_both::Order>().unwrap();
    assert!(lock.text().contains("    part Rejected\n"));
}
