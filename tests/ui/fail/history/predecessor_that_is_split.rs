//! An event is read as its successor or as its parts, but not as both.

use es_core::event;

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Paid;

#[event(version = 1, name = "OpenedAndPaid", split(Opened, Paid))]
pub struct OpenedAndPaidV1;

impl From<OpenedAndPaidV1> for (Opened, Paid) {
    fn from(_: OpenedAndPaidV1) -> Self {
        (Opened, Paid)
    }
}

#[event(version = 2, from = OpenedAndPaidV1)]
pub struct OpenedAndPaid;

impl From<OpenedAndPaidV1> for OpenedAndPaid {
    fn from(_: OpenedAndPaidV1) -> Self {
        OpenedAndPaid
    }
}

fn main() {}
