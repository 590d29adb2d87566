//! The peak memory of a process that appends with 1,024 writers, and of one that loads a long
//! stream.

use std::process::Command;

use es_core::store::EventStore;
use es_core::{Repository, SnapshotPolicy};
use es_mongo::MongoStore;
use tokio::task::JoinSet;

use crate::domain::{Ledger, append};
use crate::load::fill;
use crate::report::line;
use crate::{Outcome, bare};

const WRITERS: u64 = 1_024;
const EVENTS: u64 = 100_000;
const DATABASE: &str = "bench_memory";
const STREAM: &str = "long";

/// Each measurement runs in a separate process, because the peak of a process never decreases.
pub(crate) async fn run(uri: &str) -> Outcome {
    let store = MongoStore::builder(bare::client(uri).await?, DATABASE).open().await?;
    fill(&store, STREAM, EVENTS).await;
    store.close().await;
    for work in ["idle", "append", "load"] {
        let mut process = Command::new(std::env::current_exe()?);
        process.args(["memory-worker", uri, work]);
        let output = tokio::task::spawn_blocking(move || process.output()).await??;
        let text = String::from_utf8(output.stdout)?;
        match text.trim().parse::<f64>() {
            Ok(kibibytes) => line(&format!("memory.{work}.peak"), kibibytes / 1_024.0, "MiB"),
            Err(_) => println!("memory.{work}.peak is known on Linux only, or failed: {}", text.trim()),
        }
    }
    Ok(())
}

/// The child process: does its work, then prints its peak in KiB.
pub(crate) async fn work(arguments: &[String]) -> Outcome {
    let [uri, work] = arguments else { return Err("usage: memory-worker URI WORK".into()) };
    let store = MongoStore::builder(bare::client(uri).await?, DATABASE).open().await?;
    match work.as_str() {
        "append" => {
            let mut writers = JoinSet::new();
            for writer in 0..WRITERS {
                let store = store.clone();
                writers.spawn(async move {
                    for version in 0..EVENTS / WRITERS {
                        let append = append(&format!("short-{writer}"), version, 1);
                        store.append(append).await.expect("nobody else writes to this aggregate");
                    }
                });
            }
            writers.join_all().await;
        }
        "load" => {
            let ledgers = Repository::<Ledger>::new(&store).with_snapshots(SnapshotPolicy::Never);
            assert_eq!(ledgers.load(STREAM).await?.postings, EVENTS);
        }
        _ => {}
    }
    store.close().await;
    println!("{}", peak()?);
    Ok(())
}

/// The peak memory of this process in KiB.
pub(crate) fn peak() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the peak is not reported")?;
    Ok(peak.trim().trim_end_matches(" kB").parse()?)
}
