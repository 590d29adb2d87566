use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Opened {
    pub owner: String,
}

#[derive(Aggregate, Default)]
#[aggregate(events = Opened)]
pub struct Account {
    owner: String,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: Opened, _: &Context) {
        self.owner = event.owner;
    }
}

fn main() {}
