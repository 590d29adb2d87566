use es_core::{Aggregate, Apply, Context, Init, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[event(version = 1, split(Closed, Opened))]
pub struct Reopened;

impl From<Reopened> for (Closed, Opened) {
    fn from(_: Reopened) -> Self {
        (Closed, Opened)
    }
}

#[derive(Aggregate)]
#[aggregate(
    name = "billing.Account",
    init(Opened),
    events(Closed),
    split(Reopened),
    retired("Locked", "Unlocked"),
    snapshot(every = 100, version = 2),
    event_enum = AccountFact,
    crate = ::es_core,
)]
pub struct Account {
    owner: String,
}

impl Init<Opened> for Account {
    fn init(_: Opened, _: &Context) -> Self {
        Self { owner: String::new() }
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed, _: &Context) {}
}

fn main() {
    let _ = AccountFact::from(Opened);
}
