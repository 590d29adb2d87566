use es_core::event;

#[event(version = 1)]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
}

fn main() {}
