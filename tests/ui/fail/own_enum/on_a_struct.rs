use es_core::events;

#[events]
pub struct Opened {
    owner: String,
}

fn main() {}
