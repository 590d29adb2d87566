use es_core::event;

#[event(version = 1)]
pub struct Opened {
    #[serde(rename = "owner")]
    pub opened_by: String,
    pub owner: String,
}

#[event(version = 1)]
pub struct Moved(#[serde(rename = "1")] pub u8, pub u8);

#[event(version = 1)]
pub enum Closed {
    ByMail {
        letter_date: String,
        #[serde(alias = "letterDate")]
        date: String,
    },
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
