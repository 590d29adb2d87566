use es_core::event;

#[event(version = 1, name = "٣opened")]
pub struct Opened;

fn main() {}
