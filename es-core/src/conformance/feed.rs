//! Laws of reading by position, for a store that implements [`FeedStore`].

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::{Numbers, all, append, expect, is_conflict, new_event, number, stored, stream};
use crate::feed::From;
use crate::store::{Append, Appended, EventData, ExpectedVersion, FeedFilter, FeedStore, Store};
use crate::{Aggregate, EventId, Position, RecordedEvent, StoreError, StreamId};

/// How often a law looks again before it gives up: ten seconds, if the store can wait.
const ROUNDS: usize = 400;

async fn wait(store: &impl FeedStore) {
    store.sleep(Duration::from_millis(25)).await;
}

/// A stream of a different type than the other streams of the laws.
fn of_another_type(id: &str) -> StreamId {
    expect(StreamId::new("Others", id))
}

fn append_to(stream: StreamId, numbers: impl IntoIterator<Item = i64>) -> Append {
    Append::new(stream, ExpectedVersion::NONE, numbers.into_iter().map(new_event).collect())
}

/// The positions of an append.
fn positions(appended: Result<Appended, StoreError>) -> Vec<Position> {
    expect(appended).into_receipt().stamps.iter().map(|stamp| stamp.position).collect()
}

/// The events of two types of aggregates, in turns, by position.
async fn record(store: &impl Store) -> Vec<RecordedEvent<EventData>> {
    let streams = [stream("a"), of_another_type("a"), stream("b"), of_another_type("b"), stream("c")];
    let mut recorded = Vec::new();
    for (stream, first) in streams.into_iter().zip((0..).step_by(10)) {
        expect(store.append(append_to(stream.clone(), first..first + 3)).await);
        recorded.extend(stored(store, &stream).await);
    }
    recorded.sort_by_key(|event| event.position);
    recorded
}

/// Reads the page after a position, and checks what every page promises.
async fn page(
    store: &impl FeedStore,
    after: Option<Position>,
    filter: &FeedFilter,
) -> (Vec<RecordedEvent<EventData>>, Option<Position>) {
    let page = expect(store.page(after, filter).await);
    assert!(page.reaches >= after, "a page after {after:?} reaches only {:?}", page.reaches);
    let (mut last, mut events) = (after, Vec::new());
    for batch in &page.batches {
        for event in batch.events() {
            let event = expect(event);
            assert!(Some(event.position) > last, "position {} comes after {last:?}", event.position);
            assert!(Some(event.position) <= page.reaches, "{} is beyond {:?}", event.position, page.reaches);
            assert!(filter.includes(&event), "position {} is of {}", event.position, event.aggregate_type);
            last = Some(event.position);
            events.push(event.to_recorded());
        }
    }
    (events, page.reaches)
}

/// The wanted events after a position, page by page until `end` is reached.
async fn read(
    store: &impl FeedStore,
    mut after: Option<Position>,
    filter: &FeedFilter,
    end: Position,
) -> Vec<RecordedEvent<EventData>> {
    let (mut events, mut rounds) = (Vec::new(), 0);
    while after < Some(end) {
        let (found, reaches) = page(store, after, filter).await;
        events.extend(found);
        if reaches > after {
            (after, rounds) = (reaches, 0);
        } else {
            rounds += 1;
            assert!(rounds < ROUNDS, "the pages end at {after:?} and never reach {end}");
            wait(store).await;
        }
    }
    events
}

fn last(events: &[RecordedEvent<EventData>]) -> Position {
    events.last().map_or(Position::FIRST, |event| event.position)
}

fn numbers(events: &[RecordedEvent<EventData>]) -> Vec<i64> {
    events.iter().map(number).collect()
}

/// Pages have everything that was recorded, as it was recorded, however many pages it takes.
pub async fn a_feed_has_every_event_once_and_in_the_order_of_positions(store: impl FeedStore + Store + Clone) {
    expect(store.append(append("a", 0, 0..2_500)).await);
    expect(store.append(append_to(of_another_type("a"), 2_500..2_503)).await);
    expect(store.append(append("a", 2_500, 2_503..2_510)).await);
    let mut recorded = stored(&store, &stream("a")).await;
    recorded.extend(stored(&store, &of_another_type("a")).await);
    recorded.sort_by_key(|event| event.position);
    let events = read(&store, None, &FeedFilter::All, last(&recorded)).await;
    assert_eq!(numbers(&events), (0..2_510).collect::<Vec<_>>());
    assert_eq!(events, recorded);
}

/// A reader continues at any position, whether it has an event or not.
pub async fn a_feed_continues_after_every_position(store: impl FeedStore + Store + Clone) {
    let recorded = record(&store).await;
    let end = last(&recorded);
    let mut after = None;
    while after < Some(end) {
        let events = read(&store, after, &FeedFilter::All, end).await;
        let rest = recorded.iter().skip_while(|event| Some(event.position) <= after);
        assert_eq!(numbers(&events), rest.map(number).collect::<Vec<_>>(), "after {after:?}");
        after = Some(after.map_or(Position::FIRST, Position::next));
    }
    let (events, _) = page(&store, Some(end), &FeedFilter::All).await;
    assert_eq!(numbers(&events), [0; 0], "there is nothing after the last position");
}

/// A filter only leaves out events. A page without wanted events reaches as far as any other.
pub async fn a_feed_of_some_aggregates_is_the_feed_of_all_without_the_others(store: impl FeedStore + Store + Clone) {
    let recorded = record(&store).await;
    for types in
        [&[Numbers::TYPE][..], &["Others"], &["Others", Numbers::TYPE], &["Unheard", "Others"], &["Unheard"], &[]]
    {
        let filter = FeedFilter::OfTypes(types.iter().map(|name| (*name).to_owned()).collect());
        let mut after = None;
        for from in &recorded {
            let events = read(&store, after, &filter, last(&recorded)).await;
            let wanted = recorded.iter().filter(|event| filter.includes(&event.as_stored()));
            let wanted = wanted.skip_while(|event| Some(event.position) <= after);
            assert_eq!(numbers(&events), wanted.map(number).collect::<Vec<_>>(), "{types:?} after {after:?}");
            after = Some(from.position);
        }
    }
}

/// A reader that reads while others append gets each event, although a higher position may become
/// visible first.
pub async fn a_feed_passes_no_event_of_a_concurrent_append(store: impl FeedStore + Store + Clone) {
    const WRITERS: usize = 12;
    const APPENDS: u32 = 15;
    let (running, newest) = (AtomicUsize::new(WRITERS), Mutex::new(BTreeMap::new()));
    let write = async |writer: usize| {
        for version in 0..APPENDS {
            let appended = store.append(append(&format!("w{writer}"), version, [i64::from(version)])).await;
            let recorded = expect(appended).into_receipt().stamps;
            let recorded = recorded.iter().map(|stamp| (stamp.position, stamp.id));
            newest.lock().unwrap_or_else(PoisonError::into_inner).extend(recorded);
            store.sleep(Duration::from_millis(1)).await;
        }
        running.fetch_sub(1, SeqCst);
    };
    let follow = async |filter: FeedFilter| {
        let (mut seen, mut after, mut rounds) = (Vec::<(Position, EventId)>::new(), None, 0);
        loop {
            let is_over = running.load(SeqCst) == 0;
            let (events, reaches) = page(&store, after, &filter).await;
            seen.extend(events.iter().map(|event| (event.position, event.id)));
            let recorded = newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if is_over && reaches >= recorded.keys().next_back().copied() {
                assert_eq!(seen, recorded.into_iter().collect::<Vec<_>>(), "the reader has missed an event");
                return;
            }
            rounds = if reaches > after { 0 } else { rounds + 1 };
            assert!(rounds < ROUNDS, "the pages end at {after:?}");
            after = reaches;
            store.sleep(Duration::from_millis(1)).await;
        }
    };
    let mut tasks: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
    for filter in [FeedFilter::All, FeedFilter::OfTypes(vec![Numbers::TYPE.to_owned()])] {
        tasks.push(Box::pin(follow(filter)));
    }
    for writer in 0..WRITERS {
        tasks.push(Box::pin(write(writer)));
    }
    all(tasks).await;
}

/// A refused append leaves no open position behind.
pub async fn a_refused_append_holds_up_no_reader(store: impl FeedStore + Store + Clone) {
    expect(store.append(append("a", 0, [1])).await);
    let answer = store.append(append("a", 0, [7, 8, 9])).await;
    assert!(is_conflict(&answer, 0, 1), "{answer:?}");
    let next = positions(store.append(append("b", 0, [2])).await);
    let events = read(&store, None, &FeedFilter::All, next[0]).await;
    assert_eq!(numbers(&events), [1, 2]);
}

/// At rest the frontier is at the last event. No event is recorded at or below it any more.
pub async fn the_frontier_is_reached_and_no_later_event_is_below_it(store: impl FeedStore + Store + Clone) {
    assert_eq!(expect(store.frontier().await), None, "of an empty store");
    assert_eq!(page(&store, None, &FeedFilter::All).await, (Vec::new(), None));
    for round in 0..5 {
        let recorded = positions(store.append(append(&format!("s{round}"), 0, [1, 2])).await);
        let mut rounds = 0;
        let frontier = loop {
            let frontier = expect(store.frontier().await);
            if let Some(frontier) = frontier.filter(|frontier| *frontier >= recorded[1]) {
                break frontier;
            }
            rounds += 1;
            assert!(rounds < ROUNDS, "the frontier is {frontier:?} and never reaches {}", recorded[1]);
            wait(&store).await;
        };
        let events = read(&store, None, &FeedFilter::All, frontier).await;
        assert_eq!(events.len(), 3 * round + 2);
        let later = positions(store.append(append("later", u32::try_from(round).unwrap_or_default(), [3])).await);
        assert!(later[0] > frontier, "an event is recorded at {} although {frontier} was decided", later[0]);
        assert!(expect(store.frontier().await) >= Some(frontier), "the frontier goes back");
    }
}

/// Whether a task was woken.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// A follower that waits gets a new event without being asked again.
pub async fn an_append_wakes_a_follower(store: impl FeedStore + Store + Clone) {
    let mut follower = store.follow(From::beginning()).of::<Numbers>().read();
    for version in 0..4 {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut next = pin!(follower.next());
        assert!(next.as_mut().poll(&mut context).is_pending(), "an event before the first append");
        expect(store.append(append("a", version, [1])).await);
        let mut rounds = 0;
        let event = loop {
            if woken.0.swap(false, SeqCst)
                && let Poll::Ready(event) = next.as_mut().poll(&mut context)
            {
                break event;
            }
            rounds += 1;
            assert!(rounds < ROUNDS, "a follower was not woken by an append");
            wait(&store).await;
        };
        let event = expect(event.unwrap_or_else(|| panic!("the feed has ended")));
        assert_eq!(event.sequence.get(), u64::from(version) + 1);
    }
}

/// A follower begins at its start, and knows how far it has come.
pub async fn a_follower_continues_where_the_last_one_ended(store: impl FeedStore + Store + Clone) {
    let recorded = record(&store).await;
    let mut seen = Vec::new();
    let mut from = From::beginning();
    for _ in &recorded {
        let mut follower = store.follow(from).read();
        let event = follower.next().await;
        seen.push(expect(event.unwrap_or_else(|| panic!("the feed has ended"))));
        let reaches = follower.reaches().unwrap_or_else(|| panic!("it has passed an event"));
        assert_eq!(reaches, last(&seen), "a follower reaches the event that it has returned");
        from = From::position(reaches);
    }
    assert_eq!(seen, recorded);
}

/// A follower from now on gets nothing of what was there before.
pub async fn a_follower_from_now_on_gets_what_is_appended_afterwards(store: impl FeedStore + Store + Clone) {
    let recorded = record(&store).await;
    read(&store, None, &FeedFilter::All, last(&recorded)).await;
    let mut follower = store.follow(From::now()).read();
    let mut rounds = 0;
    while follower.reaches().is_none() {
        let mut next = pin!(follower.next());
        assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "an event of the past");
        rounds += 1;
        assert!(rounds < ROUNDS, "the follower does not begin");
        wait(&store).await;
    }
    expect(store.append(append("new", 0, [100])).await);
    let event = follower.next().await;
    assert!(matches!(event, Some(Ok(event)) if number(&event) == 100), "an event of the past");
}

/// If positions define no order across aggregates, nobody can read by them.
pub async fn a_store_without_an_order_across_aggregates_cannot_be_followed(store: impl FeedStore + Store + Clone) {
    expect(store.append(append("a", 0, [1])).await);
    let page = store.page(None, &FeedFilter::All).await;
    assert!(matches!(page, Err(StoreError::NoGlobalOrder)), "{page:?}");
    let frontier = store.frontier().await;
    assert!(matches!(frontier, Err(StoreError::NoGlobalOrder)), "{frontier:?}");
    for from in [From::beginning(), From::now(), From::position(Position::FIRST)] {
        let mut follower = store.follow(from).read();
        let error = follower.next().await;
        assert!(matches!(error, Some(Err(StoreError::NoGlobalOrder))), "{error:?}");
        assert!(follower.next().await.is_none(), "a follower goes on after an error");
    }
}
