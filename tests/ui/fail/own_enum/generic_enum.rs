use es_core::events;

#[events]
pub enum CartEvent<T> {
    #[event(version = 1)]
    Added { item: T },
}

fn main() {}
