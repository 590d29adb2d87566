use es_core::events;

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    #[event(name = "AccountOpened")]
    Opened { owner: String },
}

fn main() {}
