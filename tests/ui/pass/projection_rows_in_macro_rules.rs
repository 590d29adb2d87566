use es_core::projection::{Project, Projection, Row, RowChanges};
use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
struct Moved {
    to: String,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Moved))]
struct Door {}

impl Apply<Moved> for Door {
    fn apply(&mut self, _: Moved, _: &Context) {}
}

macro_rules! places {
    ($name:ident, $($row:ty),* ; $key:ty, $first:ident, $second:ident) => {
        #[derive(Row, Default)]
        #[row(key = $key, index(moves))]
        struct $first {
            moves: u64,
        }

        #[derive(Row)]
        #[row(key = $key)]
        struct $second {
            to: String,
        }

        #[derive(Projection)]
        #[projection(version = 1, rows($($row),*), events(Door(Moved)))]
        struct $name;

        impl Project<Moved> for $name {
            fn project(event: Moved, context: &Context, rows: &mut RowChanges<Self>) {
                rows.change_or_default(&event.to, |place: &mut $first| place.moves += 1);
                rows.replace(context.aggregate_id(), $second { to: event.to });
            }
        }
    };
}

places!(Places, Place, Last; String, Place, Last);

fn main() {
    fn inside() {
        #[derive(Row)]
        #[row(key = String)]
        struct Inner {}

        #[derive(Projection)]
        #[projection(version = 1, rows(Inner), events(Door(Moved)))]
        struct Inside;

        impl Project<Moved> for Inside {
            fn project(event: Moved, _: &Context, rows: &mut RowChanges<Self>) {
                rows.replace(event.to, Inner {});
            }
        }
    }
    inside();
}
