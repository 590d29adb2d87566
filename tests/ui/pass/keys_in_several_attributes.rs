use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Deposited;

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened))]
#[aggregate(events(Deposited), retired("Locked"))]
#[aggregate(retired("Unlocked"))]
#[cfg_attr(all(), aggregate(events(Closed)))]
#[aggregate(snapshot(every = 100))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, _: Deposited, _: &Context) {}
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed, _: &Context) {}
}

fn main() {
    let _ = [AccountEvent::Opened(Opened), AccountEvent::Deposited(Deposited), AccountEvent::Closed(Closed)];
}
