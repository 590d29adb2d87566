//! Many writers, one aggregate: the acknowledged, the stored and the folded events are the same.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use es_core::Repository;
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::Client;
use es_mongo::{CollectionNames, MongoStore};
use tests::counter::{Counter, OneAdded, add_from_many_tasks, patient};
use tests::server;

const TASKS: usize = 50;

async fn open(database: &str, prefix: &str) -> MongoStore {
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    let names = CollectionNames::prefixed(prefix);
    MongoStore::builder(client, database).collections(names).open().await.unwrap()
}

/// Creates the aggregate, so that version 1 is its creation.
async fn create(repository: &Repository<Counter>) {
    let begun = OneAdded { by: "creation".into() };
    repository.create("c", begun).await.unwrap();
}

async fn check(repository: &Repository<Counter>, acknowledged: &[u64]) {
    let added = acknowledged.len() as u64;
    let versions: BTreeSet<u64> = acknowledged.iter().copied().collect();
    assert_eq!(versions, (2..=added + 1).collect(), "acknowledged versions");
    let history = repository.history("c").unwrap().collect().await.unwrap();
    let stored: Vec<u64> = history.iter().map(|event| event.sequence.get()).collect();
    assert_eq!(stored, (1..=added + 1).collect::<Vec<_>>(), "stored sequences");
    let by: BTreeSet<_> = history.iter().map(|event| event.metadata.user_id().map(str::to_owned)).collect();
    assert_eq!(by.len(), history.len(), "every addition is stored once");
    let loaded = repository.load("c").await.unwrap();
    assert_eq!((loaded.version.get(), loaded.total), (added + 1, added + 1), "folded state");
}

async fn fifty_tasks_in_one_process(prefix: &str) {
    let repository = patient(&open(&fresh_database_name("one_process"), prefix).await);
    create(&repository).await;
    let acknowledged = add_from_many_tasks(&repository, "c", "task", TASKS).await;
    check(&repository, &acknowledged).await;
}

async fn fifty_tasks_in_two_processes(prefix: &str) {
    let database = fresh_database_name("two_processes");
    let repository = patient(&open(&database, prefix).await);
    create(&repository).await;
    let adders: Vec<_> = (0..2)
        .map(|_| {
            let mut adder = Command::new(env!("CARGO_BIN_EXE_adder"));
            adder.args([server_uri(), &database, prefix, "c", &(TASKS / 2).to_string()]);
            adder.stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut acknowledged = Vec::new();
    for adder in adders {
        let output = tokio::task::spawn_blocking(|| adder.wait_with_output().unwrap()).await.unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        acknowledged.extend(text.lines().map(|line| line.parse::<u64>().unwrap()));
    }
    assert_eq!(acknowledged.len(), TASKS);
    check(&repository, &acknowledged).await;
}

fn server_uri() -> &'static str {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(server())).uri()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_additions_in_one_process_are_fifty_events() {
    fifty_tasks_in_one_process("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_additions_in_one_process_are_fifty_events_with_custom_collection_names() {
    fifty_tasks_in_one_process("own_").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_additions_in_two_processes_are_fifty_events() {
    fifty_tasks_in_two_processes("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_additions_in_two_processes_are_fifty_events_with_custom_collection_names() {
    fifty_tasks_in_two_processes("own_").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_additions_in_memory_are_fifty_events() {
    let repository = patient(&es_core::memory::MemoryStore::new());
    create(&repository).await;
    let acknowledged = add_from_many_tasks(&repository, "c", "task", TASKS).await;
    check(&repository, &acknowledged).await;
}
