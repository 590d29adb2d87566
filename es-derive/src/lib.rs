//! The macros of es-core: `#[event]`, `#[derive(Aggregate)]` and `#[derive(Id)]`.
//!
//! `es_core` re-exports them; depend on that crate. The generated code names only that crate, by
//! the name under which the user's manifest lists it.

mod attr;
mod camel_case;
mod check;
mod dependency;
mod diag;
mod expand;
mod fallback;
mod model;
mod nearest;
mod symbol;

use proc_macro::TokenStream;

/// Makes a struct or an enum an event: a fact in the form in which one version of the program
/// records it.
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
/// | `from = Previous` | the type of the previous version, which `From` converts to this one | required from version 2 on, unless `since = 1` |
/// | `since = M` | versions M to N have this shape, because only optional fields were added (`#[serde(default)]`) | only N |
/// | `alias = ".."` | an older name that is still read; the key may be repeated | none |
/// | `split(A, B)` | the event is read as these events, by `From<Self> for (A, B)`; the aggregate lists it in `split(..)` | the event is read as itself |
/// | `crate = path` | the path of the library, such as `$crate` in a macro of another crate; absolute or relative to `crate` | the name of `es-core` in `Cargo.toml` |
///
/// Examples of each key:
///
/// ```text
/// #[event(version = 3, since = 2, from = InvoicePaidV1, alias = "BillPaid", alias = "BillSettled")]
/// #[event(version = 1, name = "InvoicePaid")]
/// #[event(version = 1, split(InvoicePaid, ReceiptSent))]
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
/// `#[serde(..)]` attributes on the type, its fields and its variants are passed on and override
/// these defaults. Stored types own their data, so no field may borrow. No two fields may have the
/// same stored name.
#[proc_macro_attribute]
pub fn event(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand::event(attr.into(), &item.into()).into()
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
/// | `init(A, ..)` | the events that begin the aggregate, by `Init<A>` | each event of `events(..)` can begin it and is applied to `Default::default()` |
/// | `events(B, ..)` | the events that change it, by `Apply<B>`; an event may also be in `init(..)` | no event changes it |
/// | `split(C, ..)` | former events that are read as several of the others; `#[event(split(..))]` lists them | none |
/// | `retired("..", ..)` | stored names that are no longer used: such events count in the stream, but do not change the state | none |
/// | `snapshot(every = N, version = M)` | a snapshot every N events; M is the version of the state's shape; increase it if the shape changes | no snapshots; 1 |
/// | `name = ".."` | the stored name of the aggregate's type | the name of the type |
/// | `event_enum = Name` | the name of the enum of all events | the name of the type, then `Event` |
/// | `id = InvoiceId` | the type of its ids, with `#[derive(Id)]`; the id of a different aggregate does not compile | any text and any `Id` |
/// | `crate = path` | the path of the library, such as `$crate` in a macro of another crate; absolute or relative to `crate` | the name of `es-core` in `Cargo.toml` |
///
/// The keys may be spread over several `#[aggregate(..)]` attributes. Examples of each key:
///
/// ```text
/// #[derive(Aggregate)]
/// #[aggregate(init(InvoiceCreated), events(InvoicePaid, InvoiceDisputed))]
/// #[aggregate(split(InvoicePaidAndSent), retired("ReminderSent"), snapshot(every = 100, version = 2))]
/// #[aggregate(name = "invoice", id = InvoiceId, event_enum = InvoiceFact, crate = $crate::es_core)]
/// pub struct Invoice { .. }
/// ```
///
/// The macro generates three things:
///
/// - The enum of all events, with one variant per event and the visibility of the aggregate. It
///   implements `EventSet`, `From` for each event, `Serialize`, and `Debug`, which prints the name
///   of the variant.
/// - `IntoEvents` for the enum and for each event, with `FirstEvents` if the event can begin the
///   aggregate and `NextEvents` if it can change it. `create` takes `FirstEvents`, and a decision
///   returns `NextEvents`.
/// - `Aggregate`. An event in both lists begins the aggregate if it is the first one, and changes
///   it if it comes later.
///
/// The compiler checks that no two events share a stored name or an alias, and that no retired name
/// is in use.
///
/// Snapshots store the state with names in camelCase. `#[serde(..)]` attributes work as usual, but
/// do not derive serde's traits on the state itself. The types of its fields must implement them.
#[proc_macro_derive(Aggregate, attributes(aggregate, serde))]
pub fn derive_aggregate(input: TokenStream) -> TokenStream {
    expand::aggregate(input.into()).into()
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
/// The macro implements `es_core::Id`, and `es_core::IdFor` for aggregates that declare this type
/// and for those that declare none.
#[proc_macro_derive(Id, attributes(id))]
pub fn derive_id(input: TokenStream) -> TokenStream {
    expand::id(input.into()).into()
}
