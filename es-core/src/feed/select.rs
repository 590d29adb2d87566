//! The aggregates that are followed, as types.

use std::marker::PhantomData;

use crate::store::StoredEvent;
use crate::{Aggregate, RecordedEvent, StoreError};

/// The selection of a feed of all events.
#[derive(Debug, Clone, Copy)]
pub enum AllEvents {}

/// The selection of a feed of the events of aggregate `A`, and of those that were chosen before.
#[derive(Debug)]
pub struct Of<A, Before = AllEvents> {
    chosen: PhantomData<fn() -> (A, Before)>,
}

/// The events of all aggregates of a selection can be read as a `T`.
#[diagnostic::on_unimplemented(
    message = "the events of the followed aggregates cannot be read as `{T}`",
    label = "`{T}` does not implement `From` for the events of each followed aggregate",
    note = "write an enum with a variant for the events of each aggregate, and `impl From<..Event>` for each"
)]
pub trait ReadAs<T>: sealed::Sealed {
    /// Reads a stored event as the events that it means.
    ///
    /// # Errors
    ///
    /// [`StoreError::Decode`], which names the event.
    #[doc(hidden)]
    fn decode(event: &StoredEvent<'_>) -> Result<Vec<RecordedEvent<T>>, StoreError>;
}

impl<T> ReadAs<T> for AllEvents {
    /// The feed has no events of other aggregates.
    fn decode(_: &StoredEvent<'_>) -> Result<Vec<RecordedEvent<T>>, StoreError> {
        Ok(Vec::new())
    }
}

#[diagnostic::do_not_recommend]
impl<T: From<A::Event>, A: Aggregate, Before: ReadAs<T>> ReadAs<T> for Of<A, Before> {
    fn decode(event: &StoredEvent<'_>) -> Result<Vec<RecordedEvent<T>>, StoreError> {
        if event.aggregate_type != A::TYPE {
            return Before::decode(event);
        }
        Ok(event.decode::<A::Event>()?.map(|data| event.record(data.into())).into_vec())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AllEvents {}
    impl<A, Before> Sealed for super::Of<A, Before> {}
}
