use es_core::Repository;
use es_core::memory::MemoryStore; // or `es_mongo::MongoStore`
use es_core::subscription::Subscriptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let subscriptions = Subscriptions::on(&store).project::<CustomerBalance>();
    let running = tokio::spawn(subscriptions.run_until(async { drop(stopped.await) }));

    Repository::<Customer>::new(&store).create("ann", CustomerRegistered { name: "Ann".into() }).await?;
    let created = InvoiceCreated { customer: "ann".into(), cents: 500 };
    let created = Repository::<Invoice>::new(&store).create("invoice_123", created).await?;

    let balances = store.read_model::<CustomerBalance>();
    let ann = balances.at_least(created.position()).get("ann").await?;
    assert_eq!(ann.map(|row| row.open), Some(500));

    drop(stop); // the batch in hand is finished
    running.await??;
    Ok(())
}
