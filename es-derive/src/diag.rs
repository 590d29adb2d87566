//! Collects the mistakes in the input, so that all of them are reported together.

use std::cell::RefCell;
use std::thread;

use proc_macro2::Span;
use quote::ToTokens;
use syn::Error;

/// The mistakes found so far.
///
/// All stages share it by `&`. The code that creates it must call [`finish`](Self::finish);
/// otherwise dropping it panics.
pub(crate) struct Diag {
    errors: RefCell<Option<Vec<Error>>>,
}

impl Diag {
    pub(crate) fn new() -> Self {
        Self { errors: RefCell::new(Some(Vec::new())) }
    }

    /// Records a mistake and underlines the given tokens.
    pub(crate) fn error(&self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(Error::new_spanned(tokens.into_token_stream(), message));
    }

    /// Records two things that contradict each other. The first message describes the conflict, the
    /// second one the remedy.
    pub(crate) fn conflict(
        &self,
        (first, there): (impl ToTokens, impl std::fmt::Display),
        (second, remedy): (impl ToTokens, impl std::fmt::Display),
    ) {
        self.error(first, there);
        self.error(second, remedy);
    }

    /// Records a mistake at one place.
    pub(crate) fn error_at(&self, span: Span, message: impl std::fmt::Display) {
        self.push(Error::new(span, message));
    }

    /// Records a mistake found by the parser.
    pub(crate) fn push(&self, error: Error) {
        if let Some(errors) = &mut *self.errors.borrow_mut() {
            errors.push(error);
        }
    }

    /// How many mistakes were found so far.
    pub(crate) fn count(&self) -> usize {
        self.errors.borrow().as_ref().map_or(0, Vec::len)
    }

    /// All mistakes as one error, if there are any.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let mut errors = self.errors.take().unwrap_or_default().into_iter();
        let Some(mut first) = errors.next() else { return Ok(()) };
        for error in errors {
            first.combine(error);
        }
        Err(first)
    }
}

impl Drop for Diag {
    fn drop(&mut self) {
        let reported = self.errors.borrow().is_none();
        assert!(reported || thread::panicking(), "the mistakes in the input were collected but not reported");
    }
}

/// The user's code as a message shows it. Tokens that are equal give the same text, whatever their
/// spacing.
pub(crate) fn shown(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(' ', "")
}
