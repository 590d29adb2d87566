use es_core::event;

#[event(version = 1)]
pub type Opened = String;

fn main() {}
