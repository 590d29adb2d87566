use es_core::{event, events};

#[event(version = 1)]
pub struct AccountClosed;

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
    Closed(AccountClosed),
}

fn main() {}
