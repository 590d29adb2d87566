use es_core::{Aggregate, Answer, Apply, Context, Init, event};

#[event(version = 1)]
#[derive(Debug)]
pub struct Issued {
    pub cents: i64,
}

#[event(version = 1)]
#[derive(Debug)]
pub struct Paid {
    pub cents: i64,
    pub reference: Option<String>,
}

#[derive(Aggregate, Debug)]
#[aggregate(init(Issued), events(Paid), snapshot(every = 100, version = 1))]
pub struct Invoice {
    pub open_cents: i64,
}

impl Init<Issued> for Invoice {
    fn init(event: Issued, _: &Context) -> Self {
        Self { open_cents: event.cents }
    }
}

impl Apply<Paid> for Invoice {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.open_cents -= event.cents;
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("the amount must be positive")]
    NotPositive,
    #[error("only {open_cents} cents are open")]
    TooMuch { open_cents: i64 },
}

impl Invoice {
    pub fn issue(cents: i64) -> Result<Issued, Refusal> {
        if cents > 0 { Ok(Issued { cents }) } else { Err(Refusal::NotPositive) }
    }

    /// Pays a part of the invoice. The answer is what remains open.
    pub fn pay(&self, cents: i64) -> Result<Answer<i64, Paid>, Refusal> {
        match cents {
            ..=0 => Err(Refusal::NotPositive),
            _ if cents > self.open_cents => Err(Refusal::TooMuch { open_cents: self.open_cents }),
            _ => Ok(Answer(self.open_cents - cents, Paid { cents, reference: None })),
        }
    }
}
