use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
#[derive(Default)]
#[serde(default)]
pub struct Opened {
    pub owner: String,
}

#[event(version = 1)]
#[serde(default = "Moved::nowhere")]
pub struct Moved(pub String, pub u8);

impl Moved {
    fn nowhere() -> Self {
        Self("nowhere".to_owned(), 0)
    }
}

#[event(version = 1)]
#[derive(Default)]
#[serde(default, deny_unknown_fields)]
pub struct Added<T> {
    pub item: T,
}

/// The state of a generic aggregate.
#[derive(Aggregate, Default)]
#[aggregate(events(Opened, Moved, Added<T>))]
#[serde(default)]
pub struct Cart<T> {
    items: Vec<T>,
}

impl<T> Apply<Opened> for Cart<T> {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

impl<T> Apply<Moved> for Cart<T> {
    fn apply(&mut self, _: Moved, _: &Context) {}
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
