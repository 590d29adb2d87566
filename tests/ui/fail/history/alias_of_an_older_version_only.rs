use es_core::event;

#[event(version = 1, name = "Opened", alias = "Began")]
pub struct OpenedV1;

#[event(version = 2, from = OpenedV1)]
pub struct Opened;

impl From<OpenedV1> for Opened {
    fn from(_: OpenedV1) -> Self {
        Self
    }
}

fn main() {}
