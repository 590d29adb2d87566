//! A new version of a read model that is built beside the old one while events are recorded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use es_core::projection::{Keyed, Keys, Projection};
use es_core::read_model::ReadModelError;
use es_core::store::{Prepare, ReadModelStore};
use es_core::{Apply, Context};
use tests::empty_store;

use super::two_versions::{InAndOut, Writer, fold};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_sees_a_wrong_balance_while_a_new_version_is_built() {
    let store = empty_store().await;
    let writer = Writer::new(&store);
    // More events than a page of the feed has, so that version 2 is built in several commits.
    for _ in 0..25 {
        writer.record_next(1_000).await;
    }
    let (stop_1, version_1) = fold::<Balance>(&store, 1);
    let has_switched = AtomicBool::new(false);
    let (old_reads, owners) = (AtomicU64::new(0), || OWNERS.iter().copied().cycle());

    let writing = async {
        while !has_switched.load(Ordering::Relaxed) {
            writer.record_next(1).await;
        }
    };
    let reading_version_1 = async {
        for owner in owners() {
            writer.check_version_1(owner).await;
            old_reads.fetch_add(1, Ordering::Relaxed);
            if has_switched.load(Ordering::Relaxed) {
                break;
            }
        }
    };
    let switching = async {
        let never = writer.check_version_2("ann", 0, None).await.unwrap_err();
        assert!(matches!(never, ReadModelError::NeverFolded { .. }), "{never}");
        // A process begins version 2, and has not folded any event yet.
        store.prepare(&Prepare::of::<InAndOut>(1)).await.unwrap();
        let building = writer.check_version_2("ann", 0, None).await.unwrap_err();
        assert!(matches!(building, ReadModelError::Building { position: None, .. }), "{building}");

        let begun: HashMap<&str, u64> = OWNERS.map(|owner| (owner, writer.acknowledged(owner).0)).into();
        let running = fold::<InAndOut>(&store, 1);
        // A read fails until the end of the log is reached.
        for owner in owners() {
            match writer.check_version_2(owner, begun[owner], None).await {
                Ok(()) => break,
                Err(ReadModelError::Building { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let old_reads_before = old_reads.load(Ordering::Relaxed);
        // Now every reader can move to version 2, and sees its own writes there.
        for owner in owners().take(200) {
            let (count, last) = writer.acknowledged(owner);
            writer.check_version_2(owner, count, Some(last)).await.unwrap();
        }
        // Version 1 is right as long as it is folded.
        while old_reads.load(Ordering::Relaxed) < old_reads_before + 50 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        has_switched.store(true, Ordering::Relaxed);
        running
    };
    let all = async { tokio::join!(writing, reading_version_1, switching) };
    let all = tokio::time::timeout(Duration::from_secs(120), all).await;
    let ((), (), (stop_2, version_2)) = all.expect("version 2 is built within two minutes");

    // At the end both versions contain every event.
    for owner in OWNERS {
        writer.check_version_1(owner).await;
        let (count, last) = writer.acknowledged(owner);
        writer.check_version_2(owner, count, Some(last)).await.unwrap();
        assert_eq!(writer.truth.lock().unwrap().balances[owner].len() - 1, usize::try_from(count).unwrap());
    }
    drop((stop_1, stop_2));
    version_1.await.unwrap().unwrap();
    version_2.await.unwrap().unwrap();
}

/// A read model that is folded more slowly than events are recorded.
#[derive(Projection, Debug, Default)]
#[projection(version = 1, key = String, events(Wallet(Earned, ..)))]
struct Slow {
    events: u64,
}

impl Keyed<Earned> for Slow {
    fn key(event: &Earned, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Earned> for Slow {
    fn apply(&mut self, _: Earned, _: &Context) {
        std::thread::sleep(Duration::from_millis(10));
        self.events += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_version_can_be_read_although_there_are_always_events_to_fold() {
    let store = empty_store().await;
    let (recorded, is_read) = (AtomicUsize::new(0), AtomicBool::new(false));
    let write = async |wallet: &str| {
        while !is_read.load(Ordering::Relaxed) {
            record(&store, wallet, recorded.fetch_add(1, Ordering::Relaxed)).await;
        }
    };
    let reading = async {
        while recorded.load(Ordering::Relaxed) < 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let running = fold::<Slow>(&store, 1);
        let rows = store.read_model::<Slow>().at_least(Position::FIRST).within(Duration::from_secs(15));
        let row = rows.get("bob").await;
        is_read.store(true, Ordering::Relaxed);
        (row, running)
    };
    let (.., (row, (stop, running))) = tokio::join!(write("1"), write("2"), write("3"), write("4"), reading);
    drop(stop);
    running.await.unwrap().unwrap();
    assert!(row.unwrap().unwrap().events > 0);
}
