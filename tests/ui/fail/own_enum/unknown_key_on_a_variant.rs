use es_core::events;

#[events]
pub enum AccountEvent {
    #[event(vrsion = 1)]
    Opened { owner: String },
}

fn main() {}
