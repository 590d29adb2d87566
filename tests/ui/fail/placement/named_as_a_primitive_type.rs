//! serde's code names some primitive types without a path.
#![allow(non_camel_case_types)]

use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct u32 {
    pub value: i64,
}

#[event(version = 1)]
pub struct Moved {
    pub metres: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Moved))]
pub struct bool {
    pub metres: i64,
}

impl Apply<Moved> for bool {
    fn apply(&mut self, event: Moved, _: &Context) {
        self.metres = event.metres;
    }
}

fn main() {}
