//! Several processes append concurrently. Measures their total rate, the latencies, and the
//! attempts wasted in the race for positions.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use es_core::store::EventStore;
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::{Document, doc};
use futures_util::TryStreamExt;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tokio::task::JoinSet;

use crate::domain::append;
use crate::report::{Figures, line};
use crate::{Outcome, Wanted, bare};

const WRITERS: usize = 64;
const RUN: Duration = Duration::from_secs(6);

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    for processes in [1, 2, 4_u64] {
        if !wanted.part("processes", processes) {
            continue;
        }
        let database = format!("bench_processes_{processes}");
        // The first process that opens the store creates the indexes.
        let store = MongoStore::builder(bare::client(uri).await?, &database).open().await?;
        let started = Instant::now();
        let mut workers = Vec::new();
        for worker in 0..processes {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["worker", uri, &database, &worker.to_string()]).stdout(Stdio::piped());
            workers.push(command.spawn()?);
        }
        let (mut latencies, mut commits, mut retries, mut least) = (Vec::new(), 0, 0, u64::MAX);
        for worker in workers {
            let output = tokio::task::spawn_blocking(|| worker.wait_with_output()).await??;
            let text = String::from_utf8(output.stdout)?;
            let mut lines = text.lines();
            let counts: Vec<u64> =
                lines.next().unwrap_or_default().split(' ').map(str::parse).collect::<Result<_, _>>()?;
            commits += counts[0];
            retries += counts[1];
            let before = latencies.len();
            for line in lines {
                latencies.push(Duration::from_micros(line.parse()?));
            }
            least = least.min((latencies.len() - before) as u64);
        }
        let name = format!("processes.{processes}");
        let mut figures = Figures::new();
        figures.round(&latencies, RUN.min(started.elapsed()));
        figures.print(&name, "events");
        #[allow(clippy::cast_precision_loss, reason = "far fewer commits than a double can count")]
        {
            line(&format!("{name}.tries"), (commits + retries) as f64 / commits as f64, "tries/commit");
            let fair = latencies.len() as f64 / processes as f64;
            line(
                &format!("{name}.least_share"),
                least as f64 / fair,
                "of a fair share, for the process with the smallest share",
            );
        }
        check(&store, latencies.len()).await?;
        store.close().await;
    }
    Ok(())
}

/// Checks that there is no gap and no duplicate, and that the order of each stream is the order of
/// positions.
async fn check(store: &MongoStore, acknowledged: usize) -> Outcome {
    let events = store.database().collection::<Document>("events");
    let fields = doc! { "position": 1, "aggregateId": 1, "sequenceNumber": 1 };
    let mut cursor = events.find(doc! {}).sort(doc! { "position": 1 }).projection(fields).await?;
    let mut last = 0;
    let mut heads = std::collections::HashMap::new();
    while let Some(event) = cursor.try_next().await? {
        let position = event.get_i64("position")?;
        assert_eq!(position, last + 1, "positions are dense");
        last = position;
        let head = heads.entry(event.get_str("aggregateId")?.to_owned()).or_insert(0);
        assert_eq!(
            event.get_i64("sequenceNumber")?,
            *head + 1,
            "sequences are contiguous and in the order of positions"
        );
        *head += 1;
    }
    assert_eq!(usize::try_from(last)?, acknowledged, "what is stored is what was acknowledged");
    Ok(())
}

/// The child process: prints its commits and retries, then each latency in microseconds.
pub(crate) async fn work(arguments: &[String]) -> Outcome {
    let [uri, database, worker] = arguments else { return Err("usage: worker URI DATABASE WORKER".into()) };
    let counts = Counts::default();
    metrics::set_global_recorder(counts.clone())?;
    let store = MongoStore::builder(bare::client(uri).await?, database).open().await?;
    let mut running = JoinSet::new();
    let end = Instant::now() + RUN;
    for writer in 0..WRITERS {
        let (store, id) = (store.clone(), format!("p{worker}-{writer}"));
        running.spawn(async move {
            let (mut latencies, mut version) = (Vec::new(), 0);
            while Instant::now() < end {
                let append = append(&id, version, 1);
                let started = Instant::now();
                store.append(append).await.expect("nobody else writes to this aggregate");
                latencies.push(started.elapsed());
                version += 1;
            }
            latencies
        });
    }
    let latencies: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
    store.close().await;
    println!("{} {}", counts.commits.0.load(Ordering::Relaxed), counts.retries.0.load(Ordering::Relaxed));
    for latency in latencies {
        println!("{}", latency.as_micros());
    }
    Ok(())
}

/// Records the two metrics that this benchmark needs, and ignores all others.
#[derive(Clone, Default)]
struct Counts {
    commits: Arc<Count>,
    retries: Arc<Count>,
}

#[derive(Default)]
struct Count(AtomicU64);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

impl HistogramFn for Count {
    fn record(&self, _value: f64) {
        self.increment(1);
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() == "es_mongo_append_retries_total" {
            Counter::from_arc(self.retries.clone())
        } else {
            Counter::noop()
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        if key.name() == "es_mongo_commit_seconds" {
            Histogram::from_arc(self.commits.clone())
        } else {
            Histogram::noop()
        }
    }
}
