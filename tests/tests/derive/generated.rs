//! The behaviour of the generated code at run time.
#![allow(clippy::struct_field_names, reason = "the names are what is tested: they are stored in camelCase")]

use es_core::error::{DecodeError, FoldError};
use es_core::repository::IntoEvents;
use es_core::store::{Decoded, EventData, EventSet, State, StateRef};
use es_core::{
    Aggregate, AggregateId, Apply, Context, Event, EventId, Init, Metadata, Sequence, SnapshotPolicy, Timestamp, event,
};
use serde::{Deserialize, Serialize};

fn context() -> Context {
    let id = AggregateId::new("invoice_123").unwrap();
    Context::new(EventId::new(), id, Sequence::FIRST, Timestamp::now(), Metadata::new())
}

fn encode<E: Event>(event: &E) -> EventData {
    EventData::encode(E::TYPE, event).unwrap()
}

fn keys(data: &EventData) -> Vec<String> {
    data.as_raw().iter().map(|entry| entry.unwrap().0.to_string()).collect()
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct Money {
    cents: i64,
}

#[event(version = 3, from = InvoicePaidV2, alias = "BillPaid", alias = "BillSettled")]
#[derive(Debug, PartialEq)]
pub struct InvoicePaid {
    pub payment_id: String,
    pub method: String,
    pub amount: Money,
}

#[event(version = 2, name = "InvoicePaid", from = InvoicePaidV1)]
pub struct InvoicePaidV2 {
    pub payment_id: String,
    pub amount: Money,
}

#[event(version = 1, name = "InvoicePaid")]
pub struct InvoicePaidV1 {
    pub payment_id: String,
    pub cents: i64,
}

impl From<InvoicePaidV1> for InvoicePaidV2 {
    fn from(old: InvoicePaidV1) -> Self {
        Self { payment_id: old.payment_id, amount: Money { cents: old.cents } }
    }
}

impl From<InvoicePaidV2> for InvoicePaid {
    fn from(old: InvoicePaidV2) -> Self {
        Self { payment_id: old.payment_id, method: "unknown".into(), amount: old.amount }
    }
}

#[event(version = 1)]
pub struct InvoiceCreated {
    pub invoice_number: String,
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
pub struct InvoiceLocked;

#[event(version = 1)]
#[derive(Debug, PartialEq)]
pub struct Renumbered(pub String, #[serde(default)] pub u32);

#[event(version = 1)]
#[derive(Debug, PartialEq)]
pub enum Disputed {
    Silently,
    WithReason { stated_reason: String },
    ByMany(u32, u32),
    By(String),
}

#[event(version = 1, split(InvoicePaid, InvoiceLocked))]
pub struct PaidAndLocked {
    pub payment_id: String,
}

impl From<PaidAndLocked> for (InvoicePaid, InvoiceLocked) {
    fn from(old: PaidAndLocked) -> Self {
        let paid = InvoicePaid { payment_id: old.payment_id, method: "split".into(), amount: Money { cents: 0 } };
        (paid, InvoiceLocked)
    }
}

#[derive(Aggregate, Debug, PartialEq)]
#[aggregate(
    init(InvoiceCreated),
    events(InvoicePaid, InvoiceLocked, Renumbered, Disputed),
    split(PaidAndLocked),
    retired("ReminderSent", "ReminderOpened"),
    snapshot(every = 100, version = 7)
)]
pub struct Invoice {
    invoice_number: String,
    #[serde(rename = "sum")]
    amount: Option<Money>,
    #[serde(skip)]
    cache: u32,
}

impl Init<InvoiceCreated> for Invoice {
    fn init(event: InvoiceCreated, _: &Context) -> Self {
        Self { invoice_number: event.invoice_number, amount: None, cache: 3 }
    }
}
impl Apply<InvoicePaid> for Invoice {
    fn apply(&mut self, event: InvoicePaid, _: &Context) {
        self.amount = Some(event.amount);
    }
}
impl Apply<InvoiceLocked> for Invoice {
    fn apply(&mut self, _: InvoiceLocked, _: &Context) {}
}
impl Apply<Renumbered> for Invoice {
    fn apply(&mut self, event: Renumbered, _: &Context) {
        self.invoice_number = event.0;
    }
}
impl Apply<Disputed> for Invoice {
    fn apply(&mut self, _: Disputed, _: &Context) {}
}

fn paid() -> InvoicePaid {
    InvoicePaid { payment_id: "p".into(), method: "card".into(), amount: Money { cents: 5 } }
}

#[test]
fn fields_are_stored_in_camel_case() {
    assert_eq!(keys(&encode(&paid())), ["paymentId", "method", "amount"]);
}

#[test]
fn every_older_version_is_read_through_the_versions_in_between() {
    let stored = encode(&InvoicePaidV1 { payment_id: "p".into(), cents: 5 });
    let read = InvoicePaid::decode(1, &stored).unwrap();
    assert_eq!(read, InvoicePaid { payment_id: "p".into(), method: "unknown".into(), amount: Money { cents: 5 } });
    let stored = encode(&InvoicePaidV2 { payment_id: "p".into(), amount: Money { cents: 6 } });
    assert_eq!(InvoicePaid::decode(2, &stored).unwrap().amount.cents, 6);
}

#[test]
fn a_version_that_cannot_be_read_is_an_error_with_a_reason() {
    let stored = encode(&paid());
    let error = InvoicePaid::decode(4, &stored).unwrap_err();
    assert!(matches!(error, DecodeError::NewerVersion { stored: 4, known: 3 }));
    let error = InvoicePaid::decode(0, &stored).unwrap_err();
    assert!(matches!(error, DecodeError::UnknownVersion { stored: 0 }));
    let error = InvoicePaid::decode(1, &stored).unwrap_err();
    assert!(matches!(error, DecodeError::Data { version: 1, .. }));
}

#[test]
fn the_set_reads_by_name_alias_and_retired_name() {
    let stored = encode(&paid());
    for name in ["InvoicePaid", "BillPaid", "BillSettled"] {
        let Decoded::One(InvoiceEvent::InvoicePaid(read)) = InvoiceEvent::decode(name, 3, &stored).unwrap() else {
            panic!("{name} is read as a different event")
        };
        assert_eq!(read, paid());
    }
    assert!(matches!(InvoiceEvent::decode("ReminderOpened", 9, &stored).unwrap(), Decoded::Retired));
    assert!(matches!(InvoiceEvent::decode("InvoicePaidV1", 1, &stored).unwrap_err(), DecodeError::UnknownType));
}

#[test]
fn a_split_event_is_read_as_its_parts() {
    let stored = encode(&PaidAndLocked { payment_id: "p".into() });
    let Decoded::Many(parts) = InvoiceEvent::decode("PaidAndLocked", 1, &stored).unwrap() else { panic!("not split") };
    let [InvoiceEvent::InvoicePaid(paid), InvoiceEvent::InvoiceLocked(_)] = &parts[..] else {
        panic!("unexpected parts: {parts:?}")
    };
    assert_eq!(paid.method, "split");
}

#[test]
fn the_set_describes_its_events_and_writes_their_data() {
    let names: Vec<_> = InvoiceEvent::EVENTS.iter().map(|info| info.event_type).collect();
    assert_eq!(names, ["InvoiceCreated", "InvoicePaid", "InvoiceLocked", "Renumbered", "Disputed"]);
    let event = InvoiceEvent::from(paid());
    assert_eq!((event.event_type(), event.event_version()), ("InvoicePaid", 3));
    assert_eq!(EventData::encode("InvoicePaid", &event).unwrap(), encode(&paid()));
    assert_eq!(format!("{event:?}"), format!("{:?}", paid()));
}

#[test]
fn every_shape_is_stored_as_a_document() {
    assert_eq!(keys(&encode(&InvoiceLocked)), [""; 0]);
    assert_eq!(InvoiceLocked::decode(1, &encode(&InvoiceLocked)).unwrap(), InvoiceLocked);
    let renumbered = Renumbered("7".into(), 8);
    assert_eq!(keys(&encode(&renumbered)), ["0", "1"]);
    assert_eq!(Renumbered::decode(1, &encode(&renumbered)).unwrap(), renumbered);
    for event in [
        Disputed::Silently,
        Disputed::WithReason { stated_reason: "late".into() },
        Disputed::ByMany(1, 2),
        Disputed::By("me".into()),
    ] {
        let stored = encode(&event);
        assert_eq!(keys(&stored)[0], "kind");
        assert_eq!(Disputed::decode(1, &stored).unwrap(), event);
    }
}

#[test]
fn initial_events_begin_an_aggregate_and_other_events_continue_it() {
    let context = context();
    let created = || InvoiceCreated { invoice_number: "1".into() };
    let mut invoice = <Invoice as Aggregate>::begin(created().into(), &context).unwrap();
    Aggregate::fold(&mut invoice, paid().into(), &context).unwrap();
    assert_eq!(invoice.amount, Some(Money { cents: 5 }));
    let error = Aggregate::fold(&mut invoice, created().into(), &context).unwrap_err();
    assert_eq!(error, FoldError::OnlyInitial { event_type: "InvoiceCreated" });
    let error = <Invoice as Aggregate>::begin(paid().into(), &context).unwrap_err();
    assert_eq!(error, FoldError::NotInitial { event_type: "InvoicePaid" });
}

#[test]
fn the_attribute_sets_name_and_snapshots() {
    assert_eq!(Invoice::TYPE, "Invoice");
    assert_eq!(Invoice::STATE_VERSION, 7);
    assert_eq!(Invoice::SNAPSHOT_POLICY, SnapshotPolicy::every(100));
}

fn roundtrip<A: Aggregate>(state: &A) -> (EventData, A) {
    let stored = EventData::encode(A::TYPE, &StateRef(state)).unwrap();
    let State(read) = es_core::store::Payload::decode(&stored).unwrap();
    (stored, read)
}

#[test]
fn the_state_of_a_struct_is_written_and_read() {
    let state = Invoice { invoice_number: "1".into(), amount: Some(Money { cents: 1 }), cache: 9 };
    let (stored, read) = roundtrip(&state);
    assert_eq!(keys(&stored), ["invoiceNumber", "sum"]);
    assert_eq!(read, Invoice { cache: 0, ..state });
}

#[derive(Aggregate, Debug, PartialEq, Default)]
#[aggregate(name = "Door", events(InvoiceLocked, Disputed), event_enum = DoorFact)]
enum Gate {
    #[default]
    Open,
    Locked {
        lock_count: u32,
    },
    Broken(String),
}

impl Apply<InvoiceLocked> for Gate {
    fn apply(&mut self, _: InvoiceLocked, _: &Context) {
        *self = Self::Locked { lock_count: 1 };
    }
}
impl Apply<Disputed> for Gate {
    fn apply(&mut self, _: Disputed, _: &Context) {
        *self = Self::Broken("in two".into());
    }
}

#[test]
fn an_enum_is_a_state_machine_that_starts_from_default() {
    let gate = <Gate as Aggregate>::begin(InvoiceLocked.into(), &context()).unwrap();
    assert_eq!(gate, Gate::Locked { lock_count: 1 });
    assert_eq!(Gate::TYPE, "Door");
    for state in [gate, Gate::Open, Gate::Broken("x".into())] {
        assert_eq!(roundtrip(&state).1, state);
    }
}

#[test]
fn aggregates_can_share_an_event() {
    let mut events: Vec<DoorFact> = Vec::new();
    InvoiceLocked.push_into(&mut events);
    (InvoiceLocked, Some(Disputed::Silently)).push_into(&mut events);
    DoorFact::from(InvoiceLocked).push_into(&mut events);
    assert_eq!(events.len(), 4);
    let events: Vec<InvoiceEvent> = InvoiceLocked.into_events();
    assert_eq!(events.len(), 1);
}

#[event(version = 2, since = 1)]
#[derive(Debug, PartialEq)]
pub struct Widened {
    pub name: String,
    #[serde(default)]
    pub note: Option<String>,
}

#[test]
fn a_version_with_only_new_optional_fields_reads_the_older_one() {
    #[event(version = 1, name = "Widened")]
    struct Narrow {
        name: String,
    }
    let stored = encode(&Narrow { name: "n".into() });
    assert_eq!(Widened::decode(1, &stored).unwrap(), Widened { name: "n".into(), note: None });
    assert!(matches!(Widened::decode(3, &stored), Err(DecodeError::NewerVersion { .. })));
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
pub struct ItemAdded<T> {
    pub item: T,
}

#[event(version = 1)]
#[derive(Debug, PartialEq)]
pub struct ItemTaken<T>(T);

#[derive(Aggregate, Debug, PartialEq)]
#[aggregate(events(ItemAdded<T>, ItemTaken<T>, InvoiceLocked))]
pub struct Cart<T> {
    items: Vec<T>,
}

impl<T> Default for Cart<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}
impl<T> Apply<ItemAdded<T>> for Cart<T> {
    fn apply(&mut self, event: ItemAdded<T>, _: &Context) {
        self.items.push(event.item);
    }
}
impl<T> Apply<ItemTaken<T>> for Cart<T> {
    fn apply(&mut self, _: ItemTaken<T>, _: &Context) {
        self.items.pop();
    }
}
impl<T> Apply<InvoiceLocked> for Cart<T> {
    fn apply(&mut self, _: InvoiceLocked, _: &Context) {}
}

#[test]
fn an_aggregate_can_be_generic() {
    let cart = <Cart<String> as Aggregate>::begin(ItemAdded { item: "pen".to_string() }.into(), &context()).unwrap();
    assert_eq!(cart.items, ["pen"]);
    assert_eq!(roundtrip(&cart).1, cart);
    let taken = ItemTaken(5_u32);
    assert_eq!(ItemTaken::<u32>::decode(1, &encode(&taken)).unwrap(), taken);
}

#[derive(Aggregate, Debug, PartialEq, Default)]
#[aggregate(events(InvoiceLocked))]
struct Pair<T: Default, U: Default>(T, #[serde(rename = "second")] U);

impl<T: Default, U: Default> Apply<InvoiceLocked> for Pair<T, U> {
    fn apply(&mut self, _: InvoiceLocked, _: &Context) {}
}

#[derive(Aggregate, Debug, PartialEq, Default)]
#[aggregate(events(InvoiceLocked))]
struct Nothing;

impl Apply<InvoiceLocked> for Nothing {
    fn apply(&mut self, _: InvoiceLocked, _: &Context) {}
}

#[test]
fn the_state_of_a_tuple_and_of_a_unit_is_a_document() {
    let pair = Pair(1_u32, "two".to_string());
    let (stored, read) = roundtrip(&pair);
    assert_eq!(keys(&stored), ["0", "second"]);
    assert_eq!(read, pair);
    assert_eq!(roundtrip(&Nothing).1, Nothing);
}

#[event(version = 1)]
pub struct r#Match {
    pub r#type: String,
}

#[test]
fn raw_identifiers_are_stored_without_their_prefix() {
    assert_eq!(r#Match::TYPE, "Match");
    assert_eq!(keys(&encode(&r#Match { r#type: "t".into() })), ["type"]);
}

mod declared_elsewhere {
    tests::declare_ledger!(Ledger, Booked);
}

#[test]
fn a_macro_of_a_different_crate_declares_an_aggregate() {
    use declared_elsewhere::{Booked, Ledger};
    let booked = Booked { amount: tests::ledger::Cents(5), note: None };
    es_core::testing::assert_roundtrip_eq([booked.clone()]);
    let mut ledger = Ledger::default();
    Aggregate::fold(&mut ledger, booked.into(), &context()).unwrap();
    assert_eq!(ledger.booked, [tests::ledger::Cents(5)]);
}
