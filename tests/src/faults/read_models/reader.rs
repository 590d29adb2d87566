//! A reader of rows in each process, while they are folded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::Position;
use es_core::StoreError;
use es_core::read_model::ReadModelError;
use es_mongo::MongoStore;
use fastrand::Rng;

use super::projections::{Listed, Summed};
use crate::faults::worker::Shared;
use crate::history::{Asked, Model, Row, RowRead, list_key};

/// The pause of a reader between two reads.
const PAUSE: Duration = Duration::from_millis(120);
/// How long a read waits for its position.
const WITHIN: Duration = Duration::from_secs(5);

/// Reads rows until the writers have ended: some as they are, and some with the last append of this
/// process.
pub(in super::super) async fn read_rows(shared: Arc<Shared>) {
    let mut random = Rng::with_seed(u64::from(shared.process));
    while !shared.is_over() {
        tokio::time::sleep(PAUSE).await;
        let Some(Asked { mark, stream, events, answer, .. }) = shared.recorder.last_acknowledged() else { continue };
        let last = answer.place().map_or(0, |place| place.position + u64::from(events) - 1);
        let at_least = if random.u32(0..4) == 0 { 0 } else { last };
        let (model, key) = if random.bool() { (Model::Sum, stream) } else { (Model::List, list_key(mark)) };
        let begun = Instant::now();
        match read(&shared.store, model, &key, at_least).await {
            Ok(row) => {
                let read = RowRead { process: shared.process, model, key, at_least, row };
                shared.recorder.row_read(read, begun.elapsed());
            }
            Err(error) => {
                assert!(may_happen(&error), "a row cannot be read: {error}");
                shared.recorder.row_not_read();
            }
        }
    }
}

async fn read(store: &MongoStore, model: Model, key: &str, at_least: u64) -> Result<Option<Row>, ReadModelError> {
    let at_least = Position::try_from(at_least).ok();
    Ok(match model {
        Model::Sum => store.read_model::<Summed>().at_least(at_least).within(WITHIN).get(key).await?.map(Row::from),
        Model::List => store.read_model::<Listed>().at_least(at_least).within(WITHIN).get(key).await?.map(Row::from),
    })
}

/// Waits until both read models contain a position.
pub(in super::super) async fn ready(store: &MongoStore, position: u64) -> Result<(), ReadModelError> {
    let at_least = Position::try_from(position).ok();
    store.read_model::<Summed>().at_least(at_least).within(WITHIN).ready().await?;
    store.read_model::<Listed>().at_least(at_least).within(WITHIN).ready().await
}

/// Whether a fault can cause the error. A fault stops no projection.
pub(in super::super) fn may_happen(error: &ReadModelError) -> bool {
    matches!(
        error,
        ReadModelError::Late { .. }
            | ReadModelError::NeverFolded { .. }
            | ReadModelError::Building { .. }
            | ReadModelError::Store(StoreError::Unavailable { .. })
    )
}
