//! The events that a read model could not fold, and what is done about them.

use std::process::ExitCode;

use es_core::Position;
use es_core::dead_letters::Retried;
use es_core::projection::Projection;
use es_core::store::{DeadLetter, ParkReason, ReadModelId, ReadModelStore, SkippedEvent};
use serde::Serialize;

use super::read_models::{for_projection, models};
use crate::cli::LetterOperation;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::view::{Row, Show, View, count, utc};

pub async fn run(connection: &Connection, operation: LetterOperation, view: View) -> Result<ExitCode, Failure> {
    match operation {
        LetterOperation::List => list(connection, view).await?,
        LetterOperation::Skipped => list_skipped(connection, view).await?,
        LetterOperation::Retry { model, key } => return retry(connection, &model, &key, view).await,
        LetterOperation::Skip { model, position, who, why } => {
            let skipped = connection.store.dead_letters_of(&model).skip(position, who, why).await?;
            let lines: Vec<_> = skipped.into_iter().map(|event| SkippedLine::new(&model, event)).collect();
            view.list(&lines)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(connection: &Connection, view: View) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for model in models(connection).await? {
        let letters = connection.store.dead_letters_of(&model).list().await?;
        lines.extend(letters.into_iter().map(|letter| Line::new(&model, letter)));
    }
    view.list(&lines)?;
    Ok(())
}

async fn list_skipped(connection: &Connection, view: View) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for model in models(connection).await? {
        let skipped = connection.store.dead_letters_of(&model).skipped().await?;
        lines.extend(skipped.into_iter().map(|event| SkippedLine::new(&model, event)));
    }
    view.list(&lines)?;
    Ok(())
}

/// Folds what is parked of a row once more, with the code of this program.
async fn retry(connection: &Connection, model: &ReadModelId, key: &str, view: View) -> Result<ExitCode, Failure> {
    let retried = for_projection!(model, retry_of(connection, key))?;
    let is_done = retried.failed.is_none();
    view.one(&RetriedLine::new(model, key, retried))?;
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn retry_of<P: Projection>(connection: &Connection, key: &str) -> Result<Retried, Failure> {
    Ok(connection.store.dead_letters::<P>().retry(key).await?)
}

/// What a retry has done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RetriedLine {
    read_model: String,
    key: String,
    folded: usize,
    failed_at: Option<Position>,
    error: Option<String>,
}

impl RetriedLine {
    fn new(model: &ReadModelId, key: &str, retried: Retried) -> Self {
        let (failed_at, error) = match retried.failed {
            Some(DeadLetter { position, reason: ParkReason::Failed { error, .. }, .. }) => {
                (Some(position), Some(error))
            }
            failed => (failed.map(|letter| letter.position), None),
        };
        Self { read_model: model.to_string(), key: key.to_owned(), folded: retried.folded, failed_at, error }
    }
}

impl Show for RetriedLine {
    fn text(&self) -> String {
        let Self { read_model, key, folded, failed_at, error } = self;
        let failed = failed_at.map(|position| {
            let error = error.as_deref().unwrap_or_default();
            format!("\nThe one at position {position} has failed again: {error}")
        });
        let failed = failed.unwrap_or_default();
        format!("{folded} events of row {key} of {read_model} are folded{failed}")
    }
}

/// One event that is parked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    read_model: String,
    key: String,
    position: Position,
    reason: &'static str,
    attempts: Option<u32>,
    parked_at: String,
    error: Option<String>,
}

impl Line {
    fn new(model: &ReadModelId, letter: DeadLetter) -> Self {
        let (reason, attempts, error) = match letter.reason {
            ParkReason::Failed { error, attempts } => ("failed", Some(attempts), Some(error)),
            _ => ("behind", None, None),
        };
        Self {
            read_model: model.to_string(),
            key: letter.key.to_string(),
            position: letter.position,
            reason,
            attempts,
            parked_at: utc(letter.at),
            error,
        }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] =
        &["Read model", "Key", ">Position", "Reason", ">Attempts", "Parked at", "Error"];

    fn cells(&self) -> Vec<String> {
        let Self { read_model, key, position, reason, attempts, parked_at, error } = self;
        let attempts = attempts.map_or_else(String::new, |attempts| count(attempts.into()));
        let error = error.clone().unwrap_or_default();
        let reason = (*reason).to_owned();
        vec![read_model.clone(), key.clone(), count(position.get()), reason, attempts, parked_at.clone(), error]
    }
}

/// One event that was skipped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkippedLine {
    read_model: String,
    key: String,
    position: Position,
    who: String,
    why: String,
    skipped_at: String,
    error: String,
}

impl SkippedLine {
    fn new(model: &ReadModelId, event: SkippedEvent) -> Self {
        let SkippedEvent { key, position, error, who, why, at } = event;
        let (read_model, key, skipped_at) = (model.to_string(), key.to_string(), utc(at));
        Self { read_model, key, position, who, why, skipped_at, error }
    }
}

impl Row for SkippedLine {
    const COLUMNS: &'static [&'static str] = &["Read model", "Key", ">Position", "Who", "Why", "Skipped at", "Error"];

    fn cells(&self) -> Vec<String> {
        let Self { read_model, key, position, who, why, skipped_at, error } = self;
        let position = count(position.get());
        [read_model, key, &position, who, why, skipped_at, error].map(Clone::clone).into()
    }
}
