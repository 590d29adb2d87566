//! Limits and pauses of retries.

use std::time::{Duration, Instant};

/// A limit of time, and optionally of attempts, with exponential backoff and jitter.
///
/// The pause before attempt *n* is random between zero and `base * 2^(n-2)`, at most `max_wait`: of
/// many callers that lost one race, some come back at once and the others spread out ([full
/// jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)).
///
/// ```
/// use es_core::RetryPolicy;
/// use std::time::Duration;
/// let hasty = RetryPolicy::default().within(Duration::from_secs(2)).tries(10).base_wait(Duration::from_millis(5));
/// assert_eq!(hasty.max_tries(), 10);
/// assert_eq!(RetryPolicy::never().max_tries(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    within: Duration,
    tries: u32,
    base_wait: Duration,
    max_wait: Duration,
}

impl Default for RetryPolicy {
    /// 30 s with any number of attempts, pauses of at most 5 ms at first, and never more than 100
    /// ms.
    fn default() -> Self {
        Self {
            within: Duration::from_secs(30),
            tries: u32::MAX,
            base_wait: Duration::from_millis(5),
            max_wait: Duration::from_millis(100),
        }
    }
}

impl RetryPolicy {
    /// One attempt only.
    pub fn never() -> Self {
        Self { tries: 1, ..Self::default() }
    }

    /// Retries forever, for work in the background that nobody waits for.
    pub(crate) fn forever() -> Self {
        Self {
            within: Duration::MAX,
            base_wait: Duration::from_millis(50),
            max_wait: Duration::from_secs(1),
            ..Self::default()
        }
    }

    /// Sets the limit of time, from the start of the first attempt to the start of the last one.
    #[must_use]
    pub fn within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// Sets the largest number of attempts, including the first. 0 counts as 1.
    #[must_use]
    pub fn tries(self, tries: u32) -> Self {
        Self { tries: tries.max(1), ..self }
    }

    /// Sets the longest pause before the second attempt. It doubles with each further attempt.
    #[must_use]
    pub fn base_wait(self, base_wait: Duration) -> Self {
        Self { base_wait, ..self }
    }

    /// Sets the longest pause before any attempt.
    #[must_use]
    pub fn max_wait(self, max_wait: Duration) -> Self {
        Self { max_wait, ..self }
    }

    /// The largest number of attempts, including the first.
    pub fn max_tries(&self) -> u32 {
        self.tries
    }

    /// The pause after this number of failed attempts, or `None` after the last attempt.
    ///
    /// Use it for work with its own deadline; [`start`](Self::start) applies the limit of time too.
    pub fn wait_after(&self, failed: u32) -> Option<Duration> {
        if failed >= self.tries {
            return None;
        }
        let doublings = failed.saturating_sub(1).min(31);
        let longest = self.base_wait.saturating_mul(1 << doublings).min(self.max_wait);
        Some(longest.mul_f64(fastrand::f64()))
    }

    /// Starts the first attempt.
    pub fn start(&self) -> Retries {
        Retries { policy: *self, started: Instant::now(), failed: 0 }
    }
}

/// Attempts under a [`RetryPolicy`], since the first one started.
#[derive(Debug, Clone)]
pub struct Retries {
    policy: RetryPolicy,
    started: Instant,
    failed: u32,
}

impl Retries {
    /// The pause after a failed attempt, or `None` after the last attempt.
    pub fn wait(&mut self) -> Option<Duration> {
        self.failed = self.failed.saturating_add(1);
        let left = self.policy.within.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero())?;
        self.policy.wait_after(self.failed).map(|wait| wait.min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_doubles_up_to_its_limit() {
        let policy = RetryPolicy::default().base_wait(Duration::from_millis(8)).max_wait(Duration::from_millis(20));
        for (failed, longest) in [(1, 8), (2, 16), (3, 20), (99, 20), (u32::MAX - 1, 20)] {
            let longest = Duration::from_millis(longest);
            let waits: Vec<_> = (0..1_000).map(|_| policy.wait_after(failed).unwrap()).collect();
            assert!(waits.iter().all(|wait| *wait <= longest), "{failed}: {:?}", waits.iter().max());
            // With full jitter, some pauses are short and some are long.
            assert!(waits.iter().any(|wait| *wait < longest / 4), "{failed}: {:?}", waits.iter().min());
            assert!(waits.iter().any(|wait| *wait > longest / 4 * 3), "{failed}: {:?}", waits.iter().max());
        }
    }

    #[test]
    fn after_the_last_try_there_is_none() {
        assert_eq!(RetryPolicy::default().tries(3).wait_after(3), None);
        assert_eq!(RetryPolicy::never().start().wait(), None);
    }

    #[test]
    fn by_default_time_is_the_limit() {
        let mut retries = RetryPolicy::default().start();
        assert!((0..100_000).all(|_| retries.wait().is_some()));
        assert_eq!(RetryPolicy::default().within(Duration::ZERO).start().wait(), None);
        assert!(RetryPolicy::default().within(Duration::MAX).start().wait().is_some());
    }

    #[test]
    fn no_wait_goes_beyond_the_limit_of_time() {
        let limit = Duration::from_secs(1);
        let policy =
            RetryPolicy::default().within(limit).base_wait(Duration::from_secs(60)).max_wait(Duration::from_secs(60));
        let mut retries = policy.start();
        assert!((0..1_000).filter_map(|_| retries.wait()).all(|wait| wait <= limit));
    }

    #[test]
    fn waits_and_limits_of_any_length_do_not_overflow() {
        let policy = RetryPolicy::default().base_wait(Duration::MAX).max_wait(Duration::MAX).within(Duration::MAX);
        for failed in [1, 2, 32, u32::MAX - 1] {
            assert!(policy.wait_after(failed).is_some());
        }
    }
}
