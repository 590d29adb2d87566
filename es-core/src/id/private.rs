//! What `#[derive(Id)]` asks of a type.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use crate::error::BoxError;

/// A type with a text form: `Display` and `FromStr`, with a better error message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no text form, so it cannot be stored as an id",
    label = "needs `Display`, and `FromStr` with an error type",
    note = "implement `std::fmt::Display` and `std::str::FromStr` for the id and, if it is a struct with one field, write `#[id(display)]` on it",
    note = "`FromStr::Err` implements `std::error::Error + Send + Sync`, or is a `String`"
)]
pub trait IdText: Sized {
    /// Writes the text.
    fn write(&self) -> String;

    /// Reads the text.
    ///
    /// # Errors
    ///
    /// The error of `FromStr`.
    fn read(text: &str) -> Result<Self, BoxError>;
}

#[diagnostic::do_not_recommend]
impl<T: Display + FromStr<Err: Into<BoxError>>> IdText for T {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Result<Self, BoxError> {
        text.parse().map_err(Into::into)
    }
}

/// Whether a type has a text form of its own.
///
/// The constant of the inherent impl takes precedence over that of [`NotText`] if its bound holds.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T: IdText> Probe<T> {
    /// It has one.
    pub const IS_TEXT: bool = true;
}

/// The answer of [`Probe`] for every other type.
pub trait NotText {
    /// It has none.
    const IS_TEXT: bool = false;
}

impl<T> NotText for Probe<T> {}
