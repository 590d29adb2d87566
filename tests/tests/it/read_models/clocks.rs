//! Processes whose clock is wrong by two hours. Leases end by the clock of the server, so such a
//! process neither takes a lease too early nor keeps one too long.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use tests::{empty_store, server};
use tokio::sync::oneshot;

use super::child::Projector;
use super::*;

/// Two hours in seconds.
const WRONG_BY: i64 = 7_200;

/// How long a lease lasts.
const LEASE: Duration = Duration::from_secs(10);

/// A library that a process with a wrong clock preloads. The compiler that it needs is the one that
/// links Rust programs.
fn wrong_clock(folder: &TempDir) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/read_models/wrong_clock.c");
    let library = folder.path().join("wrong_clock.so");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status().unwrap();
    assert!(compiled.success());
    library
}

/// A process that folds the wallets, and whose clock is wrong by this many seconds.
async fn projector_wrong_by(seconds: i64, store: &MongoStore) -> Projector {
    let folder = tempfile::tempdir().unwrap();
    let library = wrong_clock(&folder);
    let variables = [("LD_PRELOAD", library.to_str().unwrap()), ("WRONG_CLOCK", &seconds.to_string())];
    let projector = Projector::with_variables(server().await.uri(), store, variables);
    let right = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let [told, right] = [projector.clock, right].map(|seconds| i64::try_from(seconds).unwrap());
    assert!((told - right - seconds).abs() < 60, "the clock of the process is not wrong by {seconds} s");
    projector
}

/// The partitions, each with its owner and with the time in ms until its lease ends, by the clock of
/// the server.
async fn leases(store: &MongoStore) -> BTreeMap<String, (Option<String>, i64)> {
    let stages = [
        doc! { "$match": { "partitions": { "$exists": true } } },
        doc! { "$set": { "left": { "$subtract": ["$until", "$$NOW"] } } },
    ];
    let found = rows(store, "subscriptions").aggregate(stages).await.unwrap();
    let partitions: Vec<Document> = found.try_collect().await.unwrap();
    let lease = |partition: &Document| {
        let owner = partition.get_str("owner").ok().map(str::to_owned);
        let id = partition.get_str("_id").unwrap().to_owned();
        (id, (owner, partition.get_i64("left").unwrap_or(0)))
    };
    partitions.iter().map(lease).collect()
}

/// Waits until everything up to a position is folded.
async fn folded_up_to(store: &MongoStore, position: Position) {
    let within = Duration::from_secs(60);
    store.read_model::<Balance>().at_least(position).within(within).ready().await.unwrap();
    store.read_model::<Entries>().at_least(position).within(within).ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_a_wrong_clock_keeps_its_leases_as_long_as_others() {
    for wrong_by in [-WRONG_BY, WRONG_BY] {
        let store = empty_store().await;
        let position = record_all(&store, "wallet 1", 0..20).await;
        let projector = projector_wrong_by(wrong_by, &store).await;
        folded_up_to(&store, position).await;
        let held = leases(&store).await;
        assert_eq!(held.len(), 5, "{held:?}");
        for (owner, left) in held.values() {
            let lasts = i64::try_from(LEASE.as_millis()).unwrap();
            assert!(owner.is_some() && (1..=lasts).contains(left), "{wrong_by}: {held:?}");
        }
        // Others cannot take them, although their clock shows that the lease ended two hours ago.
        let refused = subscriptions(&store).catch_up().await;
        assert!(matches!(refused, Err(SubscriptionError::Held { .. })), "{wrong_by}: {refused:?}");
        let owners = |held: BTreeMap<String, (Option<String>, i64)>| held.into_values().map(|(owner, _)| owner);
        assert!(owners(held).eq(owners(leases(&store).await)));

        // If it dies, they get them, although the lease ends in two hours by its clock.
        drop(projector);
        let position = record_all(&store, "wallet 2", 20..30).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(subscriptions(&store).run_until(async { drop(stopped.await) }));
        folded_up_to(&store, position).await;
        drop(stop);
        running.await.unwrap().unwrap();
        assert_folded(&store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_a_wrong_clock_takes_no_lease_from_a_process_that_works() {
    let store = empty_store().await;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(subscriptions(&store).run_until(async { drop(stopped.await) }));
    let position = record_all(&store, "wallet 1", 0..20).await;
    folded_up_to(&store, position).await;
    let entries = async || leases(&store).await.remove("entries@1/0").unwrap().0.unwrap();
    let owner = entries().await;
    let projectors = [projector_wrong_by(WRONG_BY, &store).await, projector_wrong_by(-WRONG_BY, &store).await];
    // The only partition of a projection is not shared, so it stays with its owner. Longer than a
    // lease, so that it was renewed.
    let begun = std::time::Instant::now();
    let mut number = 20;
    while begun.elapsed() < LEASE + Duration::from_secs(2) {
        let position = record_all(&store, &format!("wallet {}", number % 5), number..number + 1).await;
        folded_up_to(&store, position).await;
        assert_eq!(entries().await, owner);
        number += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // They get their share of the partitions of the other projection: each of the three processes
    // has at most two of four, so those with a wrong clock have at least two.
    let is_shared = async || {
        let mut owners = BTreeMap::new();
        for (partition, (owner, _)) in leases(&store).await {
            if partition.starts_with("balance@1/") {
                *owners.entry(owner).or_insert(0) += 1;
            }
        }
        !owners.contains_key(&None) && owners.into_values().all(|partitions| partitions <= 2)
    };
    let begun = std::time::Instant::now();
    while !is_shared().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "the partitions are not shared");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(projectors);
    drop(stop);
    running.await.unwrap().unwrap();
    end_leases(&store).await;
    assert_folded(&store).await;
}
