use es_core::{Aggregate, Apply, Context, event};

use std::marker::PhantomData;

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Added<T> {
    pub item: T,
}

/// The parameter is in the state and in an event.
#[derive(Aggregate)]
#[aggregate(events(Added<T>, Opened))]
pub struct Cart<T> {
    items: Vec<T>,
}

impl<T> Default for Cart<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T> Apply<Added<T>> for Cart<T> {
    fn apply(&mut self, event: Added<T>, _: &Context) {
        self.items.push(event.item);
    }
}

impl<T> Apply<Opened> for Cart<T> {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

/// The parameter is in the state alone, with a bound, beside a constant.
#[derive(Aggregate, Default)]
#[aggregate(events(Opened))]
pub struct Shelf<T: Clone + Default, const N: usize> {
    item: T,
    of: PhantomData<[T; N]>,
}

impl<T: Clone + Default, const N: usize> Apply<Opened> for Shelf<T, N> {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

/// An enum.
#[derive(Aggregate, Default)]
#[aggregate(events(Opened))]
pub enum Door<T> {
    #[default]
    Closed,
    Open(T),
}

impl<T> Apply<Opened> for Door<T> {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

fn main() {
    fn is_aggregate<A: Aggregate>() {}
    is_aggregate::<Cart<String>>();
    is_aggregate::<Shelf<String, 3>>();
    is_aggregate::<Door<u8>>();
}
