use es_core::Aggregate;

pub mod old {
    #[es_core::event(version = 1, name = "OldOpened")]
    pub struct Opened;
}

pub mod new {
    #[es_core::event(version = 1)]
    pub struct Opened;
}

#[derive(Aggregate)]
#[aggregate(events(old::Opened, new::Opened))]
pub struct Account;

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
