use es_core::{event, events};

#[event(version = 1, name = "Opened")]
pub struct OpenedV1;

#[events]
pub enum AccountEvent {
    #[event(version = 2, from = OpenedV1)]
    Opened { owner: String },
}

fn main() {}
