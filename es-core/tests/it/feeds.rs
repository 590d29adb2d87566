//! Following a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use es_core::conformance::{Added, Numbers, NumbersEvent};
use es_core::error::{QueryError, SharedError};
use es_core::feed::{self, Follower};
use es_core::memory::MemoryStore;
use es_core::store::{BoxFuture, EventData, FeedFilter, FeedPage, FeedStore, Runtime};
use es_core::{
    Aggregate, Apply, Context, Metadata, Position, RecordedEvent, Repository, RetryPolicy, StoreError, StreamId, event,
};
use futures_util::{FutureExt, StreamExt, future};

#[event(version = 2, from = PaidV1, alias = "Payed")]
#[derive(Debug, Clone, PartialEq)]
struct Paid {
    cents: i64,
    currency: String,
}

#[event(version = 1, name = "Paid")]
struct PaidV1 {
    cents: i64,
}

impl From<PaidV1> for Paid {
    fn from(old: PaidV1) -> Self {
        Self { cents: old.cents, currency: "EUR".to_owned() }
    }
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct Shipped {}

#[event(version = 1, split(Paid, Shipped))]
struct PaidAndShipped {
    cents: i64,
}

impl From<PaidAndShipped> for (Paid, Shipped) {
    fn from(old: PaidAndShipped) -> Self {
        (PaidV1 { cents: old.cents }.into(), Shipped {})
    }
}

#[derive(Aggregate, Default)]
#[aggregate(events(Paid, Shipped), split(PaidAndShipped), retired("Printed"), event_enum(Clone, PartialEq))]
struct Order {
    cents: i64,
}

impl Apply<Paid> for Order {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.cents += event.cents;
    }
}

impl Apply<Shipped> for Order {
    fn apply(&mut self, _: Shipped, _: &Context) {}
}

fn euros(cents: i64) -> Paid {
    PaidV1 { cents }.into()
}

/// Appends an event to an order as an older program has stored it.
async fn stored(store: &MemoryStore, id: &str, event_type: &'static str, cents: i64) {
    use es_core::store::{Append, EventStore, ExpectedVersion, NewEvent};
    let stream = StreamId::of::<Order>(id).unwrap();
    let data = EventData::encode(event_type, &es_core::bson::doc! { "cents": cents }).unwrap();
    let event = NewEvent::from_data(event_type, 1, data, Metadata::new()).unwrap();
    let head = store.head(&stream).await.unwrap();
    store.append(Append::new(stream, ExpectedVersion::observed(head), vec![event])).await.unwrap();
}

async fn take<T>(follower: &mut Follower<T>, events: usize) -> Vec<RecordedEvent<T>> {
    let mut taken = Vec::new();
    for _ in 0..events {
        taken.push(follower.next().await.unwrap().unwrap());
    }
    taken
}

/// Whether the follower waits.
fn waits<T>(follower: &mut Follower<T>) -> bool {
    follower.next().now_or_never().is_none()
}

fn position(position: u64) -> Position {
    Position::try_from(position).unwrap()
}

#[tokio::test]
async fn the_events_of_an_aggregate_are_decoded_through_all_their_forms() {
    let store = MemoryStore::new();
    stored(&store, "o", "Payed", 1).await;
    stored(&store, "o", "Printed", 2).await;
    Repository::<Numbers>::new(&store).create("n", Added { number: 3 }).await.unwrap();
    stored(&store, "o", "PaidAndShipped", 4).await;
    stored(&store, "o", "Paid", 5).await;
    let mut orders = store.follow(feed::From::beginning()).of::<Order>().read();
    let events: Vec<_> =
        take(&mut orders, 4).await.into_iter().map(|event| (event.position.get(), event.data)).collect();
    let (paid, shipped) = (|cents| OrderEvent::from(euros(cents)), OrderEvent::from(Shipped {}));
    assert_eq!(events, [(1, paid(1)), (4, paid(4)), (4, shipped), (5, paid(5))]);
    assert!(waits(&mut orders));
}

#[tokio::test]
async fn a_follower_passes_a_position_with_the_last_event_that_is_read_from_it() {
    let store = MemoryStore::new();
    stored(&store, "o", "Paid", 1).await;
    stored(&store, "o", "PaidAndShipped", 2).await;
    let mut orders = store.follow(feed::From::beginning()).of::<Order>().read();
    assert_eq!(orders.reaches(), None);
    let mut reached = Vec::new();
    for _ in 0..3 {
        take(&mut orders, 1).await;
        reached.push(orders.reaches());
    }
    assert_eq!(reached, [Some(position(1)), Some(position(1)), Some(position(2))]);
    // A new follower reads both parts.
    let mut again = store.follow(feed::From::position(reached[1].unwrap())).of::<Order>().read();
    let again = take(&mut again, 2).await;
    assert!(again.iter().all(|event| event.position == position(2)));
}

#[tokio::test]
async fn a_follower_reaches_the_end_although_no_event_is_wanted() {
    let store = MemoryStore::new();
    let mut orders = store.follow(feed::From::beginning()).of::<Order>().read();
    assert!(waits(&mut orders));
    assert_eq!(orders.reaches(), None);
    let numbers = Repository::<Numbers>::new(&store);
    numbers.create("n", (Added { number: 1 }, Added { number: 2 })).await.unwrap();
    stored(&store, "o", "Printed", 3).await;
    assert!(waits(&mut orders));
    assert_eq!(orders.reaches(), Some(position(3)));
}

#[derive(Debug, Clone, PartialEq)]
enum Either {
    Order(OrderEvent),
    Number(i64),
}

impl From<OrderEvent> for Either {
    fn from(event: OrderEvent) -> Self {
        Self::Order(event)
    }
}

impl From<NumbersEvent> for Either {
    fn from(NumbersEvent::Added(added): NumbersEvent) -> Self {
        Self::Number(added.number)
    }
}

#[tokio::test]
async fn the_events_of_several_aggregates_are_read_as_one_type() {
    let store = MemoryStore::new();
    let numbers = Repository::<Numbers>::new(&store);
    numbers.create("n", Added { number: 1 }).await.unwrap();
    stored(&store, "o", "Paid", 2).await;
    numbers.update("n", |_| Added { number: 3 }).await.unwrap();
    let both = store.follow(feed::From::beginning()).of::<Order>().of::<Numbers>();
    let data: Vec<_> = both.read_as::<Either>().take(3).map(|event| event.unwrap().data).collect().await;
    assert_eq!(data, [Either::Number(1), Either::Order(euros(2).into()), Either::Number(3)]);
}

#[tokio::test]
async fn an_aggregate_that_is_chosen_twice_is_an_error() {
    let twice = MemoryStore::new().follow(feed::From::beginning()).of::<Order>().of::<Numbers>().of::<Order>();
    let mut events = twice.read_as::<Either>();
    let error = events.next().await.unwrap().unwrap_err();
    assert!(
        matches!(&error, StoreError::Query(QueryError::Conditions { reason }) if reason.contains("`Order`")),
        "{error}"
    );
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn an_event_that_cannot_be_read_ends_the_stream_after_the_events_before_it() {
    let store = MemoryStore::new();
    stored(&store, "o", "Paid", 1).await;
    stored(&store, "o", "Unheard", 2).await;
    stored(&store, "o", "Paid", 3).await;
    let mut orders = store.follow(feed::From::beginning()).of::<Order>().read();
    take(&mut orders, 1).await;
    let error = orders.next().await.unwrap();
    assert!(matches!(error, Err(StoreError::Decode { .. })), "{error:?}");
    assert!(orders.next().await.is_none());
    assert_eq!(orders.reaches(), Some(position(1)));
    let mut all = store.follow(feed::From::position(position(1))).read();
    assert_eq!(take(&mut all, 2).await[0].event_type, "Unheard");
}

#[tokio::test]
async fn a_follower_in_a_separate_task_gets_what_is_appended_meanwhile() {
    let store = MemoryStore::new();
    let follow: Arc<dyn FeedStore> = Arc::new(store.clone());
    let follower = tokio::spawn(async move { take(&mut follow.follow(feed::From::beginning()).read(), 50).await });
    let numbers = Repository::<Numbers>::new(&store);
    for number in 0..50 {
        numbers.create(format!("n{number}").as_str(), Added { number }).await.unwrap();
        tokio::task::yield_now().await;
    }
    let seen = follower.await.unwrap();
    assert_eq!(seen, store.log());
}

#[tokio::test]
async fn several_followers_wait_for_the_same_append() {
    let store = MemoryStore::new();
    let waiting = (0..3).map(|_| {
        let mut follower = store.follow(feed::From::beginning()).read();
        tokio::spawn(async move { take(&mut follower, 1).await })
    });
    let waiting: Vec<_> = waiting.collect();
    tokio::task::yield_now().await;
    stored(&store, "o", "Paid", 1).await;
    for seen in future::join_all(waiting).await {
        assert_eq!(seen.unwrap()[0].position, position(1));
    }
}

#[tokio::test]
async fn from_now_on_begins_when_the_stream_is_polled_first() {
    let store = MemoryStore::new();
    let mut follower = store.follow(feed::From::now()).read();
    stored(&store, "o", "Paid", 1).await;
    assert!(waits(&mut follower));
    assert_eq!(follower.reaches(), Some(position(1)));
    stored(&store, "o", "Paid", 2).await;
    assert_eq!(take(&mut follower, 1).await[0].position, position(2));
}

/// A store that fails a number of times before it answers.
#[derive(Debug, Clone)]
struct Failing {
    right: MemoryStore,
    error: StoreError,
    left: Arc<AtomicU32>,
    slept: Arc<AtomicU32>,
}

impl Failing {
    fn new(error: StoreError, times: u32) -> Self {
        Self { right: MemoryStore::new(), error, left: Arc::new(times.into()), slept: Arc::default() }
    }

    fn fail(&self) -> Result<(), StoreError> {
        match self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => Err(self.error.clone()),
            Err(_) => Ok(()),
        }
    }
}

impl Runtime for Failing {
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.slept.fetch_add(1, SeqCst);
        self.right.sleep(duration)
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.right.spawn(work);
    }
}

impl FeedStore for Failing {
    fn page<'a>(
        &'a self,
        after: Option<Position>,
        filter: &'a FeedFilter,
    ) -> BoxFuture<'a, Result<FeedPage, StoreError>> {
        Box::pin(async move {
            self.fail()?;
            self.right.page(after, filter).await
        })
    }

    fn frontier(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        Box::pin(async move {
            self.fail()?;
            self.right.frontier().await
        })
    }

    fn wake(&self, after: Option<Position>) -> BoxFuture<'_, ()> {
        self.right.wake(after)
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable { source: SharedError::from(std::io::Error::other("the cable is cut")) }
}

#[tokio::test]
async fn a_follower_waits_until_the_store_is_available() {
    let store = Failing::new(unavailable(), 1_000);
    stored(&store.right, "o", "Paid", 1).await;
    let mut follower = store.follow(feed::From::beginning()).read();
    take(&mut follower, 1).await;
    assert_eq!(store.slept.load(SeqCst), 1_000);
    store.left.store(10, SeqCst);
    let mut from_now_on = store.follow(feed::From::now()).read();
    while from_now_on.reaches().is_none() {
        assert!(waits(&mut from_now_on));
    }
    assert_eq!(store.slept.load(SeqCst), 1_010);
}

#[tokio::test]
async fn retries_can_be_limited() {
    let store = Failing::new(unavailable(), u32::MAX);
    let mut follower = store.follow(feed::From::beginning()).retry(RetryPolicy::default().tries(3)).read();
    let error = follower.next().await.unwrap();
    assert!(matches!(error, Err(StoreError::Unavailable { .. })), "{error:?}");
    assert_eq!(store.slept.load(SeqCst), 2);
    assert!(follower.next().await.is_none());
}

#[tokio::test]
async fn any_other_failure_ends_the_stream() {
    for error in [StoreError::Closed, StoreError::NoGlobalOrder, StoreError::MissingPosition { position: position(1) }]
    {
        let store = Failing::new(error.clone(), 1);
        stored(&store.right, "o", "Paid", 1).await;
        let mut follower = store.follow(feed::From::beginning()).read();
        let item = follower.next().await.unwrap();
        assert_eq!(item.unwrap_err().to_string(), error.to_string());
        assert!(follower.next().await.is_none());
        assert_eq!(store.slept.load(SeqCst), 0);
    }
}
