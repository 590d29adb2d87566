//! A store that is read by position with one mistake on purpose, so that each law of feeds is seen
//! to fail.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use es_core::memory::MemoryStore;
use es_core::store::{
    Append, AppendId, Appended, BatchStream, BoxFuture, EventBatch, EventData, EventStore, FeedFilter, FeedPage,
    FeedStore, Head, ReadRange, Receipt, Runtime, StoredEvent,
};
use es_core::{Position, RecordedEvent, StoreError, StreamId};

mistakes! {
    /// The last event of a page is left out.
    PageWithoutItsEnd => a_feed_has_every_event_once_and_in_the_order_of_positions,
    /// The next page starts with the event with which the last page ended.
    PageRepeatsAnEvent => a_feed_has_every_event_once_and_in_the_order_of_positions,
    /// Only one page is read.
    OnePageOnly => a_feed_has_every_event_once_and_in_the_order_of_positions,
    /// The newest event comes first.
    NewestFirst => a_feed_has_every_event_once_and_in_the_order_of_positions,
    /// Every page starts with the first event.
    AfterIgnored => a_feed_continues_after_every_position,
    /// A page starts with the first event after the next position.
    AfterTheNext => a_feed_continues_after_every_position,
    /// The types of aggregates have no effect.
    FilterIgnored => a_feed_of_some_aggregates_is_the_feed_of_all_without_the_others,
    /// Of several types only the first has an effect.
    FirstTypeOnly => a_feed_of_some_aggregates_is_the_feed_of_all_without_the_others,
    /// No type at all is taken for every type.
    NoTypeIsEveryType => a_feed_of_some_aggregates_is_the_feed_of_all_without_the_others,
    /// A page without events does not reach beyond its start.
    EmptyPageReachesNothing => a_feed_of_some_aggregates_is_the_feed_of_all_without_the_others,
    /// A page reaches the next position, which is still open.
    PassesAnOpenPosition => a_feed_passes_no_event_of_a_concurrent_append,
    /// Every second event becomes visible only after the next one, and readers do not wait for it.
    PassesALateEvent => a_feed_passes_no_event_of_a_concurrent_append,
    /// A refused append leaves an open position, which nobody decides.
    RefusedLeavesAnOpenPosition => a_refused_append_holds_up_no_reader,
    /// The frontier is not known.
    NoFrontier => the_frontier_is_reached_and_no_later_event_is_below_it,
    /// The frontier is the next position.
    FrontierIsOpen => the_frontier_is_reached_and_no_later_event_is_below_it,
    /// Nobody is woken.
    NeverWakes => an_append_wakes_a_follower,
    /// Every follower begins with the first event.
    BeginsAgain => a_follower_continues_where_the_last_one_ended,
    /// Now is the beginning.
    NowIsTheBeginning => a_follower_from_now_on_gets_what_is_appended_afterwards,
}

pub(crate) type WrongStore = Wrong<Mistake>;

/// [`MemoryStore`], whose feed has a mistake, or none.
#[derive(Debug, Clone)]
pub(crate) struct Wrong<M> {
    right: MemoryStore,
    mistake: Option<M>,
    notes: Arc<Mutex<Notes>>,
}

/// What a mistake has to remember.
#[derive(Debug, Default)]
struct Notes {
    /// The position that a refused append has left open.
    open: Option<Position>,
    /// The positions that were shown to a reader.
    shown: HashSet<Position>,
}

impl<M> Wrong<M> {
    pub(crate) fn new(mistake: impl Into<Option<M>>) -> Self {
        Self { right: MemoryStore::new(), mistake: mistake.into(), notes: Arc::default() }
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_position(&self) -> Position {
        self.right.log().last().map_or(Position::FIRST, |event| event.position.next())
    }
}

impl WrongStore {
    /// Spoils what is asked.
    fn misunderstand(&self, after: &mut Option<Position>, filter: &mut FeedFilter) {
        match (self.mistake, filter) {
            (Some(Mistake::AfterIgnored | Mistake::BeginsAgain), _) => *after = None,
            (Some(Mistake::AfterTheNext), _) => *after = after.map(Position::next),
            (Some(Mistake::PageRepeatsAnEvent), _) => *after = after.and_then(before),
            (Some(Mistake::FilterIgnored), filter) => *filter = FeedFilter::All,
            (Some(Mistake::FirstTypeOnly), FeedFilter::OfTypes(types)) => types.truncate(1),
            (Some(Mistake::NoTypeIsEveryType), filter) if *filter == FeedFilter::OfTypes(Vec::new()) => {
                *filter = FeedFilter::All;
            }
            _ => {}
        }
    }

    /// Spoils a page.
    fn misread(
        &self,
        events: &mut Vec<RecordedEvent<EventData>>,
        after: Option<Position>,
        reaches: &mut Option<Position>,
    ) {
        match self.mistake {
            Some(Mistake::PageWithoutItsEnd) => drop(events.pop()),
            Some(Mistake::OnePageOnly) if after.is_some() => events.clear(),
            Some(Mistake::NewestFirst) => events.reverse(),
            Some(Mistake::EmptyPageReachesNothing) if events.is_empty() => *reaches = after,
            Some(Mistake::PassesAnOpenPosition) => *reaches = reaches.map(Position::next),
            Some(Mistake::PassesALateEvent) => {
                let mut notes = self.notes();
                events.retain(|event| event.position.get() % 2 == 0 || !notes.shown.insert(event.position));
            }
            Some(Mistake::RefusedLeavesAnOpenPosition) => {
                if let Some(open) = self.notes().open {
                    events.retain(|event| event.position < open);
                    *reaches = (*reaches).min(before(open));
                }
            }
            _ => {}
        }
    }
}

fn before(position: Position) -> Option<Position> {
    Position::try_from(position.as_i64() - 1).ok()
}

impl FeedStore for WrongStore {
    fn page<'a>(
        &'a self,
        after: Option<Position>,
        filter: &'a FeedFilter,
    ) -> BoxFuture<'a, Result<FeedPage, StoreError>> {
        let (mut asked, mut filter) = (after, filter.clone());
        self.misunderstand(&mut asked, &mut filter);
        Box::pin(async move {
            let page = self.right.page(asked, &filter).await?;
            let (mut events, mut reaches) = (Vec::new(), page.reaches);
            for batch in &page.batches {
                for event in batch.events() {
                    events.push(event?.to_recorded());
                }
            }
            self.misread(&mut events, after, &mut reaches);
            let batch: Box<dyn EventBatch> = Box::new(WrongBatch(events));
            Ok(FeedPage { batches: vec![batch], reaches })
        })
    }

    fn frontier(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        Box::pin(async move {
            let frontier = self.right.frontier().await?;
            Ok(match self.mistake {
                Some(Mistake::NoFrontier | Mistake::NowIsTheBeginning) => None,
                Some(Mistake::FrontierIsOpen) => frontier.map(Position::next),
                _ => frontier,
            })
        })
    }

    fn wake(&self, after: Option<Position>) -> BoxFuture<'_, ()> {
        if self.mistake == Some(Mistake::NeverWakes) {
            return Box::pin(std::future::pending());
        }
        self.right.wake(after)
    }
}

/// Events of a [`WrongStore`].
struct WrongBatch(Vec<RecordedEvent<EventData>>);

impl EventBatch for WrongBatch {
    fn events(&self) -> Box<dyn Iterator<Item = Result<StoredEvent<'_>, StoreError>> + '_> {
        Box::new(self.0.iter().map(|event| Ok(event.as_stored())))
    }
}

impl<M: Debug + Copy + Send + Sync + 'static> EventStore for Wrong<M> {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async move {
            let answer = self.right.append(append).await;
            if matches!(answer, Err(StoreError::Conflict { .. })) {
                self.notes().open = Some(self.next_position());
            }
            answer
        })
    }

    fn read(&self, stream: &StreamId, range: ReadRange) -> BatchStream {
        self.right.read(stream, range)
    }

    fn find_append<'a>(
        &'a self,
        stream: &'a StreamId,
        append_id: &'a AppendId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        self.right.find_append(stream, append_id)
    }

    fn head<'a>(&'a self, stream: &'a StreamId) -> BoxFuture<'a, Result<Head, StoreError>> {
        self.right.head(stream)
    }
}

snapshots_of!(right, [M: Debug + Copy + Send + Sync + 'static] Wrong<M>);

impl<M: Send + Sync + 'static> Runtime for Wrong<M> {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.right.sleep(duration)
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.right.spawn(work);
    }
}

/// The same for a store whose positions define no order across aggregates.
pub(crate) mod within_aggregates {
    use super::{BoxFuture, FeedFilter, FeedPage, FeedStore, Position, StoreError, Wrong};

    mistakes! {
        /// Pages are read nevertheless.
        ReadsPages => a_store_without_an_order_across_aggregates_cannot_be_followed,
        /// There is a frontier nevertheless.
        HasAFrontier => a_store_without_an_order_across_aggregates_cannot_be_followed,
    }

    pub(crate) type WrongStore = Wrong<Mistake>;

    impl FeedStore for WrongStore {
        fn page<'a>(
            &'a self,
            after: Option<Position>,
            filter: &'a FeedFilter,
        ) -> BoxFuture<'a, Result<FeedPage, StoreError>> {
            match self.mistake {
                Some(Mistake::ReadsPages) => self.right.page(after, filter),
                _ => Box::pin(async { Err(StoreError::NoGlobalOrder) }),
            }
        }

        fn frontier(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
            match self.mistake {
                Some(Mistake::HasAFrontier) => self.right.frontier(),
                _ => Box::pin(async { Err(StoreError::NoGlobalOrder) }),
            }
        }

        fn wake(&self, after: Option<Position>) -> BoxFuture<'_, ()> {
            self.right.wake(after)
        }
    }
}
