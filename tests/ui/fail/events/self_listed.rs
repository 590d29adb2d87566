use es_core::Aggregate;

#[derive(Aggregate)]
#[aggregate(events(Self))]
pub struct Account;

fn main() {}
