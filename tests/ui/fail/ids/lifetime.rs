use es_core::Id;

#[derive(Id)]
pub struct InvoiceId<'a>(&'a str);

fn main() {}
