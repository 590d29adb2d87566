use es_core::{Aggregate, Apply, Context, Init};

#[derive(Aggregate, Debug)]
#[aggregate(init(Opened), events(Deposited, Withdrawn))]
pub struct Account {
    pub owner: String,
    pub cents: i64,
}

impl Init<Opened> for Account {
    fn init(event: Opened, _: &Context) -> Self {
        Self { owner: event.owner, cents: 0 }
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited, _: &Context) {
        self.cents += event.cents;
    }
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, event: Withdrawn, _: &Context) {
        self.cents -= event.cents;
    }
}
