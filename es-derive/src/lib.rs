//! The macros of es-core: `#[event]` and `#[derive(Aggregate)]`.
//!
//! They are re-exported by `es_core`; depend on that. What they generate names that crate only, by the name under which the user's
//! manifest lists it.

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

/// Makes a struct or an enum an event: a fact as one version of the program records it.
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
/// | `version = N` | the version that is written with this type, from 1 | required |
/// | `name = ".."` | the stored name, the same for all versions of the fact | the name of the type |
/// | `from = Previous` | the type of the version before, which `From` turns into this one | required from version 2 on, unless `since = 1` |
/// | `since = M` | versions M to N have this shape, because only optional fields were added (`#[serde(default)]`) | N alone |
/// | `alias = ".."` | an older name that is still read; may be given several times | none |
/// | `split(A, B)` | the fact is read as these, by `From<Self> for (A, B)`; the aggregate lists it in `split(..)` | it is read as itself |
/// | `crate = path` | where the library is, such as `$crate` in a macro of another crate; absolute or from `crate` | the name of `es-core` in `Cargo.toml` |
///
/// Each key as it is written:
///
/// ```text
/// #[event(version = 3, since = 2, from = InvoicePaidV1, alias = "BillPaid", alias = "BillSettled")]
/// #[event(version = 1, name = "InvoicePaid")]
/// #[event(version = 1, split(InvoicePaid, ReceiptSent))]
/// #[event(version = 1, crate = $crate::es_core)]
/// ```
///
/// It implements `es_core::Event`, and serde's `Serialize` and `Deserialize`, so that neither is derived beside it. That the
/// predecessor is version `M - 1` of the same name is proved when the program is compiled. That a released version stays as it
/// was is for the schema lock to say: `es_core::schema::check::<Invoice>("events.lock")` in a test.
///
/// # Beside other attributes
///
/// Write `#[event(..)]` first, above every `#[derive(..)]`: it sees what stands below it, and says what does not go together. A derive of
/// serde *above* it is expanded before and cannot be seen, so there the compiler says `conflicting implementations of trait
/// Serialize` (E0119); remove `Serialize` and `Deserialize` from that derive.
///
/// An `alias` belongs on the newest version: whatever older versions have is repeated there, and a missing one is an error.
///
/// # What is stored
///
/// A document always, so that it can grow, with names in camelCase:
///
/// | type | document |
/// |---|---|
/// | `struct Paid { payment_id: String }` | `{ paymentId: ".." }` |
/// | `struct Moved(String, u32)` | `{ "0": "..", "1": 2 }` |
/// | `struct Locked;` | `{}` |
/// | `enum Closed { ByMail { letter_date: String } }` | `{ kind: "byMail", data: { letterDate: ".." } }` |
///
/// `#[serde(..)]` attributes on the type, its fields and its variants are passed on, and win over these defaults. What is stored owns its
/// data, so no field borrows, and no two fields have one stored name.
#[proc_macro_attribute]
pub fn event(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand::event(attr.into(), &item.into()).into()
}

/// Generates nothing. It makes `#[serde(..)]` known on an event whose serde impls are derived elsewhere.
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
/// | `init(A, ..)` | the events that begin the aggregate, by `Init<A>` | any of `events(..)` begins it, applied to `Default::default()` |
/// | `events(B, ..)` | the events that change it, by `Apply<B>`; one may be in `init(..)` too | none do |
/// | `split(C, ..)` | former events that are read as several of the others; `#[event(split(..))]` says as which | none |
/// | `retired("..", ..)` | stored names that no longer matter: they count in the stream and are read as nothing | none |
/// | `snapshot(every = N, version = M)` | a snapshot every N events; M is the version of the state's shape, to be raised when it changes | no snapshots; 1 |
/// | `name = ".."` | the stored name of the aggregate's type | the name of the type |
/// | `event_enum = Name` | the name of the enum of all events | the name of the type, then `Event` |
/// | `crate = path` | where the library is, such as `$crate` in a macro of another crate; absolute or from `crate` | the name of `es-core` in `Cargo.toml` |
///
/// The keys may be spread over several `#[aggregate(..)]`, and each is written like this:
///
/// ```text
/// #[derive(Aggregate)]
/// #[aggregate(init(InvoiceCreated), events(InvoicePaid, InvoiceDisputed))]
/// #[aggregate(split(InvoicePaidAndSent), retired("ReminderSent"), snapshot(every = 100, version = 2))]
/// #[aggregate(name = "invoice", event_enum = InvoiceFact, crate = $crate::es_core)]
/// pub struct Invoice { .. }
/// ```
///
/// It generates the enum of all events, with a variant an event and the visibility of the aggregate, which implements
/// `EventSet`, `From` for each event, `Serialize` and `Debug` (the name of the variant); `IntoEvents` for the enum and for
/// each event, with `FirstEvents` if it can begin the aggregate and `NextEvents` if it can change it, so that `create` takes the
/// former and a decision returns the latter; and `Aggregate`. An event in both lists begins the aggregate if it comes first, and
/// changes it if it comes later. That no two events share a stored name, be it through an
/// alias, and that no retired name is in use, is proved when the program is compiled.
///
/// The state is written into snapshots with names in camelCase. `#[serde(..)]` attributes are understood, though the type
/// itself derives nothing of serde; the types of its fields do.
#[proc_macro_derive(Aggregate, attributes(aggregate, serde))]
pub fn derive_aggregate(input: TokenStream) -> TokenStream {
    expand::aggregate(input.into()).into()
}
