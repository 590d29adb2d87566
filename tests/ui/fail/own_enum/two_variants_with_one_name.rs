use es_core::events;

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
    #[event(version = 1, name = "Opened")]
    Began,
}

fn main() {}
