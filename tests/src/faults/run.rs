//! One run from its start to its verdict.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::Timestamp;
use es_mongo::MongoStore;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::clock;
use super::cluster::Cluster;
use super::inject::inject;
use super::judge::{Verdict, judge};
use super::plan::{Fault, Kind, draw};
use super::process::{Other, resident_mib};
use super::read_models::{self, Projectors};
use super::record::{self, Ended};
use super::table;
use super::tally::Tally;
use super::worker::{Work, Worker, open};
use crate::history::{History, Nanos};

/// After a fault, this many appends prove that the service has returned.
const SERVICE: u64 = 20;
const SERVICE_WITHIN: Duration = Duration::from_secs(60);
/// After this time without service, the run prints what keeps the server busy.
const LONG: Duration = Duration::from_secs(15);
/// How long abandoned operations may still be in the network before the verdict.
const SETTLES: Duration = Duration::from_secs(3);
/// The age at which an event is archived, and the interval between archive runs.
const ARCHIVED_AFTER: Duration = Duration::from_secs(60);
pub(super) const DATABASE: &str = "faults";

/// The parameters of a run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The seed of the order and the timing of the faults.
    pub seed: u64,
    /// The kinds of faults.
    pub kinds: Vec<Kind>,
    /// The number of faults.
    pub faults: usize,
    /// The shortest interval between two faults; from the seed if it is `None`.
    pub every: Option<Duration>,
    /// The number of processes, each with writers and a reader.
    pub processes: u32,
    /// The number of writers of all processes together.
    pub writers: u32,
    /// Whether old events are archived during the run.
    pub archive: bool,
    /// The program for the other processes.
    pub program: PathBuf,
}

/// A fault that was carried out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened {
    pub(super) kind: Kind,
    pub(super) began: Nanos,
    /// `false` if a fail point never acted.
    pub(super) took_hold: bool,
}

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The table of faults and their effects.
    pub table: String,
    /// Every broken rule, in words.
    pub broken: Vec<String>,
}

impl Run {
    /// Carries out the run.
    ///
    /// # Panics
    ///
    /// If the set cannot be started, or does not recover from a fault.
    pub async fn run(self) -> Outcome {
        let plan = draw(self.seed, &self.kinds, self.faults);
        let cluster = Cluster::start().await;
        let folder = tempfile::tempdir().unwrap();
        let work = |process: u32| Work {
            uri: cluster.uri(),
            database: DATABASE.to_owned(),
            process,
            writers: (self.writers / self.processes).max(1),
            streams: (self.writers / 2).max(2),
            seed: self.seed,
            record: folder.path().join(format!("record-{process}")),
        };
        let work: Vec<Work> = (0..self.processes).map(work).collect();
        let (own, others) = work.split_first().expect("a run has a process");
        let worker = Worker::start(own).await;
        let projectors = Projectors::start(self.program.clone(), cluster.uri());
        let others: Vec<Other> = others.iter().map(|work| Other::start(&self.program, work)).collect();
        let (stop, stopped) = oneshot::channel();
        let archive = self.archive.then(|| tokio::spawn(archive(worker.shared.store.clone(), stopped)));
        let happened = self.carry_out(&cluster, &plan, &worker, &others, &projectors).await;
        let ended = clock::now();
        drop(stop);
        if let Some(archive) = archive {
            archive.await.unwrap();
        }
        for other in others {
            other.finish().await;
        }
        worker.finish().await;
        projectors.finish().await;
        println!("memory before the verdict: {} MiB", resident_mib(std::process::id()));
        sleep(SETTLES).await;

        let store = open(&cluster.uri(), DATABASE).await;
        let undisturbed = self.kinds.iter().all(|kind| kind.elects_nobody_and_kills_no_writer());
        let mut history = History { undisturbed, ..History::default() };
        let mut told = Ended::default();
        for work in &work {
            told = told.and(record::read(&work.record, work.process, &mut history));
        }
        let verdict: Verdict = judge(&store, history).await;
        let broken = verdict.broken.iter().map(|broken| format!("{broken:?}")).chain(verdict.findings.clone());
        Outcome { table: table::text(&verdict, told, &happened, ended), broken: broken.collect() }
    }

    async fn carry_out(
        &self,
        cluster: &Cluster,
        plan: &[Fault],
        worker: &Worker,
        others: &[Other],
        projectors: &Projectors,
    ) -> Vec<Happened> {
        service_returns(worker, cluster, "the set was started").await;
        rows_follow(worker, "the set was started").await;
        let started = Instant::now();
        let mut happened = Vec::with_capacity(plan.len());
        for (number, fault) in plan.iter().enumerate() {
            let (began, at) = (clock::now(), Instant::now());
            let met = inject(cluster, projectors, *fault, &self.program).await;
            service_returns(worker, cluster, &fault.kind.to_string()).await;
            rows_follow(worker, &fault.kind.to_string()).await;
            let took_hold = met != Some(0);
            let met = met.map_or(String::new(), |met| format!(", met {met} times"));
            println!(
                "{:6.1} s: {}: {}{met}; memory of a process at most {} MiB",
                started.elapsed().as_secs_f64(),
                number + 1,
                fault.kind,
                others.iter().map(Other::id).chain([std::process::id()]).map(resident_mib).max().unwrap_or_default(),
            );
            happened.push(Happened { kind: fault.kind, began, took_hold });
            match self.every {
                Some(every) => sleep(every.saturating_sub(at.elapsed())).await,
                None => sleep(fault.rest).await,
            }
        }
        happened
    }
}

/// Waits until enough appends are acknowledged again.
async fn service_returns(worker: &Worker, cluster: &Cluster, after: &str) {
    let started = Instant::now();
    let shared = Arc::clone(&worker.shared);
    let before = shared.recorder.acknowledged();
    let mut told = false;
    while shared.recorder.acknowledged() < before + SERVICE {
        assert!(
            started.elapsed() < SERVICE_WITHIN,
            "nothing is acknowledged after: {after}; {}",
            cluster.what_clients_do().await
        );
        if started.elapsed() > LONG && !std::mem::replace(&mut told, true) {
            println!("nothing is acknowledged for {LONG:?} after: {after}; {}", cluster.what_clients_do().await);
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until every partition of the read models contains what is recorded now.
async fn rows_follow(worker: &Worker, after: &str) {
    let started = Instant::now();
    let position = worker.shared.recorder.highest_position();
    while let Err(error) = read_models::ready(&worker.shared.store, position).await {
        assert!(read_models::may_happen(&error), "a read model is not folded any more after: {after}: {error}");
        assert!(started.elapsed() < SERVICE_WITHIN, "a read model does not follow after: {after}: {error}");
    }
}

/// Archives old events repeatedly. If a fault ends a run, the next one finishes it.
async fn archive(store: MongoStore, mut stopped: oneshot::Receiver<()>) {
    while tokio::time::timeout(ARCHIVED_AFTER, &mut stopped).await.is_err() {
        match store.archive::<Tally>(Timestamp::now().minus(ARCHIVED_AFTER)).run().await {
            Ok(report) => println!("archive: {} events moved, {} finished", report.moved, report.finished),
            Err(error) => println!("archive: ended by {error}"),
        }
    }
}
