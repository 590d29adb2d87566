use es_core::{Aggregate, Apply, Context, Init, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate)]
#[aggregate(init(Opened), events(Closed))]
pub enum Account {
    Open { owner_name: String },
    Closed,
    Moved(u8),
    MovedFar(u8, u8),
}

impl Init<Opened> for Account {
    fn init(_: Opened, _: &Context) -> Self {
        Self::Open { owner_name: String::new() }
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed, _: &Context) {
        *self = Self::Closed;
    }
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
