//! Imports invoices from a CSV file, many concurrently.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

use es_core::Repository;
use es_core::error::ErrorChain;
use es_core::repository::{ImportDifference, ImportError};
use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::balances;
use crate::connect::Connection;
use crate::domain::Invoice;
use crate::failure::Failure;
use crate::import::{Line, Lines, PastInvoice};
use crate::view::{Show, View, bar, count};

/// The number of concurrent imports. They share commits, so a larger number is faster.
const AT_ONCE: usize = 64;

#[derive(Debug, Default, Serialize)]
struct Report {
    lines: u64,
    imported: u64,
    continued: u64,
    already: u64,
    failed: Vec<LineFailure>,
}

/// Why a line was not imported.
#[derive(Debug, Serialize)]
struct LineFailure {
    line: u64,
    reason: String,
}

/// The result for one line.
enum Outcome {
    Imported,
    /// The invoice existed, and new events were added.
    Continued,
    Already,
    Failed(String),
}

pub async fn import(connection: &Connection, file: &Path, view: View) -> Result<ExitCode, Failure> {
    let lines = Lines::open(file)?;
    let length = file.metadata()?.len();
    let bar = bar(Some(length), "importing");
    let invoices = connection.invoices();
    let mut first_lines = HashMap::new();
    let work = lines.map(|line| {
        let (invoices, line) = (invoices.clone(), refuse_repeated(line, &mut first_lines));
        // Each import is a task, so that all cores are used.
        tokio::spawn(async move {
            let Line { number, byte, invoice } = line?;
            let outcome = match invoice {
                Ok(invoice) => record(&invoices, invoice).await?,
                Err(reason) => Outcome::Failed(reason),
            };
            Ok::<_, Failure>((number, byte, outcome))
        })
    });
    let mut work = stream::iter(work).buffer_unordered(AT_ONCE);
    let mut report = Report::default();
    while let Some(done) = work.next().await {
        let (line, byte, outcome) = done??;
        bar.set_position(byte);
        report.lines += 1;
        match outcome {
            Outcome::Imported => report.imported += 1,
            Outcome::Continued => report.continued += 1,
            Outcome::Already => report.already += 1,
            Outcome::Failed(reason) => report.failed.push(LineFailure { line, reason }),
        }
    }
    bar.finish_and_clear();
    report.failed.sort_by_key(|failure| failure.line);
    for LineFailure { line, reason } in &report.failed {
        eprintln!("{}, line {line}: {reason}", file.display());
    }
    view.one(&report)?;
    view.one(&balances::summary(connection).await?)?;
    Ok(if report.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file describes each invoice in one line. A second line for the same invoice would be ignored
/// silently.
fn refuse_repeated(line: Result<Line, Failure>, first_lines: &mut HashMap<String, u64>) -> Result<Line, Failure> {
    let mut line = line?;
    if let Ok(invoice) = &line.invoice {
        let first = *first_lines.entry(invoice.number.clone()).or_insert(line.number);
        if first != line.number {
            line.invoice = Err(format!("invoice {} is already on line {first}", invoice.number));
        }
    }
    Ok(line)
}

async fn record(invoices: &Repository<Invoice>, invoice: PastInvoice) -> Result<Outcome, Failure> {
    let number = invoice.number.clone();
    let mut imported = invoices.import(&number, invoice.clone().into_import()).await;
    if matches!(&imported, Err(ImportError::Differs { difference, .. }) if is_account(difference)) {
        // An earlier version of this program has imported the payment, without the account.
        imported = invoices.import(&number, invoice.without_account().into_import()).await;
    }
    match imported {
        Ok(committed) if committed.outcome == es_core::Outcome::AlreadyAppended => Ok(Outcome::Already),
        Ok(committed) if committed.events.first().is_some_and(|event| event.sequence.get() > 1) => {
            Ok(Outcome::Continued)
        }
        Ok(_) => Ok(Outcome::Imported),
        // Every other line would fail with the same error.
        Err(error) if error.concerns_the_store() => Err(error.into()),
        Err(error) => Ok(Outcome::Failed(ErrorChain::new(&error).to_string())),
    }
}

fn is_account(difference: &ImportDifference) -> bool {
    matches!(difference, ImportDifference::Data { field } if field.split('.').next() == Some("account"))
}

impl Show for Report {
    fn text(&self) -> String {
        let Self { lines, imported, continued, already, failed } = self;
        let [lines, imported, continued, already] = [lines, imported, continued, already].map(|number| count(*number));
        let failed = failed.len();
        format!("{lines} lines: {imported} imported, {continued} continued, {already} already existed, {failed} failed")
    }
}

#[cfg(test)]
mod tests {
    use es_core::memory::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn what_was_imported_without_an_account_is_imported_once() {
        let invoices = Repository::<Invoice>::new(&MemoryStore::new());
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample.csv");
        let line = Lines::open(&sample).unwrap().next().unwrap().unwrap();
        let invoice = line.invoice.unwrap();
        let number = invoice.number.clone();
        invoices.import(&number, invoice.clone().without_account().into_import()).await.unwrap();
        for _ in 0..2 {
            assert!(matches!(record(&invoices, invoice.clone()).await.unwrap(), Outcome::Already));
            invoices.update(&number, |invoice| invoice.post()).await.unwrap();
        }
    }
}
