use es_core::memory::MemoryStore;
use es_core::{Aggregate, Context, Init, Repository, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate)]
#[aggregate(init(Opened), ends(Closed))]
pub struct Account;

impl Init<Opened> for Account {
    fn init(_: Opened, _: &Context) -> Self {
        Self
    }
}

fn main() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    let _ = accounts.update("a", |_| (Closed, Opened));
}
