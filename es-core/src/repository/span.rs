//! The span of each call, with fields for its outcome.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tracing::{Instrument, Span, field};

use super::{Committed, CreateError, ImportError, LoadError, Loaded, Outcome, UpdateError};
use crate::error::ErrorChain;
use crate::{RecordedEvent, StoreError, Version};

/// The span of a call: its name, the stored name of the aggregate's type, and the id of the stream
/// if it is valid.
macro_rules! of_call {
    ($name:literal, $aggregate:expr, $stream:expr) => {
        tracing::debug_span!(
            $name,
            aggregate = $aggregate,
            id = $stream.map(|stream: &$crate::StreamId| stream.aggregate_id().as_str()),
            version = tracing::field::Empty,
            outcome = tracing::field::Empty,
            error = tracing::field::Empty
        )
    };
}

pub(super) use of_call;

/// The result of a call that succeeds.
pub(super) trait Success {
    fn version(&self) -> Version;
    fn outcome(&self) -> &'static str;
}

/// The result of a call that fails.
pub(super) trait Failure {
    fn outcome(&self) -> &'static str;

    /// The error, unless it is a refusal with the user's own type, which is not about the store and
    /// may not be fit for a log.
    fn error(&self) -> Option<&dyn Error>;
}

/// Runs a call inside its span. Callers keep the future on the heap, because otherwise each outer
/// future would reserve space for it again.
pub(super) async fn follow<T: Success, E: Failure>(
    span: Span,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let result = call.instrument(span.clone()).await;
    match &result {
        Ok(value) => {
            span.record("version", value.version().get());
            span.record("outcome", value.outcome());
        }
        Err(failure) => {
            span.record("outcome", failure.outcome());
            if let Some(error) = failure.error() {
                span.record("error", field::display(ErrorChain::new(error)));
            }
        }
    }
    result
}

impl<A> Success for Loaded<A> {
    fn version(&self) -> Version {
        self.version
    }

    fn outcome(&self) -> &'static str {
        "loaded"
    }
}

impl<E, R> Success for Committed<E, R> {
    fn version(&self) -> Version {
        self.version
    }

    fn outcome(&self) -> &'static str {
        match self.outcome {
            Outcome::Appended => "appended",
            Outcome::AlreadyAppended => "already appended",
            Outcome::Unchanged => "unchanged",
        }
    }
}

fn of_store(error: &StoreError) -> &'static str {
    if error.is_conflict() { "conflict" } else { "failed" }
}

impl Failure for LoadError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::NotFound { .. } | Self::NoSuchVersion { .. } => "not found",
            Self::Store(error) => of_store(error),
        }
    }

    fn error(&self) -> Option<&dyn Error> {
        Some(self)
    }
}

impl Failure for CreateError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::AlreadyExists { .. } => "already exists",
            Self::Store(error) => of_store(error),
        }
    }

    fn error(&self) -> Option<&dyn Error> {
        Some(self)
    }
}

impl Failure for ImportError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Differs { .. } => "differs",
            Self::Store(error) => of_store(error),
        }
    }

    fn error(&self) -> Option<&dyn Error> {
        Some(self)
    }
}

impl<E> Failure for UpdateError<E> {
    fn outcome(&self) -> &'static str {
        match self {
            Self::NotFound { .. } | Self::NoSuchVersion { .. } => "not found",
            Self::AlreadyExists { .. } => "already exists",
            Self::Rejected(_) => "rejected",
            Self::Store(error) => of_store(error),
        }
    }

    fn error(&self) -> Option<&dyn Error> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// A stream of events that is read inside its span.
pub(super) struct Followed<S> {
    events: S,
    span: Span,
}

impl<S> Followed<S> {
    pub(super) fn new(span: Span, events: S) -> Self {
        Self { events, span }
    }
}

impl<S, T> Stream for Followed<S>
where
    S: Stream<Item = Result<RecordedEvent<T>, StoreError>> + Unpin,
{
    type Item = Result<RecordedEvent<T>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { events, span } = &mut *self;
        let polled = span.in_scope(|| Pin::new(events).poll_next(context));
        match &polled {
            Poll::Ready(Some(Ok(event))) => {
                span.record("version", event.sequence.get());
            }
            Poll::Ready(Some(Err(error))) => {
                span.record("outcome", of_store(error));
                span.record("error", field::display(ErrorChain::new(error)));
            }
            Poll::Ready(None) => {
                span.record("outcome", "read");
            }
            Poll::Pending => {}
        }
        polled
    }
}
