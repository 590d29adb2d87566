//! Every option of a connection string with every verb: it works, or opening the store refuses the
//! option by its name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::error::ErrorChain;
use es_core::store::NewEvent;
use es_core::{Metadata, Outcome, StoreError};
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::options::{
    Acknowledgment, ClientOptions, DatabaseOptions, ReadConcern, ReadPreference, SelectionCriteria, ServerApi,
    ServerApiVersion, WriteConcern,
};
use es_mongo::{CollectionNames, LoadedFrom, Migrated, MigratingRepository, MongoStore, ReadMode, Roles};
use futures_util::{StreamExt, stream};
use tests::account::{Account, AccountEvent, AccountMigrated, Deposited, accounts, append, day, import};
use tests::server;

/// The expected result of opening a store.
#[derive(Debug, Clone, Copy)]
enum Opening {
    /// It opens, and every verb works.
    Works,
    /// It is refused, and the error contains this.
    Refused(&'static str),
}

use Opening::{Refused, Works};

/// Every option that the driver knows in version 3.9, each with an unusual value for a store.
const OPTIONS: &[(&str, Opening)] = &[
    ("appName=till", Works),
    ("authMechanism=SCRAM-SHA-256", Refused("authMechanism")),
    ("authMechanismProperties=SERVICE_NAME:other", Works),
    ("authSource=other", Works),
    ("compressors=snappy", Refused("snappy-compression")),
    ("compressors=zlib", Refused("zlib-compression")),
    ("compressors=zlib,zstd", Refused("zlib-compression")),
    ("compressors=zstd", Refused("zstd-compression")),
    ("connectTimeoutMS=0", Works),
    ("connectTimeoutMS=500", Works),
    ("directConnection=true", Works),
    ("directConnection=false", Works),
    ("enableOverloadRetargeting=true", Works),
    ("heartbeatFrequencyMS=500", Works),
    ("heartbeatFrequencyMS=60000", Works),
    ("journal=false", Works),
    ("loadBalanced=true", Refused("loadBalanced")),
    ("loadBalanced=false", Works),
    ("localThresholdMS=0", Works),
    ("maxAdaptiveRetries=0", Works),
    ("maxConnecting=1", Works),
    ("maxConnecting=0", Refused("maxConnecting")),
    ("maxIdleTimeMS=1", Works),
    ("maxPoolSize=1", Works),
    ("maxPoolSize=0", Refused("maxPoolSize")),
    ("maxStalenessSeconds=120", Refused("maxStalenessSeconds")),
    ("maxStalenessSeconds=120&readPreference=secondary", Works),
    ("minPoolSize=10", Works),
    ("proxyHost=localhost", Refused("socks5-proxy")),
    ("readConcernLevel=available", Works),
    ("readConcernLevel=linearizable", Works),
    ("readConcernLevel=local", Works),
    ("readConcernLevel=snapshot", Works),
    ("readConcernLevel=unheard-of", Works),
    ("readPreference=nearest", Works),
    ("readPreference=primary", Works),
    ("readPreference=primaryPreferred", Works),
    ("readPreference=secondary", Works),
    ("readPreference=secondaryPreferred", Works),
    ("readPreference=secondary&readPreferenceTags=dc:north", Works),
    ("readPreferenceTags=dc:north", Refused("readPreferenceTags")),
    ("retryReads=false", Works),
    ("retryWrites=false", Works),
    ("serverMonitoringMode=poll", Works),
    ("serverMonitoringMode=stream", Works),
    ("serverSelectionTimeoutMS=0", Refused("serverSelectionTimeoutMS")),
    ("serverSelectionTimeoutMS=500", Works),
    ("socketTimeoutMS=1000", Refused("socketTimeoutMS")),
    ("srvMaxHosts=1", Refused("srvMaxHosts")),
    ("srvServiceName=other", Refused("srvServiceName")),
    ("ssl=false", Works),
    ("timeoutMS=1000", Refused("timeoutms")),
    ("tls=false", Works),
    ("tls=true&serverSelectionTimeoutMS=500", Refused("TLS")),
    ("tlsAllowInvalidCertificates=true&serverSelectionTimeoutMS=500", Refused("TLS")),
    ("tlsCAFile=/nonexistent/ca.pem", Refused("/nonexistent/ca.pem")),
    ("tlsCertificateKeyFile=/nonexistent/key.pem", Refused("/nonexistent/key.pem")),
    ("tlsCertificateKeyFilePassword=x", Refused("tlsCertificateKeyFilePassword")),
    ("tlsInsecure=true&serverSelectionTimeoutMS=500", Refused("TLS")),
    ("uuidRepresentation=javaLegacy", Works),
    ("w=0", Works),
    ("w=1", Works),
    ("w=5", Works),
    ("w=unheard-of", Works),
    ("waitQueueTimeoutMS=1", Works),
    ("wtimeoutMS=1", Works),
    ("zlibCompressionLevel=9", Refused("zlib-compression")),
];

/// The number of options that are tested concurrently. Most of the time of each is the wait of its
/// archive run.
const AT_ONCE: usize = 16;

/// A document of the older system.
#[derive(Debug, serde::Deserialize)]
struct OldAccount {
    #[serde(rename = "_id")]
    id: String,
}

/// Calls everything that a store offers, in a separate database.
async fn exercise(store: &MongoStore) {
    import(store, "several", 12).await;
    import(store, "one", 1).await;
    let repository = accounts(store);
    let deposit = |_: &_| Deposited { cents: 5, source: "x".into() };
    let metadata = || Metadata::new().user("clerk").correlation("flow");
    repository.update("one", deposit).metadata(metadata()).await.unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        outcomes.push(repository.update("one", deposit).once("command").metadata(metadata()).await.unwrap().outcome);
    }
    assert_eq!(outcomes, [Outcome::Appended, Outcome::AlreadyAppended]);
    repository.take_snapshot("several").await.unwrap();
    assert_eq!(repository.load("several").await.unwrap().version, 12);

    let archived = store.archive::<Account>(day(8)).run().await.unwrap();
    assert_eq!(archived.moved, 9, "{archived:?}");
    repository.update("several", deposit).metadata(metadata()).await.unwrap();
    let both = |_: &_| {
        let deposited = || Deposited { cents: 5, source: "x".into() };
        Ok::<_, StoreError>(vec![deposited(), deposited()])
    };
    repository.update("several", both).metadata(metadata()).await.unwrap();
    assert_eq!(repository.load("several").await.unwrap().version, 15);
    assert_eq!(repository.load_at("several", 3).await.unwrap().version, 3);
    assert_eq!(repository.history("several").unwrap().collect().await.unwrap().len(), 15);
    assert_eq!(store.events().by_user("clerk").read().collect().await.unwrap().len(), 18);
    assert_eq!(store.trace("flow").await.unwrap().len(), 5);

    let old = store.database().collection::<Document>("accounts");
    old.insert_one(doc! { "_id": "old" }).write_concern(WriteConcern::majority()).await.unwrap();
    let gradual = MigratingRepository::<Account, OldAccount>::new(store, "accounts", ReadMode::WhereMigrated);
    let source = gradual.load("old").await.unwrap();
    assert!(matches!(&source, LoadedFrom::Document(old) if old.id == "old"), "{source:?}");
    let migrated = store.migrate::<Account, OldAccount>("accounts").run(|old| {
        let event = AccountMigrated { owner: "o".to_owned(), cents: 1 };
        Ok::<_, StoreError>(Migrated::<Account>::new(old.id, event))
    });
    let migrated = migrated.await.unwrap();
    assert_eq!((migrated.documents, migrated.migrated), (1, 1), "{migrated:?}");
    assert!(matches!(gradual.load("old").await.unwrap(), LoadedFrom::EventSourced(_)));

    let report = store.verify::<Account>().run().await.unwrap();
    assert!(report.is_sound(), "{:#?}", report.findings);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.aggregates), (19, 3));
}

/// The text of an error with its causes.
/// The connection string of the server with an option.
async fn uri_with(option: &str) -> String {
    let uri = server().await.uri();
    // These cannot be combined with the name of the set.
    let uri = if option.starts_with("loadBalanced=true") { uri.split('?').next().unwrap() } else { uri };
    format!("{uri}{}{option}", if uri.contains('?') { '&' } else { '?' })
}

async fn try_option(option: &'static str, opening: Opening) {
    let started = Instant::now();
    let (uri, database) = (uri_with(option).await, fresh_database_name("option"));
    let opened = MongoStore::connect(&uri, &database).await;
    match (opened, opening) {
        (Ok(store), Works) => {
            exercise(&store).await;
            store.close().await;
            // Opened again, with a client of the user.
            let client = Client::with_uri_str(&uri).await.unwrap();
            let again = MongoStore::builder(client, &database).open().await.unwrap();
            append(&again, "one", 3, vec![deposited()]).await;
            assert_eq!(accounts(&again).load("one").await.unwrap().version, 4);
        }
        (Err(error), Refused(said)) => {
            let text = ErrorChain::new(&error).to_string();
            assert!(text.contains(said), "{option}: {text}");
            assert!(started.elapsed() < Duration::from_secs(10), "{option} was refused after {:?}", started.elapsed());
        }
        (opened, opening) => panic!("{option}: {opened:?} instead of {opening:?}"),
    }
}

fn deposited() -> NewEvent {
    let event: AccountEvent = Deposited { cents: 1, source: "x".into() }.into();
    NewEvent::encode(&event, Metadata::new()).unwrap()
}

/// Runs all of them to their end, and then fails with all errors.
async fn all(tries: Vec<(String, impl Future<Output = ()> + Send + 'static)>) {
    let tries = tries.into_iter().map(|(name, attempt)| async move { (name, tokio::spawn(attempt).await) });
    let done: Vec<_> = stream::iter(tries).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<String> = done.into_iter().filter_map(|(name, done)| done.is_err().then_some(name)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_option_works_with_every_verb_or_is_refused_by_its_name() {
    all(OPTIONS.iter().map(|(option, opening)| ((*option).to_owned(), try_option(option, *opening))).collect()).await;
}

/// Changes one setting.
type Set = fn(&mut ClientOptions);

/// The settings that no connection string can set.
fn client_options() -> Vec<(&'static str, Set)> {
    vec![
        ("a predicate that accepts no server", |options| {
            options.selection_criteria = Some(SelectionCriteria::Predicate(Arc::new(|_| false)));
        }),
        ("a custom read concern", |options| options.read_concern = Some(ReadConcern::custom("other"))),
        ("unacknowledged writes", |options| {
            options.write_concern = Some(WriteConcern::builder().w(Acknowledgment::Nodes(0)).build());
        }),
        ("the strict stable API", |options| {
            let api = ServerApi::builder().version(ServerApiVersion::V1).strict(true).deprecation_errors(true);
            options.server_api = Some(api.build());
        }),
        ("a different database", |options| options.default_database = Some("other".to_owned())),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_setting_of_a_users_client_changes_the_behaviour_of_a_verb() {
    let tries = client_options().into_iter().map(|(name, set)| {
        let attempt = async move {
            let mut options = ClientOptions::parse(server().await.uri()).await.unwrap();
            set(&mut options);
            let client = Client::with_options(options).unwrap();
            let store = MongoStore::builder(client, fresh_database_name("client")).open().await;
            exercise(&store.unwrap_or_else(|error| panic!("{name}: {error}"))).await;
        };
        (name.to_owned(), attempt)
    });
    all(tries.collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_setting_of_a_database_handle_changes_the_created_roles() {
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    let options = DatabaseOptions::builder()
        .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Secondary { options: None }))
        .write_concern(WriteConcern::nodes(0))
        .read_concern(ReadConcern::linearizable())
        .build();
    let database = client.database_with_options(&fresh_database_name("roles"), options);
    // The second time updates the roles.
    for _ in 0..2 {
        Roles::of(CollectionNames::default()).create(&database).await.unwrap();
    }
}
