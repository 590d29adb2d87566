//! A fleet: several processes of several writers each append to one server, without pause or at a
//! fixed rate.
//!
//! The rivals are the store, the store without a global order, and the bare driver, which takes its
//! positions from a counter in its process and so never competes for one.

mod check;
mod measured;
mod member;
mod row;
mod table;

use std::time::Duration;

use es_core::store::Ordering;
use es_mongo::mongodb::Client;
use es_mongo::{CollectionNames, MongoStore, StoreBuilder};

pub(crate) use self::member::work;

use self::measured::Measured;
use self::row::{ROWS, Row};
use crate::members::Members;
use crate::report::{Goal, judged, line, median};
use crate::{Outcome, Wanted, bare};

/// A pause after each rival: the server still works for a rival after its last answer, and the next
/// rival must not be slowed down by it.
const SETTLE: Duration = Duration::from_millis(300);

/// The time at the beginning of each round that is not measured. A process that begins after a pause
/// has to find out about the others first, and the row shows a fleet that is running.
const LEAD_IN: Duration = Duration::from_secs(1);

const WARM_UP: Duration = Duration::from_secs(1);

/// The goals of each row beside its own.
const RATE_TO_PER_AGGREGATE: Goal = Goal::AtLeast(0.8);
const LEAST_SHARE: Goal = Goal::AtLeast(0.7);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rival {
    Store,
    PerAggregate,
    Driver,
}

impl Rival {
    const ALL: [Self; 3] = [Self::Store, Self::PerAggregate, Self::Driver];

    fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::PerAggregate => "per_aggregate",
            Self::Driver => "driver",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rival| rival.name() == name)
    }
}

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    let (rounds, round) = (wanted.rounds(5), wanted.round(Duration::from_secs(3)));
    let client = bare::client(uri).await?;
    let mut finished = Vec::new();
    for row in ROWS {
        if wanted.part("fleet", row.name()) {
            let database = format!("bench_fleet_{}", row.name());
            let rivals = side_by_side(uri, &client, &database, row, rounds, round).await?;
            client.database(&database).drop().await?;
            report(row, &rivals);
            finished.push((row, rivals));
        }
    }
    table::print(&finished);
    Ok(())
}

/// Runs the rivals of a row in turns, and checks what the store has stored.
async fn side_by_side(
    uri: &str,
    client: &Client,
    database: &str,
    row: &Row,
    rounds: u64,
    round: Duration,
) -> Result<Rivals, Box<dyn std::error::Error>> {
    // The first process that opens a store creates the indexes.
    let store = store(client, database).open().await?;
    per_aggregate(client, database).open().await?.close().await;
    bare::create_collections(client, database).await?;
    let mut members = Members::start("fleet-worker", row.processes, |member| {
        let numbers = [member, row.processes, row.writers, row.per_second.unwrap_or_default()];
        [uri, database].into_iter().map(String::from).chain(numbers.map(|number| number.to_string())).collect()
    })?;
    let mut rivals = Rivals::default();
    let (mut order, mut acknowledged, mut failed) = (Rival::ALL, 0, 0);
    for number in 0..=rounds {
        // The order of the rivals rotates, so that each rival runs after each of the others.
        order.rotate_left(1);
        for rival in order {
            tokio::time::sleep(SETTLE).await;
            // The first round warms up connections and caches.
            let length = if number == 0 { WARM_UP } else { round };
            let mut measured = Measured::new(length);
            for answer in members.round(rival.name(), number, LEAD_IN + length)? {
                measured.add(&answer)?;
            }
            if rival == Rival::Store {
                acknowledged += measured.acknowledged;
                failed += measured.failed;
            }
            if number > 0 {
                rivals.of(rival).push(measured);
            }
        }
    }
    members.end()?;
    check::positions(&store, acknowledged, failed).await?;
    store.close().await;
    Ok(rivals)
}

fn store(client: &Client, database: &str) -> StoreBuilder {
    MongoStore::builder(client.clone(), database)
}

fn per_aggregate(client: &Client, database: &str) -> StoreBuilder {
    store(client, database).collections(CollectionNames::prefixed("aggregate_")).ordering(Ordering::PerAggregate)
}

/// The rounds of each rival.
#[derive(Default)]
struct Rivals {
    store: Vec<Measured>,
    per_aggregate: Vec<Measured>,
    driver: Vec<Measured>,
}

impl Rivals {
    fn of(&mut self, rival: Rival) -> &mut Vec<Measured> {
        match rival {
            Rival::Store => &mut self.store,
            Rival::PerAggregate => &mut self.per_aggregate,
            Rival::Driver => &mut self.driver,
        }
    }

    fn each(&self) -> [(Rival, &[Measured]); 3] {
        [(Rival::Store, &self.store), (Rival::PerAggregate, &self.per_aggregate), (Rival::Driver, &self.driver)]
    }
}

/// The median of the rounds.
fn of_rounds(rounds: &[Measured], figure: impl Fn(&Measured) -> f64) -> f64 {
    median(&rounds.iter().map(figure).collect::<Vec<_>>())
}

/// The sum of the rounds.
fn in_all(rounds: &[Measured], count: impl Fn(&Measured) -> u64) -> u64 {
    rounds.iter().map(count).sum()
}

/// Ratios of the store to the other rivals.
struct Ratios {
    rate_to_driver: f64,
    rate_to_per_aggregate: f64,
    p50_to_driver: f64,
    p99_to_driver: f64,
}

impl Ratios {
    fn new(rivals: &Rivals) -> Self {
        let ratio =
            |to: &[Measured], figure: fn(&Measured) -> f64| of_rounds(&rivals.store, figure) / of_rounds(to, figure);
        Self {
            rate_to_driver: ratio(&rivals.driver, Measured::rate),
            rate_to_per_aggregate: ratio(&rivals.per_aggregate, Measured::rate),
            p50_to_driver: ratio(&rivals.driver, Measured::p50),
            p99_to_driver: ratio(&rivals.driver, Measured::p99),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "far fewer appends than a double can count")]
fn report(row: &Row, rivals: &Rivals) {
    let name = format!("fleet.{}", row.name());
    for (rival, rounds) in rivals.each() {
        let name = format!("{name}.{}", rival.name());
        line(&format!("{name}.rate"), of_rounds(rounds, Measured::rate), "events/s");
        line(&format!("{name}.p50"), of_rounds(rounds, Measured::p50), "ms");
        line(&format!("{name}.p99"), of_rounds(rounds, Measured::p99), "ms");
        line(&format!("{name}.least_share"), of_rounds(rounds, Measured::least_share), "of an equal share");
        line(&format!("{name}.failed"), in_all(rounds, |round| round.failed) as f64, "appends");
        if row.per_second.is_some() {
            let missed = in_all(rounds, |round| round.missed) as f64;
            line(&format!("{name}.missed"), missed, "appends that were due and not begun in time");
        }
    }
    let ratios = Ratios::new(rivals);
    judged(&format!("{name}.rate_to_driver"), ratios.rate_to_driver, row.rate);
    judged(&format!("{name}.p50_to_driver"), ratios.p50_to_driver, row.p50);
    judged(&format!("{name}.p99_to_driver"), ratios.p99_to_driver, row.p99);
    judged(&format!("{name}.rate_to_per_aggregate"), ratios.rate_to_per_aggregate, RATE_TO_PER_AGGREGATE);
    judged(&format!("{name}.least_share"), of_rounds(&rivals.store, Measured::least_share), LEAST_SHARE);
    let lost = in_all(&rivals.store, |round| round.failed + round.missed) as f64;
    judged(&format!("{name}.failed_or_missed"), lost, Goal::AtMost(0.0));
}
