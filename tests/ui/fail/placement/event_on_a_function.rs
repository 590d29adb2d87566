use es_core::event;

#[event(version = 1)]
pub fn open() {}

fn main() {}
