use es_core::events;

#[events(retired("Opened"))]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
}

fn main() {}
