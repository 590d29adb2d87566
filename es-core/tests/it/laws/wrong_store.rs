//! A store with one deliberate mistake, to show for each law that it can fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use es_core::memory::MemoryStore;
use es_core::store::{
    Append, AppendId, Appended, BatchStream, BoxFuture, EventBatch, EventData, EventStore, ExpectedVersion, Head,
    ReadRange, Receipt, Runtime, SnapshotStore, Stamp, StoredEvent, StoredSnapshot,
};
use es_core::{Metadata, Position, RecordedEvent, Sequence, StoreError, StreamId, Timestamp, Version};

mistakes! {
    /// The head is the sequence of the next event.
    HeadOneTooHigh => the_first_event_has_sequence_one_and_the_version_counts_events,
    /// The head has the position of the first event.
    HeadHasThePositionOfTheFirst => the_head_has_the_position_of_the_last_event,
    /// The expected version is ignored.
    ExpectationIgnored => exactly_one_of_many_appends_that_expect_the_same_version_wins,
    /// A conflict does not carry the current version.
    ConflictWithoutActual => exactly_one_of_many_appends_that_expect_the_same_version_wins,
    /// An outdated expected version is accepted.
    OlderExpectationAccepted => an_append_that_expects_an_older_version_is_a_conflict_and_writes_nothing,
    /// An expected version beyond the head is accepted.
    LaterExpectationAccepted => an_append_that_expects_a_version_beyond_the_head_is_a_conflict,
    /// A refused append of several events leaves its first one.
    RefusedLeavesItsFirst => a_refused_append_of_several_events_writes_none_of_them,
    /// The events of one append are written one by one.
    OneByOne => several_events_of_one_append_stay_together,
    /// A later append gets a lower position.
    PositionsFall => positions_are_unique_and_grow_from_one_append_to_the_next,
    /// Two events have the same position.
    PositionsTwice => positions_are_unique_and_grow_from_one_append_to_the_next,
    /// Positions are assigned in descending order.
    PositionsBackwards => positions_grow_along_each_stream,
    /// An append without events is reported as a conflict.
    EmptyIsAConflict => an_empty_append_is_refused,
    /// Ids that do not match the events are replaced.
    IdsReplaced => an_append_with_a_wrong_number_of_ids_is_refused,
    /// Idempotency keys are forgotten.
    AppendIdForgotten => a_repeated_append_id_answers_with_the_first_receipt,
    /// A repeated append is reported as recorded now.
    AlreadyAnsweredAsNow => a_repeated_append_id_answers_with_the_first_receipt,
    /// An append with a known key is written again, after later events.
    AppendIdWritesAgain => one_of_two_concurrent_appends_with_the_same_id_acts,
    /// The events under a key are not compared.
    AppendIdNotCompared => an_append_id_of_another_command_is_refused,
    /// The data of the events under a key are compared.
    AppendIdComparedByData => an_append_id_is_answered_whatever_the_data_are,
    /// The names of the events under a key are compared, without their aliases.
    AppendIdComparedByName => an_append_id_is_answered_whatever_the_data_are,
    /// A refused append is remembered under its key.
    RefusedUsesUpItsId => a_refused_append_does_not_use_up_its_id,
    /// A key is valid for all aggregates.
    AppendIdIsGlobal => an_append_id_counts_for_one_aggregate_only,
    /// A key finds only the first event of its append.
    FindsTheFirstEventOnly => an_append_is_found_by_its_id_with_all_its_events_and_no_others,
    /// Appends in turn are recorded as one append.
    TurnAsOneAppend => appends_in_turn_are_recorded_in_order_each_with_its_own_receipt,
    /// Appends in turn are recorded from the last to the first.
    TurnBackwards => appends_in_turn_are_recorded_in_order_each_with_its_own_receipt,
    /// After an append that fails, the next one in turn is recorded at the version that was
    /// reached.
    TurnGoesOnAfterAFailure => of_appends_in_turn_none_is_recorded_after_one_that_is_not,
    /// If one append fails, those before it in turn are not recorded either.
    TurnIsAllOrNothing => of_appends_in_turn_none_is_recorded_after_one_that_is_not,
    /// Appends in turn are recorded at the version that was reached.
    TurnIgnoresTheVersion => appends_in_turn_that_expect_an_older_version_are_conflicts_and_write_nothing,
    /// Other callers append between the appends in turn.
    TurnIsInterrupted => one_of_concurrent_callers_wins_with_all_its_appends_in_turn,
    /// A stream is identified only by the id of its aggregate.
    TypeNotInTheKey => aggregates_of_two_types_may_share_an_id,
    /// Metadata are dropped.
    MetadataDropped => what_was_recorded_is_read_back_as_it_was,
    /// The time of an event is the time when it is read.
    MomentOfReading => what_was_recorded_is_read_back_as_it_was,
    /// All events of an append get the metadata of the first.
    MetadataOfTheFirst => each_event_of_an_append_keeps_its_own_metadata,
    /// A range includes the version after which it should begin.
    RangeWithItsBeginning => a_range_is_read_without_its_beginning_and_with_its_end,
    /// A range lacks its last version.
    RangeWithoutItsEnd => a_range_is_read_without_its_beginning_and_with_its_end,
    /// A range does not end.
    RangeWithoutEnd => a_range_is_read_without_its_beginning_and_with_its_end,
    /// Only one batch is read.
    OneBatchOnly => an_append_of_thousands_of_events_is_read_back_whole_and_in_order,
    /// Sequences are compared as text.
    OrderedAsText => an_append_of_thousands_of_events_is_read_back_whole_and_in_order,
    /// An id with a dollar finds a different aggregate.
    IdIsAnOperator => an_id_that_looks_like_an_operator_is_a_plain_string,
    /// An event of an unknown type is skipped.
    UnknownTypeSkipped => an_event_that_is_not_understood_is_an_error_and_counts_as_a_version,
    /// An event of a newer version than the code knows is skipped.
    LaterVersionSkipped => an_event_that_is_not_understood_is_an_error_and_counts_as_a_version,
    /// An imported event gets the time when it is recorded.
    ImportedNow => an_import_keeps_the_times_of_its_events,
    /// A stream is ordered by time.
    OrderedByMoment => as_of_a_time_is_the_longest_prefix_recorded_by_then,
    /// A retired event is skipped.
    RetiredSkipped => an_aggregate_of_retired_events_only_can_be_created,
    /// A retired event is read as one that is not retired.
    RetiredReadAsAnother => an_aggregate_of_retired_events_only_does_not_exist,
    /// The version of a snapshot is one too high.
    SnapshotOneTooHigh => snapshot_plus_tail_equals_full_replay_at_every_version,
    /// The newest snapshot is returned, whatever version is requested.
    SnapshotTooNew => the_newest_snapshot_at_or_below_a_version_is_found,
    /// A snapshot at exactly the requested version is not found.
    SnapshotBelowOnly => the_newest_snapshot_at_or_below_a_version_is_found,
    /// The state version of a snapshot is ignored.
    StateVersionIgnored => a_snapshot_of_another_state_version_is_passed_over,
    /// Only the newest snapshot is found, whatever version is requested.
    OlderSnapshotsNotFound => a_snapshot_that_does_not_decode_is_passed_over_for_an_older_one,
    /// Only the snapshot with the highest version is kept.
    HighestSnapshotOnly => the_snapshot_taken_last_is_kept_whatever_lies_above_it,
    /// A snapshot beyond the head is reported as one at the head.
    SnapshotCutToTheHead => a_snapshot_beyond_the_head_is_an_error_and_nothing_is_appended,
    /// The parts of a key are joined without a separator.
    SnapshotKeyJoined => snapshots_of_two_aggregates_never_share_a_key,
}

/// [`MemoryStore`] with a mistake, or without.
#[derive(Debug, Clone)]
pub(crate) struct WrongStore {
    pub(super) right: MemoryStore,
    pub(super) mistake: Option<Mistake>,
    notes: Arc<Mutex<Notes>>,
}

/// What a mistake has to remember.
#[derive(Debug, Default)]
struct Notes {
    /// Which stream used a key first.
    keys: HashMap<AppendId, StreamId>,
    /// The newest snapshots.
    newest: HashMap<StreamId, StoredSnapshot>,
    /// Which stream has the snapshot of a key.
    snapshot_keys: HashMap<String, StreamId>,
}

impl WrongStore {
    /// An empty store that makes this mistake.
    pub(crate) fn new(mistake: impl Into<Option<Mistake>>) -> Self {
        Self { right: MemoryStore::new(), mistake: mistake.into(), notes: Arc::default() }
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    fn stream(&self, stream: &StreamId) -> StreamId {
        let id = stream.aggregate_id().as_str();
        let other = match self.mistake {
            Some(Mistake::TypeNotInTheKey) => StreamId::new("Numbers", id),
            Some(Mistake::IdIsAnOperator) if id.contains('$') => StreamId::new(stream.aggregate_type(), "a"),
            _ => return stream.clone(),
        };
        other.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Corrupts a request.
    async fn misunderstand(&self, mut append: Append) -> Append {
        append.stream = self.stream(&append.stream);
        let head = self.right.head(&append.stream).await.unwrap_or_default().version();
        let expected = append.expected.version();
        let known = match &append.append_id {
            Some(id) => self.right.find_append(&append.stream, id).await.unwrap_or_default(),
            None => None,
        };
        let accepted = match self.mistake {
            Some(Mistake::ExpectationIgnored) => true,
            Some(Mistake::OlderExpectationAccepted) => expected < head,
            Some(Mistake::LaterExpectationAccepted) => expected > head,
            Some(Mistake::AppendIdWritesAgain) => known.is_some(),
            _ => false,
        };
        if accepted {
            append.expected = ExpectedVersion::exactly(head);
        }
        if self.makes(Mistake::AppendIdForgotten) || (accepted && self.makes(Mistake::AppendIdWritesAgain)) {
            append.append_id = None;
        }
        if self.makes(Mistake::IdsReplaced) {
            append.event_ids = None;
        }
        if self.makes(Mistake::ImportedNow) {
            append.events.iter_mut().for_each(|event| event.timestamp = None);
        }
        if self.makes(Mistake::MetadataOfTheFirst)
            && let Some(first) = append.events.first().map(|event| event.metadata.clone())
        {
            append.events.iter_mut().for_each(|event| event.metadata = first.clone());
        }
        append
    }

    async fn append_one_by_one(&self, append: Append) -> Result<Appended, StoreError> {
        let (mut stamps, mut version) = (Vec::new(), append.expected.version());
        for event in append.events {
            let one = Append::new(append.stream.clone(), ExpectedVersion::exactly(version), vec![event]);
            let receipt = self.right.append(one).await?.into_receipt();
            version = receipt.version;
            stamps.extend(receipt.stamps);
            self.right.sleep(Duration::ZERO).await;
        }
        Receipt::new(stamps).map(Appended::Now).ok_or(StoreError::EmptyAppend { stream: append.stream })
    }

    /// Corrupts an answer.
    async fn misreport(&self, asked: &Append, answer: Result<Appended, StoreError>) -> Result<Appended, StoreError> {
        match (self.mistake, answer) {
            (Some(Mistake::ConflictWithoutActual), Err(StoreError::Conflict { stream, expected, .. })) => {
                Err(StoreError::Conflict { stream, expected, actual: expected })
            }
            (Some(Mistake::RefusedLeavesItsFirst), Err(StoreError::Conflict { stream, expected, actual })) => {
                let first = asked.events.first().cloned().into_iter().collect();
                self.right.append(Append::new(stream.clone(), ExpectedVersion::exactly(actual), first)).await?;
                Err(StoreError::Conflict { stream, expected, actual })
            }
            (Some(Mistake::EmptyIsAConflict), Err(StoreError::EmptyAppend { stream })) => {
                let version = asked.expected.version();
                Err(StoreError::Conflict { stream, expected: version, actual: version })
            }
            (Some(mistake @ (Mistake::PositionsFall | Mistake::PositionsTwice)), Ok(appended)) => {
                let moved = |stamp: &Stamp| {
                    let position = stamp.position.as_i64();
                    let wrong =
                        if mistake == Mistake::PositionsFall { 1_000_000 - position } else { (position + 1) / 2 };
                    let position = Position::try_from(wrong).unwrap_or(Position::FIRST);
                    Stamp::new(stamp.id, stamp.sequence, position, stamp.timestamp)
                };
                let stamps = appended.receipt().stamps.iter().map(moved).collect();
                Ok(Receipt::new(stamps).map_or(appended, Appended::Now))
            }
            (Some(Mistake::AlreadyAnsweredAsNow), Ok(Appended::Already(receipt))) => Ok(Appended::Now(receipt)),
            (Some(Mistake::AppendIdNotCompared), Err(StoreError::AppendIdReused { stream, append_id, version })) => {
                match self.right.find_append(&stream, &AppendId::new(&append_id)?).await? {
                    Some(receipt) => Ok(Appended::Already(receipt)),
                    None => Err(StoreError::AppendIdReused { stream, append_id, version }),
                }
            }
            (
                Some(mistake @ (Mistake::AppendIdComparedByData | Mistake::AppendIdComparedByName)),
                Ok(Appended::Already(receipt)),
            ) => {
                let stored = self.right.log();
                let is_same = asked.events.iter().all(|new| {
                    stored.iter().any(|stored| match mistake {
                        Mistake::AppendIdComparedByData => stored.data == new.data,
                        _ => stored.event_type == new.event_type,
                    })
                });
                if is_same {
                    return Ok(Appended::Already(receipt));
                }
                Err(StoreError::AppendIdReused {
                    stream: asked.stream.clone(),
                    append_id: asked.append_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
                    version: receipt.version,
                })
            }
            (_, answer) => answer,
        }
    }

    /// The result of a different aggregate, or of a refused append, with the same key, if the
    /// mistake confuses it with this append.
    async fn mistaken_key(&self, append: &Append) -> Option<Result<Appended, StoreError>> {
        let key = append.append_id.as_ref()?;
        let before = self.notes().keys.insert(key.clone(), append.stream.clone());
        let before = before?;
        match self.mistake {
            Some(Mistake::AppendIdIsGlobal) if before != append.stream => {
                let receipt = self.right.find_append(&before, key).await;
                receipt.ok().flatten().map(|receipt| Ok(Appended::Already(receipt)))
            }
            Some(Mistake::RefusedUsesUpItsId) => Some(Err(StoreError::AppendIdReused {
                stream: append.stream.clone(),
                append_id: key.to_string(),
                version: append.expected.version(),
            })),
            _ => None,
        }
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Corrupts the events of a stream.
    fn misread(&self, events: &mut Vec<RecordedEvent<EventData>>) {
        match self.mistake {
            Some(Mistake::PositionsBackwards) => {
                for event in events {
                    event.position = Position::try_from(1_000_000 - event.position.as_i64()).unwrap_or(Position::FIRST);
                }
            }
            Some(Mistake::MetadataDropped) => events.iter_mut().for_each(|event| event.metadata = Metadata::new()),
            Some(Mistake::MomentOfReading) => {
                let later = Timestamp::from_millis(Timestamp::now().as_millis() + 1);
                for event in events {
                    event.timestamp = later;
                }
            }
            Some(Mistake::OneBatchOnly) => events.truncate(1_000),
            Some(Mistake::OrderedAsText) => events.sort_by_key(|event| event.sequence.get().to_string()),
            Some(Mistake::OrderedByMoment) => events.sort_by_key(|event| event.timestamp),
            Some(Mistake::UnknownTypeSkipped) => events.retain(|event| event.event_type == "Added"),
            Some(Mistake::RetiredSkipped) => events.retain(|event| event.event_type != "Noted"),
            Some(Mistake::RetiredReadAsAnother) => {
                for event in events {
                    "Added".clone_into(&mut event.event_type);
                }
            }
            Some(Mistake::LaterVersionSkipped) => events.retain(|event| event.event_version == 1),
            _ => {}
        }
    }
}

fn one_less(version: Version) -> Version {
    Version::try_from(version.as_i64() - 1).unwrap_or(Version::NONE)
}

fn joined(stream: &StreamId, version: Version) -> String {
    format!("{}:{}_{version}", stream.aggregate_type(), stream.aggregate_id())
}

/// Events of a [`WrongStore`].
struct WrongBatch(Vec<RecordedEvent<EventData>>);

impl EventBatch for WrongBatch {
    fn events(&self) -> Box<dyn Iterator<Item = Result<StoredEvent<'_>, StoreError>> + '_> {
        Box::new(self.0.iter().map(|event| Ok(event.as_stored())))
    }
}

impl EventStore for WrongStore {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async move {
            let append = self.misunderstand(append).await;
            if let Some(answer) = self.mistaken_key(&append).await {
                return answer;
            }
            if self.makes(Mistake::OneByOne) {
                return self.append_one_by_one(append).await;
            }
            let answer = self.right.append(append.clone()).await;
            self.misreport(&append, answer).await
        })
    }

    fn append_in_turn(&self, appends: Vec<Append>) -> BoxFuture<'_, Vec<Result<Appended, StoreError>>> {
        Box::pin(self.append_in_wrong_turn(appends))
    }

    fn read(&self, stream: &StreamId, range: ReadRange) -> BatchStream {
        let mut range = range;
        match self.mistake {
            Some(Mistake::RangeWithItsBeginning) => range.after = one_less(range.after),
            Some(Mistake::RangeWithoutItsEnd) if range.until < Version::MAX => range.until = one_less(range.until),
            Some(Mistake::RangeWithoutEnd) => range.until = Version::MAX,
            _ => {}
        }
        let stream = self.stream(stream);
        let wanted = |event: &RecordedEvent<EventData>| {
            let sequence: Sequence = event.sequence;
            let version = Version::from(sequence);
            event.aggregate_type == stream.aggregate_type()
                && event.aggregate_id == stream.aggregate_id().as_str()
                && version > range.after
                && version <= range.until
        };
        let mut events = self.right.log();
        events.retain(wanted);
        self.misread(&mut events);
        let batch: Box<dyn EventBatch> = Box::new(WrongBatch(events));
        Box::pin(futures_util::stream::iter([Ok(batch)]))
    }

    fn find_append<'a>(
        &'a self,
        stream: &'a StreamId,
        append_id: &'a AppendId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        Box::pin(async move {
            let found = self.right.find_append(&self.stream(stream), append_id).await?;
            if self.makes(Mistake::FindsTheFirstEventOnly) {
                return Ok(found.and_then(|receipt| Receipt::new(receipt.stamps.into_iter().take(1).collect())));
            }
            Ok(found)
        })
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> BoxFuture<'a, Result<Head, StoreError>> {
        Box::pin(async move {
            let head = self.right.head(&self.stream(stream)).await?;
            let Some(position) = head.position() else { return Ok(head) };
            let sequence = Sequence::try_from(head.version().get()).unwrap_or(Sequence::FIRST);
            Ok(match self.mistake {
                Some(Mistake::HeadOneTooHigh) => Head::new(sequence.next(), position),
                Some(Mistake::HeadHasThePositionOfTheFirst) => Head::new(sequence, Position::FIRST),
                _ => head,
            })
        })
    }
}

impl SnapshotStore for WrongStore {
    fn newest_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        state_version: u32,
        at_most: Version,
    ) -> BoxFuture<'a, Result<Option<StoredSnapshot>, StoreError>> {
        Box::pin(async move {
            let newest = self.notes().newest.get(stream).cloned();
            let at_most = match (self.mistake, newest) {
                (Some(Mistake::StateVersionIgnored), Some(newest)) => return Ok(Some(newest)),
                (Some(Mistake::OlderSnapshotsNotFound), newest) => {
                    return Ok(newest.filter(|newest| newest.version <= at_most));
                }
                (Some(Mistake::SnapshotTooNew), _) => Version::MAX,
                (Some(Mistake::SnapshotBelowOnly), _) => one_less(at_most),
                _ => at_most,
            };
            let mut found = self.right.newest_snapshot(stream, state_version, at_most).await?;
            if let Some(snapshot) = &mut found {
                match self.mistake {
                    Some(Mistake::SnapshotOneTooHigh) => snapshot.version = snapshot.version.plus(1),
                    Some(Mistake::SnapshotCutToTheHead) => {
                        snapshot.version = snapshot.version.min(self.right.head(stream).await?.version());
                    }
                    _ => {}
                }
            }
            if let Some(snapshot) = &found
                && self.makes(Mistake::SnapshotKeyJoined)
                && self.notes().snapshot_keys.get(&joined(stream, snapshot.version)) != Some(stream)
            {
                return Ok(None);
            }
            Ok(found)
        })
    }

    fn put_snapshot<'a>(
        &'a self,
        stream: &'a StreamId,
        snapshot: StoredSnapshot,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let version = snapshot.version;
        let before = self.notes().newest.insert(stream.clone(), snapshot.clone());
        self.notes().snapshot_keys.insert(joined(stream, version), stream.clone());
        if self.makes(Mistake::HighestSnapshotOnly) && before.is_some_and(|before| before.version > version) {
            return Box::pin(async { Ok(()) });
        }
        self.right.put_snapshot(stream, snapshot)
    }
}

impl Runtime for WrongStore {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.right.sleep(duration)
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.right.spawn(work);
    }
}
