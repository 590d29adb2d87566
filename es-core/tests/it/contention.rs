//! Many updates of one aggregate at the same time.

pub(crate) mod budget;
mod drive;
mod histories;
pub(crate) mod slow_store;

use std::sync::atomic::Ordering;

use es_core::store::EventStore;
use es_core::{Outcome, Repository, RetryPolicy, StoreError, UpdateError};
use futures_util::FutureExt;

use budget::{Budget, Opened, Spent, spend, stream};
use drive::{Driven, contended};
use slow_store::SlowStore;

async fn opened(store: &SlowStore, cents: i64) -> Repository<Budget> {
    let budgets = Repository::new(store);
    budgets.create("b", Opened { cents }).await.unwrap();
    budgets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_that_queue_up_are_decided_about_once_and_share_appends() {
    let store = SlowStore::new(20);
    let budgets = opened(&store, 0).await;
    let (writers, each) = (32_u64, 25);
    store.reset();
    let writer = |writer: u64| {
        let budgets = budgets.clone();
        tokio::spawn(async move {
            for number in 0..each {
                let spent = budgets.update("b", spend(0, writer * each + number)).await.unwrap();
                assert_eq!(spent.outcome, Outcome::Appended);
            }
        })
    };
    for writer in (0..writers).map(writer).collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let (commands, appends, calls) = (writers * each, store.appends(), store.calls());
    assert_eq!(store.head(&stream("b")).await.unwrap().version(), 1 + commands);
    assert!(appends * 10 <= commands * 12, "{appends} appends for {commands} commands");
    assert!(calls * 4 <= commands, "{calls} calls for {commands} commands");
}

/// A store with these pauses and an aggregate of this budget, whose updates enter a queue.
async fn queued(pauses: usize, cents: i64) -> (SlowStore, Repository<Budget>) {
    let store = SlowStore::new(pauses);
    let budgets = opened(&store, cents).await;
    contended(&store, &budgets, "b").await;
    (store, budgets)
}

#[tokio::test]
async fn a_refusal_on_a_state_that_is_not_recorded_is_repeated_if_the_append_fails() {
    let (store, budgets) = queued(0, 10).await;
    store.close();
    let mut all = Driven::new(budgets.update("b", spend(10, 1)).into_future());
    let mut too_much = Driven::new(budgets.update("b", spend(10, 2)).into_future());
    for _ in 0..8 {
        assert!(all.poll().is_none());
        assert!(too_much.poll().is_none(), "refused because of an event that is not recorded");
    }
    store.fail_next(StoreError::Unavailable { source: "the line is cut".into() });
    store.open();
    let error = all.run().await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert_eq!(too_much.run().await.unwrap().answer, Some((10, 4)));
}

#[tokio::test]
async fn a_refusal_on_a_state_that_is_recorded_then_is_answered() {
    let (store, budgets) = queued(0, 10).await;
    store.close();
    let mut all = Driven::new(budgets.update("b", spend(10, 1)).into_future());
    let mut too_much = Driven::new(budgets.update("b", spend(10, 2)).into_future());
    for _ in 0..8 {
        assert!(all.poll().is_none() && too_much.poll().is_none());
    }
    store.open();
    assert_eq!(all.run().await.unwrap().version, 5);
    let error = too_much.run().await.unwrap_err();
    assert!(matches!(error.rejection(), Some(refused) if (refused.left, refused.at) == (0, 5)), "{error:?}");
}

#[tokio::test]
async fn a_caller_that_is_dropped_or_not_polled_holds_up_nobody() {
    for kept in [false, true] {
        let (store, budgets) = queued(3, 1_000).await;
        let before = store.head(&stream("b")).await.unwrap().version().get();
        // Each stops at a different place: while the state is loaded, decided, gathered or sent.
        let mut stopped = Vec::new();
        for polls in 0..24 {
            let mut update = Driven::new(budgets.update("b", spend(1, polls)).into_future());
            let answer = (0..polls).find_map(|_| update.poll());
            assert!(answer.is_none_or(|answer| answer.is_ok()));
            if kept {
                stopped.push(update);
            }
            let other = budgets.update("b", spend(1, 1_000 + polls)).await.unwrap();
            assert!(other.version.get() > before);
        }
        drop(stopped);
        let log = store.log();
        let numbers: Vec<u64> = log.iter().filter_map(budget::command).filter(|number| *number >= 1_000).collect();
        assert_eq!(numbers, (1_000..1_024).collect::<Vec<_>>(), "kept {kept}");
        budget::assert_serial(&log);
    }
}

#[tokio::test]
async fn a_panic_in_a_decision_fails_that_command_only() {
    let (store, budgets) = queued(2, 1_000).await;
    let panics = budgets.update("b", |_| -> Spent { panic!("a mistake in the decision") }).into_future();
    let panics = std::panic::AssertUnwindSafe(panics).catch_unwind();
    let others =
        futures_util::future::join_all((0..8).map(|number| budgets.update("b", spend(1, number)).into_future()));
    let more =
        futures_util::future::join_all((8..16).map(|number| budgets.update("b", spend(1, number)).into_future()));
    let (others, panicked, more) = tokio::join!(others, panics, more);
    assert!(panicked.is_err());
    assert!(others.iter().chain(&more).all(Result::is_ok), "{others:?} {more:?}");
    budget::assert_serial(&store.log());
}

#[tokio::test]
async fn an_append_of_the_queue_that_fails_is_an_error_of_its_command_only() {
    let (store, budgets) = queued(2, 1_000).await;
    for at in [0, 3, 7] {
        let refused = || StoreError::Refused { stream: stream("b"), source: "the validator".into() };
        store.fail_command(at, refused());
        let updates = (0..8).map(|number| budgets.update("b", spend(1, number)).into_future());
        for (number, answer) in (0_u64..).zip(futures_util::future::join_all(updates).await) {
            let is_refused = matches!(&answer, Err(UpdateError::Store(StoreError::Refused { .. })));
            assert_eq!((answer.is_ok(), is_refused), (number != at, number == at), "{number}: {answer:?}");
        }
    }
    budget::assert_serial(&store.log());
}

#[tokio::test]
async fn one_of_many_queued_calls_with_the_same_key_acts() {
    let (store, budgets) = queued(2, 10).await;
    // Only one of them can be paid, so the decision refuses each of the others.
    let pay = || budgets.update("b", spend(10, 1)).once("payment").into_future();
    let paid = futures_util::future::join_all((0..8).map(|_| pay())).await;
    let count = |outcome| paid.iter().filter(|paid| paid.as_ref().is_ok_and(|paid| paid.outcome == outcome)).count();
    assert_eq!((count(Outcome::Appended), count(Outcome::AlreadyAppended)), (1, 7), "{paid:?}");
    let other = budgets.update("b", spend(0, 2)).once("payment").await.unwrap();
    assert_eq!(other.outcome, Outcome::AlreadyAppended);
    budget::assert_serial(&store.log());
}

#[tokio::test]
async fn a_queued_update_stops_at_the_limit_of_its_attempts() {
    let (store, budgets) = queued(0, 1_000).await;
    let rival = Repository::<Budget>::new(&store);
    let asked = std::sync::atomic::AtomicU32::new(0);
    let update = budgets.update("b", |budget| {
        asked.fetch_add(1, Ordering::Relaxed);
        // Another process is faster each time.
        rival.update("b", spend(1, 0)).into_future().now_or_never().unwrap().unwrap();
        spend(1, 1)(budget)
    });
    let error = update.retry(RetryPolicy::default().tries(3)).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_decision_that_runs_another_update_of_its_aggregate_does_not_wait_for_itself() {
    let (store, budgets) = queued(0, 1_000).await;
    let mut asked = 0;
    let update = budgets.update("b", |budget| {
        asked += 1;
        if asked == 1 {
            budgets.update("b", spend(1, 1)).into_future().now_or_never().unwrap().unwrap();
        }
        spend(1, 2)(budget)
    });
    update.await.unwrap();
    assert_eq!(asked, 2);
    budget::assert_serial(&store.log());
}
