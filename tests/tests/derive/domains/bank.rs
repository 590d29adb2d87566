//! A bank account that an ATM and checks draw on. One enum of events, with the data in its
//! variants.

use es_core::memory::MemoryStore;
use es_core::testing::given;
use es_core::{Aggregate, Apply, Context, Repository, UpdateError, events};

#[events]
#[derive(Debug, Clone, PartialEq)]
pub enum AccountEvent {
    #[event(version = 1)]
    Opened,
    #[event(version = 1)]
    Deposited { cents: i64, balance: i64 },
    #[event(version = 1)]
    Withdrew { cents: i64, balance: i64 },
    #[event(version = 1)]
    WroteCheck { number: String, cents: i64, balance: i64 },
}

use AccountEvent::{Deposited, Opened, Withdrew, WroteCheck};

#[derive(Aggregate, Debug, Default)]
#[aggregate(events = AccountEvent)]
pub struct Account {
    balance: i64,
}

impl Apply<AccountEvent> for Account {
    fn apply(&mut self, event: AccountEvent, _: &Context) {
        self.balance = match event {
            Opened => 0,
            Deposited { balance, .. } | Withdrew { balance, .. } | WroteCheck { balance, .. } => balance,
        }
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("the account has only {balance} cents")]
    FundsNotAvailable { balance: i64 },
    #[error("the rules of the ATM forbid it")]
    AtmRuleViolated,
    #[error("the check is invalid")]
    CheckInvalid,
}

/// The answer of a service. It is asked before the decision, because a decision may run twice.
pub type Verdict = Result<(), Refusal>;

impl Account {
    pub fn deposit(&self, cents: i64) -> AccountEvent {
        Deposited { cents, balance: self.balance + cents }
    }

    pub fn withdraw(&self, cents: i64, atm: Verdict) -> Result<AccountEvent, Refusal> {
        let balance = self.balance_without(cents)?;
        atm.map(|()| Withdrew { cents, balance })
    }

    pub fn write_check(&self, number: &str, cents: i64, check: Verdict) -> Result<AccountEvent, Refusal> {
        let balance = self.balance_without(cents)?;
        check.map(|()| WroteCheck { number: number.into(), cents, balance })
    }

    fn balance_without(&self, cents: i64) -> Result<i64, Refusal> {
        let balance = self.balance;
        if balance < cents { Err(Refusal::FundsNotAvailable { balance }) } else { Ok(balance - cents) }
    }
}

fn deposited() -> AccountEvent {
    Deposited { cents: 200, balance: 200 }
}

#[test]
fn a_deposit_increases_the_balance() {
    given::<Account>(Opened).when(|account| account.deposit(200)).then(deposited());
    given::<Account>((Opened, deposited()))
        .when(|account| account.deposit(200))
        .then(Deposited { cents: 200, balance: 400 });
}

#[test]
fn the_atm_and_the_balance_limit_a_withdrawal() {
    let rich = || given::<Account>((Opened, deposited()));
    rich().when(|account| account.withdraw(100, Ok(()))).then(Withdrew { cents: 100, balance: 100 });
    rich().when(|account| account.withdraw(100, Err(Refusal::AtmRuleViolated))).then_error(Refusal::AtmRuleViolated);
    given::<Account>(Opened)
        .when(|account| account.withdraw(200, Ok(())))
        .then_error(Refusal::FundsNotAvailable { balance: 0 });
}

#[test]
fn a_check_must_be_valid_and_covered() {
    let rich = || given::<Account>((Opened, deposited()));
    rich().when(|account| account.write_check("1170", 100, Ok(()))).then(WroteCheck {
        number: "1170".into(),
        cents: 100,
        balance: 100,
    });
    rich()
        .when(|account| account.write_check("1170", 100, Err(Refusal::CheckInvalid)))
        .then_error(Refusal::CheckInvalid);
    given::<Account>(Opened)
        .when(|account| account.write_check("1170", 200, Ok(())))
        .then_error(Refusal::FundsNotAvailable { balance: 0 });
}

#[tokio::test]
async fn the_atm_is_asked_before_the_account_decides() -> Result<(), Box<dyn std::error::Error>> {
    async fn ask_atm(cents: i64) -> Verdict {
        tokio::task::yield_now().await;
        if cents <= 100 { Ok(()) } else { Err(Refusal::AtmRuleViolated) }
    }

    let accounts = Repository::<Account>::new(&MemoryStore::new());
    accounts.create("alice", Opened).by("clerk_7").await?;
    accounts.update("alice", |account| account.deposit(200)).by("clerk_7").await?;

    let (small, large) = (ask_atm(100).await, ask_atm(150).await);
    accounts.update("alice", |account| account.withdraw(100, small.clone())).by("alice").await?;
    let refused = accounts.update("alice", |account| account.withdraw(50, large.clone())).by("alice").await;
    assert!(matches!(refused, Err(UpdateError::Rejected(Refusal::AtmRuleViolated))));
    assert_eq!(accounts.load("alice").await?.balance, 100);
    Ok(())
}
