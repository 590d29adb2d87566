//! Events: facts with a stored name and a version, and the set of them that an aggregate records.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::__private::read_since;
use crate::error::{Panicked, SharedError};

/// Any error, boxed: what a store or a format reports below this crate's own errors.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A fact that was recorded, in the form of one version.
///
/// `#[event(version = 1)]` implements it; an aggregate names its events in
/// `#[aggregate(events(..))]`. Each version of a fact is a type. The aggregate applies the newest
/// version. Every older version is kept so that stored events stay readable forever, through its
/// `From` or `TryFrom` to the next version.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "write `#[event(version = 1)]` on `{Self}`"
)]
pub trait Event: Serialize + DeserializeOwned + 'static {
    /// The stored name of the fact, the same for all its versions.
    const TYPE: &'static str;
    /// The version that this type is, from 1.
    const VERSION: u32;
    /// Older names under which the fact may be stored too.
    const ALIASES: &'static [&'static str] = &[];
    /// Whether the fact is read as other events: `#[event(split(..))]`.
    const IS_SPLIT: bool = false;

    /// Reads the fact from what `version` stored, through every version between.
    ///
    /// The default reads only the version of this type. `#[event]` generates the rest.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the version is newer than this type, or if the data does not fit the
    /// version.
    fn decode<P: Payload>(version: u32, payload: &P) -> Result<Self, DecodeError> {
        read_since(Self::VERSION, version, payload)
    }

    /// Visits this version of the fact and every older one, the newest first. The [schema
    /// lock](crate::schema) uses it.
    ///
    /// `#[event]` generates it. An event without it cannot be locked.
    fn visit_versions<V: VisitVersions>(visitor: &mut V) {
        let _ = visitor;
    }
}

/// Visits each version of an event as a type.
pub trait VisitVersions {
    /// Version `E::VERSION`, and those before it from `since` on, are stored as an `E`.
    fn version<E: Event>(&mut self, since: u32);
}

/// Visits each event of an aggregate as a type.
pub trait VisitEvents {
    /// An event that the aggregate reads, in its newest version.
    fn event<E: Event>(&mut self);

    /// An old event that is read as current events. `parts` are the names of the events that it can
    /// be, in the order of the set.
    fn split<E: Event>(&mut self, parts: &[&'static str]) {
        let _ = parts;
        self.event::<E>();
    }

    /// A stored name that no longer matters.
    fn retired(&mut self, name: &'static str);
}

/// The stored data of one event, in the format of the store.
pub trait Payload {
    /// Reads the data as a `T`.
    ///
    /// # Errors
    ///
    /// The error of the format if the data is not a `T`.
    fn decode<T: DeserializeOwned>(&self) -> Result<T, BoxError>;
}

impl<P: Payload> Payload for &P {
    fn decode<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        (**self).decode()
    }
}

/// All events of one aggregate as one type: the enum that `#[derive(Aggregate)]` generates, or your
/// own enum with `#[events]`.
///
/// It serializes as the data of the event that it holds; name and version are stored beside the
/// data.
///
/// # Matching on every event
///
/// Both are plain enums in the module of the aggregate. A `match` without a wildcard does not
/// compile until it handles every event:
///
/// ```
/// # use es_core::{event, Aggregate, Apply, Context};
/// #[event(version = 1)]
/// #[derive(Debug, Clone, PartialEq)]
/// pub struct Deposited { pub cents: i64 }
///
/// #[event(version = 1)]
/// #[derive(Debug, Clone, PartialEq)]
/// pub struct Withdrawn { pub cents: i64 }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(events(Deposited, Withdrawn), event_enum(Clone, PartialEq))]
/// pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account {
/// #     fn apply(&mut self, event: Deposited, _: &Context) { self.cents += event.cents; }
/// # }
/// # impl Apply<Withdrawn> for Account {
/// #     fn apply(&mut self, event: Withdrawn, _: &Context) { self.cents -= event.cents; }
/// # }
///
/// fn line(event: &AccountEvent) -> String {
///     match event {
///         AccountEvent::Deposited(deposited) => format!("+{}", deposited.cents),
///         AccountEvent::Withdrawn(Withdrawn { cents }) => format!("-{cents}"),
///     }
/// }
///
/// let event = AccountEvent::from(Withdrawn { cents: 200 });
/// assert_eq!(line(&event), "-200");
/// assert_eq!(format!("{event:?}"), "Withdrawn { cents: 200 }");
/// ```
///
/// # Your own enum
///
/// ```
/// use es_core::{Aggregate, Apply, Context, event, events};
///
/// #[events]
/// #[derive(Debug, Clone, PartialEq)]
/// pub enum AccountEvent {
///     #[event(version = 2, from = DepositedV1)]
///     Deposited { cents: i64, reference: Option<String> },
///     #[event(version = 1)]
///     Withdrawn(i64),
///     #[event(version = 1, name = "AccountLocked")]
///     Locked,
/// }
///
/// #[event(version = 1, name = "Deposited")]
/// pub struct DepositedV1 { pub cents: i64 }
///
/// impl From<DepositedV1> for AccountEvent {
///     fn from(old: DepositedV1) -> Self { Self::Deposited { cents: old.cents, reference: None } }
/// }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(events = AccountEvent)]
/// pub struct Account { cents: i64, is_locked: bool }
///
/// impl Apply<AccountEvent> for Account {
///     fn apply(&mut self, event: AccountEvent, _: &Context) {
///         match event {
///             AccountEvent::Deposited { cents, .. } => self.cents += cents,
///             AccountEvent::Withdrawn(cents) => self.cents -= cents,
///             AccountEvent::Locked => self.is_locked = true,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the set of an aggregate's events",
    label = "not a set of events",
    note = "write `#[events]` on your enum of events, or `events(..)` with the types of the events; `#[derive(Aggregate)]` then generates the enum"
)]
pub trait EventSet: Serialize + Sized + 'static {
    /// Every event of the set, in its newest version, as declared.
    const EVENTS: &'static [EventInfo];

    /// The description of this event: one of [`EVENTS`](Self::EVENTS).
    fn info(&self) -> &'static EventInfo;

    /// The stored name of this event.
    fn event_type(&self) -> &'static str {
        self.info().event_type
    }

    /// The version of this event.
    fn event_version(&self) -> u32 {
        self.info().version
    }

    /// Picks the type by stored name and version, and reads it.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the name is unknown, the version is newer than the code, or the data does
    /// not fit.
    fn decode<P: Payload>(event_type: &str, version: u32, payload: &P) -> Result<Decoded<Self>, DecodeError>;

    /// Visits every event, every split and every retired name, as declared. The [schema
    /// lock](crate::schema) and [`EventSources`](crate::store::EventSources) use it.
    ///
    /// `#[derive(Aggregate)]` generates it. A set without it cannot be locked.
    fn visit_events<V: VisitEvents>(visitor: &mut V) {
        let _ = visitor;
    }
}

/// A value that is stored as the data of one event: an event of any version, or an enum with
/// `#[events]`. The test kit and the schema lock take it as a sample.
///
/// `#[event]` and `#[events]` implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "write `#[event(version = 1)]` on `{Self}`, or `#[events]` if it is your enum of events"
)]
pub trait Sample: Serialize + Sized {
    /// The description of the event.
    fn sample_info(&self) -> EventInfo;

    /// Reads such a value from the data of an event.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the data is that of a different event, or does not fit its version.
    fn read_sample<P: Payload>(info: &EventInfo, payload: &P) -> Result<Self, DecodeError>;
}

impl<E: Event> Sample for E {
    fn sample_info(&self) -> EventInfo {
        EventInfo::of::<E>()
    }

    fn read_sample<P: Payload>(info: &EventInfo, payload: &P) -> Result<Self, DecodeError> {
        E::decode(info.version, payload)
    }
}

/// The description of one event: its stored name, its newest version, and its older names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventInfo {
    /// The stored name.
    pub event_type: &'static str,
    /// The newest version.
    pub version: u32,
    /// Older names that are still read.
    pub aliases: &'static [&'static str],
}

impl EventInfo {
    /// The description of event `E`.
    pub const fn of<E: Event>() -> Self {
        Self { event_type: E::TYPE, version: E::VERSION, aliases: E::ALIASES }
    }
}

/// What one stored event means to the current code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<E> {
    /// One event.
    One(E),
    /// Any number of events: the stored one is split. They share its sequence. If there are none,
    /// the event still counts in the stream.
    Many(Vec<E>),
    /// Nothing: the aggregate declares the name as `retired("…")`. The event still counts in the
    /// stream.
    Retired,
}

impl<E> Decoded<E> {
    /// The same, with `map` applied to every event.
    pub fn map<T>(self, mut map: impl FnMut(E) -> T) -> Decoded<T> {
        match self {
            Self::One(event) => Decoded::One(map(event)),
            Self::Many(events) => Decoded::Many(events.into_iter().map(map).collect()),
            Self::Retired => Decoded::Retired,
        }
    }

    /// Whether it has no events.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::One(_) => false,
            Self::Many(events) => events.is_empty(),
            Self::Retired => true,
        }
    }

    /// The last of the events, if there are any.
    pub fn last(&self) -> Option<&E> {
        match self {
            Self::One(event) => Some(event),
            Self::Many(events) => events.last(),
            Self::Retired => None,
        }
    }

    /// The events as a list: none, one or several.
    pub fn into_vec(self) -> Vec<E> {
        match self {
            Self::One(event) => vec![event],
            Self::Many(events) => events,
            Self::Retired => Vec::new(),
        }
    }
}

/// This program cannot read a stored event.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The stored name is neither an event of the aggregate nor retired.
    #[error(
        "its type is unknown; list the event in `events(..)`, or its name in `retired(..)` if it no longer matters"
    )]
    UnknownType,
    /// The event was stored by a newer version of the code.
    #[error("it has version {stored}, but this program knows only versions up to {known}; update the program")]
    NewerVersion {
        /// The version that was stored.
        stored: u32,
        /// The newest version that the code declares.
        known: u32,
    },
    /// No declared version of the event has this number.
    #[error("it has version {stored}, which no declared version reads")]
    UnknownVersion {
        /// The version that was stored.
        stored: u32,
    },
    /// The data does not fit its version.
    #[error("its data does not fit version {version}")]
    Data {
        /// The version whose type was read.
        version: u32,
        /// What the format reported.
        source: SharedError,
    },
    /// The data is read, but `TryFrom` does not convert it into the next version, or into the parts
    /// of a split.
    #[error("its version {version} cannot be converted into what the program reads now")]
    Upcast {
        /// The version that was converted.
        version: u32,
        /// The error of the conversion.
        source: SharedError,
    },
    /// The code that reads the event panicked: an upcast, or a deserializer.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

/// One event of a set, several events, or none.
///
/// Implemented for every event of the set, the set itself, `()`, and `Option`, `Vec`, arrays and
/// tuples of these. [`FirstEvents`] determines which of them can begin an aggregate, and
/// [`NextEvents`] which of them a decision can return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event, or a collection of events, of `{E}`",
    label = "not an event of this aggregate",
    note = "use an event that the aggregate lists in `events(..)` or `init(..)`, or an `Option`, `Vec`, array or tuple of them"
)]
pub trait IntoEvents<E> {
    /// Adds the events to the list, in order.
    fn push_into(self, events: &mut Vec<E>);

    /// Whether a value of this type may hold an event of this description. The default is yes.
    fn may_hold(event: &EventInfo) -> bool
    where
        E: EventSet,
    {
        let _ = event;
        true
    }

    /// The events as a list.
    fn into_events(self) -> Vec<E>
    where
        Self: Sized,
    {
        let mut events = Vec::new();
        self.push_into(&mut events);
        events
    }
}

/// What can begin an aggregate: events of which the first is one of `init(..)`, or any events if
/// the aggregate has no `init(..)`.
///
/// `#[derive(Aggregate)]` implements it. What the type leaves open is checked before anything is
/// written: the first event in a `Vec`, and the event in the enum of all events.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot begin an aggregate whose events are `{E}`",
    label = "this aggregate cannot begin with this",
    note = "an aggregate begins with an event that it lists in `init(..)`, or in `events(..)` if it has no `init(..)`; pass that event, or an `Option`, `Vec`, array or tuple that begins with it; a `Result` needs `?` first"
)]
pub trait FirstEvents<E>: IntoEvents<E> {}

/// What a decision can return: events that can follow once an aggregate has begun, which are those
/// of `events(..)`, `informs(..)` and `ends(..)`.
///
/// `#[derive(Aggregate)]` implements it. What the type leaves open is checked before anything is
/// written: the events in the enum of all events.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot change an aggregate whose events are `{E}`",
    label = "this cannot follow once the aggregate has begun",
    note = "a decision returns events that the aggregate lists in `events(..)`, or an `Option`, `Vec`, array or tuple of them; an event that only `init(..)` lists can only be the first event of `create`"
)]
pub trait NextEvents<E>: IntoEvents<E> {}

impl<E> IntoEvents<E> for () {
    fn push_into(self, _events: &mut Vec<E>) {}

    fn may_hold(_event: &EventInfo) -> bool
    where
        E: EventSet,
    {
        false
    }
}

impl<E> FirstEvents<E> for () {}

impl<E> NextEvents<E> for () {}

macro_rules! collections {
    ($(($($count:ident)?) $collection:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<E, T: IntoEvents<E> $(, const $count: usize)?> IntoEvents<E> for $collection {
            #[allow(clippy::needless_for_each, reason = "Clippy warns about a loop over an `Option` too")]
            fn push_into(self, events: &mut Vec<E>) {
                self.into_iter().for_each(|decided| decided.push_into(events));
            }

            fn may_hold(event: &EventInfo) -> bool
            where
                E: EventSet,
            {
                T::may_hold(event)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<E, T: FirstEvents<E> $(, const $count: usize)?> FirstEvents<E> for $collection {}

        #[diagnostic::do_not_recommend]
        impl<E, T: NextEvents<E> $(, const $count: usize)?> NextEvents<E> for $collection {}
    )+};
}

collections! {
    () Option<T>;
    () Vec<T>;
    (N) [T; N];
}

macro_rules! tuples {
    ($(($first:ident $(, $name:ident)*))+) => {$(
        #[diagnostic::do_not_recommend]
        impl<Set, $first: IntoEvents<Set> $(, $name: IntoEvents<Set>)*> IntoEvents<Set> for ($first, $($name,)*) {
            #[allow(non_snake_case, reason = "one identifier serves as type and as binding")]
            fn push_into(self, events: &mut Vec<Set>) {
                let ($first, $($name,)*) = self;
                $first.push_into(events);
                $($name.push_into(events);)*
            }

            fn may_hold(event: &EventInfo) -> bool
            where
                Set: EventSet,
            {
                $first::may_hold(event) $(|| $name::may_hold(event))*
            }
        }

        #[diagnostic::do_not_recommend]
        impl<Set, $first: FirstEvents<Set> $(, $name: NextEvents<Set>)*> FirstEvents<Set> for ($first, $($name,)*) {}

        #[diagnostic::do_not_recommend]
        impl<Set, $first: NextEvents<Set> $(, $name: NextEvents<Set>)*> NextEvents<Set> for ($first, $($name,)*) {}
    )+};
}

tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) (A, B, C, D, E, F, G) (A, B, C, D, E, F, G, H) }
