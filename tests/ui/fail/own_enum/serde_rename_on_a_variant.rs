use es_core::{event, events};

#[event(version = 1)]
pub struct AccountClosed;

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    #[serde(rename = "account_opened")]
    Opened { owner: String },
    #[event]
    #[serde(rename = "account_closed")]
    Closed(AccountClosed),
}

fn main() {}
