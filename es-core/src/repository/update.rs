//! The action that loads an aggregate, decides and records.

use std::fmt;
use std::future::IntoFuture;

use tracing::Span;

use super::call::{Call, Decide};
use super::closure::{Decides, OnLoaded, OnLoadedOrMissing};
use super::decision::{Continues, MayHold, Upserts};
use super::options::{Options, deciding_options, recording_options};
use super::{Committed, Repository, UpdateError, span};
use crate::error::InvalidId;
use crate::store::BoxFuture;
use crate::{Aggregate, IdFor, Metadata, RetryPolicy, StoreError, StreamId};

/// Loads an aggregate, decides, and records what the decision returns; [`Repository::update`] and
/// [`Repository::upsert`] return it.
///
/// `R` is the [answer](crate::Answer) of the decision, `E` its error.
#[must_use = "nothing is recorded until the action is awaited"]
pub struct Update<'a, A: Aggregate, R, E> {
    repository: &'a Repository<A>,
    stream: Result<StreamId, InvalidId>,
    decide: Decide<'a, A, R, E>,
    may_hold: MayHold,
    options: Options,
    span: Span,
}

impl<A: Aggregate> Repository<A> {
    /// Loads the aggregate, calls `decide` with it, and records what it returns, when the action is
    /// awaited.
    ///
    /// If somebody else records an event in between, the aggregate is brought up to date and
    /// `decide` is called again, as long as the [retry policy](Self::with_retry) allows. So
    /// `decide` must not move out what it has captured: clone it, as in `|account|
    /// account.rename(name.clone())`. If a decision returns no event, nothing is written.
    ///
    /// # Many updates of one aggregate
    ///
    /// If updates of one aggregate through this repository and its clones meet a conflict, they
    /// queue up instead of competing. `decide` then sees the state after the decisions before it,
    /// and all of them are recorded together. If an append is not recorded, the decisions after it
    /// are repeated. A refusal, or a decision without events, is answered only on a state that is
    /// recorded. A decision must not wait for another update of the same aggregate.
    ///
    /// `decide` receives a [`Loaded`](crate::Loaded), which dereferences to the aggregate. So write
    /// a closure, as in `|cart| cart.confirm()`; the path of a method, as in `Cart::confirm`, does
    /// not compile.
    ///
    /// `decide` returns events, a `Result` of them, or either with an [`Answer`](crate::Answer) for
    /// the caller. If an event depends on the state after the ones before it, it returns
    /// [`Steps`](crate::Steps).
    ///
    /// # A decision that asks a service
    ///
    /// A decision is synchronous, because it may be repeated and must depend only on the aggregate.
    /// If it needs the answer of a service, load the aggregate, call the service, and record on the
    /// condition that the aggregate has not changed:
    ///
    /// ```
    /// # use es_core::{event, Aggregate, Apply, Context, Loaded, Repository, memory::MemoryStore};
    /// # #[event(version = 1)]
    /// # pub struct Rated { pub rating: String }
    /// # #[derive(Aggregate, Default)]
    /// # #[aggregate(events(Rated))]
    /// # pub struct Customer { rating: String }
    /// # impl Apply<Rated> for Customer {
    /// #     fn apply(&mut self, event: Rated, _: &Context) { self.rating = event.rating; }
    /// # }
    /// # async fn ask_the_agency(_: &str) -> String { "AA".into() }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let customers = Repository::<Customer>::new(&MemoryStore::new());
    /// # customers.create("c", Rated { rating: "A".into() }).await?;
    /// let customer = customers.load("c").await?;
    /// let rating = ask_the_agency(&customer.rating).await;
    /// let rate = |_: &Loaded<Customer>| Rated { rating: rating.clone() }; // it may be called again
    /// customers.update("c", rate).expecting(customer.version).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`UpdateError::NotFound`] if the aggregate has not begun or has ended,
    /// [`UpdateError::Rejected`] with the error of `decide`, [`StoreError::Unfoldable`] if an event
    /// can only begin an aggregate, and the errors of the store: [`StoreError::Conflict`] if every
    /// attempt met one, [`StoreError::DuplicateKey`] and [`StoreError::Refused`] as
    /// [`create`](Self::create). Only a conflict is retried.
    pub fn update<'a, F, D, Form, R, E>(&'a self, id: impl IdFor<A::Id>, mut decide: F) -> Update<'a, A, R, E>
    where
        F: OnLoaded<A, D> + Decides<D, A::Event, Continues, Form, R, E> + Send + 'a,
    {
        let decide = Decide::Update(Box::new(move |loaded| F::result_of(decide(loaded))));
        let stream = StreamId::of::<A>(id);
        let span = span::of_call!("update", A::TYPE, stream.as_ref().ok());
        self.action(stream, decide, F::may_return, span)
    }

    /// As [`update`](Self::update), for an aggregate that may not have begun or may have ended: in
    /// that case `decide` receives `None`, and the events that it returns begin the aggregate.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update), except that a missing aggregate is not an error. Also
    /// [`StoreError::Unfoldable`] if the aggregate cannot begin with the first event.
    pub fn upsert<'a, F, D, Form, R, E>(&'a self, id: impl IdFor<A::Id>, mut decide: F) -> Update<'a, A, R, E>
    where
        F: OnLoadedOrMissing<A, D> + Decides<D, A::Event, Upserts, Form, R, E> + Send + 'a,
    {
        let decide = Decide::Upsert(Box::new(move |loaded| F::result_of(decide(loaded))));
        let stream = StreamId::of::<A>(id);
        let span = span::of_call!("upsert", A::TYPE, stream.as_ref().ok());
        self.action(stream, decide, F::may_return, span)
    }

    fn action<'a, R, E>(
        &'a self,
        stream: Result<StreamId, InvalidId>,
        decide: Decide<'a, A, R, E>,
        may_hold: MayHold,
        span: Span,
    ) -> Update<'a, A, R, E> {
        Update { repository: self, stream, decide, may_hold, options: Options::default(), span }
    }
}

impl<A: Aggregate, R, E> Update<'_, A, R, E> {
    recording_options!();
    deciding_options!();
}

impl<A: Aggregate, R: Send, E> Update<'_, A, R, E> {
    async fn run(self) -> Result<Committed<A::Event, R>, UpdateError<E>> {
        let Self { repository, stream, decide, may_hold, mut options, .. } = self;
        let stream = stream.map_err(StoreError::from)?;
        let (append_id, required) = (options.take_append_id()?, options.take_expected()?);
        let retries = options.retry_or(repository.retry).start();
        Call { repository, stream, decide, may_hold, options, append_id, required, retries }.run().await
    }
}

impl<'a, A: Aggregate, R: Send + 'a, E: 'a> IntoFuture for Update<'a, A, R, E> {
    type Output = Result<Committed<A::Event, R>, UpdateError<E>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let span = self.span.clone();
        Box::pin(span::follow(span, self.run()))
    }
}

impl<A: Aggregate, R, E> fmt::Debug for Update<'_, A, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("aggregate", &A::TYPE)
            .field("stream", &self.stream)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
