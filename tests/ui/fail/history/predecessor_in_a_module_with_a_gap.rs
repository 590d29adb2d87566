use es_core::event;

pub mod old {
    #[es_core::event(version = 1, name = "Opened")]
    pub struct OpenedV1;
}

#[event(version = 3, from = old::OpenedV1)]
pub struct Opened;

impl From<old::OpenedV1> for Opened {
    fn from(_: old::OpenedV1) -> Self {
        Self
    }
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
