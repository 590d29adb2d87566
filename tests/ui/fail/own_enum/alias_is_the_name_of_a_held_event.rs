use es_core::{event, events};

#[event(version = 1)]
pub struct AccountClosed;

#[events]
pub enum AccountEvent {
    #[event(version = 1, alias = "AccountClosed")]
    Opened { owner: String },
    #[event]
    Closed(AccountClosed),
}

fn main() {}
