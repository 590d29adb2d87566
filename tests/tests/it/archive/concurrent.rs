//! Archive runs beside writers, readers, the daily check and each other.

use std::time::Duration;

use es_core::{Metadata, Timestamp};
use tests::account::{Account, Deposited, Opened, accounts};
use tests::empty_store;

use super::{archive, assert_sound, count, events};

#[tokio::test(flavor = "multi_thread")]
async fn writers_readers_and_a_second_run_are_not_disturbed() {
    const STREAMS: u32 = 6;
    const EVENTS: u32 = 60;
    let store = empty_store().await;
    let ids: Vec<String> = (0..STREAMS).map(|number| format!("account-{number}")).collect();
    for id in &ids {
        accounts(&store)
            .create(id, Opened { owner: id.clone() })
            .metadata(Metadata::new().correlation("run"))
            .await
            .unwrap();
    }
    let mut work = tokio::task::JoinSet::new();
    for id in ids.clone() {
        let store = tests::open(store.database().name()).await;
        work.spawn(async move {
            for _ in 1..EVENTS {
                let deposit = |_: &_| Deposited { cents: 1, source: "x".into() };
                accounts(&store).update(&id, deposit).metadata(Metadata::new().correlation("run")).await.unwrap();
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
            0
        });
    }
    for _ in 0..2 {
        let store = tests::open(store.database().name()).await;
        work.spawn(async move {
            let mut moved = 0;
            for _ in 0..3 {
                let report = store.archive::<Account>(Timestamp::now()).batch(20).run().await.unwrap();
                moved += report.moved + report.finished;
            }
            moved
        });
    }
    let reader = tests::open(store.database().name()).await;
    let readers = tokio::spawn(async move {
        let mut last = 0;
        loop {
            for id in &ids {
                let loaded = accounts(&reader).load(id).await.unwrap();
                assert_eq!(loaded.version.get(), u64::try_from(loaded.cents).unwrap() + 1);
                let history = accounts(&reader).history(id).unwrap().collect().await.unwrap();
                assert!(history.len() as u64 >= loaded.version.get());
            }
            let found = reader.events().of_correlation("run").read().collect().await.unwrap();
            let mut positions: Vec<u64> = found.iter().map(|event| event.position.get()).collect();
            positions.sort_unstable();
            assert!(positions.len() >= last, "{last} events, then {}", positions.len());
            positions.dedup();
            assert_eq!(positions.len(), found.len(), "an event came twice");
            last = positions.len();
            if last as u64 == u64::from(STREAMS * EVENTS) {
                return;
            }
        }
    });
    let checker = tests::open(store.database().name()).await;
    let checks = tokio::spawn(async move {
        loop {
            let report = checker.verify::<Account>().run().await.unwrap();
            assert!(report.is_sound(), "{:#?}", report.findings);
            if report.events == u64::from(STREAMS * EVENTS) {
                return;
            }
        }
    });
    let moved: u64 = work.join_all().await.into_iter().sum();
    readers.await.unwrap();
    checks.await.unwrap();
    assert_eq!(count(&archive(&store)).await, moved);
    assert_eq!(count(&archive(&store)).await + count(&events(&store)).await, u64::from(STREAMS * EVENTS));
    assert_sound(&store, u64::from(STREAMS * EVENTS)).await;
}
