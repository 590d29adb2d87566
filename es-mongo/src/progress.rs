//! Reports the progress of a long run to the caller.

use std::fmt;

/// The listener, if there is one.
pub(crate) struct Progress<R>(Option<Listener<R>>);

type Listener<R> = Box<dyn Fn(&R) + Send + Sync>;

impl<R> Progress<R> {
    /// No listener.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn to(listener: impl Fn(&R) + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(listener)))
    }

    pub(crate) fn tell(&self, report: &R) {
        if let Some(listener) = &self.0 {
            listener(report);
        }
    }
}

impl<R> fmt::Debug for Progress<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Progress(reported)" } else { "Progress(unreported)" })
    }
}
