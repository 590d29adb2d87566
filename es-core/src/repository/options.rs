//! The options that every action has for the events that it records.

use super::LastEvent;
use crate::error::{InvalidCount, InvalidId};
use crate::store::AppendId;
use crate::{Cause, Metadata, RetryPolicy, Version};

/// The options of an action. An invalid option is reported when the action is awaited.
#[derive(Debug, Default)]
pub(super) struct Options {
    metadata: Metadata,
    user: Option<String>,
    cause: CausedBy,
    append_id: Option<Result<AppendId, InvalidId>>,
    expected: Option<Result<Version, InvalidCount>>,
    retry: Option<RetryPolicy>,
}

/// The cause of the events.
#[derive(Debug, Default)]
enum CausedBy {
    /// The causation in the metadata.
    #[default]
    AsGiven,
    Event(Cause),
    /// The last event of the aggregate.
    LastEvent,
}

/// Defines the methods that all actions have.
macro_rules! recording_options {
    () => {
        /// Sets who records the events.
        pub fn by(mut self, user: impl Into<String>) -> Self {
            self.options.by(user.into());
            self
        }

        /// Sets the metadata of the events: the user, the correlation, the causation, and your own
        /// keys.
        ///
        /// [`by`](Self::by) and [`caused_by`](Self::caused_by) override their ids in it, in any
        /// order of the calls.
        pub fn metadata(mut self, metadata: Metadata) -> Self {
            self.options.metadata(metadata);
            self
        }

        /// Sets the event that causes these: a recorded event, or the last event of a loaded
        /// aggregate.
        ///
        /// The events become part of its correlation, unless [`metadata`](Self::metadata) names a
        /// different one. If the cause belongs to no correlation, it starts one with its own id.
        pub fn caused_by(mut self, cause: impl Into<$crate::Cause>) -> Self {
            self.options.caused_by(cause.into());
            self
        }

        /// Sets an idempotency key, such as the id of a command. Two calls with one key act once,
        /// also across processes and restarts.
        ///
        /// The second call returns the events of the first one, with
        /// [`Outcome::AlreadyAppended`](crate::Outcome::AlreadyAppended), whatever its decision
        /// returns. If a key was used for [a
        /// different command](crate::store::AppendId), the call fails with
        /// [`StoreError::AppendIdReused`].
        pub fn once(mut self, append_id: impl AsRef<str>) -> Self {
            self.options.once(append_id.as_ref());
            self
        }
    };
}

/// Defines the methods that the actions with a decision have.
macro_rules! deciding_options {
    () => {
        /// Sets the last event of the aggregate as the cause, as [`caused_by`](Self::caused_by)
        /// does, without another read. If the aggregate does not exist, nothing is set.
        pub fn caused_by_last_event(mut self) -> Self {
            self.options.caused_by_last_event();
            self
        }

        /// Sets the version at which the caller has seen the aggregate, such as the version that a
        /// form displayed.
        ///
        /// If the aggregate has a different version now, nothing is recorded, and the error is a
        /// [`StoreError::Conflict`]. The decision is not retried.
        ///
        /// A number that is not a version, such as -1, is a [`StoreError::InvalidVersion`] when the
        /// action is awaited.
        pub fn expecting(mut self, version: impl $crate::repository::IntoVersion) -> Self {
            self.options.expecting(version.into_version());
            self
        }

        /// Limits the time, or the number of attempts, of this call if it meets conflicts, instead
        /// of the limit of the [repository](Repository::with_retry).
        pub fn retry(mut self, retry: RetryPolicy) -> Self {
            self.options.retry(retry);
            self
        }
    };
}

pub(super) use {deciding_options, recording_options};

impl Options {
    pub(super) fn by(&mut self, user: String) {
        self.user = Some(user);
    }

    pub(super) fn metadata(&mut self, metadata: Metadata) {
        self.metadata = metadata;
    }

    pub(super) fn caused_by(&mut self, cause: Cause) {
        self.cause = CausedBy::Event(cause);
    }

    pub(super) fn caused_by_last_event(&mut self) {
        self.cause = CausedBy::LastEvent;
    }

    pub(super) fn once(&mut self, append_id: &str) {
        self.append_id = Some(AppendId::new(append_id));
    }

    pub(super) fn expecting(&mut self, version: Result<Version, InvalidCount>) {
        self.expected = Some(version);
    }

    pub(super) fn retry(&mut self, retry: RetryPolicy) {
        self.retry = Some(retry);
    }

    pub(super) fn take_append_id(&mut self) -> Result<Option<AppendId>, InvalidId> {
        self.append_id.take().transpose()
    }

    pub(super) fn take_expected(&mut self) -> Result<Option<Version>, InvalidCount> {
        self.expected.take().transpose()
    }

    pub(super) fn retry_or(&self, default: RetryPolicy) -> RetryPolicy {
        self.retry.unwrap_or(default)
    }

    /// The metadata of the events that follow this one.
    pub(super) fn metadata_after(&self, last_event: Option<&LastEvent>) -> Metadata {
        let mut metadata = self.metadata.clone();
        let cause = match &self.cause {
            CausedBy::AsGiven => None,
            CausedBy::Event(cause) => Some(cause.clone()),
            CausedBy::LastEvent => last_event.map(Cause::from),
        };
        if let Some(cause) = cause {
            if metadata.correlation_id().is_none() {
                metadata = metadata.correlation(cause.correlation_id());
            }
            metadata = metadata.causation(cause.event_id().to_string());
        }
        match &self.user {
            Some(user) => metadata.user(user),
            None => metadata,
        }
    }
}
