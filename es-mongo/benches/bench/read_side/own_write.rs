//! The time from the acknowledgement of an append until the reader gets the row with it.

use std::time::{Duration, Instant};

use es_core::Repository;
use es_core::subscription::Subscriptions;
use es_mongo::MongoStore;
use tokio::sync::oneshot;

use super::{Account, ROWS, forget, key};

use crate::domain::{Ledger, posted};
use crate::report::{Figures, line};
use crate::{Outcome, bare};

/// The number of own writes that are read.
const OWN_WRITES: u64 = 500;

pub(super) async fn run(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_own_write").open().await?;
    let other = MongoStore::builder(bare::client(uri).await?, "bench_own_write").open().await?;
    for (name, folds) in [("in_process", &store), ("across_processes", &other)] {
        forget(&store).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let subscriptions = Subscriptions::on(folds).project::<Account>();
        let running = tokio::spawn(subscriptions.run_until(async { drop(stopped.await) }));
        let ledgers = Repository::<Ledger>::new(&store);
        let mut latencies = Vec::new();
        for number in 0..OWN_WRITES {
            tokio::time::sleep(Duration::from_millis(3 + number * 7 % 13)).await;
            let committed = ledgers.create(format!("{name}-{number}"), posted(number)).await?;
            let started = Instant::now();
            let rows = store.read_model::<Account>().at_least(committed.position());
            assert!(rows.get(key(number) % ROWS).await?.is_some());
            // Not the start of the subscription.
            if number > 20 {
                latencies.push(started.elapsed());
            }
        }
        drop(stop);
        running.await??;
        let mut figures = Figures::new();
        figures.round(&latencies, latencies.iter().sum());
        line(&format!("read_side.own_write.{name}.p50"), figures.percentile(50.0), "ms (goal: at most 6 and 10 ms)");
        line(&format!("read_side.own_write.{name}.p99"), figures.percentile(99.0), "ms (goal: at most 50 ms)");
    }
    store.close().await;
    Ok(())
}
