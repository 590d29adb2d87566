use es_core::{Aggregate, Apply, Context, Init, event};

#[event(version = 1)]
pub struct Opened {
    pub owner: String,
}

#[event(version = 1)]
pub struct Deposited {
    pub cents: i64,
}

#[event(version = 1)]
pub struct StatementSent {
    pub address: String,
}

#[event(version = 1)]
pub struct InterestGranted {
    pub cents: i64,
}

#[event(version = 1)]
pub struct Closed;

#[derive(Aggregate, Debug, Clone)]
#[aggregate(init(Opened), events(Deposited, InterestGranted), informs(StatementSent), ends(Closed))]
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

impl Apply<InterestGranted> for Account {
    fn apply(&mut self, event: InterestGranted, _: &Context) {
        self.cents += event.cents;
    }
}
