//! Events that change nothing, beside other events, alone, and with a parameter.

use es_core::memory::MemoryStore;
use es_core::{Aggregate, Context, Init, Repository, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Printed;

#[event(version = 1)]
pub struct Noted<T> {
    pub note: T,
}

#[derive(Aggregate)]
#[aggregate(init(Opened), informs(Printed))]
pub struct Account;

impl Init<Opened> for Account {
    fn init(_: Opened, _: &Context) -> Self {
        Self
    }
}

#[derive(Aggregate, Default)]
#[aggregate(informs(Printed, Noted<T>))]
pub struct Notes<T: Default> {
    last: T,
}

fn main() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account>::new(&store);
    let _ = accounts.create("a", (Opened, Printed));
    let _ = accounts.update("a", |_| Some(Printed));
    let notes = Repository::<Notes<String>>::new(&store);
    let _ = notes.create("a", Noted { note: String::from("n") });
    let _ = notes.update("a", |notes| Noted { note: notes.last.clone() });
}
