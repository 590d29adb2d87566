use es_core::events;

#[events]
pub enum AccountEvent {
    #[event(version = 2, from = AccountEvent)]
    Opened { owner: String },
}

fn main() {}
