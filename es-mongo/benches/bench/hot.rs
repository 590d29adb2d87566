//! Many writers on one aggregate, in one process and in several.
//!
//! The rival is a plain loop: load, decide, append, and after a conflict wait, catch up and decide
//! again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use es_core::store::{Replay, Store};
use es_core::{Repository, RetryPolicy, SnapshotPolicy, StoreError, StreamId, Version};
use es_mongo::MongoStore;
use tokio::task::JoinSet;

use crate::domain::{Ledger, append, posted};
use crate::members::{self, Members, Order, micros};
use crate::report::{Figures, Goal, judged, line, median};
use crate::{Outcome, Wanted, bare};

/// The numbers of processes, and for each the goal for the ratio of the rates of `update` and of
/// the loop.
const ROWS: [(u32, Goal); 2] = [(1, Goal::AtLeast(10.0)), (4, Goal::AtLeast(3.0))];
const TRIES: Goal = Goal::AtMost(1.2);

/// The writers of all processes together.
const WRITERS: u32 = 32;
const SNAPSHOT_EVERY: u64 = 50;
const WARM_UP: Duration = Duration::from_millis(500);
const DATABASE: &str = "bench_hot";

const UPDATE: &str = "update";
const LOOP: &str = "loop";

/// The rounds of one rival.
#[derive(Default)]
struct Rounds {
    rates: Vec<f64>,
    tries: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    failed: u64,
}

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    let (rounds, length) = (wanted.rounds(5), wanted.round(Duration::from_secs(2)));
    let store = MongoStore::builder(bare::client(uri).await?, DATABASE).open().await?;
    for (processes, goal) in ROWS {
        if wanted.part("hot", processes) {
            side_by_side(uri, &store, processes, goal, rounds, length).await?;
        }
    }
    store.close().await;
    Ok(())
}

async fn side_by_side(
    uri: &str,
    store: &MongoStore,
    processes: u32,
    goal: Goal,
    rounds: u64,
    length: Duration,
) -> Outcome {
    let ledgers = repository(store);
    let writers = WRITERS / processes;
    let mut members =
        Members::start("hot-worker", processes, |_| vec![uri.to_owned(), processes.to_string(), writers.to_string()])?;
    let (mut update, mut plain) = (Rounds::default(), Rounds::default());
    for round in 0..=rounds {
        let mut rivals = [(UPDATE, &mut update), (LOOP, &mut plain)];
        // Each rival is the first in every other round.
        rivals.rotate_left(usize::from(round % 2 == 1));
        for (rival, measured) in rivals {
            let id = id(rival, processes, round);
            ledgers.create(&id, posted(0)).await?;
            let length = if round == 0 { WARM_UP } else { length };
            let answers = members.round(rival, round, length)?;
            let (commands, failed) = measured.add(&answers, length, round > 0);
            // Each command recorded one event. A command that failed may have, too.
            let stored = ledgers.load(&id).await?.version.get() - 1;
            assert!(
                (commands..=commands + failed).contains(&stored),
                "{stored} events are stored, {commands} commands succeeded, and {failed} failed"
            );
        }
    }
    members.end()?;
    let name = format!("hot.{processes}");
    update.print(&format!("{name}.{UPDATE}"));
    plain.print(&format!("{name}.{LOOP}"));
    judged(&format!("{name}.rate_to_{LOOP}"), median(&update.rates) / median(&plain.rates), goal);
    judged(&format!("{name}.tries"), median(&update.tries), if processes == 1 { TRIES } else { Goal::None });
    Ok(())
}

impl Rounds {
    /// Adds the answers of all processes: the commands that succeeded in time, the failed ones, the
    /// decisions, and each latency in microseconds. Returns how many succeeded and failed.
    #[allow(clippy::cast_precision_loss, reason = "far fewer commands than a double can count")]
    fn add(&mut self, answers: &[Vec<u64>], length: Duration, counts: bool) -> (u64, u64) {
        let (mut in_time, mut failed, mut tries, mut latencies) = (0, 0, 0, Vec::new());
        for answer in answers {
            let [its_in_time, its_failed, its_tries, its_latencies @ ..] = &answer[..] else { continue };
            in_time += its_in_time;
            failed += its_failed;
            tries += its_tries;
            latencies.extend(its_latencies.iter().copied().map(Duration::from_micros));
        }
        let commands = latencies.len() as u64;
        if counts {
            let mut figures = Figures::new();
            figures.round(&latencies, length);
            self.rates.push(in_time as f64 / length.as_secs_f64());
            self.tries.push(tries as f64 / commands as f64);
            self.p50.push(figures.percentile(50.0));
            self.p99.push(figures.percentile(99.0));
            self.failed += failed;
        }
        (commands, failed)
    }

    #[allow(clippy::cast_precision_loss, reason = "far fewer commands than a double can count")]
    fn print(&self, name: &str) {
        line(&format!("{name}.rate"), median(&self.rates), "commands/s");
        line(&format!("{name}.p50"), median(&self.p50), "ms");
        line(&format!("{name}.p99"), median(&self.p99), "ms");
        line(&format!("{name}.tries"), median(&self.tries), "tries/command");
        line(&format!("{name}.failed"), self.failed as f64, "commands");
    }
}

fn repository(store: &MongoStore) -> Repository<Ledger> {
    Repository::new(store).with_snapshots(SnapshotPolicy::every(SNAPSHOT_EVERY))
}

fn id(rival: &str, processes: u32, round: impl std::fmt::Display) -> String {
    format!("{rival}-{processes}-{round}")
}

/// A process that works on the aggregate.
pub(crate) async fn work(arguments: &[String]) -> Outcome {
    let [uri, processes, writers] = arguments else {
        return Err("usage: hot-worker URI PROCESSES WRITERS".into());
    };
    let (processes, writers): (u32, u32) = (processes.parse()?, writers.parse()?);
    let client = bare::client(uri).await?;
    let store = MongoStore::builder(client.clone(), DATABASE).open().await?;
    let ledgers = repository(&store);
    for order in members::orders() {
        let Order { what, round, begin, end } = order?;
        let (id, tries) = (id(&what, processes, round), Arc::new(AtomicU64::new(0)));
        let mut running = JoinSet::new();
        for _ in 0..writers {
            let (ledgers, what, id, tries) = (ledgers.clone(), what.clone(), id.clone(), tries.clone());
            running.spawn(async move {
                let (mut in_time, mut failed, mut latencies) = (0, 0, Vec::new());
                tokio::time::sleep_until(begin.into()).await;
                while Instant::now() < end {
                    let started = Instant::now();
                    match if what == UPDATE {
                        update(&ledgers, &id, &tries).await
                    } else {
                        plain(&ledgers, &id, &tries).await
                    } {
                        Ok(()) => {
                            latencies.push(started.elapsed());
                            in_time += u64::from(Instant::now() < end);
                        }
                        Err(_) => failed += 1,
                    }
                }
                (in_time, failed, latencies)
            });
        }
        let (mut in_time, mut failed, mut latencies) = (0, 0, Vec::new());
        for one in running.join_all().await {
            in_time += one.0;
            failed += one.1;
            latencies.extend(one.2);
        }
        let counts = [in_time, failed, tries.load(Ordering::Relaxed)];
        members::answer(counts.into_iter().chain(latencies.into_iter().map(micros)));
    }
    store.close().await;
    client.shutdown().immediate(true).await;
    Ok(())
}

type Worked = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// What a user writes.
async fn update(ledgers: &Repository<Ledger>, id: &str, tries: &AtomicU64) -> Worked {
    let decide = |_: &_| {
        tries.fetch_add(1, Ordering::Relaxed);
        posted(1)
    };
    ledgers.update(id, decide).await?;
    Ok(())
}

/// The plain loop. It reads only the new events after a conflict, and uses the snapshots too.
async fn plain(ledgers: &Repository<Ledger>, id: &str, tries: &AtomicU64) -> Worked {
    let store: &dyn Store = ledgers.store();
    let stream = StreamId::of::<Ledger>(id)?;
    let mut retries = RetryPolicy::default().start();
    let mut ledger = Replay::<Ledger>::from_newest_snapshot(store, stream, Version::MAX).await?;
    loop {
        ledger.read(store, Version::MAX).await?;
        tries.fetch_add(1, Ordering::Relaxed);
        match store.append(append(id, ledger.version().get(), 1)).await {
            Ok(_) => break,
            Err(error @ StoreError::Conflict { .. }) => match retries.wait() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
    }
    if (ledger.version().get() + 1) % SNAPSHOT_EVERY == 0 {
        ledgers.take_snapshot(id).await?;
    }
    Ok(())
}
