use es_core::events;

#[events]
pub enum AccountEvent {
    #[event(name = "AccountOpened")]
    Opened { owner: String },
}

fn main() {}
