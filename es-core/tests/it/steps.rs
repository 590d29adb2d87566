//! Several steps in one decision, of which each depends on the state after the ones before it.

use es_core::clock::ManualClock;
use es_core::error::FoldError;
use es_core::memory::MemoryStore;
use es_core::repository::WriteCheck;
use es_core::testing::given;
use es_core::{
    Aggregate, Answer, Apply, Context, Init, Loaded, Metadata, Outcome, Repository, Sequence, Steps, StoreError,
    Timestamp, UpdateError, event,
};

// Neither the events nor their enum can be cloned.

#[event(version = 1)]
#[derive(Debug, PartialEq)]
struct Opened {
    owner: String,
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
struct Deposited {
    cents: i64,
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
struct LimitExceeded {
    by: i64,
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
struct Closed;

#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(init(Opened), events(Deposited), informs(LimitExceeded), ends(Closed))]
struct Account {
    owner: String,
    cents: i64,
    /// The circumstances of the last event that changed it.
    last: (String, Sequence, Timestamp, Option<String>),
}

fn circumstances(context: &Context) -> (String, Sequence, Timestamp, Option<String>) {
    let user = context.metadata().user_id().map(str::to_owned);
    (context.aggregate_id().to_string(), context.sequence(), context.timestamp(), user)
}

impl Init<Opened> for Account {
    fn init(event: Opened, context: &Context) -> Self {
        Self { owner: event.owner, cents: 0, last: circumstances(context) }
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited, context: &Context) {
        assert!(event.cents != 13, "thirteen");
        self.cents += event.cents;
        self.last = circumstances(context);
    }
}

const LIMIT: i64 = 100;

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("negative")]
struct Negative;

impl Account {
    fn excess(&self) -> Option<LimitExceeded> {
        (self.cents > LIMIT).then(|| LimitExceeded { by: self.cents - LIMIT })
    }
}

fn deposit(account: &Loaded<Account>, cents: i64) -> Steps<Account> {
    let mut steps = account.steps();
    steps.record(Deposited { cents });
    let excess = steps.state().and_then(Account::excess);
    steps.record(excess);
    steps
}

fn opened() -> Opened {
    Opened { owner: "Alice".to_owned() }
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A repository with one account, `a`, of 90 cents, at version 2, and its clock.
async fn accounts() -> (Repository<Account>, ManualClock) {
    let clock = ManualClock::new(time(1_000));
    let accounts = Repository::new(&MemoryStore::with_clock(clock.clone()));
    accounts.create("a", (opened(), Deposited { cents: 90 })).by("clerk").await.unwrap();
    (accounts, clock)
}

#[tokio::test]
async fn a_step_sees_the_state_after_the_previous_one() {
    let (accounts, _) = accounts().await;
    let deposited = accounts.update("a", |account| deposit(account, 5)).await.unwrap();
    assert_eq!((deposited.version.get(), deposited.events.len()), (3, 1));
    let deposited = accounts.update("a", |account| deposit(account, 50)).by("ann").once("key").await.unwrap();
    assert_eq!((deposited.version.get(), deposited.events.len()), (5, 2));
    assert!(matches!(&deposited.events[1].data, AccountEvent::LimitExceeded(LimitExceeded { by: 45 })));
    assert_eq!(deposited.events[1].metadata.user_id(), Some("ann"));
    let again = accounts.update("a", |account| deposit(account, 50)).once("key").await.unwrap();
    assert_eq!((again.version.get(), again.outcome), (5, Outcome::AlreadyAppended));
    assert_eq!(accounts.load("a").await.unwrap().cents, 145);
    let nothing = accounts.update("a", Loaded::steps).await.unwrap();
    assert_eq!(nothing.outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn steps_are_returned_alone_with_an_answer_and_in_a_result() {
    let (accounts, _) = accounts().await;
    let answered = accounts
        .update("a", |account| {
            let steps = deposit(account, 1);
            Answer(steps.state().map(|account| account.cents), steps)
        })
        .await
        .unwrap();
    assert_eq!(answered.answer, Some(Some(91)));
    let fallible = |cents: i64| {
        move |account: &Loaded<Account>| if cents < 0 { Err(Negative) } else { Ok(deposit(account, cents)) }
    };
    assert_eq!(accounts.update("a", fallible(1)).await.unwrap().version, 4);
    let error = accounts.update("a", fallible(-1)).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&Negative));
    let both = |cents: i64| {
        move |account: &Loaded<Account>| {
            if cents < 0 { Err(Negative) } else { Ok(Answer(account.owner.clone(), deposit(account, cents))) }
        }
    };
    assert_eq!(accounts.update("a", both(1)).await.unwrap().answer.as_deref(), Some("Alice"));
    assert_eq!(accounts.update("a", both(-1)).await.unwrap_err().rejection(), Some(&Negative));
}

#[tokio::test]
async fn the_context_of_a_step_is_what_is_known_before_it_is_recorded() {
    let (accounts, clock) = accounts().await;
    clock.set(time(5_000));
    let seen = |account: &Loaded<Account>, at: Option<Timestamp>| {
        let mut steps = account.steps();
        if let Some(at) = at {
            steps = steps.at(at);
        }
        steps.record(LimitExceeded { by: 0 }).record(Deposited { cents: 1 });
        let last = steps.state().map(|account| account.last.clone());
        Answer(last.unwrap(), steps)
    };
    let recorded = accounts.update("a", |account| seen(account, None)).by("ann").await.unwrap();
    let expected = |sequence: i64, at| ("a".to_owned(), Sequence::try_from(sequence).unwrap(), time(at), None);
    // The time of the last event, the sequence of the event itself, and no metadata.
    assert_eq!(recorded.answer, Some(expected(4, 1_000)));
    let given = accounts.update("a", |account| seen(account, Some(time(7_000)))).await.unwrap();
    assert_eq!(given.answer, Some(expected(6, 7_000)));
    // A load sees what was recorded.
    let loaded = accounts.load_at("a", 4).await.unwrap();
    assert_eq!(loaded.last, ("a".to_owned(), 4.try_into().unwrap(), time(5_000), Some("ann".to_owned())));
}

#[tokio::test]
async fn an_upsert_takes_steps_from_nothing_and_from_what_exists() {
    let (accounts, _) = accounts().await;
    for (id, version) in [("a", 4), ("b", 3), ("b", 5)] {
        let upsert = accounts.upsert(id, |account| {
            let mut steps = match account {
                Some(account) => account.steps(),
                None => Steps::new(id, time(1)),
            };
            if steps.state().is_none() {
                steps.record(opened());
                assert_eq!(steps.state().unwrap().last, (id.to_owned(), Sequence::FIRST, time(1), None));
            }
            steps.record(Deposited { cents: LIMIT });
            let excess = steps.state().and_then(Account::excess).unwrap_or(LimitExceeded { by: 0 });
            steps.record(excess);
            steps
        });
        assert_eq!(upsert.await.unwrap().version, version, "{id}");
    }
    assert_eq!(accounts.load("b").await.unwrap().cents, 2 * LIMIT);
}

#[tokio::test]
async fn steps_may_end_an_aggregate_and_begin_it_anew() {
    let (accounts, _) = accounts().await;
    let renewed = accounts.upsert("a", |account| {
        let mut steps = account.unwrap().steps();
        steps.record(Closed);
        assert_eq!(steps.state(), None);
        steps.record(opened());
        assert_eq!(steps.state().map(|account| account.cents), Some(0));
        steps
    });
    assert_eq!(renewed.await.unwrap().version, 4);
    assert_eq!(accounts.load("a").await.unwrap().cents, 0);
}

async fn assert_unfoldable(accounts: &Repository<Account>, first: AccountEvent, expected: FoldError) {
    let mut first = Some(first);
    let update = accounts.update("a", |account| {
        let mut steps = account.steps();
        steps.record(LimitExceeded { by: 1 }).record(first.take());
        assert_eq!(steps.state(), None);
        steps.record(Deposited { cents: 1 });
        Ok::<_, Negative>(steps)
    });
    let error = update.await.unwrap_err();
    let UpdateError::Store(StoreError::Unfoldable { sequence, source, .. }) = error else { panic!("{error}") };
    assert_eq!((sequence.get(), source), (4, expected));
    assert_eq!(accounts.load("a").await.unwrap().version, 2, "something was recorded");
}

#[tokio::test]
async fn a_step_that_cannot_be_folded_is_a_typed_error_and_nothing_is_recorded() {
    let (accounts, _) = accounts().await;
    assert_unfoldable(&accounts, opened().into(), FoldError::OnlyInitial { event_type: "Opened" }).await;
    let panicked = FoldError::Panicked { event_type: "Deposited".to_owned(), message: "thirteen".to_owned() };
    assert_unfoldable(&accounts, Deposited { cents: 13 }.into(), panicked).await;
    let error = accounts.upsert("b", |_| {
        let mut steps = Steps::<Account>::new("b", time(0));
        steps.record(Deposited { cents: 1 });
        steps
    });
    let error = error.await.unwrap_err();
    let UpdateError::Store(StoreError::Unfoldable { source, .. }) = error else { panic!("{error}") };
    assert_eq!(source, FoldError::NotInitial { event_type: "Deposited" });
    let error = accounts.upsert("b", |_| Steps::<Account>::new("", time(0))).await.unwrap_err();
    assert!(matches!(error, UpdateError::Store(StoreError::InvalidId(_))), "{error}");
    assert!(!accounts.exists("b").await.unwrap());
}

/// A note whose text is written and cannot be read.
#[event(version = 1)]
struct Noted {
    #[serde(deserialize_with = "refuse")]
    text: String,
}

fn refuse<'de, D: serde::Deserializer<'de>>(_: D) -> Result<String, D::Error> {
    Err(serde::de::Error::custom("unreadable"))
}

#[derive(Aggregate, Clone, Default)]
#[aggregate(informs(Noted))]
struct Notes {}

#[tokio::test]
async fn a_step_that_cannot_be_read_back_is_a_typed_error() {
    let notes = Repository::<Notes>::new(&MemoryStore::new()).with_write_check(WriteCheck::Never);
    let error = notes.upsert("n", |_| {
        let mut steps = Steps::<Notes>::new("n", time(0));
        steps.record(Noted { text: "a".to_owned() });
        steps
    });
    let error = error.await.unwrap_err();
    assert!(error.store_error().is_some(), "{error}");
    assert!(!notes.exists("n").await.unwrap());
}

#[tokio::test]
async fn steps_are_decided_again_after_a_conflict() {
    let (accounts, _) = accounts().await;
    let other = accounts.clone();
    let mut calls = 0;
    let deposited = accounts.update("a", |account| {
        calls += 1;
        if calls == 1 {
            // Somebody else deposits in between.
            let other = other.clone();
            std::thread::scope(|scope| {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                scope.spawn(move || runtime.block_on(async { other.update("a", |_| Deposited { cents: 20 }).await }));
            });
        }
        deposit(account, 5)
    });
    let deposited = deposited.await.unwrap();
    assert_eq!((deposited.version.get(), deposited.events.len(), calls), (5, 2, 2));
    assert_eq!(accounts.load("a").await.unwrap().cents, 115);
}

#[tokio::test]
async fn all_events_of_an_action_have_its_metadata() {
    let (accounts, _) = accounts().await;
    let metadata = Metadata::new().correlation("order-17");
    let update = accounts.update("a", |account| deposit(account, 50)).metadata(metadata.clone()).await.unwrap();
    assert!(update.events.iter().all(|event| event.metadata == metadata));
    let create = accounts.create("b", (opened(), Deposited { cents: 1 })).metadata(metadata.clone()).await.unwrap();
    assert!(create.events.iter().all(|event| event.metadata == metadata));
    for id in ["a", "b"] {
        let history = accounts.history(id).unwrap().collect().await.unwrap();
        assert!(history[history.len() - 2..].iter().all(|event| event.metadata == metadata), "{id}");
    }
}

#[test]
fn the_test_kit_takes_steps() {
    let past = || given::<Account>((opened(), Deposited { cents: 90 }));
    past().when(|account| deposit(account, 20)).then((Deposited { cents: 20 }, LimitExceeded { by: 10 }));
    past().when(|account| Ok::<_, Negative>(deposit(account, 1))).then(Deposited { cents: 1 });
    past()
        .when(|account| Answer(1, deposit(account, 1)))
        .then_answer(1)
        .then_state(|account| assert_eq!(account.cents, 91));
    let open = |account: Option<&Loaded<Account>>| {
        assert!(account.is_none());
        let mut steps = Steps::<Account>::new("test", time(0));
        steps.record((opened(), Deposited { cents: 1 }));
        steps
    };
    given::<Account>(()).when_upsert(open).then((opened(), Deposited { cents: 1 }));
    given::<Account>((opened(), Closed)).when_upsert(open).then_state(|account| assert_eq!(account.cents, 1));
    past().when_upsert(|account| account.map(|_| Closed)).then_absent();
}

#[test]
#[should_panic(expected = "event 3 cannot be recorded on")]
fn the_test_kit_refuses_steps_that_cannot_be_recorded() {
    let _ = given::<Account>((opened(), Deposited { cents: 1 })).when(|account| deposit(account, 13));
}
