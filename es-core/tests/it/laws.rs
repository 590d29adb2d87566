//! Each law of a store is seen to fail where it is broken, and to hold where nothing is wrong.

/// Declares the mistakes, each with the law that guards against it.
macro_rules! mistakes {
    ($($(#[$doc:meta])* $mistake:ident => $law:ident,)+) => {
        /// One thing that a store can do wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Mistake {
            $($(#[$doc])* $mistake,)+
        }

        impl Mistake {
            /// All of them, each with the name of the law that guards against it.
            pub(crate) const ALL: &[(Self, &str)] = &[$((Self::$mistake, stringify!($law)),)+];
        }
    };
}

mod wrong_queries;
mod wrong_store;

/// Makes one test of each law, with the `WrongStore` and the `Mistake` in scope. A law without a mistake against it fails.
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
                assert!(law.catch_unwind().await.is_err(), "the law holds in spite of {mistake:?}");
                made += 1;
            }
            assert!(made > 0, "no mistake breaks this law, so nobody knows whether it can fail");
        })+

        #[test]
        fn every_mistake_is_one_against_a_law_that_there_is() {
            for (mistake, law) in Mistake::ALL {
                assert!(LAWS.contains(law), "{mistake:?} is against {law}, which is no law");
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
