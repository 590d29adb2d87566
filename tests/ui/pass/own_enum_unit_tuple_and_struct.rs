use es_core::{Aggregate, Apply, Context, events};

#[events]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String, limit: Option<i64> },
    #[event(version = 1)]
    Moved(String, u32),
    #[event(version = 1)]
    Deposited(i64),
    #[event(version = 1)]
    Locked,
    #[event(version = 1)]
    Emptied {},
    #[event(version = 1)]
    Nothing(),
}

#[derive(Aggregate, Default)]
#[aggregate(events = AccountEvent)]
pub struct Account {
    owner: String,
    cents: i64,
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, event: AccountEvent, _: &Context) {
        match event {
            AccountEvent::Opened { owner, .. } | AccountEvent::Moved(owner, _) => self.owner = owner,
            AccountEvent::Deposited(cents) => self.cents += cents,
            AccountEvent::Locked | AccountEvent::Emptied {} | AccountEvent::Nothing() => self.cents = 0,
        }
    }
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate<Event = AccountEvent>>() {}
    is_aggregate::<Account>();
    assert_eq!(AccountEvent::Locked.clone(), AccountEvent::Locked);
}
