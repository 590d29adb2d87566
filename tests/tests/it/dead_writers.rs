//! If a client dies or freezes between an insert and its commit, its transaction stays open on the
//! server. Any writer that it blocks ends the transaction within seconds. The server itself would
//! take a minute.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use es_core::store::{Appended, EventStore, NewEvent};
use es_core::{Metadata, StreamId};
use es_mongo::dev::fresh_database_name;
use es_mongo::mongodb::bson::{DateTime, Document, doc};
use es_mongo::mongodb::{Client, ClientSession};
use es_mongo::{MongoStore, Role};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tests::account::{Account, AccountEvent, Deposited, accounts, assert_loads_everywhere, day, import};
use tests::commands::Commands;
use tests::fail_point::FailPoint;
use tests::killed::keyed;
use tests::secured::{self, Secured};
use tests::{client_named, empty_store, server, settle};

/// The longest time that a dead client may block others. The server ends its transaction after 60
/// s.
const SOON: Duration = Duration::from_secs(10);

/// A client whose transaction is open: everything is written but not committed, because its commits
/// never reach the server.
struct Doomed {
    child: Child,
    output: BufReader<ChildStdout>,
    commits_lost: Option<FailPoint>,
}

impl Doomed {
    async fn in_a_transaction(store: &MongoStore, work: &[&str]) -> Self {
        Self::of(server().await.uri(), server().await.uri(), store, work).await
    }

    async fn of(admin: &str, uri: &str, store: &MongoStore, work: &[&str]) -> Self {
        let name = store.database().name();
        let data = doc! { "failCommands": ["commitTransaction"], "closeConnection": true };
        let commits_lost = FailPoint::on_commands(admin, name, doc! { "times": 1_000_000 }, data).await;
        let mut child = Command::new(env!("CARGO_BIN_EXE_victim"))
            .args([uri, name])
            .args(work)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        commits_lost.met().await;
        Self { child, output, commits_lost: Some(commits_lost) }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Kills the client. Its transaction stays open, and nobody commits it.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn commits_reach_the_server(&mut self) {
        drop(self.commits_lost.take());
    }

    /// The output until its end.
    fn end(mut self) -> Vec<String> {
        let lines = self.output.by_ref().lines().map(|line| line.unwrap()).collect();
        assert!(self.child.wait().unwrap().success());
        lines
    }
}

async fn is_sound(store: &MongoStore, events: u64) {
    settle(store).await;
    let report = store.verify::<Account>().run().await.unwrap();
    assert!(report.is_sound(), "{:#?}", report.findings);
    assert_eq!(report.events, events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_dies_before_its_commit_holds_up_eight_others_for_seconds_and_no_append_fails() {
    let store = empty_store().await;
    store.append(keyed("before", 2, "key")).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let others = (0..8).map(|writer| {
        let (store, over) = (store.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let (mut acknowledged, mut events) = (vec![Instant::now()], 0);
            for number in 0.. {
                let each = if number % 4 == 0 { 3 } else { 1 };
                store.append(keyed(&format!("{writer}-{number}"), each, "key")).await.unwrap();
                acknowledged.push(Instant::now());
                events += each as u64;
                if over.load(Ordering::Relaxed) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (acknowledged, events)
        })
    });
    let others: Vec<_> = others.collect();
    for round in 0..3 {
        let dying = Doomed::in_a_transaction(&store, &["append", &format!("dead-{round}"), "5", "key"]).await;
        dying.kill();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
    }
    over.store(true, Ordering::Relaxed);
    let ended = join_all(others).await.into_iter().map(|other| other.unwrap());
    let (moments, events): (Vec<Vec<Instant>>, Vec<u64>) = ended.unzip();
    let mut moments: Vec<Instant> = moments.into_iter().flatten().collect();
    moments.sort_unstable();
    let longest = moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    println!("dead between insert and commit: eight writers were without service for {longest:?} at most");
    assert!(longest < SOON, "{longest:?}");
    is_sound(&store, 2 + events.iter().sum::<u64>()).await;
    let again = store.append(keyed("dead-0", 5, "key")).await.unwrap();
    assert!(matches!(again, Appended::Now(_)), "an append without a commit was recorded: {again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_in_transactions_get_past_a_dead_writer_too() {
    for archived in [false, true] {
        let store = empty_store().await;
        import(&store, "a", 9).await;
        import(&store, "last", 1).await;
        if archived {
            store.archive::<Account>(day(8)).run().await.unwrap();
        }
        Doomed::in_a_transaction(&store, &["append", "dead", "5", "key"]).await.kill();
        let begun = Instant::now();
        store.append(keyed("other", 3, "key")).await.unwrap();
        println!("an append of three events, archived {archived}, beside a dead writer took {:?}", begun.elapsed());
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert_loads_everywhere(&store, "a", 9).await;
        is_sound(&store, 13).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_run_beside_a_dead_writer_finishes() {
    let store = empty_store().await;
    for id in ["a", "b"] {
        import(&store, id, 9).await;
    }
    import(&store, "last", 1).await;
    Doomed::in_a_transaction(&store, &["append", "dead", "5", "key"]).await.kill();
    let begun = Instant::now();
    // Neither an append to a stream that is being archived nor the run itself fails.
    for version in [9, 10] {
        let deposited: AccountEvent = Deposited { cents: 1, source: "x".to_owned() }.into();
        let deposited = NewEvent::encode(&deposited, Metadata::new()).unwrap();
        tests::account::append(&store, "a", version, vec![deposited]).await;
    }
    println!("two appends beside a dead writer took {:?}", begun.elapsed());
    let report = store.archive::<Account>(day(8)).run().await.unwrap();
    println!("and the next run took {:?} in all", begun.elapsed());
    assert!(begun.elapsed() < SOON * 2, "{:?}", begun.elapsed());
    // The newest event of the store has changed.
    assert_eq!(report.moved + report.finished, 17);
    is_sound(&store, 21).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_was_frozen_before_its_commit_continues_and_acts_once() {
    let store = empty_store().await;
    store.append(keyed("before", 2, "key")).await.unwrap();
    let mut frozen = Doomed::in_a_transaction(&store, &["append", "a", "5", "key"]).await;
    frozen.signal("-STOP");
    frozen.commits_reach_the_server();
    let begun = Instant::now();
    let other = store.append(keyed("other", 1, "key")).await;
    println!("an append beside a frozen writer took {:?}", begun.elapsed());
    assert_eq!(other.unwrap().receipt().stamps[0].position, 8);
    // A follower needs the positions of the frozen writer.
    settle(&store).await;
    println!("a follower beside a frozen writer waited {:?}", begun.elapsed());
    frozen.signal("-CONT");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(frozen.end(), ["ready", "done"]);
    assert_eq!(accounts(&store).load("a").await.unwrap().version, 5);
    let again = store.append(keyed("a", 5, "key")).await.unwrap();
    assert_eq!(again.receipt().stamps[0].position, 9);
    assert!(matches!(again, Appended::Already(_)), "{again:?}");
    is_sound(&store, 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_a_writer_suffice_to_get_past_a_dead_one_of_the_same_user() {
    let secured = Secured::prepared().await;
    let store = secured.open_as(Role::Writer).await;
    store.append(keyed("before", 2, "key")).await.unwrap();
    let uri = secured.uri("writer", secured::PASSWORD).await;
    let admin = secured::server().await.uri();
    Doomed::of(admin, &uri, &store, &["append", "dead", "5", "key"]).await.kill();
    let begun = Instant::now();
    store.append(keyed("other", 1, "key")).await.unwrap();
    println!("with the rights of a writer it took {:?}", begun.elapsed());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_recorded_once_and_not_with_every_append() {
    let (client, commands) = Commands::of_client(server().await.uri()).await;
    let name = fresh_database_name("sessions");
    let store = MongoStore::builder(client, &name).open().await.unwrap();
    let on_sessions = || {
        let sent = commands.take().into_iter();
        let names =
            sent.filter(|command| command.iter().next().is_some_and(|(_, of)| of.as_str() == Some("events_sessions")));
        names.map(|command| command.keys().next().unwrap().clone()).collect::<Vec<String>>()
    };
    on_sessions();
    for number in 0..20 {
        store.append(keyed(&format!("one-{number}"), 1, "key")).await.unwrap();
    }
    assert_eq!(on_sessions(), Vec::<String>::new(), "a single insert leaves nothing behind");
    for number in 0..20 {
        store.append(keyed(&format!("two-{number}"), 2, "key")).await.unwrap();
    }
    assert_eq!(on_sessions(), ["update", "delete"]);
}

/// A transaction in a session that is recorded as a writer's if `recorded` is true.
async fn begin(client: &Client, store: &MongoStore, recorded: bool) -> ClientSession {
    let mut session = client.start_session().await.unwrap();
    if recorded {
        let id = session.id().get("id").unwrap().clone();
        let record = doc! { "_id": id, "events": "events", "process": 1, "seen": DateTime::now() };
        store.database().collection::<Document>("events_sessions").insert_one(record).await.unwrap();
    }
    session.start_transaction().await.unwrap();
    session
}

/// Takes the next position in a transaction, and leaves the transaction open.
async fn take_the_next_position(client: &Client, store: &MongoStore, session: &mut ClientSession) {
    take_position(client, store, session, 1).await;
}

/// Takes a position this far ahead of the newest one.
async fn take_position(client: &Client, store: &MongoStore, session: &mut ClientSession, ahead: i64) {
    let events = client.database(store.database().name()).collection::<Document>("events");
    let mut stored = events.find_one(doc! {}).sort(doc! { "position": -1 }).await.unwrap().unwrap();
    let position = stored.get_i64("position").unwrap();
    stored.insert("_id", es_mongo::mongodb::bson::oid::ObjectId::new());
    stored.insert("aggregateId", format!("somebody else's {ahead}"));
    stored.insert("position", position + ahead);
    stored.remove("appendId");
    events.insert_one(&stored).session(session).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_writer_has_more_time_if_its_connection_is_open() {
    let store = empty_store().await;
    store.append(keyed("before", 1, "key")).await.unwrap();
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    let mut silent = begin(&client, &store, true).await;
    take_the_next_position(&client, &store, &mut silent).await;
    let begun = Instant::now();
    store.append(keyed("other", 1, "key")).await.unwrap();
    println!("an append beside a silent writer took {:?}", begun.elapsed());
    assert!(begun.elapsed() > Duration::from_secs(4) && begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(silent.commit_transaction().await.is_err());
    is_sound(&store, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_transaction_is_never_ended_even_in_a_session_that_a_store_has_used() {
    let store = empty_store().await;
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    let gone = MongoStore::builder(client.clone(), store.database().name()).open().await.unwrap();
    // One transaction each, so that all writers know their sessions.
    join_all((0..4).map(|number| gone.append(keyed(&format!("g{number}"), 2, "key")))).await;
    gone.close().await;
    drop(gone);
    let records = store.database().collection::<Document>("events_sessions");
    let given_back = Instant::now();
    while records.count_documents(doc! {}).await.unwrap() > 0 {
        assert!(given_back.elapsed() < SOON, "the sessions of a dropped store are still known");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut session = begin(&client, &store, false).await;
    take_the_next_position(&client, &store, &mut session).await;
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.append(keyed("other", 1, "key")).await }
    });
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(!waiting.is_finished(), "a transaction of the user was ended");
    session.commit_transaction().await.unwrap();
    assert!(waiting.await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn abandoned_inserts_do_not_pile_up_on_the_server() {
    let store = empty_store().await;
    store.append(keyed("before", 1, "key")).await.unwrap();
    let (admin, name) = (Client::with_uri_str(server().await.uri()).await.unwrap(), store.database().name());
    let client = client_named(name).await;
    // An attempt is abandoned after a second.
    let hasty = MongoStore::builder(client, name).append_deadline(Duration::from_secs(2)).open().await.unwrap();
    let mut session = begin(&admin, &store, false).await;
    for ahead in 1..=3 {
        take_position(&admin, &store, &mut session, ahead).await;
    }
    for number in 0..3 {
        let answer = hasty.append(keyed(&format!("h{number}"), 1, "key")).await;
        assert!(answer.is_err(), "{answer:?}");
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let waiting = doc! { "appName": name, "command.insert": "events" };
    let stages = [doc! { "$currentOp": { "allUsers": true } }, doc! { "$match": waiting }];
    let waiting: Vec<Document> = admin.database("admin").aggregate(stages).await.unwrap().try_collect().await.unwrap();
    session.abort_transaction().await.unwrap();
    assert!(waiting.is_empty(), "{} abandoned inserts wait on the server", waiting.len());
    assert_eq!(store.head(&StreamId::of::<Account>("h0").unwrap()).await.unwrap().version(), 0);
    store.append(keyed("after", 1, "key")).await.unwrap();
    is_sound(&store, 2).await;
}
