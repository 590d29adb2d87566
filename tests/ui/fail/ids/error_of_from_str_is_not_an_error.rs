use es_core::Id;

#[derive(Id)]
pub enum InvoiceId {
    Draft,
}

impl std::fmt::Display for InvoiceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("id")
    }
}

impl std::str::FromStr for InvoiceId {
    type Err = ();

    fn from_str(_: &str) -> Result<Self, Self::Err> {
        Ok(Self::Draft)
    }
}

fn main() {
    fn is_id<I: es_core::Id>() {}
    is_id::<InvoiceId>();
    let _ = es_core::IdFor::<es_core::AggregateId>::to_stored as fn(&InvoiceId) -> _;
}
