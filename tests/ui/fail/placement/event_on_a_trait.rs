use es_core::event;

#[event(version = 1)]
pub trait Open {}

fn main() {}
