use es_core::{event, events};

#[event(version = 1)]
pub struct First;

#[event(version = 1)]
pub struct Second;

#[events]
pub enum AccountEvent {
    #[event(version = 1, split(First, Second))]
    Opened { owner: String },
    #[event]
    First(First),
    #[event]
    Second(Second),
}

fn main() {}
