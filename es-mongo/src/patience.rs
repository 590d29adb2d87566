//! Limits how long a query waits for an answer of the server, and retries it.
//!
//! The driver has no time limit for a server that does not answer, and retries a read only once,
//! immediately. An election takes longer.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::error::SharedError;
use es_core::{RetryPolicy, StoreError};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use mongodb::error::{Error, Result as DriverResult};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::error::store_error;

/// The time limit of one attempt: longer than a slow commit, shorter than the time that a caller
/// waits for a silent server.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How long a query waits for an answer of the server. This is a pointer, so that the futures that
/// contain it stay small.
#[derive(Debug, Clone)]
pub(crate) struct Patience(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    limit: Duration,
    /// The name of the limit, as the user knows it.
    name: &'static str,
    /// The time after which a second attempt starts if the first has no answer yet.
    attempt: Duration,
    /// The runtime in which the store was opened. The driver's own tasks run there, so queries run
    /// there too: after it has ended, no query would be answered.
    runtime: Handle,
}

impl Patience {
    pub(crate) fn new(limit: Duration, name: &'static str) -> Self {
        Self(Arc::new(Limits { limit, name, attempt: attempt_within(limit), runtime: Handle::current() }))
    }

    /// The same for a query that may take the server a long time. A concurrent second attempt would
    /// only slow it down.
    pub(crate) fn with_one_at_a_time(&self) -> Self {
        let Limits { limit, name, ref runtime, .. } = *self.0;
        Self(Arc::new(Limits { limit, name, attempt: limit, runtime: runtime.clone() }))
    }

    /// Runs a query until there is an answer or the time is over. Use it only for queries that are
    /// safe to repeat.
    ///
    /// If a node cannot answer, the query is retried after a growing wait with jitter. A silent
    /// node may be frozen and already replaced, so a second attempt races the first.
    ///
    /// The future is small, because its state is on the heap: a load awaits it in several places
    /// and would otherwise reserve space for each of them.
    pub(crate) fn ask<T, F, Q>(&self, question: Q) -> impl Future<Output = Result<T, StoreError>> + use<T, F, Q>
    where
        T: Send + 'static,
        F: Future<Output = DriverResult<T>> + Send + 'static,
        Q: Fn() -> F,
    {
        self.ask_or(question, store_error)
    }

    /// The same for a query that has further errors. An error is retried only if no node could
    /// answer.
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

    /// The same for a question whose answer takes something, so an answer that nobody waits for any
    /// longer must be returned: `late` does that.
    pub(crate) async fn ask_for<T, F, L>(
        &self,
        question: impl Fn() -> F,
        late: impl Fn(T) -> L + Clone + Send + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = DriverResult<T>> + Send + 'static,
        L: Future<Output = ()> + Send + 'static,
    {
        let is_answered = Arc::new(AtomicBool::new(false));
        let answer = self.ask(|| {
            let (question, late, is_answered) = (question(), late.clone(), Arc::clone(&is_answered));
            async move {
                let answer = question.await?;
                if is_answered.swap(true, Ordering::AcqRel) {
                    late(answer).await;
                    return Err(Error::custom("a different attempt was answered first"));
                }
                Ok(answer)
            }
        });
        let answer = answer.await;
        is_answered.store(true, Ordering::Release);
        answer
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
            // A separate task: the driver does not promise that an operation can be dropped before
            // it is complete.
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
            tracing::debug!(problem = %source, failed, "a read is retried");
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

    /// Waits for one answer, without a retry.
    pub(crate) async fn once<T: Send + 'static>(
        &self,
        question: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.wait(self.spawn(question)).await
    }

    /// Waits for the answer to a write for at most `limit`, and sends it only once.
    pub(crate) async fn once_within<T: Send + 'static>(
        &self,
        limit: Duration,
        write: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, SharedError> {
        match tokio::time::timeout(limit, self.spawn(write)).await {
            Ok(answer) => answer.map_err(Into::into),
            Err(_) => Err(format!("the server did not answer within {limit:?}").into()),
        }
    }

    /// Waits for the answer to a query that has already started.
    pub(crate) async fn wait<T>(&self, task: JoinHandle<T>) -> Result<T, StoreError> {
        match tokio::time::timeout(self.0.limit, task).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(stopped)) => Err(self::stopped(stopped)),
            Err(_) => Err(self.late(None)),
        }
    }

    /// Starts a query in the runtime of the store.
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

/// The error for a task without a result: its runtime has ended, or it has panicked.
pub(crate) fn stopped(error: JoinError) -> StoreError {
    if error.is_cancelled() { StoreError::RuntimeEnded } else { StoreError::Backend { source: error.into() } }
}

/// The time after this duration. If the duration is too long to be represented, a time in the
/// distant future.
pub(crate) fn after(time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    Instant::now() + time.min(FAR)
}

/// The time limit of one attempt within this limit.
pub(crate) fn attempt_within(limit: Duration) -> Duration {
    (limit / 2).clamp(Duration::from_millis(1), ATTEMPT)
}

/// The time limit has passed.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer within {limit:?}, the {name}")]
struct Late {
    limit: Duration,
    name: &'static str,
    /// The error of the last failed attempt.
    source: Option<SharedError>,
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use es_core::error::ErrorChain;

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
