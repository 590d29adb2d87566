//! Processes that fold a read model, and are killed, frozen or in each other's way.

use es_core::store::{PartitionRecord, ReadModelStore, Take};
use tests::fail_point::FailPoint;
use tests::{client_named, empty_store, open, server};

use super::*;

/// A store in a database, as a client with this application name sees it.
async fn named(database: &str, name: &str) -> MongoStore {
    MongoStore::builder(client_named(name).await, database).open().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_counts_once_whenever_a_process_is_killed() {
    let store = empty_store().await;
    let writing = async {
        for number in 0..400 {
            record(&store, &format!("wallet {}", number % 9), number).await;
        }
    };
    let killing = async {
        for round in 0..40 {
            let other = open(store.database().name()).await;
            // Dropping the future ends the process in the middle of what it does. What it has sent
            // to the server may still happen.
            let killed = tokio::time::timeout(Duration::from_millis(7 * round), subscriptions(&other).run()).await;
            assert!(killed.is_err(), "{killed:?}");
            end_leases(&store).await;
        }
    };
    tokio::join!(writing, killing);
    end_leases(&store).await;
    assert_folded(&store).await;
}

/// The pages of a backlog are committed together.
#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_a_backlog_counts_once_whenever_a_process_is_killed() {
    let store = empty_store().await;
    for wallet in 0..450 {
        record_all(&store, &format!("wallet {wallet}"), 0..100).await;
    }
    for round in 1..=12 {
        let other = open(store.database().name()).await;
        let killed = tokio::time::timeout(Duration::from_millis(150 * round), subscriptions(&other).run()).await;
        assert!(killed.is_err(), "{killed:?}");
        record(&store, "wallet 1", 100).await;
        end_leases(&store).await;
    }
    assert_folded(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_take_the_lease_from_each_other_count_every_event_once() {
    let store = empty_store().await;
    let database = store.database().name().to_owned();
    let writing = async {
        for number in 0..300 {
            record(&store, &format!("wallet {}", number % 9), number).await;
        }
    };
    let stealing = async {
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_millis(25)).await;
            end_leases(&store).await;
            // A process without the lease asks for it only now and then, so this takes it in the middle
            // of a batch, and leaves it to whoever asks next.
            for PartitionRecord { partition, .. } in store.partitions().await.unwrap() {
                let lasts = Duration::from_secs(10);
                let taken = store.take_lease(&partition, "thief", lasts, Take::FromOwner).await.unwrap();
                store.release(&partition, taken.unwrap().fence, None).await.unwrap();
            }
        }
    };
    let mut running = Vec::new();
    for _ in 0..2 {
        let other = open(&database).await;
        running.push(tokio::spawn(async move { subscriptions(&other).run().await }));
    }
    tokio::join!(writing, stealing);
    for running in running {
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled(), "a process that lost its lease has stopped");
    }
    end_leases(&store).await;
    assert_folded(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_counts_once() {
    let store = empty_store().await;
    for number in 0..50 {
        record(&store, &format!("wallet {}", number % 9), number).await;
    }
    let name = es_mongo::dev::fresh_database_name("app");
    let other = named(store.database().name(), &name).await;
    let data = doc! {
        "failCommands": ["commitTransaction"], "writeConcernError": { "code": 91, "errmsg": "shutdown" },
        "errorLabels": ["UnknownTransactionCommitResult"],
    };
    let fault = FailPoint::on_commands(server().await.uri(), &name, doc! { "times": 3 }, data).await;
    subscriptions(&other).catch_up().await.unwrap();
    fault.met().await;
    assert_folded(&store).await;
}

/// During an election, the primary takes a lease, and a majority does not acknowledge it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_no_majority_acknowledges_is_taken_again() {
    let store = empty_store().await;
    record_all(&store, "wallet 1", 0..50).await;
    let name = format!("unacknowledged in {}", store.database().name());
    let other = named(store.database().name(), &name).await;
    let stepped_down = doc! { "code": 189, "errmsg": "the primary stepped down" };
    let data = doc! { "failCommands": ["findAndModify"], "writeConcernError": stepped_down };
    let fault = FailPoint::on_commands(server().await.uri(), &name, doc! { "times": 3 }, data).await;
    subscriptions(&other).catch_up().await.unwrap();
    fault.met().await;
    assert_folded(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_frozen_before_its_commit_changes_nothing() {
    let store = empty_store().await;
    for number in 0..50 {
        record(&store, &format!("wallet {}", number % 9), number).await;
    }
    let name = es_mongo::dev::fresh_database_name("app");
    let frozen = named(store.database().name(), &name).await;
    let data = doc! { "failCommands": ["commitTransaction"], "blockConnection": true, "blockTimeMS": 1_500 };
    let fault = FailPoint::on_commands(server().await.uri(), &name, doc! { "times": 5 }, data).await;
    let late = tokio::spawn(async move { subscriptions(&frozen).catch_up().await });
    fault.met().await;
    end_leases(&store).await;
    record(&store, "wallet 1", 51).await;
    assert_folded(&store).await;
    // It folds nothing twice. Its lease belongs to others, or was given back to nobody.
    drop(late.await.unwrap());
    assert_folded(&store).await;
}
