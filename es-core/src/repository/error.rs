//! The errors of a repository.
//!
//! [`UpdateError`] covers the variants of the load and create errors, so a function that loads,
//! creates and updates returns it, and `?` converts the others.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use crate::error::{InvalidCount, InvalidId};
use crate::{Sequence, StoreError, StreamId, Timestamp, Version};

/// An aggregate could not be loaded.
///
/// `?` converts it to an [`UpdateError`]. It does not convert to a [`StoreError`], because a
/// missing aggregate is not a failure of the store.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The aggregate has no event or has ended, now or at that time.
    #[error("{stream} does not exist")]
    NotFound {
        /// The requested stream.
        stream: StreamId,
    },
    /// The aggregate has not reached that version.
    #[error("{stream} has no version {requested}; it has version {actual}")]
    NoSuchVersion {
        /// The stream.
        stream: StreamId,
        /// The requested version.
        requested: Version,
        /// The version that the aggregate has.
        actual: Version,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An aggregate could not be created.
///
/// `?` converts it to an [`UpdateError`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The aggregate already has events.
    #[error("{stream} already exists, at version {version}")]
    AlreadyExists {
        /// The stream.
        stream: StreamId,
        /// The version that it has.
        version: Version,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The past of an aggregate could not be imported. Nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The stored past of the aggregate differs from the import.
    #[error("the past of {stream} differs from the import: event {sequence} {difference}")]
    Differs {
        /// The stream.
        stream: StreamId,
        /// The first stored event that differs.
        sequence: Sequence,
        /// What differs.
        difference: ImportDifference,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The difference between a stored event and the event that should be imported in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportDifference {
    /// The kind of the event.
    #[error("is a `{stored}`, but the import has a `{imported}`")]
    Type {
        /// The stored name of the event, as the current code reads it.
        stored: String,
        /// The name in the import.
        imported: String,
    },
    /// A field of its data.
    #[error("has different data in `{field}`")]
    Data {
        /// The path to the field, such as `items.0.amount`.
        field: String,
    },
    /// The time when it happened.
    #[error("happened at {stored}, but at {imported} in the import")]
    Timestamp {
        /// The stored time.
        stored: Timestamp,
        /// The time in the import.
        imported: Timestamp,
    },
    /// A field of its metadata.
    #[error("has different metadata in `{field}`")]
    Metadata {
        /// The path to the field, such as `userId`.
        field: String,
    },
}

/// An aggregate could not be updated. `E` is the error of the decision, unchanged.
///
/// It is also the error of a function that does more with an aggregate: `?` converts a
/// [`LoadError`], a [`CreateError`], a [`StoreError`] and an [`InvalidId`] to it. An update alone
/// never returns [`AlreadyExists`](Self::AlreadyExists) or [`NoSuchVersion`](Self::NoSuchVersion).
///
/// ```
/// # use es_core::{Aggregate, Apply, Context, Loaded, Repository, UpdateError, event};
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// async fn transfer(accounts: &Repository<Account>) -> Result<(), UpdateError<String>> {
///     let balance = accounts.load("a").await?.cents;
///     accounts.create("b", Deposited { cents: balance }).await?;
///     let withdraw = |a: &Loaded<Account>| {
///         if a.cents < balance { Err("overdrawn".to_owned()) } else { Ok(Deposited { cents: -balance }) }
///     };
///     accounts.update("a", withdraw).await?;
///     Ok(())
/// }
/// ```
///
/// A web handler answers [`is_not_found`](Self::is_not_found) with 404,
/// [`is_conflict`](Self::is_conflict) with 409, a [`rejection`](Self::rejection) and
/// [`is_invalid_input`](Self::is_invalid_input) with 422, [`is_unavailable`](Self::is_unavailable)
/// with 503, and anything else with 500.
///
/// `E` need not be an [`Error`]: text and boxed errors are refusals too, and `UpdateError<String>`
/// can be returned as a `Box<dyn Error>`. For the same reason a refusal has no
/// [source](Error::source): it displays as `E` does, and its cause is available through
/// [`rejection`](Self::rejection).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum UpdateError<E = Infallible> {
    /// The aggregate has no event.
    NotFound {
        /// The requested stream.
        stream: StreamId,
    },
    /// The aggregate has not reached the version to load.
    NoSuchVersion {
        /// The stream.
        stream: StreamId,
        /// The requested version.
        requested: Version,
        /// The version that the aggregate has.
        actual: Version,
    },
    /// The aggregate to create already has events.
    AlreadyExists {
        /// The stream.
        stream: StreamId,
        /// The version that it has.
        version: Version,
    },
    /// The decision refused. Nothing was written.
    Rejected(E),
    /// The store refused or failed. It is a [`StoreError::Conflict`] if every attempt met one.
    Store(StoreError),
}

impl<E: fmt::Display> fmt::Display for UpdateError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::NotFound { stream } => LoadError::NotFound { stream: stream.clone() }.fmt(f),
            Self::NoSuchVersion { stream, requested, actual } => {
                LoadError::NoSuchVersion { stream: stream.clone(), requested: *requested, actual: *actual }.fmt(f)
            }
            Self::AlreadyExists { stream, version } => {
                CreateError::AlreadyExists { stream: stream.clone(), version: *version }.fmt(f)
            }
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for UpdateError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Store(error) => error.source(),
            Self::NotFound { .. } | Self::NoSuchVersion { .. } | Self::AlreadyExists { .. } | Self::Rejected(_) => None,
        }
    }
}

impl<E> UpdateError<E> {
    /// The error of the decision, if the decision refused.
    pub fn rejection(&self) -> Option<&E> {
        match self {
            Self::Rejected(error) => Some(error),
            _ => None,
        }
    }

    /// The same error, with the refusal of the decision converted.
    pub fn map_rejection<F>(self, convert: impl FnOnce(E) -> F) -> UpdateError<F> {
        match self {
            Self::Rejected(error) => UpdateError::Rejected(convert(error)),
            Self::NotFound { stream } => UpdateError::NotFound { stream },
            Self::NoSuchVersion { stream, requested, actual } => {
                UpdateError::NoSuchVersion { stream, requested, actual }
            }
            Self::AlreadyExists { stream, version } => UpdateError::AlreadyExists { stream, version },
            Self::Store(error) => UpdateError::Store(error),
        }
    }

    /// Whether the requested aggregate or version does not exist: [`NotFound`](Self::NotFound) and
    /// [`NoSuchVersion`](Self::NoSuchVersion).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::NoSuchVersion { .. })
    }

    /// Whether the stored events contradict the command: [`AlreadyExists`](Self::AlreadyExists), or
    /// [`StoreError::is_conflict`] after every attempt met a faster writer.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::AlreadyExists { .. }) || self.store_error().is_some_and(StoreError::is_conflict)
    }
}

impl LoadError {
    /// Whether the requested aggregate or version does not exist: [`NotFound`](Self::NotFound) and
    /// [`NoSuchVersion`](Self::NoSuchVersion).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::NoSuchVersion { .. })
    }
}

impl CreateError {
    /// Whether the stored events contradict the command: [`AlreadyExists`](Self::AlreadyExists), or
    /// [`StoreError::is_conflict`].
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::AlreadyExists { .. }) || self.store_error().is_some_and(StoreError::is_conflict)
    }
}

impl ImportError {
    /// Whether the stored events contradict the import: [`Differs`](Self::Differs), or
    /// [`StoreError::is_conflict`].
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Differs { .. }) || self.store_error().is_some_and(StoreError::is_conflict)
    }
}

/// What all of them share: the error of the store, its predicates, and invalid ids.
macro_rules! with_store_error {
    ($error:ty $(, $E:ident)?) => {
        impl$(<$E>)? $error {
            /// The error of the store, if the store refused or failed.
            pub fn store_error(&self) -> Option<&StoreError> {
                match self {
                    Self::Store(error) => Some(error),
                    _ => None,
                }
            }

            /// Whether the same call may succeed if it is repeated, by
            /// [`StoreError::is_retryable`].
            pub fn is_retryable(&self) -> bool {
                self.store_error().is_some_and(StoreError::is_retryable)
            }

            /// Whether the store cannot be used at present, by [`StoreError::is_unavailable`].
            pub fn is_unavailable(&self) -> bool {
                self.store_error().is_some_and(StoreError::is_unavailable)
            }

            /// Whether the error affects every other aggregate too, by
            /// [`StoreError::concerns_the_store`].
            pub fn concerns_the_store(&self) -> bool {
                self.store_error().is_some_and(StoreError::concerns_the_store)
            }

            /// Whether the request can never succeed, by [`StoreError::is_invalid_input`].
            pub fn is_invalid_input(&self) -> bool {
                self.store_error().is_some_and(StoreError::is_invalid_input)
            }
        }

        impl$(<$E>)? From<InvalidId> for $error {
            fn from(error: InvalidId) -> Self {
                Self::Store(error.into())
            }
        }

        impl$(<$E>)? From<InvalidCount> for $error {
            fn from(error: InvalidCount) -> Self {
                Self::Store(error.into())
            }
        }
    };
}

with_store_error!(LoadError);
with_store_error!(CreateError);
with_store_error!(ImportError);
with_store_error!(UpdateError<E>, E);

impl<E> From<StoreError> for UpdateError<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E> From<LoadError> for UpdateError<E> {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::NotFound { stream } => Self::NotFound { stream },
            LoadError::NoSuchVersion { stream, requested, actual } => Self::NoSuchVersion { stream, requested, actual },
            LoadError::Store(error) => Self::Store(error),
        }
    }
}

impl<E> From<CreateError> for UpdateError<E> {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::AlreadyExists { stream, version } => Self::AlreadyExists { stream, version },
            CreateError::Store(error) => Self::Store(error),
        }
    }
}
