//! The projections of a run.

use es_core::projection::{Keyed, Keys, Projection};
use es_core::subscription::Subscriptions;
use es_core::{Apply, Context};
use es_mongo::MongoStore;

use crate::faults::tally::{Noted, Tally};
use crate::history::{Row, entry, list_key, weight};

/// The number of partitions of each projection.
pub(super) const PARTITIONS: u32 = 4;

/// [`Model::Sum`](crate::history::Model::Sum).
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = aggregate_id, events(Tally(Noted)))]
pub(super) struct Summed {
    events: u64,
    sum: u64,
}

impl Apply<Noted> for Summed {
    fn apply(&mut self, event: Noted, _: &Context) {
        self.events += 1;
        self.sum += weight(event.mark, event.index);
    }
}

impl From<Summed> for Row {
    fn from(Summed { events, sum }: Summed) -> Self {
        Self::Sum { events, sum }
    }
}

/// [`Model::List`](crate::history::Model::List).
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = String, events(Tally(Noted)))]
pub(super) struct Listed {
    events: Vec<String>,
}

impl Keyed<Noted> for Listed {
    fn key(event: &Noted, _: &Context) -> Keys<String> {
        list_key(event.mark).into()
    }
}

impl Apply<Noted> for Listed {
    fn apply(&mut self, event: Noted, _: &Context) {
        self.events.push(entry(event.mark, event.index));
    }
}

impl From<Listed> for Row {
    fn from(Listed { events }: Listed) -> Self {
        Self::List(events)
    }
}

/// Folds both.
pub(in super::super) fn subscriptions(store: &MongoStore) -> Subscriptions {
    Subscriptions::on(store)
        .project_with::<Summed>(|options| options.partitions(PARTITIONS))
        .project_with::<Listed>(|options| options.partitions(PARTITIONS))
}
