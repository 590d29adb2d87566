use es_core::event;

#[event(version = 1)]
pub struct Opened<T, const N: usize = 2> {
    pub owner: T,
}

#[event(version = 1)]
pub struct Moved<T: Clone>(pub T)
where
    T: Default;

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened<String>>();
    is_event::<Moved<u8>>();
}
