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
mod row;
mod row_name;
mod row_type;
mod rows;

pub(crate) use aggregate::{aggregate, is_implemented};
pub(crate) use event::{event, is_serde_derive};
pub(crate) use events::events;
pub(crate) use id::id;
pub(crate) use projection::projection;
pub(crate) use row::row;
pub(crate) use row_name::is_allowed as is_allowed_in_a_name;
