//! A store that answers queries with one mistake on purpose, so that each law of queries is seen to
//! fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use es_core::memory::MemoryStore;
use es_core::store::{
    BatchStream, BoxFuture, EventBatch, EventData, QueriedAggregates, Query, QueryOrder, QueryPlace, QueryStart,
    QueryStore, Runtime, StoredEvent,
};
use es_core::{RecordedEvent, StoreError, Timestamp};

mistakes! {
    /// The type of the aggregates has no effect.
    AggregateTypeIgnored => a_query_finds_the_events_that_meet_a_condition_and_no_others,
    /// One aggregate is known by its id alone.
    TypeNotInTheKey => a_query_finds_the_events_that_meet_a_condition_and_no_others,
    /// The name has no effect.
    NameIgnored => a_query_finds_the_events_that_meet_a_condition_and_no_others,
    /// Of several names only the first has an effect.
    FirstNameOnly => a_query_finds_the_events_that_meet_a_condition_and_no_others,
    /// No name at all is taken for every name.
    NoNameIsEveryName => a_query_finds_the_events_that_meet_a_condition_and_no_others,
    /// The user has no effect.
    UserIgnored => a_query_finds_the_events_that_meet_a_condition_and_no_others,
    /// The correlation has no effect.
    CorrelationIgnored => a_query_finds_the_events_that_meet_a_condition_and_no_others,
    /// The earliest time is left out.
    SinceLeftOut => a_query_finds_the_events_that_meet_a_condition_and_no_others,
    /// The latest time is left out.
    UntilLeftOut => a_query_finds_the_events_that_meet_a_condition_and_no_others,
    /// With a correlation, the user has no effect.
    UserOrCorrelation => all_conditions_of_a_query_hold_together,
    /// With a name, the aggregates have no effect.
    NameOrAggregates => all_conditions_of_a_query_hold_together,
    /// With one aggregate, positions have no effect.
    PositionsOfOneAggregateIgnored => all_conditions_of_a_query_hold_together,
    /// The newest event never comes first.
    NeverReversed => an_answer_is_in_the_order_of_time_and_within_a_millisecond_of_position,
    /// Positions are not reversed with the timestamps.
    PositionsNeverReversed => an_answer_is_in_the_order_of_time_and_within_a_millisecond_of_position,
    /// The order is that of positions.
    OrderedByPosition => an_answer_is_in_the_order_of_time_and_within_a_millisecond_of_position,
    /// The events of one aggregate come in the order of time.
    AggregateOrderedByTime => the_events_of_one_aggregate_are_found_in_their_own_order,
    /// The position after which an answer begins belongs to it.
    AfterPositionIncluded => conditions_on_positions_bound_an_answer_that_is_in_their_order,
    /// The last position does not belong to the answer.
    UntilPositionLeftOut => conditions_on_positions_bound_an_answer_that_is_in_their_order,
    /// Between positions the order is that of time.
    PositionsOrderedByTime => conditions_on_positions_bound_an_answer_that_is_in_their_order,
    /// The next page starts with the event with which the last page ended.
    PageRepeatsAnEvent => pages_have_every_event_of_an_answer_once_and_in_order,
    /// The next page starts with the millisecond in which the last page ended.
    PageRepeatsAMillisecond => pages_have_every_event_of_an_answer_once_and_in_order,
    /// The next page starts with the next millisecond.
    PageSkipsAMillisecond => pages_have_every_event_of_an_answer_once_and_in_order,
    /// There is only as much as the caller expects to read.
    SizeHintIsTheEnd => pages_have_every_event_of_an_answer_once_and_in_order,
    /// An event at which an answer starts is left out.
    StartLeftOut => an_answer_starts_at_a_place_or_after_it,
    /// Every answer starts with its first event.
    StartIgnored => an_answer_starts_at_a_place_or_after_it,
    /// All events are counted.
    CountIgnoresConditions => a_count_is_the_number_of_events_of_the_answer,
    /// What comes before the start is counted.
    CountIgnoresTheStart => a_count_is_the_number_of_events_of_the_answer,
    /// A count goes beyond its limit.
    CountIgnoresItsLimit => a_count_is_the_number_of_events_of_the_answer,
    /// Only what carries a correlation belongs to it.
    BeginningLeftOut => the_event_that_began_a_correlation_belongs_to_it,
    /// The event that began a correlation comes last.
    BeginningComesLast => the_event_that_began_a_correlation_belongs_to_it,
    /// The event that began a correlation belongs to it, whatever else is asked for.
    BeginningMeetsEverything => the_event_that_began_a_correlation_belongs_to_it,
    /// A user with a dollar is anybody.
    UserIsAnOperator => a_query_takes_strings_as_values,
    /// An empty correlation id counts as no condition.
    EmptyCorrelationIsNone => a_query_takes_strings_as_values,
    /// An event that nobody has heard of is left out.
    UnknownTypeSkipped => a_query_leaves_out_no_event_that_it_cannot_decode,
    /// An event of a later version than the code knows is left out.
    LaterVersionSkipped => a_query_leaves_out_no_event_that_it_cannot_decode,
    /// Only one batch is read.
    OneBatchOnly => an_answer_of_thousands_of_events_is_whole_and_in_order,
    /// Positions are compared as text.
    OrderedAsText => an_answer_of_thousands_of_events_is_whole_and_in_order,
    /// Every call is taken for one of a different store.
    ScopeOfTheCall => a_cursor_continues_a_query_of_every_handle_of_the_store,
    /// Every handle is taken for a different store.
    ScopeOfTheHandle => a_cursor_continues_a_query_of_every_handle_of_the_store,
}

/// [`MemoryStore`], whose queries have a mistake, or none.
#[derive(Debug)]
pub(crate) struct WrongStore {
    right: MemoryStore,
    mistake: Option<Mistake>,
    /// Different for every handle.
    handle: u64,
    handles: Arc<AtomicU64>,
}

impl Clone for WrongStore {
    fn clone(&self) -> Self {
        let handle = self.handles.fetch_add(1, Relaxed);
        Self { right: self.right.clone(), mistake: self.mistake, handle, handles: Arc::clone(&self.handles) }
    }
}

impl WrongStore {
    pub(crate) fn new(mistake: impl Into<Option<Mistake>>) -> Self {
        Self { right: MemoryStore::new(), mistake: mistake.into(), handle: 0, handles: Arc::new(AtomicU64::new(1)) }
    }

    /// Spoils what is asked.
    fn misunderstand(&self, query: &mut Query) {
        let Some(mistake) = self.mistake else { return };
        match mistake {
            Mistake::AggregateTypeIgnored if matches!(query.aggregates, QueriedAggregates::OfType(_)) => {
                query.aggregates = QueriedAggregates::All;
            }
            Mistake::NameIgnored => query.event_types = None,
            Mistake::FirstNameOnly => query.event_types.iter_mut().for_each(|names| names.truncate(1)),
            Mistake::NoNameIsEveryName => {
                query.event_types = query.event_types.take().filter(|names| !names.is_empty());
            }
            Mistake::UserIgnored => query.user = None,
            Mistake::CorrelationIgnored => query.correlation = None,
            Mistake::SinceLeftOut => query.since = query.since.map(|since| moved(since, 1)),
            Mistake::UntilLeftOut => query.until = query.until.map(|until| moved(until, -1)),
            Mistake::UserOrCorrelation if query.correlation.is_some() => query.user = None,
            Mistake::NameOrAggregates if query.event_types.is_some() => query.aggregates = QueriedAggregates::All,
            Mistake::PositionsOfOneAggregateIgnored if query.order == QueryOrder::Sequence => {
                (query.after_position, query.until_position) = (None, None);
            }
            Mistake::NeverReversed => query.newest_first = false,
            Mistake::OrderedByPosition => query.order = QueryOrder::Position,
            Mistake::AggregateOrderedByTime if query.order == QueryOrder::Sequence => query.order = QueryOrder::Time,
            Mistake::PositionsOrderedByTime if query.order == QueryOrder::Position => query.order = QueryOrder::Time,
            Mistake::PageRepeatsAnEvent => {
                if let QueryStart::After(place) = query.start {
                    query.start = QueryStart::At(place);
                }
            }
            Mistake::PageRepeatsAMillisecond | Mistake::PageSkipsAMillisecond => {
                if let (QueryStart::After(place), QueryOrder::Time) = (query.start, query.order) {
                    let by = i64::from(mistake == Mistake::PageSkipsAMillisecond);
                    if query.newest_first {
                        query.until = Some(moved(place.timestamp, -by));
                    } else {
                        query.since = Some(moved(place.timestamp, by));
                    }
                    query.start = QueryStart::Beginning;
                }
            }
            Mistake::StartLeftOut => {
                if let QueryStart::At(place) = query.start {
                    query.start = QueryStart::After(place);
                }
            }
            Mistake::StartIgnored => query.start = QueryStart::Beginning,
            Mistake::UserIsAnOperator => query.user = query.user.take().filter(|user| !user.contains('$')),
            Mistake::EmptyCorrelationIsNone => {
                query.correlation = query.correlation.take().filter(|correlation| !correlation.is_empty());
            }
            _ => {}
        }
    }

    /// Whether the spoilt answer includes the event.
    fn includes(&self, query: &Query, event: &RecordedEvent<EventData>) -> bool {
        let includes = query.includes(&event.as_stored());
        match (self.mistake, &query.aggregates) {
            (Some(Mistake::TypeNotInTheKey), QueriedAggregates::One(stream)) => {
                event.aggregate_id == stream.aggregate_id().as_str()
            }
            (Some(Mistake::AfterPositionIncluded), _) => includes || query.after_position == Some(event.position),
            (Some(Mistake::UntilPositionLeftOut), _) => includes && query.until_position != Some(event.position),
            (Some(Mistake::BeginningLeftOut), _) => includes && query.first_of_correlation() != Some(event.id),
            (Some(Mistake::BeginningMeetsEverything), _) => includes || query.first_of_correlation() == Some(event.id),
            (Some(Mistake::UnknownTypeSkipped), _) => includes && event.event_type != "Unheard",
            (Some(Mistake::LaterVersionSkipped), _) => includes && event.event_version == 1,
            _ => includes,
        }
    }

    fn answer(&self, mut query: Query) -> Vec<RecordedEvent<EventData>> {
        self.misunderstand(&mut query);
        let mut events = self.right.log();
        events.retain(|event| self.includes(&query, event));
        let place = |event: &RecordedEvent<EventData>| QueryPlace::from(event);
        events.sort_by(|left, right| query.compare(&place(left), &place(right)));
        match self.mistake {
            Some(Mistake::PositionsNeverReversed) if query.newest_first => {
                events.sort_by_key(|event| (std::cmp::Reverse(event.timestamp), event.position));
            }
            Some(Mistake::SizeHintIsTheEnd) => events.truncate(usize::try_from(query.size_hint).unwrap_or(usize::MAX)),
            Some(Mistake::BeginningComesLast) => {
                events.sort_by_key(|event| query.first_of_correlation() == Some(event.id));
            }
            Some(Mistake::OneBatchOnly) => events.truncate(1_000),
            Some(Mistake::OrderedAsText) => events.sort_by_key(|event| event.position.to_string()),
            _ => {}
        }
        events
    }
}

fn moved(timestamp: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(timestamp.as_millis() + millis)
}

/// Events of a [`WrongStore`].
struct WrongBatch(Vec<RecordedEvent<EventData>>);

impl EventBatch for WrongBatch {
    fn events(&self) -> Box<dyn Iterator<Item = Result<StoredEvent<'_>, StoreError>> + '_> {
        Box::new(self.0.iter().map(|event| Ok(event.as_stored())))
    }
}

impl QueryStore for WrongStore {
    fn query_scope(&self) -> String {
        match self.mistake {
            Some(Mistake::ScopeOfTheCall) => self.handles.fetch_add(1, Relaxed).to_string(),
            Some(Mistake::ScopeOfTheHandle) => self.handle.to_string(),
            _ => self.right.query_scope(),
        }
    }

    fn query(&self, query: Query) -> BatchStream {
        let batch: Box<dyn EventBatch> = Box::new(WrongBatch(self.answer(query)));
        Box::pin(futures_util::stream::iter([Ok(batch)]))
    }

    fn count(&self, mut query: Query, at_most: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        match self.mistake {
            Some(Mistake::CountIgnoresConditions) => query = Query::ALL,
            Some(Mistake::CountIgnoresTheStart) => query.start = QueryStart::Beginning,
            _ => {}
        }
        let events = self.answer(query).len() as u64;
        let is_limited = self.mistake != Some(Mistake::CountIgnoresItsLimit);
        Box::pin(async move { Ok(if is_limited { events.min(at_most) } else { events }) })
    }
}

events_of!(right, WrongStore);
snapshots_of!(right, [] WrongStore);

impl Runtime for WrongStore {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.right.sleep(duration)
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.right.spawn(work);
    }
}
