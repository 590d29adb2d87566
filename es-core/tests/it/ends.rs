//! Events after which an aggregate no longer exists: `ends(..)`.

use es_core::clock::ManualClock;
use es_core::error::FoldError;
use es_core::memory::MemoryStore;
use es_core::repository::{ImportError, ImportedEvent};
use es_core::store::{Append, EventData, EventStore, ExpectedVersion, NewEvent, Replay, Snapshot, SnapshotStore};
use es_core::testing::given;
use es_core::{
    Aggregate, Apply, Context, CreateError, Init, LoadError, Metadata, Outcome, Repository, SnapshotPolicy, StoreError,
    StreamId, Timestamp, UpdateError, Version, event,
};
use futures_util::future::join_all;

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
struct Closed;

#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(init(Opened), events(Deposited), ends(Closed), retired("LetterSent"))]
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

/// An aggregate that begins with any event that does not end it.
#[derive(Aggregate, Debug, Default, PartialEq)]
#[aggregate(events(Deposited), ends(Closed))]
struct Safe {
    cents: i64,
}

impl Apply<Deposited> for Safe {
    fn apply(&mut self, event: Deposited, _: &Context) {
        self.cents += event.cents;
    }
}

fn opened(owner: &str) -> Opened {
    Opened { owner: owner.to_owned() }
}

fn deposited(cents: i64) -> Deposited {
    Deposited { cents }
}

fn stream() -> StreamId {
    StreamId::of::<Account>("a").unwrap()
}

/// An account that Alice opened at version 1, with 5 cents, and closed at version 3.
async fn closed(store: &MemoryStore) -> Repository<Account> {
    let accounts = Repository::new(store);
    accounts.create("a", (opened("Alice"), deposited(5))).once("open").await.unwrap();
    let closed = accounts.update("a", |_| Closed).once("close").await.unwrap();
    assert_eq!(closed.version, 3);
    accounts
}

#[tokio::test]
async fn after_its_end_an_aggregate_counts_as_absent() {
    let accounts = closed(&MemoryStore::new()).await;
    assert!(matches!(accounts.load("a").await, Err(LoadError::NotFound { .. })));
    assert!(matches!(accounts.load_at("a", 3).await, Err(LoadError::NotFound { .. })));
    assert!(matches!(accounts.load_at("a", 4).await, Err(LoadError::NoSuchVersion { .. })));
    assert!(matches!(accounts.load_ignoring_snapshots_above("a", 0).await, Err(LoadError::NotFound { .. })));
    assert!(matches!(accounts.take_snapshot("a").await, Err(LoadError::NotFound { .. })));
    assert!(!accounts.exists("a").await.unwrap());
    let update = accounts.update("a", |_| deposited(1)).await;
    assert!(matches!(update, Err(UpdateError::NotFound { .. })));
    let update = accounts.update("a", |_| deposited(1)).expecting(3).await;
    assert!(matches!(update, Err(UpdateError::NotFound { .. })));
}

#[tokio::test]
async fn what_was_before_the_end_stays() {
    let clock = ManualClock::new(Timestamp::from_millis(0));
    let accounts = Repository::<Account>::new(&MemoryStore::with_clock(clock.clone()));
    accounts.create("a", (opened("Alice"), deposited(5))).await.unwrap();
    clock.set(Timestamp::from_millis(10));
    accounts.update("a", |_| Closed).await.unwrap();
    clock.set(Timestamp::from_millis(20));
    accounts.create("a", opened("Bob")).await.unwrap();
    assert_eq!(accounts.load_at("a", 2).await.unwrap().cents, 5);
    let as_of = |millis| accounts.load_as_of("a", Timestamp::from_millis(millis));
    assert_eq!(as_of(9).await.unwrap().owner, "Alice");
    assert!(matches!(as_of(10).await, Err(LoadError::NotFound { .. })));
    assert_eq!(as_of(20).await.unwrap().owner, "Bob");
    let history = accounts.history("a").unwrap().collect().await.unwrap();
    let types: Vec<_> = history.iter().map(|event| &*event.event_type).collect();
    assert_eq!(types, ["Opened", "Deposited", "Closed", "Opened"]);
}

#[tokio::test]
async fn create_begins_anew_behind_the_end() {
    let accounts = closed(&MemoryStore::new()).await;
    let created = accounts.create("a", (opened("Bob"), deposited(7))).await.unwrap();
    assert_eq!((created.version.get(), created.outcome), (5, Outcome::Appended));
    let loaded = accounts.load("a").await.unwrap();
    assert_eq!((loaded.version.get(), loaded.owner.as_str(), loaded.cents), (5, "Bob", 7));
    assert!(accounts.exists("a").await.unwrap());
    let again = accounts.create("a", opened("Carol")).await;
    assert!(matches!(again, Err(CreateError::AlreadyExists { version, .. }) if version == 5));
}

#[tokio::test]
async fn upsert_decides_on_none_behind_the_end() {
    let accounts = closed(&MemoryStore::new()).await;
    let upsert = accounts.upsert("a", |account| {
        assert!(account.is_none());
        opened("Bob")
    });
    assert_eq!(upsert.expecting(3).caused_by_last_event().await.unwrap().version, 4);
    assert_eq!(accounts.load("a").await.unwrap().owner, "Bob");
    accounts.update("a", |_| Closed).await.unwrap();
    let error = accounts.upsert("a", |_| deposited(1)).await.unwrap_err();
    let UpdateError::Store(StoreError::Unfoldable { sequence, source, .. }) = error else { panic!("{error}") };
    assert_eq!((sequence.get(), source), (6, FoldError::NotInitial { event_type: "Deposited" }));
}

#[tokio::test]
async fn an_idempotency_key_keeps_its_answer_beyond_the_end() {
    let accounts = closed(&MemoryStore::new()).await;
    let close = || accounts.update("a", |_| Closed).once("close");
    let open = || accounts.create("a", (opened("Alice"), deposited(5))).once("open");
    for _ in 0..2 {
        let (closed, opened) = (close().await.unwrap(), open().await.unwrap());
        assert_eq!((closed.outcome, closed.version.get()), (Outcome::AlreadyAppended, 3));
        assert_eq!((opened.outcome, opened.version.get()), (Outcome::AlreadyAppended, 2));
    }
    let reopened = accounts.create("a", opened("Bob")).once("reopen").await.unwrap();
    assert_eq!((reopened.outcome, reopened.version.get()), (Outcome::Appended, 4));
    let again = accounts.create("a", opened("Bob")).once("reopen").await.unwrap();
    assert_eq!((again.outcome, again.version.get()), (Outcome::AlreadyAppended, 4));
    // The keys of the first life still act once, and do not touch the second.
    assert_eq!(close().await.unwrap().outcome, Outcome::AlreadyAppended);
    assert_eq!(accounts.load("a").await.unwrap().owner, "Bob");
}

#[tokio::test]
async fn what_follows_an_end_in_one_append_has_to_begin() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    accounts.create("a", opened("Alice")).await.unwrap();
    let error = accounts.update("a", |_| (Closed, deposited(1))).await.unwrap_err();
    let UpdateError::Store(StoreError::Unfoldable { sequence, .. }) = error else { panic!("{error}") };
    assert_eq!(sequence, 3);
    let events: Vec<AccountEvent> = vec![Closed.into(), opened("Bob").into(), deposited(1).into()];
    let renewed = accounts.upsert("a", move |_| events.iter().map(copy).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(renewed.version, 4);
    assert_eq!(accounts.load("a").await.unwrap().state, Account { owner: "Bob".to_owned(), cents: 1 });
    let error = accounts.create("b", vec![AccountEvent::from(Closed)]).await.unwrap_err();
    assert!(matches!(error, CreateError::Store(StoreError::Unfoldable { .. })), "{error}");
}

fn copy(event: &AccountEvent) -> AccountEvent {
    match event {
        AccountEvent::Opened(event) => event.clone().into(),
        AccountEvent::Deposited(event) => event.clone().into(),
        AccountEvent::Closed(event) => event.clone().into(),
    }
}

#[tokio::test]
async fn an_end_does_not_begin_an_aggregate_with_default() {
    let safes = Repository::<Safe>::new(&MemoryStore::new());
    let error = safes.create("b", vec![SafeEvent::from(Closed)]).await.unwrap_err();
    let CreateError::Store(StoreError::Unfoldable { source, .. }) = error else { panic!("{error}") };
    assert_eq!(source, FoldError::NotInitial { event_type: "Closed" });
    safes.create("b", (deposited(3), Closed)).await.unwrap();
    assert!(!safes.exists("b").await.unwrap());
    safes.upsert("b", |_| deposited(4)).await.unwrap();
    assert_eq!(safes.load("b").await.unwrap().cents, 4);
}

#[tokio::test]
async fn snapshots_before_and_after_an_end_give_the_same_as_a_full_replay() {
    let store = MemoryStore::new();
    let accounts = closed(&store).await.with_snapshots(SnapshotPolicy::every(1000));
    accounts.create("a", (opened("Bob"), deposited(7))).await.unwrap();
    accounts.update("a", |_| Closed).await.unwrap();
    // A snapshot at every version that has a state.
    for version in [1, 2, 4, 5_u32] {
        let loaded = accounts.load_at("a", version).await.unwrap();
        let stored = Snapshot::new(loaded.version, loaded.state).encode().unwrap();
        store.put_snapshot(&stream(), stored).await.unwrap();
        for at in 1..=6_u32 {
            let full = Repository::<Account>::new(&store).load_at("a", at).await.map(|loaded| loaded.state);
            let fast = accounts.load_at("a", at).await.map(|loaded| loaded.state);
            assert_eq!(fast.ok(), full.ok(), "at {at}, with a snapshot at {version}");
        }
        assert!(matches!(accounts.load("a").await, Err(LoadError::NotFound { .. })));
    }
}

#[tokio::test]
async fn no_snapshot_is_taken_at_an_end() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account>::new(&store).with_snapshots(SnapshotPolicy::every(1));
    accounts.create("a", (opened("Alice"), Closed)).await.unwrap();
    accounts.create("a", (opened("Bob"), deposited(1), Closed)).await.unwrap();
    accounts.create("b", opened("Carol")).await.unwrap();
    // They are taken in the background.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let newest = async |id| {
        let stream = StreamId::of::<Account>(id).unwrap();
        store.newest_snapshot(&stream, Account::STATE_VERSION, Version::MAX).await.unwrap()
    };
    assert_eq!(newest("a").await, None);
    assert!(newest("b").await.is_some());
}

#[tokio::test]
async fn only_one_of_two_creates_behind_an_end_wins() {
    let store = MemoryStore::new();
    let accounts = closed(&store).await;
    let names: Vec<_> = (0..8).map(|owner| format!("owner-{owner}")).collect();
    let created = join_all(names.iter().map(|owner| async { accounts.create("a", opened(owner)).await })).await;
    let (won, lost): (Vec<_>, Vec<_>) = created.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for error in lost {
        assert!(matches!(error, Err(CreateError::AlreadyExists { version, .. }) if version == 4));
    }
}

#[tokio::test]
async fn the_end_of_a_stream_is_found_below_retired_and_unreadable_events() {
    let store = MemoryStore::new();
    let accounts = closed(&store).await;
    let raw = |name| {
        let data = EventData::encode(name, &Closed).unwrap();
        NewEvent::from_data(name, 1, data, Metadata::new()).unwrap()
    };
    let append = async |version: u32, name| {
        let expected = ExpectedVersion::exactly(Version::from(version));
        store.append(Append::new(stream(), expected, vec![raw(name)])).await.unwrap();
    };
    for version in 3..40 {
        append(version, "LetterSent").await;
    }
    assert!(!accounts.exists("a").await.unwrap());
    assert!(accounts.has_begun("a").await.unwrap());
    assert_eq!(accounts.create("a", opened("Bob")).await.unwrap().version, 41);
    for version in 41..80 {
        append(version, "LetterSent").await;
    }
    assert!(accounts.exists("a").await.unwrap());
    accounts.update("a", |_| Closed).await.unwrap();
    append(81, "Unknown").await;
    // An event that this program cannot decode may have begun the aggregate.
    assert!(accounts.exists("a").await.unwrap());
    assert!(matches!(accounts.create("a", opened("Carol")).await, Err(CreateError::AlreadyExists { .. })));
    // A stream of only retired events has not begun.
    let only = StreamId::of::<Account>("retired").unwrap();
    store.append(Append::new(only, ExpectedVersion::NONE, vec![raw("LetterSent"), raw("LetterSent")])).await.unwrap();
    assert!(!accounts.exists("retired").await.unwrap());
    assert!(!accounts.has_begun("retired").await.unwrap());
    assert_eq!(accounts.create("retired", opened("Dan")).await.unwrap().version, 3);
}

#[tokio::test]
async fn a_past_with_an_end_is_imported() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account>::new(&store);
    let at = |event: AccountEvent, millis| ImportedEvent::new(event, Timestamp::from_millis(millis), Metadata::new());
    let past = |events: usize| {
        let all: [AccountEvent; 4] = [opened("Alice").into(), Closed.into(), opened("Bob").into(), deposited(1).into()];
        all.into_iter().zip(0..).map(|(event, millis)| at(event, millis)).take(events).collect::<Vec<_>>()
    };
    assert_eq!(accounts.import("a", past(2)).await.unwrap().version, 2);
    assert!(!accounts.exists("a").await.unwrap());
    // The rest begins the aggregate anew.
    assert_eq!(accounts.import("a", past(4)).await.unwrap().version, 4);
    assert_eq!(accounts.import("a", past(4)).await.unwrap().outcome, Outcome::AlreadyAppended);
    assert_eq!(accounts.load("a").await.unwrap().owner, "Bob");
    let invalid = vec![at(opened("Alice").into(), 0), at(Closed.into(), 1), at(deposited(1).into(), 2)];
    let error = accounts.import("b", invalid).await.unwrap_err();
    assert!(matches!(error, ImportError::Store(StoreError::Unfoldable { sequence, .. }) if sequence == 3), "{error}");
}

#[tokio::test]
async fn an_event_that_cannot_follow_an_end_fails_to_load() {
    let store = MemoryStore::new();
    let accounts = closed(&store).await;
    let deposited = NewEvent::encode(&AccountEvent::from(deposited(1)), Metadata::new()).unwrap();
    let expected = ExpectedVersion::exactly(Version::from(3));
    store.append(Append::new(stream(), expected, vec![deposited])).await.unwrap();
    let error = accounts.load("a").await.unwrap_err();
    let LoadError::Store(StoreError::Fold { sequence, source, .. }) = error else { panic!("{error}") };
    assert_eq!((sequence.get(), source), (4, FoldError::NotInitial { event_type: "Deposited" }));
    assert!(accounts.exists("a").await.unwrap(), "nothing may begin after an event that cannot be folded");
}

#[tokio::test]
async fn a_replay_has_no_state_at_an_end() {
    let store = MemoryStore::new();
    closed(&store).await;
    let mut replay = Replay::<Account>::new(stream());
    replay.read(&store, Version::from(2)).await.unwrap();
    assert!(replay.state().is_some());
    replay.read(&store, Version::MAX).await.unwrap();
    assert_eq!((replay.version().get(), replay.state()), (3, None));
    assert!(replay.into_loaded().is_none());
}

#[test]
fn the_test_kit_knows_the_end() {
    given::<Account>(opened("Alice")).when(|_| Closed).then(Closed);
    given::<Account>(opened("Alice")).when(|_| Closed).then_absent();
    given::<Account>((opened("Alice"), Closed)).then_absent();
    given::<Account>((opened("Alice"), Closed))
        .when_new(|| opened("Bob"))
        .then_state(|bob| assert_eq!(bob.owner, "Bob"));
}

#[test]
#[should_panic(expected = "no Account exists to decide on, because the given events end it")]
fn the_test_kit_decides_on_no_aggregate_that_has_ended() {
    let _ = given::<Account>((opened("Alice"), Closed)).when(|_| deposited(1));
}

#[test]
#[should_panic(expected = "expected no Account, but it exists")]
fn the_test_kit_finds_an_aggregate_that_has_not_ended() {
    given::<Account>(opened("Alice")).then_absent();
}
