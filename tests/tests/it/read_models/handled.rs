//! Own handlers on a server: every event at least once, in order, with the same id each time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use es_core::store::{EventData, ReadModelStore};
use es_core::subscription::{HandleError, Handler};
use es_core::{EventId, RecordedEvent};
use tests::empty_store;
use tokio::sync::oneshot;

use super::*;

/// Everything that was handled, by all processes.
#[derive(Debug, Clone, Default)]
struct Outside {
    handled: Arc<Mutex<Vec<(u64, EventId)>>>,
    calls: Arc<AtomicUsize>,
    /// How long each call takes after its effects.
    takes: Duration,
}

impl Handler for Outside {
    async fn handle(&self, events: &[RecordedEvent<EventData>]) -> Result<(), HandleError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        for event in events {
            self.handled.lock().unwrap().push((event.position.get(), event.id));
        }
        tokio::time::sleep(self.takes).await;
        Ok(())
    }
}

fn handling(store: &MongoStore, outside: &Outside) -> Subscriptions {
    Subscriptions::on(store).handle("outside", feed::From::beginning(), outside.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_handled_at_least_once_although_processes_are_killed() {
    let store = empty_store().await;
    let outside = Outside { takes: Duration::from_millis(15), ..Outside::default() };
    for number in 0..30 {
        record(&store, "wallet", number).await;
        let process = tokio::spawn(handling(&store, &outside).run());
        tokio::time::sleep(Duration::from_millis(7 * (number as u64 % 6))).await;
        process.abort();
        let _ = process.await;
        end_leases(&store).await;
    }
    while let Err(error) = handling(&store, &outside).catch_up().await {
        assert!(matches!(error, SubscriptionError::Held { .. }), "{error}");
        end_leases(&store).await;
    }
    let handled = outside.handled.lock().unwrap().clone();
    let mut ids = BTreeMap::new();
    for (position, id) in &handled {
        assert_eq!(ids.entry(*position).or_insert(*id), id, "the id of an event is not the same each time");
    }
    assert_eq!(ids.into_keys().collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
    assert!(handled.len() > 30, "no process was killed after the effect and before the checkpoint");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_longer_than_a_lease_keeps_it() {
    let store = empty_store().await;
    let outside = Outside { takes: Duration::from_secs(13), ..Outside::default() };
    record(&store, "wallet", 1).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let slow = tokio::spawn(handling(&store, &outside).run_until(async { drop(stopped.await) }));
    while outside.calls.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A second process waits for the lease all the time.
    let standby = tokio::spawn(handling(&store, &outside).run());
    let is_done = async || store.partitions().await.unwrap()[0].checkpoint.position.is_some();
    while !is_done().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(outside.calls.load(Ordering::Relaxed), 1, "the event was handled by both");
    standby.abort();
    drop(stop);
    slow.await.unwrap().unwrap();
    // A handler has no collection of rows.
    let names = store.database().list_collection_names().await.unwrap();
    assert!(!names.iter().any(|name| name.contains("outside")), "{names:?}");
}
