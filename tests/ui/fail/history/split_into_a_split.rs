//! A part is applied as it is. One that is itself split would have to be split again.

use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened;

#[event(version = 1)]
pub struct Paid;

#[event(version = 1, split(Opened, Paid))]
pub struct OpenedAndPaid;

impl From<OpenedAndPaid> for (Opened, Paid) {
    fn from(_: OpenedAndPaid) -> Self {
        (Opened, Paid)
    }
}

#[event(version = 1, split(OpenedAndPaid, Paid))]
pub struct Everything;

impl From<Everything> for (OpenedAndPaid, Paid) {
    fn from(_: Everything) -> Self {
        (OpenedAndPaid, Paid)
    }
}

#[derive(Aggregate, Default)]
#[aggregate(events(Opened, Paid), split(OpenedAndPaid, Everything))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened, _: &Context) {}
}

impl Apply<Paid> for Account {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

fn main() {}
