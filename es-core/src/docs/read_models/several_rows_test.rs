use es_core::Repository;
use es_core::memory::MemoryStore; // or `es_mongo::MongoStore`
use es_core::subscription::Subscriptions;
use es_core::testing::{given, rows};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let created = InvoiceCreated { customer: "ann".into(), cents: 500 };
    let created = Repository::<Invoice>::new(&store).create("invoice_123", created).await?;
    Subscriptions::on(&store).project::<Ledger>().catch_up().await?;

    let event = created.events.last().expect("an event was recorded");
    let month: String = event.timestamp.to_string().chars().take(7).collect();
    let ledger = store.read_model::<Ledger>().at_least(created.position());
    let total = ledger.rows::<MonthlyTotal>().get(&month).await?;
    assert_eq!(total.map(|total| total.invoiced), Some(500));
    let line = store.read_model::<Ledger>().rows::<LedgerLine>().get(event.id).await?;
    assert_eq!(line.map(|line| line.customer), Some("ann".to_owned()));

    // The test kit has the rows of each type, too.
    assert_eq!(rows::<Ledger>(&store).of::<LedgerLine>().len(), 1);
    let paid = InvoicePaid { customer: "ann".into(), cents: 200 };
    let created = InvoiceCreated { customer: "ann".into(), cents: 500 };
    let rows = given::<Invoice>((created, paid)).rows::<Ledger>();
    let cents: Vec<_> = rows.of::<LedgerLine>().iter().map(|line| line.cents).collect();
    assert_eq!(cents, [500, -200]);
    Ok(())
}
