//! The user's own enum as the events of an aggregate, through all of the library.

use std::collections::BTreeMap;

use es_core::error::{DecodeError, FoldError};
use es_core::memory::MemoryStore;
use es_core::repository::{ImportedEvent, WriteCheck};
use es_core::schema::Check;
use es_core::store::{BsonPayload, Decoded, EventData, EventSet};
use es_core::testing::{assert_roundtrip, assert_roundtrip_eq, given};
use es_core::{
    Aggregate, Apply, Context, CreateError, Init, LoadError, Metadata, Repository, StoreError, Timestamp, UpdateError,
    event, events,
};
use serde::{Deserialize, Serialize};

/// Every style of variant in one enum.
#[events(retired("ReminderSent"), split(OpenedAndDeposited))]
#[derive(Debug, Clone, PartialEq)]
enum AccountEvent {
    #[event]
    Opened(AccountOpened),
    #[event(version = 2, from = DepositedV1, alias = "PaidIn")]
    Deposited {
        amount_in_cents: i64,
        #[serde(default, skip_serializing_if = "is_default")]
        note: String,
    },
    #[event(version = 1)]
    Moved(i64, #[serde(with = "as_text")] u64),
    #[event(version = 1, name = "AccountLocked")]
    Locked,
    #[event]
    Closed(AccountClosed),
}

/// Takes the field itself, because a reference has no `Default`.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct AccountOpened {
    owner: String,
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct AccountClosed {
    reason: String,
}

#[event(version = 1, name = "Deposited", alias = "PaidIn")]
struct DepositedV1 {
    dollars: i64,
}

impl From<DepositedV1> for AccountEvent {
    fn from(old: DepositedV1) -> Self {
        Self::Deposited { amount_in_cents: old.dollars * 100, note: String::new() }
    }
}

#[event(version = 1, split(AccountOpened, AccountEvent))]
struct OpenedAndDeposited {
    owner: String,
    cents: i64,
}

impl From<OpenedAndDeposited> for (AccountOpened, AccountEvent) {
    fn from(old: OpenedAndDeposited) -> Self {
        (AccountOpened { owner: old.owner }, deposited(old.cents))
    }
}

fn opened() -> AccountOpened {
    AccountOpened { owner: "Ada".into() }
}

fn deposited(cents: i64) -> AccountEvent {
    AccountEvent::Deposited { amount_in_cents: cents, note: String::new() }
}

#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(init(AccountOpened), events = AccountEvent, snapshot(every = 2, version = 1))]
struct Account {
    owner: String,
    cents: i64,
    is_locked: bool,
}

impl Init<AccountOpened> for Account {
    fn init(event: AccountOpened, _: &Context) -> Self {
        Self { owner: event.owner, cents: 0, is_locked: false }
    }
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, event: AccountEvent, _: &Context) {
        match event {
            AccountEvent::Deposited { amount_in_cents, .. } => self.cents += amount_in_cents,
            AccountEvent::Moved(cents, _) => self.cents -= cents,
            AccountEvent::Locked | AccountEvent::Closed(_) => self.is_locked = true,
            AccountEvent::Opened(_) => {}
        }
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the account is locked")]
struct IsLocked;

impl Account {
    fn deposit(&self, cents: i64) -> Result<AccountEvent, IsLocked> {
        if self.is_locked { Err(IsLocked) } else { Ok(deposited(cents)) }
    }
}

fn stored(event: &AccountEvent) -> serde_json::Value {
    let data = EventData::encode(event.event_type(), event).unwrap();
    serde_json::to_value(data.as_raw()).unwrap()
}

fn read(event_type: &str, version: u32, data: &serde_json::Value) -> Result<Decoded<AccountEvent>, DecodeError> {
    let document = bson::serialize_to_raw_document_buf(data).unwrap();
    AccountEvent::decode(event_type, version, &BsonPayload(&document))
}

fn samples() -> Vec<AccountEvent> {
    vec![
        opened().into(),
        deposited(5),
        AccountEvent::Deposited { amount_in_cents: -1, note: "reversed".into() },
        AccountEvent::Moved(7, u64::MAX),
        AccountEvent::Locked,
        AccountEvent::Closed(AccountClosed { reason: "moved".into() }),
    ]
}

#[test]
fn the_data_of_a_variant_is_a_document_without_its_name() {
    let expected = [
        serde_json::json!({ "owner": "Ada" }),
        serde_json::json!({ "amountInCents": 5 }),
        serde_json::json!({ "amountInCents": -1, "note": "reversed" }),
        serde_json::json!({ "0": 7, "1": "18446744073709551615" }),
        serde_json::json!({}),
        serde_json::json!({ "reason": "moved" }),
    ];
    for (event, expected) in samples().iter().zip(expected) {
        assert_eq!(stored(event), expected, "{event:?}");
    }
}

#[test]
fn each_variant_has_its_name_and_its_version() {
    let declared: Vec<_> = samples().iter().map(|event| (event.event_type(), event.event_version())).collect();
    assert_eq!(
        declared,
        [
            ("AccountOpened", 1),
            ("Deposited", 2),
            ("Deposited", 2),
            ("Moved", 1),
            ("AccountLocked", 1),
            ("AccountClosed", 1)
        ]
    );
    assert_eq!(AccountEvent::EVENTS.len(), 5);
    for event in samples() {
        assert!(AccountEvent::EVENTS.contains(event.info()));
    }
}

#[test]
fn each_variant_is_read_as_it_was_written() {
    for event in samples() {
        let read = read(event.event_type(), event.event_version(), &stored(&event)).unwrap();
        assert_eq!(read, Decoded::One(event));
    }
    assert_roundtrip_eq(samples());
    assert_roundtrip(samples());
}

#[test]
fn older_versions_aliases_splits_and_retired_names_are_read() {
    let old = serde_json::json!({ "dollars": 3 });
    assert_eq!(read("Deposited", 1, &old).unwrap(), Decoded::One(deposited(300)));
    assert_eq!(read("PaidIn", 1, &old).unwrap(), Decoded::One(deposited(300)));
    assert_eq!(read("PaidIn", 2, &serde_json::json!({ "amountInCents": 4 })).unwrap(), Decoded::One(deposited(4)));
    let split = serde_json::json!({ "owner": "Ada", "cents": 9 });
    assert_eq!(
        read("OpenedAndDeposited", 1, &split).unwrap(),
        Decoded::Many(vec![AccountEvent::Opened(opened()), deposited(9)])
    );
    assert_eq!(read("ReminderSent", 1, &serde_json::json!({})).unwrap(), Decoded::Retired);
}

#[test]
fn what_no_variant_reads_is_an_error() {
    let empty = serde_json::json!({});
    assert!(matches!(read("Opened", 1, &empty), Err(DecodeError::UnknownType)));
    assert!(matches!(read("Locked", 1, &empty), Err(DecodeError::UnknownType)));
    assert!(matches!(read("AccountLocked", 2, &empty), Err(DecodeError::NewerVersion { stored: 2, known: 1 })));
    assert!(matches!(read("Deposited", 0, &empty), Err(DecodeError::UnknownVersion { stored: 0 })));
    assert!(matches!(read("Deposited", 2, &empty), Err(DecodeError::Data { version: 2, .. })));
}

#[tokio::test]
async fn a_repository_creates_updates_and_loads() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account>::new(&store);
    accounts.create("ada", (opened(), deposited(5))).await.unwrap();
    accounts.update("ada", |account| account.deposit(7)).await.unwrap();
    accounts.update("ada", |_| (AccountEvent::Locked, AccountClosed { reason: "moved".into() })).await.unwrap();
    let loaded = accounts.load("ada").await.unwrap();
    assert_eq!((loaded.cents, loaded.is_locked, loaded.version.get()), (12, true, 5));
    let rejected = accounts.update("ada", |account| account.deposit(1)).await.unwrap_err();
    assert!(matches!(rejected, UpdateError::Rejected(IsLocked)), "{rejected}");
    let names: Vec<_> = store.log().iter().map(|event| event.event_type.clone()).collect();
    assert_eq!(names, ["AccountOpened", "Deposited", "Deposited", "AccountLocked", "AccountClosed"]);
}

#[tokio::test]
async fn a_snapshot_saves_the_fold() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    accounts.create("ada", opened()).await.unwrap();
    for cents in 1..=5 {
        accounts.update("ada", |account| account.deposit(cents)).await.unwrap();
    }
    assert_eq!(accounts.load("ada").await.unwrap().cents, 15);
    assert_eq!(accounts.load_at("ada", 3).await.unwrap().cents, 3);
}

#[tokio::test]
async fn an_event_of_init_begins_the_aggregate_and_no_other_event_does() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account>::new(&store);
    let not_initial = accounts.create("ada", deposited(1)).await.unwrap_err();
    assert!(
        matches!(
            &not_initial,
            CreateError::Store(StoreError::Unfoldable {
                source: FoldError::NotInitial { event_type: "Deposited" },
                ..
            })
        ),
        "{not_initial}"
    );
    accounts.create("ada", opened()).await.unwrap();
    let only_initial = accounts.update("ada", |_| opened()).await.unwrap_err();
    assert!(
        matches!(
            &only_initial,
            UpdateError::Store(StoreError::Unfoldable {
                source: FoldError::OnlyInitial { event_type: "AccountOpened" },
                ..
            })
        ),
        "{only_initial}"
    );
    assert_eq!(store.log().len(), 1);
}

/// A map with such a key is written, but cannot be read back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Sku(String);

#[events]
#[derive(Debug, Clone, PartialEq)]
enum ParcelEvent {
    #[event(version = 1)]
    Packed { counts: BTreeMap<Sku, u32> },
}

#[derive(Aggregate, Debug, Default)]
#[aggregate(events = ParcelEvent)]
struct Parcel {
    packed: usize,
}

impl Apply<ParcelEvent> for Parcel {
    fn apply(&mut self, event: ParcelEvent, _: &Context) {
        let ParcelEvent::Packed { counts } = event;
        self.packed += counts.len();
    }
}

#[tokio::test]
async fn what_cannot_be_read_back_is_not_written() {
    let store = MemoryStore::new();
    let parcels = Repository::<Parcel>::new(&store).with_write_check(WriteCheck::Always);
    let packed = ParcelEvent::Packed { counts: [(Sku("book".into()), 1)].into() };
    let error = parcels.create("a", packed).await.unwrap_err();
    let CreateError::Store(StoreError::NotReadBack { what, field, .. }) = &error else { panic!("{error}") };
    assert_eq!((what.as_str(), field.as_deref()), ("Packed", Some("counts{book}")), "{error}");
    assert!(store.log().is_empty());
}

#[tokio::test]
async fn the_past_is_imported_once() {
    let accounts = Repository::<Account>::new(&MemoryStore::new());
    let past = || {
        let at = |event: AccountEvent| ImportedEvent::new(event, Timestamp::from_millis(0), Metadata::new());
        vec![at(opened().into()), at(deposited(4)), at(AccountEvent::Locked)]
    };
    accounts.import("ada", past()).await.unwrap();
    accounts.import("ada", past()).await.unwrap();
    let account = accounts.load("ada").await.unwrap();
    assert_eq!((account.cents, account.version.get()), (4, 3));
}

#[test]
fn the_test_kit_takes_variants_and_held_events() {
    given::<Account>((opened(), deposited(5))).when(|account| account.deposit(2)).then(deposited(2));
    given::<Account>((opened(), AccountEvent::Locked)).when(|account| account.deposit(2)).then_error(IsLocked);
    given::<Account>(()).when_new(opened).then(AccountEvent::Opened(opened()));
    given::<Account>((opened(), deposited(5), AccountEvent::Moved(2, 1)))
        .then_state(|account| assert_eq!(account.cents, 3));
}

#[test]
#[should_panic(expected = "cannot begin the aggregate")]
fn the_test_kit_refuses_a_beginning_that_no_load_could_fold() {
    given::<Account>(()).when_new(|| AccountEvent::Locked).then(AccountEvent::Locked);
}

#[test]
fn the_schema_lock_holds_every_version_of_every_variant() {
    let folder = std::env::temp_dir().join(format!("es_core_own_enum_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("events.lock");
    Check::<Account>::new(&path).update(true).sample(AccountEvent::Moved(7, 8)).run();
    let lock = std::fs::read_to_string(&path).unwrap();
    Check::<Account>::new(&path).update(false).sample(AccountEvent::Moved(7, 8)).run();
    std::fs::remove_dir_all(&folder).unwrap();
    for part in [
        "AccountOpened",
        "Deposited",
        "amountInCents",
        "dollars",
        "Moved",
        "1: string",
        "AccountLocked",
        "ReminderSent",
    ] {
        assert!(lock.contains(part), "`{part}` is missing in:\n{lock}");
    }
}

/// Without `init(..)` every variant can begin the aggregate.
#[events]
#[derive(Debug, Clone, PartialEq)]
enum LampEvent {
    #[event(version = 1)]
    TurnedOn,
    #[event(version = 1)]
    TurnedOff { by: Switch },
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Switch {
    Wall,
    Remote,
}

#[derive(Aggregate, Debug, Default)]
#[aggregate(events = LampEvent)]
struct Lamp {
    is_on: bool,
}

impl Apply<LampEvent> for Lamp {
    fn apply(&mut self, event: LampEvent, _: &Context) {
        self.is_on = event == LampEvent::TurnedOn;
    }
}

#[tokio::test]
async fn without_init_every_variant_begins_and_changes_the_aggregate() {
    let lamps = Repository::<Lamp>::new(&MemoryStore::new());
    for (id, event) in [("hall", LampEvent::TurnedOn), ("attic", LampEvent::TurnedOff { by: Switch::Remote })] {
        lamps.create(id, event.clone()).await.unwrap();
        assert_eq!(lamps.load(id).await.unwrap().is_on, event == LampEvent::TurnedOn);
        lamps.update(id, |_| vec![LampEvent::TurnedOff { by: Switch::Wall }, LampEvent::TurnedOn]).await.unwrap();
        assert!(lamps.load(id).await.unwrap().is_on);
    }
    assert!(matches!(lamps.load("cellar").await, Err(LoadError::NotFound { .. })));
}

/// The same names as [`LampEvent`], as one struct per event.
mod as_structs {
    use super::{Aggregate, Apply, Context, Switch, event};

    #[event(version = 1)]
    #[derive(Debug, Clone, PartialEq)]
    pub(super) struct TurnedOn;

    #[event(version = 1)]
    #[derive(Debug, Clone, PartialEq)]
    pub(super) struct TurnedOff {
        pub(super) by: Switch,
    }

    #[derive(Aggregate, Debug, Default)]
    #[aggregate(name = "Lamp", events(TurnedOn, TurnedOff), event_enum(Clone, PartialEq))]
    pub(super) struct Lamp {
        pub(super) is_on: bool,
    }

    impl Apply<TurnedOn> for Lamp {
        fn apply(&mut self, _: TurnedOn, _: &Context) {
            self.is_on = true;
        }
    }

    impl Apply<TurnedOff> for Lamp {
        fn apply(&mut self, _: TurnedOff, _: &Context) {
            self.is_on = false;
        }
    }
}

#[tokio::test]
async fn an_enum_and_a_struct_per_event_continue_each_others_streams() {
    let store = MemoryStore::new();
    let (own, structs) = (Repository::<Lamp>::new(&store), Repository::<as_structs::Lamp>::new(&store));
    structs.create("hall", as_structs::TurnedOn).await.unwrap();
    own.update("hall", |_| LampEvent::TurnedOff { by: Switch::Wall }).await.unwrap();
    structs
        .update("hall", |lamp| {
            assert!(!lamp.is_on);
            as_structs::TurnedOn
        })
        .await
        .unwrap();
    assert!(own.load("hall").await.unwrap().is_on);
    let written: Vec<_> = store
        .log()
        .into_iter()
        .map(|event| (event.event_type.clone(), serde_json::to_value(event.data.as_raw()).unwrap()))
        .collect();
    own.create("attic", LampEvent::TurnedOn).await.unwrap();
    own.update("attic", |_| LampEvent::TurnedOff { by: Switch::Wall }).await.unwrap();
    own.update("attic", |_| LampEvent::TurnedOn).await.unwrap();
    let again: Vec<_> = store
        .log()
        .into_iter()
        .skip(3)
        .map(|event| (event.event_type.clone(), serde_json::to_value(event.data.as_raw()).unwrap()))
        .collect();
    assert_eq!(again, written);
}

#[test]
fn the_generated_enum_has_the_derives_that_are_asked_for_and_shows_its_data() {
    let event = as_structs::LampEvent::from(as_structs::TurnedOff { by: Switch::Wall });
    assert_eq!(event.clone(), event);
    assert_eq!(format!("{event:?}"), "TurnedOff { by: Wall }");
}
