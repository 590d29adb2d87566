use es_core::events;

#[events]
pub enum AccountEvent {
    #[event(version = 2)]
    Opened { owner: String },
}

fn main() {}
