//! Subscriptions: they fold projections, as long as the process runs.
//!
//! ```
//! # use es_core::{event, Aggregate, Apply, Context, Repository};
//! # use es_core::projection::Projection;
//! # #[event(version = 1)]
//! # pub struct Deposited { pub cents: i64 }
//! # #[derive(Aggregate, Default)]
//! # #[aggregate(events(Deposited))]
//! # pub struct Account { cents: i64 }
//! # impl Apply<Deposited> for Account {
//! #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
//! # }
//! #[derive(Projection, Default)]
//! #[projection(version = 1, key = aggregate_id, events(Account(Deposited)))]
//! pub struct Balance { cents: i64 }
//!
//! impl Apply<Deposited> for Balance {
//!     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use es_core::memory::MemoryStore;
//! use es_core::subscription::Subscriptions;
//!
//! let store = MemoryStore::new();
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let subscriptions = Subscriptions::on(&store).project::<Balance>();
//! let running = tokio::spawn(subscriptions.run_until(async { drop(stopped.await) }));
//!
//! let accounts = Repository::<Account>::new(&store);
//! let deposited = accounts.create("alice", Deposited { cents: 500 }).await?;
//! let balance = store.read_model::<Balance>().at_least(deposited.position()).get("alice").await?;
//! assert_eq!(balance.map(|row| row.cents), Some(500));
//!
//! drop(stop);
//! running.await??;
//! # Ok(())
//! # }
//! ```

mod batch;
mod changes;
mod error;
mod fold;
mod handle;
mod health;
mod options;
mod parked;
mod partitions;
mod pending;
mod reader;
mod share;
mod taken;
mod worker;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) use batch::{fold_event, store_row};
pub use error::SubscriptionError;
pub(crate) use fold::before;
pub use handle::{HandleError, Handler};
pub use health::{Health, Lag, PartitionHealth, Problem};
pub use options::{HandlerOptions, ProjectionOptions};
pub use parked::OnError;
pub(crate) use partitions::partition_of;
pub(crate) use taken::Taken;

use crate::feed;
use crate::join::all_beside;
use crate::projection::Projection;
use crate::store::{BoxFuture, FeedFilter, Output, Prepare, ReadModelId, ReadModelStore};
use crate::{AggregateId, EventId, Position, StoreError};
use fold::Fold;
use handle::Handle;
use reader::Reader;
use share::Share;
use worker::{Work, Worker};

/// How long a lease lasts after its last renewal.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// How long a worker without a lease waits before it asks for one again.
const STANDBY: Duration = Duration::from_secs(1);

/// Folds projections into the read models of a store, and calls [handlers](Handler) with its events.
///
/// Each projection continues from its checkpoint, so it folds every event once, in the order of
/// positions, whenever and wherever it runs. If several processes run the same projection, they
/// share its [partitions](ProjectionOptions::partitions): each is folded by one of them. A process
/// that ends gives its partitions back, and those of a process that dies are taken over within
/// seconds. A process that joins gets its share as soon as the others have finished their batch.
///
/// [`run`](Self::run) and [`run_until`](Self::run_until) return futures that run all projections
/// in one task. Only the events of a backlog are decoded in a second one. For more parallelism, run
/// several of these values.
///
/// # An event that cannot be folded
///
/// It stops its partition before the event: nothing is skipped. The [failure] is logged and stored,
/// and a [reader](crate::read_model) that waits gets it. The other partitions and projections
/// continue. The next start continues with the event. If the event was stored by a newer program,
/// no failure is stored, because a process with the newer code takes over.
///
/// The same applies to an event after which two rows would have the same values in a unique index.
///
/// With [`OnError::Park`], such an event closes only the rows that it changes: it is
/// [parked](crate::dead_letters), and the other rows are folded on.
///
/// [failure]: crate::store::Failure
#[must_use = "nothing is folded before `run`, `run_until` or `catch_up`"]
pub struct Subscriptions {
    store: Arc<dyn ReadModelStore>,
    declared: Vec<Declared>,
}

/// A projection or a handler that is to run.
struct Declared {
    prepare: Prepare,
    /// Where it begins if it never ran before.
    from: feed::From,
    share: Arc<Share>,
    start: Box<StartWorkers>,
}

/// Starts a worker for each partition.
type StartWorkers = dyn FnOnce(&Start) -> Vec<Working> + Send;

/// A worker, until it ends.
type Working = BoxFuture<'static, Result<(), SubscriptionError>>;

/// What the workers of a run share.
#[derive(Clone)]
struct Start {
    store: Arc<dyn ReadModelStore>,
    /// The name of this run among the owners of leases.
    owner: Arc<str>,
    stopping: Arc<AtomicBool>,
    until: Until,
}

/// What ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// It does not end by itself.
    Stopped,
    /// When every event up to this position is folded.
    Reached(Option<Position>),
}

impl Subscriptions {
    /// Subscriptions on a store, without any projection yet.
    pub fn on(store: &(impl ReadModelStore + Clone)) -> Self {
        Self { store: Arc::new(store.clone()), declared: Vec::new() }
    }

    /// Folds projection `P`.
    pub fn project<P: Projection>(self) -> Self {
        self.project_with::<P>(|options| options)
    }

    /// Folds projection `P` with options: `|options| options.partitions(4)`.
    pub fn project_with<P: Projection>(self, options: impl FnOnce(ProjectionOptions) -> ProjectionOptions) -> Self {
        let ProjectionOptions { partitions, on_error } = options(ProjectionOptions::new());
        self.add(Fold::<P>::new(on_error), Prepare::of::<P>(partitions), feed::From::beginning())
    }

    /// Calls a [`Handler`] with the events from a position on. If a handler of this name has run
    /// before, it continues from its checkpoint instead.
    pub fn handle(self, name: impl Into<String>, from: feed::From, handler: impl Handler) -> Self {
        self.handle_with(name, from, handler, |options| options)
    }

    /// Calls a [`Handler`] with options: `|options| options.partitions(4)`.
    pub fn handle_with(
        self,
        name: impl Into<String>,
        from: feed::From,
        handler: impl Handler,
        options: impl FnOnce(HandlerOptions) -> HandlerOptions,
    ) -> Self {
        let HandlerOptions { partitions } = options(HandlerOptions::new());
        let declared = match handler.filter() {
            FeedFilter::All => "all events".to_owned(),
            FeedFilter::OfTypes(types) => types.join(", "),
        };
        let model = ReadModelId { name: Cow::Owned(name.into()), version: 1 };
        let (begins_after, output) = (None, Output::Effects);
        let prepare = Prepare { model, declared, partitions, indexes: &[], begins_after, output };
        self.add(Handle::new(handler), prepare, from)
    }

    fn add(mut self, work: impl Work, prepare: Prepare, from: feed::From) -> Self {
        let (work, model, partitions) = (Arc::new(work), prepare.model.clone(), prepare.partitions);
        let share = Arc::new(Share::new(model.clone(), partitions));
        let workers_share = Arc::clone(&share);
        let start = Box::new(move |start: &Start| {
            let reader = Arc::new(Reader::new(Arc::clone(&start.store), Arc::clone(&work), partitions));
            let worker = |number| {
                let (work, reader, share) = (Arc::clone(&work), Arc::clone(&reader), Arc::clone(&workers_share));
                let worker = Worker::new(work, reader, start.clone(), share, model.partition(number), partitions);
                Box::pin(worker.run()) as Working
            };
            (0..partitions).map(worker).collect()
        });
        self.declared.push(Declared { prepare, from, share, start });
        self
    }

    /// Folds every event that is recorded now, and returns. For tests, and for programs that run
    /// from time to time.
    ///
    /// # Errors
    ///
    /// [`SubscriptionError`], also if another process folds one of the projections at the time.
    pub async fn catch_up(self) -> Result<(), SubscriptionError> {
        let until = Until::Reached(self.store.frontier().await?);
        self.work(until, pending()).await
    }

    /// Folds every event that is recorded, and each new one, until all projections have stopped
    /// because of an error.
    ///
    /// If the future is dropped, nothing is lost, but other processes wait until the leases end,
    /// for up to 10 s. [`run_until`](Self::run_until) gives them back.
    ///
    /// # Errors
    ///
    /// [`SubscriptionError`]: why the first of the projections has stopped.
    pub async fn run(self) -> Result<(), SubscriptionError> {
        self.work(Until::Stopped, pending()).await
    }

    /// The same, until `stop` is ready. Then the batches in hand are finished, and the leases are
    /// given back.
    ///
    /// # Errors
    ///
    /// [`SubscriptionError`] if a projection has stopped before.
    pub async fn run_until(self, stop: impl Future<Output = ()> + Send) -> Result<(), SubscriptionError> {
        self.work(Until::Stopped, stop).await
    }

    async fn work(self, until: Until, stop: impl Future<Output = ()> + Send) -> Result<(), SubscriptionError> {
        let Self { store, declared } = self;
        let mut names = HashSet::new();
        for Declared { prepare, .. } in &declared {
            AggregateId::new(&*prepare.model.name).map_err(StoreError::from)?;
            if !names.insert(prepare.model.name.clone()) {
                return Err(SubscriptionError::Twice { name: prepare.model.name.clone().into_owned() });
            }
            if let Some(unique) = prepare.indexes.iter().find(|index| index.is_unique() && prepare.partitions > 1) {
                let (projection, partitions) = (prepare.model.clone(), prepare.partitions);
                return Err(SubscriptionError::UniqueInPartitions {
                    projection,
                    partitions,
                    index: unique.to_string(),
                });
            }
        }
        // A store without a global order refuses it here.
        let now = store.frontier().await?;
        let stopping = Arc::new(AtomicBool::new(false));
        let start = Start { owner: EventId::new().to_string().into(), stopping, until, store };
        let (mut running, mut shares) = (Vec::new(), Vec::new());
        for Declared { mut prepare, from, share, start: run } in declared {
            prepare.begins_after = from.after(now);
            let prepared = start.store.prepare(&prepare).await?;
            check(&prepare, prepared)?;
            running.extend(run(&start));
            shares.push(share);
        }
        let stop = async {
            stop.await;
            start.stopping.store(true, Ordering::Relaxed);
        };
        let ended = all_beside(running, pin!(stop)).await;
        for share in shares {
            share.end(&start).await;
        }
        ended.into_iter().collect()
    }
}

/// Refuses to fold other events, or into other partitions, than the version began with.
fn check(wanted: &Prepare, stored: Prepare) -> Result<(), SubscriptionError> {
    let projection = wanted.model.clone();
    if stored.declared != wanted.declared && wanted.output == Output::Rows {
        let (stored, declared) = (stored.declared, wanted.declared.clone());
        return Err(SubscriptionError::Changed { projection, stored, declared });
    }
    if stored.partitions != wanted.partitions {
        let (stored, wanted) = (stored.partitions, wanted.partitions);
        return Err(SubscriptionError::Partitions { projection, stored, wanted });
    }
    Ok(())
}

impl fmt::Debug for Subscriptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let declared: Vec<_> = self.declared.iter().map(|declared| &declared.prepare).collect();
        f.debug_struct("Subscriptions").field("declared", &declared).finish_non_exhaustive()
    }
}
