//! Reads: how long they may take, how many commands they need, and which index they use.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use es_core::store::{Append, AppendId, Appended, EventStore, NewEvent, Snapshot};
use es_core::{LoadError, Metadata, Position, Repository, SnapshotPolicy, StoreError, StreamId, Timestamp, Version};
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::{Client, Database};
use es_mongo::{CollectionNames, Migrated, MigratingRepository, MongoStore, ReadMode};
use tests::account::{Account, AccountEvent, AccountMigrated, Deposited, accounts, day, import};
use tests::commands::Commands;
use tests::fail_point::FailPoint;
use tests::{observed, server};

const DEADLINE: Duration = Duration::from_secs(2);
/// The time that a busy machine may add. Without a deadline each of these would last forever.
const SLACK: Duration = Duration::from_secs(8);

fn stored(error: LoadError) -> StoreError {
    match error {
        LoadError::Store(error) => error,
        other => panic!("{other}"),
    }
}

/// Every kind of read, one by one with its name, and the error that it ends with.
async fn every_read(store: &MongoStore) -> Vec<(&'static str, Option<StoreError>)> {
    let stream = StreamId::of::<Account>("a").unwrap();
    let accounts = accounts(store);
    let documents = || MigratingRepository::<Account, Document>::new(store, "old", ReadMode::Documents);
    let convert = |_: Document| Ok::<_, String>(Migrated::new("x", AccountMigrated { owner: "o".into(), cents: 1 }));
    let history = async { accounts.history("a").unwrap().collect().await.err() };
    let query = async { store.events().by_user("clerk").read().collect().await.err() };
    let (load, exists, head, find_append, snapshot) = tokio::join!(
        async { accounts.load("a").await.err().map(stored) },
        async { accounts.exists("a").await.err() },
        async { store.head(&stream).await.err() },
        async { store.find_append(&stream, &AppendId::new("key").unwrap()).await.err() },
        async { Snapshot::<Account>::newest(store, &stream, Version::MAX).await.err() },
    );
    let (history, query, trace, stats, take) = tokio::join!(
        history,
        query,
        async { store.trace("order").await.err() },
        async { store.stats().await.err() },
        async { accounts.take_snapshot("a").await.err().map(stored) },
    );
    let (archive, migrate, verify, document) = tokio::join!(
        async { store.archive::<Account>(Timestamp::now()).run().await.err() },
        async { store.migrate::<Account, Document>("old").run(convert).await.err() },
        async { store.verify::<Account>().run().await.err() },
        async {
            match documents().load("a").await {
                Err(LoadError::Store(error)) => Some(error),
                _ => None,
            }
        },
    );
    vec![
        ("load", load),
        ("exists", exists),
        ("head", head),
        ("find_append", find_append),
        ("newest_snapshot", snapshot),
        ("history", history),
        ("query", query),
        ("trace", trace),
        ("stats", stats),
        ("take_snapshot", take),
        ("archive", archive),
        ("migrate", migrate),
        ("verify", verify),
        ("document", document),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_from_a_frozen_server_ends_at_its_deadline_and_the_store_works_after_the_thaw() {
    let server = DevServer::builder().always_own().start().await.unwrap();
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    let store = MongoStore::builder(client, "frozen").read_deadline(DEADLINE).open().await.unwrap();
    import(&store, "a", 5).await;
    let node = &server.nodes().unwrap()[0];
    node.freeze().await.unwrap();
    let started = Instant::now();
    let answers = Box::pin(every_read(&store)).await;
    let took = started.elapsed();
    node.thaw().await.unwrap();
    for (read, error) in answers {
        match error {
            Some(StoreError::Unavailable { source }) => {
                assert!(source.to_string().contains("within 2s, the read deadline"), "{read}: {source}");
            }
            other => panic!("{read}: {other:?}"),
        }
    }
    assert!(took < DEADLINE * 3 + SLACK, "three groups of reads took {took:?}");
    assert_eq!(accounts(&store).load("a").await.unwrap().version, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_batch_of_a_long_stream_ends_the_load_at_its_deadline() {
    let server = DevServer::builder().always_own().start().await.unwrap();
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    let store = MongoStore::builder(client, "frozen").read_deadline(DEADLINE).open().await.unwrap();
    import(&store, "a", 2_500).await;
    let node = &server.nodes().unwrap()[0];
    let mut history = accounts(&store).history("a").unwrap();
    history.next().await.unwrap().unwrap();
    node.freeze().await.unwrap();
    let started = Instant::now();
    let error = loop {
        match history.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the stream ended"),
        }
    };
    node.thaw().await.unwrap();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(started.elapsed() < DEADLINE + SLACK, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_during_an_election_takes_longer_and_succeeds() {
    const EVENTS: u64 = 3_500;
    let server = DevServer::builder().nodes(3).always_own().start().await.unwrap();
    let store = MongoStore::connect(server.uri(), "election").await.unwrap();
    import(&store, "long", i64::try_from(EVENTS).unwrap()).await;
    import(&store, "short", 3).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut readers = tokio::task::JoinSet::new();
    for id in ["long", "long", "short", "short"] {
        let (accounts, over) = (accounts(&store), Arc::clone(&over));
        readers.spawn(async move {
            let (mut loads, mut slowest) = (0_u64, Duration::ZERO);
            while !over.load(Ordering::Relaxed) {
                let started = Instant::now();
                let loaded = accounts.load(id).await.unwrap_or_else(|error| panic!("{id}: {error}"));
                assert_eq!(loaded.version, if id == "long" { EVENTS } else { 3 });
                slowest = slowest.max(started.elapsed());
                loads += 1;
            }
            (loads, slowest)
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let killed = server.primary().await.unwrap();
    killed.kill().await.unwrap();
    let next = server.primary().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    killed.restart().await.unwrap();
    let uri = format!("mongodb://{}/?directConnection=true", next.address());
    let direct = Client::with_uri_str(uri).await.unwrap();
    // The step-down itself may cut off the answer.
    let _ = direct.database("admin").run_command(doc! { "replSetStepDown": 5, "force": true }).await;
    let frozen = server.primary().await.unwrap();
    frozen.freeze().await.unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
    over.store(true, Ordering::Relaxed);
    for (loads, slowest) in readers.join_all().await {
        println!("{loads} loads, the slowest in {slowest:.1?}");
    }
    frozen.thaw().await.unwrap();
}

/// The same address with this application name.
fn named(uri: &str, application: &str) -> String {
    format!("{uri}{}appName={application}", if uri.contains('?') { '&' } else { '?' })
}

/// The commands that one call sends, in order.
async fn sent<T>(commands: &Commands, call: impl IntoFuture<Output = T>) -> (T, Vec<Document>) {
    commands.take();
    let answer = call.await;
    // A load must not leave work for later either, such as a cursor that has to be closed.
    tokio::time::sleep(Duration::from_millis(50)).await;
    (answer, commands.take())
}

/// Whether a command checks if anything was archived, which happens once a second beside another
/// read.
fn asks_for_the_archive(command: &Document) -> bool {
    command.get_str("find").is_ok_and(|name| name == "events_archive")
        && command.get_document("filter").is_ok_and(Document::is_empty)
}

/// The names of the commands that one call sends, in order, without the check for an archive.
async fn names<T>(commands: &Commands, call: impl IntoFuture<Output = T>) -> Vec<String> {
    let (_, sent) = sent(commands, call).await;
    sent.iter().filter(|command| !asks_for_the_archive(command)).filter_map(|it| it.keys().next().cloned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_costs_one_command_without_a_snapshot_and_two_with_one() {
    let (client, commands) = Commands::of_client(server().await.uri()).await;
    let store = MongoStore::builder(client, fresh_database_name("commands")).open().await.unwrap();
    let with = accounts(&store);
    let without = Repository::<Account>::new(&store).with_snapshots(SnapshotPolicy::Never);
    import(&store, "a", 20).await;
    with.take_snapshot("a").await.unwrap();
    let more = |_: &_| Deposited { cents: 1, source: "x".into() };
    with.update("a", more).await.unwrap();
    with.take_snapshot("a").await.unwrap();
    let find = ["find"];
    assert_eq!(names(&commands, without.load("a")).await, find);
    assert_eq!(names(&commands, with.load("a")).await, ["find", "find"]);
    assert_eq!(names(&commands, without.load_at("a", 10)).await, find);
    assert_eq!(names(&commands, with.load_at("a", 20)).await, ["find", "find"]);
    assert_eq!(names(&commands, with.load_as_of("a", day(5))).await, find);
    assert_eq!(names(&commands, with.exists("a")).await, find);
    assert_eq!(names(&commands, with.history("a").unwrap().collect()).await, find);
    let update = Box::pin(names(&commands, without.update("a", more)));
    // Until a process knows that it is alone, it asks for the position.
    assert_eq!(update.await, ["find", "findAndModify", "insert"]);
    assert_eq!(with.load("a").await.unwrap().version, 22);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_for_an_archive_runs_in_parallel_with_the_load() {
    let (client, commands) = Commands::of_client(&named(server().await.uri(), "beside")).await;
    let store = MongoStore::builder(client, fresh_database_name("beside")).open().await.unwrap();
    let accounts = Repository::<Account>::new(&store).with_snapshots(SnapshotPolicy::Never);
    import(&store, "a", 5).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    // Less than a second, after which the answer about the archive expires.
    let delay = Duration::from_millis(800);
    let data = doc! { "failCommands": ["find"], "blockConnection": true, "blockTimeMS": 800 };
    let slow = FailPoint::on_commands(server().await.uri(), "beside", doc! { "times": 2 }, data).await;
    let started = Instant::now();
    let (loaded, sent) = sent(&commands, accounts.load("a")).await;
    let took = started.elapsed();
    slow.off().await;
    assert_eq!(loaded.unwrap().version, 5);
    assert_eq!(sent.iter().map(asks_for_the_archive).filter(|asks| *asks).count(), 1);
    assert_eq!(sent.len(), 2);
    assert!(took >= delay && took < delay * 2, "both reads together took {took:?}");
}

/// The stages of the chosen plan, at any depth.
fn stages(plan: &Document, found: &mut BTreeSet<String>) {
    for (key, value) in plan.iter().filter(|(key, _)| *key != "rejectedPlans") {
        if key == "stage"
            && let Some(stage) = value.as_str()
        {
            found.insert(stage.to_owned());
        }
        if let Some(inner) = value.as_document() {
            stages(inner, found);
        }
        for inner in value.as_array().into_iter().flatten().filter_map(|inner| inner.as_document()) {
            stages(inner, found);
        }
    }
}

/// A command in the form that `explain` accepts.
fn explainable(command: &Document) -> Document {
    let of_the_session = [
        "lsid",
        "$clusterTime",
        "$db",
        "txnNumber",
        "startTransaction",
        "autocommit",
        "$readPreference",
        "writeConcern",
    ];
    let mut command = command.clone();
    for field in of_the_session {
        command.remove(field);
    }
    if command.contains_key("readConcern") {
        command.insert("readConcern", doc! { "level": "majority" });
    }
    command
}

async fn every_read_sorts_on_an_index(names: CollectionNames) {
    let (client, commands) = Commands::of_client(server().await.uri()).await;
    let archive = names.archive.clone();
    let builder = MongoStore::builder(client, fresh_database_name("explain")).collections(names);
    let store = builder.open().await.unwrap();
    for number in 0..20 {
        let id = format!("account-{number}");
        import(&store, &id, 30).await;
        accounts(&store).take_snapshot(&id).await.unwrap();
    }
    import(&store, "a", 30).await;
    store.database().collection::<Document>("old").insert_one(doc! { "_id": "y" }).await.unwrap();
    commands.take();
    store.archive::<Account>(day(10)).run().await.unwrap();
    let failed: Vec<_> = Box::pin(every_read(&store)).await.into_iter().filter(|(_, error)| error.is_some()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    accounts(&store).load_at("a", 12).await.unwrap();
    store.events().newest_first().stored_as("Deposited").since(day(3)).read().collect().await.unwrap();
    for query in [store.events().limit(3), store.events().by_user("clerk").newest_first().limit(3)] {
        let next = query.clone().page().await.unwrap().next.unwrap();
        query.after(next).page().await.unwrap();
    }
    store.events().after_position(Position::FIRST).by_user("clerk").newest_first().read().collect().await.unwrap();
    let one = StreamId::of::<Account>("a").unwrap();
    store.events().of_aggregate(&one).by_user("clerk").since(day(3)).read().collect().await.unwrap();
    assert_eq!(store.events().of_aggregate(&one).count().await.unwrap(), 30);
    assert!(store.events().of_correlation("000000000000000000000000").read().collect().await.unwrap().is_empty());
    assert!(store.events().stored_as("Nothing").read().collect().await.is_err());
    store.events().read_as::<Account>().collect().await.unwrap();
    let admin = Client::with_uri_str(server().await.uri()).await.unwrap();
    let database = admin.database(store.database().name());
    let mut explained = 0;
    for command in commands.take() {
        let kind = command.keys().next().cloned().unwrap();
        if !["find", "aggregate", "count", "distinct"].contains(&kind.as_str()) || command.contains_key("autocommit") {
            continue;
        }
        // The store checks whether an archive exists by reading any one document of it. The copies
        // of an unfinished run are looked up one by one.
        let is_any = command.get_str("find").is_ok_and(|name| name == archive)
            && command.get_document("filter").is_ok_and(Document::is_empty)
            && !command.contains_key("sort")
            && !command.contains_key("hint");
        if is_any || command.to_string().contains("$lookup") {
            continue;
        }
        let answer = database.run_command(doc! { "explain": explainable(&command), "verbosity": "queryPlanner" }).await;
        let plan = answer.unwrap_or_else(|error| panic!("{error}: {command}"));
        let mut used = BTreeSet::new();
        stages(&plan, &mut used);
        let on_index =
            ["IXSCAN", "COUNT_SCAN", "IDHACK", "DISTINCT_SCAN", "EOF"].iter().any(|stage| used.contains(*stage));
        assert!(on_index && !used.contains("COLLSCAN") && !used.contains("SORT"), "{used:?} for {command}");
        explained += 1;
    }
    assert!(explained > 40, "only {explained} reads were explained");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_sorts_on_an_index_with_the_default_names() {
    Box::pin(every_read_sorts_on_an_index(CollectionNames::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_sorts_on_an_index_with_custom_collection_names() {
    Box::pin(every_read_sorts_on_an_index(CollectionNames::prefixed("billing_"))).await;
}

/// The number of index keys that the server has read to answer a command.
async fn keys_examined(database: &Database, command: &Document) -> i64 {
    let explain = doc! { "explain": explainable(command), "verbosity": "executionStats" };
    let plan = database.run_command(explain).await.unwrap_or_else(|error| panic!("{error}: {command}"));
    i64::from(plan.get_document("executionStats").unwrap().get_i32("totalKeysExamined").unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_of_an_append_is_found_without_a_scan_of_its_stream() {
    let (client, commands) = Commands::of_client(server().await.uri()).await;
    let store = MongoStore::builder(client, fresh_database_name("lookup")).open().await.unwrap();
    import(&store, "a", 500).await;
    store.archive::<Account>(day(250)).run().await.unwrap();
    let append = |expected: u32, key: &str| {
        let event = AccountEvent::from(Deposited { cents: 1, source: "x".into() });
        let event = NewEvent::encode(&event, Metadata::new()).unwrap();
        let stream = StreamId::of::<Account>("a").unwrap();
        Append::new(stream, observed(expected), vec![event]).with_id(AppendId::new(key).unwrap())
    };
    store.append(append(500, "first")).await.unwrap();
    commands.take();
    let again = store.append(append(500, "first")).await;
    assert!(matches!(again, Ok(Appended::Already(_))), "{again:?}");
    let late = store.append(append(300, "second")).await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
    assert_eq!(
        store.find_append(&StreamId::of::<Account>("a").unwrap(), &AppendId::new("third").unwrap()).await.unwrap(),
        None
    );
    let sent = commands.take();
    let asked: Vec<&Document> = sent
        .iter()
        .filter(|command| command.contains_key("find") && !command.contains_key("autocommit"))
        .filter(|command| !asks_for_the_archive(command))
        .collect();
    assert!(asked.len() > 6, "{asked:?}");
    for command in asked {
        let examined = keys_examined(store.database(), command).await;
        assert!(examined < 10, "{examined} keys for {command}");
    }
}
