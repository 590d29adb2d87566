use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[event(version = 1, split(Opened, Closed))]
pub struct OpenedAndClosed;

impl From<OpenedAndClosed> for (Opened, Closed) {
    fn from(_: OpenedAndClosed) -> Self {
        (Opened, Closed)
    }
}

#[derive(Aggregate, Default)]
#[aggregate(events(Opened), split(OpenedAndClosed))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn main() {}
