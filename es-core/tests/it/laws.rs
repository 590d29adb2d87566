//! Shows for each law of a store that it fails if it is broken, and holds otherwise.

/// Declares the mistakes, each with the law that detects it.
macro_rules! mistakes {
    ($($(#[$doc:meta])* $mistake:ident => $law:ident,)+) => {
        /// One mistake of a store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Mistake {
            $($(#[$doc])* $mistake,)+
        }

        impl Mistake {
            /// All mistakes, each with the name of the law that detects it.
            pub(crate) const ALL: &[(Self, &str)] = &[$((Self::$mistake, stringify!($law)),)+];
        }
    };
}

mod wrong_feeds;
mod wrong_queries;
mod wrong_read_models;
mod wrong_store;
mod wrong_turns;

/// Generates one test for each law, with the `WrongStore` and the `Mistake` in scope. If no mistake
/// breaks a law, its test fails.
macro_rules! seen_to_fail {
    ($($law:ident)+) => {
        const LAWS: &[&str] = &[$(stringify!($law)),+];

        $(#[tokio::test(flavor = "multi_thread")]
        async fn $law() {
            conformance::$law(WrongStore::new(None)).await;
            let mistakes = Mistake::ALL.iter().filter(|(_, law)| *law == stringify!($law));
            let mut made = 0;
            for (mistake, _) in mistakes {
                let law = AssertUnwindSafe(conformance::$law(WrongStore::new(*mistake)));
                assert!(law.catch_unwind().await.is_err(), "the law holds despite {mistake:?}");
                made += 1;
            }
            assert!(made > 0, "no mistake breaks this law, so it is unknown whether it can fail");
        })+

        #[test]
        fn every_mistake_breaks_an_existing_law() {
            for (mistake, law) in Mistake::ALL {
                assert!(LAWS.contains(law), "{mistake:?} is declared for {law}, which is not a law");
            }
        }
    };
}

mod of_stores {
    use std::panic::AssertUnwindSafe;

    use es_core::conformance;
    use futures_util::FutureExt;

    use super::wrong_store::{Mistake, WrongStore};

    es_core::conformance_laws!(seen_to_fail);
}

mod of_queries {
    use std::panic::AssertUnwindSafe;

    use es_core::conformance;
    use futures_util::FutureExt;

    use super::wrong_queries::{Mistake, WrongStore};

    es_core::query_laws!(seen_to_fail);
}

mod of_feeds {
    use std::panic::AssertUnwindSafe;

    use es_core::conformance;
    use futures_util::FutureExt;

    use super::wrong_feeds::{Mistake, WrongStore};

    es_core::feed_laws!(seen_to_fail);
}

mod of_read_models {
    use std::panic::AssertUnwindSafe;

    use es_core::conformance;
    use futures_util::FutureExt;

    use super::wrong_read_models::{Mistake, WrongStore};

    es_core::read_model_laws!(seen_to_fail);
}

mod of_feeds_within_aggregates {
    use std::panic::AssertUnwindSafe;

    use es_core::conformance;
    use futures_util::FutureExt;

    use super::wrong_feeds::within_aggregates::{Mistake, WrongStore};

    seen_to_fail!(a_store_without_an_order_across_aggregates_cannot_be_followed);
}
