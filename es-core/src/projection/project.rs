//! Several rows an event: what an event changes, as a list.

use std::fmt;

use super::change::{FoldOnce, NoFold};
use super::{Projection, ProjectionFailure, RowOf};
use crate::error::InvalidId;
use crate::{AggregateId, Context, IdFor};

/// What an event changes in the rows of a projection with `rows(..)`.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # use es_core::{event, Aggregate, Apply, Context, EventId};
/// use es_core::projection::{Project, Projection, Row, RowChanges};
/// use es_core::testing::given;
///
/// # #[event(version = 1)]
/// # pub struct InvoicePaid { pub day: String, pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(InvoicePaid))]
/// # pub struct Invoice {}
/// # impl Apply<InvoicePaid> for Invoice { fn apply(&mut self, _: InvoicePaid, _: &Context) {} }
/// /// What was paid: a line for each payment, and the total of each day.
/// #[derive(Projection)]
/// #[projection(version = 1, rows(LedgerLine, DailyTotal), events(Invoice(InvoicePaid)))]
/// pub struct Ledger;
///
/// #[derive(Row, Debug)]
/// #[row(key = EventId, index(day))]
/// pub struct LedgerLine { day: String, cents: i64 }
///
/// #[derive(Row, Debug, Default)]
/// #[row(key = String)]
/// pub struct DailyTotal { cents: i64, payments: u64 }
///
/// impl Project<InvoicePaid> for Ledger {
///     fn project(event: InvoicePaid, context: &Context, rows: &mut RowChanges<Self>) {
///         let InvoicePaid { day, cents } = event;
///         rows.insert(context.event_id(), LedgerLine { day: day.clone(), cents });
///         rows.change_or_default(day, move |total: &mut DailyTotal| {
///             total.cents += cents;
///             total.payments += 1;
///         });
///     }
/// }
///
/// let paid = |day: &str, cents| InvoicePaid { day: day.into(), cents };
/// let rows = given::<Invoice>(vec![paid("2026-11-26", 500), paid("2026-11-26", 200)]).rows::<Ledger>();
/// let total = rows.of::<DailyTotal>().get("2026-11-26").map(|total| (total.cents, total.payments));
/// assert_eq!(total, Some((700, 2)));
/// assert_eq!(rows.of::<LedgerLine>().len(), 2);
/// # }
/// ```
///
/// It is a pure function of the event and its context: the same event changes the same rows in the
/// same way whenever it is folded. The rows are not readable here. What depends on a row is decided
/// in the closure of [`RowChanges::change`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not define what `{E}` changes",
    label = "`{E}` is listed here",
    note = "write `impl Project<{E}> for {Self} {{ fn project(event: {E}, context: &Context, rows: &mut RowChanges<Self>) {{ .. }} }}`"
)]
pub trait Project<E>: Projection {
    /// Lists what the event changes. It may change any number of rows of each type, or none.
    fn project(event: E, context: &Context, rows: &mut RowChanges<Self>);
}

/// Collects what an event changes in the rows of projection `P`, in order; [`Project::project`]
/// gets it.
///
/// Each method names a row by its type and its key. The changes of one row are made in the order in
/// which they are listed. If one of them fails, the event is not folded into this row, and the
/// projection stops before the event, or [parks](crate::subscription::OnError::Park) it for this row.
pub struct RowChanges<P: Projection> {
    changes: Vec<(AggregateId, FoldOnce<P>)>,
    /// The first key that cannot be the key of a row.
    invalid: Option<InvalidId>,
}

impl<P: Projection> RowChanges<P> {
    pub(super) fn new() -> Self {
        Self { changes: Vec::new(), invalid: None }
    }

    /// Adds a row. If there is one with this key, the event cannot be folded.
    pub fn insert<R: RowOf<P>>(&mut self, key: impl IdFor<R::Key>, row: R) {
        self.add::<R>(key, move |stored| match stored {
            None => Ok(Some(row)),
            Some(_) => Err(NoFold::CannotInsert),
        });
    }

    /// Writes a row, whether there is one with this key or not.
    pub fn replace<R: RowOf<P>>(&mut self, key: impl IdFor<R::Key>, row: R) {
        self.add::<R>(key, move |_| Ok(Some(row)));
    }

    /// Changes a row. If there is none with this key, the event cannot be folded.
    ///
    /// The type of the row is that of the parameter: `|total: &mut DailyTotal| ..`.
    pub fn change<R: RowOf<P>>(&mut self, key: impl IdFor<R::Key>, change: impl FnOnce(&mut R) + Send + 'static) {
        self.add::<R>(key, move |stored| {
            let mut row = stored.ok_or(NoFold::NothingToChange)?;
            change(&mut row);
            Ok(Some(row))
        });
    }

    /// Changes a row. If there is none with this key, it changes the default row.
    pub fn change_or_default<R: RowOf<P> + Default>(
        &mut self,
        key: impl IdFor<R::Key>,
        change: impl FnOnce(&mut R) + Send + 'static,
    ) {
        self.add::<R>(key, move |stored| {
            let mut row = stored.unwrap_or_default();
            change(&mut row);
            Ok(Some(row))
        });
    }

    /// Removes the row with this key, if there is one: `rows.remove::<LedgerLine>(key)`.
    pub fn remove<R: RowOf<P>>(&mut self, key: impl IdFor<R::Key>) {
        self.add::<R>(key, |_| Ok(None));
    }

    fn add<R: RowOf<P>>(
        &mut self,
        key: impl IdFor<R::Key>,
        fold: impl FnOnce(Option<R>) -> Result<Option<R>, NoFold> + Send + 'static,
    ) {
        match R::stored_key(key) {
            Ok(key) => {
                let fold: FoldOnce<P> = Box::new(move |row| Ok(fold(row.and_then(R::from_row))?.map(R::into_row)));
                self.changes.push((key, fold));
            }
            Err(error) => drop(self.invalid.get_or_insert(error)),
        }
    }

    /// The changes, with the stored keys of their rows.
    pub(super) fn finish(self) -> Result<Vec<(AggregateId, FoldOnce<P>)>, ProjectionFailure> {
        match self.invalid {
            None => Ok(self.changes),
            Some(invalid) => Err(ProjectionFailure::Key(Box::new(invalid))),
        }
    }
}

impl<P: Projection> fmt::Debug for RowChanges<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.changes.iter().map(|(key, _)| key).collect();
        f.debug_struct("RowChanges").field("keys", &keys).finish_non_exhaustive()
    }
}
