//! The origin of a migrated event, as its metadata contain it.

use std::fmt;

use bson::raw::{RawBsonRef, RawDocument, RawDocumentBuf, cstr};
use bson::{Bson, Document};
use es_core::Metadata;
use es_core::store::{BsonPayload, Payload};

use crate::document::field::{ID, METADATA};

/// The key in the metadata.
pub(super) const ORIGIN: &str = "migratedFrom";

/// One document in one collection.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    collection: String,
    id: Bson,
}

impl Origin {
    pub(super) fn new(collection: &str, document: &RawDocument) -> Result<Self, String> {
        let id = document.get(ID).ok().flatten().ok_or("it has no readable _id")?;
        Ok(Self { collection: collection.to_owned(), id: read(id)? })
    }

    /// The origin in the metadata of this event, if there is one.
    pub(super) fn of(event: &RawDocument) -> Option<Self> {
        let origin = event.get_document(METADATA).ok()?.get_document(ORIGIN).ok()?;
        let id = read(origin.get("id").ok()??).ok()?;
        Some(Self { collection: origin.get_str("collection").ok()?.to_owned(), id })
    }

    pub(super) fn add_to(&self, metadata: &Metadata) -> Result<Metadata, String> {
        let mut all = metadata.as_raw().to_owned();
        if all.get(ORIGIN).is_ok_and(|found| found.is_some()) {
            return Err(format!("the metadata key `{ORIGIN}` is reserved for the migration; use a different key"));
        }
        let mut origin = RawDocumentBuf::new();
        origin.append(cstr!("collection"), self.collection.as_str());
        let id = bson::raw::RawBson::try_from(self.id.clone()).map_err(|error| error.to_string())?;
        origin.append(cstr!("id"), id);
        all.append(cstr!("migratedFrom"), origin);
        Ok(Metadata::from_raw(all))
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.collection == other.collection && is_same_key(&self.id, &other.id)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the document {} of the collection `{}`", self.id, self.collection)
    }
}

fn read(id: RawBsonRef<'_>) -> Result<Bson, String> {
    match id {
        // The payload refuses documents that are nested too deep for the stack.
        RawBsonRef::Document(id) => {
            BsonPayload(id).decode::<Document>().map(Bson::from).map_err(|error| error.to_string())
        }
        id => Bson::try_from(id).map_err(|error| error.to_string()),
    }
}

/// Whether the server treats both as the same key: it compares numbers by value. A dump through
/// JSON changes their types.
fn is_same_key(left: &Bson, right: &Bson) -> bool {
    if let (Some(left), Some(right)) = (whole(left), whole(right)) {
        return left == right;
    }
    match (left, right) {
        (Bson::Document(left), Bson::Document(right)) => {
            let pairs = || left.iter().zip(right);
            left.len() == right.len() && pairs().all(|((left, a), (right, b))| left == right && is_same_key(a, b))
        }
        (left, right) => left == right,
    }
}

fn whole(number: &Bson) -> Option<i64> {
    match number {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) => crate::document::integer(RawBsonRef::Double(*number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{doc, oid::ObjectId};

    fn origin(id: impl Into<Bson>) -> Origin {
        let document = bson::serialize_to_raw_document_buf(&doc! { "_id": id.into() }).unwrap();
        Origin::new("old", &document).unwrap()
    }

    #[test]
    fn an_origin_is_read_back_from_metadata_whatever_the_id_is() {
        let ids = [
            Bson::from("text"),
            "5".into(),
            5.into(),
            2.5.into(),
            ObjectId::from_bytes([7; 12]).into(),
            Bson::Null,
            bson::DateTime::from_millis(1).into(),
            doc! { "branch": 1, "number": "A" }.into(),
        ];
        for (at, id) in ids.iter().enumerate() {
            let metadata = origin(id.clone()).add_to(&Metadata::new().user("u")).unwrap();
            assert_eq!(metadata.user_id(), Some("u"));
            let event =
                bson::serialize_to_raw_document_buf(&doc! { METADATA: Document::try_from(metadata.as_raw()).unwrap() });
            let read = Origin::of(&event.unwrap()).unwrap();
            for (other, id) in ids.iter().enumerate() {
                assert_eq!(read == origin(id.clone()), at == other, "{read} and {id}");
            }
        }
    }

    #[test]
    fn keys_that_are_one_to_the_server_are_one_origin() {
        assert_eq!(origin(5), origin(5_i64));
        assert_eq!(origin(doc! { "a": 5 }), origin(doc! { "a": 5.0 }));
        assert_ne!(origin(doc! { "a": 5, "b": 1 }), origin(doc! { "b": 1, "a": 5 }));
        assert_ne!(origin(5), origin(5.5));
        assert_ne!(origin(5), origin("5"));
    }

    #[test]
    fn a_key_of_the_users_own_is_not_written_over() {
        let metadata = Metadata::new().with(ORIGIN, "me").unwrap();
        assert!(origin(1).add_to(&metadata).unwrap_err().contains(ORIGIN));
    }
}
