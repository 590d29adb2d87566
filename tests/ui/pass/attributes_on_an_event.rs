//! An event may have any attribute of the compiler.
#![deny(warnings)]

use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
#[allow(non_camel_case_types)]
pub struct account_opened {
    pub owner: String,
}

#[event(version = 1)]
#[expect(non_camel_case_types, reason = "the name is stored")]
pub struct name_changed {
    pub name: String,
}

#[event(version = 1)]
#[deny(non_camel_case_types)]
#[must_use = "an event is recorded"]
#[non_exhaustive]
#[derive(Debug)]
pub struct Closed {
    pub reason: String,
}

#[event(version = 1)]
#[non_exhaustive]
#[must_use]
pub enum Moved {
    Far { metres: u32 },
    #[non_exhaustive]
    Near { steps: u32 },
}

#[event(version = 1)]
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Weighed {
    pub grams: u32,
    pub gross: bool,
}

#[derive(Aggregate, Default)]
#[aggregate(events(account_opened, name_changed, Closed, Moved, Weighed), snapshot(every = 1))]
#[must_use]
#[non_exhaustive]
#[allow(non_camel_case_types)]
pub struct account {
    pub name: String,
}

impl Apply<account_opened> for account {
    fn apply(&mut self, event: account_opened, _: &Context) {
        self.name = event.owner;
    }
}

impl Apply<name_changed> for account {
    fn apply(&mut self, event: name_changed, _: &Context) {
        self.name = event.name;
    }
}

impl Apply<Closed> for account {
    fn apply(&mut self, event: Closed, _: &Context) {
        self.name = event.reason;
    }
}

impl Apply<Moved> for account {
    fn apply(&mut self, _: Moved, _: &Context) {}
}

impl Apply<Weighed> for account {
    fn apply(&mut self, _: Weighed, _: &Context) {}
}

fn main() {
    let event = accountEvent::from(Closed { reason: String::new() });
    match event {
        accountEvent::Closed(closed) => drop(closed),
        _ => unreachable!(),
    }
}
