//! A new aggregate, in `account.rs`, has fewer than forty lines. This program runs it on both
//! stores.

#[rustfmt::skip]
mod account;

use account::{Account, Money, Opened};
use es_core::Repository;
use es_core::memory::MemoryStore;
use es_core::store::Store;
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn euros(euros: i64) -> Money {
    Money { cents: euros * 100, currency: "EUR".to_owned() }
}

async fn run(store: impl Store + Clone) -> Outcome {
    let accounts = Repository::<Account>::new(&store);
    let opened = Opened { owner: "Ada".to_owned(), limit: euros(20) };
    accounts.create("ada", opened).by("clerk_7").await?;
    let deposited = accounts.update("ada", |account| account.deposit(euros(15))).await;
    assert!(deposited.is_ok(), "{deposited:?}");
    let refused = accounts.update("ada", |account| account.deposit(euros(15))).await;
    assert!(refused.is_err(), "more than the limit");
    let ada = accounts.load("ada").await?;
    assert_eq!((ada.version.get(), ada.cents, ada.owner.as_str()), (2, 1500, "Ada"));
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let lines = include_str!("account.rs").lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines < 40, "the aggregate has {lines} lines");
    run(MemoryStore::new()).await?;
    let server = DevServer::start().await?;
    run(MongoStore::connect(server.uri(), &fresh_database_name("forty_lines")).await?).await?;
    println!("forty_lines: an aggregate of {lines} lines ran on MemoryStore and on MongoStore");
    Ok(())
}
