//! A repository that keeps states in memory: it saves round trips, and is never wrong.

use es_core::store::EventStore;
use es_core::{CreateError, LoadError, Outcome, Repository, RetryPolicy, StoreError, UpdateError};

use crate::contention::budget::{Budget, BudgetEvent, Closed, Opened, spend, stream};
use crate::contention::slow_store::SlowStore;

/// A repository with a cache, one without, and the store of both.
async fn opened(cents: i64) -> (Repository<Budget>, Repository<Budget>, SlowStore) {
    let store = SlowStore::new(0);
    let cached = Repository::new(&store).with_cache(10);
    cached.create("b", Opened { cents }).await.unwrap();
    store.reset();
    (cached, Repository::new(&store), store)
}

/// Calls that record, read events, read a head and find an append.
const APPEND: [u64; 4] = [1, 0, 0, 0];
const HEAD: [u64; 4] = [0, 0, 1, 0];

#[tokio::test]
async fn an_update_of_a_cached_aggregate_is_one_append() {
    let (cached, other, store) = opened(10).await;
    for command in 0..3 {
        assert_eq!(
            cached.update("b", spend(1, command)).await.unwrap().answer,
            Some((10 - i64::try_from(command).unwrap(), command + 1))
        );
        assert_eq!(store.costs(), APPEND);
    }
    let upsert = |budget: Option<&_>| budget.map(|budget| spend(1, 3)(budget).unwrap().1);
    assert_eq!(cached.upsert("b", upsert).await.unwrap().version, 5);
    assert_eq!(store.costs(), APPEND);
    assert_eq!(cached.update("b", spend(1, 4)).expecting(5).await.unwrap().version, 6);
    assert_eq!(store.costs(), APPEND);
    assert_eq!(cached.load("b").await.unwrap(), other.load("b").await.unwrap());
    assert_eq!(store.costs(), [0, 1, 1, 0], "the cached load reads the head, and the other one the events");
}

#[tokio::test]
async fn a_key_is_looked_up_only_if_nothing_is_recorded() {
    let (cached, plain, store) = opened(10).await;
    for (budgets, command, first) in [(&cached, 1, APPEND), (&plain, 2, [1, 1, 0, 0])] {
        let pay = || budgets.update("b", spend(2, command)).once(format!("payment-{command}"));
        assert_eq!(pay().await.unwrap().outcome, Outcome::Appended);
        assert_eq!(store.costs(), first);
        let again = pay().await.unwrap();
        assert_eq!((again.outcome, again.events.len()), (Outcome::AlreadyAppended, 1));
        assert_eq!(store.costs()[3], 0);
    }
    // Without a look-up, the answer would be a refusal.
    plain.update("b", spend(6, 3)).await.unwrap();
    for (budgets, command) in [(&cached, 1), (&plain, 2)] {
        let again = budgets.update("b", spend(2, command)).once(format!("payment-{command}")).await.unwrap();
        assert_eq!(again.outcome, Outcome::AlreadyAppended);
        let refused = budgets.update("b", spend(2, 9)).once("payment-9").await.unwrap_err();
        assert_eq!(refused.rejection().map(|refused| (refused.left, refused.at)), Some((0, 4)));
    }
}

#[tokio::test]
async fn a_stale_state_is_never_the_reason_for_an_answer() {
    let (cached, other, store) = opened(10).await;
    // Another process spends: a stale append is a conflict, and not an attempt.
    other.update("b", spend(4, 1)).await.unwrap();
    let spent = cached.update("b", spend(1, 2)).retry(RetryPolicy::never()).await.unwrap();
    assert_eq!(spent.answer, Some((6, 2)));
    // It spends again: the cached state would permit this, and the new one refuses.
    other.update("b", spend(5, 3)).await.unwrap();
    let refused = cached.update("b", spend(1, 4)).await.unwrap_err();
    assert_eq!(refused.rejection().map(|refused| (refused.left, refused.at)), Some((0, 4)));
    // It closes and opens anew: the cached state would refuse this, and the new one permits it.
    other.update("b", |_| Closed).await.unwrap();
    other.create("b", Opened { cents: 3 }).await.unwrap();
    assert_eq!(cached.update("b", spend(1, 5)).await.unwrap().answer, Some((3, 6)));
    // The version that a caller requires is that of the store.
    other.update("b", spend(1, 6)).await.unwrap();
    let conflict = cached.update("b", spend(1, 7)).expecting(7).await.unwrap_err();
    let is_conflict = matches!(
        &conflict,
        UpdateError::Store(StoreError::Conflict { expected, actual, .. }) if *expected == 7 && *actual == 8
    );
    assert!(is_conflict, "{conflict:?}");
    assert_eq!(cached.update("b", spend(1, 7)).expecting(8).await.unwrap().version, 9);
    // A load, and a decision without events.
    other.update("b", |_| Closed).await.unwrap();
    assert!(matches!(cached.load("b").await, Err(LoadError::NotFound { .. })));
    assert!(cached.update("b", |_| ()).await.unwrap_err().is_not_found());
    store.costs();
    assert!(cached.update("b", |_| ()).await.unwrap_err().is_not_found());
    assert_eq!(store.costs(), HEAD, "the end is cached");
    other.create("b", Opened { cents: 1 }).await.unwrap();
    assert_eq!(cached.update("b", |_| ()).await.unwrap().version, 11);
}

#[tokio::test]
async fn a_refusal_on_a_cached_state_costs_one_read_of_the_head() {
    let (cached, _, store) = opened(1).await;
    for _ in 0..3 {
        assert!(cached.update("b", spend(2, 1)).await.unwrap_err().rejection().is_some());
        assert_eq!(store.costs(), HEAD);
        assert_eq!(cached.update("b", |_| ()).await.unwrap().outcome, Outcome::Unchanged);
        assert_eq!(store.costs(), HEAD);
        cached.load("b").await.unwrap();
        assert_eq!(store.costs(), HEAD);
    }
}

#[tokio::test]
async fn a_failed_append_leaves_no_state_that_was_not_recorded() {
    let (cached, other, store) = opened(10).await;
    store.fail_next(StoreError::Unavailable { source: "the line is cut".into() });
    cached.update("b", spend(1, 1)).await.unwrap_err();
    assert_eq!(cached.load("b").await.unwrap(), other.load("b").await.unwrap());
    let panics = cached.update("b", |_| -> Closed { panic!("a mistake in the decision") });
    let panics = std::panic::AssertUnwindSafe(panics.into_future());
    assert!(futures_util::FutureExt::catch_unwind(panics).await.is_err());
    assert_eq!(cached.update("b", spend(1, 2)).await.unwrap().answer, Some((10, 1)));
}

#[tokio::test]
async fn the_cache_holds_the_states_that_were_used_last() {
    let store = SlowStore::new(0);
    let cached = Repository::<Budget>::new(&store).with_cache(2);
    for id in ["a", "b", "c"] {
        cached.create(id, Opened { cents: 9 }).await.unwrap();
    }
    store.reset();
    for (id, reads) in [("b", 0), ("c", 0), ("a", 1), ("c", 0), ("b", 1)] {
        cached.update(id, spend(1, 1)).await.unwrap();
        assert_eq!(store.costs(), [1, reads, 0, 0], "{id}");
    }
    assert!(cached.load("none").await.is_err());
    cached.update("b", spend(1, 2)).await.unwrap();
    assert_eq!(store.costs(), [1, 1, 0, 0], "an aggregate that does not exist takes no place");
}

/// The result of an action, without what differs between two stores.
fn told<E: std::fmt::Debug>(answer: Result<(u64, Outcome), E>) -> String {
    match answer {
        Ok((version, outcome)) => format!("{outcome:?} at {version}"),
        Err(error) => format!("{error:?}"),
    }
}

/// One random action on one aggregate.
async fn act(budgets: &Repository<Budget>, id: &str, action: u8, number: u64) -> String {
    let cents = i64::try_from(number % 7).unwrap();
    let open = || Opened { cents: 12 };
    match action {
        0 => {
            let created: Result<_, CreateError> = budgets.create(id, open()).await;
            told(created.map(|created| (created.version.get(), created.outcome)))
        }
        1 => {
            let upsert = |budget: Option<&es_core::Loaded<Budget>>| match budget {
                None => Ok(vec![BudgetEvent::from(open())]),
                Some(budget) => spend(cents, number)(budget).map(|spent| vec![spent.1.into()]),
            };
            told(budgets.upsert(id, upsert).await.map(|spent| (spent.version.get(), spent.outcome)))
        }
        2 => told(budgets.update(id, |_| Closed).await.map(|closed| (closed.version.get(), closed.outcome))),
        3 => told(budgets.update(id, |_| ()).await.map(|nothing| (nothing.version.get(), nothing.outcome))),
        4 => {
            let loaded = budgets.load(id).await;
            format!("{:?}", loaded.map(|loaded| (loaded.version.get(), loaded.state.left())))
        }
        5 => {
            let update = budgets.update(id, spend(cents, number)).once(format!("command-{}", number / 3));
            told(update.await.map(|spent| (spent.version.get(), spent.outcome)))
        }
        6 => {
            let update = budgets.update(id, spend(cents, number)).expecting(number % 5);
            told(update.await.map(|spent| (spent.version.get(), spent.outcome)))
        }
        _ => told(budgets.update(id, spend(cents, number)).await.map(|spent| (spent.version.get(), spent.outcome))),
    }
}

#[tokio::test]
async fn repositories_with_a_cache_answer_as_one_without() {
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (store, mirror) = (SlowStore::new(0), SlowStore::new(0));
        // Two processes with caches of one store, and one process without on another.
        let processes = [Repository::new(&store).with_cache(2), Repository::new(&store).with_cache(3)];
        let plain = Repository::<Budget>::new(&mirror);
        for number in 0..200 {
            let (process, id) = (random.usize(0..2), ["a", "b", "c"][random.usize(0..3)]);
            let action = random.u8(0..12);
            let answer = act(&processes[process], id, action, number).await;
            assert_eq!(answer, act(&plain, id, action, number).await, "seed {seed}, action {action} of {number}");
        }
        for id in ["a", "b", "c"] {
            let heads = (store.head(&stream(id)).await.unwrap(), mirror.head(&stream(id)).await.unwrap());
            assert_eq!(heads.0, heads.1, "seed {seed}: {id}");
        }
    }
}
