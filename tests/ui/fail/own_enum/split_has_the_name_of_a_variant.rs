use es_core::{event, events};

#[event(version = 1, name = "Opened", split(First, Second))]
pub struct OpenedOnce;

#[event(version = 1)]
pub struct First;

#[event(version = 1)]
pub struct Second;

impl From<OpenedOnce> for (First, Second) {
    fn from(_: OpenedOnce) -> Self {
        (First, Second)
    }
}

#[events(split(OpenedOnce))]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
    #[event]
    First(First),
    #[event]
    Second(Second),
}

fn main() {}
