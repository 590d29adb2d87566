//! The metrics for monitoring. They use the [`metrics`] facade: install a recorder of your choice
//! to collect them.
//!
//! | name | kind | labels | description |
//! |---|---|---|---|
//! | `es_mongo_events_appended_total` | counter | | recorded events; its rate is events per second |
//! | `es_mongo_append_seconds` | histogram | `outcome` | time from the call of an append to its answer |
//! | `es_mongo_append_conflicts_total` | counter | | appends whose expected version was not the current one |
//! | `es_mongo_append_retries_total` | counter | `reason` | further attempts of the appender after the first: `position` (another process was faster), `unavailable`, `unknown` |
//! | `es_mongo_commit_seconds` | histogram | | time of one commit of the appender |
//! | `es_mongo_batch_appends` | histogram | | number of appends in one commit |
//! | `es_mongo_queue_appends` | gauge | | appends that wait for the commit before theirs |
//! | `es_mongo_load_seconds` | histogram | | time to read one stream, including decoding |
//! | `es_mongo_load_events` | histogram | | events read from one stream; its mean is the average size of an aggregate, minus the events that snapshots make unnecessary |
//! | `es_mongo_snapshots_total` | counter | `aggregate`, `outcome` | snapshots taken |
//! | `es_mongo_snapshot_seconds` | histogram | `aggregate` | time to take a snapshot |
//! | `es_mongo_snapshots_passed_over_total` | counter | `aggregate` | snapshots that were read, did not decode and were ignored |
//! | `es_mongo_events_archived_total` | counter | `aggregate` | events that the archive has moved |
//! | `es_mongo_documents_migrated_total` | counter | `aggregate` | documents that a migration has converted to aggregates |
//! | `es_mongo_follow_open_seconds` | histogram | | how long a follower waited for a position whose event was not recorded yet |
//! | `es_mongo_follow_skips_total` | counter | | positions that followers have recorded as skipped, because no writer has recorded an event there |
//! | `es_mongo_follow_blocked_total` | counter | `reason` | failed attempts to record a skip, about one a second while followers wait: `denied` (the user may not write, so a follower with the role of a writer has to do it), `refused`, `unavailable` |
//! | `es_mongo_follow_unreported_total` | counter | | failures of the change stream; until it is open again, followers look for new events several times a second |
//! | `es_mongo_fold_commit_seconds` | histogram | `read_model`, `outcome` | time of one commit of rows with their checkpoint: `committed`, `lost` (the lease belongs to another process, so nothing was written), `failed`; its count is the number of batches |
//! | `es_mongo_fold_rows_total` | counter | `read_model` | rows that were written or removed |
//! | `es_mongo_fold_leases_total` | counter | `read_model` | leases of partitions that this process has taken |
//! | `es_mongo_fold_lag_positions` | gauge | `read_model`, `partition` | positions between the checkpoint and the newest position that this process knows, after each commit of this process; `ReadModelStore::health` computes the lag of all partitions from what is stored |
//! | `es_mongo_rows_read_seconds` | histogram | `read_model` | time of one read of rows by their keys and of their checkpoint, for a fold or for a reader |
//! | `es_mongo_verify_findings_total` | counter | `aggregate` | findings of `verify` |
//! | `es_mongo_verify_seconds` | histogram | `aggregate` | time of one run of `verify` |
//!
//! All spans of `tracing` are at level `debug`: `append`, `newest_snapshot`, `put_snapshot`,
//! `trace`, `stats`, `archive`, `migrate`, `verify`, and `load` of the gradual switch.

use std::time::{Duration, Instant};

use es_core::StoreError;
use es_core::store::{Appended, Partition, ReadModelId};

/// A stopwatch that runs from its creation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timer(Instant);

impl Timer {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    fn seconds(self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

pub(crate) fn appended(timer: Timer, answer: &Result<Appended, StoreError>) {
    let outcome = match answer {
        Ok(Appended::Now(receipt)) => {
            metrics::counter!("es_mongo_events_appended_total").increment(receipt.stamps.len() as u64);
            "appended"
        }
        Ok(Appended::Already(_)) => "already_appended",
        Err(StoreError::Conflict { .. }) => {
            metrics::counter!("es_mongo_append_conflicts_total").increment(1);
            "conflict"
        }
        Err(StoreError::OutcomeUnknown { .. }) => "unknown",
        Err(_) => "failed",
    };
    metrics::histogram!("es_mongo_append_seconds", "outcome" => outcome).record(timer.seconds());
}

pub(crate) fn append_retried(reason: &'static str) {
    metrics::counter!("es_mongo_append_retries_total", "reason" => reason).increment(1);
}

#[allow(clippy::cast_precision_loss, reason = "a batch has far fewer appends than a double can count")]
pub(crate) fn committed(timer: Timer, appends: usize) {
    metrics::histogram!("es_mongo_commit_seconds").record(timer.seconds());
    metrics::histogram!("es_mongo_batch_appends").record(appends as f64);
}

#[allow(clippy::cast_precision_loss, reason = "a queue has far fewer appends than a double can count")]
pub(crate) fn queued(appends: usize) {
    metrics::gauge!("es_mongo_queue_appends").set(appends as f64);
}

#[allow(clippy::cast_precision_loss, reason = "a stream has far fewer events than a double can count")]
pub(crate) fn loaded(timer: Timer, events: u64) {
    metrics::histogram!("es_mongo_load_seconds").record(timer.seconds());
    metrics::histogram!("es_mongo_load_events").record(events as f64);
}

pub(crate) fn snapshot_taken(aggregate: &str, timer: Timer, kept: bool) {
    let outcome = if kept { "kept" } else { "failed" };
    let aggregate = aggregate.to_owned();
    metrics::counter!("es_mongo_snapshots_total", "aggregate" => aggregate.clone(), "outcome" => outcome).increment(1);
    metrics::histogram!("es_mongo_snapshot_seconds", "aggregate" => aggregate).record(timer.seconds());
}

pub(crate) fn snapshot_passed_over(aggregate: &str) {
    metrics::counter!("es_mongo_snapshots_passed_over_total", "aggregate" => aggregate.to_owned()).increment(1);
}

pub(crate) fn archived(aggregate: &'static str, events: u64) {
    metrics::counter!("es_mongo_events_archived_total", "aggregate" => aggregate).increment(events);
}

pub(crate) fn migrated(aggregate: &'static str, documents: u64) {
    metrics::counter!("es_mongo_documents_migrated_total", "aggregate" => aggregate).increment(documents);
}

pub(crate) fn position_was_open(time: Duration) {
    metrics::histogram!("es_mongo_follow_open_seconds").record(time.as_secs_f64());
}

pub(crate) fn positions_skipped(positions: u64) {
    metrics::counter!("es_mongo_follow_skips_total").increment(positions);
}

pub(crate) fn position_not_decided(reason: &'static str) {
    metrics::counter!("es_mongo_follow_blocked_total", "reason" => reason).increment(1);
}

/// The result of a commit of rows, or of a checkpoint alone.
#[derive(Debug)]
pub(crate) struct FoldCommit<'a> {
    pub(crate) partition: &'a Partition,
    pub(crate) rows: usize,
    /// The positions that are not folded yet, as far as this process knows.
    pub(crate) lag: u64,
}

#[allow(clippy::cast_precision_loss, reason = "a double counts more positions than a store will have")]
pub(crate) fn rows_committed(timer: Timer, commit: &FoldCommit<'_>, committed: &Result<bool, StoreError>) {
    let FoldCommit { partition, rows, lag } = commit;
    let read_model = partition.model.to_string();
    let outcome = match committed {
        Ok(true) => "committed",
        Ok(false) => "lost",
        Err(_) => "failed",
    };
    // A checkpoint that moves alone is not a batch.
    if *rows > 0 || outcome != "committed" {
        metrics::histogram!("es_mongo_fold_commit_seconds", "read_model" => read_model.clone(), "outcome" => outcome)
            .record(timer.seconds());
    }
    if outcome == "committed" {
        metrics::counter!("es_mongo_fold_rows_total", "read_model" => read_model.clone()).increment(*rows as u64);
        let number = partition.number.to_string();
        metrics::gauge!("es_mongo_fold_lag_positions", "read_model" => read_model, "partition" => number)
            .set(*lag as f64);
    }
}

pub(crate) fn lease_taken(read_model: &ReadModelId) {
    metrics::counter!("es_mongo_fold_leases_total", "read_model" => read_model.to_string()).increment(1);
}

pub(crate) fn rows_read(timer: Timer, read_model: &ReadModelId) {
    metrics::histogram!("es_mongo_rows_read_seconds", "read_model" => read_model.to_string()).record(timer.seconds());
}

pub(crate) fn change_stream_failed() {
    metrics::counter!("es_mongo_follow_unreported_total").increment(1);
}

pub(crate) fn verified(aggregate: &'static str, timer: Timer, findings: u64) {
    metrics::counter!("es_mongo_verify_findings_total", "aggregate" => aggregate).increment(findings);
    metrics::histogram!("es_mongo_verify_seconds", "aggregate" => aggregate).record(timer.seconds());
}
