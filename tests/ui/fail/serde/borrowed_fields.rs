use es_core::event;

#[event(version = 1)]
pub struct Opened {
    pub owner: &'static str,
    pub keys: Vec<Option<&'static [u8]>>,
}

#[event(version = 1)]
pub enum Closed {
    ByMail(&'static std::path::Path),
}

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
    is_event::<Closed>();
}
