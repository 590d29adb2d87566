//! Projections: the rows of a read model, folded from the events of one or several aggregates.
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! # use es_core::{event, Aggregate, Apply, Context, Id, Init};
//! use es_core::projection::{Keyed, Keys, Projection};
//! use es_core::testing::given_with_id;
//!
//! # #[event(version = 1)]
//! # pub struct InvoiceCreated { pub customer: String, pub cents: i64 }
//! # #[event(version = 1)]
//! # pub struct InvoicePaid { pub customer: String, pub cents: i64 }
//! # #[derive(Aggregate)]
//! # #[aggregate(init(InvoiceCreated), events(InvoicePaid))]
//! # pub struct Invoice {}
//! # impl Init<InvoiceCreated> for Invoice { fn init(_: InvoiceCreated, _: &Context) -> Self { Self {} } }
//! # impl Apply<InvoicePaid> for Invoice { fn apply(&mut self, _: InvoicePaid, _: &Context) {} }
//! #[derive(Id, Debug, Clone, PartialEq, Eq)]
//! pub struct CustomerId(String);
//!
//! /// What each customer owes.
//! #[derive(Projection, Default)]
//! #[projection(version = 1, key = CustomerId, events(Invoice(InvoiceCreated, InvoicePaid)))]
//! pub struct CustomerBalance { open: i64 }
//!
//! impl Keyed<InvoiceCreated> for CustomerBalance {
//!     fn key(event: &InvoiceCreated, _: &Context) -> Keys<CustomerId> { CustomerId(event.customer.clone()).into() }
//! }
//!
//! impl Apply<InvoiceCreated> for CustomerBalance {
//!     fn apply(&mut self, event: InvoiceCreated, _: &Context) { self.open += event.cents; }
//! }
//!
//! impl Keyed<InvoicePaid> for CustomerBalance {
//!     fn key(event: &InvoicePaid, _: &Context) -> Keys<CustomerId> { CustomerId(event.customer.clone()).into() }
//! }
//!
//! impl Apply<InvoicePaid> for CustomerBalance {
//!     fn apply(&mut self, event: InvoicePaid, _: &Context) { self.open -= event.cents; }
//! }
//!
//! let rows = given_with_id::<Invoice>("invoice_123", InvoiceCreated { customer: "ann".into(), cents: 500 })
//!     .rows::<CustomerBalance>();
//! assert_eq!(rows.get("ann").map(|row| row.open), Some(500));
//! # }
//! ```

mod change;
mod dispatch;
mod error;
mod index;
mod inputs;
mod keys;
mod log;
mod page;
mod project;
mod routes;
mod row;
mod rows;
mod stored;

pub use change::{Change, Origin};
pub use dispatch::Dispatch;
pub(crate) use dispatch::Read;
pub use error::{ProjectionError, ProjectionFailure};
pub use index::{Direction, RowIndex, Uniqueness};
pub use inputs::{Input, Inputs};
pub use keys::Keys;
pub(crate) use log::LogRows;
pub(crate) use page::{PageRange, Unread};
pub use project::{Project, RowChanges};
pub(crate) use routes::Unrouted;
pub use row::{Row, RowName, RowOf, VisitRows};
pub use rows::{Rows, RowsOf};
pub use stored::decode_row;
pub(crate) use stored::encode_row;

#[cfg(feature = "derive")]
pub use es_derive::{Projection, Row};

use serde::{Deserializer, Serializer};

use crate::{Context, Id};

/// A row of a read model that is folded from events.
///
/// `#[derive(Projection)]` implements it on a struct, from [`Keyed`] and
/// [`Init`](crate::Init) or [`Apply`](crate::Apply) for each event that it lists. A value of the
/// type is one row; each event concerns the rows whose [key](Keyed::key) it names.
///
/// With `rows(..)`, the projection has several [types of rows](Row), and [`Project`] lists what each
/// event changes in them.
///
/// Folding is a pure function, so a read model can be built again from the log at any time, and
/// nothing outside it happens twice.
///
/// # The version
///
/// The rows of one version are folded by one rule. If a fold, a key or the shape of the row
/// changes, increase `version`: the rows of the new version are built beside those of the old one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "not a projection",
    note = "write `#[derive(Projection)]` and `#[projection(version = 1, key = .., events(..))]` on `{Self}`"
)]
pub trait Projection: Sized + Send + Sync + 'static {
    /// What identifies a row. With `rows(..)`, it is the key as it is stored.
    type Key: Id;
    /// A row: the projection itself. With `rows(..)`, it is a row of any of these types.
    type Row: Send + Sync + 'static;
    /// The stored name of the projection.
    const NAME: &'static str;
    /// The version of the rows, from 1.
    const VERSION: u32;
    /// The indexes on the rows. They may change without a new version.
    const INDEXES: &'static [RowIndex] = &[];
    /// The types in `rows(..)`. None if the projection itself is a row.
    const ROWS: &'static [RowName] = &[];

    /// Declares the events that are folded, and how.
    fn declare(inputs: &mut Inputs<Self>);

    /// Visits each type of rows: those in `rows(..)`, or the projection itself.
    fn visit_rows<V: VisitRows<Self>>(visitor: &mut V);

    /// Writes the row.
    ///
    /// # Errors
    ///
    /// The error of the serializer.
    fn serialize_row<S: Serializer>(row: &Self::Row, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a row that [`serialize_row`](Self::serialize_row) wrote. `of_type` is the index of its
    /// type in [`ROWS`](Self::ROWS).
    ///
    /// # Errors
    ///
    /// The error of the deserializer if the data is not such a row.
    fn deserialize_row<'de, D: Deserializer<'de>>(of_type: usize, deserializer: D) -> Result<Self::Row, D::Error>;
}

/// Which rows an event concerns.
///
/// It is a pure function of the event and its context: the same event concerns the same rows
/// whenever it is folded.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not define which rows `{E}` concerns",
    label = "`{E}` is listed here",
    note = "write `impl Keyed<{E}> for {Self} {{ fn key(event: &{E}, context: &Context) -> Keys<..> {{ .. }} }}`, or `key = aggregate_id` if each aggregate has its row"
)]
pub trait Keyed<E>: Projection<Row = Self> {
    /// The keys of the rows: one, several or none.
    fn key(event: &E, context: &Context) -> Keys<Self::Key>;
}
