//! An id with the aggregate as a parameter, a generic newtype, and a generic aggregate.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use es_core::{Aggregate, Apply, Context, Id, IdFor, Repository, event};

/// The id of a `T`.
#[derive(Id)]
pub struct IdOf<T> {
    number: u64,
    of: PhantomData<fn() -> T>,
}

impl<T> IdOf<T> {
    pub fn new(number: u64) -> Self {
        Self { number, of: PhantomData }
    }
}

impl<T> fmt::Display for IdOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

impl<T> FromStr for IdOf<T> {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::new)
    }
}

#[derive(Id)]
pub struct Wrapped<T: Copy>(T)
where
    T: PartialEq;

#[event(version = 1)]
pub struct Counted {
    pub by: u32,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Counted), id = IdOf<Counter>)]
pub struct Counter {
    count: u32,
}

impl Apply<Counted> for Counter {
    fn apply(&mut self, event: Counted, _: &Context) {
        self.count += event.by;
    }
}

#[derive(Aggregate)]
#[aggregate(events(Counted), id = IdOf<T>)]
pub struct Store<T> {
    items: Vec<T>,
    count: u32,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { items: Vec::new(), count: 0 }
    }
}

impl<T> Apply<Counted> for Store<T> {
    fn apply(&mut self, event: Counted, _: &Context) {
        self.count += event.by;
    }
}

pub async fn run(counters: Repository<Counter>, stores: Repository<Store<String>>) {
    let _ = counters.load(IdOf::new(7)).await;
    let _ = stores.load(IdOf::<String>::new(7)).await;
}

pub async fn any<A: Aggregate>(repository: &Repository<A>, id: impl IdFor<A::Id>) -> Option<A::Id> {
    repository.load(id).await.ok().map(|loaded| loaded.typed_id())
}

fn main() {
    assert_eq!(IdFor::<Wrapped<u8>>::to_stored(&Wrapped(7_u8)).unwrap(), "7");
    assert_eq!(IdFor::<IdOf<Counter>>::to_stored("007").unwrap(), "7");
}
