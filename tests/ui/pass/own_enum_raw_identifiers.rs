#![deny(warnings)]

use es_core::store::EventSet;
use es_core::{Aggregate, Apply, Context, events};

#[events]
#[allow(non_camel_case_types)]
pub enum r#enum {
    #[event(version = 1)]
    r#move { r#type: String, r#fn: u32 },
    #[event(version = 1)]
    r#loop(u32),
    #[event(version = 1)]
    r#struct,
}

#[derive(Aggregate, Default)]
#[aggregate(events = r#enum)]
pub struct Account {
    count: u32,
}

impl Apply<r#enum> for Account {
    fn apply(&mut self, event: r#enum, _: &Context) {
        self.count += match event {
            r#enum::r#move { r#type, r#fn } => r#fn + u32::from(r#type.is_empty()),
            r#enum::r#loop(count) => count,
            r#enum::r#struct => 1,
        };
    }
}

fn main() {
    let names: Vec<_> = r#enum::EVENTS.iter().map(|event| event.event_type).collect();
    assert_eq!(names, ["move", "loop", "struct"]);
}
