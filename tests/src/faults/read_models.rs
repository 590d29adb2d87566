//! Two read models beside the writers: a sum and a list, each with four partitions, folded in two
//! processes that are killed and frozen, and read while they are folded.

mod projections;
mod projector;
mod reader;
mod stored;

pub(super) use projections::subscriptions;
pub use projector::Project;
pub(super) use projector::Projectors;
pub(super) use reader::{may_happen, read_rows, ready};
pub(super) use stored::{catch_up, leases_taken, rows};
