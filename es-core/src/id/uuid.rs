//! A UUID identifies an aggregate by its hyphenated text in lower case.

use uuid::Uuid;

use super::integers::by_display;
use super::{Id, IdFor};
use crate::AggregateId;
use crate::error::{BoxError, InvalidId};

by_display!(Uuid);
