use es_core::events;

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: &'static str },
}

fn main() {}
