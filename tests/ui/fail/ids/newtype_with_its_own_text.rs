use es_core::Id;

#[derive(Id)]
pub struct InvoiceId(u64);

impl std::fmt::Display for InvoiceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("id")
    }
}

impl std::str::FromStr for InvoiceId {
    type Err = String;

    fn from_str(_: &str) -> Result<Self, Self::Err> {
        Ok(Self(7))
    }
}

fn main() {
    fn is_id<I: es_core::Id>() {}
    is_id::<InvoiceId>();
    let _ = es_core::IdFor::<es_core::AggregateId>::to_stored as fn(&InvoiceId) -> _;
}
