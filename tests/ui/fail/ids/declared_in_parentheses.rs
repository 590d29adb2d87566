use es_core::{Aggregate, Apply, Context, Repository, event};


#[event(version = 1)]
pub struct Paid {
    pub cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Paid), id(u64))]
pub struct Invoice {
    cents: i64,
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.cents += event.cents;
    }
}

pub async fn run(invoices: Repository<Invoice>) -> Result<i64, Box<dyn std::error::Error>> {
    invoices.create("7", Paid { cents: 5 }).await?;
    invoices.update("7", |_| Paid { cents: 5 }).await?;
    Ok(invoices.load("7").await?.cents)
}

fn main() {}
