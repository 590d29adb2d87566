use es_core::memory::MemoryStore;
use es_core::{Aggregate, Apply, Context, Init, Metadata, Repository, event};

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

/// It begins with `Default`, so every event can be the first.
#[derive(Aggregate, Default)]
#[aggregate(events(Opened, Deposited))]
pub struct Log;

impl Apply<Opened> for Log {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

impl Apply<Deposited> for Log {
    fn apply(&mut self, _: Deposited, _: &Context) {}
}

fn main() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    let metadata = Metadata::new;
    let _ = accounts.create("a", Opened, metadata());
    let _ = accounts.create("a", (), metadata());
    let _ = accounts.create("a", (Opened,), metadata());
    let _ = accounts.create("a", (Opened, Deposited, [Deposited, Deposited], Some(Deposited)), metadata());
    let _ = accounts.create("a", ((Opened, Deposited), vec![Deposited]), metadata());
    let _ = accounts.create("a", [Opened], metadata());
    let _ = accounts.create("a", AccountEvent::from(Opened), metadata());
    let _ = accounts.create("a", vec![AccountEvent::from(Opened), Deposited.into()], metadata());
    let _ = accounts.update("a", metadata(), |_| Ok::<_, String>(()));
    let _ = accounts.update("a", metadata(), |_| Ok::<_, String>(Deposited));
    let _ = accounts.update("a", metadata(), |_| Ok::<_, String>((Deposited, None::<Deposited>, vec![Deposited])));
    let _ = accounts.update("a", metadata(), |_| Ok::<_, String>(AccountEvent::from(Deposited)));
    let _ = accounts.update("a", metadata(), |_| Ok::<_, String>((Deposited, vec![AccountEvent::from(Deposited)])));

    let logs = Repository::<Log>::new(&MemoryStore::new());
    let _ = logs.create("l", (Deposited, Opened), metadata());
    let _ = logs.update("l", metadata(), |_| Ok::<_, String>((Opened, Deposited)));
}
