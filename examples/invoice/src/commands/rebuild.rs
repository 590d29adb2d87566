//! Versions of read models: building a new one, comparing it with the log, and making it live.

#[cfg(test)]
mod meanwhile;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use es_core::Position;
use es_core::projection::Projection;
use es_core::rebuild::{Comparison, Difference, Sample};
use es_core::store::{Dropped, FeedStore, ReadModelId, ReadModelStore};
use es_core::subscription::Subscriptions;
use serde::Serialize;

use super::read_models::{for_projection, when_free};
use super::subscriptions::unknown;
use crate::cli::RebuildStep;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::view::{Row, Show, View, bar, count};

/// How often the progress is shown.
const EVERY: Duration = Duration::from_millis(200);

pub async fn run(connection: &Connection, step: Option<RebuildStep>, view: View) -> Result<ExitCode, Failure> {
    match step {
        None => view.list(&list(connection).await?)?,
        Some(RebuildStep::Build { model }) => {
            view.one(&for_projection!(&model, build(connection))?)?;
        }
        Some(RebuildStep::Compare { model, keys }) => {
            let sample = keys.map_or(Sample::All, Sample::About);
            let compared = for_projection!(&model, compare(connection, sample))?;
            view.one(&compared)?;
            return Ok(if compared.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Some(RebuildStep::Switch { model }) => {
            for_projection!(&model, switch(connection))?;
            view.list(&list(connection).await?)?;
        }
        Some(RebuildStep::Back { model }) => {
            for_projection!(&model, back(connection))?;
            view.list(&list(connection).await?)?;
        }
        Some(RebuildStep::Drop { model }) => match connection.store.drop_version(&model).await? {
            Dropped::Done => view.note(format_args!("{model} is dropped"))?,
            Dropped::IsLive => return Err(format!("{model} is live, so it is not dropped").into()),
            Dropped::Unknown => return Err(unknown(connection, &model).await?),
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// Folds all events that are recorded, with a progress bar.
pub async fn build<P: Projection>(connection: &Connection) -> Result<Built, Failure> {
    let store = &connection.store;
    let begun = Instant::now();
    let rebuild = store.rebuild::<P>();
    let bar = bar(Some(0), "Folding");
    let showing = async {
        let mut watch = rebuild.watch();
        loop {
            tokio::time::sleep(EVERY).await;
            if let Ok(progress) = watch.next().await {
                bar.set_length(progress.of);
                bar.set_position(progress.folded);
            }
        }
    };
    tokio::select! {
        folded = when_free(|| Subscriptions::on(store).project::<P>()) => folded?,
        never = showing => never,
    }
    bar.finish_and_clear();
    let positions = rebuild.watch().next().await?.folded;
    Ok(Built { model: ReadModelId::of::<P>().to_string(), positions, seconds: begun.elapsed().as_secs_f64() })
}

pub async fn compare<P: Projection>(connection: &Connection, sample: Sample) -> Result<Compared, Failure> {
    Ok(Compared::new(&connection.store.rebuild::<P>().compare(sample).await?))
}

/// Compares all rows with the log, and makes the version live.
pub async fn switch<P: Projection>(connection: &Connection) -> Result<(), Failure> {
    let rebuild = connection.store.rebuild::<P>();
    let comparison = rebuild.compare(Sample::All).await?;
    rebuild.switch(comparison).await?;
    Ok(())
}

async fn back<P: Projection>(connection: &Connection) -> Result<(), Failure> {
    connection.store.rebuild::<P>().switch_back().await?;
    Ok(())
}

/// The versions of all read models.
pub async fn list(connection: &Connection) -> Result<Vec<Version>, Failure> {
    let store = &connection.store;
    let of = store.frontier().await?.map_or(0, Position::get);
    let mut versions = Vec::new();
    for record in store.partitions().await?.into_iter().filter(|record| record.partition.number == 0) {
        let model = record.partition.model;
        let Some(live) = store.live_version(&model.name).await? else { continue };
        let state = match model.version {
            version if version == live.version => "live",
            version if live.previous == Some(version) => "live before",
            _ => "not live",
        };
        let folded = record.checkpoint.position.map_or(0, Position::get);
        let is_built = record.checkpoint.is_live;
        versions.push(Version { model: model.to_string(), state, is_built, folded, of });
    }
    Ok(versions)
}

/// A version of a read model.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    model: String,
    state: &'static str,
    is_built: bool,
    folded: u64,
    of: u64,
}

impl Row for Version {
    const COLUMNS: &'static [&'static str] = &["Read model", "State", "Built", ">Folded", ">Of"];

    fn cells(&self) -> Vec<String> {
        let Self { model, state, is_built, folded, of } = self;
        let is_built = if *is_built { "yes" } else { "no" };
        vec![model.clone(), (*state).to_owned(), is_built.to_owned(), count(*folded), count(*of)]
    }
}

/// A version that was built.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Built {
    model: String,
    positions: u64,
    seconds: f64,
}

impl Show for Built {
    fn text(&self) -> String {
        let Self { model, positions, seconds } = self;
        format!("{model} is built: {} positions are folded, in {seconds:.1} s", count(*positions))
    }
}

/// A comparison with the log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    model: String,
    keys: u64,
    up_to: u64,
    differences: Vec<String>,
}

impl Compared {
    fn new<P: Projection>(comparison: &Comparison<P>) -> Self {
        Self {
            model: ReadModelId::of::<P>().to_string(),
            keys: comparison.keys(),
            up_to: comparison.up_to().map_or(0, Position::get),
            differences: comparison.differences().iter().map(Difference::to_string).collect(),
        }
    }
}

impl Show for Compared {
    fn text(&self) -> String {
        let Self { model, keys, up_to, differences } = self;
        let found = match differences.as_slice() {
            [] => "no differences".to_owned(),
            differences => format!("differences:\n{}", differences.join("\n")),
        };
        let (keys, up_to) = (count(*keys), count(*up_to));
        format!("{model} is compared with the events up to position {up_to}, rows: {keys}, {found}")
    }
}
