use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Added<T> {
    pub item: T,
}

pub struct Total;

#[derive(Aggregate)]
#[aggregate(events(Added<T>))]
pub struct Cart<T> {
    total: Total,
    items: Vec<T>,
}

impl<T> Default for Cart<T> {
    fn default() -> Self {
        Self { total: Total, items: Vec::new() }
    }
}

impl<T> Apply<Added<T>> for Cart<T> {
    fn apply(&mut self, event: Added<T>, _: &Context) {
        self.items.push(event.item);
    }
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Cart<u32>>();
}
