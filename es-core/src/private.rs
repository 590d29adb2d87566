//! The items that generated code names. They are not part of the public interface and change
//! without notice.
//!
//! All of them are here, primitive types too, because the caller may have shadowed any name,
//! including `std` and `str`.

#[path = "private/event_of.rs"]
mod event_of;
#[path = "private/field.rs"]
pub mod field;
#[path = "private/fits.rs"]
mod fits;
#[path = "private/held.rs"]
mod held;
#[path = "private/names.rs"]
mod names;
#[path = "private/rows.rs"]
mod rows;
#[path = "private/shown.rs"]
mod shown;
#[path = "private/unread.rs"]
mod unread;
#[path = "private/writing.rs"]
mod writing;

pub use core;
pub use core::convert::From;
pub use core::default::Default;
pub use core::fmt;
pub use core::marker::{PhantomData, Send, Sync};
pub use core::option::Option;
pub use core::primitive::{bool, str, u32, u64, usize};
pub use core::result::Result;
pub use core::{assert, panic};
#[cfg(feature = "derive")]
pub use es_derive::SerdeAttributes;
pub use serde;
pub use std;
pub use std::string::String;
pub use std::vec::Vec;
pub use unread::Unread;

pub use self::event_of::{AggregateProbe, EventOf, NotAggregate, assert_complete};
pub use self::fits::{Bson, BsonKey, Fits};
pub use held::{EventProbe, Holds, NotEvent, info_of_set};
pub use names::{List, Message, assert_held, assert_listed, first_clash, first_named, keeps_aliases, same_name};
pub use rows::{assert_row_listed, join_indexes, no_such_row};
pub use shown::{ShowName, Shown};
pub use writing::Writing;

pub use crate::error::{BoxError, DecodeError, FoldError, InvalidId};
pub use crate::id::private::{IdText, NotText, Probe, Text};
pub use crate::projection::{
    Direction, Inputs, Keyed, Keys, Projection, Row, RowIndex, RowName, RowOf, Uniqueness, VisitRows,
};
pub use crate::repository::{FirstEvents, IntoEvents, NextEvents};
pub use crate::store::{Decoded, EventInfo, EventSet, Payload, Sample, VisitEvents, VisitVersions};
pub use crate::{Aggregate, AggregateId, Apply, Context, Event, Id, IdFor, Init, SnapshotPolicy};

/// The block of a mirror.
///
/// serde's derives declare the attribute `serde`. If the path of the library is wrong, the macro is
/// not found either, so the compiler does not see the attributes of the mirror and reports only the
/// path.
#[doc(hidden)]
#[macro_export]
macro_rules! __mirror {
    ($($items:tt)*) => {
        #[doc(hidden)]
        const _: () = { $($items)* };
    };
}

pub use crate::__list_set as list_set;
pub use crate::__mirror as mirror;

/// Whether a description is that of the event at this index of the set.
pub fn is_event_at<E: EventSet>(place: usize, event: &EventInfo) -> bool {
    E::EVENTS.get(place).is_some_and(|own| own.event_type == event.event_type)
}

/// An event that is made from its predecessor, or the parts of an event that is split; `from =
/// Previous` and `split(..)` require it.
///
/// It is `TryFrom` with a better error message. `From` is enough, because it implies `TryFrom`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from its predecessor `{Old}`",
    label = "neither `From<{Old}>` nor `TryFrom<{Old}>` for `{Self}`",
    note = "write `impl From<{Old}> for {Self} {{ fn from(old: {Old}) -> Self {{ .. }} }}`",
    note = "if some stored data cannot be converted, write `impl TryFrom<{Old}> for {Self}` instead, with an `Error` that implements `std::error::Error + Send + Sync`"
)]
pub trait Upcast<Old>: Sized {
    /// Converts the old form into the new one. `version` is the version of the old form.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Upcast`] if the old form cannot be converted.
    fn upcast(old: Old, version: u32) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<Old, New> Upcast<Old> for New
where
    New: TryFrom<Old>,
    New::Error: Into<BoxError>,
{
    #[inline]
    fn upcast(old: Old, version: u32) -> Result<Self, DecodeError> {
        New::try_from(old).map_err(|error| {
            let error: BoxError = error.into();
            DecodeError::Upcast { version, source: error.into() }
        })
    }
}

/// The state with which an aggregate without `init(..)` begins.
///
/// It is `Default` with a better error message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not define how it begins",
    label = "neither `init(..)` nor `Default`",
    note = "list the events that begin it in `#[aggregate(init(..))]`, or implement `Default` for `{Self}`"
)]
pub trait Begin: Sized {
    /// The state before the first event.
    fn begin() -> Self;
}

#[diagnostic::do_not_recommend]
impl<A: Default> Begin for A {
    fn begin() -> Self {
        A::default()
    }
}

/// The row that the first event of a projection without `init(..)` changes.
///
/// It is `Default` with a better error message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not define how a row begins",
    label = "neither `init(..)` nor `Default`",
    note = "list the events that begin a row in `#[projection(init(..))]`, or implement `Default` for `{Self}`"
)]
pub trait BeginRow: Sized {
    /// The row before the first event.
    fn begin_row() -> Self;
}

#[diagnostic::do_not_recommend]
impl<P: Default> BeginRow for P {
    fn begin_row() -> Self {
        P::default()
    }
}

/// A type that supplies the fields that stored data lacks; `#[serde(default)]` on a type requires
/// it.
///
/// It is `Default` with a better error message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Default` to supply a missing field",
    label = "no `Default` for `{Self}`",
    note = "implement `Default` for `{Self}`, or write `#[serde(default)]` on only those fields that may be missing"
)]
pub trait Missing: Sized {
    /// The value that supplies the fields.
    fn missing() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> Missing for T {
    fn missing() -> Self {
        T::default()
    }
}

/// An old event that is read as current events; `#[event(split(..))]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not define what it is split into",
    label = "`{Self}` is listed in `split(..)`",
    note = "write `#[event(version = 1, split(First, Second))]` on `{Self}`, with the events that it is read as"
)]
pub trait Split: Event {
    /// What it is read as: the parts as a tuple, even if there is only one.
    type Parts: PartTuple<Form: Upcast<Self>>;

    /// The parts as events of the set. Nothing else requires that they are, so that a part that is
    /// not an event of the set is a single error.
    fn in_set<E: EventSet>() -> InSet<<Self::Parts as PartTuple>::Form, E>
    where
        Self::Parts: Parts<E>,
    {
        InSet { into_events: <Self::Parts as Parts<E>>::into_events, may_hold: <Self::Parts as Parts<E>>::may_hold }
    }

    /// Reads the event, and converts it into its parts.
    ///
    /// # Errors
    ///
    /// Those of [`Event::decode`], and [`DecodeError::Upcast`].
    fn read_parts<E, P: Payload>(
        set: InSet<<Self::Parts as PartTuple>::Form, E>,
        version: u32,
        payload: &P,
    ) -> Result<Vec<E>, DecodeError> {
        let old = Self::decode(version, payload)?;
        <Self::Parts as PartTuple>::Form::upcast(old, Self::VERSION).map(set.into_events)
    }

    /// Visits the event with the names of the events that its parts can be.
    fn visit_split<E: EventSet, V: VisitEvents>(set: InSet<<Self::Parts as PartTuple>::Form, E>, visitor: &mut V) {
        let parts = E::EVENTS.iter().filter(|event| (set.may_hold)(event));
        visitor.split::<Self>(&parts.map(|event| event.event_type).collect::<Vec<_>>());
    }
}

/// How the parts of a split become events of a set.
#[derive(Debug)]
pub struct InSet<Form, E> {
    into_events: fn(Form) -> Vec<E>,
    may_hold: fn(&EventInfo) -> bool,
}

/// The parts of a split, as a tuple.
pub trait PartTuple {
    /// What the event is converted into: the tuple, or the only part.
    type Form;
}

/// What an old event is split into: events of the set.
pub trait Parts<Set>: PartTuple {
    /// The events, in order.
    fn into_events(parts: Self::Form) -> Vec<Set>;

    /// Whether one of the parts may be an event of this description.
    fn may_hold(event: &EventInfo) -> bool
    where
        Set: EventSet;
}

/// A part of a split.
///
/// It is `IntoEvents` with a better error message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a part of a split, but not an event of `{Set}`",
    label = "this is split into `{Self}`, which is not listed",
    note = "list `{Self}` in `events(..)` or `init(..)`, or name an event that is listed there in `#[event(split(..))]`",
    note = "if `{Self}` is itself split, name the events that it is read as in `#[event(split(..))]`"
)]
pub trait Part<Set>: IntoEvents<Set> {}

#[diagnostic::do_not_recommend]
impl<Set, T: IntoEvents<Set>> Part<Set> for T {}

macro_rules! parts {
    ($(($($name:ident),+) $form:ty;)+) => {$(
        impl<$($name),+> PartTuple for ($($name,)+) {
            type Form = $form;
        }

        impl<Set, $($name: Part<Set>),+> Parts<Set> for ($($name,)+) {
            fn into_events(parts: Self::Form) -> Vec<Set> {
                IntoEvents::into_events(parts)
            }

            fn may_hold(event: &EventInfo) -> bool
            where
                Set: EventSet,
            {
                $(<$name as IntoEvents<Set>>::may_hold(event))||+
            }
        }
    )+};
}

parts! {
    (A) A;
    (A, B) (A, B);
    (A, B, C) (A, B, C);
    (A, B, C, D) (A, B, C, D);
    (A, B, C, D, E) (A, B, C, D, E);
    (A, B, C, D, E, F) (A, B, C, D, E, F);
    (A, B, C, D, E, F, G) (A, B, C, D, E, F, G);
    (A, B, C, D, E, F, G, H) (A, B, C, D, E, F, G, H);
}

/// An event as seen by the set that lists it.
///
/// All generated items are in one trait, so that a type that is not an event causes one error and
/// not several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "write `#[event(version = 1)]` on `{Self}`; if it is generic, serde must be able to write and read its arguments"
)]
pub trait Listed: Sized {
    /// The description of the event.
    const INFO: EventInfo;
    /// What it is, because not everything may be listed.
    const KIND: Kind;

    /// Whether the event is stored under a name, its own or an older one.
    fn is_stored_as(name: &str) -> bool;

    /// Reads the event from the data of any version.
    ///
    /// # Errors
    ///
    /// Those of [`Event::decode`].
    fn read<P: Payload>(version: u32, payload: &P) -> Result<Self, DecodeError>;

    /// Reads the event, as the variant of the set.
    ///
    /// # Errors
    ///
    /// Those of [`Event::decode`].
    #[inline]
    fn read_as<E, P: Payload>(
        version: u32,
        payload: &P,
        variant: impl FnOnce(Self) -> E,
    ) -> Result<Decoded<E>, DecodeError> {
        Self::read(version, payload).map(|event| Decoded::One(variant(event)))
    }

    /// Writes the data of the event.
    ///
    /// # Errors
    ///
    /// The error of the serializer.
    fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Visits the event.
    fn visit<V: VisitEvents>(visitor: &mut V);
}

impl<E: Event> Listed for E {
    const INFO: EventInfo = EventInfo::of::<E>();
    const KIND: Kind = if E::IS_SPLIT { Kind::Split } else { Kind::Event };

    #[inline]
    fn is_stored_as(name: &str) -> bool {
        name == E::TYPE || E::ALIASES.contains(&name)
    }

    #[inline]
    fn read<P: Payload>(version: u32, payload: &P) -> Result<Self, DecodeError> {
        E::decode(version, payload)
    }

    #[inline]
    fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn visit<V: VisitEvents>(visitor: &mut V) {
        visitor.event::<E>();
    }
}

/// What a list of events names.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// An event.
    Event,
    /// An old event that is read as other events.
    Split,
    /// An enum of events.
    Set,
}

/// Reads an event from versions `since` to its own stored version, which all have the same shape.
///
/// # Errors
///
/// Those of [`Event::decode`].
#[inline]
pub fn read_since<E, P>(since: u32, version: u32, payload: &P) -> Result<E, DecodeError>
where
    E: Event,
    P: Payload,
{
    if version < since {
        return Err(DecodeError::UnknownVersion { stored: version });
    }
    if version > E::VERSION {
        return Err(DecodeError::NewerVersion { stored: version, known: E::VERSION });
    }
    payload.decode::<E>().map_err(|source| DecodeError::Data { version, source: source.into() })
}

/// Reads an event of a set whose stored name is read as one event.
///
/// # Errors
///
/// Those of [`EventSet::decode`].
pub fn read_one<E: EventSet, P: Payload>(info: &EventInfo, payload: &P) -> Result<E, DecodeError> {
    match E::decode(info.event_type, info.version, payload)? {
        Decoded::One(event) => Ok(event),
        Decoded::Many(_) | Decoded::Retired => Err(DecodeError::UnknownType),
    }
}

/// The functions of a mirror type if serde refused its attributes, and of a field that cannot be
/// written, so that the error of serde or of the field is the only one.
///
/// The functions that serde generates are inherent and take precedence over these, and so is that of
/// [`Lent`](field::Lent).
pub trait Refused {
    /// Never runs.
    fn serialize<T, S: serde::Serializer>(_: &T, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("serde refused the attributes of this type"))
    }

    /// Never runs.
    fn deserialize<'de, T, D: serde::Deserializer<'de>>(_: D) -> Result<T, D::Error> {
        Err(serde::de::Error::custom("serde refused the attributes of this type"))
    }

    /// Never runs.
    fn lent(self) -> &'static ()
    where
        Self: Sized,
    {
        &()
    }
}

impl<T> Refused for T {}

/// The primitive types that serde's generated code names without a path.
pub mod primitive {
    pub use core::primitive::{bool, str, u8, u16, u32, u64, usize};
}
