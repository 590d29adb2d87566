//! Handlers: batches of events for effects outside the store.

use std::sync::{Arc, Mutex};

use es_core::memory::MemoryStore;
use es_core::store::{Activity, EventData, FeedFilter, ReadModelStore};
use es_core::subscription::{HandleError, Handler, SubscriptionError, Subscriptions};
use es_core::{Aggregate, Apply, Context, RecordedEvent, Repository, StoreError, event, feed};

#[event(version = 1)]
struct Sent {
    number: u64,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Sent))]
struct Letter {}

impl Apply<Sent> for Letter {
    fn apply(&mut self, _: Sent, _: &Context) {}
}

#[event(version = 1)]
struct Rung;

#[derive(Aggregate, Default)]
#[aggregate(events(Rung))]
struct Bell {}

impl Apply<Rung> for Bell {
    fn apply(&mut self, _: Rung, _: &Context) {}
}

/// What the calls of a handler got, and what the next ones answer.
#[derive(Clone, Default)]
struct Script {
    calls: Arc<Mutex<Vec<Vec<u64>>>>,
    answers: Arc<Mutex<Vec<HandleError>>>,
    all: bool,
}

impl Script {
    fn failing(answers: Vec<HandleError>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers)), ..Self::default() }
    }

    /// The positions of each call.
    fn calls(&self) -> Vec<Vec<u64>> {
        self.calls.lock().unwrap().clone()
    }
}

impl Handler for Script {
    fn filter(&self) -> FeedFilter {
        if self.all { FeedFilter::All } else { FeedFilter::of::<Letter>() }
    }

    async fn handle(&self, events: &[RecordedEvent<EventData>]) -> Result<(), HandleError> {
        let positions = events.iter().map(|event| event.position.get()).collect();
        self.calls.lock().unwrap().push(positions);
        match self.answers.lock().unwrap().pop() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

async fn send(store: &MemoryStore, letters: std::ops::Range<u64>) {
    for number in letters {
        Repository::<Letter>::new(store).create(format!("letter {number}"), Sent { number }).await.unwrap();
    }
}

fn script(store: &MemoryStore, script: &Script) -> Subscriptions {
    Subscriptions::on(store).handle("letters", feed::From::beginning(), script.clone())
}

#[tokio::test]
async fn a_handler_gets_the_events_that_it_wants_in_order_and_continues_at_its_checkpoint() {
    let store = MemoryStore::new();
    send(&store, 0..2).await;
    Repository::<Bell>::new(&store).create("bell", Rung).await.unwrap();
    send(&store, 2..3).await;
    let (letters, all) = (Script::default(), Script { all: true, ..Script::default() });
    let both = script(&store, &letters).handle("all", feed::From::beginning(), all.clone());
    both.catch_up().await.unwrap();
    assert_eq!(letters.calls(), [[1, 2, 4]]);
    assert_eq!(all.calls(), [[1, 2, 3, 4]]);
    script(&store, &letters).catch_up().await.unwrap();
    send(&store, 3..4).await;
    script(&store, &letters).catch_up().await.unwrap();
    assert_eq!(letters.calls(), [vec![1, 2, 4], vec![5]]);
}

#[tokio::test]
async fn a_large_backlog_arrives_in_several_batches() {
    let store = MemoryStore::new();
    let letters = (0..2_500).map(|number| Sent { number });
    Repository::<Letter>::new(&store).create("letter", letters.collect::<Vec<_>>()).await.unwrap();
    let letters = Script::default();
    script(&store, &letters).catch_up().await.unwrap();
    assert!(letters.calls().iter().all(|call| call.len() <= 1_000));
    assert_eq!(letters.calls().concat(), (1..=2_500).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_handler_begins_where_its_first_start_asks_for() {
    let store = MemoryStore::new();
    send(&store, 0..3).await;
    let letters = Script::default();
    let from_now = || Subscriptions::on(&store).handle("letters", feed::From::now(), letters.clone());
    from_now().catch_up().await.unwrap();
    send(&store, 3..5).await;
    from_now().catch_up().await.unwrap();
    assert_eq!(letters.calls(), [[4, 5]]);
    let after = feed::From::position(es_core::Position::try_from(2_u64).unwrap());
    let others = Script::default();
    Subscriptions::on(&store).handle("others", after, others.clone()).catch_up().await.unwrap();
    assert_eq!(others.calls(), [[3, 4, 5]]);
}

#[tokio::test]
async fn what_fails_for_a_time_is_handled_again() {
    let store = MemoryStore::new();
    send(&store, 0..2).await;
    let failing = ["the index is down", "it is still down"].map(|reason| HandleError::Retry(reason.into()));
    let letters = Script::failing(failing.into());
    script(&store, &letters).catch_up().await.unwrap();
    assert_eq!(letters.calls(), [[1, 2], [1, 2], [1, 2]]);
}

#[tokio::test]
async fn what_is_refused_stops_the_handler_before_it() {
    let store = MemoryStore::new();
    send(&store, 0..2).await;
    let letters = Script::default();
    script(&store, &letters).catch_up().await.unwrap();
    send(&store, 2..4).await;
    letters.answers.lock().unwrap().push(HandleError::refused("the letter has no address"));
    let stopped = script(&store, &letters).catch_up().await.unwrap_err();
    let SubscriptionError::Refused { partition, position, source } = &stopped else { panic!("{stopped}") };
    assert_eq!((partition.to_string().as_str(), position.get()), ("letters@1/0", 3));
    assert_eq!(source.to_string(), "the letter has no address");
    let stored = store.partitions().await.unwrap();
    let Activity::Stopped(failure) = &stored[0].checkpoint.activity else { panic!("{stored:?}") };
    assert_eq!(failure.position.get(), 3);
    assert!(failure.error.contains("the letter has no address"), "{}", failure.error);
    script(&store, &letters).catch_up().await.unwrap();
    assert_eq!(letters.calls(), [[1, 2], [3, 4], [3, 4]]);
}

/// A handler that reads its events as those of a different aggregate.
struct Confused;

impl Handler for Confused {
    async fn handle(&self, events: &[RecordedEvent<EventData>]) -> Result<(), HandleError> {
        for event in events {
            event.decode::<Bell>()?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_decoded_stops_the_handler_and_is_not_retried() {
    let store = MemoryStore::new();
    send(&store, 0..1).await;
    let confused = Subscriptions::on(&store).handle("confused", feed::From::beginning(), Confused);
    let stopped = confused.catch_up().await.unwrap_err();
    let SubscriptionError::Refused { position, source, .. } = &stopped else { panic!("{stopped}") };
    assert_eq!(position.get(), 1);
    assert!(source.to_string().contains("Sent"), "{source}");
    let unavailable = StoreError::Unavailable { source: "the cable is cut".into() };
    assert!(matches!(HandleError::from(unavailable), HandleError::Retry(_)));
    assert!(matches!(HandleError::from("the index is down"), HandleError::Retry(_)));
}

#[tokio::test]
async fn the_events_of_one_aggregate_are_in_one_partition() {
    let store = MemoryStore::new();
    send(&store, 0..40).await;
    for number in 0..40 {
        let letter = format!("letter {number}");
        Repository::<Letter>::new(&store).update(letter, |_| Sent { number }).await.unwrap();
    }
    let letters = Script::default();
    let subscriptions =
        Subscriptions::on(&store)
            .handle_with("letters", feed::From::beginning(), letters.clone(), |options| options.partitions(4));
    subscriptions.catch_up().await.unwrap();
    let calls = letters.calls();
    assert_eq!(calls.len(), 4, "each partition has events");
    for call in &calls {
        let (first, second) = call.split_at(call.len() / 2);
        assert_eq!(first.iter().map(|position| position + 40).collect::<Vec<_>>(), second);
    }
    let mut all = calls.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=80).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_name_is_used_once_and_is_not_empty() {
    let store = MemoryStore::new();
    let (letters, begin) = (Script::default(), feed::From::beginning());
    let twice = script(&store, &letters).handle("letters", begin, letters.clone()).run().await.unwrap_err();
    assert!(matches!(&twice, SubscriptionError::Twice { name } if name == "letters"), "{twice}");
    let empty = Subscriptions::on(&store).handle("", begin, letters).run().await.unwrap_err();
    assert!(matches!(empty, SubscriptionError::Store(_)), "{empty}");
}
