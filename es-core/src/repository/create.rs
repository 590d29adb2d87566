//! The action that begins an aggregate.

use std::fmt;
use std::future::IntoFuture;

use tracing::Span;

use super::options::{Options, recording_options};
use super::{Committed, CreateError, Repository, check_foldable, span};
use crate::error::InvalidId;
use crate::repository::FirstEvents;
use crate::store::{AppendId, BoxFuture, EventSet, Head};
use crate::{Aggregate, IdFor, Metadata, StoreError, StreamId, Version};

/// Records the first events of an aggregate; [`Repository::create`] returns it.
#[must_use = "nothing is recorded until the action is awaited"]
pub struct Create<'a, A: Aggregate> {
    repository: &'a Repository<A>,
    stream: Result<StreamId, InvalidId>,
    events: Vec<A::Event>,
    options: Options,
    span: Span,
}

impl<A: Aggregate> Repository<A> {
    /// Records the first events of an aggregate when the action is awaited. If its stream has only
    /// [retired](crate::store::Decoded::Retired) events, the aggregate begins after them. If it has
    /// [ended](Aggregate#an-end), it begins anew after its end.
    ///
    /// # Errors
    ///
    /// [`CreateError::AlreadyExists`] if the aggregate exists, [`StoreError::Unfoldable`] if it
    /// cannot begin with these events, [`StoreError::DuplicateKey`] if a unique index of the user
    /// already holds a value of the events, [`StoreError::Refused`] if the store refuses them for a
    /// different reason that a retry does not remove, and the other errors of the store.
    pub fn create(&self, id: impl IdFor<A::Id>, events: impl FirstEvents<A::Event>) -> Create<'_, A> {
        let stream = StreamId::of::<A>(id);
        let span = span::of_call!("create", A::TYPE, stream.as_ref().ok());
        Create { repository: self, stream, events: events.into_events(), options: Options::default(), span }
    }

    async fn create_in(
        &self,
        stream: &StreamId,
        append_id: Option<AppendId>,
        mut events: Vec<A::Event>,
        metadata: &Metadata,
    ) -> Result<Committed<A::Event>, CreateError> {
        check_foldable::<A>(stream, Version::NONE, false, &events)?;
        let kinds: Vec<_> = match append_id {
            Some(_) => events.iter().map(EventSet::info).collect(),
            None => Vec::new(),
        };
        let (mut before, mut retries, mut looked) = (Head::NONE, self.retry.start(), false);
        loop {
            let error = match self.append(stream, before, &mut events, metadata, append_id.clone()).await {
                Ok(committed) => return Ok(committed),
                // Splits and retired events are known here, so here it is decided whether the key
                // belongs to a different command.
                Err(error @ (StoreError::Conflict { .. } | StoreError::AppendIdReused { .. })) => error,
                Err(error) => return Err(error.into()),
            };
            if let Some(append_id) = &append_id
                && let Some(committed) = self.already(stream, append_id, |kind| kinds.contains(&kind)).await?
            {
                return Ok(committed);
            }
            let StoreError::Conflict { actual: version, .. } = error else { return Err(error.into()) };
            // After only retired events or an end, the aggregate begins now.
            let Some(head) = self.before_beginning(stream).await? else {
                return Err(CreateError::AlreadyExists { stream: stream.clone(), version });
            };
            if looked {
                match retries.wait() {
                    Some(wait) => self.store.sleep(wait).await,
                    None => return Err(error.into()),
                }
            }
            (looked, before) = (true, head);
        }
    }
}

impl<A: Aggregate> Create<'_, A> {
    recording_options!();
}

impl<'a, A: Aggregate> IntoFuture for Create<'a, A> {
    type Output = Result<Committed<A::Event>, CreateError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { repository, stream, events, mut options, span } = self;
        let call = async move {
            let (stream, append_id) = (stream?, options.take_append_id()?);
            repository.create_in(&stream, append_id, events, &options.metadata_after(None)).await
        };
        Box::pin(span::follow(span, call))
    }
}

impl<A: Aggregate> fmt::Debug for Create<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Create")
            .field("aggregate", &A::TYPE)
            .field("stream", &self.stream)
            .field("events", &self.events.len())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
