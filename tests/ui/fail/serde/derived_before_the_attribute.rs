use es_core::event;

#[derive(serde::Serialize)]
#[event(version = 1)]
pub struct Opened {
    pub owner: String,
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
