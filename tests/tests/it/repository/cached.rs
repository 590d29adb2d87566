//! A repository with a cache, on a server.

use es_core::store::Store;
use es_core::{LoadError, Outcome, Repository};
use es_mongo::MongoStore;
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::bson::Document;
use tests::account::{Account, Deposited, Opened};
use tests::commands::Commands;
use tests::{open, server};

fn cached(store: &(impl Store + Clone)) -> Repository<Account> {
    Repository::new(store).with_cache(100)
}

fn deposit(cents: i64) -> Deposited {
    Deposited { cents, source: "x".into() }
}

/// The number of these commands on the events.
fn on_events(sent: &[Document], command: &str) -> usize {
    sent.iter().filter(|sent| sent.get_str(command).is_ok_and(|on| on == "events")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_a_cached_aggregate_is_one_insert() {
    let (client, commands) = Commands::of_client(server().await.uri()).await;
    let store = MongoStore::builder(client, fresh_database_name("cached")).open().await.unwrap();
    let accounts = cached(&store);
    accounts.create("a", Opened { owner: "a".into() }).await.unwrap();
    commands.take();
    for number in 0..5 {
        let update = accounts.update("a", |_| deposit(1)).once(format!("payment-{number}"));
        assert_eq!(update.await.unwrap().outcome, Outcome::Appended);
        let sent = commands.take();
        assert_eq!((on_events(&sent, "insert"), on_events(&sent, "find")), (1, 0), "{sent:?}");
    }
    let account = accounts.load("a").await.unwrap();
    assert_eq!((account.version.get(), account.cents), (6, 5));
    let sent = commands.take();
    assert_eq!((on_events(&sent, "insert"), on_events(&sent, "find")), (0, 1), "{sent:?}");
    let again = accounts.update("a", |_| deposit(1)).once("payment-0").await.unwrap();
    assert_eq!((again.outcome, again.version.get()), (Outcome::AlreadyAppended, 2));
    assert_eq!(accounts.load("a").await.unwrap(), Repository::<Account>::new(&store).load("a").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_sees_what_another_process_has_recorded() {
    let database = fresh_database_name("cached");
    let (one, two) = (open(&database).await, open(&database).await);
    let (here, there) = (cached(&one), cached(&two));
    here.create("a", Opened { owner: "a".into() }).await.unwrap();
    let withdraw = |cents: i64| {
        move |account: &es_core::Loaded<Account>| {
            if account.cents < cents { Err(account.cents) } else { Ok(deposit(-cents)) }
        }
    };
    // Each turn finds a cache that the other process has made outdated, once for each way to use
    // it.
    for turn in 1..=5 {
        there.update("a", |_| deposit(10)).await.unwrap();
        assert_eq!(here.load("a").await.unwrap().cents, 10, "turn {turn}");
        there.update("a", withdraw(10)).await.unwrap();
        assert_eq!(here.update("a", withdraw(10)).await.unwrap_err().rejection(), Some(&0));
        there.update("a", |_| deposit(10)).await.unwrap();
        assert_eq!(here.update("a", withdraw(10)).await.unwrap().version, 4 * turn + 1);
        assert_eq!(there.update("a", |_| ()).await.unwrap().version, 4 * turn + 1);
    }
    assert!(matches!(here.load("b").await, Err(LoadError::NotFound { .. })));
    there.create("b", Opened { owner: "b".into() }).await.unwrap();
    assert_eq!(here.load("b").await.unwrap().owner, "b");
}
