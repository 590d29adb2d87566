use es_core::events;

#[events]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened {
        owner: String,
        #[serde(rename = "owner")]
        opened_by: String,
    },
}

fn main() {}
