//! What the macros know about the input. The later stages ask it questions.

mod aggregate;
mod event;
mod events;
mod generics;
mod id;
mod projection;
mod row;
mod shape;
mod stored_name;

pub(crate) use aggregate::{Aggregate, Listed};
pub(crate) use event::Event;
pub(crate) use events::{Declared, EventVariant, Events, Kind};
pub(crate) use generics::mentions;
pub(crate) use id::{Id, Text};
pub(crate) use projection::{Inputs, Projection, Role};
pub(crate) use row::{Row, RowType};
pub(crate) use shape::Shape;
pub(crate) use stored_name::stored_name;
