//! The actions of a repository: what each option records, and what a decision receives and returns.

use std::convert::Infallible;
use std::time::Duration;

use es_core::clock::ManualClock;
use es_core::memory::MemoryStore;
use es_core::store::Snapshot;
use es_core::{
    Aggregate, Answer, Apply, Context, CreateError, Init, Metadata, Outcome, Repository, RetryPolicy, StoreError,
    StreamId, Timestamp, UpdateError, Version, event,
};

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct Opened {
    owner: String,
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct Deposited {
    cents: i64,
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct Withdrawn {
    cents: i64,
}

#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(init(Opened), events(Deposited, Withdrawn))]
struct Account {
    owner: String,
    cents: i64,
}

impl Init<Opened> for Account {
    fn init(event: Opened, _: &Context) -> Self {
        Self { owner: event.owner, cents: 0 }
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited, _: &Context) {
        self.cents += event.cents;
    }
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, event: Withdrawn, _: &Context) {
        self.cents -= event.cents;
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("overdrawn")]
struct Overdrawn;

impl Account {
    fn withdraw(&self, cents: i64) -> Result<Withdrawn, Overdrawn> {
        if cents <= self.cents { Ok(Withdrawn { cents }) } else { Err(Overdrawn) }
    }
}

fn opened() -> Opened {
    Opened { owner: "Alice".to_owned() }
}

/// A repository with one account, `a`, of 100 cents, at version 2.
async fn accounts() -> Repository<Account> {
    let accounts = Repository::new(&MemoryStore::new());
    accounts.create("a", (opened(), Deposited { cents: 100 })).by("clerk").await.unwrap();
    accounts
}

#[tokio::test]
async fn an_action_that_is_not_awaited_records_nothing() {
    let accounts = accounts().await;
    drop(accounts.create("b", opened()));
    drop(accounts.update("a", |account| account.withdraw(1)));
    assert!(!accounts.exists("b").await.unwrap());
    assert_eq!(accounts.load("a").await.unwrap().version, 2);
}

#[tokio::test]
async fn the_order_of_options_does_not_matter() {
    let accounts = accounts().await;
    let cause = accounts.history("a").unwrap().next().await.unwrap().unwrap();
    let own = || Metadata::new().user("replaced").causation("replaced").with("ip", "::1").unwrap();
    let first = accounts.update("a", |_| Deposited { cents: 1 }).by("ann").caused_by(&cause).metadata(own());
    let first = first.await.unwrap();
    let second = accounts.update("a", |_| Deposited { cents: 1 }).metadata(own()).caused_by(&cause).by("ann");
    let second = second.await.unwrap();
    let metadata = &first.events[0].metadata;
    assert_eq!(metadata, &second.events[0].metadata);
    assert_eq!((metadata.user_id(), metadata.caused_by_event()), (Some("ann"), Some(cause.id)));
    assert_eq!(metadata.correlation_id(), Some(&*cause.id.to_string()));
    assert_eq!(metadata.get::<String>("ip").unwrap().unwrap(), "::1");
}

#[tokio::test]
async fn events_can_be_caused_by_the_last_event_without_reading_it_again() {
    let accounts = accounts().await;
    let opened = accounts.create("b", opened()).metadata(Metadata::new().correlation("order-17")).await.unwrap();
    let deposited = accounts.update("b", |_| Deposited { cents: 5 }).caused_by_last_event().await.unwrap();
    let withdrawn = accounts.update("b", |account| account.withdraw(5)).caused_by_last_event().await.unwrap();
    let causes = [&deposited, &deposited].map(|committed| committed.events[0].id);
    assert_eq!(deposited.events[0].metadata.caused_by_event(), Some(opened.events[0].id));
    assert_eq!(withdrawn.events[0].metadata.caused_by_event(), Some(causes[0]));
    assert_eq!(withdrawn.events[0].metadata.correlation_id(), Some("order-17"));
    // An explicit correlation is kept.
    let named = Metadata::new().correlation("own");
    let last = accounts.update("b", |_| Deposited { cents: 5 }).metadata(named).caused_by_last_event().await.unwrap();
    assert_eq!(last.events[0].metadata.correlation_id(), Some("own"));
    // The last event of a loaded aggregate is a cause of events of a different aggregate.
    let loaded = accounts.load("b").await.unwrap();
    assert_eq!(loaded.last_event.id, last.events[0].id);
    let other = accounts.update("a", |_| Deposited { cents: 5 }).caused_by(&loaded).await.unwrap();
    assert_eq!(other.events[0].metadata.caused_by_event(), Some(loaded.last_event.id));
    assert_eq!(other.events[0].metadata.correlation_id(), Some("own"));
}

#[tokio::test]
async fn a_decision_sees_the_version_and_the_last_event() {
    let accounts = accounts().await;
    let mut seen = None;
    let deposited = accounts.update("a", |account| {
        seen = Some((account.id.clone(), account.version, account.last_event.clone()));
        Deposited { cents: 1 }
    });
    deposited.await.unwrap();
    let (id, version, last_event) = seen.unwrap();
    assert_eq!((id.as_str(), version.get(), last_event.metadata.user_id()), ("a", 2, Some("clerk")));
    let recorded = accounts.history("a").unwrap().collect().await.unwrap();
    assert_eq!((last_event.id, last_event.timestamp), (recorded[1].id, recorded[1].timestamp));
}

#[tokio::test]
async fn a_snapshot_does_not_change_what_a_decision_sees() {
    let with = accounts().await.with_snapshots(es_core::SnapshotPolicy::every(1));
    with.take_snapshot("a").await.unwrap();
    let without = with.clone().with_snapshots(es_core::SnapshotPolicy::Never);
    assert_eq!(with.load("a").await.unwrap(), without.load("a").await.unwrap());
}

#[tokio::test]
async fn a_decision_returns_events_a_result_or_an_answer_with_either() {
    let accounts = accounts().await;
    let events = accounts.update("a", |_| (Deposited { cents: 1 }, Withdrawn { cents: 1 })).await.unwrap();
    assert_eq!((events.events.len(), events.answer), (2, Some(())));
    let result = accounts.update("a", |account| account.withdraw(1)).await.unwrap();
    assert!(matches!(&result.events[0].data, AccountEvent::Withdrawn(Withdrawn { cents: 1 })));
    let answer = accounts.update("a", |account| Answer(account.cents, Deposited { cents: 1 })).await.unwrap();
    assert_eq!(answer.answer, Some(99));
    let left = |account: &es_core::Loaded<Account>| Ok::<_, Overdrawn>(Answer("left", account.withdraw(100)?));
    assert_eq!(accounts.update("a", left).await.unwrap().answer, Some("left"));
    let refused = accounts.update("a", left).await.unwrap_err();
    assert_eq!(refused.rejection(), Some(&Overdrawn));
    let nothing = accounts.update("a", |_| Answer(7, ())).await.unwrap();
    assert_eq!((nothing.outcome, nothing.answer, nothing.version.get()), (Outcome::Unchanged, Some(7), 7));
}

#[tokio::test]
async fn a_key_acts_once_and_its_answer_is_not_invented() {
    let accounts = accounts().await;
    let withdraw = || accounts.update("a", |account| Answer(account.cents, Withdrawn { cents: 60 })).once("command-1");
    let first = withdraw().await.unwrap();
    assert_eq!((first.outcome, first.answer), (Outcome::Appended, Some(100)));
    let second = withdraw().await.unwrap();
    assert_eq!(
        (second.outcome, second.answer, second.events[0].id),
        (Outcome::AlreadyAppended, None, first.events[0].id)
    );
    for outcome in [Outcome::Appended, Outcome::AlreadyAppended] {
        assert_eq!(accounts.create("b", opened()).once("command-1").await.unwrap().outcome, outcome);
    }
    // An invalid key is reported when the action is awaited.
    let invalid = accounts.create("c", opened()).once("").await.unwrap_err();
    assert!(matches!(invalid, CreateError::Store(StoreError::InvalidId(_))), "{invalid}");
}

#[tokio::test]
async fn an_expected_version_that_has_passed_is_a_conflict_and_nothing_is_decided() {
    let accounts = accounts().await;
    for expected in [0_u32, 1, 3] {
        let update = accounts.update("a", |_| -> Deposited { panic!("asked") }).expecting(expected).await;
        let Err(UpdateError::Store(StoreError::Conflict { expected: told, actual, .. })) = update else {
            panic!("{update:?}");
        };
        assert_eq!((told, actual), (Version::from(expected), Version::from(2_u32)));
    }
    let update = accounts.update("a", |_| Deposited { cents: 1 }).expecting(2_u32).await.unwrap();
    assert_eq!(update.version, 3);
    // An aggregate that does not exist is not found, whatever version was expected.
    for expected in [0_u32, 3] {
        let missing = accounts.update("none", |_| Deposited { cents: 1 }).expecting(expected).await.unwrap_err();
        assert!(missing.is_not_found(), "{missing}");
    }
}

#[tokio::test]
async fn an_expected_version_that_passes_during_the_decision_is_a_conflict_too() {
    let accounts = accounts().await;
    let mut asked = 0;
    let update = accounts.update("a", |_| {
        asked += 1;
        // Somebody else is faster.
        futures_util::FutureExt::now_or_never(IntoFuture::into_future(
            accounts.update("a", |_| Deposited { cents: 1 }),
        ))
        .expect("the memory store answers at once")
        .unwrap();
        Deposited { cents: 5 }
    });
    let error = update.expecting(2_u32).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!((asked, accounts.load("a").await.unwrap().version.get()), (1, 3));
}

#[tokio::test]
async fn the_retry_of_a_call_replaces_that_of_the_repository() {
    let accounts = accounts().await;
    let race = |rivals: u32, retry: RetryPolicy| {
        let (accounts, mut asked) = (accounts.clone(), 0);
        async move {
            let update = accounts.update("a", |_| {
                asked += 1;
                if asked <= rivals {
                    let faster = accounts.update("a", |_| Deposited { cents: 1 });
                    futures_util::FutureExt::now_or_never(IntoFuture::into_future(faster)).unwrap().unwrap();
                }
                Deposited { cents: 5 }
            });
            let answer = update.retry(retry).await;
            (answer.is_ok(), asked)
        }
    };
    assert_eq!(race(1, RetryPolicy::never()).await, (false, 1));
    assert_eq!(race(2, RetryPolicy::default().tries(3)).await, (true, 3));
}

#[tokio::test]
async fn an_upsert_begins_an_aggregate_or_changes_it() {
    let accounts = accounts().await;
    let deposit = |id: &'static str| {
        accounts.upsert(id, |account| match account {
            None => vec![AccountEvent::from(opened()), Deposited { cents: 5 }.into()],
            Some(_) => vec![Deposited { cents: 5 }.into()],
        })
    };
    assert_eq!(deposit("new").await.unwrap().version, 2);
    assert_eq!(deposit("new").await.unwrap().version, 3);
    assert_eq!(deposit("a").expecting(2_u32).await.unwrap().version, 3);
    // An aggregate that has not begun has version 0.
    assert!(deposit("a").expecting(0_u32).await.unwrap_err().is_conflict());
    assert_eq!(deposit("newer").expecting(0_u32).await.unwrap().version, 2);
    let unfoldable = accounts.upsert("none", |_| Deposited { cents: 5 }).await.unwrap_err();
    assert!(matches!(unfoldable, UpdateError::Store(StoreError::Unfoldable { .. })), "{unfoldable}");
    let missing: UpdateError<Infallible> = accounts.update("none", |_| Deposited { cents: 5 }).await.unwrap_err();
    assert!(matches!(missing, UpdateError::NotFound { .. }), "{missing}");
}

#[tokio::test]
async fn every_text_type_is_accepted_as_an_id() {
    let accounts = accounts().await;
    let loaded = accounts.load(String::from("a")).await.unwrap();
    accounts.update(&loaded.id, |_| Deposited { cents: 1 }).await.unwrap();
    accounts.update(loaded.id.clone(), |_| Deposited { cents: 1 }).await.unwrap();
    assert_eq!(accounts.load_at(&loaded.id, 4_u32).await.unwrap().cents, 102);
    let invalid = accounts.update("", |_| Deposited { cents: 1 }).await.unwrap_err();
    assert!(matches!(invalid, UpdateError::Store(StoreError::InvalidId(_))), "{invalid}");
}

/// An action can be spawned: its future is `Send`, whatever the error type of the decision.
#[tokio::test]
async fn an_action_can_run_as_a_task() {
    let accounts = accounts().await;
    let task = tokio::spawn(async move {
        let refuse = |_: &es_core::Loaded<Account>| Err::<Deposited, _>("no".to_owned());
        accounts.update("a", refuse).await.map(drop).map_err(|error| error.to_string())
    });
    assert_eq!(task.await.unwrap(), Err("no".to_owned()));
}

#[tokio::test]
async fn events_and_snapshots_bear_the_time_of_the_clock() {
    let clock = ManualClock::new(Timestamp::from_millis(1_000));
    let store = MemoryStore::with_clock(clock.clone());
    let accounts = Repository::<Account>::new(&store);
    accounts.create("a", opened()).await.unwrap();
    clock.advance(Duration::from_secs(60));
    accounts.update("a", |_| Deposited { cents: 1 }).await.unwrap();
    accounts.take_snapshot("a").await.unwrap();
    let times: Vec<_> = accounts.history("a").unwrap().collect().await.unwrap();
    assert_eq!(times.iter().map(|event| event.timestamp.as_millis()).collect::<Vec<_>>(), [1_000, 61_000]);
    let stream = StreamId::of::<Account>("a").unwrap();
    let snapshot = Snapshot::<Account>::newest(&store, &stream, Version::MAX).await.unwrap().unwrap();
    assert_eq!(snapshot.timestamp.as_millis(), 61_000);
    assert_eq!(accounts.load_as_of("a", Timestamp::from_millis(60_999)).await.unwrap().version, 1);
}
