//! The clock that all processes of a run share: the monotonic clock of the machine.

use rustix::time::{ClockId, clock_gettime};

use crate::history::Nanos;

/// The current time.
pub(super) fn now() -> Nanos {
    let now = clock_gettime(ClockId::Monotonic);
    // Both parts are positive on a monotonic clock.
    Nanos(now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs())
}
