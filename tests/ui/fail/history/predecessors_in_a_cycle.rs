use es_core::event;

#[event(version = 2, name = "Opened", from = Opened)]
pub struct OpenedV2;

#[event(version = 3, from = OpenedV2)]
pub struct Opened;

impl From<OpenedV2> for Opened {
    fn from(_: OpenedV2) -> Self {
        Self
    }
}

impl From<Opened> for OpenedV2 {
    fn from(_: Opened) -> Self {
        Self
    }
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
