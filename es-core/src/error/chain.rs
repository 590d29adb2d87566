//! An error with its causes, as one text.

use std::error::Error;
use std::fmt;

/// Displays an error and all its causes, separated by colons.
///
/// The errors of this crate display only themselves; their causes are their
/// [sources](Error::source). A log or a terminal usually needs all of them:
///
/// ```
/// use es_core::StoreError;
/// use es_core::error::ErrorChain;
///
/// let failed = StoreError::Unavailable { source: std::io::Error::other("the cable is cut").into() };
/// assert_eq!(failed.to_string(), "the store is unavailable");
/// assert_eq!(ErrorChain::new(&failed).to_string(), "the store is unavailable: the cable is cut");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ErrorChain<'a>(&'a (dyn Error + 'a));

impl<'a> ErrorChain<'a> {
    /// The error and its causes.
    pub fn new(error: &'a (dyn Error + 'a)) -> Self {
        Self(error)
    }
}

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
