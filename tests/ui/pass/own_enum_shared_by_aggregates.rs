use es_core::{Aggregate, Apply, Context, Init, event, events};

#[event(version = 1)]
#[derive(Clone)]
pub struct Opened {
    pub owner: String,
}

#[events]
#[derive(Clone)]
pub enum AccountEvent {
    #[event]
    Opened(Opened),
    #[event(version = 1)]
    Deposited { cents: i64 },
}

#[derive(Aggregate)]
#[aggregate(events = AccountEvent, init(Opened))]
pub struct Account {
    owner: String,
    cents: i64,
}

impl Init<Opened> for Account {
    fn init(event: Opened, _: &Context) -> Self {
        Self { owner: event.owner, cents: 0 }
    }
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, event: AccountEvent, _: &Context) {
        if let AccountEvent::Deposited { cents } = event {
            self.cents += cents;
        }
    }
}

/// Counts the events of the same streams.
#[derive(Aggregate, Default)]
#[aggregate(name = "Account", events = AccountEvent)]
pub struct Activity {
    count: u32,
}

impl Apply<AccountEvent> for Activity {
    fn apply(&mut self, _: AccountEvent, _: &Context) {
        self.count += 1;
    }
}

fn main() {
    let opened = AccountEvent::from(Opened { owner: String::new() });
    let deposited = AccountEvent::Deposited { cents: 1 };
    assert!(Account::can_begin(&opened) && !Account::can_continue(&opened));
    assert!(!Account::can_begin(&deposited) && Account::can_continue(&deposited));
    assert!(Activity::can_begin(&deposited) && Activity::can_continue(&opened));
}
