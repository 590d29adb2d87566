//! What `#[derive(Id)]` asks of a type.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use crate::error::BoxError;

/// A type with a text form: `Display` and `FromStr`, with a better error message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no text form, so it cannot be stored as an id",
    label = "needs `Display`, and `FromStr` with an error type",
    note = "implement `std::fmt::Display` and `std::str::FromStr` for the id, with a `FromStr::Err` that implements `std::error::Error`; if the id is a struct with one field, write `#[id(display)]` on it too"
)]
pub trait IdText: Sized {
    /// How the text is written and read. It is one constant, so that a type without a text form is
    /// one error.
    const TEXT: Text<Self>;
}

/// How the text of an id is written and read.
#[derive(Debug)]
pub struct Text<T> {
    /// `Display`.
    pub write: fn(&T) -> String,
    /// `FromStr`.
    pub read: fn(&str) -> Result<T, BoxError>,
}

#[diagnostic::do_not_recommend]
impl<T: Display + FromStr<Err: Into<BoxError>>> IdText for T {
    const TEXT: Text<Self> = Text { write: Self::to_string, read: |text| text.parse().map_err(Into::into) };
}

/// Whether a type itself has a text form.
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
