use es_core::event;

#[event(
    alias = "Began",
    name = "billing.account-opened",
    version = 1,
    alias = "Started",
)]
pub struct Opened;

fn main() {
    fn is_event<E: es_core::Event>() {}
    is_event::<Opened>();
}
