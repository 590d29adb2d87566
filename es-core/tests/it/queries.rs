//! Queries of a store of which only the trait is known.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::sync::Arc;

use es_core::conformance::{Added, Numbers};
use es_core::error::QueryError;
use es_core::memory::MemoryStore;
use es_core::query::Page;
use es_core::store::{Decoded, EventData, QueryStore};
use es_core::{Metadata, Repository, StoreError};

fn spawnable<T: Send + 'static>(value: T) -> T {
    value
}

#[tokio::test]
async fn a_store_that_was_chosen_at_run_time_answers_queries_and_traces() {
    let memory = MemoryStore::new();
    let numbers = Repository::<Numbers>::new(&memory);
    let first = numbers.create("a", Added { number: 1 }).by("ann").await.unwrap();
    let caused = Metadata::caused_by(&first.events[0]).user("robot");
    numbers.create("b", (Added { number: 2 }, Added { number: 3 })).metadata(caused).await.unwrap();

    let store: Arc<dyn QueryStore> = Arc::new(memory);
    let page: Page<EventData> = spawnable(store.events().by_user("robot").limit(1).page()).await.unwrap();
    assert_eq!((page.events.len(), page.events[0].position.get()), (1, 2));
    let rest = store.events().by_user("robot").after(page.next.unwrap()).page().await.unwrap();
    assert_eq!((rest.events[0].position.get(), rest.next), (3, None));
    let decoded = spawnable(store.events().of::<Added>().page_as::<Numbers>()).await.unwrap();
    assert_eq!(decoded.events.len(), 3);
    assert_eq!(spawnable(store.events().of::<Added>().count_as::<Numbers>()).await.unwrap(), 3);
    assert_eq!(spawnable(store.events().count()).await.unwrap(), 3);

    let trace = spawnable(store.trace(&first.events[0].id.to_string())).await.unwrap();
    let tree: Vec<_> = trace.iter().map(|(depth, event)| (depth, event.position.get())).collect();
    assert_eq!(tree, [(0, 1), (1, 2), (1, 3)]);
    assert!(matches!(trace.roots[0].event.decode::<Numbers>(), Ok(Decoded::One(_))));
}

#[tokio::test]
async fn an_answer_ends_after_its_first_error() {
    let store = MemoryStore::new();
    for query in [store.events().of_type("Subtracted"), store.events().of_type("")] {
        let mut answer = query.read_as::<Numbers>();
        let error = answer.next().await;
        assert!(matches!(error, Some(Err(StoreError::Query(QueryError::UnknownEventType { .. })))), "{error:?}");
        assert!(answer.next().await.is_none());
    }
    let mut answer = store.events().stored_as("Added").read();
    let error = answer.next().await;
    assert!(matches!(error, Some(Err(StoreError::Query(QueryError::UnknownEventType { .. })))), "{error:?}");
    assert!(answer.next().await.is_none());
    assert!(store.events().read().next().await.is_none());
}
