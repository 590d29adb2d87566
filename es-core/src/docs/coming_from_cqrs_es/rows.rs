use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Row {
    aggregate_id: String,
    payload: OldEvent,
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
enum OldEvent {
    AccountOpened { account_id: String },
    CustomerDepositedMoney { amount: f64, balance: f64 },
    CustomerWithdrewCash { amount: f64, balance: f64 },
    CustomerWroteCheck { check_number: String, amount: f64, balance: f64 },
}

fn cents(amount: f64) -> i64 {
    (amount * 100.0).round() as i64
}

impl From<OldEvent> for BankAccountEvent {
    fn from(old: OldEvent) -> Self {
        match old {
            OldEvent::AccountOpened { account_id } => Self::AccountOpened { account_id },
            OldEvent::CustomerDepositedMoney { amount, balance } => {
                Self::CustomerDepositedMoney { amount: cents(amount), balance: cents(balance) }
            }
            OldEvent::CustomerWithdrewCash { amount, balance } => {
                Self::CustomerWithdrewCash { amount: cents(amount), balance: cents(balance) }
            }
            OldEvent::CustomerWroteCheck { check_number, amount, balance } => {
                Self::CustomerWroteCheck { check_number, amount: cents(amount), balance: cents(balance) }
            }
        }
    }
}
