#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("the amount must be positive")]
    NotPositive,
    #[error("the account has only {available} cents")]
    Overdrawn { available: i64 },
}

impl Account {
    pub fn deposit(&self, cents: i64) -> Result<Deposited, Refusal> {
        if cents > 0 { Ok(Deposited { cents }) } else { Err(Refusal::NotPositive) }
    }

    pub fn withdraw(&self, cents: i64) -> Result<Withdrawn, Refusal> {
        match cents {
            ..=0 => Err(Refusal::NotPositive),
            _ if cents > self.cents => Err(Refusal::Overdrawn { available: self.cents }),
            _ => Ok(Withdrawn { cents }),
        }
    }
}
