//! Commands for operators: snapshots, the archive, the daily check.

use std::process::ExitCode;
use std::time::Duration;

use es_core::Timestamp;
use es_mongo::{ArchiveReport, VerificationReport};
use serde::Serialize;

use crate::connect::Connection;
use crate::domain::Invoice;
use crate::failure::Failure;
use crate::view::{Show, View, bar, count};

pub async fn snapshot(connection: &Connection, id: &str, view: View) -> Result<(), Failure> {
    let version = connection.invoices().take_snapshot(id).await?.get();
    Ok(view.one(&Snapshot { id: id.to_owned(), version })?)
}

pub async fn archive(connection: &Connection, older_than_days: u32, view: View) -> Result<ExitCode, Failure> {
    let age = Duration::from_secs(u64::from(older_than_days) * 24 * 60 * 60);
    let archived = archive_before(connection, Timestamp::now().minus(age)).await?;
    view.one(&archived)?;
    Ok(if archived.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Moves every event from before a time, if it may be moved.
pub async fn archive_before(connection: &Connection, time: Timestamp) -> Result<Archived, Failure> {
    let bar = bar(None, "archiving events");
    let progress = bar.clone();
    let report = connection
        .store
        .archive::<Invoice>(time)
        .progress(move |report| progress.set_position(report.moved))
        .run()
        .await?;
    bar.finish_and_clear();
    Ok(report.into())
}

pub async fn verify(connection: &Connection, view: View) -> Result<ExitCode, Failure> {
    let verified = check(connection).await?;
    view.one(&verified)?;
    Ok(if verified.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads all stored data, and reports what is inconsistent.
pub async fn check(connection: &Connection) -> Result<Verified, Failure> {
    let bar = bar(None, "checking events");
    let progress = bar.clone();
    let report =
        connection.store.verify::<Invoice>().progress(move |report| progress.set_position(report.events)).run().await?;
    bar.finish_and_clear();
    Ok(report.into())
}

#[derive(Debug, Serialize)]
struct Snapshot {
    id: String,
    version: u64,
}

impl Show for Snapshot {
    fn text(&self) -> String {
        format!("snapshot of {} at version {}", self.id, self.version)
    }
}

/// The result of an archive run.
#[derive(Debug, Serialize)]
pub struct Archived {
    streams: u64,
    moved: u64,
    finished: u64,
    snapshots: u64,
    kept: u64,
    failed: u64,
    failures: Vec<String>,
}

impl From<ArchiveReport> for Archived {
    fn from(report: ArchiveReport) -> Self {
        let ArchiveReport { streams, moved, finished, snapshots, kept, failed, failures, .. } = report;
        let failures = failures.iter().map(ToString::to_string).collect();
        Self { streams, moved, finished, snapshots, kept, failed, failures }
    }
}

impl Show for Archived {
    fn text(&self) -> String {
        let [streams, moved, snapshots, kept] = [self.streams, self.moved, self.snapshots, self.kept].map(count);
        let finished = match self.finished {
            0 => String::new(),
            finished => format!(", {} of them from an earlier run that was stopped", count(finished)),
        };
        let mut lines = vec![format!(
            "{moved} events moved to the archive{finished}; {kept} old events kept; {snapshots} snapshots taken; {streams} invoices checked"
        )];
        if self.failed > 0 {
            lines.push(format!("{} invoices cannot be archived:", count(self.failed)));
            lines.extend(self.failures.iter().cloned());
        }
        lines.join("\n")
    }
}

/// The result of the check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    sound: bool,
    streams: u64,
    events: u64,
    snapshots: u64,
    total_findings: u64,
    findings: Vec<String>,
}

impl From<VerificationReport> for Verified {
    fn from(report: VerificationReport) -> Self {
        Self {
            sound: report.is_sound(),
            streams: report.streams,
            events: report.events,
            snapshots: report.snapshots,
            total_findings: report.total_findings,
            findings: report.findings.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Show for Verified {
    fn text(&self) -> String {
        let [streams, events, snapshots] = [self.streams, self.events, self.snapshots].map(count);
        let verdict = if self.sound { "sound".to_owned() } else { format!("{} findings", count(self.total_findings)) };
        let mut lines = vec![format!("{verdict}: {events} events of {streams} invoices, {snapshots} snapshots")];
        lines.extend(self.findings.iter().cloned());
        lines.join("\n")
    }
}
