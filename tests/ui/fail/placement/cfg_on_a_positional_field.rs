use es_core::event;

#[event(version = 1)]
pub struct Opened(#[cfg(any())] u8, pub u8);

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
