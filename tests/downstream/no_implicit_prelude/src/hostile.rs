// Names that usually have a different meaning, and events and aggregates among them.
// `tests/tests/hygiene.rs` includes this file too.

/// Not the standard library.
mod std {}
/// Not the core library.
mod core {}
/// Not the library.
mod serde {}
/// Not an option.
struct Option;
/// Not a result.
struct Result;
/// Not a list.
struct Vec;
/// Not a string.
struct String;
/// Not a string either.
struct str;
/// Not a number.
struct u32;
/// Not a truth value.
struct bool;
/// Not a conversion.
trait From {}
/// Not the trait of the library.
trait Event {}
/// Not the trait of the library.
trait EventSet {}
/// Not the trait of the library.
trait Serialize {}
/// Not the trait of the library.
trait Deserialize {}
/// Not the trait of the library.
trait Default {}

#[allow(unused_macros, reason = "nothing may use it")]
macro_rules! panic {
    ($($anything:tt)*) => {
        compile_error!("the wrong macro was called")
    };
}

#[allow(unused_macros, reason = "nothing may use it")]
macro_rules! assert {
    ($($anything:tt)*) => {
        compile_error!("the wrong macro was called")
    };
}

/// The first version.
#[::es_core::event(version = 1, name = "Opened")]
#[derive(Debug)]
pub struct OpenedV1;

/// The current version.
#[::es_core::event(version = 2, from = OpenedV1, alias = "Began")]
#[derive(Debug)]
pub struct Opened {
    /// Who opened it.
    pub owner_name: ::std::string::String,
}

impl ::std::convert::From<OpenedV1> for Opened {
    fn from(_: OpenedV1) -> Self {
        Self { owner_name: ::std::string::String::new() }
    }
}

/// An event with two unnamed fields.
#[::es_core::event(version = 1)]
#[derive(Debug)]
pub struct Moved(pub ::std::string::String, ::std::primitive::u32);

/// An event that is an enum.
#[::es_core::event(version = 1)]
#[derive(Debug)]
pub enum Closed {
    /// In person.
    InPerson,
    /// By mail.
    ByMail {
        /// When the letter came.
        letter_date: ::std::string::String,
    },
}

/// One event that is now two.
#[::es_core::event(version = 1, split(Moved, Closed))]
#[derive(Debug)]
pub struct MovedAndClosed;

impl ::std::convert::From<MovedAndClosed> for (Moved, Closed) {
    fn from(_: MovedAndClosed) -> Self {
        (Moved(::std::string::String::new(), 0), Closed::InPerson)
    }
}

/// An aggregate.
#[derive(::es_core::Aggregate, Debug)]
#[aggregate(
    init(Opened),
    events(Moved, Closed),
    split(MovedAndClosed),
    retired("Locked"),
    snapshot(every = 10, version = 2)
)]
pub struct Account {
    owner_name: ::std::string::String,
    moves: ::std::primitive::u32,
}

impl ::es_core::Init<Opened> for Account {
    fn init(event: Opened, _: &::es_core::Context) -> Self {
        Self { owner_name: event.owner_name, moves: 0 }
    }
}

impl ::es_core::Apply<Moved> for Account {
    fn apply(&mut self, event: Moved, _: &::es_core::Context) {
        self.moves += event.1;
    }
}

impl ::es_core::Apply<Closed> for Account {
    fn apply(&mut self, _: Closed, _: &::es_core::Context) {}
}

/// A state machine without fields, and one with unnamed fields.
#[derive(::es_core::Aggregate, Debug)]
#[aggregate(events(Closed), event_enum = DoorFact)]
pub enum Door {
    /// It is open.
    Open,
    /// It is closed.
    Closed(::std::primitive::u32),
}

impl ::std::default::Default for Door {
    fn default() -> Self {
        Self::Closed(0)
    }
}

impl ::es_core::Apply<Closed> for Door {
    fn apply(&mut self, _: Closed, _: &::es_core::Context) {
        *self = Self::Closed(1);
    }
}

/// A generic aggregate with unnamed fields.
#[derive(::es_core::Aggregate, Debug)]
#[aggregate(events(Closed))]
pub struct Pair<S: ::std::default::Default, __T: ::std::default::Default>(S, __T);

impl<S: ::std::default::Default, __T: ::std::default::Default> ::std::default::Default for Pair<S, __T> {
    fn default() -> Self {
        Self(S::default(), __T::default())
    }
}

impl<S: ::std::default::Default, __T: ::std::default::Default> ::es_core::Apply<Closed> for Pair<S, __T> {
    fn apply(&mut self, _: Closed, _: &::es_core::Context) {}
}

/// The first version of a generic event.
#[::es_core::event(version = 1, name = "Added")]
#[derive(Debug)]
pub struct AddedV1<T> {
    /// What was added.
    pub item: T,
}

/// A generic event, with an older name.
#[::es_core::event(version = 2, from = AddedV1<T>, alias = "Inserted")]
#[derive(Debug)]
pub struct Added<T> {
    /// What was added.
    pub item: T,
    /// How many of it.
    #[serde(rename = "number")]
    pub count: ::std::primitive::u32,
}

impl<T> ::std::convert::From<AddedV1<T>> for Added<T> {
    fn from(old: AddedV1<T>) -> Self {
        Self { item: old.item, count: 1 }
    }
}

/// A generic event that is an enum.
#[::es_core::event(version = 1)]
#[derive(Debug)]
pub enum Swapped<T> {
    /// For nothing.
    Away,
    /// For one thing.
    For(T),
    /// For two things.
    ForTwo {
        /// The one.
        first_item: T,
        /// The other.
        second_item: T,
    },
}

/// A generic aggregate of generic events.
#[derive(::es_core::Aggregate, Debug)]
#[aggregate(events(Added<T>, Swapped<T>))]
pub enum Cart<T> {
    /// The cart is empty.
    Empty,
    /// The cart has an item.
    Full {
        /// The item.
        newest_item: T,
    },
}

#[allow(clippy::derivable_impls, reason = "a derive would require that every item has a default")]
impl<T> ::std::default::Default for Cart<T> {
    fn default() -> Self {
        Self::Empty
    }
}

impl<T> ::es_core::Apply<Added<T>> for Cart<T> {
    fn apply(&mut self, event: Added<T>, _: &::es_core::Context) {
        *self = Self::Full { newest_item: event.item };
    }
}

impl<T> ::es_core::Apply<Swapped<T>> for Cart<T> {
    fn apply(&mut self, _: Swapped<T>, _: &::es_core::Context) {
        *self = Self::Empty;
    }
}

macro_rules! aggregate {
    ($(#[$doc:meta])* $aggregate:ident, $event:ty, $every:expr) => {
        $(#[$doc])*
        #[derive(::es_core::Aggregate, Debug)]
        #[aggregate(init($event), snapshot(every = $every))]
        pub struct $aggregate {
            event: ::std::string::String,
            context: ::std::string::String,
        }

        impl ::es_core::Init<$event> for $aggregate {
            fn init(event: $event, context: &::es_core::Context) -> Self {
                Self {
                    event: event.owner_name,
                    context: ::std::string::ToString::to_string(context.aggregate_id()),
                }
            }
        }
    };
}

aggregate! {
    /// An aggregate from a macro.
    FromMacro, Opened, 10
}

/// The id of a lamp.
#[derive(::es_core::Id, Debug)]
pub struct LampId(::std::primitive::u64);

/// An event that a variant holds.
#[::es_core::event(version = 1)]
#[derive(Debug)]
pub struct LampBought;

/// An older version of a variant.
#[::es_core::event(version = 1, name = "Dimmed")]
#[derive(Debug)]
pub struct DimmedV1;

/// An enum of events, with every kind of variant.
#[::es_core::events(split(MovedAndDimmed), retired("Cleaned"))]
#[derive(Debug)]
pub enum LampEvent {
    /// Bought.
    #[event]
    Bought(LampBought),
    /// Dimmed.
    #[event(version = 2, from = DimmedV1, alias = "Weakened")]
    Dimmed {
        /// How bright it is now.
        new_level: ::std::primitive::u32,
        /// Why.
        #[serde(default, skip_serializing_if = "::std::option::Option::is_none")]
        reason: ::std::option::Option<::std::string::String>,
    },
    /// Moved.
    #[event(version = 1)]
    Moved(::std::string::String, ::std::primitive::u32),
    /// Broken.
    #[event(version = 1)]
    Broken,
}

impl ::std::convert::From<DimmedV1> for LampEvent {
    fn from(_: DimmedV1) -> Self {
        Self::Dimmed { new_level: 0, reason: ::std::option::Option::None }
    }
}

/// One event that is now two.
#[::es_core::event(version = 1, split(LampBought, LampEvent))]
#[derive(Debug)]
pub struct MovedAndDimmed;

impl ::std::convert::From<MovedAndDimmed> for (LampBought, LampEvent) {
    fn from(_: MovedAndDimmed) -> Self {
        (LampBought, LampEvent::Broken)
    }
}

/// An aggregate with an enum of events.
#[derive(::es_core::Aggregate, Debug)]
#[aggregate(events = LampEvent, init(LampBought), id = LampId, snapshot(every = 10))]
pub struct Lamp {
    level: ::std::primitive::u32,
}

impl ::es_core::Init<LampBought> for Lamp {
    fn init(_: LampBought, _: &::es_core::Context) -> Self {
        Self { level: 1 }
    }
}

impl ::es_core::Apply<LampEvent> for Lamp {
    fn apply(&mut self, event: LampEvent, _: &::es_core::Context) {
        if let LampEvent::Dimmed { new_level, .. } = event {
            self.level = new_level;
        }
    }
}

/// The rows of a read model.
#[derive(::es_core::projection::Projection, Debug)]
#[projection(
    version = 1,
    key = aggregate_id,
    init(Lamp(LampBought)),
    events(Lamp, Account(Moved, ..)),
    remove(Account(Closed))
)]
pub struct Brightness {
    level: ::std::primitive::u32,
    #[serde(default)]
    moves: ::std::option::Option<::std::primitive::u32>,
}

impl ::es_core::Init<LampBought> for Brightness {
    fn init(_: LampBought, _: &::es_core::Context) -> Self {
        Self { level: 1, moves: ::std::option::Option::None }
    }
}

impl ::es_core::Apply<LampEvent> for Brightness {
    fn apply(&mut self, _: LampEvent, _: &::es_core::Context) {
        self.level += 1;
    }
}

impl ::es_core::Apply<Moved> for Brightness {
    fn apply(&mut self, event: Moved, _: &::es_core::Context) {
        self.moves = ::std::option::Option::Some(event.1);
    }
}

/// A read model with two types of rows.
#[derive(::es_core::projection::Projection, Debug)]
#[projection(version = 1, rows(Move, LampState), events(Lamp, Account(Moved, ..)))]
pub struct House;

/// A type of rows of a crate.
#[derive(::es_core::projection::Row, Debug)]
#[row(key = ::es_core::EventId, index(to_room, number = -1))]
pub(crate) struct Move {
    to_room: ::std::string::String,
    number: ::std::option::Option<::std::primitive::u32>,
}

/// An enum as a row.
#[derive(::es_core::projection::Row, Debug, Default)]
#[row(key = ::std::string::String, name = "lamp")]
pub enum LampState {
    /// Off.
    #[default]
    Off,
    /// On.
    On {
        /// How bright.
        level: ::std::primitive::u32,
    },
}

impl ::es_core::projection::Project<LampEvent> for House {
    fn project(
        _: LampEvent,
        context: &::es_core::Context,
        rows: &mut ::es_core::projection::RowChanges<Self>,
    ) {
        rows.change_or_default(context.aggregate_id(), |lamp: &mut LampState| *lamp = LampState::On { level: 1 });
    }
}

impl ::es_core::projection::Project<Moved> for House {
    fn project(
        event: Moved,
        context: &::es_core::Context,
        rows: &mut ::es_core::projection::RowChanges<Self>,
    ) {
        let number = ::std::option::Option::Some(event.1);
        rows.insert(context.event_id(), Move { to_room: event.0, number });
    }
}
