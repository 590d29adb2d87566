use es_core::events;

pub struct AccountClosed;

#[events]
pub enum AccountEvent {
    #[event]
    Closed(AccountClosed),
}

fn main() {}
