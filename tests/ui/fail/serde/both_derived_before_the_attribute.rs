use es_core::event;

#[derive(serde::Serialize, serde::Deserialize)]
#[event(version = 1)]
pub struct Opened;

fn main() {}
