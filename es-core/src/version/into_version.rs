//! What a caller may pass as a version.

use super::{InvalidCount, Sequence, Version};

/// A version that a caller passes: a [`Version`], the [`Sequence`] of an event, or an integer.
///
/// An integer that is not a version, such as -1, is refused when the call is awaited.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a version",
    label = "expected a version",
    note = "pass a `Version` or an integer; read a text by `.parse::<es_core::Version>()?`"
)]
pub trait IntoVersion {
    /// The version.
    ///
    /// # Errors
    ///
    /// [`InvalidCount`] if the integer is negative, or larger than a store can hold.
    fn into_version(self) -> Result<Version, InvalidCount>;
}

macro_rules! try_into_version {
    ($($given:ty),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl IntoVersion for $given {
                fn into_version(self) -> Result<Version, InvalidCount> {
                    self.try_into()
                }
            }
        )*
    };
}

macro_rules! always_version {
    ($($given:ty),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl IntoVersion for $given {
                fn into_version(self) -> Result<Version, InvalidCount> {
                    Ok(self.into())
                }
            }
        )*
    };
}

always_version!(Version, Sequence, u32);
try_into_version!(u64, i32, i64);
