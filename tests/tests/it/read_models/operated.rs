//! Read models that are paused, reset and watched.

use es_core::read_model::ReadModelError;
use es_core::store::{Activity, ReadModelId, ReadModelStore};
use es_core::subscription::{Lag, Problem};
use es_mongo::FindRows;
use tests::fail_point::FailPoint;
use tests::{client_named, empty_store, server};
use tokio::sync::oneshot;

use super::*;

/// Polls until a condition is met.
async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let begun = std::time::Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "the condition is not met");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_read_model_stays_readable_and_is_resumed() {
    let store = empty_store().await;
    let balance = ReadModelId::of::<Balance>();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(subscriptions(&store).run_until(async { drop(stopped.await) }));
    record(&store, "wallet", 1).await;
    until(async || store.read_model::<Balance>().get(OWNERS[1]).await.is_ok_and(|row| row.is_some())).await;

    assert!(store.pause(&balance).await.unwrap());
    let before = store.read_model::<Balance>().get(OWNERS[1]).await.unwrap();
    let recorded = Repository::<Wallet>::new(&store)
        .upsert("wallet", |_| Earned { owner: OWNERS[1].into(), cents: 5 })
        .await
        .unwrap();
    let begun = std::time::Instant::now();
    let waits = store.read_model::<Balance>().at_least(recorded.position()).within(Duration::from_secs(60));
    let waits = waits.get(OWNERS[1]).await.unwrap_err();
    assert!(matches!(waits, ReadModelError::Paused { .. }), "{waits}");
    assert!(begun.elapsed() < Duration::from_secs(30), "the wait was pointless");
    // The other projection continues, and the rows stay as they were.
    store.read_model::<Entries>().at_least(recorded.position()).get("wallet").await.unwrap();
    assert_eq!(store.read_model::<Balance>().get(OWNERS[1]).await.unwrap(), before);
    let health = store.health().await.unwrap();
    let problems: Vec<_> = health.problems().map(|(of, problem)| (of.partition.model.clone(), problem)).collect();
    assert_eq!(problems, vec![(balance.clone(), Problem::Paused); 4]);
    let paused = Subscriptions::on(&store).project_with::<Balance>(|options| options.partitions(4)).catch_up().await;
    assert!(matches!(paused, Err(SubscriptionError::Paused { .. })), "{paused:?}");

    assert!(store.resume(&balance).await.unwrap());
    let after = store.read_model::<Balance>().at_least(recorded.position()).within(Duration::from_secs(60));
    assert_eq!(after.get(OWNERS[1]).await.unwrap().unwrap().events, before.unwrap().events + 1);
    drop(stop);
    running.await.unwrap().unwrap();
    assert_folded(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_is_computed_from_what_is_stored() {
    let store = empty_store().await;
    subscriptions(&store).catch_up().await.unwrap();
    let health = store.health().await.unwrap();
    assert_eq!((health.frontier, health.partitions.len(), health.problems().count()), (None, 5, 0));
    for number in 0..7 {
        record(&store, "wallet", number).await;
    }
    let first = store.follow(feed::From::beginning()).read().next().await.unwrap().unwrap();
    let health = store.health().await.unwrap();
    for partition in &health.partitions {
        assert_eq!((partition.lag.positions, partition.lag.since), (7, Some(first.timestamp)));
        assert_eq!(partition.problem(), Some(Problem::Unowned));
    }
    subscriptions(&store).catch_up().await.unwrap();
    let health = store.health().await.unwrap();
    assert!(health.partitions.iter().all(|partition| partition.lag == Lag::default()), "{health:?}");
    assert_eq!(health.problems().count(), 0);
}

/// A reader asks all the time. It gets the right balance, or the error that the rows are folded from
/// the beginning, and never a part of the rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reset_is_never_seen_as_an_old_or_a_partial_answer() {
    let store = empty_store().await;
    for number in 0..60 {
        record(&store, &format!("wallet {}", number % 5), number).await;
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(subscriptions(&store).run_until(async { drop(stopped.await) }));
    until(async || store.read_model::<Balance>().ready().await.is_ok()).await;
    let truth = folded::<Balance>(&store).await;
    let balance = ReadModelId::of::<Balance>();
    let mut resets = tokio::spawn({
        let (store, balance) = (store.clone(), balance.clone());
        async move {
            for _ in 0..5 {
                assert!(store.reset(&balance).await.unwrap());
                until(async || store.read_model::<Balance>().ready().await.is_ok()).await;
            }
        }
    });
    let (mut answers, mut refusals) = (0, 0);
    loop {
        let found = store.read_model::<Balance>().find(doc! {}).await;
        let one = store.read_model::<Balance>().get(OWNERS[2]).await;
        for error in [found.as_ref().err(), one.as_ref().err()].into_iter().flatten() {
            assert!(matches!(error, ReadModelError::Building { .. }), "{error}");
            refusals += 1;
        }
        if let Ok(rows) = found {
            answers += 1;
            assert_eq!(rows.len(), truth.len());
            assert!(rows.iter().all(|(owner, row)| truth.get(owner.as_str()) == Some(row)), "{rows:?}");
        }
        if let Ok(row) = one {
            assert_eq!(row.as_ref(), truth.get(OWNERS[2]));
        }
        if resets.is_finished() {
            break;
        }
    }
    (&mut resets).await.unwrap();
    assert!(answers > 0 && refusals > 0, "{answers} answers, {refusals} refusals");
    drop(stop);
    running.await.unwrap().unwrap();
    assert_folded(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_reset_while_they_are_found_are_those_of_their_checkpoint() {
    // The reset comes before the first read of the reader, which is that of the checkpoint, or before
    // the second one, which is that of the rows.
    for reads_before in [0, 1] {
        let store = empty_store().await;
        record(&store, "wallet", 1).await;
        Subscriptions::on(&store).project::<Balance>().catch_up().await.unwrap();
        let name = es_mongo::dev::fresh_database_name("app");
        let reader = MongoStore::builder(client_named(&name).await, store.database().name()).open().await.unwrap();
        let data = doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": 1_000 };
        let fault = FailPoint::on_commands(server().await.uri(), &name, doc! { "skip": reads_before }, data).await;
        let found = tokio::spawn(async move { reader.read_model::<Balance>().find(doc! {}).await });
        fault.met().await;
        assert!(store.reset(&ReadModelId::of::<Balance>()).await.unwrap());
        assert!(!found.is_finished());
        drop(fault);
        let found = found.await.unwrap();
        if reads_before == 0 {
            let building = found.unwrap_err();
            assert!(matches!(building, ReadModelError::Building { .. }), "{building}");
        } else {
            assert_eq!(found.unwrap().len(), 1, "the rows are not those of the checkpoint");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_whose_process_died_is_completed_by_the_next() {
    let store = empty_store().await;
    for number in 0..20 {
        record(&store, "wallet", number).await;
    }
    subscriptions(&store).catch_up().await.unwrap();
    // As the process that has died left it.
    let begun =
        doc! { "$set": { "isResetting": true, "isLive": false, "position": 0_i64 }, "$inc": { "fence": 1_i64 } };
    rows(&store, "subscriptions").update_many(doc! { "_id": { "$regex": "^balance@1/" } }, begun).await.unwrap();
    rows(&store, "balance_v1").delete_one(doc! {}).await.unwrap();
    let held = subscriptions(&store).catch_up().await.unwrap_err();
    assert!(matches!(held, SubscriptionError::Held { .. }), "{held}");
    let building = store.read_model::<Balance>().find(doc! {}).await.unwrap_err();
    assert!(matches!(building, ReadModelError::Building { .. }), "{building}");
    let resetting = store.partitions().await.unwrap();
    let resetting = resetting.iter().filter(|record| record.checkpoint.activity == Activity::Resetting);
    assert_eq!(resetting.count(), 4);

    assert!(store.reset(&ReadModelId::of::<Balance>()).await.unwrap());
    assert_eq!(keys(&store, "balance_v1").await, Vec::<String>::new());
    assert_folded(&store).await;
}
