//! The clock that all processes of a run share: monotonic, and of the machine.

use rustix::time::{ClockId, clock_gettime};

use crate::history::Moment;

/// This moment.
pub(super) fn now() -> Moment {
    let now = clock_gettime(ClockId::Monotonic);
    // Neither is negative on a monotonic clock.
    Moment(now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs())
}
