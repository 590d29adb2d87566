//! Random histories: snapshot plus tail, a full replay and a simple model give the same state, even
//! across killed archive runs; and `verify` finds planted faults.
//!
//! `PROPTEST_CASES=1000 cargo test -p tests --release --test it properties` is the long run.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};

use es_core::memory::MemoryStore;
use es_core::store::{Append, ExpectedVersion, NewEvent, Snapshot};
use es_core::{Metadata, Repository, SnapshotPolicy, StreamId, Timestamp, Version};
use es_mongo::mongodb::bson::oid::ObjectId;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::options::IndexOptions;
use es_mongo::mongodb::{Collection, IndexModel};
use es_mongo::{ArchiveStep, Finding, MongoStore};
use futures_util::TryStreamExt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tests::account::{Account, AccountEvent, Deposited, Opened, day};
use tests::empty_store;

const ACCOUNTS: usize = 3;
const LAST_DAY: i64 = 12;

/// One step of a history.
#[derive(Debug, Clone)]
enum Step {
    /// Deposits are recorded together, with days that may go back.
    Append { account: usize, deposits: Vec<(i64, i64)> },
    /// A deposit is decided, with snapshots by policy.
    Update { account: usize, cents: i64 },
    /// A snapshot is taken at a version: this percentage of the current version.
    Snapshot { account: usize, at: u64 },
    /// The archive runs, and is killed when it reaches a step for the nth time.
    Archive { before: i64, killed: Option<(ArchiveStep, u32)> },
}

fn step() -> impl Strategy<Value = Step> {
    let account = 0..ACCOUNTS;
    let killed = prop::sample::select(vec![
        ArchiveStep::SnapshotTaken,
        ArchiveStep::Copied,
        ArchiveStep::Confirmed,
        ArchiveStep::Waited,
        ArchiveStep::Deleted,
    ]);
    prop_oneof![
        6 => (account.clone(), vec((-50..50_i64, 0..LAST_DAY), 1..6))
            .prop_map(|(account, deposits)| Step::Append { account, deposits }),
        4 => (account.clone(), -50..50_i64).prop_map(|(account, cents)| Step::Update { account, cents }),
        3 => (account, 0..=100_u64).prop_map(|(account, at)| Step::Snapshot { account, at }),
        1 => (0..=LAST_DAY, prop::option::of((killed, 1..3_u32)))
            .prop_map(|(before, killed)| Step::Archive { before, killed }),
    ]
}

/// The expected content of an account: its deposits with their times, after the event that opens
/// it.
type Model = Vec<(i64, Timestamp)>;

fn expected(id: &str, deposits: &[(i64, Timestamp)]) -> Account {
    let mut sources = HashMap::new();
    for (cents, _) in deposits {
        *sources.entry(format!("source-{}", cents % 3)).or_default() += cents;
    }
    Account { owner: id.to_owned(), cents: deposits.iter().map(|(cents, _)| cents).sum(), sources }
}

fn deposit(cents: i64) -> Deposited {
    Deposited { cents, source: format!("source-{}", cents % 3) }
}

fn id(account: usize) -> String {
    format!("account-{account}")
}

/// Runs a history, and returns the expected content: the first pair of each account is its opening.
async fn run(
    accounts: &Repository<Account>,
    steps: &[Step],
    archive: impl AsyncFn(i64, Option<(ArchiveStep, u32)>),
) -> Vec<Model> {
    let store = accounts.store();
    let mut models = Vec::new();
    for account in 0..ACCOUNTS {
        let opened = es_core::repository::ImportedEvent::new(Opened { owner: id(account) }, day(0), Metadata::new());
        accounts.import(id(account), vec![opened]).await.unwrap();
        models.push(vec![(0, day(0))]);
    }
    for step in steps {
        match step {
            Step::Append { account, deposits } => {
                let stream = StreamId::of::<Account>(&id(*account)).unwrap();
                let version = Version::NONE.plus(models[*account].len() as u64);
                let events = deposits.iter().map(|(cents, at)| {
                    let event = AccountEvent::from(deposit(*cents));
                    NewEvent::encode(&event, Metadata::new()).unwrap().at(day(*at))
                });
                let append = Append::new(stream, ExpectedVersion::exactly(version), events.collect());
                store.append(append).await.unwrap();
                models[*account].extend(deposits.iter().map(|(cents, at)| (*cents, day(*at))));
            }
            Step::Update { account, cents } => {
                let decide = |_: &_| deposit(*cents);
                let committed = accounts.update(id(*account), decide).await.unwrap();
                models[*account].push((*cents, committed.events[0].timestamp));
            }
            Step::Snapshot { account, at } => {
                let stream = StreamId::of::<Account>(&id(*account)).unwrap();
                let version = 1 + at * (models[*account].len() as u64 - 1) / 100;
                let loaded =
                    accounts.load_at(id(*account), Version::try_from(version.cast_signed()).unwrap()).await.unwrap();
                store
                    .put_snapshot(&stream, Snapshot::new(loaded.version, loaded.state).encode().unwrap())
                    .await
                    .unwrap();
            }
            Step::Archive { before, killed } => archive(*before, *killed).await,
        }
    }
    models
}

/// Snapshot plus tail, full replay and the model are the same: at every version, from every
/// version, as of every day.
async fn check(with: &Repository<Account>, models: &[Model]) {
    let without = with.clone().with_snapshots(SnapshotPolicy::Never);
    for (account, model) in models.iter().enumerate() {
        let id = id(account);
        let whole = expected(&id, &model[1..]);
        for version in 1..=model.len() {
            let at = Version::NONE.plus(version as u64);
            let wanted = expected(&id, &model[1..version]);
            for repository in [with, &without] {
                let loaded = repository.load_at(&id, at).await.unwrap();
                assert_eq!((loaded.version, &loaded.state), (at, &wanted), "{id} at {version}");
            }
            assert_eq!(with.load_ignoring_snapshots_above(&id, at).await.unwrap().state, whole, "{id} from {version}");
        }
        for at in 0..=LAST_DAY {
            let prefix = model.iter().take_while(|(_, moment)| *moment <= day(at)).count();
            let loaded = with.load_as_of(&id, day(at)).await.unwrap();
            assert_eq!(loaded.state, expected(&id, &model[1..prefix]), "{id} as of day {at}");
        }
        assert_eq!(with.load(&id).await.unwrap().state, whole);
    }
}

/// Runs a property on this many cases, or on as many as `PROPTEST_CASES` requests.
fn for_each<T: std::fmt::Debug>(cases: u32, strategy: impl Strategy<Value = T>, property: impl AsyncFn(T)) {
    let told = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config =
        Config { cases: told.unwrap_or(cases), max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let checked = TestRunner::new(config).run(&strategy, |value| {
        runtime.block_on(property(value));
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn in_memory_snapshot_plus_tail_equals_full_replay_and_model() {
    for_each(128, (vec(step(), 1..30), 1..6_u64), async |(steps, every)| {
        let accounts = Repository::new(&MemoryStore::new()).with_snapshots(SnapshotPolicy::every(every));
        let models = run(&accounts, &steps, async |_, _| {}).await;
        check(&accounts, &models).await;
    });
}

async fn archive(store: &MongoStore, before: i64, killed: Option<(ArchiveStep, u32)>) {
    let reached = AtomicU32::new(0);
    let run = store.archive::<Account>(day(before)).batch(4).at_step(move |step| match killed {
        Some((at, time)) if at == step && reached.fetch_add(1, Ordering::Relaxed) + 1 == time => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    run.run().await.unwrap();
}

#[test]
fn on_mongodb_the_same_holds_across_killed_archive_runs_and_verify_finds_nothing() {
    for_each(4, (vec(step(), 1..16), 1..6_u64), async |(steps, every)| {
        let store = empty_store().await;
        let accounts = Repository::new(&store).with_snapshots(SnapshotPolicy::every(every));
        let models = run(&accounts, &steps, async |before, killed| archive(&store, before, killed).await).await;
        check(&accounts, &models).await;
        let report = store.verify::<Account>().run().await.unwrap();
        assert!(report.is_sound(), "{:#?}", report.findings);
        assert_eq!(report.events, models.iter().map(Vec::len).sum::<usize>() as u64);
    });
}

/// The collections of a store, without the validator and the unique indexes that would prevent a
/// fault.
struct Unguarded {
    store: MongoStore,
    sound: Vec<(Collection<Document>, Vec<Document>)>,
}

impl Unguarded {
    async fn of(store: MongoStore) -> Self {
        let database = store.database();
        database.run_command(doc! { "collMod": "events", "validator": {} }).await.unwrap();
        let mut sound = Vec::new();
        for name in ["events", "events_archive", "snapshots"] {
            let collection = database.collection::<Document>(name);
            let indexes: Vec<IndexModel> = collection.list_indexes().await.unwrap().try_collect().await.unwrap();
            for index in indexes {
                let options = index.options.clone().unwrap();
                if options.unique == Some(true) {
                    let name = options.name.unwrap();
                    collection.drop_index(name.as_str()).await.unwrap();
                    let options = IndexOptions::builder().name(name).build();
                    let index = IndexModel::builder().keys(index.keys).options(options).build();
                    collection.create_index(index).await.unwrap();
                }
            }
            let documents = collection.find(doc! {}).await.unwrap().try_collect().await.unwrap();
            sound.push((collection, documents));
        }
        Self { store, sound }
    }

    fn collection(&self, name: &str) -> Collection<Document> {
        self.store.database().collection(name)
    }

    async fn restore(&self) {
        for (collection, documents) in &self.sound {
            collection.delete_many(doc! {}).await.unwrap();
            if !documents.is_empty() {
                collection.insert_many(documents).await.unwrap();
            }
        }
    }

    /// The findings for a process that does not open the store again.
    async fn findings(&self) -> Vec<Finding> {
        self.store.verify::<Account>().run().await.unwrap().findings
    }
}

/// The possible faults of one event, the deposit before it in its stream, and a snapshot above
/// both.
async fn plant(target: &Unguarded, fault: &str, event: &Document, before: &Document, snapshot: &Document) {
    let events = target.collection("events");
    let this = || doc! { "_id": event.get_object_id("_id").unwrap() };
    let set = async |fields: Document| drop(events.update_one(this(), doc! { "$set": fields }).await.unwrap());
    match fault {
        "gap" => drop(events.delete_one(this()).await.unwrap()),
        "duplicate" => {
            let mut twin = event.clone();
            twin.insert("_id", ObjectId::new());
            events.insert_one(twin).await.unwrap();
        }
        "foreign type" => set(doc! { "eventType": "Alien" }).await,
        "newer version" => set(doc! { "eventVersion": 9 }).await,
        "undecodable data" => set(doc! { "eventData": { "cents": "five" } }).await,
        "altered data" => set(doc! { "eventData.cents": 1_000_000_i64 }).await,
        "no timestamp" => drop(events.update_one(this(), doc! { "$unset": { "timestamp": 1 } }).await.unwrap()),
        "position moved" => set(doc! { "position": 1_000_000_i64 }).await,
        "position twice" => set(doc! { "position": before.get_i64("position").unwrap() }).await,
        "positions swapped" => {
            set(doc! { "position": before.get_i64("position").unwrap() }).await;
            let position = doc! { "$set": { "position": event.get_i64("position").unwrap() } };
            events.update_one(doc! { "_id": before.get_object_id("_id").unwrap() }, position).await.unwrap();
        }
        "twin differs" => {
            let mut twin = event.clone();
            twin.insert("metadata", doc! { "userId": "somebody else" });
            target.collection("events_archive").insert_one(twin).await.unwrap();
        }
        "altered snapshot" | "snapshot beyond the head" | "unreadable snapshot" => {
            let change = match fault {
                "altered snapshot" => doc! { "$inc": { "state.cents": 1_i64 } },
                "unreadable snapshot" => doc! { "$set": { "state": { "owner": 5 } } },
                _ => doc! { "$set": { "version": 1_000_i64 } },
            };
            let id = doc! { "_id": snapshot.get_str("_id").unwrap() };
            target.collection("snapshots").update_one(id, change).await.unwrap();
        }
        other => panic!("unknown fault: {other}"),
    }
}

fn is_found(fault: &str, finding: &Finding) -> bool {
    match fault {
        "gap" => matches!(finding, Finding::Gap { .. }),
        "duplicate" => matches!(finding, Finding::DuplicateSequence { .. }),
        "foreign type" => matches!(finding, Finding::ForeignType { .. }),
        "newer version" | "undecodable data" => matches!(finding, Finding::Undecodable { .. }),
        "altered data" | "altered snapshot" => matches!(finding, Finding::SnapshotDiffers { .. }),
        "no timestamp" => matches!(finding, Finding::Malformed { .. }),
        "position moved" => matches!(finding, Finding::PositionGap { .. }),
        "position twice" => matches!(finding, Finding::DuplicatePosition { .. }),
        "positions swapped" => matches!(finding, Finding::OutOfOrder { .. }),
        "twin differs" => matches!(finding, Finding::DiffersFromArchive { .. }),
        "snapshot beyond the head" => matches!(finding, Finding::SnapshotBeyondHead { .. }),
        "unreadable snapshot" => matches!(finding, Finding::SnapshotUnreadable { .. }),
        _ => false,
    }
}

const FAULTS: [&str; 14] = [
    "gap",
    "duplicate",
    "foreign type",
    "newer version",
    "undecodable data",
    "altered data",
    "no timestamp",
    "position moved",
    "position twice",
    "positions swapped",
    "twin differs",
    "altered snapshot",
    "snapshot beyond the head",
    "unreadable snapshot",
];

#[test]
fn verify_finds_every_fault_that_is_planted_in_a_sound_store() {
    for_each(2, (vec(step(), 1..12), 0..ACCOUNTS, 0..4_usize), async |(mut steps, account, which)| {
        // One event is in the archive, so that every program looks there. After it there are five
        // deposits, and a snapshot above them.
        steps.push(Step::Archive { before: LAST_DAY, killed: None });
        steps.extend((0..5).map(|cents| Step::Update { account, cents }));
        steps.push(Step::Snapshot { account, at: 100 });
        let store = empty_store().await;
        let accounts = Repository::new(&store);
        run(&accounts, &steps, async |before, killed| archive(&store, before, killed).await).await;
        let target = Unguarded::of(store).await;
        assert_eq!(target.findings().await, []);
        let of_account = doc! { "aggregateId": id(account) };
        let in_use = target.collection("events");
        let newest = in_use.find(of_account.clone()).sort(doc! { "sequenceNumber": -1 }).limit(6);
        let mut events: Vec<Document> = newest.await.unwrap().try_collect().await.unwrap();
        events.reverse();
        let snapshots = target.collection("snapshots");
        let snapshot = snapshots.find_one(of_account).sort(doc! { "version": -1 }).await.unwrap().unwrap();
        // Neither the first of them nor the newest of the store.
        let at = events.len() - 5 + which.max(1);
        for fault in FAULTS {
            plant(&target, fault, &events[at], &events[at - 1], &snapshot).await;
            let findings = target.findings().await;
            assert!(findings.iter().any(|finding| is_found(fault, finding)), "{fault}: {findings:#?}");
            target.restore().await;
        }
        assert_eq!(target.findings().await, []);
    });
}
