use es_core::event;

#[event(version = 1, name = "Opened")]
pub struct OpenedV1;

#[event(version = 2, name = "Opened", from = OpenedV1)]
pub struct OpenedV2;

impl From<OpenedV1> for OpenedV2 {
    fn from(_: OpenedV1) -> Self {
        Self
    }
}

#[event(version = 3, name = "Opened", from = OpenedV2)]
pub struct OpenedV3;

impl From<OpenedV2> for OpenedV3 {
    fn from(_: OpenedV2) -> Self {
        Self
    }
}

#[event(version = 4, name = "Opened", from = OpenedV3)]
pub struct OpenedV4;

impl From<OpenedV3> for OpenedV4 {
    fn from(_: OpenedV3) -> Self {
        Self
    }
}

#[event(version = 5, name = "Opened", from = OpenedV4)]
pub struct OpenedV5;

impl From<OpenedV4> for OpenedV5 {
    fn from(_: OpenedV4) -> Self {
        Self
    }
}

#[event(version = 6, from = OpenedV5)]
pub struct Opened;

impl From<OpenedV5> for Opened {
    fn from(_: OpenedV5) -> Self {
        Self
    }
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
