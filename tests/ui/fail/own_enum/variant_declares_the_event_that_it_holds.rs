use es_core::{event, events};

#[event(version = 1)]
pub struct AccountClosed {
    pub reason: String,
}

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
    #[event(version = 1)]
    Renamed(String),
    #[event(version = 1)]
    Closed(AccountClosed),
}

fn main() {}
