use es_core::event;

#[event(version = 1)]
pub mod opened {}

fn main() {}
