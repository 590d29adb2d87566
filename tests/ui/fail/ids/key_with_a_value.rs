use es_core::Id;

#[derive(Id)]
#[id(display = true)]
pub struct InvoiceId(u64);

fn main() {
    fn is_id<I: es_core::Id>() {}
    is_id::<InvoiceId>();
    let _ = es_core::IdFor::<es_core::AggregateId>::to_stored as fn(&InvoiceId) -> _;
}
