//! `Debug` of the generated enum of events, whose events need not implement `Debug`.

use core::fmt::{Debug, Formatter, Result};

/// An event, and the name of its variant.
///
/// The inherent `__show` takes precedence over that of [`ShowName`] if its bound holds, so only an
/// event without `Debug` is printed as its name.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "it is not printed itself")]
pub struct Shown<'a, E> {
    /// The event.
    pub event: &'a E,
    /// The name of the variant.
    pub name: &'a str,
}

impl<E: Debug> Shown<'_, E> {
    /// Prints the event.
    ///
    /// # Errors
    ///
    /// The error of the formatter.
    pub fn __show(self, formatter: &mut Formatter<'_>) -> Result {
        self.event.fmt(formatter)
    }
}

/// Prints the name of an event that does not implement `Debug`.
pub trait ShowName: Sized {
    /// Prints the name.
    ///
    /// # Errors
    ///
    /// The error of the formatter.
    fn __show(self, formatter: &mut Formatter<'_>) -> Result;
}

impl<E> ShowName for Shown<'_, E> {
    fn __show(self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(self.name)
    }
}
