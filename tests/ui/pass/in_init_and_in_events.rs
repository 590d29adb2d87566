use es_core::memory::MemoryStore;
use es_core::{Aggregate, Apply, Context, Init, Repository, event};

#[event(version = 1)]
pub struct Stated {
    pub cents: i64,
}

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate)]
#[aggregate(init(Stated), events(Closed, Stated))]
pub struct Account {
    cents: i64,
}

impl Init<Stated> for Account {
    fn init(event: Stated, _: &Context) -> Self {
        Self { cents: event.cents }
    }
}

impl Apply<Stated> for Account {
    fn apply(&mut self, event: Stated, _: &Context) {
        self.cents = event.cents;
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed, _: &Context) {}
}

/// Every listed event is in both lists.
#[derive(Aggregate)]
#[aggregate(init(Closed), events(Closed))]
pub struct Door;

impl Init<Closed> for Door {
    fn init(_: Closed, _: &Context) -> Self {
        Self
    }
}

impl Apply<Closed> for Door {
    fn apply(&mut self, _: Closed, _: &Context) {}
}

fn main() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    let _ = accounts.create("a", (Stated { cents: 1 }, Stated { cents: 2 }, Closed));
    let _ = accounts.update("a", |_| (Closed, Stated { cents: 3 }));
    let doors = Repository::<Door>::new(&MemoryStore::new());
    let _ = doors.create("d", [Closed, Closed]);
}
