//! Positions: what is stored about them besides the events.

pub(crate) mod frontier;
pub(crate) mod skip;
