//! Taking turns with other processes that write to the same store.
//!
//! Positions are dense, so of all processes one can commit at a time, and a race for the next position has losers. A process that
//! has won knows the newest position at once and would win again and again, while the others still ask for it. So where others are noticed, whoever has
//! just committed lets them go first for about as long as a commit takes, and asks for the newest position instead of guessing it.
//! Meanwhile its own callers queue up, and share the next commit: nothing is lost by waiting.

use std::time::Duration;

use tokio::time::Instant;

/// How long after the last sign of another process there may still be one.
const LASTS: Duration = Duration::from_millis(500);

/// What is known of the other processes.
#[derive(Debug)]
pub(crate) struct Turns {
    others_until: Option<Instant>,
    /// How long a commit takes, smoothed.
    commit: Duration,
    /// How many races are lost for one that is won, smoothed: about how many others there are.
    lost_for_one: f64,
    lost_since_won: u32,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self { others_until: None, commit: Duration::from_millis(2), lost_for_one: 0.0, lost_since_won: 0 }
    }

    /// Whether another process was noticed a moment ago.
    pub(crate) fn others_write(&self) -> bool {
        self.others_until.is_some_and(|until| Instant::now() < until)
    }

    /// Another process has written.
    pub(crate) fn notice_other(&mut self) {
        self.others_until = Some(Instant::now() + LASTS);
    }

    /// Another process was faster.
    pub(crate) fn lost(&mut self) {
        self.notice_other();
        self.lost_since_won += 1;
    }

    /// This process has committed.
    pub(crate) fn won(&mut self, took: Duration) {
        self.commit = (self.commit * 7 + took.min(Duration::from_millis(100))) / 8;
        self.lost_for_one = self.lost_for_one * 0.8 + f64::from(self.lost_since_won) * 0.2;
        self.lost_since_won = 0;
    }

    /// How long to let the others go first, after a commit.
    pub(crate) fn pause(&self) -> Option<Duration> {
        let turns = (0.5 + self.lost_for_one).min(4.0);
        self.others_write().then(|| self.commit.mul_f64(turns * (0.5 + fastrand::f64())))
    }

    /// How long to wait after a lost race: a part of a commit, so that losers do not meet again at once.
    pub(crate) fn after_loss(&self) -> Duration {
        self.commit.mul_f64(fastrand::f64() * 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_alone_does_not_pause() {
        let mut turns = Turns::new();
        turns.won(Duration::from_millis(1));
        assert_eq!(turns.pause(), None);
    }

    #[test]
    fn whoever_has_met_others_lets_them_go_first_and_longer_where_there_are_more() {
        let mut turns = Turns::new();
        turns.lost();
        turns.won(Duration::from_millis(2));
        let few = turns.pause().unwrap();
        assert!(few > Duration::ZERO && few < Duration::from_millis(5), "{few:?}");
        for _ in 0..50 {
            (0..6).for_each(|_| turns.lost());
            turns.won(Duration::from_millis(2));
        }
        assert!(turns.pause().unwrap() >= Duration::from_millis(4));
    }
}
