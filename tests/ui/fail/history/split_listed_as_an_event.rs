//! The aggregate would apply the event itself, and never its parts.

use es_core::{Aggregate, Apply, Context, Init, event};

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

#[derive(Aggregate)]
#[aggregate(init(Opened), events(OpenedAndPaid, Paid))]
pub struct Account;

impl Init<Opened> for Account {
    fn init(_: Opened, _: &Context) -> Self {
        Account
    }
}

impl Apply<Paid> for Account {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

impl Apply<OpenedAndPaid> for Account {
    fn apply(&mut self, _: OpenedAndPaid, _: &Context) {}
}

#[derive(Aggregate)]
#[aggregate(init(OpenedAndPaid), events(Paid))]
pub struct Other;

impl Init<OpenedAndPaid> for Other {
    fn init(_: OpenedAndPaid, _: &Context) -> Self {
        Other
    }
}

impl Apply<Paid> for Other {
    fn apply(&mut self, _: Paid, _: &Context) {}
}

fn main() {}
