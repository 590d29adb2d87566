use es_core::events;

#[events]
pub enum AccountEvent {}

fn main() {}
