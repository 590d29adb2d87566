//! Stores, finds and prunes snapshots.

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Document, doc};
use es_core::error::ErrorChain;
use es_core::store::{Snapshot, StoredSnapshot};
use es_core::{Aggregate, StoreError, StreamId, Version};
use mongodb::error::Error;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::collections::Collections;
use crate::document::field::{AGGREGATE_ID, AGGREGATE_TYPE, ID, STATE, STATE_VERSION, TIMESTAMP, VERSION};
use crate::document::{MAX_DOCUMENT_BYTES, integer_in, of_stream};
use crate::error::{is_duplicate, malformed, refused};
use crate::metrics;

/// Finds the newest snapshot with a state version, up to a version of its aggregate.
#[tracing::instrument(level = "debug", name = "newest_snapshot", skip_all, fields(%stream, %at_most))]
pub(crate) async fn newest(
    collections: &Collections,
    stream: &StreamId,
    state_version: u32,
    at_most: Version,
) -> Result<Option<StoredSnapshot>, StoreError> {
    let mut filter = of_stream(stream);
    filter.insert(VERSION, doc! { "$lte": at_most.as_i64() });
    filter.insert(STATE_VERSION, i64::from(state_version));
    // Nearly always the newest snapshot is usable, so the next one is fetched only if it is
    // not. They are fetched one at a time, so that no cursor is left on the server.
    let mut passed_over = 0;
    loop {
        let newest_first = collections.find(&collections.snapshots, filter.clone()).sort(doc! { VERSION: -1 });
        let Some(candidate) = newest_first.skip(passed_over).one().await? else { return Ok(None) };
        if let Some(snapshot) = stored(&candidate) {
            return Ok(Some(snapshot));
        }
        tracing::warn!(%stream, id = ?candidate.get(ID).ok().flatten(), "a snapshot is malformed and is ignored");
        metrics::snapshot_passed_over(stream.aggregate_type());
        passed_over += 1;
    }
}

/// Stores a snapshot, and deletes the older ones beyond the number that is kept.
#[tracing::instrument(level = "debug", name = "put_snapshot", skip_all, fields(%stream, version = %snapshot.version))]
pub(crate) async fn put(
    collections: &Collections,
    keep: u32,
    stream: &StreamId,
    snapshot: StoredSnapshot,
) -> Result<(), StoreError> {
    let timer = metrics::Timer::start();
    let kept = write_and_prune(collections, keep, stream, &snapshot).await;
    match &kept {
        Ok(()) => metrics::snapshot_taken(stream.aggregate_type(), timer, true),
        Err(error) => not_kept(stream, snapshot.version, error, timer),
    }
    kept
}

/// Reports a snapshot that could not be taken.
pub(crate) fn not_kept(stream: &StreamId, version: Version, error: &dyn std::error::Error, timer: metrics::Timer) {
    let error = ErrorChain::new(error);
    tracing::warn!(%stream, %version, %error, "a snapshot could not be kept");
    metrics::snapshot_taken(stream.aggregate_type(), timer, false);
}

/// Reports a snapshot that was read and does not decode.
pub(crate) fn passed_over(stream: &StreamId, version: Version, error: &dyn std::error::Error) {
    let error = ErrorChain::new(error);
    tracing::warn!(%stream, %version, %error, "a snapshot does not decode and is ignored");
    metrics::snapshot_passed_over(stream.aggregate_type());
}

async fn write_and_prune(
    collections: &Collections,
    keep: u32,
    stream: &StreamId,
    snapshot: &StoredSnapshot,
) -> Result<(), StoreError> {
    write(collections, stream, &snapshot_document(stream, snapshot)?).await?;
    prune(collections, keep, stream, snapshot).await.map(drop)
}

/// Writes a snapshot, and replaces the one with the same `_id`, if any.
pub(crate) async fn write(
    collections: &Collections,
    stream: &StreamId,
    document: &RawDocument,
) -> Result<(), StoreError> {
    let id = document.get_str(ID).map_err(|error| malformed("a snapshot that is to be kept", error))?;
    if replace(collections, stream, id, document).await?.is_none() {
        return Ok(());
    }
    // A snapshot of the same version may have the key of an earlier release, if the type of the
    // aggregate contains a `:`.
    let mut under_another_key = of_stream(stream);
    under_another_key.insert(VERSION, version_of(document));
    under_another_key.insert(ID, doc! { "$ne": id });
    delete(collections, under_another_key).await?;
    match replace(collections, stream, id, document).await? {
        None => Ok(()),
        Some(error) => Err(refused(stream, error)),
    }
}

/// Writes a snapshot, and replaces the one with the same key. Returns the refusal if a
/// different document has one of its keys.
async fn replace(
    collections: &Collections,
    stream: &StreamId,
    id: &str,
    document: &RawDocument,
) -> Result<Option<Error>, StoreError> {
    let ask = || {
        let (snapshots, by_id, document) = (collections.snapshots.clone(), doc! { ID: id }, document.to_owned());
        async move {
            match snapshots.replace_one(by_id, document).upsert(true).await {
                Ok(_) => Ok(None),
                Err(error) if is_duplicate(&error) => Ok(Some(error)),
                Err(error) => Err(error),
            }
        }
    };
    collections.patience.ask_or(ask, |error| refused(stream, error)).await
}

/// Deletes the snapshots of an aggregate below the one that was just taken, except the newest
/// ones. Returns the number of deleted snapshots.
///
/// Only snapshots up to that version and of this program's state version are counted as kept: a
/// snapshot that is beyond the head or belongs to a different release must not displace one
/// that this program can use.
async fn prune(
    collections: &Collections,
    keep: u32,
    stream: &StreamId,
    taken: &StoredSnapshot,
) -> Result<u64, StoreError> {
    let mut counted = of_stream(stream);
    counted.insert(VERSION, doc! { "$lte": taken.version.as_i64() });
    counted.insert(STATE_VERSION, i64::from(taken.state_version));
    let oldest_kept = collections
        .find(&collections.snapshots, counted)
        .sort(doc! { VERSION: -1 })
        .skip(u64::from(keep.max(1)) - 1)
        .projection(doc! { VERSION: 1 })
        .one()
        .await?;
    let Some(version) = oldest_kept.as_deref().and_then(version_of) else { return Ok(0) };
    let mut filter: Document = of_stream(stream);
    filter.insert(VERSION, doc! { "$lt": version });
    delete(collections, filter).await
}

async fn delete(collections: &Collections, filter: Document) -> Result<u64, StoreError> {
    let ask = || {
        let (snapshots, filter) = (collections.snapshots.clone(), filter.clone());
        async move { snapshots.delete_many(filter).await }
    };
    Ok(collections.patience.ask(ask).await?.deleted_count)
}

/// A snapshot in its stored form.
pub(crate) fn snapshot_document(stream: &StreamId, snapshot: &StoredSnapshot) -> Result<RawDocumentBuf, StoreError> {
    let document = bson::serialize_to_raw_document_buf(&SnapshotDocument { stream, snapshot });
    let document = document.map_err(|error| malformed("a snapshot that is to be kept", error))?;
    let bytes = document.as_bytes().len();
    if bytes > MAX_DOCUMENT_BYTES {
        let what = stream.aggregate_type().to_owned();
        return Err(StoreError::TooLarge { what, bytes, limit: MAX_DOCUMENT_BYTES });
    }
    Ok(document)
}

struct SnapshotDocument<'a> {
    stream: &'a StreamId,
    snapshot: &'a StoredSnapshot,
}

impl Serialize for SnapshotDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { stream, snapshot } = self;
        let mut document = serializer.serialize_struct("Snapshot", 7)?;
        document.serialize_field(ID, &snapshot_id(stream, snapshot.version))?;
        document.serialize_field(AGGREGATE_ID, stream.aggregate_id().as_str())?;
        document.serialize_field(AGGREGATE_TYPE, stream.aggregate_type())?;
        document.serialize_field(VERSION, &snapshot.version.as_i64())?;
        document.serialize_field(STATE_VERSION, &i64::from(snapshot.state_version))?;
        document.serialize_field(STATE, &snapshot.state.as_raw())?;
        document.serialize_field(TIMESTAMP, &bson::DateTime::from(snapshot.timestamp))?;
        document.end()
    }
}

/// The `_id` of a snapshot: `Invoice:invoice_123_100`.
///
/// The first `:` ends the type, so a `:` in the type is escaped, and so is the escape character.
pub(crate) fn snapshot_id(stream: &StreamId, version: Version) -> String {
    let aggregate_type = stream.aggregate_type().replace('%', "%25").replace(':', "%3A");
    format!("{aggregate_type}:{}_{version}", stream.aggregate_id())
}

pub(crate) fn version_of(document: &RawDocument) -> Option<i64> {
    integer_in(document, VERSION)
}

/// The snapshot in a document, or `None` if it is malformed.
pub(crate) fn stored(document: &RawDocument) -> Option<StoredSnapshot> {
    let version = Version::try_from(version_of(document)?).ok()?;
    let state_version = u32::try_from(integer_in(document, STATE_VERSION)?).ok()?;
    let timestamp = document.get_datetime(TIMESTAMP).ok()?;
    let state = document.get_document(STATE).ok()?.to_owned();
    Some(StoredSnapshot::new(version, state_version, timestamp.into(), state.into()))
}

/// The snapshot in a document, or `None` if the code cannot read it.
pub(crate) fn usable<A: Aggregate>(document: &RawDocument) -> Option<Snapshot<A>> {
    stored(document)?.decode().ok()
}
