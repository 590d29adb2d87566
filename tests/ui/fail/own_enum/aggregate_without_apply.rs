use es_core::{Aggregate, events};

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
}

#[derive(Aggregate, Default)]
#[aggregate(events = AccountEvent)]
pub struct Account {
    owner: String,
}

fn main() {}
