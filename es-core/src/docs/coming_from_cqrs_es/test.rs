use es_core::testing::given;

fn main() {
    let deposited = BankAccountEvent::CustomerDepositedMoney { amount: 200_00, balance: 200_00 };
    let withdrew = BankAccountEvent::CustomerWithdrewCash { amount: 100_00, balance: 100_00 };
    given::<BankAccount>(deposited.clone()).when(|account| account.withdraw(100_00)).then(withdrew);
    given::<BankAccount>(deposited)
        .when(|account| account.withdraw(200_01))
        .then_error(BankAccountError("funds not available"));
}
