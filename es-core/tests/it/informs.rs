//! Events that an aggregate records and that change nothing: `informs(..)`.

use es_core::error::FoldError;
use es_core::memory::MemoryStore;
use es_core::schema::Check;
use es_core::testing::given;
use es_core::{Aggregate, Apply, Context, CreateError, Init, Outcome, Repository, StoreError, event};

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

/// A copy of the account was sent to the owner.
#[event(version = 2, from = StatementSentV1, alias = "LetterSent")]
#[derive(Debug, Clone, PartialEq)]
struct StatementSent {
    address: String,
    pages: u32,
}

#[event(version = 1, name = "StatementSent")]
struct StatementSentV1 {
    address: String,
}

impl From<StatementSentV1> for StatementSent {
    fn from(old: StatementSentV1) -> Self {
        Self { address: old.address, pages: 1 }
    }
}

#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(init(Opened), events(Deposited), informs(StatementSent), snapshot(every = 2))]
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

/// The same stored events, in a program that knows only the first version.
mod earlier {
    use super::{Context, Init, event};

    #[event(version = 1)]
    pub(crate) struct LetterSent {
        pub(crate) address: String,
    }

    #[derive(es_core::Aggregate)]
    #[aggregate(name = "Account", init(super::Opened), informs(LetterSent))]
    pub(crate) struct Account {}

    impl Init<super::Opened> for Account {
        fn init(_: super::Opened, _: &Context) -> Self {
            Self {}
        }
    }
}

/// Every event of this aggregate informs.
#[derive(Aggregate, Debug, Default, PartialEq)]
#[aggregate(informs(StatementSent))]
struct Mail {}

fn opened() -> Opened {
    Opened { owner: "Alice".to_owned() }
}

fn sent() -> StatementSent {
    StatementSent { address: "Main Street 1".to_owned(), pages: 3 }
}

#[tokio::test]
async fn an_informing_event_is_recorded_and_changes_nothing() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    accounts.create("a", (opened(), sent())).await.unwrap();
    let before = accounts.load("a").await.unwrap();
    assert_eq!((before.version.get(), before.cents), (2, 0));
    let recorded = accounts.update("a", |_| sent()).by("clerk").once("letter-1").await.unwrap();
    assert_eq!((recorded.version.get(), recorded.outcome), (3, Outcome::Appended));
    let after = accounts.load("a").await.unwrap();
    assert_eq!((after.version.get(), &after.state), (3, &before.state));
    assert_eq!(after.last_event.metadata.user_id(), Some("clerk"));
    let again = accounts.update("a", |_| sent()).once("letter-1").await.unwrap();
    assert_eq!((again.version.get(), again.outcome), (3, Outcome::AlreadyAppended));
    assert!(matches!(&again.events[0].data, AccountEvent::StatementSent(event) if *event == sent()));
    // A snapshot at an informing event is the state before it.
    accounts.take_snapshot("a").await.unwrap();
    accounts.update("a", |_| (sent(), Deposited { cents: 5 })).await.unwrap();
    assert_eq!(accounts.load("a").await.unwrap().cents, 5);
    assert_eq!(accounts.load_ignoring_snapshots_above("a", 0).await.unwrap().cents, 5);
}

#[tokio::test]
async fn an_informing_event_is_read_in_every_version_and_name() {
    let store = MemoryStore::new();
    let earlier = Repository::<earlier::Account>::new(&store);
    let address = "Main Street 1".to_owned();
    earlier.create("a", (opened(), earlier::LetterSent { address })).await.unwrap();
    let mut history = Repository::<Account>::new(&store).history("a").unwrap().collect().await.unwrap();
    let read = history.pop().unwrap().data;
    assert!(matches!(read, AccountEvent::StatementSent(event) if event == StatementSent { pages: 1, ..sent() }));
}

#[tokio::test]
async fn an_aggregate_with_init_does_not_begin_with_an_informing_event() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    let events: Vec<AccountEvent> = vec![sent().into(), opened().into()];
    let error = accounts.create("a", events).await.unwrap_err();
    let CreateError::Store(StoreError::Unfoldable { source, .. }) = error else { panic!("{error}") };
    assert_eq!(source, FoldError::NotInitial { event_type: "StatementSent" });
    assert!(!accounts.exists("a").await.unwrap());
}

#[tokio::test]
async fn an_aggregate_with_default_begins_with_an_informing_event() {
    let mails = Repository::<Mail>::new(&MemoryStore::new());
    mails.create("m", sent()).await.unwrap();
    assert!(mails.exists("m").await.unwrap());
    assert_eq!(mails.load("m").await.unwrap().state, Mail::default());
    assert!(matches!(mails.create("m", sent()).await, Err(CreateError::AlreadyExists { .. })));
}

#[test]
fn an_informing_event_is_in_the_test_kit() {
    given::<Account>((opened(), sent()))
        .when(|_| (Deposited { cents: 1 }, sent()))
        .then((Deposited { cents: 1 }, sent()));
    given::<Account>((opened(), sent())).then_state(|account| assert_eq!(account.cents, 0));
}

#[test]
fn an_informing_event_is_in_the_schema_lock() {
    let folder = std::env::temp_dir().join(format!("es-core-informs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("events.lock");
    Check::<Account>::new(&path).update(true).try_run().unwrap();
    let lock = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(lock.contains("event StatementSent") && lock.contains("version 2"), "{lock}");
}
