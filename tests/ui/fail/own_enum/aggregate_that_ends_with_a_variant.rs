use es_core::{Aggregate, Apply, Context, events};

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
}

#[derive(Aggregate, Default)]
#[aggregate(events = AccountEvent, ends(AccountEvent::Opened))]
pub struct Account {
    owner: String,
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, AccountEvent::Opened { owner }: AccountEvent, _: &Context) {
        self.owner = owner;
    }
}

fn main() {}
