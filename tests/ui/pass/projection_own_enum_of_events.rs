use es_core::projection::Projection;
use es_core::{Aggregate, Apply, Context, events};

#[events]
enum LampEvent {
    #[event(version = 1)]
    Dimmed { level: u32 },
    #[event(version = 1)]
    Broken,
}

#[derive(Aggregate, Default)]
#[aggregate(events = LampEvent)]
struct Lamp {}

impl Apply<LampEvent> for Lamp {
    fn apply(&mut self, _: LampEvent, _: &Context) {}
}

#[derive(Projection, Default)]
#[projection(version = 1, key = aggregate_id, events(Lamp))]
struct Level {
    level: u32,
}

impl Apply<LampEvent> for Level {
    fn apply(&mut self, event: LampEvent, _: &Context) {
        if let LampEvent::Dimmed { level } = event {
            self.level = level;
        }
    }
}

fn main() {}
