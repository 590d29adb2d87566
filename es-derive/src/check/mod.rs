//! What cannot be said of one key alone. Each file is a table of contents, then one function a rule.

mod aggregate;
mod event;
mod fields;
mod item;

pub(crate) use aggregate::aggregate;
pub(crate) use event::{event, is_serde_derive};
