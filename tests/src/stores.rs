//! Tests that run on both stores.
#![allow(clippy::unwrap_used, reason = "what a test cannot prepare ends it")]

use std::future::Future;

use es_core::memory::MemoryStore;
use es_core::store::{QueryStore, Store};
use es_core::{Aggregate, Timestamp};
use es_mongo::MongoStore;

/// A store on which a test runs.
pub trait TestStore: QueryStore + Store + Clone {
    /// A store without events.
    fn empty() -> impl Future<Output = Self> + Send;

    /// Archives the events before a time, and returns how many. `None` if the store has no archive.
    ///
    /// # Panics
    ///
    /// If they cannot be archived.
    fn archive_before<A: Aggregate>(&self, before: Timestamp) -> impl Future<Output = Option<u64>> + Send;
}

impl TestStore for MemoryStore {
    async fn empty() -> Self {
        Self::new()
    }

    async fn archive_before<A: Aggregate>(&self, _: Timestamp) -> Option<u64> {
        None
    }
}

impl TestStore for MongoStore {
    async fn empty() -> Self {
        crate::empty_store().await
    }

    async fn archive_before<A: Aggregate>(&self, before: Timestamp) -> Option<u64> {
        Some(self.archive::<A>(before).run().await.unwrap().moved)
    }
}

/// Makes two tests of each function: `in_memory` and `in_mongodb`.
#[macro_export]
macro_rules! on_both_stores {
    ($($test:ident)+) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(<$crate::library::memory::MemoryStore as $crate::stores::TestStore>::empty().await).await;
            })+
        }

        mod in_mongodb {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(<$crate::mongo::MongoStore as $crate::stores::TestStore>::empty().await).await;
            })+
        }
    };
}
