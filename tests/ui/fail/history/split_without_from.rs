use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[event(version = 1, split(Opened, Closed))]
pub struct OpenedAndClosed;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened, Closed), split(OpenedAndClosed))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed, _: &Context) {}
}

fn main() {}
