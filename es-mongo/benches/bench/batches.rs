//! Appends of several events.

use std::time::{Duration, Instant};

use es_core::store::EventStore;
use es_mongo::MongoStore;
use tokio::task::JoinSet;

use crate::domain::append;
use crate::report::Figures;
use crate::{Outcome, bare};

const ROUNDS: u64 = 5;
const ROUND: Duration = Duration::from_secs(1);

pub(crate) async fn run(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_batches").open().await?;
    for writers in [1, 128] {
        let mut figures = Figures::new();
        for round in 0..=ROUNDS {
            let started = Instant::now();
            let mut running = JoinSet::new();
            for writer in 0..writers {
                running.spawn(five_at_once(store.clone(), format!("f{writers}-{round}-{writer}")));
            }
            let latencies: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
            if round > 0 {
                figures.round(&latencies, started.elapsed());
            }
        }
        figures.print(&format!("append_five.{writers}.store"), "appends");
    }
    store.close().await;
    Ok(())
}

async fn five_at_once(store: MongoStore, id: String) -> Vec<Duration> {
    let (end, mut latencies, mut version) = (Instant::now() + ROUND, Vec::new(), 0);
    while Instant::now() < end {
        let append = append(&id, version, 5);
        let started = Instant::now();
        store.append(append).await.expect("nobody else writes to this aggregate");
        latencies.push(started.elapsed());
        version += 5;
    }
    latencies
}
