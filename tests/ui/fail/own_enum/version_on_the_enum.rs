use es_core::events;

#[events(version = 1)]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
}

fn main() {}
