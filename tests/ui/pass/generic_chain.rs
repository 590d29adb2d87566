use es_core::event;

#[event(version = 1, name = "Opened")]
pub struct OpenedV1<T> {
    pub owner: T,
}

#[event(version = 2, from = OpenedV1<T>)]
pub struct Opened<T> {
    pub owner: Option<T>,
}

impl<T> From<OpenedV1<T>> for Opened<T> {
    fn from(old: OpenedV1<T>) -> Self {
        Self { owner: Some(old.owner) }
    }
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened<String>>();
}
