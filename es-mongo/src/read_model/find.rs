//! Finds rows by filters of MongoDB.

use std::fmt;
use std::future::IntoFuture;

use bson::{Document, doc};
use es_core::StoreError;
use es_core::projection::{Projection, RowOf, decode_row};
use es_core::read_model::{ReadModel, ReadModelError};
use es_core::store::{BoxFuture, ReadModelId};
use mongodb::options::FindOptions;

use super::{progress, rows};
use crate::index::of_type;
use crate::store::MongoStore;

/// Finds the rows of a read model by filters of MongoDB.
///
/// The fields have the names under which they are stored: in camelCase, unless `#[serde(..)]`
/// changes them. The key is `_id`. `#[projection(index(cents))]` creates an index, without which a
/// filter on other fields reads all rows.
///
/// If the projection has several types of rows, the rows of one type are found, by
/// `store.read_model::<Ledger>().rows::<DailyTotal>().find(..)`. Their `_id` begins with the name of
/// the type: `daily_total/2026-11-26`.
///
/// A row whose events are [parked](es_core::dead_letters) is found as it was before the first of
/// them, while `get` fails for it. [`DeadLetters::list`](es_core::dead_letters::DeadLetters::list)
/// has the keys of these rows.
///
/// ```no_run
/// # use es_core::{event, Aggregate, Apply, Context};
/// # use es_core::projection::Projection;
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # #[derive(Projection, Default)]
/// # #[projection(version = 1, key = aggregate_id, events(Account(Deposited)))]
/// # pub struct Balance { cents: i64 }
/// # impl Apply<Deposited> for Balance {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # async fn example(store: es_mongo::MongoStore) -> Result<(), Box<dyn std::error::Error>> {
/// use es_mongo::FindRows;
/// use es_mongo::mongodb::bson::doc;
///
/// let balances = store.read_model::<Balance>();
/// for (account, balance) in balances.find(doc! { "cents": { "$lt": 0 } }).sort(doc! { "cents": 1 }).limit(10).await? {
///     println!("{account} {}", balance.cents);
/// }
/// # Ok(())
/// # }
/// ```
pub trait FindRows<P: Projection, R = P> {
    /// The rows that a filter matches.
    fn find(&self, filter: Document) -> RowsFound<'_, P, R>
    where
        R: RowOf<P>;
}

impl<P: Projection, R> FindRows<P, R> for ReadModel<P, MongoStore, R> {
    fn find(&self, filter: Document) -> RowsFound<'_, P, R>
    where
        R: RowOf<P>,
    {
        let filter = match R::NAME {
            None => filter,
            Some(name) => doc! { "$and": [filter, of_type(name)] },
        };
        RowsFound { rows: self, filter, options: FindOptions::default() }
    }
}

/// The rows that a filter matches, with their keys; created by [`FindRows::find`].
///
/// All of them are in memory at once, so [`limit`](Self::limit) a search that may find many.
#[must_use = "nothing is read before it is awaited"]
pub struct RowsFound<'a, P, R = P> {
    rows: &'a ReadModel<P, MongoStore, R>,
    filter: Document,
    options: FindOptions,
}

impl<P, R> RowsFound<'_, P, R> {
    /// The order of the rows.
    pub fn sort(mut self, sort: Document) -> Self {
        self.options.sort = Some(sort);
        self
    }

    /// The largest number of rows.
    pub fn limit(mut self, limit: u32) -> Self {
        self.options.limit = Some(limit.into());
        self
    }

    /// The number of rows that are left out at the beginning.
    pub fn skip(mut self, skip: u64) -> Self {
        self.options.skip = Some(skip);
        self
    }
}

impl<'a, P: Projection, R: RowOf<P>> IntoFuture for RowsFound<'a, P, R> {
    type Output = Result<Vec<(R::Key, R)>, ReadModelError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { rows, filter, options } = self;
            let (store, model) = (rows.store(), ReadModelId::of::<P>());
            let found = loop {
                let found = store.collections().patience.ask(|| {
                    let (store, model, filter, options) =
                        (store.clone(), model.clone(), filter.clone(), options.clone());
                    async move { rows::matching(&store, &model, filter, options).await }
                });
                let (partitions, found) = found.await?;
                let partitions = progress::of_model(&model, partitions)?;
                let checkpoints = partitions.iter().map(|(partition, stored)| progress::checkpoint(partition, stored));
                let checkpoints = checkpoints.collect::<Result<Vec<_>, _>>()?;
                if !checkpoints.is_empty() && checkpoints.iter().all(|checkpoint| rows.accepts(checkpoint)) {
                    break found;
                }
                // It waits for what is missing, or fails.
                rows.ready().await?;
            };
            let decoded = found.into_iter().map(|row| {
                let (stored, row) = rows::key_and_row(&row)?;
                let key = R::key_in(&stored).map_err(StoreError::from)?;
                let row = R::from_row(decode_row::<P>(&stored, &row)?);
                Ok(key.zip(row))
            });
            decoded.filter_map(Result::transpose).collect()
        })
    }
}

impl<P: Projection, R> fmt::Debug for RowsFound<'_, P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowsFound").field("rows", self.rows).field("filter", &self.filter).finish_non_exhaustive()
    }
}
