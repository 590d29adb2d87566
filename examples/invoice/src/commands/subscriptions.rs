//! What folds read models: how far it has come, and the commands of its operator.

use std::process::ExitCode;

use es_core::store::{ReadModelId, ReadModelStore};
use es_core::subscription::PartitionHealth;
use serde::Serialize;

use super::read_models::models;
use crate::cli::Operation;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::view::{Row, View, count, utc};

/// Lists the partitions of all read models. Fails if one of them needs attention.
pub async fn list(connection: &Connection, view: View) -> Result<ExitCode, Failure> {
    let health = connection.store.health().await?;
    let lines: Vec<_> = health.partitions.iter().map(Line::new).collect();
    view.list(&lines)?;
    let is_healthy = health.problems().next().is_none();
    Ok(if is_healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub async fn operate(connection: &Connection, operation: Operation, view: View) -> Result<(), Failure> {
    let store = &connection.store;
    let (model, done, exists) = match &operation {
        Operation::Pause { model } => (model, "is paused", store.pause(model).await?),
        Operation::Resume { model } => (model, "is resumed", store.resume(model).await?),
        Operation::Reset { model } => (model, "is reset: all events are folded again", store.reset(model).await?),
    };
    if !exists {
        return Err(unknown(connection, model).await?);
    }
    view.note(format_args!("{model} {done}"))?;
    Ok(())
}

/// The error that there is no such read model.
pub async fn unknown(connection: &Connection, model: &ReadModelId) -> Result<Failure, Failure> {
    let known: Vec<_> = models(connection).await?.iter().map(ToString::to_string).collect();
    Ok(format!("there is no read model {model}; there are: {}", known.join(", ")).into())
}

/// One partition.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    partition: String,
    state: String,
    position: u64,
    lag: u64,
    behind_since: Option<String>,
    owner: Option<String>,
    failure: Option<String>,
}

impl Line {
    fn new(health: &PartitionHealth) -> Self {
        let state = match health.problem() {
            Some(problem) => problem.to_string(),
            None if health.checkpoint.is_live => "live".to_owned(),
            None => "building".to_owned(),
        };
        let failure = health.failure().map(|failure| format!("position {}: {}", failure.position, failure.error));
        Self {
            partition: health.partition.to_string(),
            state,
            position: health.checkpoint.position.map_or(0, es_core::Position::get),
            lag: health.lag.positions,
            behind_since: health.lag.since.map(utc),
            owner: health.owner.clone(),
            failure,
        }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] =
        &["Partition", "State", ">Position", ">Lag", "Behind since", "Owner", "Failure"];

    fn cells(&self) -> Vec<String> {
        let Self { partition, state, position, lag, behind_since, owner, failure } = self;
        let [since, owner, failure] = [behind_since, owner, failure].map(|text| text.clone().unwrap_or_default());
        vec![partition.clone(), state.clone(), count(*position), count(*lag), since, owner, failure]
    }
}
