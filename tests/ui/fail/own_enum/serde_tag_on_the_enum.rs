use es_core::events;

#[events]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
}

fn main() {}
