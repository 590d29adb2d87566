use es_core::events;

#[events]
pub enum LimitEvent {
    #[event(version = 1)]
    Raised { cents: i64 },
    #[event(version = 1)]
    Lowered { cents: i64 },
}

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
    #[event]
    Limit(LimitEvent),
}

fn main() {}
