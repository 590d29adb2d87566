//! Takes turns with other processes that write to the same store.
//!
//! Positions are dense, so only one process can commit at a time, and the other processes lose the
//! race for the next position. A process that has won knows the newest position at once and would
//! win again and again, while the others still have to read it. So if a process notices others, it
//! lets them go first after its own commit, for about the duration of one commit, and then reads
//! the newest position instead of guessing it. Meanwhile its own callers join the queue and share
//! the next commit, so the wait costs no throughput.
//!
//! A process learns that it has lost when the winner's commit is complete. If all losers retried at
//! once, all but one would lose again. So a process that has lost for the first time waits for as
//! long as one of the others needs, and a process that has already waited goes first.
//!
//! A process that commits without a pause would never notice a second process that is always
//! slightly too late. So it sometimes pauses for a part of a commit, long enough for the other
//! process to commit.

use std::time::Duration;

use tokio::time::Instant;

/// For how long after the last sign of another process there may still be one.
const LASTS: Duration = Duration::from_millis(500);

/// For how long a process commits without a pause if it knows of no other process.
const RESTLESS: Duration = Duration::from_millis(500);

/// The information about other processes.
#[derive(Debug)]
pub(crate) struct Contention {
    others_until: Option<Instant>,
    /// The duration of a commit, smoothed.
    commit: Duration,
    /// The number of lost races per won race, smoothed. It is about the number of other processes.
    lost_for_one: f64,
    lost_since_won: u32,
    /// The last time at which others had an opportunity to commit.
    rested: Instant,
}

impl Contention {
    pub(crate) fn new() -> Self {
        Self {
            others_until: None,
            commit: Duration::from_millis(2),
            lost_for_one: 0.0,
            lost_since_won: 0,
            rested: Instant::now(),
        }
    }

    /// Whether another process was noticed recently.
    pub(crate) fn others_write(&self) -> bool {
        self.others_until.is_some_and(|until| Instant::now() < until)
    }

    /// Another process has written.
    pub(crate) fn notice_other(&mut self) {
        self.others_until = Some(Instant::now() + LASTS);
    }

    /// Another process won the race.
    pub(crate) fn lost_race(&mut self) {
        self.notice_other();
        self.lost_since_won += 1;
    }

    /// This process has committed.
    pub(crate) fn committed(&mut self, took: Duration) {
        self.commit = (self.commit * 7 + took.min(Duration::from_millis(100))) / 8;
        self.lost_for_one = self.lost_for_one * 0.8 + f64::from(self.lost_since_won) * 0.2;
        self.lost_since_won = 0;
    }

    /// This process had nothing to commit for this long.
    pub(crate) fn idled(&mut self, idle: Duration) {
        if idle >= self.commit / 2 {
            self.rested = Instant::now();
        }
    }

    /// The pause before a commit, during which other processes go first.
    pub(crate) fn pause(&mut self) -> Option<Duration> {
        let turns = if self.others_write() {
            (1.0 + self.lost_for_one).min(6.0)
        } else if self.rested.elapsed() >= RESTLESS {
            0.6
        } else {
            return None;
        };
        self.rested = Instant::now();
        Some(self.commits(turns))
    }

    /// The wait after a lost race, during which other losers go first. `None` if this process has
    /// already waited.
    pub(crate) fn after_loss(&self) -> Option<Duration> {
        let turns = self.lost_for_one.clamp(0.3, 1.2);
        (self.lost_since_won <= 1).then(|| self.commits(turns))
    }

    /// The duration of this many commits, varied by up to a fifth so that processes do not stay in
    /// step.
    fn commits(&self, commits: f64) -> Duration {
        self.commit.mul_f64(commits * (0.8 + 0.4 * fastrand::f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_alone_rests_briefly_if_it_has_not_rested_for_long() {
        let mut contention = Contention::new();
        contention.committed(Duration::from_millis(1));
        assert_eq!(contention.pause(), None);
        contention.rested -= RESTLESS;
        assert!(contention.pause().is_some_and(|rest| rest < Duration::from_millis(2)));
        assert_eq!(contention.pause(), None);
        contention.rested -= RESTLESS;
        contention.idled(Duration::from_millis(10));
        assert_eq!(contention.pause(), None);
    }

    #[test]
    fn a_process_that_has_met_others_lets_them_go_first_and_longer_if_there_are_more() {
        let mut contention = Contention::new();
        contention.lost_race();
        contention.committed(Duration::from_millis(2));
        let few = contention.pause().unwrap();
        assert!(few > Duration::ZERO && few < Duration::from_millis(4), "{few:?}");
        for _ in 0..50 {
            (0..6).for_each(|_| contention.lost_race());
            contention.committed(Duration::from_millis(2));
        }
        assert!(contention.pause().unwrap() >= Duration::from_millis(4));
    }

    #[test]
    fn whoever_has_lost_waits_once_and_then_goes_first() {
        let mut contention = Contention::new();
        contention.lost_race();
        assert!(contention.after_loss().is_some());
        contention.lost_race();
        assert_eq!(contention.after_loss(), None);
        contention.committed(Duration::from_millis(2));
        contention.lost_race();
        assert!(contention.after_loss().is_some());
    }
}
