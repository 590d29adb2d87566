//! A repeated key is answered with what it recorded. It is an error only for a different command.

use std::collections::HashMap;

use es_core::memory::MemoryStore;
use es_core::store::{Append, AppendId, Appended, ExpectedVersion, NewEvent, Store};
use es_core::{
    Aggregate, Apply, Context, CreateError, Init, Metadata, Outcome, Repository, StoreError, StreamId, UpdateError,
    event,
};
use tests::empty_store;

/// The program before its deployment.
mod before {
    use super::*;

    #[event(version = 1)]
    pub struct Tagged {
        pub tags: HashMap<String, f64>,
    }

    #[event(version = 1)]
    pub struct Weighed {
        pub grams: i64,
    }

    #[event(version = 1)]
    pub struct Unlocked;

    #[event(version = 1)]
    pub struct Sent;

    #[event(version = 1)]
    pub struct Moved;

    #[derive(Aggregate, Default)]
    #[aggregate(name = "Parcel", events(Tagged, Weighed, Unlocked, Sent, Moved))]
    pub struct Parcel {}

    impl Apply<Tagged> for Parcel {
        fn apply(&mut self, _: Tagged, _: &Context) {}
    }
    impl Apply<Weighed> for Parcel {
        fn apply(&mut self, _: Weighed, _: &Context) {}
    }
    impl Apply<Unlocked> for Parcel {
        fn apply(&mut self, _: Unlocked, _: &Context) {}
    }
    impl Apply<Sent> for Parcel {
        fn apply(&mut self, _: Sent, _: &Context) {}
    }
    impl Apply<Moved> for Parcel {
        fn apply(&mut self, _: Moved, _: &Context) {}
    }
}

/// The program after it: one event has a new version, one a new name, one is split, and one is
/// retired.
mod after {
    use super::*;

    #[event(version = 2, from = WeighedV1)]
    pub struct Weighed {
        pub grams: f64,
        pub scale: String,
    }

    #[event(version = 1, name = "Weighed")]
    pub struct WeighedV1 {
        pub grams: i32,
    }

    impl From<WeighedV1> for Weighed {
        fn from(old: WeighedV1) -> Self {
            Self { grams: old.grams.into(), scale: "unknown".into() }
        }
    }

    #[event(version = 1, alias = "Unlocked")]
    pub struct Opened;

    #[event(version = 1, split(Left, Arrived))]
    pub struct Moved;

    #[event(version = 1)]
    pub struct Left;

    #[event(version = 1)]
    pub struct Arrived;

    impl From<Moved> for (Left, Arrived) {
        fn from(_: Moved) -> Self {
            (Left, Arrived)
        }
    }

    #[derive(Aggregate, Default)]
    #[aggregate(name = "Parcel", events(Weighed, Opened, Left, Arrived), split(Moved), retired("Sent", "Tagged"))]
    pub struct Parcel {}

    impl Apply<Weighed> for Parcel {
        fn apply(&mut self, _: Weighed, _: &Context) {}
    }
    impl Apply<Opened> for Parcel {
        fn apply(&mut self, _: Opened, _: &Context) {}
    }
    impl Apply<Left> for Parcel {
        fn apply(&mut self, _: Left, _: &Context) {}
    }
    impl Apply<Arrived> for Parcel {
        fn apply(&mut self, _: Arrived, _: &Context) {}
    }
}

/// An equal map each time, in a random order.
fn tags() -> before::Tagged {
    before::Tagged { tags: (0..12).map(|number| (format!("tag-{number}"), f64::from(number))).collect() }
}

async fn an_equal_map_is_the_same_command(store: impl Store + Clone) {
    let parcels = Repository::<before::Parcel>::new(&store);
    let first = parcels.create("p", tags()).once("tag").await.unwrap();
    assert_eq!(first.outcome, Outcome::Appended);
    for time in 0..5 {
        let again = parcels.create("p", tags()).once("tag").await;
        let again = again.unwrap_or_else(|error| panic!("time {time}: {error}"));
        assert_eq!((again.outcome, again.version.get()), (Outcome::AlreadyAppended, 1));
        assert_eq!(again.events[0].id, first.events[0].id);
        let event = NewEvent::encode(&before::ParcelEvent::from(tags()), Metadata::new()).unwrap();
        let append = Append::new(StreamId::of::<before::Parcel>("p").unwrap(), ExpectedVersion::NONE, vec![event]);
        let append = append.with_id(AppendId::new("tag").unwrap());
        let again = store.append(append).await.unwrap_or_else(|error| panic!("time {time}: {error}"));
        assert!(matches!(again, Appended::Already(_)), "{again:?}");
    }
}

async fn a_retry_after_a_deployment_is_the_same_command(store: impl Store + Clone) {
    let old = Repository::<before::Parcel>::new(&store);
    let new = Repository::<after::Parcel>::new(&store);
    let metadata = Metadata::new;

    old.create("weighed", before::Weighed { grams: 5 }).once("k").metadata(metadata()).await.unwrap();
    let weighed = after::Weighed { grams: 5.0, scale: "s".into() };
    let raised = new.create("weighed", weighed).once("k").metadata(metadata()).await.unwrap();
    assert_eq!(raised.outcome, Outcome::AlreadyAppended);

    old.create("renamed", before::Unlocked).once("k").metadata(metadata()).await.unwrap();
    let renamed = new.create("renamed", after::Opened).once("k").metadata(metadata()).await.unwrap();
    assert_eq!(renamed.outcome, Outcome::AlreadyAppended);
    // The newer program records one more event for the same command, or one less.
    let more = new.create("renamed", (after::Left, after::Opened)).once("k").metadata(metadata()).await.unwrap();
    assert_eq!((more.outcome, more.version.get()), (Outcome::AlreadyAppended, 1));
    old.create("fewer", (before::Sent, before::Unlocked)).once("k").metadata(metadata()).await.unwrap();
    let fewer = new.create("fewer", after::Opened).once("k").metadata(metadata()).await.unwrap();
    assert_eq!((fewer.outcome, fewer.version.get()), (Outcome::AlreadyAppended, 2));

    old.create("split", before::Moved).once("k").metadata(metadata()).await.unwrap();
    for event in [after::ParcelEvent::from(after::Left), after::Arrived.into()] {
        let split = new.create("split", event).once("k").metadata(metadata()).await.unwrap();
        assert_eq!((split.outcome, split.version.get(), split.events.len()), (Outcome::AlreadyAppended, 1, 2));
    }

    old.create("retired", before::Sent).once("k").metadata(metadata()).await.unwrap();
    let retired = new.create("retired", after::Arrived).once("k").metadata(metadata()).await.unwrap();
    assert_eq!((retired.outcome, retired.version.get()), (Outcome::AlreadyAppended, 1));
}

async fn another_command_is_an_error(store: impl Store + Clone) {
    let parcels = Repository::<before::Parcel>::new(&store);
    parcels.create("p", before::Weighed { grams: 5 }).once("k").await.unwrap();
    let created = parcels.create("p", before::Moved).once("k").await;
    let Err(CreateError::Store(StoreError::AppendIdReused { version, append_id, .. })) = created else {
        panic!("{created:?}");
    };
    assert_eq!((version.get(), &*append_id), (1, "k"));
    let updated = parcels.update("p", |_| before::Moved).once("k").await;
    assert!(matches!(updated, Err(UpdateError::Store(StoreError::AppendIdReused { .. }))), "{updated:?}");
    // The type of the decision decides, whatever the decision returns now.
    let refuse = |_: &_| -> Result<Option<(before::Moved, Vec<before::Weighed>)>, String> { Err("moved".into()) };
    let same = parcels.update("p", refuse).once("k").await.unwrap();
    assert_eq!(same.outcome, Outcome::AlreadyAppended);
    let nothing = |_: &_| Ok::<Vec<before::ParcelEvent>, String>(Vec::new());
    assert_eq!(parcels.update("p", nothing).once("k").await.unwrap().outcome, Outcome::AlreadyAppended);

    let event = NewEvent::encode(&before::ParcelEvent::from(before::Sent), Metadata::new()).unwrap();
    let append = Append::new(StreamId::of::<before::Parcel>("p").unwrap(), ExpectedVersion::NONE, vec![event]);
    let answer = store.append(append.with_id(AppendId::new("k").unwrap())).await;
    assert!(matches!(answer, Err(StoreError::AppendIdReused { .. })), "{answer:?}");
    assert_eq!(store.head(&StreamId::of::<before::Parcel>("p").unwrap()).await.unwrap().version(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_sent_again_with_an_equal_map_is_answered_every_time() {
    an_equal_map_is_the_same_command(MemoryStore::new()).await;
    an_equal_map_is_the_same_command(empty_store().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_sent_again_by_a_newer_program_is_answered() {
    a_retry_after_a_deployment_is_the_same_command(MemoryStore::new()).await;
    a_retry_after_a_deployment_is_the_same_command(empty_store().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_used_for_a_different_command_is_an_error() {
    another_command_is_an_error(MemoryStore::new()).await;
    another_command_is_an_error(empty_store().await).await;
}

#[event(version = 1)]
struct Begun;

#[derive(Aggregate)]
#[aggregate(init(Begun))]
struct Later;

impl Init<Begun> for Later {
    fn init(_: Begun, _: &Context) -> Self {
        Self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_an_archived_append_is_answered_as_before() {
    let store = empty_store().await;
    let parcels = Repository::<before::Parcel>::new(&store);
    parcels.create("p", tags()).once("k").await.unwrap();
    parcels.update("p", |_| before::Moved).once("moved").await.unwrap();
    // The newest event of a store is never archived, so a different aggregate needs one.
    Repository::<Later>::new(&store).create("later", Begun).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    parcels.take_snapshot("p").await.unwrap();
    let report = store.archive::<before::Parcel>(es_core::Timestamp::now()).run().await.unwrap();
    assert_eq!(report.moved, 2, "{report:?}");

    let again = parcels.create("p", tags()).once("k").await.unwrap();
    assert_eq!((again.outcome, again.version.get()), (Outcome::AlreadyAppended, 1));
    let other = parcels.create("p", before::Sent).once("k").await;
    assert!(matches!(other, Err(CreateError::Store(StoreError::AppendIdReused { .. }))), "{other:?}");
    let new = Repository::<after::Parcel>::new(&store);
    let split = new.update("p", |_| after::Left).once("moved").await.unwrap();
    assert_eq!((split.outcome, split.version.get(), split.events.len()), (Outcome::AlreadyAppended, 2, 2));
}
