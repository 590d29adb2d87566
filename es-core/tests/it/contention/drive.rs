//! Futures that a test polls by hand.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use es_core::Repository;

use super::budget::{Budget, spend};
use super::slow_store::SlowStore;

/// A future that runs only when the test polls it.
pub(crate) struct Driven<'a, T>(Pin<Box<dyn Future<Output = T> + Send + 'a>>);

impl<'a, T> Driven<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self(Box::pin(future))
    }

    /// Polls once.
    pub(crate) fn poll(&mut self) -> Option<T> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    pub(crate) fn poll_in(&mut self, context: &mut Context<'_>) -> Poll<T> {
        self.0.as_mut().poll(context)
    }

    /// Runs it to its end.
    pub(crate) async fn run(mut self) -> T {
        poll_fn(|context| self.poll_in(context)).await
    }
}

/// Makes the updates of an aggregate queue up: three of them have met. They spend nothing.
pub(crate) async fn contended(store: &SlowStore, budgets: &Repository<Budget>, id: &str) {
    store.close();
    let mut updates: Vec<_> =
        (900..903).map(|number| Driven::new(budgets.update(id, spend(0, number)).into_future())).collect();
    // All of them have loaded the aggregate.
    for _ in 0..20 {
        assert!(updates.iter_mut().all(|update| update.poll().is_none()));
    }
    store.open();
    for answer in futures_util::future::join_all(updates.into_iter().map(Driven::run)).await {
        answer.unwrap();
    }
}
