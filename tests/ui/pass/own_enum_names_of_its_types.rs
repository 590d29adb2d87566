// Variants, held events and types of fields with the same names, and `Self` in a type.
#![deny(warnings)]

use es_core::{event, events};
use serde::{Deserialize, Serialize};

#[event(version = 1)]
pub struct Closed {
    reason: Opened,
}

#[derive(Serialize, Deserialize)]
pub struct Opened {
    by: String,
}

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { event: Opened, list: Vec<Opened>, lent: u8, owned: u8 },
    #[event(version = 1)]
    OpenedLent([u8; Self::LENGTH]),
    #[event]
    Closed(Closed),
    #[event(version = 1)]
    Deposited { serializer: String, version: u32, payload: Option<Closed> },
}

impl AccountEvent {
    const LENGTH: usize = 4;
}

fn main() {
    let _ = AccountEvent::OpenedLent([0; 4]);
}
