use es_core::event;

#[event(version = 1)]
#[cfg_attr(all(), derive(serde::Serialize))]
pub struct Opened;

fn main() {}
