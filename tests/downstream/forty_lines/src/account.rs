use es_core::{Aggregate, Apply, Context, Init, event};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Money { pub cents: i64, pub currency: String }

#[event(version = 1)]
pub struct Opened { pub owner: String, pub limit: Money }

#[event(version = 1)]
pub struct Deposited { pub amount: Money }

#[derive(Aggregate, Debug)]
#[aggregate(init(Opened), events(Deposited), snapshot(every = 100, version = 1))]
pub struct Account { pub owner: String, pub limit: Money, pub cents: i64 }

impl Init<Opened> for Account {
    fn init(event: Opened, _: &Context) -> Self {
        Self { owner: event.owner, limit: event.limit, cents: 0 }
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited, _: &Context) {
        self.cents += event.amount.cents;
    }
}

impl Account {
    pub fn deposit(&self, amount: Money) -> Result<Deposited, &'static str> {
        if amount.currency == self.limit.currency && self.cents + amount.cents <= self.limit.cents {
            Ok(Deposited { amount })
        } else {
            Err("more than the limit")
        }
    }
}
