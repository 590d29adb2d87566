//! Old events that are read as one of several events, as none, or as a list, and conversions that
//! can fail.

use es_core::error::{DecodeError, ErrorChain};
use es_core::memory::MemoryStore;
use es_core::store::{Append, Decoded, EventData, EventSet, EventSources, EventStore, ExpectedVersion, NewEvent};
use es_core::{
    Aggregate, Apply, Context, Event, Init, LoadError, Metadata, Repository, StoreError, StreamId, UpdateError,
    Version, event,
};

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct Ordered {
    pub item: String,
}

#[event(version = 1)]
#[derive(Debug, Clone, PartialEq)]
pub struct Approved {
    pub by: String,
}

#[event(version = 1, alias = "Declined")]
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    pub reason: String,
}

/// It was one event with a status. Now it is one of two, and some values never meant anything.
#[event(version = 1, split(Option<OrderEvent>))]
#[derive(Debug)]
pub struct StatusChanged {
    pub status: String,
    pub text: String,
}

impl From<StatusChanged> for Option<OrderEvent> {
    fn from(old: StatusChanged) -> Self {
        match old.status.as_str() {
            "approved" => Some(Approved { by: old.text }.into()),
            "rejected" => Some(Rejected { reason: old.text }.into()),
            _ => None,
        }
    }
}

/// The number of parts depends on the data.
#[event(version = 1, split(Vec<Approved>))]
#[derive(Debug)]
pub struct ApprovedByAll {
    pub names: Vec<String>,
}

impl From<ApprovedByAll> for Vec<Approved> {
    fn from(old: ApprovedByAll) -> Self {
        old.names.into_iter().map(|by| Approved { by }).collect()
    }
}

/// A single part under a different name.
#[event(version = 1, split(Rejected))]
#[derive(Debug)]
pub struct Cancelled;

impl From<Cancelled> for Rejected {
    fn from(_: Cancelled) -> Self {
        Rejected { reason: "cancelled".into() }
    }
}

/// One part always, the other one sometimes.
#[event(version = 2, from = ReviewedV1, split(Approved, Option<Rejected>))]
#[derive(Debug)]
pub struct Reviewed {
    pub by: String,
    pub reason: Option<String>,
}

#[event(version = 1, name = "Reviewed")]
#[derive(Debug)]
pub struct ReviewedV1 {
    pub grade: i64,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no grade {0}")]
pub struct NoGrade(i64);

impl TryFrom<ReviewedV1> for Reviewed {
    type Error = NoGrade;

    fn try_from(old: ReviewedV1) -> Result<Self, NoGrade> {
        match old.grade {
            1 => Ok(Self { by: "grade".into(), reason: None }),
            other => Err(NoGrade(other)),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("nobody reviewed it")]
pub struct ByNobody;

impl TryFrom<Reviewed> for (Approved, Option<Rejected>) {
    type Error = ByNobody;

    fn try_from(old: Reviewed) -> Result<Self, ByNobody> {
        if old.by.is_empty() {
            return Err(ByNobody);
        }
        Ok((Approved { by: old.by }, old.reason.map(|reason| Rejected { reason })))
    }
}

/// A conversion whose error is a text.
#[event(version = 2, from = PricedV1)]
#[derive(Debug, PartialEq)]
pub struct Priced {
    pub cents: u32,
}

#[event(version = 1, name = "Priced")]
pub struct PricedV1 {
    pub cents: i64,
}

impl TryFrom<PricedV1> for Priced {
    type Error = String;

    fn try_from(old: PricedV1) -> Result<Self, String> {
        let cents = u32::try_from(old.cents).map_err(|_| format!("{} cents are not a price", old.cents))?;
        Ok(Self { cents })
    }
}

#[derive(Aggregate, Debug, PartialEq)]
#[aggregate(
    init(Ordered),
    events(Approved, Rejected, Priced),
    split(StatusChanged, ApprovedByAll, Cancelled, Reviewed)
)]
pub struct Order {
    facts: Vec<String>,
}

impl Init<Ordered> for Order {
    fn init(event: Ordered, _: &Context) -> Self {
        Self { facts: vec![event.item] }
    }
}

impl Apply<Approved> for Order {
    fn apply(&mut self, event: Approved, _: &Context) {
        self.facts.push(format!("approved by {}", event.by));
    }
}

impl Apply<Rejected> for Order {
    fn apply(&mut self, event: Rejected, _: &Context) {
        self.facts.push(format!("rejected: {}", event.reason));
    }
}

impl Apply<Priced> for Order {
    fn apply(&mut self, event: Priced, _: &Context) {
        self.facts.push(format!("{} cents", event.cents));
    }
}

fn stored<E: Event>(event: &E) -> NewEvent {
    NewEvent::from_data(E::TYPE, E::VERSION, EventData::encode(E::TYPE, event).unwrap(), Metadata::new()).unwrap()
}

async fn store_with(events: Vec<NewEvent>) -> (MemoryStore, Repository<Order>) {
    let store = MemoryStore::new();
    let stream = StreamId::of::<Order>("o").unwrap();
    store.append(Append::new(stream, ExpectedVersion::exactly(Version::NONE), events)).await.unwrap();
    let orders = Repository::new(&store);
    (store, orders)
}

fn status(status: &str, text: &str) -> NewEvent {
    stored(&StatusChanged { status: status.into(), text: text.into() })
}

#[tokio::test]
async fn an_old_event_is_one_of_several_none_or_a_list() {
    let (store, orders) = store_with(vec![
        stored(&Ordered { item: "book".into() }),
        status("approved", "ann"),
        status("unknown", ""),
        status("rejected", "late"),
        stored(&ApprovedByAll { names: vec!["bob".into(), "eve".into()] }),
        stored(&ApprovedByAll { names: Vec::new() }),
        stored(&Cancelled),
        stored(&Reviewed { by: "jo".into(), reason: Some("old".into()) }),
        stored(&Reviewed { by: "jo".into(), reason: None }),
        stored(&ReviewedV1 { grade: 1 }),
        stored(&PricedV1 { cents: 7 }),
    ])
    .await;
    let order = orders.load("o").await.unwrap();
    assert_eq!(order.version, Version::from(11));
    let expected = [
        "book",
        "approved by ann",
        "rejected: late",
        "approved by bob",
        "approved by eve",
        "rejected: cancelled",
        "approved by jo",
        "rejected: old",
        "approved by jo",
        "approved by grade",
        "7 cents",
    ];
    assert_eq!(order.facts, expected);
    let history = orders.history("o").unwrap().collect().await.unwrap();
    assert_eq!(history.len(), 11, "an event that is read as none is not returned");
    assert_eq!(history[2].sequence.get(), 4);
    let rejected = store.events().of::<Rejected>().read_as::<Order>().collect().await.unwrap();
    assert_eq!(rejected.iter().map(|event| event.sequence.get()).collect::<Vec<_>>(), [4, 7, 8]);
    let committed = orders.update("o", |_| Approved { by: "max".into() }).await.unwrap();
    assert_eq!(committed.version, Version::from(12));
}

#[tokio::test]
async fn a_first_event_that_is_read_as_none_counts_in_the_stream_and_begins_nothing() {
    let (_, orders) = store_with(vec![status("unknown", "")]).await;
    assert!(matches!(orders.load("o").await, Err(LoadError::NotFound { .. })));
    let refused = orders.update("o", |_| Approved { by: "ann".into() }).await;
    assert!(matches!(refused, Err(UpdateError::NotFound { .. })));
    let created = orders.create("o", Ordered { item: "book".into() }).await.unwrap();
    assert_eq!(created.version, Version::from(2));
    assert_eq!(orders.load("o").await.unwrap().facts, ["book"]);
}

/// The error names the aggregate, the sequence and the type, and its source is the user's error.
#[track_caller]
fn assert_upcast(error: &StoreError, event_type: &str, upcast_version: u32, reason: &str) {
    assert!(error.to_string().contains(event_type), "{error}");
    let StoreError::Decode { sequence, source: DecodeError::Upcast { version, .. }, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!((sequence.get(), *version), (2, upcast_version));
    assert!(ErrorChain::new(error).to_string().ends_with(reason), "{}", ErrorChain::new(error));
}

#[tokio::test]
async fn a_conversion_that_fails_is_an_error_that_names_the_event() {
    for (event, event_type, version, reason) in [
        (stored(&PricedV1 { cents: -1 }), "Priced", 1, "-1 cents are not a price"),
        (stored(&ReviewedV1 { grade: 5 }), "Reviewed", 1, "there is no grade 5"),
        (stored(&Reviewed { by: String::new(), reason: None }), "Reviewed", 2, "nobody reviewed it"),
    ] {
        let (store, orders) = store_with(vec![stored(&Ordered { item: "book".into() }), event]).await;
        let Err(LoadError::Store(error)) = orders.load("o").await else { panic!("loaded") };
        assert_upcast(&error, event_type, version, reason);
        let Err(UpdateError::Store(error)) = orders.update("o", |_| Approved { by: "ann".into() }).await else {
            panic!("updated")
        };
        assert_upcast(&error, event_type, version, reason);
        assert_upcast(&orders.history("o").unwrap().collect().await.unwrap_err(), event_type, version, reason);
        assert_upcast(&store.events().read_as::<Order>().collect().await.unwrap_err(), event_type, version, reason);
        assert_eq!(orders.load_at("o", 1).await.unwrap().facts, ["book"]);
    }
}

#[test]
fn the_possible_parts_of_a_split_are_known() {
    let sources = EventSources::of::<OrderEvent>();
    assert_eq!(sources.parts("StatusChanged").unwrap(), ["Ordered", "Approved", "Rejected", "Priced"]);
    assert_eq!(sources.parts("ApprovedByAll").unwrap(), ["Approved"]);
    assert_eq!(sources.parts("Reviewed").unwrap(), ["Approved", "Rejected"]);
    assert_eq!(sources.stored_names("Ordered").unwrap(), ["Ordered", "StatusChanged"]);
    let expected = ["Rejected", "Declined", "StatusChanged", "Cancelled", "Reviewed"];
    assert_eq!(sources.stored_names("Rejected").unwrap(), expected);
}

#[test]
fn nothing_is_decoded_as_an_empty_list() {
    let data = EventData::encode("StatusChanged", &StatusChanged { status: "x".into(), text: String::new() }).unwrap();
    let decoded = OrderEvent::decode("StatusChanged", 1, &data).unwrap();
    assert!(decoded.is_empty());
    assert!(matches!(decoded, Decoded::Many(events) if events.is_empty()));
}
