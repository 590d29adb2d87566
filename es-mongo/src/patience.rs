//! How long an answer of the server is waited for, and when it is asked again.
//!
//! The driver has no time limit for a server that does not answer, and repeats a read only once, at once: an election takes longer.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use es_core::{RetryPolicy, SharedError, StoreError};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use mongodb::error::{Error, Result as DriverResult};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::error::store_error;

/// How long one try is waited for: longer than a slow commit, shorter than a caller is patient with a server that hangs.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How long one answer of the server is waited for. A pointer, so that the futures which hold one stay small.
#[derive(Debug, Clone)]
pub(crate) struct Patience(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    limit: Duration,
    /// What the limit is called by the user who has set it.
    name: &'static str,
    /// After how long another try is sent beside the one that has no answer yet.
    attempt: Duration,
    /// The runtime in which the store was opened. The driver's own tasks run there, so a question is asked there too: once it has ended, nobody would answer.
    runtime: Handle,
}

impl Patience {
    pub(crate) fn new(limit: Duration, name: &'static str) -> Self {
        Self(Arc::new(Limits { limit, name, attempt: attempt_within(limit), runtime: Handle::current() }))
    }

    /// The same for a question that may take the server long: a second one beside it would only slow it down.
    pub(crate) fn with_one_at_a_time(&self) -> Self {
        let Limits { limit, name, ref runtime, .. } = *self.0;
        Self(Arc::new(Limits { limit, name, attempt: limit, runtime: runtime.clone() }))
    }

    /// Asks until there is an answer or the time is over. Only for what is safe to repeat.
    ///
    /// A node that cannot answer is asked again, after a wait that grows and has jitter. One that says nothing may be frozen, and another one in its place by now:
    /// so another try goes out beside the first, which may still win.
    ///
    /// The future is small: what it needs is on the heap, for a load awaits it in several places, and would have room for each of them.
    pub(crate) fn ask<T, F, Q>(&self, question: Q) -> impl Future<Output = Result<T, StoreError>> + use<T, F, Q>
    where
        T: Send + 'static,
        F: Future<Output = DriverResult<T>> + Send + 'static,
        Q: Fn() -> F,
    {
        self.ask_or(question, store_error)
    }

    /// The same for what has an error of its own, if it is not that no node could answer.
    pub(crate) fn ask_or<T, F, Q, E>(
        &self,
        question: Q,
        told: E,
    ) -> impl Future<Output = Result<T, StoreError>> + use<T, F, Q, E>
    where
        T: Send + 'static,
        F: Future<Output = DriverResult<T>> + Send + 'static,
        Q: Fn() -> F,
        E: Fn(Error) -> StoreError,
    {
        Box::pin(self.clone().ask_until(question, told))
    }

    async fn ask_until<T, F>(
        self,
        question: impl Fn() -> F,
        told: impl Fn(Error) -> StoreError,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = DriverResult<T>> + Send + 'static,
    {
        let end = after(self.0.limit);
        let backoff = RetryPolicy::default().max_wait(Duration::from_millis(500));
        let (mut failed, mut problem) = (0, None);
        let mut tries = FuturesUnordered::new();
        loop {
            // A task of its own: the driver does not promise to survive a future that is dropped half-way.
            tries.push(self.spawn(question()));
            let next_try = after(self.0.attempt).min(end);
            let error = match timeout_at(next_try, tries.next()).await {
                Ok(Some(Ok(Ok(answer)))) => return Ok(answer),
                Ok(Some(Ok(Err(error)))) => told(error),
                Ok(Some(Err(stopped))) => return Err(self::stopped(stopped)),
                Ok(None) | Err(_) if Instant::now() >= end => return Err(self.late(problem)),
                Ok(None) | Err(_) => continue,
            };
            let StoreError::Unavailable { source } = error else { return Err(error) };
            tracing::debug!(problem = %source, failed, "a read is tried again");
            failed += 1;
            problem = Some(source);
            let wait = backoff.wait_after(failed).unwrap_or(self.0.attempt);
            let again = after(wait);
            if again >= end {
                return Err(self.late(problem));
            }
            sleep_until(again).await;
        }
    }

    /// Waits for one answer, and asks only once.
    pub(crate) async fn once<T: Send + 'static>(
        &self,
        question: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.wait(self.spawn(question)).await
    }

    /// Waits for an answer that is on its way.
    pub(crate) async fn wait<T>(&self, task: JoinHandle<T>) -> Result<T, StoreError> {
        match tokio::time::timeout(self.0.limit, task).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(stopped)) => Err(self::stopped(stopped)),
            Err(_) => Err(self.late(None)),
        }
    }

    /// Begins a question in the runtime of the store.
    pub(crate) fn spawn<T: Send + 'static>(&self, question: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.0.runtime.spawn(question)
    }

    /// Whether the runtime of the store has ended.
    pub(crate) async fn has_no_runtime(&self) -> bool {
        self.spawn(async {}).await.is_err()
    }

    fn late(&self, source: Option<SharedError>) -> StoreError {
        StoreError::Unavailable { source: Late { limit: self.0.limit, name: self.0.name, source }.into() }
    }
}

/// The error about a task that has no result: its runtime has ended, or it has panicked.
pub(crate) fn stopped(error: JoinError) -> StoreError {
    if error.is_cancelled() { StoreError::RuntimeEnded } else { StoreError::Backend { source: error.into() } }
}

/// The moment after so much time, or one that nobody lives to see if the time has no end.
pub(crate) fn after(time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    Instant::now() + time.min(FAR)
}

/// How long one try is waited for where a caller is as patient as this.
pub(crate) fn attempt_within(limit: Duration) -> Duration {
    (limit / 2).clamp(Duration::from_millis(1), ATTEMPT)
}

/// The time is over.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer within {limit:?}, the {name}")]
struct Late {
    limit: Duration,
    name: &'static str,
    /// What the last try that failed has met.
    source: Option<SharedError>,
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use es_core::ErrorChain;

    use super::*;

    fn patience(millis: u64) -> Patience {
        Patience::new(Duration::from_millis(millis), "read deadline")
    }

    fn unreachable() -> Error {
        Error::from(std::io::Error::other("cut"))
    }

    #[tokio::test]
    async fn a_question_that_no_node_could_answer_is_asked_again() {
        let asked = AtomicU32::new(0);
        let answer = patience(10_000).ask(|| {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            async move { if number < 3 { Err(unreachable()) } else { Ok(number) } }
        });
        assert_eq!(answer.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_question_that_was_refused_is_not_asked_again() {
        let asked = AtomicU32::new(0);
        let answer = patience(10_000).ask(|| {
            asked.fetch_add(1, Ordering::Relaxed);
            async { Err::<(), _>(Error::custom("no")) }
        });
        assert!(matches!(answer.await, Err(StoreError::Backend { .. })));
        assert_eq!(asked.into_inner(), 1);
    }

    #[tokio::test]
    async fn a_slow_answer_counts_although_another_try_was_sent_beside_it() {
        let asked = AtomicU32::new(0);
        let answer = patience(1_000).ask(|| {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            async move {
                if number > 0 {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(Duration::from_millis(700)).await;
                Ok(number)
            }
        });
        assert_eq!(answer.await.unwrap(), 0);
        assert_eq!(asked.into_inner(), 2);
    }

    #[tokio::test]
    async fn when_the_time_is_over_the_error_names_the_limit_and_what_was_met_last() {
        let error = patience(50).ask(|| async { Err::<(), _>(unreachable()) }).await.unwrap_err();
        let StoreError::Unavailable { source } = error else { panic!("{error}") };
        assert_eq!(source.to_string(), "the server did not answer within 50ms, the read deadline");
        assert!(source.source().unwrap().to_string().contains("cut"));
        let silent = patience(50).ask(std::future::pending::<DriverResult<()>>).await.unwrap_err();
        assert!(ErrorChain::new(&silent).to_string().contains("50ms"), "{silent}");
    }
}
