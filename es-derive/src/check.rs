//! Rules that involve more than one key. Each file starts with an overview, followed by one
//! function per rule.

mod aggregate;
mod event;
mod events;
mod fields;
mod id;
mod indexes;
mod item;
mod projection;

pub(crate) use aggregate::{aggregate, is_implemented};
pub(crate) use event::{event, is_serde_derive};
pub(crate) use events::events;
pub(crate) use id::id;
pub(crate) use projection::projection;
