use es_core::event;

#[event(version = 1, name = "Opened")]
pub struct OpenedV1;

#[event(version = 4, since = 2, from = OpenedV1)]
pub struct Opened {
    #[serde(default)]
    pub note: Option<String>,
}

impl From<OpenedV1> for Opened {
    fn from(_: OpenedV1) -> Self {
        Self { note: None }
    }
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
