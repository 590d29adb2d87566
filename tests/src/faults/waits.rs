//! The longest time that a reader of this process has waited for an open position.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit, set_global_recorder,
};

/// The metric that records how long a position was open.
pub(super) const OPEN_SECONDS: &str = "es_mongo_follow_open_seconds";

/// Keeps the largest value of that metric, and ignores all others.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits(Arc<Longest>);

#[derive(Debug, Default)]
struct Longest(AtomicU64);

impl Waits {
    /// Starts anew. There is one for the process.
    pub(super) fn of_this_process() -> Self {
        static OF_THIS_PROCESS: OnceLock<Waits> = OnceLock::new();
        let waits = OF_THIS_PROCESS.get_or_init(|| {
            let waits = Waits::default();
            set_global_recorder(waits.clone()).unwrap();
            waits
        });
        waits.0.0.store(0, Ordering::Relaxed);
        waits.clone()
    }

    pub(super) fn longest(&self) -> Duration {
        Duration::from_nanos(self.0.0.load(Ordering::Relaxed))
    }
}

impl HistogramFn for Longest {
    fn record(&self, seconds: f64) {
        let nanos = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_nanos();
        self.0.fetch_max(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Recorder for Waits {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        if key.name() == OPEN_SECONDS { Histogram::from_arc(Arc::clone(&self.0)) } else { Histogram::noop() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_is_kept_and_other_metrics_are_ignored() {
        let waits = Waits::default();
        metrics::with_local_recorder(&waits, || {
            for (name, seconds) in [(OPEN_SECONDS, 0.5), (OPEN_SECONDS, 1.5), (OPEN_SECONDS, 1.0), ("other", 9.0)] {
                metrics::histogram!(name).record(seconds);
            }
        });
        assert_eq!(waits.longest(), Duration::from_millis(1_500));
    }
}
