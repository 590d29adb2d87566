use es_core::event;

#[event(version = 1)]
pub struct Closed;

#[event(version = 1, split())]
pub struct Opened;

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
