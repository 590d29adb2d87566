use es_core::event;

pub struct OpenedV1;

#[event(version = 2, from = OpenedV1)]
pub struct Opened;

impl From<OpenedV1> for Opened {
    fn from(_: OpenedV1) -> Self {
        Self
    }
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
