use es_core::event;

#[event(version = 1, colour = "red")]
pub struct Opened;

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
