//! What one rival achieves in one round.

use std::time::Duration;

use crate::Outcome;
use crate::report::Figures;

pub(super) struct Measured {
    latencies: Figures,
    length: Duration,
    /// The appends of each process that were acknowledged within the round.
    in_time: Vec<u64>,
    /// All that were acknowledged, also before and after the time that is measured.
    pub(super) acknowledged: u64,
    pub(super) failed: u64,
    /// Appends that were due in the round, but whose writer was busy with its previous one until
    /// the end.
    pub(super) missed: u64,
}

impl Measured {
    pub(super) fn new(length: Duration) -> Self {
        Self { latencies: Figures::new(), length, in_time: Vec::new(), acknowledged: 0, failed: 0, missed: 0 }
    }

    /// Adds the answer of a process.
    pub(super) fn add(&mut self, answer: &[u64]) -> Outcome {
        let [lead_in, in_time, failed, missed, latencies @ ..] = answer else {
            return Err(format!("{answer:?} is not the answer of a process").into());
        };
        self.in_time.push(*in_time);
        self.failed += failed;
        self.missed += missed;
        self.acknowledged += lead_in + latencies.len() as u64;
        let latencies: Vec<_> = latencies.iter().copied().map(Duration::from_micros).collect();
        self.latencies.round(&latencies, self.length);
        Ok(())
    }

    #[allow(clippy::cast_precision_loss, reason = "far fewer appends than a double can count")]
    pub(super) fn rate(&self) -> f64 {
        self.in_time.iter().sum::<u64>() as f64 / self.length.as_secs_f64()
    }

    pub(super) fn p50(&self) -> f64 {
        self.latencies.percentile(50.0)
    }

    pub(super) fn p99(&self) -> f64 {
        self.latencies.percentile(99.0)
    }

    /// The appends of the process with the fewest, divided by the mean of all processes.
    #[allow(clippy::cast_precision_loss, reason = "far fewer appends than a double can count")]
    pub(super) fn least_share(&self) -> f64 {
        let least = self.in_time.iter().min().copied().unwrap_or_default() as f64;
        least * self.in_time.len() as f64 / self.in_time.iter().sum::<u64>() as f64
    }
}
