//! The development server: it starts, tests can break it, and it leaves nothing behind.

// clippy allows this only in `#[test]` functions, but the helpers here are parts of tests too.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, panic, thread};

use es_mongo::dev::{DevError, DevServer, fresh_database_name};
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use es_mongo::mongodb::options::{Acknowledgment, WriteConcern};
use tokio::task::JoinSet;

/// Far more than any step here takes, so that a busy machine does not fail a test.
const PATIENCE: Duration = Duration::from_secs(60);

async fn client(server: &DevServer) -> Client {
    Client::with_uri_str(server.uri()).await.unwrap()
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn process_exists(id: u32) -> bool {
    Command::new("kill").args(["-0", &id.to_string()]).stderr(Stdio::null()).status().unwrap().success()
}

/// The folder of a server, derived from the path of a node's log.
fn folder_of(log: &Path) -> PathBuf {
    log.ancestors().nth(2).unwrap().to_owned()
}

/// A server whose owner is a different process.
struct Owned {
    owner: Child,
    uri: String,
    folder: PathBuf,
    process: u32,
}

impl Owned {
    fn start(folder: Option<&Path>) -> Self {
        Self::of(owner().args(folder))
    }

    fn of(owner: &mut Command) -> Self {
        let mut owner = owner.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(owner.stdout.as_mut().unwrap()).lines();
        let mut next = || lines.next().unwrap().unwrap();
        let (uri, log, process) = (next(), PathBuf::from(next()), next().parse().unwrap());
        Self { owner, uri, folder: folder_of(&log), process }
    }

    fn kill(&mut self) {
        self.owner.kill().unwrap();
        self.owner.wait().unwrap();
    }
}

fn owner() -> Command {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_owner"));
    // A server of the user would not belong to the owner.
    owner.env_remove("MONGODB_URI");
    owner
}

#[tokio::test]
async fn a_single_node_answers_and_has_transactions() {
    let server = DevServer::shared().await.unwrap();
    let client = client(server).await;
    let database = client.database(&fresh_database_name("transaction"));
    database.run_command(doc! { "ping": 1 }).await.unwrap();
    database.create_collection("things").await.unwrap();
    let things = database.collection::<Document>("things");

    let mut session = client.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    things.insert_one(doc! { "_id": 1 }).session(&mut session).await.unwrap();
    things.insert_one(doc! { "_id": 2 }).session(&mut session).await.unwrap();
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 0);
    session.commit_transaction().await.unwrap();
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 2);
}

#[tokio::test]
async fn the_shared_server_is_one_for_all_tests() {
    let (one, other) = tokio::join!(DevServer::shared(), DevServer::shared());
    assert_eq!(one.unwrap().uri(), other.unwrap().uri());
}

#[tokio::test]
async fn a_dropped_server_leaves_no_process_and_no_data() {
    let server = DevServer::builder().always_own().start().await.unwrap();
    let node = &server.nodes().unwrap()[0];
    let (id, folder) = (node.process_id().unwrap(), folder_of(node.log_file()));
    assert!(process_exists(id) && folder.is_dir());
    drop(server);
    assert!(!process_exists(id));
    assert!(!folder.exists());
}

#[test]
fn a_panic_leaves_no_process_and_no_data() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(DevServer::builder().always_own().start()).unwrap();
    let node = &server.nodes().unwrap()[0];
    let (id, folder) = (node.process_id().unwrap(), folder_of(node.log_file()));
    panic::catch_unwind(move || {
        let _owned = server;
        panic!("a test that fails");
    })
    .unwrap_err();
    assert!(!process_exists(id));
    assert!(!folder.exists());
}

#[test]
fn a_killed_owner_leaves_no_process_and_no_data() {
    let mut server = Owned::start(None);
    assert!(process_exists(server.process) && server.folder.is_dir());
    server.kill();
    eventually("mongod ends after its owner", || !process_exists(server.process));
    eventually("the data is deleted after the owner", || !server.folder.exists());
}

// Each collection and each index is a file, but a shell often allows only 1024 open files.
#[cfg(target_os = "linux")]
#[test]
fn a_server_may_open_as_many_files_as_the_system_allows() {
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -S -n 256 && exec \"$0\"", env!("CARGO_BIN_EXE_owner")]).env_remove("MONGODB_URI");
    let mut server = Owned::of(&mut limited);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.process)).unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let (soft, hard) = files.trim().split_once(' ').unwrap();
    assert_eq!(Some(soft), hard.split_whitespace().next(), "{limits}");
    server.kill();
}

#[tokio::test]
async fn a_kept_folder_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || DevServer::builder().always_own().keep_in(folder.path()).start().await.unwrap();

    let server = start().await;
    let things = client(&server).await.database("kept").collection::<Document>("things");
    things.insert_one(doc! { "_id": "kept" }).await.unwrap();
    let id = server.nodes().unwrap()[0].process_id().unwrap();
    drop(server);
    assert!(!process_exists(id));

    let server = start().await;
    let things = client(&server).await.database("kept").collection::<Document>("things");
    assert!(things.find_one(doc! { "_id": "kept" }).await.unwrap().is_some());
}

#[tokio::test]
async fn a_kept_folder_moves_to_another_port_if_its_own_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || DevServer::builder().always_own().keep_in(folder.path()).nodes(3).start().await.unwrap();

    let server = start().await;
    let things = client(&server).await.database("kept").collection::<Document>("things");
    things.insert_one(doc! { "_id": "kept" }).await.unwrap();
    let address = server.nodes().unwrap()[0].address().to_owned();
    drop(server);

    // Another program on the port, which closes every connection.
    let taken = std::net::TcpListener::bind(&address).unwrap();
    thread::spawn(move || taken.incoming().for_each(drop));
    let server = start().await;
    assert_ne!(server.nodes().unwrap()[0].address(), address);
    let things = client(&server).await.database("kept").collection::<Document>("things");
    assert!(things.find_one(doc! { "_id": "kept" }).await.unwrap().is_some());
}

#[tokio::test]
async fn a_second_process_connects_to_the_server_on_a_kept_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Owned::start(Some(folder.path()));
    let second = DevServer::builder().always_own().keep_in(folder.path()).start().await.unwrap();
    assert_eq!(second.uri(), first.uri);
    assert!(matches!(second.nodes(), Err(DevError::NotOwned)));

    // After the owner has ended, the next start takes over the data, even while the old server is
    // still stopping.
    first.kill();
    let third = DevServer::builder().always_own().keep_in(folder.path()).start().await.unwrap();
    assert!(third.nodes().is_ok());
    client(&third).await.database("kept").run_command(doc! { "ping": 1 }).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_closes_during_the_formation_of_the_set_does_not_fail_the_start() {
    let closes = r#"{"mode": {"times": 1}, "data": {"failCommands": ["replSetInitiate"], "closeConnection": true}}"#;
    let builder = DevServer::builder().always_own().set_parameter("failpoint.failCommand", closes);
    let server = builder.start().await.unwrap();
    let state = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    let state = client(&server).await.database("admin").run_command(state).await.unwrap();
    assert_eq!(state.get_i32("count").unwrap(), 1, "the fault was never met: {state}");
}

#[tokio::test]
async fn two_concurrent_starts_on_a_kept_folder_share_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let start = || DevServer::builder().always_own().keep_in(folder.path()).start();
    let (one, other) = tokio::join!(start(), start());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.uri(), other.uri());
    assert!(one.nodes().is_ok() != other.nodes().is_ok());
}

#[tokio::test]
async fn three_nodes_survive_the_kill_of_their_primary_and_its_restart() {
    let server = DevServer::builder().always_own().nodes(3).start().await.unwrap();
    let things = client(&server).await.database("faults").collection::<Document>("things");
    things.insert_one(doc! { "_id": "before" }).await.unwrap();

    let killed = server.primary().await.unwrap();
    killed.kill().await.unwrap();
    assert!(!killed.is_running());
    let successor = server.primary().await.unwrap();
    assert_ne!(successor.address(), killed.address());
    things.insert_one(doc! { "_id": "without it" }).await.unwrap();

    killed.restart().await.unwrap();
    assert!(killed.is_running());
    let frozen = server.primary().await.unwrap();
    frozen.freeze().await.unwrap();
    let successor = server.primary().await.unwrap();
    assert_ne!(successor.address(), frozen.address());
    assert!(frozen.is_running());
    frozen.thaw().await.unwrap();

    // All nodes have to be back for this write concern.
    let all = WriteConcern::builder().w(Acknowledgment::Nodes(3)).build();
    things.insert_one(doc! { "_id": "with all" }).write_concern(all).await.unwrap();
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 3);
}

/// On a busy machine, some threads of a busy server run on after the signal.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_node_answers_no_request_that_is_sent_after_freeze_has_returned() {
    let server = DevServer::builder().always_own().start().await.unwrap();
    let database = client(&server).await.database("admin");
    let over = Arc::new(AtomicBool::new(false));
    let mut pings = JoinSet::new();
    for _ in 0..32 {
        let (database, over) = (database.clone(), Arc::clone(&over));
        pings.spawn(async move {
            let mut answered = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let sent = Instant::now();
                database.run_command(doc! { "ping": 1 }).await.unwrap();
                answered.push((sent, Instant::now()));
            }
            answered
        });
    }
    let node = server.primary().await.unwrap();
    let mut frozen = Vec::new();
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        node.freeze().await.unwrap();
        let begin = Instant::now();
        tokio::time::sleep(Duration::from_millis(50)).await;
        frozen.push((begin, Instant::now()));
        node.thaw().await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    for (sent, answered) in pings.join_all().await.into_iter().flatten() {
        let late = frozen.iter().find(|(begin, end)| sent > *begin && answered < *end);
        assert!(late.is_none(), "answered {:?} after freeze", late.map(|(begin, _)| answered - *begin));
    }
}

#[tokio::test]
async fn a_stopped_node_keeps_its_data_and_refuses_operations_that_need_a_process() {
    let server = DevServer::builder().always_own().start().await.unwrap();
    let things = client(&server).await.database("faults").collection::<Document>("things");
    things.insert_one(doc! { "_id": 1 }).await.unwrap();
    let node = server.primary().await.unwrap();
    node.freeze().await.unwrap();
    node.stop().await.unwrap();
    node.kill().await.unwrap();
    assert_eq!(node.process_id(), None);
    assert!(matches!(node.freeze().await, Err(DevError::NodeDown { .. })));
    node.restart().await.unwrap();
    server.primary().await.unwrap();
    assert_eq!(things.count_documents(doc! {}).await.unwrap(), 1);
}

#[tokio::test]
async fn invalid_settings_are_typed_errors() {
    let start = async |builder: es_mongo::dev::DevServerBuilder| builder.always_own().start().await.unwrap_err();

    let error = start(DevServer::builder().program("/nonexistent/mongod")).await;
    assert!(matches!(&error, DevError::Program { program, .. } if program == Path::new("/nonexistent/mongod")));
    assert!(matches!(start(DevServer::builder().nodes(2)).await, DevError::NodeCount { nodes: 2 }));

    let error = start(DevServer::builder().argument("--nonsense")).await;
    assert!(matches!(&error, DevError::Exited { log, .. } if log.contains("nonsense")), "{error}");
    let error = start(DevServer::builder().start_timeout(Duration::ZERO)).await;
    assert!(matches!(error, DevError::Timeout { .. }), "{error}");

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("replica-set"), "dev1 20001 20002 20003").unwrap();
    let error = start(DevServer::builder().keep_in(folder.path())).await;
    assert!(matches!(error, DevError::KeptNodes { kept: 3, asked: 1, .. }), "{error}");
}

/// The output of the owner of a server, and its error, if an environment variable has this value.
fn started_with(name: &str, value: &str) -> (String, String) {
    let output = owner().env(name, value).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn the_environment_can_name_the_program() {
    let (_, failed) = started_with("MONGOD", "/nonexistent/mongod");
    let (error, text) = failed.split_once('\n').unwrap();
    assert!(error.starts_with("Program { program: \"/nonexistent/mongod\""), "{error}");
    assert!(text.contains("MONGOD"), "{text}");
}

#[test]
fn the_environment_can_name_a_server_of_the_user() {
    let uri = "mongodb://nowhere.invalid/?replicaSet=rs0";
    let (said, _) = started_with("MONGODB_URI", uri);
    assert_eq!(said, format!("{uri}\nNotOwned\nSome(NotOwned)\n"));
}

#[test]
fn a_fresh_database_name_is_accepted_by_mongodb() {
    let name = fresh_database_name(&"ä b/$.\"".repeat(40));
    assert!(name.len() <= 63);
    assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
}
