//! An aggregate that a macro of this crate declares in a different crate, which need not know the
//! path of the library.

use serde::{Deserialize, Serialize};

/// A type of this crate that the declared events store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cents(pub i64);

/// Declares an aggregate with one event, which stores [`Cents`].
#[macro_export]
macro_rules! declare_ledger {
    ($aggregate:ident, $event:ident) => {
        #[$crate::library::event(version = 1, crate = $crate::library)]
        #[derive(Debug, Clone, PartialEq)]
        pub struct $event {
            pub amount: $crate::ledger::Cents,
            pub note: Option<$crate::ledger::Cents>,
        }

        #[derive($crate::library::Aggregate, Debug, Default)]
        #[aggregate(events($event), snapshot(every = 10), crate = $crate::library)]
        pub struct $aggregate {
            pub booked: Vec<$crate::ledger::Cents>,
        }

        impl $crate::library::Apply<$event> for $aggregate {
            fn apply(&mut self, event: $event, _: &$crate::library::Context) {
                self.booked.push(event.amount);
            }
        }
    };
}
