use es_core::event;

pub struct Account;

#[event(version = 1)]
impl Account {}

fn main() {}
