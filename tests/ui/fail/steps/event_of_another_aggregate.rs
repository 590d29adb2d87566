use es_core::memory::MemoryStore;
use es_core::{Aggregate, Apply, Context, Repository, event};

#[event(version = 1)]
pub struct Counted;

#[event(version = 1)]
pub struct Weighed;

#[derive(Aggregate, Default, Clone)]
#[aggregate(events(Counted))]
pub struct Counter;

impl Apply<Counted> for Counter {
    fn apply(&mut self, _: Counted, _: &Context) {}
}

#[derive(Aggregate, Default, Clone)]
#[aggregate(events(Weighed))]
pub struct Scales;

impl Apply<Weighed> for Scales {
    fn apply(&mut self, _: Weighed, _: &Context) {}
}

fn main() {
    let counters = Repository::<Counter>::new(&MemoryStore::new());
    let _ = counters.update("c", |counter| {
        let mut steps = counter.steps();
        steps.record(Weighed);
        steps
    });
}
