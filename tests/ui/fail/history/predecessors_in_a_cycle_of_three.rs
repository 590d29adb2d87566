use es_core::event;

#[event(version = 2, name = "Opened", from = OpenedV4)]
pub struct OpenedV2;

#[event(version = 3, name = "Opened", from = OpenedV2)]
pub struct OpenedV3;

#[event(version = 4, name = "Opened", from = OpenedV3)]
pub struct OpenedV4;

impl From<OpenedV4> for OpenedV2 {
    fn from(_: OpenedV4) -> Self {
        Self
    }
}

impl From<OpenedV2> for OpenedV3 {
    fn from(_: OpenedV2) -> Self {
        Self
    }
}

impl From<OpenedV3> for OpenedV4 {
    fn from(_: OpenedV3) -> Self {
        Self
    }
}

fn main() {}
