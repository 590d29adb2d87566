//! A password is in no error, in no `Debug` output and in no log.
//!
//! This is a separate program, because the log is read for the whole process.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::error::Error;
use std::fmt::Debug;
use std::sync::LazyLock;

use es_core::StoreError;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::options::ClientOptions;
use es_mongo::{MongoStore, Role};
use tests::account::{Account, Opened, accounts, day, import};
use tests::log::Log;
use tests::secured::{self, PASSWORD, Secured};

/// Everything that was logged at any level, by any crate.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    use tracing_subscriber::fmt::format::FmtSpan;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
    subscriber.with_span_events(FmtSpan::FULL).with_writer(log.clone()).init();
    log
});

#[track_caller]
fn assert_no_secret(text: &str) {
    for secret in [PASSWORD, WRONG] {
        assert!(!text.contains(secret), "the text contains a password: {text}");
    }
}

/// A wrong password, so that an error is about it.
const WRONG: &str = "batterystaple42";

/// Every form of a value.
#[track_caller]
fn assert_shows_no_secret(value: &impl Debug) {
    assert_no_secret(&format!("{value:?}"));
    assert_no_secret(&format!("{value:#?}"));
}

/// Every form of an error and of its causes.
#[track_caller]
fn assert_contains_no_secret(error: &(dyn Error + 'static)) {
    let mut cause = Some(error);
    while let Some(error) = cause {
        assert_no_secret(&format!("{error} {error:?} {error:#?}"));
        cause = error.source();
    }
}

#[tokio::test]
async fn no_error_of_a_connection_contains_the_password() {
    let log = &*LOG;
    let secured = Secured::prepared().await;
    let unreachable = "127.0.0.1:1/?replicaSet=rs0&serverSelectionTimeoutMS=200";
    let missing = "tlsCAFile=/nonexistent.pem";
    let uris = [
        secured.uri("writer", WRONG).await,
        secured.uri("nobody", PASSWORD).await,
        secured.uri("writer", PASSWORD).await + "&serverSelectionTimeoutMS=200&tls=true",
        secured.uri("writer", PASSWORD).await + "&tls=true&" + missing,
        secured.uri("writer", PASSWORD).await + "&authMechanism=NONE",
        secured.uri("writer", PASSWORD).await + "&authMechanism=MONGODB-X509",
        format!("mongodb://user:{PASSWORD}@{unreachable}"),
        format!("mongodb://user:{PASSWORD}@host:port"),
        format!("mongodb://user:{PASSWORD}"),
        format!("mongodb://user:{PASSWORD}?@host"),
        format!("mongodb://user:{PASSWORD}/@host:x"),
        format!("mongodb://us@er:{PASSWORD}%@host"),
        format!("user:{PASSWORD}@host"),
        format!("mongodb+srv://user:{PASSWORD}@host:1"),
        format!("mongodb+srv://user:{PASSWORD}@nowhere.invalid/?serverSelectionTimeoutMS=200"),
        format!("mongodb://user:pass@host/?tls=x&tlsCertificateKeyFilePassword={PASSWORD}"),
    ];
    for uri in uris {
        let error = MongoStore::connect(&uri, "bank").await.expect_err(&uri);
        assert_contains_no_secret(&error);
    }
    assert_no_secret(&log.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_value_of_an_open_store_nor_its_log_contains_the_password() {
    let log = &*LOG;
    let secured = Secured::prepared().await;
    let uri = secured.uri("writer", PASSWORD).await;
    let options = ClientOptions::parse(&uri).await.unwrap();
    assert_shows_no_secret(&options);
    let client = Client::with_options(options).unwrap();
    let builder = MongoStore::builder(client, secured.admin.name());
    assert_shows_no_secret(&builder);
    let store = builder.open().await.unwrap();
    assert_shows_no_secret(&store);
    assert_shows_no_secret(store.database());
    assert_shows_no_secret(&accounts(&store));
    assert_shows_no_secret(&secured.roles);
    assert_shows_no_secret(secured::server().await);
    assert_shows_no_secret(&es_mongo::dev::DevServer::builder().authentication("root", PASSWORD));

    // Everything that a store does is logged.
    import(&store, "a", 12).await;
    let accounts = accounts(&store);
    accounts.load("a").await.unwrap();
    accounts.take_snapshot("a").await.unwrap();
    assert!(store.verify::<Account>().run().await.unwrap().is_sound());
    let error = store.archive::<Account>(day(5)).run().await.unwrap_err();
    assert!(matches!(error, StoreError::Unauthorized { .. }), "{error:?}");
    assert_contains_no_secret(&error);
    secured.open_as(Role::Archivist).await.archive::<Account>(day(5)).run().await.unwrap();

    // A user is dropped while the store is open.
    let locked_out = es_mongo::mongodb::bson::doc! { "dropUser": "writer" };
    secured.admin.run_command(locked_out).await.unwrap();
    let error = accounts.create("b", Opened { owner: "o".into() }).await.unwrap_err();
    assert_contains_no_secret(&error);
    store.close().await;

    let text = log.text();
    for part in ["DEBUG", "es_mongo::archive", "es_mongo::verify", "es_mongo::snapshot"] {
        assert!(text.contains(part), "{part} is not in the log: {text}");
    }
    assert_no_secret(&text);
}
