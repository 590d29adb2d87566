use es_core::events;

pub struct Owner;

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: Owner },
}

fn main() {}
