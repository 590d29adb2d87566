use es_core::event;

#[event(version = 2, from = Opened)]
pub struct Opened;

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
