use es_core::events;
use serde::{Deserialize, Serialize};

#[events]
#[derive(Debug, Serialize, Deserialize)]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
}

fn main() {}
