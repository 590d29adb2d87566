use es_core::Id;

#[derive(Id)]
pub struct InvoiceId {
    pub bytes: [u8; 16],
}

fn main() {
    fn is_id<I: es_core::Id>() {}
    is_id::<InvoiceId>();
    let _ = es_core::IdFor::<es_core::AggregateId>::to_stored as fn(&InvoiceId) -> _;
}
