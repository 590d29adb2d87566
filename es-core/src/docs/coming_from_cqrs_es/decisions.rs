#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct BankAccountError(&'static str);

impl BankAccount {
    pub fn deposit(&self, amount: i64) -> BankAccountEvent {
        BankAccountEvent::CustomerDepositedMoney { amount, balance: self.balance + amount }
    }

    pub fn withdraw(&self, amount: i64) -> Result<BankAccountEvent, BankAccountError> {
        let balance = self.covering(amount)?;
        Ok(BankAccountEvent::CustomerWithdrewCash { amount, balance })
    }

    pub fn write_check(&self, check_number: &str, amount: i64) -> Result<BankAccountEvent, BankAccountError> {
        let (balance, check_number) = (self.covering(amount)?, check_number.to_owned());
        Ok(BankAccountEvent::CustomerWroteCheck { check_number, amount, balance })
    }

    /// The balance after the amount is paid.
    fn covering(&self, amount: i64) -> Result<i64, BankAccountError> {
        if amount > self.balance {
            return Err(BankAccountError("funds not available"));
        }
        Ok(self.balance - amount)
    }
}
