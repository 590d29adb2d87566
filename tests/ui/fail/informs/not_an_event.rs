use es_core::{Aggregate, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Printed;

pub struct Unmarked;

#[derive(Aggregate)]
#[aggregate(init(Opened), informs(Unmarked))]
pub struct Account;

impl es_core::Init<Opened> for Account {
    fn init(_: Opened, _: &es_core::Context) -> Self {
        Self
    }
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
