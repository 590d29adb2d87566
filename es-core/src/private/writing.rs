//! How generated code writes a struct.

use serde::Serializer;
use serde::ser::{Serialize, SerializeStruct};

/// A struct that is being written, or the error that ended it.
///
/// It does what serde's derive generates, and nothing is written after an error. The `?` of each
/// field is compiled here, and not in the user's crate.
///
/// The methods take `self`, so no trait in the user's scope has a method that precedes them.
#[derive(Debug)]
pub struct Writing<S: Serializer>(Result<S::SerializeStruct, S::Error>);

impl<S: Serializer> Writing<S> {
    /// Begins a struct with this number of fields.
    #[inline]
    pub fn begin(serializer: S, name: &'static str, fields: usize) -> Self {
        Self(serializer.serialize_struct(name, fields))
    }

    /// Writes one field.
    #[inline]
    #[must_use]
    pub fn field<T: Serialize + ?Sized>(mut self, name: &'static str, value: &T) -> Self {
        if let Ok(writing) = &mut self.0
            && let Err(error) = writing.serialize_field(name, value)
        {
            self.0 = Err(error);
        }
        self
    }

    /// Ends the struct.
    ///
    /// # Errors
    ///
    /// The first error of the serializer.
    #[inline]
    pub fn end(self) -> Result<S::Ok, S::Error> {
        self.0.and_then(SerializeStruct::end)
    }
}
