//! serde reads fields by reference, which a packed type does not allow.

use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Weighed {
    pub grams: u32,
}

#[derive(Aggregate, Clone, Copy, Default)]
#[aggregate(events(Weighed), snapshot(every = 1))]
#[repr(packed)]
pub struct Parcel {
    pub gross: bool,
    pub grams: u32,
}

impl Apply<Weighed> for Parcel {
    fn apply(&mut self, event: Weighed, _: &Context) {
        self.grams = event.grams;
    }
}

fn main() {}
