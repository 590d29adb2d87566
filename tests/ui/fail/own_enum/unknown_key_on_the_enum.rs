use es_core::events;

#[events(retird("ReminderSent"))]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened { owner: String },
}

fn main() {}
