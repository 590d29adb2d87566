//! The roles of a store on a server with authentication: each has the rights for its tasks, and no
//! more.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::time::Duration;

use es_core::error::ErrorChain;
use es_core::store::{ReadModelId, ReadModelStore};
use es_core::subscription::SubscriptionError;
use es_core::{LoadError, Position, Repository, SnapshotPolicy, StoreError};
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::error::ErrorKind;
use es_mongo::mongodb::{Client, Collection, Database};
use es_mongo::{
    CollectionNames, FindRows, LoadedFrom, Migrated, MigratingRepository, MongoStore, ReadMode, Role, Roles,
};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tests::account::{Account, AccountMigrated, Opened, accounts, assert_loads_everywhere, day, import};
use tests::counter::{Counter, OneAdded, add_from_many_tasks, patient};
use tests::secured::{self, DOCUMENTS, Secured};
use tests::wallet::{Balance, Earned, Wallet, subscriptions};

/// The text of an error about a missing right.
#[track_caller]
fn denied(error: &StoreError) -> String {
    assert!(matches!(error, StoreError::Unauthorized { .. }), "{error:?}");
    ErrorChain::new(error).to_string()
}

#[track_caller]
fn assert_lacks(error: &StoreError, right: &str, collection: &str) {
    let text = denied(error);
    assert!(text.contains(&format!("`{right}`")) && text.contains(&format!(".{collection}`")), "{text}");
}

/// The privileges of a role, according to the server.
async fn privileges(secured: &Secured, role: Role) -> Document {
    let command = doc! { "rolesInfo": secured.roles.name(role), "showPrivileges": true };
    let answer = secured.admin.run_command(command).await.unwrap();
    answer.get_array("roles").unwrap()[0].as_document().unwrap().clone()
}

#[tokio::test]
async fn an_extended_role_is_reset_to_its_minimum_and_keeps_its_users() {
    let secured = Secured::prepared().await;
    let before = privileges(&secured, Role::Writer).await;
    let events = doc! { "db": secured.admin.name(), "collection": "events" };
    let more = doc! {
        "grantPrivilegesToRole": secured.roles.name(Role::Writer),
        "privileges": [{ "resource": events, "actions": ["remove", "update"] }],
    };
    secured.admin.run_command(more).await.unwrap();
    let inherited = doc! { "grantRolesToRole": secured.roles.name(Role::Writer), "roles": ["dbAdmin"] };
    secured.admin.run_command(inherited).await.unwrap();
    assert_ne!(privileges(&secured, Role::Writer).await, before);

    secured.roles.create(&secured.admin).await.unwrap();
    assert_eq!(privileges(&secured, Role::Writer).await, before);
    import(&secured.open_as(Role::Writer).await, "a", 3).await;
}

#[tokio::test]
async fn the_commands_for_the_shell_create_the_same_roles() {
    let secured = Secured::unprepared().await;
    let before = privileges(&secured, Role::Archivist).await;
    secured.admin.run_command(doc! { "dropAllRolesFromDatabase": 1 }).await.unwrap();
    for command in secured.roles.commands(secured.admin.name()) {
        secured.admin.run_command(command).await.unwrap();
    }
    assert_eq!(privileges(&secured, Role::Archivist).await, before);
}

#[tokio::test]
async fn a_user_without_the_right_to_create_roles_gets_an_error_about_it() {
    let secured = Secured::prepared().await;
    let store = secured.open_as(Role::Writer).await;
    let text = denied(&secured.roles.create(store.database()).await.unwrap_err());
    assert!(text.contains("userAdmin"), "{text}");
}

#[tokio::test]
async fn a_writer_cannot_prepare_a_database_and_the_error_names_who_can() {
    let secured = Secured::unprepared().await;
    let error = secured.try_open("writer").await.unwrap_err();
    // A user who may insert into a collection may also create it, so the first missing right of a
    // writer concerns the archive.
    assert_lacks(&error, "createCollection", "events_archive");
    assert!(denied(&error).contains("Role::Preparer"), "{}", denied(&error));
    secured.open_as(Role::Preparer).await;
    secured.open_as(Role::Writer).await;

    secured.admin.collection::<Document>("events").drop_index("timestamp_1").await.unwrap();
    assert_lacks(&secured.try_open("writer").await.unwrap_err(), "createIndex", "events");
    secured.admin.run_command(doc! { "collMod": "events", "validator": {} }).await.unwrap();
    assert_lacks(&secured.try_open("reader").await.unwrap_err(), "collMod", "events");
    secured.open_as(Role::Preparer).await;
    secured.open_as(Role::Reader).await;
}

#[tokio::test]
async fn a_preparer_neither_reads_nor_writes_documents() {
    let secured = Secured::prepared().await;
    let accounts = accounts(&secured.open_as(Role::Preparer).await);
    let Err(LoadError::Store(error)) = accounts.load("a").await else { panic!("a preparer was able to read") };
    assert_lacks(&error, "find", "snapshots");
    let created = accounts.create("a", Opened { owner: "o".into() }).await;
    let es_core::CreateError::Store(error) = created.unwrap_err() else { panic!("unexpected error") };
    assert_lacks(&error, "find", "events");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_appends_loads_and_keeps_snapshots() {
    let secured = Secured::prepared().await;
    let store = secured.open_as(Role::Writer).await;
    let counters = patient(&store).with_snapshots(SnapshotPolicy::every(5));
    counters.create("c", OneAdded { by: "u".into() }).await.unwrap();
    let versions = add_from_many_tasks(&counters, "c", "u", 22).await;
    assert_eq!(versions.len(), 22);
    assert_eq!(counters.take_snapshot("c").await.unwrap(), 23);
    assert_eq!(counters.load("c").await.unwrap().total, 23);
    assert!(store.verify::<Counter>().run().await.unwrap().is_sound());
    assert!(store.stats().await.unwrap().snapshots > 0);
}

/// Asserts that the server itself refuses a command, because a right is missing.
async fn refused(database: &Database, command: Document) {
    let error = database.run_command(command.clone()).await.unwrap_err();
    let unauthorized = matches!(&*error.kind, ErrorKind::Command(failure) if failure.code == 13);
    assert!(unauthorized, "{command}: {error}");
}

#[tokio::test]
async fn nobody_can_change_an_event_and_only_the_archivist_can_delete_one() {
    let secured = Secured::prepared().await;
    import(&secured.open_as(Role::Writer).await, "a", 3).await;
    for role in [Role::Reader, Role::Writer, Role::Archivist, Role::Preparer, Role::Projector] {
        let store = secured.open_as(role).await;
        let database = store.database();
        let change = doc! { "$set": { "eventData": {} } };
        let all = doc! { "q": {}, "limit": 0 };
        for collection in ["events", "events_archive"] {
            let update = doc! { "q": {}, "u": change.clone(), "multi": true };
            refused(database, doc! { "update": collection, "updates": [update] }).await;
            refused(database, doc! { "findAndModify": collection, "query": {}, "update": change.clone() }).await;
            refused(database, doc! { "drop": collection }).await;
            refused(database, doc! { "dropIndexes": collection, "index": "position_1" }).await;
            refused(database, doc! { "aggregate": "snapshots", "pipeline": [{ "$out": collection }], "cursor": {} })
                .await;
            if (role, collection) != (Role::Archivist, "events") {
                refused(database, doc! { "delete": collection, "deletes": [all.clone()] }).await;
            }
        }
        if role != Role::Writer {
            refused(database, doc! { "insert": "events", "documents": [{}] }).await;
        }
        let malformed = doc! { "insert": "events", "documents": [{}], "bypassDocumentValidation": true };
        refused(database, malformed).await;
        refused(database, doc! { "dropDatabase": 1 }).await;
        refused(database, doc! { "create": "another" }).await;
    }
    assert_loads_everywhere(&secured.open_as(Role::Reader).await, "a", 3).await;
}

#[tokio::test]
async fn a_reader_loads_queries_and_verifies_and_writes_nothing() {
    let secured = Secured::prepared().await;
    import(&secured.open_as(Role::Writer).await, "a", 6).await;
    let store = secured.open_as(Role::Reader).await;
    assert_loads_everywhere(&store, "a", 6).await;
    let events: Vec<_> = store.events().read().try_collect().await.unwrap();
    assert_eq!(events.len(), 6);
    assert!(store.verify::<Account>().run().await.unwrap().is_sound());
    assert_eq!(store.stats().await.unwrap().events, 6);

    let Err(LoadError::Store(error)) = accounts(&store).take_snapshot("a").await else {
        panic!("a reader was able to write")
    };
    assert_lacks(&error, "update", "snapshots");
    let error = store.archive::<Account>(day(100)).run().await.unwrap_err();
    assert_lacks(&error, "update", "events_positions");
}

/// Records that an owner has earned something, and returns the position.
async fn earn(store: &MongoStore, owner: &str) -> Position {
    let earned = Earned { owner: owner.to_owned(), cents: 1 };
    Repository::<Wallet>::new(store).upsert("w", move |_| earned.clone()).await.unwrap().position().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_folds_and_operates_read_models_and_appends_nothing() {
    let secured = Secured::prepared().await;
    let (writer, projector) = (secured.open_as(Role::Writer).await, secured.open_as(Role::Projector).await);
    for number in 0..10 {
        earn(&writer, if number < 4 { "ann" } else { "bob" }).await;
    }
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let folding = subscriptions(&projector).run_until(async { drop(stopped.await) });
    let folding = tokio::spawn(folding);
    let position = earn(&writer, "ann").await;
    // Every role but that of the preparer reads the rows and their health.
    for role in [Role::Reader, Role::Writer, Role::Archivist, Role::Projector] {
        let store = secured.open_as(role).await;
        let balances = store.read_model::<Balance>().at_least(position).within(Duration::from_secs(60));
        assert_eq!(balances.get("ann").await.unwrap().unwrap().cents, 5, "{role}");
        assert_eq!(balances.find(doc! { "cents": { "$gt": 5 } }).await.unwrap().len(), 1, "{role}");
        assert_eq!(store.health().await.unwrap().partitions.len(), 5, "{role}");
        let live = store.database().collection::<Document>("balance").find_one(doc! { "_id": "ann" }).await.unwrap();
        assert_eq!(live.unwrap().get_i64("cents").unwrap(), 5, "{role}");
    }
    let balance = ReadModelId::of::<Balance>();
    assert!(projector.pause(&balance).await.unwrap() && projector.resume(&balance).await.unwrap());
    assert!(projector.reset(&balance).await.unwrap());
    let balances = projector.read_model::<Balance>().at_least(position).within(Duration::from_secs(60));
    balances.ready().await.unwrap();
    assert_eq!(balances.get("bob").await.unwrap().unwrap().cents, 6);
    drop(stop);
    folding.await.unwrap().unwrap();

    let created = Repository::<Wallet>::new(&projector).create("x", Earned { owner: "o".into(), cents: 1 }).await;
    let es_core::CreateError::Store(error) = created.unwrap_err() else { panic!("unexpected error") };
    assert_lacks(&error, "update", "events_positions");
    let error = writer.pause(&balance).await.unwrap_err();
    assert_lacks(&error, "update", "subscriptions");
    for role in [Role::Reader, Role::Writer, Role::Archivist, Role::Preparer] {
        let database = secured.open_as(role).await.database().clone();
        for collection in ["subscriptions", "balance_v1", "entries_v1"] {
            let update = doc! { "q": {}, "u": { "$set": { "cents": 0 } }, "multi": true };
            refused(&database, doc! { "update": collection, "updates": [update] }).await;
            refused(&database, doc! { "delete": collection, "deletes": [{ "q": {}, "limit": 0 }] }).await;
            refused(&database, doc! { "insert": collection, "documents": [{}] }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_has_no_rights_on_rows_that_its_role_does_not_name() {
    let secured = Secured::prepared().await;
    earn(&secured.open_as(Role::Writer).await, "ann").await;
    let roles = Roles::of(CollectionNames::default()).read_model(ReadModelId::of::<Balance>());
    roles.create(&secured.admin).await.unwrap();
    let projector = secured.open_as(Role::Projector).await;
    let stopped = subscriptions(&projector).catch_up().await.unwrap_err();
    let SubscriptionError::Store(error) = stopped else { panic!("{stopped}") };
    assert_lacks(&error, "update", "entries_v1");
    assert!(denied(&error).contains("Roles::read_model"), "{}", denied(&error));
    // The new roles take effect for users that exist.
    secured.roles.create(&secured.admin).await.unwrap();
    subscriptions(&projector).catch_up().await.unwrap();
    assert_eq!(projector.read_model::<Balance>().get("ann").await.unwrap().unwrap().cents, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_appends_without_the_right_gets_the_error() {
    let secured = Secured::prepared().await;
    let store = secured.open_as(Role::Reader).await;
    let counters = Repository::<Counter>::new(&store);
    let appends = (0..20).map(|number| {
        let counters = counters.clone();
        let id = format!("c{number}");
        async move { counters.create(&id, OneAdded { by: "u".into() }).await }
    });
    for created in join_all(appends).await {
        let es_core::CreateError::Store(error) = created.unwrap_err() else { panic!("unexpected error") };
        assert_lacks(&error, "update", "events_positions");
    }
    assert_eq!(store.stats().await.unwrap().events, 0);
}

#[tokio::test]
async fn only_the_archivist_archives_and_writers_continue_after_it() {
    let secured = Secured::prepared().await;
    let (writer, archivist) = (secured.open_as(Role::Writer).await, secured.open_as(Role::Archivist).await);
    for id in ["a", "b"] {
        import(&writer, id, 8).await;
    }
    assert_lacks(&writer.archive::<Account>(day(5)).run().await.unwrap_err(), "insert", "events_archive");
    let report = archivist.archive::<Account>(day(5)).run().await.unwrap();
    assert_eq!(report.moved, 10);

    let another = secured.open_as(Role::Writer).await;
    import(&another, "c", 8).await;
    assert_loads_everywhere(&another, "a", 8).await;
    let stale = accounts(&another).create("a", Opened { owner: "o".into() }).await;
    assert!(matches!(stale, Err(es_core::CreateError::AlreadyExists { .. })), "{stale:?}");
    let reader = secured.open_as(Role::Reader).await;
    assert!(reader.verify::<Account>().run().await.unwrap().is_sound());
    assert_eq!(reader.stats().await.unwrap().archived, 10);

    let created = accounts(&archivist).create("d", Opened { owner: "o".into() }).await;
    let es_core::CreateError::Store(error) = created.unwrap_err() else { panic!("unexpected error") };
    assert_lacks(&error, "insert", "events");
}

#[tokio::test]
async fn a_right_that_is_revoked_from_an_open_store_is_missed_immediately() {
    let secured = Secured::prepared().await;
    let writer = secured.open_as(Role::Writer).await;
    import(&writer, "a", 8).await;
    secured.open_as(Role::Archivist).await.archive::<Account>(day(5)).run().await.unwrap();
    // From here on the store knows that there is an archive, and checks it in the transaction of
    // each append.
    assert_loads_everywhere(&writer, "a", 8).await;
    let archive = doc! { "db": secured.admin.name(), "collection": "events_archive" };
    let less = doc! {
        "revokePrivilegesFromRole": secured.roles.name(Role::Writer),
        "privileges": [{ "resource": archive, "actions": ["find"] }],
    };
    secured.admin.run_command(less).await.unwrap();
    let created = accounts(&writer).create("b", Opened { owner: "o".into() }).await;
    let es_core::CreateError::Store(error) = created.unwrap_err() else { panic!("unexpected error") };
    assert_lacks(&error, "find", "events_archive");
}

#[tokio::test]
async fn a_migration_needs_a_writer_who_may_read_the_old_documents() {
    let secured = Secured::prepared().await;
    let old: Collection<Document> = secured.admin.collection(DOCUMENTS);
    old.insert_many([doc! { "_id": "x", "owner": "o" }, doc! { "_id": "y", "owner": "o" }]).await.unwrap();
    let convert = |old: Document| {
        let id = old.get_str("_id").map_err(|error| error.to_string())?;
        Ok::<_, String>(Migrated::new(id, AccountMigrated { owner: "o".to_owned(), cents: 1 }))
    };
    let migrate = async |store: &MongoStore| store.migrate::<Account, Document>(DOCUMENTS).run(convert).await;

    let error = migrate(&secured.open_as(Role::Writer).await).await.unwrap_err();
    assert_lacks(&error, "find", DOCUMENTS);
    secured.user("migrator", &[Role::Writer, Role::Documents]).await;
    let migrator = secured.try_open("migrator").await.unwrap();
    let missing =
        MigratingRepository::<Account, Document>::new(&migrator, "missing", ReadMode::Documents).load("x").await;
    let Err(LoadError::Store(error)) = missing else { panic!("the missing collection was read") };
    assert_lacks(&error, "find", "missing");
    let empty = MigratingRepository::<Account, Document>::new(&migrator, DOCUMENTS, ReadMode::Documents);
    assert!(
        matches!(empty.load("nothing").await, Err(LoadError::NotFound { .. })),
        "it may check whether the collection exists"
    );
    assert_eq!(migrate(&migrator).await.unwrap().migrated, 2);
    let old = MigratingRepository::<Account, Document>::new(&migrator, DOCUMENTS, ReadMode::Documents);
    assert!(matches!(old.load("x").await.unwrap(), LoadedFrom::Document(_)));
    secured.admin.collection::<Document>(DOCUMENTS).drop().await.unwrap();
    let error = migrate(&migrator).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
}

#[tokio::test]
async fn a_connection_string_without_a_user_is_an_error_that_asks_for_one() {
    let uri = secured::server().await.uri();
    let (_login, servers) = uri.rsplit_once('@').unwrap();
    let text = denied(&MongoStore::connect(&format!("mongodb://{servers}"), "bank").await.unwrap_err());
    assert!(text.contains("name a user"), "{text}");
}

#[tokio::test]
async fn a_set_of_three_nodes_and_a_kept_one_ask_for_the_password_too() {
    use es_mongo::dev::DevServer;
    let folder = tempfile::tempdir().unwrap();
    let builder = || DevServer::builder().always_own().authentication("ro ot", "p@ss:/word");
    let names = async |server: &DevServer| {
        let client = Client::with_uri_str(server.uri()).await.unwrap();
        assert!(!format!("{server:?}").contains("p%40ss"), "the debug output contains the password");
        client.list_database_names().await
    };
    let kept = builder().keep_in(folder.path()).start().await.unwrap();
    assert!(names(&kept).await.is_ok());
    drop(kept);
    let kept = builder().keep_in(folder.path()).start().await.unwrap();
    assert!(names(&kept).await.is_ok());
    drop(kept);

    let three = builder().nodes(3).start().await.unwrap();
    assert!(names(&three).await.is_ok());
    let stranger = Client::with_uri_str(format!("mongodb://{}", three.uri().rsplit_once('@').unwrap().1)).await;
    assert!(stranger.unwrap().list_database_names().await.is_err());
    three.primary().await.unwrap().kill().await.unwrap();
    three.primary().await.unwrap();
    assert!(names(&three).await.is_ok());
}
