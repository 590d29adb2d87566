use es_core::memory::MemoryStore;
use es_core::{Aggregate, Apply, Context, Id, Repository, event};

#[derive(Id, Debug, Clone, PartialEq)]
pub struct InvoiceId(u64);

#[derive(Id, Debug, Clone, PartialEq)]
pub struct CustomerId(u64);

#[event(version = 1)]
pub struct Paid {
    pub cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Paid), id = InvoiceId)]
pub struct Invoice {
    cents: i64,
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.cents += event.cents;
    }
}

pub async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let invoices = Repository::<Invoice>::new(&MemoryStore::new());
    let (id, customer) = (InvoiceId(7), CustomerId(7));
    invoices.create(&id, Paid { cents: 5 }).by("u").await?;
    invoices.update(&id, |_| Paid { cents: 5 }).await?;
    let invoice = invoices.load(&id).await?;
    assert_eq!((invoice.cents, invoice.typed_id() == InvoiceId(7), customer.clone()), (10, true, customer));
    let _ = invoices.load_at(&customer, 1).await?;
    Ok(())
}

fn main() {}
