//! The work of one process: its writers and readers on one store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use es_mongo::MongoStore;
use es_mongo::mongodb::Client;
use es_mongo::mongodb::options::ClientOptions;
use tokio::task::JoinSet;

use super::follower::follow;
use super::read_models::read_rows;
use super::record::Recorder;
use super::waits::Waits;
use super::writer::Writer;

/// The application name of the processes of a run, for fail points.
pub(super) const APPLICATION: &str = "faults";

/// The deadline of an append: shorter than the longest faults, so that some outcomes are unknown.
const DEADLINE: Duration = Duration::from_secs(4);

/// The task of one process of a run.
#[derive(Debug, Clone, clap::Args)]
pub struct Work {
    /// The connection string of the set.
    #[arg(long)]
    pub uri: String,
    /// The database.
    #[arg(long)]
    pub database: String,
    /// The number of this process.
    #[arg(long)]
    pub process: u32,
    /// The number of writers of this process.
    #[arg(long)]
    pub writers: u32,
    /// The number of aggregates that all writers share.
    #[arg(long)]
    pub streams: u32,
    /// The seed of the writers.
    #[arg(long)]
    pub seed: u64,
    /// The file for the records.
    #[arg(long)]
    pub record: PathBuf,
}

const RUNNING: u8 = 0;
const OVER: u8 = 1;
const DRAINED: u8 = 2;

/// The data that the writers and readers of a process share.
pub(super) struct Shared {
    pub(super) process: u32,
    pub(super) store: MongoStore,
    pub(super) recorder: Recorder,
    /// The number of aggregates.
    pub(super) streams: u32,
    phase: AtomicU8,
}

impl Shared {
    pub(super) fn is_over(&self) -> bool {
        self.phase.load(Ordering::Relaxed) >= OVER
    }

    /// Whether the writers of this process have ended.
    pub(super) fn is_drained(&self) -> bool {
        self.phase.load(Ordering::Relaxed) >= DRAINED
    }
}

/// A process at work.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    writers: JoinSet<()>,
    followers: JoinSet<()>,
    waits: Waits,
}

/// A store for a run.
pub(super) async fn open(uri: &str, database: &str) -> MongoStore {
    open_as(uri, database, APPLICATION).await
}

/// The same for a process with a different application name.
pub(super) async fn open_as(uri: &str, database: &str, application: &str) -> MongoStore {
    let mut options = ClientOptions::parse(uri).await.unwrap();
    options.app_name = Some(application.to_owned());
    options.server_selection_timeout = Some(Duration::from_secs(3));
    // A simulated error does not wake the driver's monitor, as a real election would.
    options.heartbeat_freq = Some(Duration::from_millis(500));
    let client = Client::with_options(options).unwrap();
    MongoStore::builder(client, database).append_deadline(DEADLINE).open().await.unwrap()
}

impl Worker {
    pub(super) async fn start(work: &Work) -> Self {
        let store = open(&work.uri, &work.database).await;
        let recorder = Recorder::into_file(&work.record);
        let waits = Waits::of_this_process();
        let phase = AtomicU8::new(RUNNING);
        let shared = Arc::new(Shared { process: work.process, store, recorder, streams: work.streams, phase });
        let (mut writers, mut followers) = (JoinSet::new(), JoinSet::new());
        for writer in 0..work.writers {
            // A number in the run, so that writers of different processes share an aggregate.
            let writer = work.process * work.writers + writer;
            writers.spawn(Writer::new(Arc::clone(&shared), writer, work.streams, work.seed).run());
        }
        followers.spawn(follow(Arc::clone(&shared), format!("reader of process {}", work.process)));
        followers.spawn(read_rows(Arc::clone(&shared)));
        Self { shared, writers, followers, waits }
    }

    /// Lets all writers finish their current appends.
    pub(super) async fn finish(self) {
        self.shared.phase.store(OVER, Ordering::Relaxed);
        // A panic of a writer must not look like its end.
        self.writers.join_all().await;
        self.shared.phase.store(DRAINED, Ordering::Relaxed);
        self.followers.join_all().await;
        self.shared.store.close().await;
        self.shared.recorder.finish(self.waits.longest());
    }
}

impl Work {
    /// Works until standard input ends: on request, or because the other process has ended.
    ///
    /// # Panics
    ///
    /// If the store cannot be opened.
    pub async fn until_stopped(&self) {
        let worker = Worker::start(self).await;
        let told = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        told.await.unwrap().unwrap();
        worker.finish().await;
    }
}
