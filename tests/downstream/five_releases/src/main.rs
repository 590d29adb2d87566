//! One aggregate in five releases of a program, each a module. The last release loads what every
//! release stored.

#![allow(dead_code, reason = "an old release is kept complete, although only parts of it are used")]

mod release_1;
mod release_2;
mod release_3;
mod release_4;
mod release_5;

use std::convert::Infallible;

use es_core::memory::MemoryStore;
use es_core::store::Store;
use es_core::{LoadError, Repository, StoreError};
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A decision that is never refused.
fn certainly<D>(decided: D) -> Result<D, Infallible> {
    Ok(decided)
}

async fn walk(store: impl Store + Clone) -> Outcome {
    release_1::work(store.clone()).await?;
    release_2::work(store.clone()).await?;
    release_3::work(store.clone()).await?;
    release_4::work(store.clone()).await?;
    release_5::work(store.clone()).await?;

    // An old release does not guess what a newer release stored. It reports that it is too old.
    for id in ["of-release-2", "of-release-3", "of-release-5", "of-all-releases"] {
        let loaded = Repository::<release_1::Invoice>::new(&store).load(id).await;
        assert!(matches!(&loaded, Err(LoadError::Store(StoreError::Decode { .. }))), "{id}: {loaded:?}");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    walk(MemoryStore::new()).await?;
    let server = DevServer::start().await?;
    walk(MongoStore::connect(server.uri(), &fresh_database_name("five_releases")).await?).await?;
    println!(
        "five_releases: the last release loads what each of five releases stored, on MemoryStore and on MongoStore"
    );
    Ok(())
}
