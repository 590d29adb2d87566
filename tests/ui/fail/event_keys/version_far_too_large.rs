use es_core::event;

#[event(version = 340282366920938463463374607431768211456)]
pub struct Opened;

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
