use es_core::Aggregate;

pub mod facts {
    #[es_core::event(version = 1)]
    pub struct Opened;
}

#[derive(Aggregate, Default)]
#[aggregate(events(facts::Opened))]
pub struct Account;

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
