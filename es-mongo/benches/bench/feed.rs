//! Reads a store by position, and follows it live.
//!
//! `feed.read` reads everything; the driver reads the same documents by the same index in raw
//! batches. `feed.live` measures the time from the acknowledgement of an append to the follower: in
//! the process that appends, in a different one, and in a different one that may not open a change
//! stream.

use std::time::{Duration, Instant};

use es_core::feed::{Follower, From};
use es_core::store::{EventData, EventStore, FeedFilter, FeedStore};
use es_mongo::MongoStore;
use es_mongo::mongodb::bson::doc;
use es_mongo::mongodb::bson::raw::RawDocumentBuf;
use es_mongo::mongodb::options::{ClientOptions, Hint};
use es_mongo::mongodb::{Client, Collection};
use futures_util::StreamExt;

use crate::domain::{Ledger, append};
use crate::report::{Figures, line, median, ratio};
use crate::{Outcome, Wanted, bare};

/// The number of events that are read.
const EVENTS: u64 = 1_000_000;

/// The number of events that are followed live.
const LIVE: u64 = 500;

pub(crate) async fn run(uri: &str, wanted: &Wanted) -> Outcome {
    if wanted.part("feed", "read") {
        read(uri, EVENTS).await?;
    }
    // A shorter run, for a first look.
    if wanted.named("feed", "read_100k") {
        read(uri, 100_000).await?;
    }
    if wanted.part("feed", "live") {
        live(uri).await?;
    }
    Ok(())
}

async fn read(uri: &str, events: u64) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, "bench_feed").open().await?;
    for stream in 0..events / 1_000 {
        store.append(append(&format!("ledger-{stream}"), 0, 1_000)).await?;
    }
    let (mut raw, mut pages, mut stored, mut decoded) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..6 {
        let rates = [
            rate(events, raw_batches(&store)).await,
            rate(events, all_pages(&store, events)).await,
            rate(events, follow(store.follow(From::beginning()).read(), events)).await,
            rate(events, follow(store.follow(From::beginning()).of::<Ledger>().read(), events)).await,
        ];
        if round > 0 {
            for (figures, rate) in [&mut raw, &mut pages, &mut stored, &mut decoded].into_iter().zip(rates) {
                figures.push(rate);
            }
        }
    }
    let figures = [("driver_raw", &raw), ("pages", &pages), ("follow_stored", &stored), ("follow_decoded", &decoded)];
    for (name, rates) in figures {
        line(&format!("feed.read.{name}"), median(rates), "events/s");
    }
    ratio("feed.read.pages_to_driver", median(&pages) / median(&raw), "goal: at least 0.95");
    ratio("feed.read.follow_stored_to_driver", median(&stored) / median(&raw), "goal: at least 0.95");
    ratio("feed.read.follow_decoded_to_driver", median(&decoded) / median(&raw), "goal: at least 0.8");
    store.close().await;
    Ok(())
}

/// Events per second.
async fn rate(events: u64, read: impl Future<Output = u64>) -> f64 {
    let started = Instant::now();
    assert_eq!(read.await, events);
    #[allow(clippy::cast_precision_loss, reason = "far fewer events than a double can count")]
    let events = events as f64;
    events / started.elapsed().as_secs_f64()
}

/// The fastest way to get the bytes from the driver.
pub(crate) async fn raw_batches(store: &MongoStore) -> u64 {
    let events: Collection<RawDocumentBuf> = store.database().collection("events");
    let find = events.find(doc! { "position": { "$gt": 0_i64 } }).sort(doc! { "position": 1 });
    let mut batches = find.hint(Hint::Keys(doc! { "position": 1 })).batch().await.expect("the server answers");
    let mut count = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.expect("the server answers");
        count += batch.doc_slices().expect("a batch has documents").into_iter().count() as u64;
    }
    count
}

/// The pages of the store, each of which is read while the one before it is consumed.
async fn all_pages(store: &MongoStore, events: u64) -> u64 {
    let (mut count, mut next) = (0, store.page(None, &FeedFilter::All));
    while count < events {
        let page = next.await.expect("the server answers");
        next = store.page(page.reaches, &FeedFilter::All);
        let _ = futures_util::poll!(&mut next);
        count += page.batches.iter().map(|batch| batch.events().count() as u64).sum::<u64>();
    }
    count
}

pub(crate) async fn follow<T>(mut follower: Follower<T>, events: u64) -> u64 {
    let mut count = 0;
    while count < events {
        follower.next().await.expect("a feed does not end").expect("the server answers");
        count += 1;
    }
    count
}

async fn live(uri: &str) -> Outcome {
    let appends = MongoStore::builder(bare::client(uri).await?, "bench_live").open().await?;
    let other = MongoStore::builder(bare::client(uri).await?, "bench_live").open().await?;
    let mut options = ClientOptions::parse(uri).await?;
    options.app_name = Some("bench_blind".to_owned());
    let blind = MongoStore::builder(Client::with_options(options)?, "bench_live").open().await?;
    let denied = doc! { "failCommands": ["aggregate"], "errorCode": 13, "appName": "bench_blind" };
    let admin = Client::with_uri_str(uri).await?.database("admin");
    admin.run_command(doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": denied }).await?;
    let cases = [
        ("in_process", &appends, "goal: p50 at most 3 ms"),
        ("across_processes", &other, "goal: p50 at most 8 ms"),
        ("without_change_stream", &blind, "goal: p50 at most 300 ms"),
    ];
    for (name, follows, goal) in cases {
        let mut follower = follows.follow(From::now()).read();
        // The change stream opens in the meantime.
        let _ = tokio::time::timeout(Duration::from_secs(1), follower.next()).await;
        let events = if name == "without_change_stream" { LIVE / 10 } else { LIVE };
        let latencies = latencies(&appends, &mut follower, name, events).await;
        let mut figures = Figures::new();
        figures.round(&latencies, latencies.iter().sum());
        line(&format!("feed.live.{name}.p50"), figures.percentile(50.0), &format!("ms ({goal})"));
        line(&format!("feed.live.{name}.p99"), figures.percentile(99.0), "ms");
    }
    admin.run_command(doc! { "configureFailPoint": "failCommand", "mode": "off" }).await?;
    appends.close().await;
    Ok(())
}

async fn latencies(store: &MongoStore, follower: &mut Follower<EventData>, name: &str, events: u64) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for number in 0..events {
        // In steps that no poll of a follower shares.
        tokio::time::sleep(Duration::from_millis(3 + number * 7 % 13)).await;
        let (acknowledged, arrived) = tokio::join!(
            async {
                store.append(append(name, number, 1)).await.expect("nobody else writes to this aggregate");
                Instant::now()
            },
            async {
                follower.next().await.expect("a feed does not end").expect("the server answers");
                Instant::now()
            }
        );
        latencies.push(arrived.saturating_duration_since(acknowledged));
    }
    latencies
}
