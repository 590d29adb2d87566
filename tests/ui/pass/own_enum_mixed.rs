use es_core::{Aggregate, Apply, Context, Init, event, events};

#[event(version = 1)]
pub struct AccountOpened {
    pub owner: String,
}

#[event(version = 1)]
pub struct AccountClosed;

mod transfers {
    #[es_core::event(version = 1)]
    pub struct Sent(pub i64);
}

#[events]
pub enum AccountEvent {
    #[event]
    Opened(AccountOpened),
    #[event(version = 1)]
    Deposited { cents: i64 },
    #[event]
    Sent(transfers::Sent),
    #[event()]
    Closed(crate::AccountClosed),
}

#[derive(Aggregate)]
#[aggregate(events = AccountEvent, init(AccountOpened))]
pub struct Account {
    owner: String,
    cents: i64,
}

impl Init<AccountOpened> for Account {
    fn init(event: AccountOpened, _: &Context) -> Self {
        Self { owner: event.owner, cents: 0 }
    }
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, event: AccountEvent, _: &Context) {
        match event {
            AccountEvent::Deposited { cents } => self.cents += cents,
            AccountEvent::Sent(transfers::Sent(cents)) => self.cents -= cents,
            AccountEvent::Opened(_) | AccountEvent::Closed(_) => self.owner.clear(),
        }
    }
}

fn main() {
    let _ = AccountEvent::from(AccountClosed);
    let _: AccountEvent = transfers::Sent(1).into();
}
