//! A process of the fleet.
//!
//! It answers with the number of appends of the lead-in, the number of later ones that were
//! acknowledged before the end of the round, the number that failed, the number that were due but not begun before the end, and each latency in
//! microseconds.

use std::time::{Duration, Instant};

use es_core::store::EventStore;
use es_mongo::MongoStore;
use tokio::task::JoinSet;

use super::{LEAD_IN, Rival};
use crate::Outcome;
use crate::bare::{self, Bare};
use crate::domain::{append, new_event};
use crate::members::{self, Order, micros};

pub(crate) async fn work(arguments: &[String]) -> Outcome {
    let [uri, database, member, members, writers, per_second] = arguments else {
        return Err("usage: fleet-worker URI DATABASE MEMBER MEMBERS WRITERS PER_SECOND".into());
    };
    let (writers, per_second): (u32, u32) = (writers.parse()?, per_second.parse()?);
    let client = bare::client(uri).await?;
    let rivals = Rivals {
        store: super::store(&client, database).open().await?,
        per_aggregate: super::per_aggregate(&client, database).open().await?,
        driver: Bare::of_process(client, database, member.parse()?, members.parse()?),
    };
    // The time between two appends of one writer.
    let gap = (per_second > 0).then(|| Duration::from_secs(1) * writers / per_second);
    for order in members::orders() {
        let Order { what, round, begin, end } = order?;
        let rival = rivals.named(&what)?;
        let mut running = JoinSet::new();
        for writer in 0..writers {
            let id = format!("{round}-{member}-{writer}");
            running.spawn(Writer { rival: rival.clone(), id, begin, end, gap }.run());
        }
        let mut all = Appended::default();
        for one in running.join_all().await {
            all.add(one);
        }
        if let Some(failure) = all.failure {
            eprintln!("{database}, process {member}: {} appends failed, for example: {failure}", all.failed);
        }
        let counts = [all.lead_in, all.in_time, all.failed, all.missed];
        members::answer(counts.into_iter().chain(all.latencies.into_iter().map(micros)));
    }
    rivals.store.close().await;
    rivals.per_aggregate.close().await;
    rivals.driver.client.shutdown().immediate(true).await;
    Ok(())
}

struct Rivals {
    store: MongoStore,
    per_aggregate: MongoStore,
    driver: Bare,
}

impl Rivals {
    fn named(&self, name: &str) -> Result<Target, Box<dyn std::error::Error>> {
        Ok(match Rival::named(name).ok_or_else(|| format!("`{name}` is not a rival"))? {
            Rival::Store => Target::Store(self.store.clone()),
            Rival::PerAggregate => Target::Store(self.per_aggregate.clone()),
            Rival::Driver => Target::Driver(self.driver.clone()),
        })
    }
}

#[derive(Clone)]
enum Target {
    Store(MongoStore),
    Driver(Bare),
}

impl Target {
    /// Appends an event to an aggregate to which nobody else writes. Returns the time that it took,
    /// without the encoding of the event.
    async fn append(&self, id: &str, version: u32) -> Result<Duration, Box<dyn std::error::Error + Send + Sync>> {
        match self {
            Self::Store(store) => {
                let append = append(id, version.into(), 1);
                let started = Instant::now();
                store.append(append).await?;
                Ok(started.elapsed())
            }
            Self::Driver(bare) => {
                let event = new_event(version.into());
                let started = Instant::now();
                bare.insert(id, i64::from(version) + 1, &event).await?;
                Ok(started.elapsed())
            }
        }
    }
}

struct Writer {
    rival: Target,
    id: String,
    begin: Instant,
    end: Instant,
    /// The time between two appends, on average; none if the writer makes no pause.
    gap: Option<Duration>,
}

impl Writer {
    async fn run(self) -> Appended {
        let Self { rival, mut id, begin, end, gap } = self;
        let mut appended = Appended::default();
        let (mut version, mut due, mut turns) = (0, begin, 0);
        if let Some(gap) = gap {
            due += gap.mul_f64(fastrand::f64());
        }
        tokio::time::sleep_until(begin.into()).await;
        while due < end {
            // If the writer is still busy when an append is due, its caller waits.
            let waited = if gap.is_some() { due.elapsed() } else { Duration::ZERO };
            if gap.is_some() {
                tokio::time::sleep_until(due.into()).await;
            }
            let is_measured = due >= begin + LEAD_IN;
            if !waited.is_zero() && Instant::now() >= end {
                appended.missed += 1;
            } else {
                match rival.append(&id, version).await {
                    Ok(took) => {
                        if is_measured {
                            appended.latencies.push(waited + took);
                            appended.in_time += u64::from(Instant::now() < end);
                        } else {
                            appended.lead_in += 1;
                        }
                        version += 1;
                    }
                    Err(failure) => {
                        appended.failed += 1;
                        appended.failure.get_or_insert(failure.to_string());
                        // It may be unknown whether the event is stored, and so the version is.
                        (id, version) = (format!("{id}-after-{version}"), 0);
                    }
                }
            }
            match gap {
                // Once in each gap, at any time of it. Two writers would otherwise meet always or
                // never.
                Some(gap) => {
                    turns += 1;
                    due = begin + gap.mul_f64(f64::from(turns) + fastrand::f64());
                }
                None => due = Instant::now(),
            }
        }
        appended
    }
}

/// What one writer, or all writers of a process, appended in a round.
#[derive(Default)]
struct Appended {
    lead_in: u64,
    latencies: Vec<Duration>,
    in_time: u64,
    failed: u64,
    missed: u64,
    failure: Option<String>,
}

impl Appended {
    fn add(&mut self, other: Self) {
        self.lead_in += other.lead_in;
        self.latencies.extend(other.latencies);
        self.in_time += other.in_time;
        self.failed += other.failed;
        self.missed += other.missed;
        self.failure = self.failure.take().or(other.failure);
    }
}
