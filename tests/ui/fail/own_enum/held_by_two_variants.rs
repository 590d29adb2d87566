use es_core::{event, events};

#[event(version = 1)]
pub struct AccountClosed;

#[events]
pub enum AccountEvent {
    #[event]
    Closed(AccountClosed),
    #[event]
    Ended(AccountClosed),
}

fn main() {}
