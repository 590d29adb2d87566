//! Three nodes, many writers, and the nodes fail: what was acknowledged is there, once, in order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use es_core::{Append, EventStore, ExpectedVersion, IntoEvents, Metadata, NewEvent, StoreError, StreamId, Version};
use es_mongo::MongoStore;
use es_mongo::dev::DevServer;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::{Document, doc};
use futures_util::TryStreamExt;
use tests::counter::{Counter, CounterEvent, OneAdded};
use tests::history::{Answer, Asked, Stored, check};
use tokio::task::JoinSet;

const WRITERS: usize = 16;
/// Several writers share a stream, so that there are conflicts too.
const STREAMS: usize = 6;

/// What all writers and readers of a run share.
struct Run {
    server: DevServer,
    store: MongoStore,
    over: AtomicBool,
    acknowledged: AtomicU64,
}

fn append(stream: &str, version: Version, mark: &str) -> Append {
    let event: CounterEvent = OneAdded { by: mark.to_owned() }.into_events().remove(0);
    let event = NewEvent::encode(&event, Metadata::new()).unwrap();
    let stream = StreamId::of::<Counter>(stream).unwrap();
    Append::new(stream, ExpectedVersion::observed(version), vec![event])
}

/// Appends until the run is over, and keeps a record of everything that was answered.
async fn write(run: Arc<Run>, writer: usize) -> Vec<Asked> {
    let stream = format!("s{}", writer % STREAMS);
    let (mut asked, mut version, mut number) = (Vec::new(), Version::NONE, 0);
    while !run.over.load(Ordering::Relaxed) {
        number += 1;
        let mark = format!("w{writer}-{number}");
        let answer = run.store.append(append(&stream, version, &mark)).await;
        version = match &answer {
            Ok(appended) => {
                run.acknowledged.fetch_add(1, Ordering::Relaxed);
                appended.receipt().version
            }
            Err(StoreError::Conflict { actual, .. }) => *actual,
            // Nobody knows what the version is now.
            Err(_) => head(&run, &stream).await.unwrap_or(version),
        };
        asked.push(Asked { mark, stream: stream.clone(), answer: Answer::of(&answer) });
    }
    asked
}

async fn head(run: &Run, stream: &str) -> Option<Version> {
    run.store.head(&StreamId::of::<Counter>(stream).unwrap()).await.ok()
}

/// Follows the positions while writers run: a reader that has seen one has seen all before it.
async fn follow(run: Arc<Run>) -> i64 {
    let events = run.store.database().collection::<Document>("events");
    let mut last = 0;
    while !run.over.load(Ordering::Relaxed) {
        let read_concern = es_mongo::mongodb::options::ReadConcern::majority();
        let later =
            events.find(doc! { "position": { "$gt": last } }).sort(doc! { "position": 1 }).read_concern(read_concern);
        let Ok(found) = later.await else { continue };
        let Ok(found) = found.try_collect::<Vec<Document>>().await else { continue };
        for event in found {
            let position = event.get_i64("position").unwrap();
            assert_eq!(position, last + 1, "a reader that follows positions would have missed one");
            last = position;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    last
}

async fn stored(uri: &str) -> Vec<Stored> {
    let client = Client::with_uri_str(uri).await.unwrap();
    let events = client.database("failover").collection::<Document>("events");
    let all: Vec<Document> = events.find(doc! {}).await.unwrap().try_collect().await.unwrap();
    all.iter()
        .map(|event| Stored {
            mark: event.get_document("eventData").unwrap().get_str("by").unwrap().to_owned(),
            stream: event.get_str("aggregateId").unwrap().to_owned(),
            sequence: u64::try_from(event.get_i64("sequenceNumber").unwrap()).unwrap(),
            position: u64::try_from(event.get_i64("position").unwrap()).unwrap(),
        })
        .collect()
}

/// Waits until something was acknowledged again, and says how long that took.
async fn service_returns(run: &Run) -> Duration {
    let started = Instant::now();
    let before = run.acknowledged.load(Ordering::Relaxed);
    while run.acknowledged.load(Ordering::Relaxed) < before + 20 {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing is acknowledged any more");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    started.elapsed()
}

async fn each_fault(run: &Run) -> BTreeMap<&'static str, Duration> {
    let mut without_service = BTreeMap::new();
    let server = &run.server;
    service_returns(run).await;

    let primary = server.primary().await.unwrap();
    primary.kill().await.unwrap();
    without_service.insert("primary killed", service_returns(run).await);
    primary.restart().await.unwrap();

    let primary = server.primary().await.unwrap();
    let direct = Client::with_uri_str(format!("mongodb://{}/?directConnection=true", primary.address())).await.unwrap();
    // The answer may be cut off by the step-down itself.
    let _ = direct.database("admin").run_command(doc! { "replSetStepDown": 5, "force": true }).await;
    without_service.insert("primary stepped down", service_returns(run).await);

    let primary = server.primary().await.unwrap();
    primary.freeze().await.unwrap();
    let waited = service_returns(run).await;
    primary.thaw().await.unwrap();
    without_service.insert("primary frozen", waited);

    let primary = server.primary().await.unwrap();
    let secondary = server.nodes().unwrap().iter().find(|node| node.address() != primary.address()).unwrap();
    secondary.kill().await.unwrap();
    without_service.insert("secondary killed", service_returns(run).await);
    secondary.restart().await.unwrap();

    for node in server.nodes().unwrap() {
        node.kill().await.unwrap();
    }
    for node in server.nodes().unwrap() {
        node.restart().await.unwrap();
    }
    without_service.insert("all nodes restarted", service_returns(run).await);
    without_service
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_nodes_die_step_down_or_freeze() {
    let server = DevServer::builder().nodes(3).always_own().start().await.unwrap();
    let store = MongoStore::connect(server.uri(), "failover").await.unwrap();
    let run = Arc::new(Run { server, store, over: AtomicBool::new(false), acknowledged: AtomicU64::new(0) });
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(Arc::clone(&run), writer));
    }
    let reader = tokio::spawn(follow(Arc::clone(&run)));
    let without_service = each_fault(&run).await;
    run.over.store(true, Ordering::Relaxed);
    let asked: Vec<Asked> = writers.join_all().await.into_iter().flatten().collect();
    let followed = reader.await.unwrap();

    let stored = stored(run.server.uri()).await;
    let broken = check(&asked, &stored);
    let count = |wanted: fn(&Answer) -> bool| asked.iter().filter(|asked| wanted(&asked.answer)).count();
    println!(
        "asked {}, acknowledged {}, refused {}, unknown {}, stored {}, followed {followed}",
        asked.len(),
        count(|answer| matches!(answer, Answer::Acknowledged { .. })),
        count(|answer| matches!(answer, Answer::Refused)),
        count(|answer| matches!(answer, Answer::Unknown)),
        stored.len(),
    );
    for (fault, duration) in without_service {
        println!("{fault}: service again after {duration:.1?}");
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
