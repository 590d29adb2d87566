use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1, name = "Opened")]
pub struct OpenedV1;

#[event(version = 2, from = OpenedV1)]
pub struct Opened;

impl From<OpenedV1> for Opened {
    fn from(_: OpenedV1) -> Self {
        Self
    }
}

#[derive(Aggregate, Default)]
#[aggregate(events(OpenedV1, Opened))]
pub struct Account;

impl Apply<OpenedV1> for Account {
    fn apply(&mut self, _: OpenedV1, _: &Context) {}
}

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
