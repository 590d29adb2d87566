use es_core::events;

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
    Deposited { cents: i64 },
}

fn main() {}
