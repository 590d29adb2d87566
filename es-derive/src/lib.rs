//! The macros of es-core: `#[event]`, `#[events]`, `#[derive(Aggregate)]`, `#[derive(Projection)]`,
//! `#[derive(Row)]` and `#[derive(Id)]`.
//!
//! `es_core` re-exports them; depend on that crate. The generated code names only that crate, as
//! `::es_core` or by the path in `crate = path`.

mod attr;
mod camel_case;
mod check;
mod diag;
mod expand;
mod fallback;
mod half_written;
mod model;
mod nearest;
mod snake_case;
mod symbol;

use proc_macro::TokenStream;

/// Makes a struct or an enum an event: a fact in the form in which one version of the program
/// records it.
///
/// An enum is *one* event with several shapes. To make each variant a separate event, write
/// [`#[events]`](macro@events) on the enum.
///
/// ```text
/// #[event(version = 2, from = InvoicePaidV1)]
/// pub struct InvoicePaid { pub payment_id: String, pub method: PaymentMethod, pub amount: Money }
///
/// #[event(version = 1, name = "InvoicePaid")]
/// pub struct InvoicePaidV1 { pub payment_id: String, pub amount: Money }
///
/// impl From<InvoicePaidV1> for InvoicePaid { .. }
/// ```
///
/// | key | meaning | without it |
/// |---|---|---|
/// | `version = N` | the version that this type writes, 1 or higher | required |
/// | `name = ".."` | the stored name, the same for all versions of the event | the name of the type |
/// | `from = Previous` | the type of the previous version, which `From` or `TryFrom` converts to this one | required from version 2 on, unless `since = 1` |
/// | `since = M` | versions M to N have this shape, because only optional fields were added (`#[serde(default)]`) | only N |
/// | `alias = ".."` | an older name that is still read; the key may be repeated | none |
/// | `split(A, B)` | the event is read as these events, by `From<Self>` or `TryFrom<Self>` for `(A, B)`, or for the part itself if there is only one; a part may be an `Option`, a `Vec` or the enum of all events; the aggregate lists the event in `split(..)` | the event is read as itself |
/// | `crate = path` | the path of the library, such as `$crate` in a macro of another crate; absolute or relative to `crate` | `::es_core` |
///
/// Examples of each key:
///
/// ```text
/// #[event(version = 3, since = 2, from = InvoicePaidV1, alias = "BillPaid", alias = "BillSettled")]
/// #[event(version = 1, name = "InvoicePaid")]
/// #[event(version = 1, split(InvoicePaid, ReceiptSent))]
/// #[event(version = 1, split(Vec<InvoiceEvent>))]
/// #[event(version = 1, crate = $crate::es_core)]
/// ```
///
/// The macro implements `es_core::Event` and serde's `Serialize` and `Deserialize`, so derive
/// neither of them yourself. The compiler checks that the predecessor is version `M - 1` of the
/// same name. It cannot check that a released version is unchanged; the schema lock does, by
/// `es_core::schema::check::<Invoice>("events.lock")` in a test.
///
/// # With other attributes
///
/// Write `#[event(..)]` first, above every `#[derive(..)]`: it sees the attributes below it and
/// reports those that contradict it. A derive of serde *above* it is expanded earlier, so the macro
/// cannot see it. In that case the compiler reports
/// `conflicting implementations of trait Serialize` (E0119); remove `Serialize` and `Deserialize`
/// from that derive.
///
/// An `alias` belongs on the newest version. Repeat the aliases of all older versions there; a
/// missing one is an error.
///
/// # What is stored
///
/// Always a document, so that fields can be added later. Names are in camelCase:
///
/// | type | document |
/// |---|---|
/// | `struct Paid { payment_id: String }` | `{ paymentId: ".." }` |
/// | `struct Moved(String, u32)` | `{ "0": "..", "1": 2 }` |
/// | `struct Locked;` | `{}` |
/// | `enum Closed { ByMail { letter_date: String } }` | `{ kind: "byMail", data: { letterDate: ".." } }` |
///
/// These names apply to the event itself. A type inside an event, such as an `Address`, is stored
/// as its own serde impls write it, so its fields keep their Rust names, unless it has
/// `#[serde(rename_all = "camelCase")]`.
///
/// `#[serde(..)]` attributes on the type, its fields and its variants are passed on and override
/// these defaults. Stored types own their data, so no field may borrow. No two fields may have the
/// same stored name. BSON has no integers of 128 bits and no keys other than strings; a field whose
/// type shows one needs `#[serde(with = "..")]`.
///
/// # Other derives
///
/// If the event has a derive that may read `#[serde(..)]`, such as `schemars::JsonSchema`, the
/// defaults are added to the item as real attributes, unless the user sets them:
/// `rename_all = "camelCase"`, and for an enum also `rename_all_fields`, `tag` and `content`. So
/// the schema of a struct with named fields or of an enum describes what is stored. It cannot
/// describe two shapes, because serde has no attribute for them: a tuple struct, stored as
/// `{ "0": .. }`, and a unit struct, stored as `{}`. Give their fields names if you need the
/// schema.
#[proc_macro_attribute]
pub fn event(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand::event(attr.into(), &item.into()).into()
}

/// Makes each variant of an enum an event, and the enum the events of an aggregate.
///
/// ```text
/// #[events]
/// #[derive(Debug, Clone, PartialEq)]
/// pub enum AccountEvent {
///     #[event(version = 2, from = OpenedV1)]
///     Opened { owner: String, limit: i64 },
///     #[event(version = 1)]
///     Deposited(i64),
///     #[event(version = 1, name = "AccountLocked", alias = "Frozen")]
///     Locked,
///     #[event]
///     Closed(AccountClosed),
/// }
///
/// #[event(version = 1, name = "Opened")]
/// pub struct OpenedV1 { pub owner: String }
///
/// impl From<OpenedV1> for AccountEvent { .. }
///
/// #[event(version = 1)]
/// pub struct AccountClosed { pub reason: String }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(events = AccountEvent)]
/// pub struct Account { .. }
///
/// impl Apply<AccountEvent> for Account { .. }
/// ```
///
/// | key on the enum | meaning | without it |
/// |---|---|---|
/// | `retired("..", ..)` | stored names that are no longer used: such events count in the stream, but do not change the state | none |
/// | `split(C, ..)` | former events that are read as others; each is a struct with `#[event(split(..))]` | none |
/// | `crate = path` | the path of the library, such as `$crate` in a macro of another crate; absolute or relative to `crate` | `::es_core` |
///
/// | `#[event(..)]` on a variant | meaning | without it |
/// |---|---|---|
/// | `version = N` | the version that this variant writes, 1 or higher | required |
/// | `name = ".."` | the stored name of the event | the name of the variant |
/// | `from = Previous` | the type of the previous version, a struct with `#[event(..)]`; `From` converts it to the enum | required from version 2 on, unless `since = 1` |
/// | `since = M` | versions M to N have this shape, because only optional fields were added (`#[serde(default)]`) | only N |
/// | `alias = ".."` | an older name that is still read; the key may be repeated | none |
/// | nothing: `#[event]` | the variant holds an event, as in `Closed(AccountClosed)`; the type of the event declares its name and its version | |
///
/// Examples of the keys on the enum:
///
/// ```text
/// #[events(retired("ReminderSent"), split(OpenedAndDeposited), crate = $crate::es_core)]
/// ```
///
/// The data of a variant is stored in the same form as that of a struct with `#[event]`, so a
/// variant and a struct of the same name, version and fields read each other's events:
///
/// | variant | document |
/// |---|---|
/// | `Opened { owner_name: String }` | `{ ownerName: ".." }` |
/// | `Moved(String, u32)` | `{ "0": "..", "1": 2 }` |
/// | `Locked` | `{}` |
///
/// `#[serde(..)]` works on fields as usual. On a variant, `rename_all` sets the style of its
/// fields; on the enum, `rename_all_fields` and `deny_unknown_fields` apply to all variants.
/// Attributes that rename a variant are refused, because `#[event(name = "..")]` sets its stored
/// name.
///
/// The macro implements `EventSet`, `Serialize`, `IntoEvents`, `FirstEvents` and `NextEvents` for
/// the enum, and for each event that a variant holds `From`, `IntoEvents`, `FirstEvents` and
/// `NextEvents`. All other impls are yours: derive what you need on the enum.
///
/// The aggregate names the enum in `#[aggregate(events = AccountEvent)]`. It begins with its
/// `Default`, to which the first event is applied, or with `init(AccountOpened)`: the types of
/// events that variants hold, by `Init<AccountOpened>`. Such events cannot occur later.
///
/// `Apply<AccountEvent>` matches on the whole enum, so it also has an arm for each event of
/// `init(..)` and `ends(..)`. These arms never run; leave their bodies empty.
#[proc_macro_attribute]
pub fn events(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand::events(attr.into(), &item.into()).into()
}

/// Generates nothing. It declares `#[serde(..)]` on an event whose serde impls are not derived on
/// the event itself.
#[doc(hidden)]
#[proc_macro_derive(SerdeAttributes, attributes(serde))]
pub fn derive_serde_attributes(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// Makes a struct or an enum an aggregate: state that is folded from events.
///
/// ```text
/// #[derive(Aggregate)]
/// #[aggregate(init(InvoiceCreated), events(InvoicePaid, InvoiceDisputed), snapshot(every = 100, version = 1))]
/// pub struct Invoice { number: String, amount: Money, status: Status }
/// ```
///
/// | key | meaning | without it |
/// |---|---|---|
/// | `init(A, ..)` | the events that begin the aggregate, by `Init<A>` | each event of `events(..)` and `informs(..)` can begin it and is applied to `Default::default()` |
/// | `events(B, ..)` | the events that change it, by `Apply<B>`; an event may also be in `init(..)` | no event changes it |
/// | `informs(D, ..)` | events that are recorded and change nothing, without an `Apply`; in no other list | none |
/// | `ends(E, ..)` | events after which the aggregate no longer exists, without an `Apply`; in no other list | it never ends |
/// | `split(C, ..)` | former events that are read as any number of the others; `#[event(split(..))]` lists them | none |
/// | `retired("..", ..)` | stored names that are no longer used: such events count in the stream, but do not change the state | none |
/// | `snapshot(every = N, version = M)` | a snapshot every N events; M is the version of the state's shape; increase it if the shape changes | no snapshots; 1 |
/// | `name = ".."` | the stored name of the aggregate's type | the name of the type |
/// | `events = Enum` | your own enum of all events, with `#[events]`, instead of the lists; the events change the aggregate by `Apply<Enum>` | the enum is generated |
/// | `event_enum(Clone, ..)` | derives on the generated enum; each event must have them | none but the impls below |
/// | `event_enum = Name` | the name of the enum of all events | the name of the type, then `Event` |
/// | `id = InvoiceId` | the type of its ids, with `#[derive(Id)]`; the id of a different aggregate does not compile | any text and any `Id` |
/// | `crate = path` | the path of the library, such as `$crate` in a macro of another crate; absolute or relative to `crate` | `::es_core` |
///
/// The keys may be spread over several `#[aggregate(..)]` attributes, and lists that are given
/// several times add up. So an event that depends on a condition is listed in
/// `#[cfg_attr(feature = "..", aggregate(events(..)))]`. Examples of each key:
///
/// ```text
/// #[derive(Aggregate)]
/// #[aggregate(init(InvoiceCreated), events(InvoicePaid, InvoiceDisputed))]
/// #[aggregate(informs(InvoicePrinted), ends(InvoiceVoided), split(InvoicePaidAndSent), retired("ReminderSent"), snapshot(every = 100, version = 2))]
/// #[aggregate(name = "invoice", id = InvoiceId, event_enum = InvoiceFact, event_enum(Clone, PartialEq), crate = $crate::es_core)]
/// pub struct Invoice { .. }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(events = InvoiceEvent)]
/// pub struct Invoice { .. }
/// ```
///
/// The macro generates three things:
///
/// - The enum of all events, with one variant per event and the visibility of the aggregate. It
///   implements `EventSet`, `From` for each event, `Serialize`, and `Debug`, which prints the event
///   if it implements `Debug`, and otherwise the name of the variant.
/// - `IntoEvents` for the enum and for each event, with `FirstEvents` if the event can begin the
///   aggregate and `NextEvents` if it can follow later. `create` takes `FirstEvents`, and a
///   decision returns `NextEvents`.
/// - `Aggregate`. An event in both lists begins the aggregate if it is the first one, and changes
///   it if it comes later. After an event of `ends(..)` there is no state, until an event that
///   begins the aggregate follows.
///
/// The compiler checks that no two events share a stored name or an alias, and that no retired name
/// is in use.
///
/// Snapshots store the state with names in camelCase. `#[serde(..)]` attributes work as usual, but
/// do not derive serde's traits on the state itself. The types of its fields must implement them.
///
/// A derive cannot change its item. For a schema of the state, write the default yourself, as
/// `#[serde(rename_all = "camelCase")]`, and for an enum also
/// `#[serde(rename_all_fields = "camelCase", tag = "kind", content = "data")]`.
#[proc_macro_derive(Aggregate, attributes(aggregate, serde))]
pub fn derive_aggregate(input: TokenStream) -> TokenStream {
    expand::aggregate(input.into()).into()
}

/// Makes a struct or an enum a projection: a row of a read model that is folded from the events of
/// one or several aggregates.
///
/// ```text
/// #[derive(Projection)]
/// #[projection(version = 1, key = CustomerId)]
/// #[projection(init(Customer(CustomerRegistered)), events(Customer(CustomerRenamed, ..), Invoice(InvoiceCreated, InvoicePaid)))]
/// #[projection(remove(Customer(CustomerErased)))]
/// pub struct CustomerBalance { name: String, open: i64 }
/// ```
///
/// | key | meaning | without it |
/// |---|---|---|
/// | `version = N` | the version of the rows, 1 or higher; increase it if a fold, a key or the shape of the row changes | required |
/// | `key = CustomerId` | the type that identifies a row, which implements `Id`; `Keyed<E>` names the rows of each event | required |
/// | `key = aggregate_id` | each aggregate has its row; `Keyed` is generated | |
/// | `init(Customer(A), ..)` | events that begin a row, by `Init<A>`; if there is a row, it is an error, unless the event is also in `events(..)` | each event of `events(..)` can begin a row and is applied to `Default::default()` |
/// | `events(Customer(B), ..)` | events that change a row, by `Apply<B>` | no event changes a row |
/// | `events(Customer(B, ..))` | the same; the other events of the aggregate are left out | all its events must be listed |
/// | `events(Invoice)` | every event of the aggregate that is in no other list changes a row, by `Apply<InvoiceEvent>` and `Keyed<InvoiceEvent>` | |
/// | `remove(Customer(C), ..)` | events that remove the row; in no other list | no row is removed |
/// | `index(open = -1)`, `index(customer_id, due_date = -1)` | an index on fields of the row, ascending, or descending with `= -1`; the key may be repeated | rows are found by their key only, or by reading all of them |
/// | `unique(email)` | an index in which no two rows have the same values; the key may be repeated | any rows may |
/// | `rows(LedgerLine, DailyTotal)` | the projection has several types of rows, each with `#[derive(Row)]`; every event is listed in `events(..)` and handled by `Project<E>` | the type itself is a row |
/// | `name = ".."` | the stored name of the projection: small letters, digits and `_` | the name of the type in `snake_case` |
/// | `crate = path` | the path of the library, such as `$crate` in a macro of another crate; absolute or relative to `crate` | `::es_core` |
///
/// The keys may be spread over several `#[projection(..)]` attributes, and lists of events that are
/// given several times add up. Examples of each key:
///
/// ```text
/// #[projection(version = 2, key = aggregate_id, events(Invoice), name = "invoice_list", crate = $crate::es_core)]
/// #[projection(version = 1, key = CustomerId, init(Customer(CustomerRegistered)), remove(Customer(CustomerErased)))]
/// #[projection(events(Customer(CustomerRenamed, ..), Invoice(InvoiceCreated, InvoicePaid)))]
/// ```
///
/// The compiler checks that no event of a listed aggregate is forgotten: an aggregate without `..`
/// has each of its events in a list. Write `..` to leave out the others on purpose.
///
/// # Indexes
///
/// ```text
/// #[derive(Projection)]
/// #[projection(version = 1, key = CustomerId, init(Customer(CustomerRegistered)), events(Invoice(InvoiceCreated, ..)))]
/// #[projection(index(open = -1), index(country, open = -1), unique(email))]
/// pub struct CustomerBalance { email: String, country: String, open: i64 }
/// ```
///
/// `index(..)` and `unique(..)` name fields of the row, which is a struct with named fields. The
/// store gets the names under which the fields are stored, so a field that serde skips or flattens
/// has no index. At most one field of an index is an array.
///
/// An index may be added without a new `version`: the next start of the projection creates it. An
/// index that is removed here stays in the store until somebody drops it.
///
/// A unique index is not a rule for decisions, because the events are already recorded when they
/// are folded. If an event gives two rows the same values, the projection stops before the event. A
/// field that is missing or `None` counts as the value null, which only one row may have. A
/// projection with a unique index has one partition.
///
/// # The row
///
/// The row is stored as a document with names in camelCase. `#[serde(..)]` attributes work as
/// usual, but do not derive serde's traits on the row itself. The types of its fields must
/// implement them. The store adds the key as `_id`, so no field may be stored under that name.
///
/// # Several types of rows
///
/// ```text
/// #[derive(Projection)]
/// #[projection(version = 1, rows(LedgerLine, DailyTotal), events(Invoice(InvoiceCreated, InvoicePaid, ..)))]
/// pub struct Ledger;
///
/// #[derive(Row)]
/// #[row(key = EventId, index(day))]
/// pub struct LedgerLine { day: String, cents: i64 }
///
/// #[derive(Row, Default)]
/// #[row(key = String)]
/// pub struct DailyTotal { cents: i64 }
///
/// impl Project<InvoicePaid> for Ledger {
///     fn project(event: InvoicePaid, context: &Context, rows: &mut RowChanges<Self>) {
///         let InvoicePaid { day, cents } = event;
///         rows.insert(context.event_id(), LedgerLine { day: day.clone(), cents });
///         rows.change_or_default(day, move |total: &mut DailyTotal| total.cents += cents);
///     }
/// }
/// ```
///
/// With `rows(..)`, the projection is a struct without fields, and `Project<E>` lists what each event
/// changes in rows of any of the types. `events(Invoice)` is handled by `Project<InvoiceEvent>`. The
/// keys `key`, `index` and `unique` are those of the rows, in `#[row(..)]`, and `init` and `remove`
/// do not exist.
///
/// The macro implements `es_core::projection::Projection`, and with `key = aggregate_id` also
/// `Keyed`.
#[proc_macro_derive(Projection, attributes(projection, serde))]
pub fn derive_projection(input: TokenStream) -> TokenStream {
    expand::projection(input.into()).into()
}

/// Makes a struct or an enum a type of rows of a projection with `rows(..)`.
///
/// ```text
/// #[derive(Row, Default)]
/// #[row(key = String, index(cents = -1), name = "day_total", crate = $crate::es_core)]
/// pub struct DailyTotal { cents: i64, payments: u64 }
/// ```
///
/// | key | meaning | without it |
/// |---|---|---|
/// | `key = String` | the type that identifies a row among those of its type, which implements `Id` | required |
/// | `index(cents = -1)`, `index(day, cents = -1)` | an index on fields of these rows, ascending, or descending with `= -1`; the key may be repeated | rows are found by their key only, or by reading all of them |
/// | `unique(number)` | an index in which no two rows of this type have the same values; the key may be repeated | any rows may |
/// | `name = ".."` | the stored name of the type: small letters, digits and `_` | the name of the type in `snake_case` |
/// | `crate = path` | the path of the library, such as `$crate` in a macro of another crate; absolute or relative to `crate` | `::es_core` |
///
/// The rows of all types of a projection are stored together, with the key
/// `<name of the type>/<key>`. So if the name changes, increase the `version` of the projection.
/// Everything else about indexes and about the stored fields is as for
/// [`#[derive(Projection)]`](macro@Projection). Do not derive serde's traits on the row itself.
///
/// The macro implements `es_core::projection::Row`.
#[proc_macro_derive(Row, attributes(row, serde))]
pub fn derive_row(input: TokenStream) -> TokenStream {
    expand::row(input.into()).into()
}

/// Makes a type the id of an aggregate.
///
/// ```text
/// #[derive(Id, Clone, Copy, Debug, PartialEq, Eq)]
/// pub struct InvoiceId(Uuid);
///
/// #[derive(Aggregate)]
/// #[aggregate(init(InvoiceCreated), id = InvoiceId)]
/// pub struct Invoice { .. }
/// ```
///
/// The id is stored as text: what `Display` writes and `FromStr` reads. A struct with one field has
/// the text of the field, and every other type has its own. A struct with one field that implements
/// both traits itself states by a key which text is stored:
///
/// | key | meaning |
/// |---|---|
/// | `transparent` | the text of the only field |
/// | `display` | the text of the type itself |
/// | `crate = path` | the path of the library, such as `$crate` in a macro of another crate; absolute or relative to `crate` |
///
/// ```text
/// #[derive(Id)]
/// #[id(display)]
/// pub struct InvoiceNumber(u64);              // stored as "INV-0007"
///
/// impl Display for InvoiceNumber { .. }
/// impl FromStr for InvoiceNumber { .. }
/// ```
///
/// `FromStr` must read what `Display` writes. An id for which it does not is refused before
/// anything is stored. A later change of the text makes stored aggregates unreachable, as a change
/// of a stored name does.
///
/// `Init` and `Apply` get the id by `context.id::<Self>()`, and a caller by `Loaded::typed_id`.
///
/// The macro implements `es_core::Id`, and `es_core::IdFor` for aggregates that declare this type
/// and for those that declare none.
#[proc_macro_derive(Id, attributes(id))]
pub fn derive_id(input: TokenStream) -> TokenStream {
    expand::id(input.into()).into()
}
