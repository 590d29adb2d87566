//! The table of faults and their effects.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{Table, presets::ASCII_MARKDOWN};

use super::follower::AFTER_THE_END;
use super::judge::Verdict;
use super::plan::Kind;
use super::record::Ended;
use super::run::Happened;
use super::service::longest_without;
use crate::history::{Answer, Broken, Harm, History, Mark, Nanos};

#[derive(Default)]
struct Row {
    injected: usize,
    asked: usize,
    acknowledged: usize,
    already: usize,
    conflicts: usize,
    refused: usize,
    unknown: usize,
    longest: Duration,
}

impl Row {
    fn count(&mut self, answer: Answer) {
        self.asked += 1;
        *match answer {
            Answer::Acknowledged(_) => &mut self.acknowledged,
            Answer::Already(_) => &mut self.already,
            Answer::Conflict => &mut self.conflicts,
            Answer::Refused => &mut self.refused,
            Answer::Unknown => &mut self.unknown,
        } += 1;
    }

    fn cells(&self, name: &str) -> Vec<String> {
        let counts =
            [self.injected, self.asked, self.acknowledged, self.already, self.conflicts, self.refused, self.unknown];
        let mut cells = vec![name.to_owned()];
        cells.extend(counts.map(|count| count.to_string()));
        cells.push(format!("{:.1} s", self.longest.as_secs_f64()));
        cells
    }
}

/// The table, and the lines with counts below it.
pub(super) fn text(verdict: &Verdict, told: Ended, happened: &[Happened], ended: Nanos) -> String {
    let mut asked: Vec<(Nanos, Answer)> =
        verdict.history.asked.iter().map(|asked| (asked.answered, asked.answer)).collect();
    asked.sort_by_key(|(answered, _)| *answered);
    let acknowledged = asked.iter().filter(|(_, answer)| matches!(answer, Answer::Acknowledged(_)));
    let acknowledged: Vec<Nanos> = acknowledged.map(|(answered, _)| *answered).collect();

    let mut rows: BTreeMap<Kind, Row> = BTreeMap::new();
    let injected = happened.iter().filter(|fault| fault.took_hold).count();
    let mut all = Row { injected, ..Row::default() };
    for (_, answer) in &asked {
        all.count(*answer);
    }
    let ends = happened.iter().skip(1).map(|next| next.began).chain([ended]);
    for (fault, until) in happened.iter().zip(ends) {
        let row = rows.entry(fault.kind).or_default();
        row.injected += usize::from(fault.took_hold);
        row.longest = row.longest.max(longest_without(&acknowledged, fault.began, until));
        let from = asked.partition_point(|(answered, _)| *answered < fault.began);
        for (_, answer) in asked[from..].iter().take_while(|(answered, _)| *answered < until) {
            row.count(*answer);
        }
    }
    all.longest = rows.values().map(|row| row.longest).max().unwrap_or_default();

    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header([
        "fault",
        "injected",
        "appends tried",
        "acknowledged",
        "already",
        "conflict",
        "unavailable",
        "unknown",
        "longest without service",
    ]);
    for (kind, row) in &rows {
        table.add_row(row.cells(&kind.to_string()));
    }
    table.add_row(all.cells("all"));
    format!("{table}\n\n{}", zeros(verdict, told))
}

fn zeros(verdict: &Verdict, told: Ended) -> String {
    let count = |harm: Harm| verdict.broken.iter().filter(|broken: &&Broken| broken.harm() == harm).count();
    let found = verdict.history.resolved.iter().filter(|resolved| resolved.found.is_some()).count();
    let mut text = format!(
        "lost {}, duplicated {}, out of order {}, missed by readers {}, wrong rows {}, wrong answers {}, found by verify {}\n",
        count(Harm::Lost),
        count(Harm::Duplicated),
        count(Harm::OutOfOrder),
        count(Harm::Missed),
        count(Harm::Misfolded),
        count(Harm::Untrue),
        verdict.findings.len(),
    );
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "unknown outcomes resolved: {} recorded, {} not recorded\nstored events {}, of which in the archive {}, snapshots {}",
        found,
        verdict.history.resolved.len() - found,
        verdict.history.stored.len(),
        verdict.archived,
        verdict.snapshots,
    );
    let _ = writeln!(
        text,
        "skips recorded {}, longest time that a reader waited for an open position {:.1} s, \
         longest time from an acknowledgement to a reader {:.1} s",
        verdict.history.skipped.len(),
        told.longest_wait.as_secs_f64(),
        longest_delay(&verdict.history).as_secs_f64(),
    );
    let _ = writeln!(
        text,
        "rows of read models {}, read during the run {} times, not read because of a fault {} times, \
         longest time until a read contained its position {:.1} s, leases taken {}",
        verdict.history.rows.len(),
        verdict.history.row_reads.len(),
        told.rows_not_read,
        told.longest_row.as_secs_f64(),
        verdict.leases,
    );
    for (name, reader) in &verdict.history.readers {
        let _ = writeln!(text, "{name} has seen {} events", reader.seen.len());
    }
    text
}

/// The longest time between the acknowledgement of an append and its arrival at a reader, also
/// while a fault holds up the reader.
fn longest_delay(history: &History) -> Duration {
    let acknowledged: BTreeMap<Mark, Nanos> = history
        .asked
        .iter()
        .filter(|asked| matches!(asked.answer, Answer::Acknowledged(_)))
        .map(|asked| (asked.mark, asked.answered))
        .collect();
    let live = history.readers.values().filter(|reader| reader.process != AFTER_THE_END);
    let seen = live.flat_map(|reader| &reader.seen);
    let delays = seen.filter_map(|seen| Some(seen.given.0.saturating_sub(acknowledged.get(&seen.mark)?.0)));
    Duration::from_nanos(delays.max().unwrap_or_default())
}
