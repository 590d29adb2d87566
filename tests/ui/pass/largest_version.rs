use es_core::event;

#[event(version = 4_294_967_295, since = 1)]
pub struct Opened;

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
