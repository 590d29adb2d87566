//! The mistakes of a user or a server: they cause a typed error with a remedy, and lose nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use es_core::error::ErrorChain;
use es_core::memory::MemoryStore;
use es_core::store::Store;
use es_core::{
    Aggregate, AggregateId, Apply, Context, CreateError, LoadError, Repository, RetryPolicy, StoreError, UpdateError,
    event,
};
use es_mongo::MongoStore;
use es_mongo::dev::{DevServer, fresh_database_name};
use es_mongo::mongodb::{Client, IndexModel, bson::doc};
use tests::counter::{Counter, OneAdded};
use tests::{empty_store, open, server};

/// An event that can hold everything that cannot be stored.
#[event(version = 1)]
#[derive(Debug, Default)]
pub struct Noted {
    /// Any text.
    pub text: String,
    /// A number that BSON may not support.
    pub number: u64,
    /// Keys that are not strings.
    pub by_number: BTreeMap<Number, u32>,
    /// Nested at any depth.
    pub nested: Option<Nested>,
}

/// A number, although its name does not show it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Number(u32);

/// A list inside a list.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Nested(Vec<Nested>);

#[derive(Aggregate, Debug, Default)]
#[aggregate(events(Noted))]
struct Notes {
    count: usize,
}

impl Apply<Noted> for Notes {
    fn apply(&mut self, _event: Noted, _context: &Context) {
        self.count += 1;
    }
}

/// The domain's own error.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the counter is full at {0}")]
struct Full(u64);

async fn refuses_what_cannot_be_stored(store: impl Store + Clone) {
    let notes = Repository::<Notes>::new(&store);
    let deep = (0..120).fold(Nested::default(), |nested, _| Nested(vec![nested]));
    let cases: [(Noted, &str); 4] = [
        (Noted { text: "x".repeat(17 << 20), ..Noted::default() }, "16777216"),
        (Noted { number: u64::MAX, ..Noted::default() }, "18446744073709551615"),
        (Noted { by_number: [(Number(1), 1)].into(), ..Noted::default() }, "key"),
        (Noted { nested: Some(deep), ..Noted::default() }, "100 levels"),
    ];
    for (event, said) in cases {
        let error = notes.create("n", event).await.unwrap_err();
        assert!(
            matches!(
                error,
                CreateError::Store(
                    StoreError::Encode { .. } | StoreError::TooLarge { .. } | StoreError::TooDeep { .. }
                )
            ),
            "{error:?}"
        );
        let text = ErrorChain::new(&error).to_string();
        assert!(text.contains("`Noted`") && text.contains(said), "{text}");
        assert!(!notes.exists("n").await.unwrap(), "something was written");
    }
}

#[tokio::test]
async fn a_value_that_bson_cannot_hold_is_refused_by_name_in_memory() {
    refuses_what_cannot_be_stored(MemoryStore::new()).await;
}

#[tokio::test]
async fn a_value_that_bson_cannot_hold_is_refused_by_name_on_mongodb() {
    refuses_what_cannot_be_stored(empty_store().await).await;
}

async fn refuses_ids(store: impl Store + Clone) {
    let counters = Repository::<Counter>::new(&store);
    let too_long = "x".repeat(513);
    for id in ["", "a\0b", &too_long] {
        let created = counters.create(id, OneAdded { by: "u".into() }).await;
        assert!(matches!(created, Err(CreateError::Store(StoreError::InvalidId(_)))), "{created:?}");
        assert!(matches!(counters.load(id).await, Err(LoadError::Store(StoreError::InvalidId(_)))));
        assert!(AggregateId::new(id).is_err());
    }
}

#[tokio::test]
async fn an_invalid_id_is_refused_on_both_stores() {
    refuses_ids(MemoryStore::new()).await;
    refuses_ids(empty_store().await).await;
}

async fn answers_what_does_or_does_not_exist(store: impl Store + Clone) {
    let counters = Repository::<Counter>::new(&store);
    let add = |by: &str| OneAdded { by: by.into() };
    let missing = counters.update("c", |_| add("u")).await;
    assert!(matches!(missing, Err(UpdateError::NotFound { .. })), "{missing:?}");
    counters.create("c", add("u")).await.unwrap();
    let again = counters.create("c", add("u")).await;
    assert!(matches!(again, Err(CreateError::AlreadyExists { version, .. }) if version == 1), "{again:?}");
    let full = counters.update("c", |counter| Err::<(), _>(Full(counter.total))).await;
    assert_eq!(full.unwrap_err().rejection(), Some(&Full(1)));
    let nothing = counters.update("c", |_| Ok::<(), Full>(())).await.unwrap();
    assert_eq!((nothing.version.get(), nothing.events.len()), (1, 0));
    assert_eq!(counters.load("c").await.unwrap().version, 1);
}

#[tokio::test]
async fn not_found_already_exists_and_the_domains_own_error_are_types() {
    answers_what_does_or_does_not_exist(MemoryStore::new()).await;
    answers_what_does_or_does_not_exist(empty_store().await).await;
}

async fn meets_a_conflict_without_retry(store: impl Store + Clone) {
    let counters = Repository::<Counter>::new(&store).with_retry(RetryPolicy::never());
    counters.create("c", OneAdded { by: "u".into() }).await.unwrap();
    let rival = counters.clone();
    let mut tries = 0;
    let answer = counters
        .update("c", |_| {
            tries += 1;
            // Somebody else is faster, between the load and the append.
            let rival = rival.clone();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let stolen = async { tests::counter::add_one(&rival, "c", "rival").await.map(drop) };
                    runtime.block_on(stolen).unwrap();
                });
            });
            Ok::<_, Full>(OneAdded { by: "u".into() })
        })
        .await;
    assert!(answer.as_ref().is_err_and(UpdateError::is_conflict), "{answer:?}");
    assert_eq!(tries, 1);
    assert_eq!(counters.load("c").await.unwrap().version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_retries_the_caller_receives_the_conflict() {
    meets_a_conflict_without_retry(MemoryStore::new()).await;
    meets_a_conflict_without_retry(empty_store().await).await;
}

#[tokio::test]
async fn a_user_id_that_looks_like_an_operator_is_stored_unchanged() {
    let counters = Repository::<Counter>::new(&empty_store().await);
    for user in [r#"{"$ne": null}"#, "$where", "$ne"] {
        counters.create(user, OneAdded { by: user.into() }).by(user).await.unwrap();
        let history = counters.history(user).unwrap().collect().await.unwrap();
        assert_eq!(history[0].metadata.user_id(), Some(user));
    }
}

/// The error of opening a store. It must come soon and must not contain the password.
async fn refused(uri: &str) -> StoreError {
    let started = Instant::now();
    let error = MongoStore::connect(uri, "refused").await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(12), "it took {:?}", started.elapsed());
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    let mut layers: Vec<String> = Vec::new();
    while let Some(error) = cause {
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hunter2"), "the text contains the password: {text}");
        let layer = error.to_string();
        assert!(
            layers.iter().all(|outer| !outer.contains(&layer) && !layer.contains(outer)),
            "{layer} repeats {layers:?}"
        );
        layers.push(layer);
        cause = error.source();
    }
    error
}

#[tokio::test]
async fn a_missing_server_is_an_error_within_five_seconds() {
    let error = refused("mongodb://user:hunter2@127.0.0.1:1/?replicaSet=rs0").await;
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    let text = ErrorChain::new(&error).to_string();
    assert!(text.contains("check that it runs"), "{text}");
}

#[tokio::test]
async fn a_wrong_replica_set_name_is_an_immediate_error_with_the_right_name() {
    let uri = server().await.uri();
    let (servers, options) = uri.split_once("replicaSet=").unwrap();
    let right = options.split('&').next().unwrap();
    for option in ["replicaSet=other", "directConnection=true&replicaSet=other"] {
        let started = Instant::now();
        let error = refused(&format!("{servers}{option}")).await;
        assert!(started.elapsed() < Duration::from_secs(2), "{option}: it took {:?}", started.elapsed());
        assert!(matches!(error, StoreError::Unsafe { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("`other`") && text.contains(&format!("`replicaSet={right}`")), "{option}: {text}");
    }
    // An additional server that does not answer changes nothing. With a client of the user, the
    // error contains as much as its driver knows.
    let beside = format!("{},127.0.0.1:1/?replicaSet=other", servers.trim_end_matches("/?"));
    assert!(refused(&beside).await.to_string().contains(right));
    let uri = format!("{servers}replicaSet=other&serverSelectionTimeoutMS=1000");
    let client = Client::with_uri_str(&uri).await.unwrap();
    let error = MongoStore::builder(client, "refused").open().await.map(drop).unwrap_err();
    let text = ErrorChain::new(&error).to_string();
    assert!(text.contains("the replica set `other`; correct `replicaSet`"), "{text}");
}

#[tokio::test]
async fn an_invalid_connection_string_is_an_error_without_the_password() {
    for uri in [
        "user:hunter2@host",
        "mongodb://user:hunter2@host:port",
        "mongodb://user:hunter2@host/?timeoutMS=1",
        "mongodb://us@er:hunter2@host",
    ] {
        let error = refused(uri).await;
        assert!(matches!(error, StoreError::InvalidOptions { .. }) && !error.is_retryable(), "{error:?}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_an_error_that_names_them() {
    let uri = server().await.uri().replace("mongodb://", "mongodb://nobody:hunter2@");
    let error = refused(&uri).await;
    assert!(matches!(error, StoreError::Unauthorized { .. }), "{error:?}");
}

#[tokio::test]
async fn an_index_with_the_same_name_and_different_options_is_refused_with_a_remedy() {
    let database = fresh_database_name("foreign_index");
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    let events = client.database(&database).collection::<es_mongo::mongodb::bson::Document>("events");
    let index = IndexModel::builder().keys(doc! { "position": 1 }).build();
    events.create_index(index).await.unwrap();
    let error = MongoStore::connect(server().await.uri(), &database).await.unwrap_err();
    assert!(matches!(error, StoreError::Unsafe { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("position_1") && text.contains("events") && text.contains("drop it"), "{text}");
}

#[tokio::test]
async fn the_server_itself_refuses_a_document_that_is_not_an_event() {
    let database = fresh_database_name("validator");
    let store = open(&database).await;
    let events = store.database().collection::<es_mongo::mongodb::bson::Document>("events");
    let error = events.insert_one(doc! { "aggregateId": "x", "sequenceNumber": 1_i64 }).await.unwrap_err();
    assert!(error.to_string().contains("121") || error.to_string().contains("validation"), "{error}");
}

#[tokio::test]
async fn a_database_name_that_the_server_would_misread_is_refused() {
    for name in ["", "a\0b", "a$b", "a.b"] {
        let error = MongoStore::connect(server().await.uri(), name).await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidName { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_standalone_server_is_refused_with_a_remedy() {
    let program = DevServer::program().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut standalone = std::process::Command::new(program)
        .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--port", &port.to_string(), "--dbpath"])
        .arg(folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let uri = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
    let error = refused(&uri).await;
    standalone.kill().unwrap();
    standalone.wait().unwrap();
    assert!(matches!(error, StoreError::Unsafe { .. }), "{error:?}");
    assert!(error.to_string().contains("--replSet"), "{error}");
}
