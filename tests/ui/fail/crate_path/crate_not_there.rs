//! A path of the library that does not exist is one error per macro, at the path.

use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1, crate = ::not_there)]
#[derive(Clone)]
pub struct Opened {
    #[serde(default)]
    pub owner: String,
}

#[event(version = 2, from = Opened, name = "Opened", crate = ::not_there)]
pub struct OpenedV2(pub String);

#[event(version = 1, split(Opened, Closed), crate = ::not_there)]
pub enum OpenedAndClosed {
    Early,
    Late { reason: String },
}

#[event(version = 1, crate = ::not_there)]
pub struct Closed<T>(pub T);

#[derive(Aggregate, Default)]
#[aggregate(events(Opened), crate = ::not_there, snapshot(every = 10))]
pub struct Account {
    pub owner: String,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: Opened, _: &Context) {
        self.owner = event.owner;
    }
}

fn main() {}
