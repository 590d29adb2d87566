//! Causes that can be cloned.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::event_types::BoxError;

/// The cause of an error, shared, so that the error that contains it is `Clone`.
///
/// Everything that `?` converts to a boxed error also converts to this type: any error, and text.
/// It dereferences to the error, so the cause can be displayed and downcast:
///
/// ```
/// use es_core::StoreError;
/// use es_core::error::SharedError;
///
/// let failed = StoreError::Unavailable { source: std::io::Error::other("the cable is cut").into() };
/// let StoreError::Unavailable { source } = failed.clone() else { unreachable!() };
/// assert_eq!(source.to_string(), "the cable is cut");
/// assert!(source.is::<std::io::Error>());
///
/// let text = SharedError::from("there is no cable");
/// assert!(text.source().is_none());
/// ```
///
/// Like the error types of `anyhow` and `eyre`, it does not implement [`Error`] itself, because it
/// converts from every type that does. [`as_error`](Self::as_error) borrows the error inside it.
#[derive(Clone)]
pub struct SharedError(Arc<dyn Error + Send + Sync>);

impl SharedError {
    /// The error inside.
    pub fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl<E: Into<BoxError>> From<E> for SharedError {
    fn from(error: E) -> Self {
        Self(error.into().into())
    }
}

impl Deref for SharedError {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        self.as_error()
    }
}

impl fmt::Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
