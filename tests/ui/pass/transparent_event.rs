use es_core::event;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Details {
    owner: String,
}

#[event(version = 1)]
#[serde(transparent)]
pub struct Opened(pub Details);

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
