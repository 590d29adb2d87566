//! An aggregate with everything that a stored past can have: an older version, an older name, a
//! retired event, a map in its state.
#![allow(clippy::unwrap_used, reason = "a test ends if its preparation fails")]

use std::collections::HashMap;

use es_core::repository::ImportedEvent;
use es_core::store::{Append, EventData, EventStore, ExpectedVersion, NewEvent, Store};
use es_core::{Aggregate, Apply, Context, Init, Metadata, Repository, StreamId, Timestamp, Version, event};
use es_mongo::mongodb::bson::Document;

/// The account was opened.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The owner.
    pub owner: String,
}

/// The account existed before events were recorded.
#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct AccountMigrated {
    /// The owner.
    pub owner: String,
    /// The balance.
    pub cents: i64,
}

/// Money was deposited.
#[event(version = 2, from = DepositedV1, alias = "PaidIn")]
#[derive(Debug, Clone, PartialEq)]
pub struct Deposited {
    /// The amount.
    pub cents: i64,
    /// The source of the money.
    pub source: String,
}

/// Version 1 of the deposit.
#[event(version = 1, name = "Deposited")]
#[derive(Debug, Clone)]
pub struct DepositedV1 {
    /// The amount.
    pub cents: i64,
}

impl From<DepositedV1> for Deposited {
    fn from(old: DepositedV1) -> Self {
        Self { cents: old.cents, source: "unknown".to_owned() }
    }
}

/// An account: its balance, and the sources of its money.
#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(
    init(Opened, AccountMigrated),
    events(Deposited),
    retired("StatementSent"),
    snapshot(every = 1000, version = 3)
)]
pub struct Account {
    /// The owner.
    pub owner: String,
    /// The balance.
    pub cents: i64,
    /// The amount from each source.
    pub sources: HashMap<String, i64>,
}

impl Init<Opened> for Account {
    fn init(event: Opened, _context: &Context) -> Self {
        Self { owner: event.owner, cents: 0, sources: HashMap::new() }
    }
}

impl Init<AccountMigrated> for Account {
    fn init(event: AccountMigrated, _context: &Context) -> Self {
        Self { owner: event.owner, cents: event.cents, sources: HashMap::new() }
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited, _context: &Context) {
        self.cents += event.cents;
        *self.sources.entry(event.source).or_default() += event.cents;
    }
}

/// The day this many days after the first of January 2024.
#[must_use]
pub fn day(day: i64) -> Timestamp {
    Timestamp::from_millis(1_704_067_200_000 + day * 86_400_000)
}

/// The repository of accounts of a store.
#[must_use]
pub fn accounts(store: &(impl Store + Clone)) -> Repository<Account> {
    Repository::new(store)
}

/// Imports an account with this many events, one a day from day 0.
///
/// # Panics
///
/// If the import fails.
pub async fn import(store: &(impl Store + Clone), id: &str, events: i64) {
    let opened = ImportedEvent::new(Opened { owner: id.to_owned() }, day(0), Metadata::new().user("clerk"));
    let mut past = vec![opened];
    for at in 1..events {
        let deposited = Deposited { cents: at, source: format!("source-{}", at % 3) };
        past.push(ImportedEvent::new(deposited, day(at), Metadata::new().user("clerk")));
    }
    accounts(store).import(id, past).await.unwrap();
}

/// An event with data that the current code may no longer write.
///
/// # Panics
///
/// If it cannot be encoded.
#[must_use]
pub fn raw(event_type: &'static str, version: u32, data: &Document, at: Timestamp) -> NewEvent {
    let data = EventData::encode(event_type, data).unwrap();
    NewEvent::from_data(event_type, version, data, Metadata::new()).unwrap().at(at)
}

/// Records events of any type and time after the head of an account.
///
/// # Panics
///
/// If they cannot be recorded.
pub async fn append(store: &impl EventStore, id: &str, version: u32, events: Vec<NewEvent>) {
    let stream = StreamId::of::<Account>(id).unwrap();
    let append = Append::new(stream, ExpectedVersion::exactly(Version::from(version)), events);
    store.append(append).await.unwrap();
}

/// Checks the state at each version of an account that [`import`] created.
///
/// # Panics
///
/// If a version is wrong.
pub async fn assert_loads_everywhere(store: &(impl Store + Clone), id: &str, events: i64) {
    let accounts = accounts(store);
    for version in 1..=u32::try_from(events).unwrap() {
        let loaded = accounts.load_at(id, version).await.unwrap();
        let cents: i64 = (1..i64::from(version)).sum();
        assert_eq!((loaded.version.get(), loaded.cents), (u64::from(version), cents), "{id} at {version}");
        let as_of = accounts.load_as_of(id, day(i64::from(version) - 1)).await.unwrap();
        assert_eq!(as_of.state, loaded.state, "{id} as of day {}", version - 1);
    }
    assert_eq!(accounts.load(id).await.unwrap().version.get(), u64::try_from(events).unwrap());
}
