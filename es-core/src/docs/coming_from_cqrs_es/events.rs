use es_core::events;

#[events]
#[derive(Debug, Clone, PartialEq)]
pub enum BankAccountEvent {
    #[event(version = 1)]
    AccountOpened { account_id: String },
    #[event(version = 1)]
    CustomerDepositedMoney { amount: i64, balance: i64 },
    #[event(version = 1)]
    CustomerWithdrewCash { amount: i64, balance: i64 },
    #[event(version = 1)]
    CustomerWroteCheck { check_number: String, amount: i64, balance: i64 },
}
