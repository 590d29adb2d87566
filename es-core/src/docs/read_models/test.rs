use es_core::Repository;
use es_core::memory::MemoryStore;
use es_core::testing::rows;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    Repository::<Customer>::new(&store).create("ann", CustomerRegistered { name: "Ann".into() }).await?;
    let invoices = Repository::<Invoice>::new(&store);
    invoices.create("invoice_123", InvoiceCreated { customer: "ann".into(), cents: 500 }).await?;
    invoices.update("invoice_123", |_| InvoicePaid { customer: "ann".into(), cents: 200 }).await?;

    let rows = rows::<CustomerBalance>(&store);
    assert_eq!(rows.get("ann"), Some(&CustomerBalance { name: "Ann".into(), open: 300 }));
    Ok(())
}
