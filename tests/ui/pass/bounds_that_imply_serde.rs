use es_core::{Aggregate, Apply, Context, event};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub trait Item: Serialize + DeserializeOwned + Default + Send + Sync + 'static {
    type Unit: Serialize + DeserializeOwned + Default + Send + Sync + 'static;
}

impl Item for u8 {
    type Unit = String;
}

#[event(version = 1)]
pub struct Added<T: Item, const N: usize = 3> {
    pub item: T,
    #[serde(default)]
    pub count: u32,
}

#[event(version = 1)]
pub struct Taken<T>(pub T)
where
    T: Item;

#[derive(Aggregate, Default)]
#[aggregate(events(Added<T, N>, Taken<T>))]
pub struct Cart<T, const N: usize = 3>
where
    T: Item,
{
    items: Vec<T>,
    unit: Option<T::Unit>,
}

impl<T: Item, const N: usize> Apply<Added<T, N>> for Cart<T, N> {
    fn apply(&mut self, event: Added<T, N>, _: &Context) {
        self.items.push(event.item);
    }
}

impl<T: Item, const N: usize> Apply<Taken<T>> for Cart<T, N> {
    fn apply(&mut self, _: Taken<T>, _: &Context) {
        self.items.pop();
    }
}

fn main() {
    fn is_aggregate<A: Aggregate>() {}
    is_aggregate::<Cart<u8>>();
}
