//! Panics in the user's code, as errors.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Code of the user of this library panicked: an upcast, a fold, a serializer or a conversion.
///
/// One aggregate whose code panics must not end a run over all aggregates. Callers that run such
/// code for many aggregates catch the panic and report it. With `panic = "abort"` nothing can be
/// caught.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the code panicked: {message}")]
#[non_exhaustive]
pub struct Panicked {
    /// The message of the panic.
    pub message: String,
}

impl Panicked {
    /// Runs code of the user, and returns a panic in it as an error.
    ///
    /// The value that the code was changing when it panicked is in an unknown state, so the caller
    /// drops it.
    ///
    /// # Errors
    ///
    /// The panic.
    #[inline]
    pub fn catch<T>(code: impl FnOnce() -> T) -> Result<T, Self> {
        catch_unwind(AssertUnwindSafe(code)).map_err(|panic| {
            let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
                (Some(message), _) => (*message).to_owned(),
                (_, Some(message)) => message.clone(),
                _ => "without a message".to_owned(),
            };
            Self { message }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        assert_eq!(Panicked::catch(|| 5), Ok(5));
        let fixed = Panicked::catch(|| -> u32 { panic!("fixed") }).unwrap_err();
        assert_eq!(fixed.to_string(), "the code panicked: fixed");
        let formatted = Panicked::catch(|| -> u32 { panic!("number {}", 7) }).unwrap_err();
        assert_eq!(formatted.message, "number 7");
        let other = Panicked::catch(|| -> u32 { std::panic::panic_any(7) }).unwrap_err();
        assert_eq!(other.message, "without a message");
    }
}
