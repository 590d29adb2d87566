//! Finds the field at which reading fails.

use std::cell::RefCell;

use bson::raw::RawDocument;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};

use crate::error::BoxError;
use crate::store::{BsonPayload, Payload};

/// Stored data that records the field at which reading failed.
pub(crate) struct Located<'a> {
    data: &'a RawDocument,
    path: RefCell<Option<String>>,
}

impl<'a> Located<'a> {
    pub(super) fn new(data: &'a RawDocument) -> Self {
        Self { data, path: RefCell::new(None) }
    }

    /// The field at which reading failed last, if it is known.
    pub(super) fn into_path(self) -> Option<String> {
        self.path.into_inner()
    }
}

impl Payload for Located<'_> {
    fn decode<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        let payload = BsonPayload(self.data);
        let read = payload.decode();
        if read.is_err()
            && let Ok(Failed::<T>(path, _)) = payload.decode()
        {
            *self.path.borrow_mut() = path;
        }
        read
    }
}

/// The path at which a `T` cannot be read, as a deserializable type, because an error of serde
/// carries no path.
struct Failed<T>(Option<String>, std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Failed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = serde_path_to_error::deserialize::<D, T>(deserializer).err().map(|error| error.path().to_string());
        let path = path.map(|path| path.trim_end_matches(['.', '?']).to_owned());
        Ok(Self(path.filter(|path| !path.is_empty()), std::marker::PhantomData))
    }
}
