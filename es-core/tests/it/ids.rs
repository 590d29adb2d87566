//! Typed ids: what identifies an aggregate, what is stored, and what is refused.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use es_core::error::InvalidId;
use es_core::memory::MemoryStore;
use es_core::repository::{Events, ImportedEvent};
use es_core::store::{Append, ExpectedVersion, NewEvent, Replay};
use es_core::testing::{context_with_id, given, given_with_id};
use es_core::{
    Aggregate, AggregateId, Apply, Context, CreateError, EventId, Id, IdFor, Init, LoadError, Metadata, Outcome,
    Repository, Sequence, StoreError, StreamId, Timestamp, UpdateError, Version, event,
};
use futures_util::TryStreamExt;

/// A value whose text may be written with upper-case digits, as that of a UUID.
#[derive(Id, Debug, Clone, Copy, PartialEq)]
#[id(display)]
struct CartId(u32);

impl fmt::Display for CartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for CartId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u32::from_str_radix(text, 16).map(Self)
    }
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct Opened {
    customer: String,
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
struct Filled {
    pieces: u32,
}

#[derive(Aggregate, Debug, Clone, PartialEq)]
#[aggregate(init(Opened), events(Filled), id = CartId, snapshot(every = 2))]
struct Cart {
    /// The parity of the id, from the context of the first event.
    is_even: bool,
    /// The id, from the context of the last event.
    last_seen: u32,
    pieces: u32,
}

impl Init<Opened> for Cart {
    fn init(_: Opened, context: &Context) -> Self {
        let CartId(number) = context.id::<Self>();
        Self { is_even: number % 2 == 0, last_seen: number, pieces: 0 }
    }
}

impl Apply<Filled> for Cart {
    fn apply(&mut self, event: Filled, context: &Context) {
        self.last_seen = context.id::<Self>().0;
        self.pieces += event.pieces;
    }
}

/// An aggregate that declares no id type.
#[derive(Aggregate, Debug, Default, Clone, PartialEq)]
#[aggregate(events(Filled))]
struct Untyped {
    pieces: u32,
}

impl Apply<Filled> for Untyped {
    fn apply(&mut self, event: Filled, _: &Context) {
        self.pieces += event.pieces;
    }
}

fn opened() -> Opened {
    Opened { customer: "c".to_owned() }
}

fn filled() -> Filled {
    Filled { pieces: 3 }
}

#[tokio::test]
async fn every_function_takes_the_typed_id_and_its_text() {
    let carts = Repository::<Cart>::new(&MemoryStore::new());
    let (id, by_reference) = (CartId(0xAB), &CartId(0xAB));
    let created = carts.create(id, opened()).by("u").await.unwrap();
    assert_eq!(created.id, "000000ab");
    assert_eq!(created.id.parse::<CartId>(), Ok(id));
    carts.update(by_reference, |_| filled()).await.unwrap();
    carts.upsert(id, |cart| cart.map(|_| filled())).await.unwrap();

    let cart = carts.load(id).await.unwrap();
    assert_eq!((cart.typed_id(), cart.version.get(), cart.pieces), (id, 3, 6));
    assert_eq!((cart.is_even, cart.last_seen), (false, 0xAB));
    // Every text of the same value is the same aggregate.
    for text in ["ab", "AB", "000000AB"] {
        assert_eq!(carts.load(text).await.unwrap(), cart, "{text}");
    }
    let texts: (String, Box<str>, Arc<str>, Cow<'_, str>) = ("ab".into(), "ab".into(), "ab".into(), "ab".into());
    assert_eq!(carts.load(texts.0).await.unwrap(), cart);
    assert_eq!(carts.load(texts.1).await.unwrap(), cart);
    assert_eq!(carts.load(texts.2).await.unwrap(), cart);
    assert_eq!(carts.load(texts.3).await.unwrap(), cart);
    assert_eq!(carts.load(&cart.id).await.unwrap(), cart);
    assert_eq!(carts.load(cart.id.clone()).await.unwrap(), cart);

    assert_eq!(carts.load_at(id, 1).await.unwrap().pieces, 0);
    assert_eq!(carts.load_as_of(id, Timestamp::now()).await.unwrap(), cart);
    assert_eq!(carts.load_ignoring_snapshots_above(id, 0).await.unwrap(), cart);
    assert!(carts.exists(id).await.unwrap() && carts.exists("AB").await.unwrap());
    assert!(!carts.exists(CartId(1)).await.unwrap());
    assert_eq!(carts.take_snapshot(id).await.unwrap(), 3);
    assert_eq!(carts.load(id).await.unwrap(), cart);
    let history: Events<CartEvent> = carts.history(id).unwrap();
    let events: Vec<_> = history.try_collect().await.unwrap();
    assert_eq!((events.len(), events[0].aggregate_id.as_str()), (3, "000000ab"));
    assert_eq!(StreamId::of::<Cart>(id), StreamId::new("Cart", "000000ab"));
}

#[tokio::test]
async fn a_key_and_an_import_find_the_aggregate_by_any_text_of_its_id() {
    let carts = Repository::<Cart>::new(&MemoryStore::new());
    carts.create("AB", opened()).once("k").await.unwrap();
    let again = carts.create(CartId(0xAB), opened()).once("k").await.unwrap();
    assert_eq!(again.outcome, Outcome::AlreadyAppended);
    let exists = carts.create("ab", opened()).await.unwrap_err();
    assert!(matches!(exists, CreateError::AlreadyExists { .. }), "{exists}");

    let time = Timestamp::now();
    let past = || vec![ImportedEvent::new(opened(), time, Metadata::new())];
    carts.import(CartId(0xCD), past()).await.unwrap();
    assert_eq!(carts.import("CD", past()).await.unwrap().outcome, Outcome::AlreadyAppended);
}

#[tokio::test]
async fn a_text_that_is_not_an_id_of_the_type_is_refused_before_the_store_is_asked() {
    let carts = Repository::<Cart>::new(&MemoryStore::new());
    let expected = "`x y` is not an id of the type `CartId`: invalid digit found in string";
    let refused = |error: StoreError| {
        assert!(
            matches!(&error, StoreError::InvalidId(InvalidId::Malformed { id, id_type: "CartId", .. }) if id == "x y")
        );
        assert!(error.is_invalid_input());
        assert_eq!(error.to_string(), expected);
    };
    let CreateError::Store(error) = carts.create("x y", opened()).await.unwrap_err() else { panic!() };
    refused(error);
    let UpdateError::Store(error) = carts.update("x y", |_| filled()).await.unwrap_err() else { panic!() };
    refused(error);
    let UpdateError::Store(error) = carts.upsert("x y", |_| opened()).await.unwrap_err() else { panic!() };
    refused(error);
    let LoadError::Store(error) = carts.load("x y").await.unwrap_err() else { panic!() };
    refused(error);
    let LoadError::Store(error) = carts.load_at("x y", 1).await.unwrap_err() else { panic!() };
    refused(error);
    refused(carts.exists("x y").await.unwrap_err());
    refused(carts.history("x y").unwrap_err());
    refused(StreamId::of::<Cart>("x y").unwrap_err().into());
    assert_eq!(carts.import("x y", Vec::new()).await.unwrap_err().to_string(), expected);
}

/// An id that writes what it does not read.
#[derive(Id, Debug)]
#[id(display)]
struct Pretty(u32);

impl fmt::Display for Pretty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {}", self.0)
    }
}

impl FromStr for Pretty {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[derive(Id, Debug)]
struct Panicking(Inner);

#[derive(Debug)]
struct Inner;

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("inner")
    }
}

impl FromStr for Inner {
    type Err = String;

    fn from_str(_: &str) -> Result<Self, String> {
        panic!("cannot read")
    }
}

#[derive(Id)]
struct Text(String);

#[test]
fn an_id_that_could_not_be_read_back_is_refused() {
    let error = Pretty(7).to_aggregate_id().unwrap_err();
    assert_eq!(error.to_string(), "`number 7` is not an id of the type `Pretty`: invalid digit found in string");
    // Its text would be stored as `number 7`, and never be read.
    assert!(Pretty::canonical("7").is_err());
    let error = Panicking(Inner).to_aggregate_id().unwrap_err();
    assert_eq!(error.to_string(), "`inner` is not an id of the type `Panicking`: the code panicked: cannot read");
    assert_eq!(Text(String::new()).to_aggregate_id(), Err(InvalidId::Empty));
    assert_eq!(Text("x".repeat(513)).to_aggregate_id(), Err(InvalidId::TooLong { bytes: 513 }));
}

#[tokio::test]
async fn what_was_stored_before_the_id_type_was_declared_is_read_if_its_text_is_canonical() {
    let store = MemoryStore::new();
    let cart = |id: &str| {
        let event = NewEvent::encode(&CartEvent::from(opened()), Metadata::new()).unwrap();
        Append::new(StreamId::new("Cart", id).unwrap(), ExpectedVersion::NONE, vec![event])
    };
    for id in ["000000ab", "CD", "alice"] {
        es_core::store::EventStore::append(&store, cart(id)).await.unwrap();
    }
    let carts = Repository::<Cart>::new(&store);
    assert_eq!(carts.load(CartId(0xAB)).await.unwrap().last_seen, 0xAB);
    assert!(matches!(carts.load("CD").await, Err(LoadError::NotFound { .. })));
    // Whatever reads such a stream by its stored name gets an error and not an aggregate.
    for (id, reason) in [
        ("CD", "`CD` is not the canonical text of an id of the type `CartId`, which is `000000cd`"),
        ("alice", "`alice` is not an id of the type `CartId`: invalid digit found in string"),
    ] {
        let mut replay = Replay::<Cart>::new(StreamId::new("Cart", id).unwrap());
        let error = replay.read(&store, Version::MAX).await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidId(_)), "{error:?}");
        assert_eq!(error.to_string(), reason);
        assert!(replay.into_loaded().is_none());
    }
}

#[tokio::test]
async fn an_aggregate_without_an_id_type_takes_every_text_and_every_id() {
    let untyped = Repository::<Untyped>::new(&MemoryStore::new());
    untyped.create(CartId(7), filled()).await.unwrap();
    untyped.create(7_u64, filled()).await.unwrap();
    untyped.create(8, filled()).await.unwrap();
    untyped.create("any text", filled()).await.unwrap();
    for id in ["00000007", "7", "8", "any text"] {
        let loaded = untyped.load(id).await.unwrap();
        assert_eq!((loaded.id.as_str(), loaded.typed_id()), (id, AggregateId::new(id).unwrap()));
    }
}

#[test]
fn integers_and_uuids_have_one_text() {
    fn text<D: Id>(id: impl IdFor<D>) -> String {
        id.to_stored().unwrap().to_string()
    }
    assert_eq!(text::<u64>("007"), "7");
    assert_eq!(text::<u64>(7), "7");
    assert_eq!(text::<i8>("-3"), "-3");
    assert_eq!(text::<u128>(u128::MAX), u128::MAX.to_string());
    assert!(IdFor::<u8>::to_stored("256").is_err());
    assert!(IdFor::<std::num::NonZeroU32>::to_stored("0").is_err());
    #[cfg(feature = "uuid")]
    {
        let canonical = "550e8400-e29b-41d4-a716-446655440000";
        assert_eq!(text::<uuid::Uuid>("550E8400E29B41D4A716446655440000"), canonical);
        assert!(IdFor::<uuid::Uuid>::to_stored("550E8400").is_err());
    }
}

#[test]
fn the_test_kit_gives_an_id_of_the_type_or_the_one_of_the_test() {
    given::<Cart>(opened()).then_state(|cart| assert_eq!(cart.last_seen, 1));
    given_with_id::<Cart>(CartId(7), (opened(), filled())).then_state(|cart| assert_eq!(cart.last_seen, 7));
    given_with_id::<Cart>("A", opened()).when(|cart| Filled { pieces: cart.typed_id().0 }).then(Filled { pieces: 10 });
    given::<Untyped>(filled()).when(|untyped| assert_eq!(untyped.id, "test")).then_nothing();
    assert!(<Cart as Init<Opened>>::init(opened(), &context_with_id("00000008")).is_even);
    assert!(<Cart as Init<Opened>>::init(opened(), &context_with_id(CartId(8))).is_even);
}

#[test]
fn the_context_of_a_different_aggregate_has_no_id_of_this_one() {
    let id = AggregateId::new("alice").unwrap();
    let context = Context::new(EventId::new(), id, Sequence::FIRST, Timestamp::now(), Metadata::new());
    let panicked = std::panic::catch_unwind(|| context.id::<Cart>()).unwrap_err();
    let message = panicked.downcast_ref::<String>().unwrap();
    assert_eq!(
        message,
        "the context has no id of a Cart: `alice` is not an id of the type `CartId`: invalid digit found in string"
    );
}

#[tokio::test]
async fn a_version_may_be_any_number_and_is_checked_when_the_action_is_awaited() {
    let carts = Repository::<Cart>::new(&MemoryStore::new());
    carts.create(CartId(1), opened()).await.unwrap();
    carts.update(CartId(1), |_| filled()).expecting(1).await.unwrap();
    carts.update(CartId(1), |_| filled()).expecting(2_u64).await.unwrap();
    carts.update(CartId(1), |_| filled()).expecting(3_u32).await.unwrap();
    carts.update(CartId(1), |_| filled()).expecting(4_i64).await.unwrap();
    carts.update(CartId(1), |_| filled()).expecting(Version::from(5)).await.unwrap();
    let conflict = carts.update(CartId(1), |_| filled()).expecting(5_u64).await.unwrap_err();
    assert!(conflict.is_conflict(), "{conflict}");
    for error in [
        carts.update(CartId(1), |_| filled()).expecting(u64::MAX).await.unwrap_err().to_string(),
        carts.load_at(CartId(1), u64::MAX).await.unwrap_err().to_string(),
        carts.load_ignoring_snapshots_above(CartId(1), u64::MAX).await.unwrap_err().to_string(),
    ] {
        assert!(error.starts_with("`18446744073709551615` is not a version"), "{error}");
    }
    let negative = carts.update(CartId(1), |_| filled()).expecting(-1).await.unwrap_err();
    assert!(matches!(negative, UpdateError::Store(StoreError::InvalidVersion(_))), "{negative}");
    assert!(negative.is_invalid_input());
    assert_eq!(carts.load(CartId(1)).await.unwrap().version, 6);
}
