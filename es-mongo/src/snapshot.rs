//! Snapshots: kept, found, and dropped when they are too many.

use bson::raw::{RawDocument, RawDocumentBuf, cstr};
use bson::{Document, doc};
use es_core::{Aggregate, BsonPayload, ErrorChain, Snapshot, SnapshotStore, State, StoreError, StreamId, Version};
use mongodb::error::Error;

use crate::document::field::{ID, STATE, STATE_VERSION, TIMESTAMP, VERSION};
use crate::document::{MAX_DOCUMENT_BYTES, integer, of_stream};
use crate::error::{is_duplicate, malformed, refused};
use crate::metrics;
use crate::store::MongoStore;

impl SnapshotStore for MongoStore {
    #[tracing::instrument(level = "debug", skip_all, fields(%stream, %at_most))]
    async fn newest_snapshot<A: Aggregate>(
        &self,
        stream: &StreamId,
        at_most: Version,
    ) -> Result<Option<Snapshot<A>>, StoreError> {
        let mut filter = of_stream(stream);
        filter.insert(VERSION, doc! { "$lte": at_most.as_i64() });
        filter.insert(STATE_VERSION, i64::from(A::STATE_VERSION));
        // Nearly always the newest one is usable, so the next is fetched only where it is not. Asked for one at a time, none leaves a cursor behind.
        let mut passed_over = 0;
        loop {
            let newest_first =
                self.collections().find(&self.collections().snapshots, filter.clone()).sort(doc! { VERSION: -1 });
            let Some(candidate) = newest_first.skip(passed_over).one().await? else { return Ok(None) };
            if let Some(snapshot) = usable(&candidate) {
                return Ok(Some(snapshot));
            }
            tracing::warn!(%stream, id = ?candidate.get(ID).ok().flatten(), "a snapshot does not decode and is passed over");
            metrics::snapshot_passed_over(A::TYPE);
            passed_over += 1;
        }
    }

    #[tracing::instrument(level = "debug", skip_all, fields(%stream, version = %snapshot.version))]
    async fn put_snapshot<A: Aggregate>(&self, stream: &StreamId, snapshot: &Snapshot<A>) -> Result<(), StoreError> {
        let timer = metrics::Timer::start();
        let kept = self.keep(stream, snapshot).await;
        metrics::snapshot_taken(A::TYPE, timer, kept.is_ok());
        if let Err(error) = &kept {
            tracing::warn!(%stream, version = %snapshot.version, error = %ErrorChain::new(&error), "a snapshot could not be kept");
        }
        kept
    }
}

impl MongoStore {
    async fn keep<A: Aggregate>(&self, stream: &StreamId, snapshot: &Snapshot<A>) -> Result<(), StoreError> {
        self.replace_snapshot(stream, &snapshot_document(stream, snapshot)?).await?;
        self.prune::<A>(stream, snapshot.version).await.map(drop)
    }

    /// Writes a snapshot, in the place of the one with its `_id` if there is one.
    pub(crate) async fn replace_snapshot(&self, stream: &StreamId, document: &RawDocument) -> Result<(), StoreError> {
        let id = document.get_str(ID).map_err(|error| malformed("a snapshot that is to be kept", error))?;
        if self.replace(stream, id, document).await?.is_none() {
            return Ok(());
        }
        // Its version may be there under the key that an earlier release made of a type with a `:`.
        let mut under_another_key = of_stream(stream);
        under_another_key.insert(VERSION, version_of(document));
        under_another_key.insert(ID, doc! { "$ne": id });
        self.delete(under_another_key).await?;
        match self.replace(stream, id, document).await? {
            None => Ok(()),
            Some(error) => Err(refused(stream, error)),
        }
    }

    /// Writes a snapshot, in the place of the one that has its key. Returns the refusal if another document has a key of it.
    async fn replace(&self, stream: &StreamId, id: &str, document: &RawDocument) -> Result<Option<Error>, StoreError> {
        let ask = || {
            let (snapshots, by_id, document) =
                (self.collections().snapshots.clone(), doc! { ID: id }, document.to_owned());
            async move {
                match snapshots.replace_one(by_id, document).upsert(true).await {
                    Ok(_) => Ok(None),
                    Err(error) if is_duplicate(&error) => Ok(Some(error)),
                    Err(error) => Err(error),
                }
            }
        };
        self.collections().patience.ask_or(ask, |error| refused(stream, error)).await
    }

    /// Drops the snapshots of an aggregate below one that was just taken, but for the newest, and returns how many that were.
    ///
    /// Only those up to that version and of this program's state version are counted as kept: what lies beyond the head, or
    /// is another release's, must not push out what this program can use.
    async fn prune<A: Aggregate>(&self, stream: &StreamId, taken: Version) -> Result<u64, StoreError> {
        let snapshots = &self.collections().snapshots;
        let keep = self.inner.options.keep_snapshots;
        let mut counted = of_stream(stream);
        counted.insert(VERSION, doc! { "$lte": taken.as_i64() });
        counted.insert(STATE_VERSION, i64::from(A::STATE_VERSION));
        let oldest_kept = self
            .collections()
            .find(snapshots, counted)
            .sort(doc! { VERSION: -1 })
            .skip(u64::from(keep.max(1)) - 1)
            .projection(doc! { VERSION: 1 })
            .one()
            .await?;
        let Some(version) = oldest_kept.as_deref().and_then(version_of) else { return Ok(0) };
        let mut filter: Document = of_stream(stream);
        filter.insert(VERSION, doc! { "$lt": version });
        self.delete(filter).await
    }

    async fn delete(&self, filter: Document) -> Result<u64, StoreError> {
        let ask = || {
            let (snapshots, filter) = (self.collections().snapshots.clone(), filter.clone());
            async move { snapshots.delete_many(filter).await }
        };
        Ok(self.collections().patience.ask(ask).await?.deleted_count)
    }
}

/// A snapshot as it is stored, of a state that can be read back.
pub(crate) fn snapshot_document<A: Aggregate>(
    stream: &StreamId,
    snapshot: &Snapshot<A>,
) -> Result<RawDocumentBuf, StoreError> {
    let state = snapshot.encode()?;
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), snapshot_id(stream, snapshot.version).as_str());
    document.append(cstr!("aggregateId"), stream.aggregate_id().as_str());
    document.append(cstr!("aggregateType"), stream.aggregate_type());
    document.append(cstr!("version"), snapshot.version.as_i64());
    document.append(cstr!("stateVersion"), i64::from(A::STATE_VERSION));
    document.append(cstr!("state"), state.as_raw());
    document.append(cstr!("timestamp"), bson::DateTime::from(snapshot.timestamp));
    let bytes = document.as_bytes().len();
    if bytes > MAX_DOCUMENT_BYTES {
        return Err(StoreError::TooLarge { what: A::TYPE.to_owned(), bytes, limit: MAX_DOCUMENT_BYTES });
    }
    Ok(document)
}

/// The `_id` of a snapshot: `Invoice:invoice_123_100`.
///
/// The first `:` ends the type, so one that is a part of the type is escaped, and so is the sign that escapes.
pub(crate) fn snapshot_id(stream: &StreamId, version: Version) -> String {
    let aggregate_type = stream.aggregate_type().replace('%', "%25").replace(':', "%3A");
    format!("{aggregate_type}:{}_{version}", stream.aggregate_id())
}

pub(crate) fn version_of(document: &RawDocument) -> Option<i64> {
    integer(document.get(VERSION).ok().flatten()?)
}

/// The snapshot in a document, or `None` where it is not one that this program can use.
pub(crate) fn usable<A: Aggregate>(document: &RawDocument) -> Option<Snapshot<A>> {
    let version = Version::try_from(version_of(document)?).ok()?;
    let timestamp = document.get_datetime(TIMESTAMP).ok()?;
    let state = document.get_document(STATE).ok()?;
    let state = State::decode(&BsonPayload(state)).ok()?;
    Some(Snapshot::new(version, state).taken_at(timestamp.into()))
}
