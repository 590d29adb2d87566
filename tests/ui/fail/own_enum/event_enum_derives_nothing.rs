use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened), event_enum())]
pub struct Account(u8);

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn main() {}
