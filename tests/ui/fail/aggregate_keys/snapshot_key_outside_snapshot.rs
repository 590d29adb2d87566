use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened), version = 2)]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn main() {}
