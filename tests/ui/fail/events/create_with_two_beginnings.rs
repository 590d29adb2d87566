use es_core::memory::MemoryStore;
use es_core::{Aggregate, Apply, Context, Init, Repository, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Deposited;

#[derive(Aggregate)]
#[aggregate(init(Opened), events(Deposited))]
pub struct Account;

impl Init<Opened> for Account {
    fn init(_: Opened, _: &Context) -> Self {
        Self
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, _: Deposited, _: &Context) {}
}

fn main() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    let _ = accounts.create("a", (Opened, Opened)).once("key");
}
