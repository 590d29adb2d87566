use es_core::{Aggregate, Context, Id, Init, event};

#[derive(Id, Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct InvoiceId(u64);

#[derive(Id, Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct CustomerId(u64);

#[event(version = 1)]
pub struct Created {
    pub cents: i64,
}

#[derive(Aggregate)]
#[aggregate(init(Created), id = InvoiceId)]
pub struct Invoice {
    id: InvoiceId,
    customer: CustomerId,
    cents: i64,
}

impl Init<Created> for Invoice {
    fn init(event: Created, context: &Context) -> Self {
        Self { id: context.id::<Self>(), customer: context.id::<Self>(), cents: event.cents }
    }
}

fn main() {}
