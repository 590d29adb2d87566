//! The aggregate itself: its stored name, and the state in its snapshots.

use std::collections::BTreeMap;

use es_core::schema::Check;
use es_core::{Aggregate, Apply, Context, event};
use serde::{Deserialize, Serialize};

use super::releases::*;
use super::rules::first as first_lock;
use super::{Lock, apply_nothing};

#[test]
fn a_renamed_aggregate_is_not_accepted_as_a_new_one() {
    let lock = first_lock();
    let before = lock.text();
    for error in
        [lock.check::<new_aggregate_name::Bill>().unwrap_err(), lock.update::<new_aggregate_name::Bill>().unwrap_err()]
    {
        for part in [
            "broken: the aggregate Bill is new, but Invoice was released with Paid, Sent",
            "`#[aggregate(name = \"Invoice\")]`",
            "`Check::<..>::new(..).beside(\"Invoice\").run()`",
        ] {
            assert!(error.contains(part), "`{part}` is missing in:\n{error}");
        }
    }
    assert_eq!(lock.text(), before);
}

#[test]
fn a_renamed_aggregate_is_found_by_the_older_names_of_its_events() {
    let error = first_lock().update::<new_names::Bill>().unwrap_err();
    assert!(error.contains("Invoice was released with Delivered"), "{error}");
}

#[test]
fn a_type_may_be_renamed_if_the_stored_name_is_kept() {
    first_lock().check::<kept_aggregate_name::Bill>().unwrap();
}

#[test]
fn an_aggregate_that_shares_events_declares_it_once() {
    let lock = first_lock();
    Check::<new_aggregate_name::Bill>::new(&lock.path).beside("Invoice").update(true).run();
    lock.check::<new_aggregate_name::Bill>().unwrap();
    lock.check::<first::Invoice>().unwrap();
}

#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Floor(String);

#[event(version = 1)]
pub(crate) struct Built;

macro_rules! house {
    ($name:ident [$($key:tt)*]) => {
        #[derive(Aggregate, Default)]
        #[aggregate(events(Built) $($key)*)]
        pub(crate) struct $name {
            rooms: BTreeMap<Floor, String>,
        }

        apply_nothing!($name: Built);
    };
}

house! { House [, snapshot(every = 10)] }
house! { Shed [] }

#[test]
fn a_state_that_cannot_be_read_back_is_refused() {
    let lock = Lock::new();
    for error in [lock.check::<House>().unwrap_err(), lock.update::<House>().unwrap_err()] {
        for part in [
            "broken: the state of House is written into snapshots but cannot be read back: ",
            "    rooms:\n",
            "`#[serde(transparent)]`",
        ] {
            assert!(error.contains(part), "`{part}` is missing in:\n{error}");
        }
    }
    assert!(!lock.path.exists());
}

#[test]
fn a_state_that_is_never_stored_need_not_be_read_back() {
    Lock::new().update::<Shed>().unwrap();
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Brand {
    Visa,
    Amex,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Method {
    ByCard { brand: Brand },
    ByTransfer { bank: Brand },
}

#[event(version = 1)]
pub(crate) enum Settled {
    ByCard { brand: Brand },
    ByTransfer { bank: Brand },
    Other(Method),
}

#[derive(Aggregate, Default)]
#[aggregate(events(Settled), snapshot(every = 10))]
pub(crate) enum Payment {
    #[default]
    Open,
    Settled {
        method: Method,
        then: Vec<Method>,
    },
    Refunded(Method),
}

apply_nothing!(Payment: Settled);

#[test]
fn enums_in_variants_of_events_and_states_are_found() {
    let lock = Lock::new();
    lock.update::<Payment>().unwrap();
    lock.check::<Payment>().unwrap();
    let text = lock.text();
    for part in [
        "          byTransfer: document\n            bank: one of\n              visa\n              amex\n",
        "            ByTransfer: document\n              bank: one of\n                visa\n                amex\n",
        "        bank: \"visa\"\n",
    ] {
        assert!(text.contains(part), "{part}\nis missing in:\n{text}");
    }
}
