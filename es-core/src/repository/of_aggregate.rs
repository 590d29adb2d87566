//! The bound of [`Repository::new`].

use std::marker::PhantomData;
use std::sync::Arc;

use super::{Repository, WriteCheck};
use crate::store::Store;
use crate::{Aggregate, RetryPolicy};

/// A repository of an aggregate: the bound of [`Repository::new`]. Implemented for every aggregate.
// If a bound of an impl is not met, the compiler shows the message of the trait only if the bound
// is on the type itself, and is not derived from a bound on a parameter. It derives none if it has
// two impls to choose from, so there is one for `Nothing` too.
#[diagnostic::on_unimplemented(
    message = "`{A}` is not an aggregate",
    label = "`{A}` is not an aggregate",
    note = "name the aggregate, such as `Repository::<Invoice>::new(&store)`; an aggregate has `#[derive(Aggregate)]` and `#[aggregate(events(..))]`, and the arguments of a generic one can be stored and shared between threads"
)]
pub trait OfAggregate<A> {
    /// The repository of the aggregates in a store.
    #[doc(hidden)]
    fn of_store(store: Arc<dyn Store>) -> Self;
}

impl<A: Aggregate> OfAggregate<A> for Repository<A> {
    fn of_store(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            retry: RetryPolicy::default(),
            snapshots: A::SNAPSHOT_POLICY,
            write_check: WriteCheck::default(),
            imports_are_repeated: Arc::default(),
            queues: Arc::default(),
            cache: None,
            aggregate: PhantomData,
        }
    }
}

impl<A, N: Nothing> OfAggregate<A> for N {
    fn of_store(_: Arc<dyn Store>) -> Self {
        N::nothing()
    }
}

/// No type implements it.
pub trait Nothing {
    /// Never runs.
    fn nothing() -> Self;
}
