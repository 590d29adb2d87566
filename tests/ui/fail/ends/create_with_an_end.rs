use es_core::memory::MemoryStore;
use es_core::{Aggregate, Apply, Context, Repository, event};

#[event(version = 1)]
pub struct Counted;

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(events(Counted), ends(Closed))]
pub struct Counter;

impl Apply<Counted> for Counter {
    fn apply(&mut self, _: Counted, _: &Context) {}
}

fn main() {
    let counters = Repository::<Counter>::new(&MemoryStore::new());
    let _ = counters.create("c", Closed);
}
