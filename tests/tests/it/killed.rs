//! The client process is killed with SIGKILL at every step: the next run finishes, nothing is lost,
//! and nothing is duplicated.
//!
//! A fail point or a lock blocks a command of the child on the server, and then the child is
//! killed. An archive run and a migration kill themselves at a step.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use es_core::feed;
use es_core::store::{Appended, EventStore, Snapshot, SnapshotStore};
use es_core::{StreamId, Version};
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::{Client, ClientSession};
use es_mongo::{ArchiveStep, MongoStore};
use tests::account::{Account, accounts, assert_loads_everywhere, day, import};
use tests::fail_point::FailPoint;
use tests::killed::{OldAccount, convert, keyed};
use tests::{empty_store, server, settle};

/// A child process at work.
struct Victim {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Victim {
    async fn start(store: &MongoStore, work: &[&str]) -> Self {
        Self::start_at(server().await.uri(), store, work)
    }

    fn start_at(uri: &str, store: &MongoStore, work: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_victim"))
            .args([uri, store.database().name()])
            .args(work)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self { child, output }
    }

    /// Waits for this many lines.
    fn say(&mut self, lines: usize) -> Vec<String> {
        self.output.by_ref().lines().take(lines).map(|line| line.unwrap()).collect()
    }

    /// Kills it, and returns its output until then.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.end()
    }

    /// Waits until it has died by SIGKILL.
    fn end(mut self) -> Vec<String> {
        let lines = self.output.by_ref().lines().map(|line| line.unwrap()).collect();
        assert_eq!(self.child.wait().unwrap().signal(), Some(9));
        lines
    }
}

/// The address of a proxy that forwards a command, but drops the answer.
async fn swallowing_answers_to(command: &'static str) -> String {
    let authority = server().await.uri().trim_start_matches("mongodb://").split(['/', '?']).next().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&*authority).unwrap());
            let (mut from_client, mut from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let is_silent = Arc::new(AtomicBool::new(false));
            let silences = Arc::clone(&is_silent);
            let name = format!("{command}\0").into_bytes();
            std::thread::spawn(move || {
                pass(&mut from_client, &mut server, |request| {
                    if request.windows(name.len()).any(|part| part == name) {
                        silences.store(true, Ordering::SeqCst);
                    }
                    true
                });
            });
            std::thread::spawn(move || pass(&mut from_server, &mut client, |_| !is_silent.load(Ordering::SeqCst)));
        }
    });
    format!("mongodb://{here}/?directConnection=true")
}

/// Forwards the messages that a predicate accepts, until either end is gone.
fn pass(from: &mut TcpStream, to: &mut TcpStream, mut passes: impl FnMut(&[u8]) -> bool) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(bytes @ 1..) = from.read(&mut buffer) {
        if passes(&buffer[..bytes]) && to.write_all(&buffer[..bytes]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// Waits until the server reports a command of this kind from the child.
async fn held(store: &MongoStore, condition: Document) {
    let admin = Client::with_uri_str(server().await.uri()).await.unwrap().database("admin");
    for _ in 0..400 {
        let mut of_child = condition.clone();
        of_child.insert("appName", store.database().name());
        let stages = [doc! { "$currentOp": { "allUsers": true, "idleSessions": true } }, doc! { "$match": of_child }];
        let mut found = admin.aggregate(stages).await.unwrap();
        if found.advance().await.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server never reported {condition}");
}

/// Kills a child during an append, while the server blocks its command. Returns the time until the
/// store accepts the next append.
async fn killed_in_append(command: &str, events: usize) -> (MongoStore, Duration) {
    let store = empty_store().await;
    store.append(keyed("before", 2, "key")).await.unwrap();
    let block = doc! { "failCommands": [command], "blockConnection": true, "blockTimeMS": 1_500 };
    let fault = FailPoint::on_commands(server().await.uri(), store.database().name(), doc! { "times": 1 }, block).await;
    let victim = Victim::start(&store, &["append", "a", &events.to_string(), "key"]).await;
    held(&store, doc! { format!("command.{command}"): { "$exists": true } }).await;
    assert_eq!(victim.kill(), Vec::<String>::new());
    let killed = Instant::now();
    // Another writer needs the same positions as the child.
    store.append(keyed("other", 1, "key")).await.unwrap();
    let waited = killed.elapsed();
    drop(fault);
    // By now the server has either finished the rest, or never will.
    tokio::time::sleep(Duration::from_secs(2)).await;
    (store, waited)
}

/// The next process repeats the append.
async fn acts_once(store: &MongoStore, events: usize) {
    let first = store.append(keyed("a", events, "key")).await.unwrap().into_receipt();
    let again = store.append(keyed("a", events, "key")).await.unwrap();
    assert_eq!(again, Appended::Already(first.clone()));
    assert_eq!(first.version, events as u64);
    assert_eq!(accounts(store).load("a").await.unwrap().version, events as u64);
    settle(store).await;
    let report = store.verify::<Account>().run().await.unwrap();
    assert!(report.is_sound(), "{:#?}", report.findings);
    assert_eq!(report.events, events as u64 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_insert_of_one_event_is_on_the_server_it_acts_once() {
    let (store, waited) = killed_in_append("insert", 1).await;
    println!("killed in an insert: the next append of another process took {waited:?}");
    acts_once(&store, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_a_transaction_inserts_it_acts_once() {
    let (store, waited) = killed_in_append("insert", 5).await;
    println!("killed before the insert of a transaction: the next append of another process took {waited:?}");
    acts_once(&store, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_insert_and_the_commit_of_a_transaction_it_acts_once() {
    let (store, waited) = killed_in_append("commitTransaction", 5).await;
    println!("killed between insert and commit: the next append of another process took {waited:?}");
    acts_once(&store, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_its_ticket_and_the_insert_it_leaves_one_skip_and_nothing_else() {
    let store = empty_store().await;
    store.append(keyed("before", 2, "key")).await.unwrap();
    // The insert waits and then fails, so the child gets a position and uses it for nothing.
    let name = store.database().name();
    let lost = doc! {
        "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 1_500, "closeConnection": true,
        "namespace": format!("{name}.events"),
    };
    let fault = FailPoint::on_commands(server().await.uri(), name, doc! { "times": 1 }, lost).await;
    let victim = Victim::start(&store, &["append", "lost", "1", "key"]).await;
    fault.met().await;
    assert_eq!(victim.kill(), Vec::<String>::new());
    drop(fault);
    store.append(keyed("after", 2, "key")).await.unwrap();

    let mut events = store.follow(feed::From::beginning()).of::<Account>().read();
    for position in [1, 2, 4, 5] {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
        assert_eq!(event.expect("the position stays open").unwrap().unwrap().position.get(), position);
    }
    let report = store.verify::<Account>().run().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.events, report.other_events, report.skips), (4, 0, 1));
    assert!(!accounts(&store).exists("lost").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_commit_and_its_answer_the_key_finds_the_recorded_events() {
    for events in [1, 5] {
        let store = empty_store().await;
        store.append(keyed("before", 2, "key")).await.unwrap();
        let command = if events == 1 { "insert" } else { "commitTransaction" };
        let uri = swallowing_answers_to(command).await;
        let victim = Victim::start_at(&uri, &store, &["append", "a", &events.to_string(), "key"]);
        loop {
            let stream = StreamId::of::<Account>("a").unwrap();
            if store.head(&stream).await.unwrap().version() == events {
                break;
            }
        }
        assert_eq!(victim.kill(), Vec::<String>::new());
        store.append(keyed("other", 1, "key")).await.unwrap();
        let again = store.append(keyed("a", usize::try_from(events).unwrap(), "key")).await.unwrap();
        assert!(matches!(again, Appended::Already(_)), "{again:?}");
        acts_once(&store, usize::try_from(events).unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_many_batches_acknowledged_appends_are_stored_and_the_rest_acts_once() {
    for run in 0..3 {
        let store = empty_store().await;
        let mut victim = Victim::start(&store, &["many"]).await;
        // More appends than its 16 tasks send at once, however slow the server is because of other
        // tests.
        let mut acknowledged: BTreeSet<String> = victim.say(17).into_iter().collect();
        tokio::time::sleep(Duration::from_millis(170 * run)).await;
        acknowledged.extend(victim.kill());
        // By now the server has either finished the rest, or never will.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let stored = store.events().stored_as("Opened").read().collect().await.unwrap();
        let stored: BTreeSet<String> = stored.into_iter().map(|event| event.aggregate_id).collect();
        assert!(acknowledged.is_subset(&stored), "lost: {:?}", acknowledged.difference(&stored));
        // The next process repeats everything, and the next append of each task.
        let next = (0..16).map(|task| {
            let done = stored.iter().filter_map(|id| id.strip_prefix(&format!("{task}-"))?.parse::<usize>().ok());
            format!("{task}-{}", done.max().map_or(0, |last| last + 1))
        });
        let ids: Vec<String> = stored.iter().cloned().chain(next).collect();
        for id in &ids {
            let number: usize = id.split_once('-').unwrap().1.parse().unwrap();
            let events = if number.is_multiple_of(4) { 3 } else { 1 };
            let appended = store.append(keyed(id, events, "key")).await.unwrap();
            assert_eq!(matches!(appended, Appended::Already(_)), stored.contains(id), "{id}");
            assert_eq!(appended.receipt().version, events as u64);
        }
        settle(&store).await;
        let report = store.verify::<Account>().run().await.unwrap();
        assert!(report.is_sound() && report.streams == ids.len() as u64, "{report:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_a_snapshot_nothing_is_lost_and_the_next_snapshot_is_taken() {
    // A snapshot is written, and then surplus snapshots are searched for and deleted.
    for command in ["update", "find", "delete"] {
        let store = empty_store().await;
        import(&store, "a", 9).await;
        let stream = StreamId::of::<Account>("a").unwrap();
        for version in [3_u32, 5, 7] {
            let at = accounts(&store).load_at("a", version).await.unwrap();
            let snapshot = Snapshot::new(at.version, at.state);
            store.put_snapshot(&stream, snapshot.encode().unwrap()).await.unwrap();
        }
        let block = doc! { "failCommands": [command], "blockConnection": true, "blockTimeMS": 1_000 };
        let name = store.database().name();
        let fault = FailPoint::on_commands(server().await.uri(), name, doc! { "times": 1 }, block).await;
        let victim = Victim::start(&store, &["snapshot", "a"]).await;
        held(&store, doc! { format!("command.{command}"): { "$exists": true } }).await;
        assert_eq!(victim.kill(), Vec::<String>::new());
        drop(fault);
        assert_loads_everywhere(&store, "a", 9).await;
        accounts(&store).take_snapshot("a").await.unwrap();
        let newest = Snapshot::<Account>::newest(&store, &stream, Version::MAX).await.unwrap().unwrap();
        assert_eq!(newest.version, 9, "killed in {command}");
        assert_eq!(store.stats().await.unwrap().snapshots, 2, "killed in {command}");
        settle(&store).await;
        assert!(store.verify::<Account>().run().await.unwrap().is_sound());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_any_step_of_an_archive_run_the_next_run_finishes_it() {
    let steps = [
        ArchiveStep::SnapshotTaken,
        ArchiveStep::Copied,
        ArchiveStep::Confirmed,
        ArchiveStep::Waited,
        ArchiveStep::Deleted,
    ];
    for (step, time) in steps.into_iter().flat_map(|step| [(step, 1), (step, 2)]) {
        let store = empty_store().await;
        for (id, events) in [("a", 9), ("b", 9), ("c", 9), ("last", 1)] {
            import(&store, id, events).await;
        }
        let victim = Victim::start(&store, &["archive", &format!("{step:?}"), &time.to_string()]).await;
        assert_eq!(victim.end(), Vec::<String>::new(), "{step:?} was not reached {time} times");
        let stats = store.stats().await.unwrap();
        assert_eq!((stats.events, stats.aggregates), (28, 4), "killed at {step:?}");
        store.archive::<Account>(day(8)).run().await.unwrap();
        for id in ["a", "b", "c"] {
            assert_loads_everywhere(&store, id, 9).await;
        }
        let report = store.verify::<Account>().run().await.unwrap();
        assert!(report.is_sound() && report.unfinished == 0 && report.events == 28, "{step:?}: {report:#?}");
        let count =
            async |name: &str| store.database().collection::<Document>(name).count_documents(doc! {}).await.unwrap();
        assert_eq!((count("events").await, count("events_archive").await), (4, 24), "killed at {step:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_a_deletion_an_archive_run_is_finished_by_the_next_one() {
    let store = empty_store().await;
    import(&store, "a", 9).await;
    import(&store, "last", 1).await;
    let block = doc! { "failCommands": ["delete"], "blockConnection": true, "blockTimeMS": 1_000 };
    let name = store.database().name();
    let fault = FailPoint::on_commands(server().await.uri(), name, doc! { "times": 1 }, block).await;
    let victim = Victim::start(&store, &["archive", "never", "1"]).await;
    held(&store, doc! { "command.delete": { "$exists": true } }).await;
    assert_eq!(victim.kill(), Vec::<String>::new());
    drop(fault);
    let begun = Instant::now();
    store.archive::<Account>(day(8)).run().await.unwrap();
    println!("killed in the deletion of an archive run: the next run took {:?}", begun.elapsed());
    assert_loads_everywhere(&store, "a", 9).await;
    let report = store.verify::<Account>().run().await.unwrap();
    assert!(report.is_sound() && report.unfinished == 0 && report.events == 10, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_a_migration_the_next_run_migrates_the_rest_and_nothing_twice() {
    for documents in [64, 128, 192] {
        let store = empty_store().await;
        let old = (0..200).map(|number| doc! { "_id": format!("old-{number:03}") });
        store.database().collection::<Document>("accounts").insert_many(old).await.unwrap();
        let victim = Victim::start(&store, &["migrate", &documents.to_string()]).await;
        assert_eq!(victim.end(), Vec::<String>::new());
        let report = store.migrate::<Account, OldAccount>("accounts").run(convert).await.unwrap();
        assert_eq!((report.documents, report.already, report.migrated), (200, documents, 200 - documents));
        let report = store.verify::<Account>().run().await.unwrap();
        assert!(report.is_sound() && report.streams == 200 && report.events == 200, "{report:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_waits_for_the_end_of_the_transaction_of_a_vanished_client() {
    // The worst case: the client's machine is gone, so its connection is never closed, and the
    // server keeps the keys.
    let store = empty_store().await;
    store.append(keyed("before", 2, "key")).await.unwrap();
    let client = Client::with_uri_str(server().await.uri()).await.unwrap();
    let events = client.database(store.database().name()).collection::<Document>("events");
    let mut stored = events.find_one(doc! { "position": 2_i64 }).await.unwrap().unwrap();
    stored.insert("_id", es_mongo::mongodb::bson::oid::ObjectId::new());
    stored.insert("position", 3_i64);
    stored.insert("sequenceNumber", 3_i64);
    let mut session: ClientSession = client.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    events.insert_one(&stored).session(&mut session).await.unwrap();
    let begun = Instant::now();
    let other = store.clone();
    let waiting = tokio::spawn(async move { other.append(keyed("other", 1, "key")).await });
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!waiting.is_finished(), "the position is taken by a transaction that is open");
    session.abort_transaction().await.unwrap();
    let appended = waiting.await.unwrap().unwrap();
    println!("an open transaction held the position: the append took {:?}", begun.elapsed());
    assert_eq!(appended.receipt().stamps[0].position, 3);
    assert!(store.verify::<Account>().run().await.unwrap().is_sound());
}
