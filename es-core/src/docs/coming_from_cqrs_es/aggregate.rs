use es_core::{Aggregate, Apply, Context};

#[derive(Aggregate, Debug, Default)]
#[aggregate(name = "account", events = BankAccountEvent, snapshot(every = 100))]
pub struct BankAccount {
    account_id: String,
    balance: i64,
}

impl Apply<BankAccountEvent> for BankAccount {
    fn apply(&mut self, event: BankAccountEvent, _: &Context) {
        match event {
            BankAccountEvent::AccountOpened { account_id } => self.account_id = account_id,
            BankAccountEvent::CustomerDepositedMoney { balance, .. }
            | BankAccountEvent::CustomerWithdrewCash { balance, .. }
            | BankAccountEvent::CustomerWroteCheck { balance, .. } => self.balance = balance,
        }
    }
}
