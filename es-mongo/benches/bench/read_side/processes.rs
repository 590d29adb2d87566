//! Four partitions, folded by one process and by four.

use std::time::Duration;

use super::{ROWS, filled, forget, worker};
use crate::members::Members;
use crate::report::{line, median, ratio};
use crate::{Outcome, bare};

const DATABASE: &str = "bench_processes";
const EVENTS: u64 = 1_000_000;
const ROUNDS: usize = 3;

pub(super) async fn run(uri: &str) -> Outcome {
    let store = filled(uri, DATABASE, EVENTS).await?;
    let database = store.database().name().to_owned();
    let (mut one, mut four) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (processes, rates) in [(1, &mut one), (4, &mut four)] {
            forget(&store).await?;
            let answers = tokio::task::block_in_place(|| {
                let mut members =
                    Members::start("read-side-worker", processes, |_| worker::arguments(uri, &database, 4, ROWS))?;
                let answers = members.round("together", 0, Duration::ZERO)?;
                members.end()?;
                Ok::<_, Box<dyn std::error::Error>>(answers)
            })?;
            let micros = answers.iter().filter_map(|answer| answer.first()).max().copied().unwrap_or_default();
            #[allow(clippy::cast_precision_loss, reason = "far fewer than a double can count")]
            rates.push(EVENTS as f64 / (micros as f64 / 1e6));
        }
    }
    line("read_side.processes.one", median(&one), "events/s");
    line("read_side.processes.four", median(&four), "events/s");
    ratio("read_side.processes.four_to_one", median(&four) / median(&one), "goal: at least 0.9");
    store.close().await;
    bare::client(uri).await?.database(&database).drop().await?;
    Ok(())
}
