use es_core::{event, events};

#[event(version = 1)]
pub struct OpenedV1;

#[events]
pub enum AccountEvent {
    #[event(version = 2, from = OpenedV1)]
    Opened { owner: String },
}

impl From<OpenedV1> for AccountEvent {
    fn from(_: OpenedV1) -> Self {
        Self::Opened { owner: String::new() }
    }
}

fn main() {}
