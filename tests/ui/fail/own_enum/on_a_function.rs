use es_core::events;

#[events]
pub fn opened() {}

fn main() {}
