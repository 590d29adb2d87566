//! Measures and prints figures.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The latencies of one kind of operation, and its rate per second.
pub(crate) struct Figures {
    latencies: Histogram<u64>,
    rates: Vec<f64>,
}

impl Figures {
    pub(crate) fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, 120_000_000, 3).expect("the bounds are valid");
        Self { latencies, rates: Vec::new() }
    }

    /// Adds one round: its latencies and its duration.
    pub(crate) fn round(&mut self, latencies: &[Duration], took: Duration) {
        for latency in latencies {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            self.latencies.saturating_record(micros.max(1));
        }
        #[allow(clippy::cast_precision_loss, reason = "far fewer operations than a double can count")]
        self.rates.push(latencies.len() as f64 / took.as_secs_f64());
    }

    /// Operations per second, the median of the rounds.
    pub(crate) fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// The latency in milliseconds that the given percentage of the operations does not exceed.
    #[allow(clippy::cast_precision_loss, reason = "latencies are far below what a double can count")]
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        self.latencies.value_at_percentile(percent) as f64 / 1_000.0
    }

    /// Prints the rate and two percentiles.
    pub(crate) fn print(&self, name: &str, what: &str) {
        line(&format!("{name}.rate"), self.rate(), &format!("{what}/s"));
        line(&format!("{name}.p50"), self.percentile(50.0), "ms");
        line(&format!("{name}.p99"), self.percentile(99.0), "ms");
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints one figure.
pub(crate) fn line(name: &str, value: f64, unit: &str) {
    let digits = if value.abs() >= 1_000.0 { 0 } else { 3 };
    println!("{name:<44} {value:>12.digits$} {unit}");
}

/// Prints the ratio of two figures.
pub(crate) fn ratio(name: &str, value: f64, goal: &str) {
    println!("{name:<44} {value:>12.2} times ({goal})");
}

/// What a figure should be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    None,
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    /// The goal in words, and whether it is met.
    pub(crate) fn verdict(self, value: f64) -> String {
        let (goal, met) = match self {
            Self::None => return "no goal".into(),
            Self::AtLeast(limit) => (format!("at least {limit}"), value >= limit),
            Self::AtMost(limit) => (format!("at most {limit}"), value <= limit),
        };
        format!("goal: {goal}; {}", if met { "met" } else { "missed" })
    }
}

/// Prints a figure and whether its goal is met.
pub(crate) fn judged(name: &str, value: f64, goal: Goal) {
    println!("{name:<44} {value:>12.2} ({})", goal.verdict(value));
}
