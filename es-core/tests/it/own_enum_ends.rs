//! `ends(..)` on an aggregate with its own enum of events.

use es_core::error::FoldError;
use es_core::memory::MemoryStore;
use es_core::testing::given;
use es_core::{
    Aggregate, Apply, Context, CreateError, Init, LoadError, Repository, StoreError, UpdateError, event, events,
};

#[event(version = 1)]
struct Opened {
    owner: String,
}

#[event(version = 1)]
#[derive(Debug)]
struct Closed;

#[events]
enum AccountEvent {
    #[event]
    Opened(Opened),
    #[event(version = 1)]
    Deposited { cents: i64 },
    #[event]
    Closed(Closed),
}

#[derive(Aggregate, Debug)]
#[aggregate(events = AccountEvent, init(Opened), ends(Closed))]
struct Account {
    owner: String,
    cents: i64,
}

impl Init<Opened> for Account {
    fn init(event: Opened, _: &Context) -> Self {
        Self { owner: event.owner, cents: 0 }
    }
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, event: AccountEvent, _: &Context) {
        match event {
            AccountEvent::Deposited { cents } => self.cents += cents,
            AccountEvent::Opened(_) | AccountEvent::Closed(_) => unreachable!("they begin and end the account"),
        }
    }
}

/// An aggregate that begins with any event that does not end it.
#[derive(Aggregate, Debug, Default)]
#[aggregate(events = SafeEvent, ends(Closed))]
struct Safe {
    cents: i64,
}

#[events]
#[derive(Debug)]
enum SafeEvent {
    #[event(version = 1)]
    Deposited { cents: i64 },
    #[event]
    Closed(Closed),
}

impl Apply<SafeEvent> for Safe {
    fn apply(&mut self, event: SafeEvent, _: &Context) {
        match event {
            SafeEvent::Deposited { cents } => self.cents += cents,
            SafeEvent::Closed(_) => unreachable!("it ends the safe"),
        }
    }
}

fn opened(owner: &str) -> Opened {
    Opened { owner: owner.into() }
}

#[tokio::test]
async fn an_account_is_absent_after_its_end_and_begins_anew() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    accounts.create("a", opened("Ann")).await.unwrap();
    accounts.update("a", |_| AccountEvent::Deposited { cents: 5 }).await.unwrap();
    accounts.update("a", |_| Closed).await.unwrap();
    assert!(matches!(accounts.load("a").await, Err(LoadError::NotFound { .. })));
    assert!(!accounts.exists("a").await.unwrap());
    let late = accounts.update("a", |_| AccountEvent::Deposited { cents: 5 }).await;
    assert!(matches!(late, Err(UpdateError::NotFound { .. })));

    accounts.create("a", (opened("Ben"), AccountEvent::Deposited { cents: 2 })).await.unwrap();
    let account = accounts.load("a").await.unwrap();
    assert_eq!((account.owner.as_str(), account.cents), ("Ben", 2));
    assert_eq!(account.version, 5);
    assert_eq!(accounts.load_at("a", 2).await.unwrap().cents, 5);
}

#[tokio::test]
async fn an_end_begins_nothing() {
    let safes = Repository::<Safe>::new(&MemoryStore::new());
    let ended = safes.create("s", SafeEvent::Closed(Closed)).await;
    let Err(CreateError::Store(StoreError::Unfoldable { source, .. })) = ended else { panic!("{ended:?}") };
    assert_eq!(source, FoldError::NotInitial { event_type: "Closed" });

    given::<Safe>(SafeEvent::Deposited { cents: 3 }).when(|_| Closed).then(SafeEvent::Closed(Closed));
    safes.create("s", SafeEvent::Deposited { cents: 3 }).await.unwrap();
    safes.update("s", |_| Closed).await.unwrap();
    assert!(matches!(safes.load("s").await, Err(LoadError::NotFound { .. })));
}
