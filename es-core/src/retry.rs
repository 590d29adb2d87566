//! How often, and how long apart, something is tried again.

use std::time::Duration;

/// A limit of tries with exponential backoff and jitter.
///
/// The wait before try *n* is drawn between half of and the whole of `base * 2^(n-2)`, at most `max_wait`: losers of one race
/// do not meet again at once ([equal jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)).
///
/// ```
/// use es_core::RetryPolicy;
/// use std::time::Duration;
/// let patient = RetryPolicy::default().tries(10).base_wait(Duration::from_millis(5));
/// assert_eq!(patient.max_tries(), 10);
/// assert_eq!(RetryPolicy::never().max_tries(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    tries: u32,
    base_wait: Duration,
    max_wait: Duration,
}

impl Default for RetryPolicy {
    /// At most 3 tries, 10 ms apart at first, never more than 1 s.
    fn default() -> Self {
        Self { tries: 3, base_wait: Duration::from_millis(10), max_wait: Duration::from_secs(1) }
    }
}

impl RetryPolicy {
    /// One try and no more.
    pub fn never() -> Self {
        Self { tries: 1, ..Self::default() }
    }

    /// At most so many tries, the first included. 0 counts as 1.
    #[must_use]
    pub fn tries(self, tries: u32) -> Self {
        Self { tries: tries.max(1), ..self }
    }

    /// The wait before the second try; it doubles with each further one.
    #[must_use]
    pub fn base_wait(self, base_wait: Duration) -> Self {
        Self { base_wait, ..self }
    }

    /// The longest wait.
    #[must_use]
    pub fn max_wait(self, max_wait: Duration) -> Self {
        Self { max_wait, ..self }
    }

    /// How many tries there are at most, the first included.
    pub fn max_tries(&self) -> u32 {
        self.tries
    }

    /// How long to wait after so many failed tries, or `None` when there is no further try.
    pub fn wait_after(&self, failed: u32) -> Option<Duration> {
        if failed >= self.tries {
            return None;
        }
        let doublings = failed.saturating_sub(1).min(31);
        let wait = self.base_wait.saturating_mul(1 << doublings).min(self.max_wait);
        // Half and half, for the whole may be the longest duration that there is.
        let half = wait / 2;
        Some(half + half.mul_f64(fastrand::f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_with_jitter_up_to_its_limit() {
        let policy =
            RetryPolicy::default().tries(100).base_wait(Duration::from_millis(8)).max_wait(Duration::from_millis(20));
        for (failed, longest) in [(1, 8), (2, 16), (3, 20), (99, 20)] {
            let longest = Duration::from_millis(longest);
            let wait = policy.wait_after(failed).unwrap();
            assert!(wait <= longest && wait >= longest / 2, "{failed}: {wait:?}");
        }
    }

    #[test]
    fn the_longest_wait_that_there_is_has_jitter_too() {
        let policy = RetryPolicy::default().tries(u32::MAX).base_wait(Duration::MAX).max_wait(Duration::MAX);
        for failed in [0, 1, u32::MAX - 1] {
            assert!(policy.wait_after(failed).is_some_and(|wait| wait >= Duration::MAX / 2), "{failed}");
        }
        assert_eq!(policy.base_wait(Duration::ZERO).wait_after(9), Some(Duration::ZERO));
    }

    #[test]
    fn after_the_last_try_there_is_none() {
        assert_eq!(RetryPolicy::default().wait_after(3), None);
        assert_eq!(RetryPolicy::never().wait_after(1), None);
    }
}
