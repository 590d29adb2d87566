use es_core::events;

#[events]
pub enum AccountEvent {
    #[event]
    Moved(String, u32),
    #[event]
    Opened { owner: String },
    #[event]
    Locked,
}

fn main() {}
