use es_core::event;

#[event(version = 1, name = "Opened")]
pub struct OpenedV1;

#[event(version = 2, from)]
pub struct Opened;

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
