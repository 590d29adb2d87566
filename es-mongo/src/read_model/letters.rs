//! What is parked and skipped: a document for each event and row.

use bson::{Document, doc};
use es_core::store::{DeadLetter, LetterChanges, ParkReason, Partition, PartitionLetters, ReadModelId, SkippedEvent};
use es_core::{AggregateId, Position, StoreError, Timestamp};
use futures_util::TryStreamExt;
use mongodb::error::Result as DriverResult;
use mongodb::options::FindOptions;
use mongodb::{ClientSession, Collection};

use super::progress::{self, create};
use super::{indexes, rows};
use crate::document::field::ID;
use crate::error::malformed;
use crate::index::{Index, Uniqueness};
use crate::store::MongoStore;

/// The fields of both collections, besides `_id`, which is `customer_balance@1/0/123/<key>`.
mod field {
    /// The read model, as it is displayed.
    pub(super) const SUBSCRIPTION: &str = "subscription";
    /// The number of the partition.
    pub(super) const PARTITION: &str = "partition";
    /// The key of the row.
    pub(super) const KEY: &str = "key";
    /// The position of the event.
    pub(super) const POSITION: &str = "position";
    /// Why it is parked: `failed` or `behind`.
    pub(super) const REASON: &str = "reason";
    /// The error with its causes, if it failed.
    pub(super) const ERROR: &str = "error";
    /// How often it was folded in vain, if it failed.
    pub(super) const ATTEMPTS: &str = "attempts";
    /// When it was parked or skipped, by the clock of the process.
    pub(super) const AT: &str = "at";
    /// Who skipped it.
    pub(super) const WHO: &str = "who";
    /// Why they skipped it.
    pub(super) const WHY: &str = "why";
}

const FAILED: &str = "failed";
const BEHIND: &str = "behind";

/// The number of documents that a reset deletes in one transaction.
const DELETED_AT_ONCE: i64 = 1_000;

/// What a commit changes in the documents.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// The ids of letters that are no longer parked.
    removed: Vec<String>,
    parked: Vec<Document>,
    skipped: Vec<Document>,
}

impl Writes {
    pub(super) fn new(partition: &Partition, changes: &LetterChanges) -> Self {
        Self {
            removed: changes.removed.iter().map(|(key, position)| id(partition, *position, key)).collect(),
            parked: changes.parked.iter().map(|letter| parked(partition, letter)).collect(),
            skipped: changes.skipped.iter().map(|event| skipped(partition, event)).collect(),
        }
    }

    /// The removal of letters with these ids.
    pub(super) fn removal(removed: Vec<String>) -> Self {
        Self { removed, ..Self::default() }
    }

    pub(super) async fn run(&self, store: &MongoStore, session: &mut ClientSession) -> DriverResult<()> {
        if !self.removed.is_empty() {
            letters(store).delete_many(doc! { ID: { "$in": &self.removed } }).session(&mut *session).await?;
        }
        if !self.parked.is_empty() {
            letters(store).insert_many(&self.parked).session(&mut *session).await?;
        }
        if !self.skipped.is_empty() {
            skipped_events(store).insert_many(&self.skipped).session(&mut *session).await?;
        }
        Ok(())
    }
}

/// By how much a commit changes the number of letters that are parked.
pub(super) fn more(changes: &LetterChanges) -> i64 {
    let [parked, removed] =
        [changes.parked.len(), changes.removed.len()].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    parked.saturating_sub(removed)
}

/// Creates the collections and their index.
pub(super) async fn prepare(store: &MongoStore, model: &ReadModelId) -> Result<(), StoreError> {
    let names = &store.inner.options.names;
    for name in [&names.dead_letters, &names.skipped_events] {
        create(store, name.clone()).await?;
        let keys = doc! { field::SUBSCRIPTION: 1, field::KEY: 1, field::POSITION: 1 };
        indexes::create(store, model, name, &[Index::new(keys, Uniqueness::NotUnique)]).await?;
    }
    Ok(())
}

/// What is parked and skipped in a partition, as a majority had it at one time.
pub(super) async fn read(store: &MongoStore, partition: &Partition) -> Result<Option<PartitionLetters>, StoreError> {
    let found = store.collections().patience.ask(|| {
        let (store, partition) = (store.clone(), partition.clone());
        async move { find(&store, &partition).await }
    });
    let Some((progress, letters, skipped)) = found.await? else { return Ok(None) };
    let fence = progress::fence(partition, &progress)?;
    let parked = letters.iter().map(read_letter).collect::<Result<Vec<_>, _>>()?;
    let mut skipped = skipped.iter().map(read_skipped).collect::<Result<Vec<_>, _>>()?;
    let partitions = progress::checkpoint(partition, &progress)?.partitions;
    skipped.retain(|event| partition.model.partition_of(&event.key, partitions) == *partition);
    Ok(Some(PartitionLetters { fence, parked, skipped }))
}

async fn find(
    store: &MongoStore,
    partition: &Partition,
) -> DriverResult<Option<(Document, Vec<Document>, Vec<Document>)>> {
    let handles = &store.collections().handles;
    let mut session = handles.snapshot_session().await?;
    let documents = handles.of_snapshot(&progress::documents(store));
    let progress = documents.find_one(progress::by_id(partition)).session(&mut session).await?;
    let Some(progress) = progress else { return Ok(None) };
    let by_partition =
        doc! { field::SUBSCRIPTION: partition.model.to_string(), field::PARTITION: i64::from(partition.number) };
    let in_order = FindOptions::builder().sort(doc! { field::POSITION: 1, field::KEY: 1 }).build();
    let [letters, skipped] = [letters(store), skipped_events(store)].map(|collection| handles.of_snapshot(&collection));
    let parked = rows::all(&letters, by_partition, in_order.clone(), &mut session).await?;
    // They remain if the version is dropped, and begins again with a different number of partitions.
    let by_model = doc! { field::SUBSCRIPTION: partition.model.to_string() };
    let skipped = rows::all(&skipped, by_model, in_order, &mut session).await?;
    Ok(Some((progress, parked, skipped)))
}

/// The documents of the letters of these keys, in order, in a snapshot session.
pub(super) async fn of_keys(
    store: &MongoStore,
    partition: &Partition,
    keys: &[String],
    session: &mut ClientSession,
) -> DriverResult<Vec<Document>> {
    let filter = doc! {
        field::SUBSCRIPTION: partition.model.to_string(), field::PARTITION: i64::from(partition.number),
        field::KEY: { "$in": keys },
    };
    let in_order = FindOptions::builder().sort(doc! { field::KEY: 1, field::POSITION: 1 }).build();
    rows::all(&store.collections().handles.of_snapshot(&letters(store)), filter, in_order, session).await
}

/// The first position of each key among documents that are ordered by key and position.
pub(super) fn first_of_each(stored: &[Document]) -> Result<Vec<(AggregateId, Position)>, StoreError> {
    let mut first = stored.iter().map(key_and_position).collect::<Result<Vec<_>, _>>()?;
    first.dedup_by(|(next, _), (key, _)| next == key);
    Ok(first)
}

/// The ids of some of the letters of a read model.
pub(super) async fn some_ids(store: &MongoStore, model: &ReadModelId) -> Result<Vec<String>, StoreError> {
    let found = store.collections().patience.ask(|| {
        let (letters, filter) = (letters(store), doc! { field::SUBSCRIPTION: model.to_string() });
        async move {
            let found = letters.find(filter).projection(doc! { ID: 1 }).limit(DELETED_AT_ONCE).await?;
            found.try_collect::<Vec<Document>>().await
        }
    });
    let found = found.await?;
    let ids = found.iter().map(|stored| stored.get_str(ID).map(str::to_owned));
    ids.collect::<Result<_, _>>().map_err(|error| malformed("a dead letter", error))
}

fn letters(store: &MongoStore) -> Collection<Document> {
    store.collections().handles.collection(&store.inner.options.names.dead_letters).clone_with_type()
}

fn skipped_events(store: &MongoStore) -> Collection<Document> {
    store.collections().handles.collection(&store.inner.options.names.skipped_events).clone_with_type()
}

fn id(partition: &Partition, position: Position, key: &AggregateId) -> String {
    format!("{partition}/{position}/{key}")
}

/// The fields that both collections have.
fn document(partition: &Partition, position: Position, key: &AggregateId, at: Timestamp) -> Document {
    doc! {
        ID: id(partition, position, key),
        field::SUBSCRIPTION: partition.model.to_string(),
        field::PARTITION: i64::from(partition.number),
        field::KEY: key.as_str(),
        field::POSITION: position.as_i64(),
        field::AT: bson::DateTime::from_millis(at.as_millis()),
    }
}

fn parked(partition: &Partition, letter: &DeadLetter) -> Document {
    let mut document = document(partition, letter.position, &letter.key, letter.at);
    match &letter.reason {
        ParkReason::Failed { error, attempts } => {
            document.extend(doc! { field::REASON: FAILED, field::ERROR: error, field::ATTEMPTS: i64::from(*attempts) });
        }
        _ => drop(document.insert(field::REASON, BEHIND)),
    }
    document
}

fn skipped(partition: &Partition, event: &SkippedEvent) -> Document {
    let SkippedEvent { key, position, error, who, why, at } = event;
    let mut document = document(partition, *position, key, *at);
    document.extend(doc! { field::ERROR: error, field::WHO: who, field::WHY: why });
    document
}

fn key_and_position(stored: &Document) -> Result<(AggregateId, Position), StoreError> {
    let position = stored.get_i64(field::POSITION).ok().and_then(|position| Position::try_from(position).ok());
    let position = position.ok_or_else(|| invalid(stored, field::POSITION))?;
    Ok((AggregateId::new(text(stored, field::KEY)?)?, position))
}

fn read_letter(stored: &Document) -> Result<DeadLetter, StoreError> {
    let (key, position) = key_and_position(stored)?;
    let reason = match text(stored, field::REASON)? {
        FAILED => {
            let attempts = stored.get_i64(field::ATTEMPTS).ok().and_then(|attempts| u32::try_from(attempts).ok());
            let attempts = attempts.ok_or_else(|| invalid(stored, field::ATTEMPTS))?;
            ParkReason::Failed { error: text(stored, field::ERROR)?.to_owned(), attempts }
        }
        BEHIND => ParkReason::Behind,
        _ => return Err(invalid(stored, field::REASON)),
    };
    Ok(DeadLetter { key, position, reason, at: at(stored)? })
}

fn read_skipped(stored: &Document) -> Result<SkippedEvent, StoreError> {
    let (key, position) = key_and_position(stored)?;
    let [error, who, why] = [field::ERROR, field::WHO, field::WHY].map(|field| text(stored, field).map(str::to_owned));
    Ok(SkippedEvent { key, position, error: error?, who: who?, why: why?, at: at(stored)? })
}

fn text<'a>(stored: &'a Document, field: &str) -> Result<&'a str, StoreError> {
    stored.get_str(field).map_err(|_| invalid(stored, field))
}

fn at(stored: &Document) -> Result<Timestamp, StoreError> {
    let at = stored.get_datetime(field::AT).map_err(|_| invalid(stored, field::AT))?;
    Ok(Timestamp::from_millis(at.timestamp_millis()))
}

fn invalid(stored: &Document, field: &str) -> StoreError {
    let id = stored.get_str(ID).unwrap_or("of an unknown event");
    malformed(format!("dead letter {id}"), format!("its `{field}` is invalid"))
}

#[cfg(test)]
mod tests {
    use es_core::error::ErrorChain;

    use super::*;

    #[test]
    fn a_letter_that_was_changed_by_hand_is_an_error_that_names_the_field() {
        let partition = ReadModelId { name: "balance".into(), version: 1 }.partition(0);
        let key = AggregateId::new("ann").unwrap();
        let reason = ParkReason::Failed { error: "too many".into(), attempts: 1 };
        let letter = DeadLetter { key, position: Position::FIRST, reason, at: Timestamp::from_millis(0) };
        let stored = parked(&partition, &letter);
        assert_eq!(read_letter(&stored).unwrap(), letter);
        for field in [field::POSITION, field::KEY, field::REASON, field::ERROR, field::ATTEMPTS, field::AT] {
            let mut changed = stored.clone();
            changed.insert(field, doc! {});
            let error = ErrorChain::new(&read_letter(&changed).unwrap_err()).to_string();
            assert!(error.contains("balance@1/0/1/ann") && error.contains(field), "{error}");
        }
    }
}
