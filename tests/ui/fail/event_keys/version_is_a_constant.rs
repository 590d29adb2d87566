use es_core::event;

const NEWEST: u32 = 1;

#[event(version = NEWEST)]
pub struct Opened;

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
