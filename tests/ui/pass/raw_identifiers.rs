#![allow(non_camel_case_types)]

use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct r#loop {
    pub r#type: String,
}

#[derive(Aggregate, Default)]
#[aggregate(events(r#loop))]
pub struct r#Match {
    r#type: String,
}

impl Apply<r#loop> for r#Match {
    fn apply(&mut self, _: r#loop, _: &Context) {}
}

fn main() {
    let _ = MatchEvent::from(r#loop { r#type: String::new() });
}
