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
    let _ = accounts.create("a", Opened);
    let _ = accounts.create("a", ());
    let _ = accounts.create("a", (Opened,));
    let _ = accounts.create("a", (Opened, Deposited, [Deposited, Deposited], Some(Deposited)));
    let _ = accounts.create("a", ((Opened, Deposited), vec![Deposited]));
    let _ = accounts.create("a", [Opened]);
    let _ = accounts.create("a", AccountEvent::from(Opened));
    let _ = accounts.create("a", vec![AccountEvent::from(Opened), Deposited.into()]);
    let _ = accounts.update("a", |_| ());
    let _ = accounts.update("a", |_| Deposited);
    let _ = accounts.update("a", |_| (Deposited, None::<Deposited>, vec![Deposited]));
    let _ = accounts.update("a", |_| AccountEvent::from(Deposited));
    let _ = accounts.update("a", |_| (Deposited, vec![AccountEvent::from(Deposited)]));

    let logs = Repository::<Log>::new(&MemoryStore::new());
    let _ = logs.create("l", (Deposited, Opened));
    let _ = logs.update("l", |_| (Opened, Deposited));
}
