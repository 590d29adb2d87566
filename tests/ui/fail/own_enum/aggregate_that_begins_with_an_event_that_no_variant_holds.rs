use es_core::{Aggregate, Apply, Context, Init, event, events};

#[event(version = 1)]
pub struct AccountOpened {
    pub owner: String,
}

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
}

#[derive(Aggregate)]
#[aggregate(events = AccountEvent, init(AccountOpened))]
pub struct Account {
    owner: String,
}

impl Init<AccountOpened> for Account {
    fn init(event: AccountOpened, _: &Context) -> Self {
        Self { owner: event.owner }
    }
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, AccountEvent::Opened { owner }: AccountEvent, _: &Context) {
        self.owner = owner;
    }
}

fn main() {}
