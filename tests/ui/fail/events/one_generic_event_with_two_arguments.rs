use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Added<T> {
    pub item: T,
}

#[derive(Aggregate)]
#[aggregate(events(Added<T>, Added<u8>))]
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

fn main() {
    fn is_aggregate<A: Aggregate>() {}
    is_aggregate::<Cart<String>>();
}
