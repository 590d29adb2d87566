//! `Debug` of the generated enum of events, whose events need not implement `Debug`.
//!
//! Both traits have the method `__show`. The compiler prefers the one that needs fewer references,
//! so an event without `Debug` falls back to the second one.

use core::fmt::{Debug, Formatter, Result};

/// An event, and the name of its variant.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "it is not printed itself")]
pub struct Shown<'a, E> {
    /// The event.
    pub event: &'a E,
    /// The name of the variant.
    pub name: &'a str,
}

/// Prints an event that implements `Debug`.
pub trait ShowData {
    /// Prints the event.
    ///
    /// # Errors
    ///
    /// The error of the formatter.
    fn __show(&self, formatter: &mut Formatter<'_>) -> Result;
}

impl<E: Debug> ShowData for Shown<'_, E> {
    fn __show(&self, formatter: &mut Formatter<'_>) -> Result {
        self.event.fmt(formatter)
    }
}

/// Prints the name of an event that does not implement `Debug`.
pub trait ShowName {
    /// Prints the name.
    ///
    /// # Errors
    ///
    /// The error of the formatter.
    fn __show(&self, formatter: &mut Formatter<'_>) -> Result;
}

impl<E> ShowName for &Shown<'_, E> {
    fn __show(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(self.name)
    }
}
