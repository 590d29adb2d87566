#![deny(warnings)]

use es_core::{Aggregate, Apply, Context, event, events};

#[event(version = 1)]
pub struct Held;

#[events]
pub enum AccountEvent {
    #[cfg(any())]
    #[event(version = 1)]
    Never(Missing),
    #[cfg(all())]
    #[event(version = 1)]
    Always {
        owner: String,
        #[cfg(any())]
        never: Missing,
        #[cfg(all())]
        always: u32,
    },
    #[cfg(any())]
    #[event]
    NeverHeld(Missing),
    #[cfg(all())]
    #[event]
    AlwaysHeld(Held),
    #[event(version = 1)]
    Last,
}

#[derive(Aggregate, Default)]
#[aggregate(events = AccountEvent)]
pub struct Account {
    count: u32,
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, event: AccountEvent, _: &Context) {
        match event {
            AccountEvent::Always { owner, always } => self.count += always + u32::from(owner.is_empty()),
            AccountEvent::AlwaysHeld(Held) | AccountEvent::Last => self.count += 1,
        }
    }
}

fn main() {
    let events = <AccountEvent as es_core::store::EventSet>::EVENTS;
    assert_eq!(events.iter().map(|event| event.event_type).collect::<Vec<_>>(), ["Always", "Held", "Last"]);
}
