//! Aggregates that end: with a beginning, with `Default`, with a parameter, and with several ends.

use es_core::memory::MemoryStore;
use es_core::{Aggregate, Apply, Context, Init, Repository, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[event(version = 1)]
pub struct Expired;

#[event(version = 1)]
pub struct Put<T> {
    pub item: T,
}

#[derive(Aggregate)]
#[aggregate(init(Opened), ends(Closed, Expired))]
pub struct Account;

impl Init<Opened> for Account {
    fn init(_: Opened, _: &Context) -> Self {
        Self
    }
}

#[derive(Aggregate)]
#[aggregate(events(Put<T>), ends(Closed), informs(Expired))]
pub struct Drawer<T> {
    item: Option<T>,
}

impl<T> Default for Drawer<T> {
    fn default() -> Self {
        Self { item: None }
    }
}

impl<T> Apply<Put<T>> for Drawer<T> {
    fn apply(&mut self, event: Put<T>, _: &Context) {
        self.item = Some(event.item);
    }
}

fn main() {
    assert!(Account::CAN_END && Account::is_end(&Expired.into()) && !Account::is_end(&Opened.into()));
    let store = MemoryStore::new();
    let accounts = Repository::<Account>::new(&store);
    let _ = accounts.create("a", (Opened, Closed));
    let _ = accounts.update("a", |_| Some(Expired));
    let _ = accounts.upsert("a", |account| match account {
        Some(_) => AccountEvent::from(Closed),
        None => Opened.into(),
    });
    let drawers = Repository::<Drawer<String>>::new(&store);
    let _ = drawers.create("a", (Put { item: String::from("n") }, Expired, Closed));
    let _ = drawers.update("a", |drawer| drawer.item.is_none().then_some(Closed));
}
