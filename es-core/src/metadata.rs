//! The metadata of an event: who recorded it, and why.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bson::raw::{CString, RawBsonRef, RawDocument, RawDocumentBuf};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::error::SharedError;
use crate::nesting::{TooDeep, is_too_deep};
use crate::recorded::{debug_document, serialize_document};
use crate::{Cause, EventId};

pub(crate) const USER: &str = "userId";
pub(crate) const CORRELATION: &str = "correlationId";
const CAUSATION: &str = "causationId";

/// Who recorded an event, its correlation and its causation, and any keys of the user.
///
/// Values are data: a user id is always stored and searched as that string, even if it looks like
/// an operator. A clone shares the data.
///
/// ```
/// use es_core::Metadata;
/// let metadata = Metadata::new().user("user_789").correlation("order-17").with("ip", "203.0.113.7")?;
/// assert_eq!(metadata.user_id(), Some("user_789"));
/// assert_eq!(metadata.get::<String>("ip").transpose()?.as_deref(), Some("203.0.113.7"));
/// # Ok::<(), es_core::error::MetadataError>(())
/// ```
#[derive(Clone, PartialEq, Default)]
pub struct Metadata(Arc<RawDocumentBuf>);

// Two documents are equal if their bytes are equal.
impl Eq for Metadata {}

/// A metadata value is invalid, or does not have the requested type.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The key contains NUL or a dot, begins with `$` or is empty, so that no query could name it.
    #[error("`{key}` cannot be a metadata key: it must not be empty, begin with `$`, or contain a dot or NUL")]
    Key {
        /// The refused key.
        key: String,
    },
    /// The key belongs to one of the three ids, which have their own methods.
    #[error("the metadata key `{key}` has its own method; use it")]
    Reserved {
        /// The refused key.
        key: String,
    },
    /// The value cannot be written, or does not have the requested type.
    #[error("the metadata value of `{key}` is invalid")]
    Value {
        /// The key of the value.
        key: String,
        /// What the format reported.
        source: SharedError,
    },
}

impl Metadata {
    /// No metadata at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// The metadata of an event that `cause` caused: with the same correlation, and `cause` as the
    /// causation.
    ///
    /// `cause` is a recorded event, or a loaded aggregate, which means its last event. If it
    /// belongs to no correlation, it starts one with its own id. Recorded events do not change, so
    /// `cause` itself does not carry the correlation; a query for the correlation and a trace find
    /// `cause` by its id.
    pub fn caused_by(cause: impl Into<Cause>) -> Self {
        let cause = cause.into();
        Self::new().correlation(cause.correlation_id()).causation(cause.event_id().to_string())
    }

    /// Sets who recorded the event.
    #[must_use]
    pub fn user(self, id: impl AsRef<str>) -> Self {
        self.set(USER, id.as_ref())
    }

    /// Sets the correlation: all events with one correlation id belong together.
    #[must_use]
    pub fn correlation(self, id: impl AsRef<str>) -> Self {
        self.set(CORRELATION, id.as_ref())
    }

    /// Sets the causation: the id of an event or of a command.
    #[must_use]
    pub fn causation(self, id: impl AsRef<str>) -> Self {
        self.set(CAUSATION, id.as_ref())
    }

    /// Sets a value under a key of the user.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] if no query could name the key, if the key is one of the three ids, or if
    /// the value cannot be written.
    pub fn with(self, key: &str, value: impl Serialize) -> Result<Self, MetadataError> {
        if matches!(key, USER | CORRELATION | CAUSATION) {
            return Err(MetadataError::Reserved { key: key.to_owned() });
        }
        if key.is_empty() || key.starts_with('$') || key.contains(['.', '\0']) {
            return Err(MetadataError::Key { key: key.to_owned() });
        }
        let refused = |error: bson::error::Error| MetadataError::Value { key: key.to_owned(), source: error.into() };
        let entry = bson::serialize_to_raw_document_buf(&BTreeMap::from([(key, value)])).map_err(refused)?;
        let value = entry.get(key).map_err(refused)?;
        Ok(self.set(key, value.unwrap_or(RawBsonRef::Null)))
    }

    /// Who recorded the event.
    pub fn user_id(&self) -> Option<&str> {
        self.0.get_str(USER).ok()
    }

    /// The correlation id.
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.get_str(CORRELATION).ok()
    }

    /// The causation id.
    pub fn causation_id(&self) -> Option<&str> {
        self.0.get_str(CAUSATION).ok()
    }

    /// The event that caused this one, if the causation is the id of an event.
    pub fn caused_by_event(&self) -> Option<EventId> {
        self.causation_id()?.parse().ok()
    }

    /// The value under a key of the user, or `None` if the key is absent.
    ///
    /// Some types, such as [`IpAddr`](std::net::IpAddr), have one form for people and one for
    /// machines. They are read in the form for machines, which [`with`](Self::with) writes, and
    /// otherwise in the form for people, which other programs may have written.
    ///
    /// # Errors
    ///
    /// [`MetadataError::Value`] if the value is not a `T`, or if the metadata is nested deeper than
    /// [`MAX_NESTING`](crate::store::MAX_NESTING).
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<Result<T, MetadataError>> {
        let value = self.0.get(key).ok().flatten()?;
        let refused = |source: SharedError| MetadataError::Value { key: key.to_owned(), source };
        if is_too_deep(&self.0) {
            return Some(Err(refused(TooDeep.into())));
        }
        Some(read(value).map_err(|error| refused(error.into())))
    }

    /// The metadata from its stored form: a BSON document.
    pub fn from_raw(document: RawDocumentBuf) -> Self {
        Self(Arc::new(document))
    }

    /// The metadata in its stored form: a BSON document.
    pub fn as_raw(&self) -> &RawDocument {
        &self.0
    }

    /// Replaces the content, unless it is the same.
    pub(crate) fn replace(&mut self, document: &RawDocument) {
        if **self.0 != *document {
            self.0 = Arc::new(document.to_owned());
        }
    }

    fn set(self, key: &str, value: impl bson::raw::BindRawBsonRef) -> Self {
        let mut document = RawDocumentBuf::new();
        for (known, kept) in self.0.iter().flatten() {
            if known.as_str() != key {
                document.append(known, kept);
            }
        }
        // Keys come from the three constants, or were checked for NUL in `with`.
        if let Ok(key) = CString::try_from(key.to_owned()) {
            document.append(key, value);
        }
        Self(Arc::new(document))
    }
}

/// Reads a value in the form that its type has for machines, or else in the form for people, which
/// other programs may have written.
fn read<T: DeserializeOwned>(value: RawBsonRef<'_>) -> Result<T, bson::error::Error> {
    #[derive(serde::Deserialize)]
    struct One<T> {
        value: T,
    }
    let mut document = RawDocumentBuf::new();
    document.append(bson::cstr!("value"), value);
    bson::deserialize_from_slice::<One<T>>(document.as_bytes()).map(|one| one.value).or_else(|error| {
        let value = bson::Bson::try_from(value)?;
        bson::deserialize_from_bson(value).map_err(|_| error)
    })
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_document(&self.0, f)
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_document(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawDocumentBuf::deserialize(deserializer).map(Self::from_raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_set_twice_is_kept_once() {
        let metadata = Metadata::new().user("first").user("second");
        assert_eq!(metadata.user_id(), Some("second"));
        assert_eq!(metadata.as_raw().iter().count(), 1);
    }

    #[test]
    fn a_user_id_that_looks_like_an_operator_is_a_plain_string() {
        let metadata = Metadata::new().user(r#"{"$ne": null}"#);
        assert_eq!(metadata.user_id(), Some(r#"{"$ne": null}"#));
    }

    #[test]
    fn a_key_that_no_query_could_name_is_refused() {
        for key in ["", "$where", "a.b", "a\0b"] {
            assert!(matches!(Metadata::new().with(key, 1), Err(MetadataError::Key { .. })), "{key:?}");
        }
    }

    #[test]
    fn the_three_ids_cannot_be_set_as_own_keys() {
        assert!(matches!(Metadata::new().with("userId", 1), Err(MetadataError::Reserved { .. })));
    }

    #[test]
    fn metadata_makes_the_trip_through_json() {
        let metadata = Metadata::new().user("user_789").with("attempts", 3).unwrap();
        let json = serde_json::to_string(&metadata).unwrap();
        assert_eq!(json, r#"{"userId":"user_789","attempts":3}"#);
        assert_eq!(serde_json::from_str::<Metadata>(&json).unwrap(), metadata);
    }
}
