use es_core::{Aggregate, Context, Init, event};

#[event(version = 1)]
pub struct Opened;

#[derive(Aggregate)]
#[aggregate(init(Opened), events(Opened))]
pub struct Account;

impl Init<Opened> for Account {
    fn init(_: Opened, _: &Context) -> Self {
        Self
    }
}

fn main() {}
