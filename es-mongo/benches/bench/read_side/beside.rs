//! Appends of 128 writers, alone and while three projections run in the same process.

use std::time::Duration;

use es_core::projection::{Keyed, Keys, Projection};
use es_core::subscription::Subscriptions;
use es_core::{Apply, Context};
use es_mongo::MongoStore;
use tokio::sync::oneshot;

use super::Account;
use crate::append::{each_writer, one_writer};
use crate::domain::{Ledger, Posted};
use crate::report::{Figures, ratio};
use crate::{Outcome, bare};

const ROUNDS: u64 = 5;
const WRITERS: usize = 128;

/// What was posted to an account, by the name in the event.
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = String, events(Ledger(Posted)))]
struct Named {
    cents: i64,
}

impl Keyed<Posted> for Named {
    fn key(event: &Posted, _: &Context) -> Keys<String> {
        event.account.clone().into()
    }
}

impl Apply<Posted> for Named {
    fn apply(&mut self, event: Posted, _: &Context) {
        self.cents += event.cents;
    }
}

/// The last posting of a ledger.
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = aggregate_id, events(Ledger(Posted)))]
struct Last {
    posting: String,
}

impl Apply<Posted> for Last {
    fn apply(&mut self, event: Posted, _: &Context) {
        self.posting = event.posting_id;
    }
}

pub(super) async fn run(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_beside").open().await?;
    let (mut alone, mut beside) = (Figures::new(), Figures::new());
    for round in 0..=ROUNDS {
        for (name, figures) in [("alone", &mut alone), ("beside", &mut beside)] {
            let subscriptions = || Subscriptions::on(&store).project::<Account>().project::<Named>().project::<Last>();
            // What was recorded alone is folded before.
            subscriptions().catch_up().await?;
            let (stop, stopped) = oneshot::channel::<()>();
            let running =
                (name == "beside").then(|| tokio::spawn(subscriptions().run_until(async { drop(stopped.await) })));
            tokio::time::sleep(Duration::from_millis(300)).await;
            let id = |writer: usize| format!("{name}-{round}-{writer}");
            let (latencies, took) = each_writer(WRITERS, |writer| one_writer(store.clone(), id(writer))).await;
            drop(stop);
            if let Some(running) = running {
                running.await??;
            }
            if round > 0 {
                figures.round(&latencies, took);
            }
        }
    }
    alone.print("read_side.beside.alone", "events");
    beside.print("read_side.beside.three_projections", "events");
    ratio("read_side.beside.rate_to_alone", beside.rate() / alone.rate(), "goal: at least 0.75");
    store.close().await;
    Ok(())
}
