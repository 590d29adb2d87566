//! What takes part in a transaction.

use bson::raw::RawDocumentBuf;
use mongodb::Collection;

/// The same collection without concerns of its own: inside of a transaction the server takes only those of the transaction.
pub(crate) fn in_transaction(collection: &Collection<RawDocumentBuf>) -> Collection<RawDocumentBuf> {
    collection.client().database(&collection.namespace().db).collection(collection.name())
}
