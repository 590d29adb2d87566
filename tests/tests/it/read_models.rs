//! Read models on a server: every event counts once, whatever happens to the processes that fold
//! it, and a reader is never shown less than it asks for.

mod child;
mod clocks;
mod deployed;
mod handled;
mod indexes;
mod killed;
mod meanwhile;
mod metrics;
mod operated;
mod parked;
mod process;
mod reading;
mod rebuilt;
mod rolled_over;
mod routed;
mod several_rows;
mod shared;
mod stopped;
mod switched;
mod two_versions;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use es_core::feed;
use es_core::projection::{Dispatch, Rows};
use es_core::store::FeedStore;
use es_core::subscription::{SubscriptionError, Subscriptions};
use es_core::{Position, Repository};
use es_mongo::MongoStore;
use es_mongo::mongodb::Collection;
use es_mongo::mongodb::bson::{Document, doc};
use futures_util::TryStreamExt;
use tests::wallet::{Balance, Earned, Entries, Spent, Wallet, WalletEvent, subscriptions};

/// The owners of the wallets, more than there are partitions.
const OWNERS: [&str; 7] = ["ann", "bob", "cid", "dora", "eve", "fay", "gus"];

/// What the event with this number changes.
fn cents(number: usize) -> i64 {
    let cents = i64::try_from(number).unwrap() + 1;
    if number.is_multiple_of(3) { -cents } else { cents }
}

fn event(number: usize) -> WalletEvent {
    let (owner, cents) = (OWNERS[number % OWNERS.len()].to_owned(), cents(number));
    if cents < 0 { Spent { owner, cents: -cents }.into() } else { Earned { owner, cents }.into() }
}

async fn record(store: &MongoStore, wallet: &str, number: usize) {
    record_all(store, wallet, number..number + 1).await;
}

/// Records the events with these numbers in one append, and returns the position of the last one.
async fn record_all(store: &MongoStore, wallet: &str, numbers: Range<usize>) -> Position {
    let decide = move |_: Option<&es_core::Loaded<Wallet>>| numbers.clone().map(event).collect::<Vec<_>>();
    Repository::<Wallet>::new(store).upsert(wallet, decide).await.unwrap().position().unwrap()
}

/// The fold of the log, event by event, without a read model.
async fn folded<P: es_core::projection::Projection>(store: &MongoStore) -> Rows<P> {
    let (dispatch, mut rows) = (Dispatch::new(), Rows::new());
    let end = store.frontier().await.unwrap();
    let mut events = store.follow(feed::From::beginning()).read();
    while events.reaches() < end {
        let event = events.next().await.unwrap().unwrap();
        rows.push(&dispatch, &event.as_stored()).unwrap();
    }
    rows
}

/// Lets leases end, as if their owners were dead for long.
async fn end_leases(store: &MongoStore) {
    let long_ago = es_mongo::mongodb::bson::DateTime::from_millis(0);
    rows(store, "subscriptions").update_many(doc! {}, doc! { "$set": { "until": long_ago } }).await.unwrap();
}

/// Checks that every row is the fold of the log, and that there is no other row.
async fn assert_folded(store: &MongoStore) {
    while let Err(error) = subscriptions(store).catch_up().await {
        // What a process has sent before it was killed may have renewed its lease since.
        assert!(matches!(error, SubscriptionError::Held { .. }), "{error}");
        end_leases(store).await;
    }
    let (balances, entries) = (folded::<Balance>(store).await, folded::<Entries>(store).await);
    let (read_balances, read_entries) = (store.read_model::<Balance>(), store.read_model::<Entries>());
    for owner in OWNERS {
        assert_eq!(read_balances.get(owner).await.unwrap().as_ref(), balances.get(owner), "{owner}");
    }
    for wallet in keys(store, "entries_v1").await {
        assert_eq!(read_entries.get(wallet.as_str()).await.unwrap().as_ref(), entries.get(wallet.as_str()));
    }
    assert_eq!(keys(store, "balance_v1").await.len(), balances.len());
    assert_eq!(keys(store, "entries_v1").await.len(), entries.len());
}

fn rows(store: &MongoStore, name: &str) -> Collection<Document> {
    store.database().collection(name)
}

/// The keys of all rows.
async fn keys(store: &MongoStore, name: &str) -> Vec<String> {
    let found = rows(store, name).find(doc! {}).await.unwrap();
    found.map_ok(|row| row.get_str("_id").unwrap().to_owned()).try_collect().await.unwrap()
}
