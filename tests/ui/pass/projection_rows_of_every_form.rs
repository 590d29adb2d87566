use es_core::projection::{Project, Projection, Row, RowChanges};
use es_core::{Aggregate, Apply, Context, event, events};

#[event(version = 1)]
struct Closed;

#[events]
enum DoorEvent {
    #[event(version = 1)]
    Opened { by: String },
    #[event]
    Closed(Closed),
}

#[derive(Aggregate, Default)]
#[aggregate(events = DoorEvent)]
struct Door {}

impl Apply<DoorEvent> for Door {
    fn apply(&mut self, _: DoorEvent, _: &Context) {}
}

/// The only type of rows.
#[derive(Row, Default)]
#[row(key = es_core::AggregateId)]
enum State {
    #[default]
    Closed,
    Open {
        by: String,
    },
}

#[derive(Row)]
#[row(key = u32)]
struct Pair(String, #[serde(default)] i64);

#[derive(Row, Default)]
#[row(key = String)]
struct Seen;

#[derive(Projection)]
#[projection(version = 1, rows(State), events(Door))]
struct Doors {}

impl Project<DoorEvent> for Doors {
    fn project(event: DoorEvent, context: &Context, rows: &mut RowChanges<Self>) {
        match event {
            DoorEvent::Opened { by } => rows.replace(context.aggregate_id(), State::Open { by }),
            DoorEvent::Closed(_) => rows.remove::<State>(context.aggregate_id()),
        }
    }
}

/// Other lists of the same rows, which add up.
#[derive(Projection)]
#[projection(version = 1)]
#[projection(rows(Pair))]
#[projection(rows(State, Seen,), events(Door))]
struct Others();

impl Project<DoorEvent> for Others {
    fn project(_: DoorEvent, _: &Context, rows: &mut RowChanges<Self>) {
        rows.insert(7_u32, Pair(String::new(), 1));
        rows.insert("seen", Seen);
    }
}

fn main() {}
