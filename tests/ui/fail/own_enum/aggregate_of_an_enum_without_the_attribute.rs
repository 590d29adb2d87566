use es_core::{Aggregate, Apply, Context};

pub enum AccountEvent {
    Opened { owner: String },
}

#[derive(Aggregate, Default)]
#[aggregate(events = AccountEvent)]
pub struct Account {
    owner: String,
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, AccountEvent::Opened { owner }: AccountEvent, _: &Context) {
        self.owner = owner;
    }
}

fn main() {}
