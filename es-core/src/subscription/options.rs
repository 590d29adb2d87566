//! The options of projections and of handlers.

use super::OnError;

/// The options of one projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct ProjectionOptions {
    pub(super) partitions: u32,
    pub(super) on_error: OnError,
}

impl ProjectionOptions {
    pub(super) fn new() -> Self {
        Self { partitions: 1, on_error: OnError::Stop }
    }

    /// Divides the rows into this number of partitions by a hash of their keys; 1 by default. Each
    /// partition has its own checkpoint, so several processes can share the work. A projection with
    /// a unique index has one partition.
    ///
    /// The number is fixed with the first start of a version of the projection.
    pub fn partitions(self, partitions: u32) -> Self {
        Self { partitions: partitions.max(1), ..self }
    }

    /// What happens to an event that cannot be folded into a row; [`OnError::Stop`] by default. It
    /// may be different at each start.
    pub fn on_error(self, on_error: OnError) -> Self {
        Self { on_error, ..self }
    }
}

/// The options of one handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct HandlerOptions {
    pub(super) partitions: u32,
}

impl HandlerOptions {
    pub(super) fn new() -> Self {
        Self { partitions: 1 }
    }

    /// Divides the events into this number of partitions by a hash of the id of their aggregate; 1
    /// by default. Each partition has its own checkpoint, so several processes can share the work.
    ///
    /// The number is fixed with the first start of the handler.
    pub fn partitions(self, partitions: u32) -> Self {
        Self { partitions: partitions.max(1) }
    }
}
