use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
#[derive(Clone)]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened), event_enum(Clone, Debug, serde::Serialize))]
pub struct Account(u8);

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn main() {}
