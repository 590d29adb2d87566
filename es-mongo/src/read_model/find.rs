//! Finds rows by filters of MongoDB.

use std::fmt;
use std::future::IntoFuture;

use bson::Document;
use es_core::projection::{Projection, decode_row};
use es_core::read_model::{ReadModel, ReadModelError};
use es_core::store::{BoxFuture, ReadModelId};
use es_core::{Id, StoreError};
use mongodb::options::FindOptions;

use super::{progress, rows};
use crate::store::MongoStore;

/// Finds the rows of a read model by filters of MongoDB.
///
/// The fields have the names under which they are stored: in camelCase, unless `#[serde(..)]`
/// changes them. The key is `_id`. `#[projection(index(cents))]` creates an index, without which a
/// filter on other fields reads all rows.
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
pub trait FindRows<P> {
    /// The rows that a filter matches.
    fn find(&self, filter: Document) -> RowsFound<'_, P>;
}

impl<P: Projection> FindRows<P> for ReadModel<P, MongoStore> {
    fn find(&self, filter: Document) -> RowsFound<'_, P> {
        RowsFound { rows: self, filter, options: FindOptions::default() }
    }
}

/// The rows that a filter matches, with their keys; created by [`FindRows::find`].
///
/// All of them are in memory at once, so [`limit`](Self::limit) a search that may find many.
#[must_use = "nothing is read before it is awaited"]
pub struct RowsFound<'a, P> {
    rows: &'a ReadModel<P, MongoStore>,
    filter: Document,
    options: FindOptions,
}

impl<P> RowsFound<'_, P> {
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

impl<'a, P: Projection> IntoFuture for RowsFound<'a, P> {
    type Output = Result<Vec<(P::Key, P)>, ReadModelError>;
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
                let (key, row) = rows::key_and_row(&row)?;
                let key = P::Key::from_aggregate_id(&key).map_err(StoreError::from)?;
                Ok((key, decode_row(&row)?))
            });
            decoded.collect()
        })
    }
}

impl<P: Projection> fmt::Debug for RowsFound<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowsFound").field("rows", self.rows).field("filter", &self.filter).finish_non_exhaustive()
    }
}
