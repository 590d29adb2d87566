//! Wakes followers when there may be a new event. Nothing that is known here is trusted: it only
//! decides when a follower reads again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use es_core::Position;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long a follower waits at most, as long as the server reports new events.
const POLL: Duration = Duration::from_secs(1);

/// How long a follower waits otherwise, first and at most.
const POLL_BLIND: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(250));

/// The wait of a follower that was woken, and did not find the event yet.
const FIND_LATER: Duration = Duration::from_millis(1);

/// What is known about new events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wakes(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    news: watch::Sender<News>,
    /// Whether the server reports new events.
    is_live: AtomicBool,
    /// How often followers have waited in vain since the last event.
    in_vain: AtomicU32,
}

#[derive(Debug, Clone, Copy, Default)]
struct News {
    /// The newest position.
    newest: i64,
    /// How often events may have been missed.
    missed: u64,
}

impl Wakes {
    /// There is an event at this position.
    pub(crate) fn publish(&self, position: Position) {
        self.0.in_vain.store(0, Relaxed);
        self.0.news.send_if_modified(|news| {
            let is_new = position.as_i64() > news.newest;
            news.newest = news.newest.max(position.as_i64());
            is_new
        });
    }

    /// An event at any position was reported, also below others.
    pub(super) fn report(&self, position: Option<i64>) {
        self.0.in_vain.store(0, Relaxed);
        self.0.news.send_modify(|news| match position {
            Some(position) => news.newest = news.newest.max(position),
            None => news.missed += 1,
        });
    }

    /// A follower has found events.
    pub(super) fn found(&self) {
        self.0.in_vain.store(0, Relaxed);
    }

    /// Whether the server reports new events from now on.
    pub(super) fn set_live(&self, is_live: bool) {
        self.0.is_live.store(is_live, Relaxed);
        // Whatever was recorded in the meantime was not reported.
        self.report(None);
    }

    /// Waits for an event after a position, or a while.
    pub(crate) async fn wait(&self, after: i64) {
        let mut news = self.0.news.subscribe();
        let seen = *news.borrow_and_update();
        if seen.newest > after {
            return sleep(FIND_LATER).await;
        }
        let new = async {
            // The channel is never closed while this waits.
            let is_new = |news: &News| news.newest > after || news.missed > seen.missed;
            let _ = news.wait_for(is_new).await;
        };
        if timeout(self.patience(), new).await.is_err() {
            self.0.in_vain.fetch_add(1, Relaxed);
        }
    }

    /// Waits for any news, or for this long.
    pub(super) async fn any(&self, at_most: Duration) {
        let mut news = self.0.news.subscribe();
        let _ = timeout(at_most, news.changed()).await;
    }

    fn patience(&self) -> Duration {
        if self.0.is_live.load(Relaxed) {
            return POLL;
        }
        let (first, longest) = POLL_BLIND;
        first.saturating_mul(1 << self.0.in_vain.load(Relaxed).min(8)).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn position(position: u64) -> Position {
        Position::try_from(position).unwrap()
    }

    #[tokio::test]
    async fn an_event_wakes_those_who_wait_for_it_and_nobody_else() {
        let wakes = Wakes::default();
        wakes.set_live(true);
        wakes.publish(position(7));
        let (mut later, mut next) = (Box::pin(wakes.wait(9)), Box::pin(wakes.wait(7)));
        assert!(futures_util::poll!(&mut later).is_pending() && futures_util::poll!(&mut next).is_pending());
        wakes.publish(position(8));
        next.await;
        assert!(futures_util::poll!(&mut later).is_pending());
        wakes.report(None);
        later.await;
    }

    #[tokio::test]
    async fn an_event_that_came_before_the_wait_wakes_too() {
        let wakes = Wakes::default();
        wakes.set_live(true);
        wakes.publish(position(7));
        let begun = Instant::now();
        wakes.wait(6).await;
        assert!(begun.elapsed() < POLL / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn without_reports_of_the_server_a_follower_looks_often_and_then_less_often() {
        let wakes = Wakes::default();
        let mut waits = Vec::new();
        for _ in 0..5 {
            let begun = tokio::time::Instant::now();
            wakes.wait(0).await;
            waits.push(begun.elapsed().as_millis());
        }
        assert_eq!(waits, [50, 100, 200, 250, 250]);
        wakes.publish(position(1));
        assert_eq!(wakes.patience(), POLL_BLIND.0);
        wakes.set_live(true);
        assert_eq!(wakes.patience(), POLL);
    }
}
