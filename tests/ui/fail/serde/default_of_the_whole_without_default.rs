use es_core::event;

#[event(version = 1)]
#[serde(default)]
pub struct Opened {
    pub owner: String,
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
