//! What the macros know about the input, as questions that the other stages ask.

mod aggregate;
mod event;
mod generics;
mod shape;

pub(crate) use aggregate::{Aggregate, Listed};
pub(crate) use event::Event;
pub(crate) use generics::mentions;
pub(crate) use shape::Shape;
