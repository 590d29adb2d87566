use es_core::Aggregate;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened))]
pub struct Account;

fn main() {}
