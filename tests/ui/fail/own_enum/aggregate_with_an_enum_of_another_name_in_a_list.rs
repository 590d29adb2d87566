use es_core::{Aggregate, Apply, Context, events};

#[events]
pub enum BankEvents {
    #[event(version = 1)]
    Opened { owner: String },
}

#[derive(Aggregate, Default)]
#[aggregate(events(BankEvents))]
pub struct Account {
    owner: String,
}

impl Apply<BankEvents> for Account {
    fn apply(&mut self, BankEvents::Opened { owner }: BankEvents, _: &Context) {
        self.owner = owner;
    }
}

fn main() {}
