use es_core::{Aggregate, Apply, Context, event, events};

#[event(version = 1, split(First, Second))]
pub struct Both;

#[event(version = 1)]
pub struct First;

#[event(version = 1)]
pub struct Second;

impl From<Both> for (First, Second) {
    fn from(_: Both) -> Self {
        (First, Second)
    }
}

#[events]
pub enum AccountEvent {
    #[event]
    First(First),
    #[event]
    Second(Second),
}

#[derive(Aggregate, Default)]
#[aggregate(events = AccountEvent, split(Both))]
pub struct Account {
    count: u32,
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, _: AccountEvent, _: &Context) {
        self.count += 1;
    }
}

fn main() {}
