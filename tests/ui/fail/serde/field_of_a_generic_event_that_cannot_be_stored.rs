use es_core::event;

pub struct Owner;

#[event(version = 1)]
pub struct Opened<T> {
    pub owner: Owner,
    pub item: T,
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened<u32>>();
}
