use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Paid {}

#[event(version = 1)]
pub struct Opened {}

#[derive(Aggregate, Default)]
#[aggregate(events(Paid))]
pub struct Invoice {}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

fn query(store: &es_mongo::MongoStore) {
    drop(store.events().of::<Paid>().read_as::<Invoice>());
    drop(store.events().of::<Opened>().read_as::<Invoice>());
    drop(store.events().of::<Paid>().read());
}

fn main() {}
