//! A projection over two aggregates, in `balance.rs`, has fewer than forty lines. This program runs
//! it on both stores.

#[rustfmt::skip]
mod balance;
// The domain of the guide.
#[path = "../../../../es-core/src/docs/read_models/domain.rs"]
#[rustfmt::skip]
mod domain;

use balance::CustomerBalance;
use domain::{Customer, CustomerErased, CustomerRegistered, Invoice, InvoiceCreated, InvoicePaid};
use es_core::Repository;
use es_core::memory::MemoryStore;
use es_core::store::{ReadModelStore, Store};
use es_core::subscription::Subscriptions;
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};
use tokio::sync::oneshot;

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn run(store: impl Store + ReadModelStore + Clone) -> Outcome {
    let (stop, stopped) = oneshot::channel::<()>();
    let subscriptions = Subscriptions::on(&store).project::<CustomerBalance>();
    let running = tokio::spawn(subscriptions.run_until(async { drop(stopped.await) }));
    let (customers, invoices) = (Repository::<Customer>::new(&store), Repository::<Invoice>::new(&store));
    customers.create("ann", CustomerRegistered { name: "Ann".into() }).await?;
    invoices.create("invoice_1", InvoiceCreated { customer: "ann".into(), cents: 500 }).await?;
    let paid = invoices.update("invoice_1", |_| InvoicePaid { customer: "ann".into(), cents: 200 }).await?;
    let ann = store.read_model::<CustomerBalance>().at_least(paid.position()).get("ann").await?;
    assert_eq!(ann, Some(CustomerBalance { name: "Ann".into(), open: 300 }));
    let erased = customers.update("ann", |_| CustomerErased).await?;
    let nobody = store.read_model::<CustomerBalance>().at_least(erased.position()).get("ann").await?;
    assert_eq!(nobody, None);
    drop(stop);
    running.await??;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let lines = include_str!("balance.rs").lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines < 40, "the projection has {lines} lines");
    run(MemoryStore::new()).await?;
    let server = DevServer::start().await?;
    run(MongoStore::connect(server.uri(), &fresh_database_name("read_model")).await?).await?;
    println!("read_model: a projection of {lines} lines over two aggregates ran on MemoryStore and on MongoStore");
    Ok(())
}
