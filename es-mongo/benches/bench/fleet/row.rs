//! The sizes of the fleet, and the goals of each.

use crate::report::Goal;

/// A number of processes with a number of writers each.
pub(super) struct Row {
    pub(super) processes: u32,
    pub(super) writers: u32,
    /// The appends that each process makes per second; without pause if `None`.
    pub(super) per_second: Option<u32>,
    /// The goals for the store compared with the driver.
    pub(super) rate: Goal,
    pub(super) p50: Goal,
    pub(super) p99: Goal,
}

pub(super) const ROWS: &[Row] = &[
    Row::new(1, 1).rate(0.95),
    Row::new(1, 8).rate(1.5),
    Row::new(1, 32).rate(2.5),
    Row::new(1, 128).rate(4.0).p99(0.25),
    Row::new(1, 1_024).rate(5.5),
    Row::new(4, 16),
    Row::new(4, 64).rate(5.0),
    Row::new(16, 4).rate(2.0).p99(1.0),
    Row::new(16, 4).at(20).p50(1.2).p99(1.0),
    Row::new(32, 2).at(10).p50(1.2).p99(1.0),
];

impl Row {
    const fn new(processes: u32, writers: u32) -> Self {
        Self { processes, writers, per_second: None, rate: Goal::None, p50: Goal::None, p99: Goal::None }
    }

    const fn at(self, per_second: u32) -> Self {
        Self { per_second: Some(per_second), ..self }
    }

    const fn rate(self, at_least: f64) -> Self {
        Self { rate: Goal::AtLeast(at_least), ..self }
    }

    const fn p50(self, at_most: f64) -> Self {
        Self { p50: Goal::AtMost(at_most), ..self }
    }

    const fn p99(self, at_most: f64) -> Self {
        Self { p99: Goal::AtMost(at_most), ..self }
    }

    pub(super) fn name(&self) -> String {
        let Self { processes, writers, .. } = self;
        match self.per_second {
            Some(per_second) => format!("{processes}x{writers}_at_{per_second}"),
            None => format!("{processes}x{writers}"),
        }
    }
}
