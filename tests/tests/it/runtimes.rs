//! If the runtime of a store has ended, every call on the store fails immediately with that reason.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use es_core::StoreError;
use es_core::error::ErrorChain;
use es_mongo::MongoStore;
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::doc;
use tests::account::{Account, Deposited, Opened, accounts, day, import};
use tests::server;
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// The error of a call, as text.
type Ended = Pin<Box<dyn Future<Output = Option<String>>>>;

fn ended<T, E: std::error::Error>(call: impl Future<Output = Result<T, E>> + 'static) -> Ended {
    Box::pin(async { call.await.err().map(|error| error.to_string()) })
}

/// Every call on a store.
fn calls(store: &MongoStore) -> Vec<(&'static str, Ended)> {
    let (repository, store) = (accounts(store), store.clone());
    let deposit = |_: &_| Deposited { cents: 1, source: "x".to_owned() };
    macro_rules! with {
        ($call:expr) => {{
            let (repository, store) = (repository.clone(), store.clone());
            #[allow(clippy::redundant_closure_call, reason = "it names what the call uses")]
            ended(async move { $call(&repository, &store).await })
        }};
    }
    let opened = || Opened { owner: "o".to_owned() };
    vec![
        ("load", with!(async |r: &Accounts, _: &MongoStore| r.load("a").await)),
        ("create", with!(async |r: &Accounts, _: &MongoStore| r.create("b", opened()).await)),
        ("update", with!(async |r: &Accounts, _: &MongoStore| r.update("a", deposit).await)),
        ("history", with!(async |r: &Accounts, _: &MongoStore| r.history("a")?.collect().await)),
        ("take_snapshot", with!(async |r: &Accounts, _: &MongoStore| r.take_snapshot("a").await)),
        ("events", with!(async |_: &Accounts, s: &MongoStore| s.events().read().collect().await)),
        ("trace", with!(async |_: &Accounts, s: &MongoStore| s.trace("a").await)),
        ("stats", with!(async |_: &Accounts, s: &MongoStore| s.stats().await)),
        ("verify", with!(async |_: &Accounts, s: &MongoStore| s.verify::<Account>().run().await)),
        ("archive", with!(async |_: &Accounts, s: &MongoStore| s.archive::<Account>(day(9)).run().await)),
    ]
}

type Accounts = es_core::Repository<Account>;

#[test]
fn every_call_on_a_store_whose_runtime_has_ended_fails_immediately_with_the_reason() {
    let lasting = runtime();
    let uri = lasting.block_on(async { server().await.uri().to_owned() });
    let ending = runtime();
    let store = ending.block_on(async {
        let store = MongoStore::connect(&uri, &fresh_database_name("runtime")).await.unwrap();
        import(&store, "a", 3).await;
        store
    });
    ending.shutdown_timeout(Duration::from_secs(5));
    for (name, call) in calls(&store) {
        let started = Instant::now();
        let error = lasting.block_on(call);
        assert!(started.elapsed() < Duration::from_secs(1), "{name} took {:?}", started.elapsed());
        assert!(
            error.as_deref().is_some_and(|error| error.contains("runtime in which the store was opened")),
            "{name}: {error:?}"
        );
    }
    let started = Instant::now();
    lasting.block_on(store.close());
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_stream_whose_runtime_ends_while_it_is_read_ends_with_the_reason() {
    let lasting = runtime();
    let uri = lasting.block_on(async { server().await.uri().to_owned() });
    let ending = runtime();
    let mut events = ending.block_on(async {
        let store = MongoStore::connect(&uri, &fresh_database_name("runtime")).await.unwrap();
        import(&store, "a", 1500).await;
        store.events().read()
    });
    assert!(lasting.block_on(futures_util::StreamExt::next(&mut events)).unwrap().is_ok());
    ending.shutdown_timeout(Duration::from_secs(5));
    let rest: Vec<_> = lasting.block_on(futures_util::StreamExt::collect(events));
    let last = rest.into_iter().last().unwrap();
    assert!(matches!(last, Err(StoreError::RuntimeEnded)), "{last:?}");
}

#[test]
fn a_client_whose_runtime_has_ended_is_refused_immediately_with_the_reason() {
    let lasting = runtime();
    let uri = lasting.block_on(async { server().await.uri().to_owned() });
    for is_used in [true, false] {
        let ending = runtime();
        let client = ending.block_on(async {
            let client = Client::with_uri_str(&uri).await.unwrap();
            if is_used {
                client.database("admin").run_command(doc! { "ping": 1 }).await.unwrap();
            }
            client
        });
        ending.shutdown_timeout(Duration::from_secs(5));
        let started = Instant::now();
        let opened = lasting.block_on(MongoStore::builder(client, fresh_database_name("runtime")).open());
        assert!(started.elapsed() < Duration::from_secs(2), "it took {:?}", started.elapsed());
        let error = opened.map(drop).unwrap_err();
        let text = ErrorChain::new(&error).to_string();
        assert!(text.contains("runtime"), "used before: {is_used}: {text}");
    }
}
