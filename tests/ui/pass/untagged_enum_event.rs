use es_core::event;

#[event(version = 1)]
#[serde(untagged)]
pub enum Opened {
    Branch { city: String },
    Phone { number: String },
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
