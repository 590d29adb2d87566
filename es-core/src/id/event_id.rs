//! The id of an event identifies a row by its 24 hexadecimal digits.

use super::integers::by_display;
use super::{Id, IdFor};
use crate::error::{BoxError, InvalidId};
use crate::{AggregateId, EventId};

by_display!(EventId);
