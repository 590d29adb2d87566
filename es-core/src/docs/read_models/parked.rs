use es_core::Repository;
use es_core::memory::MemoryStore; // or `es_mongo::MongoStore`
use es_core::read_model::ReadModelError;
use es_core::store::ReadModelStore;
use es_core::subscription::{OnError, Subscriptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    // There is no row to which this invoice could be added.
    let created = InvoiceCreated { customer: "ann".into(), cents: 500 };
    let created = Repository::<Invoice>::new(&store).create("invoice_123", created).await?;
    Repository::<Customer>::new(&store).create("ann", CustomerRegistered { name: "Ann".into() }).await?;

    let subscriptions = Subscriptions::on(&store);
    subscriptions.project_with::<CustomerBalance>(|options| options.on_error(OnError::Park)).catch_up().await?;
    let balances = store.read_model::<CustomerBalance>();
    assert!(matches!(balances.get("ann").await, Err(ReadModelError::Parked { .. })));

    let letters = store.dead_letters::<CustomerBalance>();
    for letter in letters.list().await? {
        println!("{} {} {:?}", letter.position, letter.key, letter.reason);
    }
    let position = created.position().expect("an event was recorded");
    letters.skip(position, "till", "an invoice to nobody").await?;
    let retried = letters.retry("ann").await?;
    assert_eq!(retried.folded, 1); // the registration was behind it
    assert_eq!(balances.get("ann").await?.map(|row| row.open), Some(0));
    Ok(())
}
