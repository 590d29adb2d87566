//! Events that a variant of an enum holds as separate types.

use core::marker::PhantomData;

use crate::Event;
use crate::store::EventInfo;

/// An enum of events with a variant that holds an event of this type.
///
/// `#[events]` implements it. `#[aggregate(events = .., init(..))]` requires it, to take the event
/// that begins the aggregate out of the enum.
#[diagnostic::on_unimplemented(
    message = "no variant of `{Self}` holds `{Held}`",
    label = "no variant holds this",
    note = "`init(..)` beside `events = ..` takes the type of an event that a variant of the enum holds: `#[event] Opened({Held})`"
)]
pub trait Holds<Held>: Sized {
    /// Whether this is the variant that holds it.
    fn holds(&self) -> bool;

    /// The event, or the same enum if it is a different variant.
    ///
    /// # Errors
    ///
    /// The enum itself.
    fn take(self) -> Result<Held, Self>;
}

/// Whether a type is an event.
///
/// The constant of the inherent impl takes precedence over that of [`NotEvent`] if its bound holds.
#[derive(Debug)]
pub struct EventProbe<T>(PhantomData<T>);

impl<T: Event> EventProbe<T> {
    /// It is one.
    pub const IS_EVENT: bool = true;
    /// Its stored name.
    pub const NAME: &'static str = T::TYPE;
}

/// The answer of [`EventProbe`] for every other type.
pub trait NotEvent {
    /// It is not an event.
    const IS_EVENT: bool = false;
    /// It has no stored name.
    const NAME: &'static str = "";
}

impl<T> NotEvent for EventProbe<T> {}

/// The description of an enum of events in a list of events.
pub const fn info_of_set(name: &'static str) -> EventInfo {
    EventInfo { event_type: name, version: 1, aliases: &[] }
}

/// An enum of events in a list of events.
///
/// It is listed like an event, so that an assertion about the list is the only error.
#[doc(hidden)]
#[macro_export]
macro_rules! __list_set {
    ($set:ident, $name:literal) => {
        #[automatically_derived]
        impl $crate::__private::Listed for $set {
            const INFO: $crate::__private::EventInfo = $crate::__private::info_of_set($name);
            const KIND: $crate::__private::Kind = $crate::__private::Kind::Set;

            fn is_stored_as(_: &$crate::__private::str) -> $crate::__private::bool {
                false
            }

            fn read<P: $crate::__private::Payload>(
                _: $crate::__private::u32,
                _: &P,
            ) -> $crate::__private::Result<Self, $crate::__private::DecodeError> {
                $crate::__private::Result::Err($crate::__private::DecodeError::UnknownType)
            }

            fn write<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> $crate::__private::Result<S::Ok, S::Error> {
                $crate::__private::serde::Serialize::serialize(self, serializer)
            }

            fn visit<V: $crate::__private::VisitEvents>(_: &mut V) {}
        }
    };
}
