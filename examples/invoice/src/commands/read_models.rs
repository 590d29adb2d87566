//! Folds what was recorded into the read models, and into the search list.

use std::time::{Duration, Instant};

use bson::doc;
use es_core::feed;
use es_core::store::{ReadModelId, ReadModelStore};
use es_core::subscription::{OnError, SubscriptionError, Subscriptions};
use es_mongo::FindRows;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::connect::Connection;
use crate::domain::{CustomerBalance, MonthlyStatement, OpenInvoice, Unposted};
use crate::failure::Failure;
use crate::search_list::SearchList;

/// For how long a call waits for another call that folds. It is longer than the lease of a process
/// that died.
const PATIENCE: Duration = Duration::from_secs(15);

/// The number of invoices that are posted before the rows are folded again.
const PAGE: u32 = 1_000;

/// The number of invoices that are posted at the same time.
const AT_ONCE: usize = 64;

/// Runs a function for the projection of this program that has an id. It is an error if there is none.
macro_rules! for_projection {
    ($model:expr, $function:ident($($argument:expr),*)) => {{
        use crate::domain::{CustomerBalance, MonthlyStatement, OldCustomerBalance, OpenInvoice, Unposted};
        use es_core::store::ReadModelId;
        match $model {
            model if *model == ReadModelId::of::<OpenInvoice>() => $function::<OpenInvoice>($($argument),*).await,
            model if *model == ReadModelId::of::<CustomerBalance>() => {
                $function::<CustomerBalance>($($argument),*).await
            }
            model if *model == ReadModelId::of::<OldCustomerBalance>() => {
                $function::<OldCustomerBalance>($($argument),*).await
            }
            model if *model == ReadModelId::of::<MonthlyStatement>() => {
                $function::<MonthlyStatement>($($argument),*).await
            }
            model if *model == ReadModelId::of::<Unposted>() => $function::<Unposted>($($argument),*).await,
            model => Err(format!("this program does not fold {model}").into()),
        }
    }};
}
pub(super) use for_projection;

/// Every version of every read model that was ever folded.
pub async fn models(connection: &Connection) -> Result<Vec<ReadModelId>, Failure> {
    let mut models: Vec<_> = connection.store.partitions().await?.into_iter().map(|of| of.partition.model).collect();
    models.dedup();
    Ok(models)
}

/// Folds every event that is recorded now.
///
/// A service runs its subscriptions all the time. This program ends after each command, so it first
/// folds what was recorded since.
pub async fn catch_up(connection: &Connection) -> Result<(), Failure> {
    fold(connection).await?;
    while post(connection).await? {
        fold(connection).await?;
    }
    Ok(())
}

async fn fold(connection: &Connection) -> Result<(), Failure> {
    let subscriptions = || {
        Subscriptions::on(&connection.store)
            // One invoice or one customer that cannot be folded does not hold up the others.
            .project_with::<OpenInvoice>(|options| options.on_error(OnError::Park))
            .project_with::<CustomerBalance>(|options| options.on_error(OnError::Park))
            .project::<MonthlyStatement>()
            .project::<Unposted>()
            .handle("invoice_search", feed::From::beginning(), SearchList::of(&connection.store))
    };
    when_free(subscriptions).await
}

/// Folds every event that is recorded now, when no other call does.
pub async fn when_free(subscriptions: impl Fn() -> Subscriptions) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        match subscriptions().catch_up().await {
            Err(SubscriptionError::Held { .. }) if begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            folded => return Ok(folded?),
        }
    }
}

/// Posts to the accounts what events of earlier versions have changed, because until then a customer
/// seems to owe what was paid. Returns whether there was anything to post.
async fn post(connection: &Connection) -> Result<bool, Failure> {
    let unposted = connection.store.read_model::<Unposted>().find(doc! {}).limit(PAGE).await?;
    let is_any = !unposted.is_empty();
    let invoices = connection.invoices();
    let posting = unposted.into_iter().map(|(id, _)| {
        let invoices = invoices.clone();
        async move {
            // Of two concurrent calls, one posts, and the other finds nothing to post.
            let posted = invoices.update(&id, |invoice| invoice.post()).by("posting").caused_by_last_event().await;
            posted.map(drop).map_err(Failure::from)
        }
    });
    stream::iter(posting).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(is_any)
}
