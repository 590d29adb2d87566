//! Random histories: the answer to every command is that of a serial order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_core::store::EventStore;
use es_core::{Outcome, Repository, StoreError, UpdateError};

use super::budget::{Budget, Opened, Refused, assert_serial, command, left, spend, stream};
use super::drive::Driven;
use super::slow_store::SlowStore;

/// The end of one command.
#[derive(Debug)]
enum End {
    /// It was recorded, and saw this.
    Spent {
        left: i64,
        at: u64,
    },
    /// An earlier call with its key was recorded.
    Already,
    Refused(Refused),
    /// It failed, and was not recorded.
    Failed,
    /// It may be recorded: its answer was lost, or its caller has stopped.
    Unknown,
}

#[derive(Debug)]
struct Call {
    command: u64,
    cents: i64,
    /// A version that was acknowledged before the call began.
    since: u64,
    /// The version of the aggregate after the call.
    until: u64,
    end: End,
}

/// Commands of some writers of one process.
async fn write(
    budgets: Repository<Budget>,
    store: SlowStore,
    acknowledged: Arc<AtomicU64>,
    commands: std::ops::Range<u64>,
    mut random: fastrand::Rng,
) -> Vec<Call> {
    let mut calls = Vec::new();
    for command in commands {
        let cents = random.i64(0..20);
        let since = acknowledged.load(Ordering::SeqCst);
        let key = random.bool().then(|| format!("command-{command}"));
        let mut again = key.is_some() && random.bool();
        loop {
            let update = budgets.update("b", spend(cents, command));
            let update = match &key {
                Some(key) => update.once(key),
                None => update,
            };
            let mut update = Some(Driven::new(update.into_future()));
            // Some callers stop in the middle.
            let polls = if random.u8(0..10) == 0 { random.usize(0..40) } else { usize::MAX };
            let mut polled = 0;
            let answer = std::future::poll_fn(|context| {
                polled += 1;
                if polled > polls {
                    update = None;
                }
                match &mut update {
                    None => std::task::Poll::Ready(None),
                    Some(update) => update.poll_in(context).map(Some),
                }
            })
            .await;
            let until = store.head(&stream("b")).await.unwrap().version().get();
            let end = match answer {
                Some(Ok(spent)) if spent.outcome == Outcome::AlreadyAppended => End::Already,
                Some(Ok(spent)) => {
                    acknowledged.fetch_max(spent.version.get(), Ordering::SeqCst);
                    let (left, at) = spent.answer.unwrap();
                    assert_eq!(spent.version, at + 1);
                    End::Spent { left, at }
                }
                Some(Err(UpdateError::Rejected(refused))) => End::Refused(refused),
                None | Some(Err(UpdateError::Store(StoreError::OutcomeUnknown { .. }))) => End::Unknown,
                Some(Err(_)) => End::Failed,
            };
            calls.push(Call { command, cents, since, until, end });
            if !std::mem::take(&mut again) {
                break;
            }
        }
    }
    calls
}

fn check(store: &SlowStore, calls: &[Call]) {
    let log = store.log();
    assert_serial(&log);
    let left = left(&log);
    let mut recorded: Vec<u64> = log.iter().filter_map(command).collect();
    let events = recorded.len();
    recorded.sort_unstable();
    recorded.dedup();
    assert_eq!(recorded.len(), events, "a command has acted twice");
    let is_recorded = |command| recorded.binary_search(&command).is_ok();
    for call in calls {
        let Call { command, cents, since, until, end } = call;
        match end {
            End::Spent { left: seen, at } => {
                assert_eq!(*seen, left[usize::try_from(*at).unwrap()], "{call:?}");
                assert!(at >= since && at < until && is_recorded(*command), "{call:?}");
            }
            End::Already => assert!(is_recorded(*command), "{call:?}"),
            End::Refused(refused) => {
                // The state was recorded, was current during the call, and gave that answer.
                assert!(refused.at >= *since && refused.at <= *until, "{call:?}");
                assert_eq!(refused.left, left[usize::try_from(refused.at).unwrap()], "{call:?}");
                assert!(*cents > refused.left, "{call:?}");
            }
            End::Failed | End::Unknown => {}
        }
    }
    // A command that failed or was refused every time is not recorded.
    for command in recorded {
        let of_command = || calls.iter().filter(|call| call.command == command);
        let may_be = |call: &Call| matches!(call.end, End::Spent { .. } | End::Unknown);
        assert!(of_command().any(may_be), "{:?}", of_command().collect::<Vec<_>>());
    }
}

async fn history(seed: u64, failing: (u32, u32), cache: usize) {
    let mut random = fastrand::Rng::with_seed(seed);
    let store = SlowStore::new(random.usize(0..12));
    let first = Repository::<Budget>::new(&store).with_cache(cache);
    first.create("b", Opened { cents: random.i64(0..3_000) }).await.unwrap();
    store.fail_sometimes(failing.0, failing.1);
    let acknowledged = Arc::new(AtomicU64::new(1));
    // Two processes of eight writers.
    let processes = [first, Repository::new(&store).with_cache(cache)];
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let (budgets, store) = (processes[usize::from(writer % 2 == 1)].clone(), store.clone());
            let commands = writer * 20..(writer + 1) * 20;
            tokio::spawn(write(budgets, store, Arc::clone(&acknowledged), commands, random.fork()))
        })
        .collect();
    let mut calls = Vec::new();
    for writer in writers {
        calls.extend(writer.await.unwrap());
    }
    check(&store, &calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_answer_is_that_of_a_serial_order() {
    for seed in 0..8 {
        history(seed, (0, 0), usize::from(seed % 2 == 0)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_answer_is_that_of_a_serial_order_if_appends_fail_and_answers_are_lost() {
    for seed in 0..8 {
        history(seed, (5, 5), usize::from(seed % 2 == 0)).await;
    }
}

#[tokio::test]
async fn every_answer_is_that_of_a_serial_order_in_one_thread() {
    for seed in 0..8 {
        history(seed, (3, 3), usize::from(seed % 2 == 0)).await;
    }
}
