use es_core::event;

#[event(version = 1, name = "Opened")]
pub struct OpenedV1;

#[event(version = 2, from = OpenedV1)]
pub struct Opened;

impl From<Opened> for OpenedV1 {
    fn from(_: Opened) -> Self {
        Self
    }
}

fn main() {}
