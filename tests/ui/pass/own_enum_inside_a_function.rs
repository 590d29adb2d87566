#![deny(warnings)]

use es_core::{Aggregate, Apply, Context, Init, event, events};

fn main() {
    #[event(version = 1)]
    struct AccountOpened;

    #[event(version = 1, name = "Deposited")]
    struct DepositedV1;

    #[events]
    #[derive(Debug, Clone, Copy)]
    enum AccountEvent {
        #[event]
        Opened(AccountOpened),
        #[event(version = 2, from = DepositedV1)]
        Deposited { cents: i64 },
    }

    impl Clone for AccountOpened {
        fn clone(&self) -> Self {
            *self
        }
    }

    impl Copy for AccountOpened {}

    impl std::fmt::Debug for AccountOpened {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("opened")
        }
    }

    impl From<DepositedV1> for AccountEvent {
        fn from(_: DepositedV1) -> Self {
            Self::Deposited { cents: 0 }
        }
    }

    #[derive(Aggregate)]
    #[aggregate(events = AccountEvent, init(AccountOpened))]
    struct Account(i64);

    impl Init<AccountOpened> for Account {
        fn init(_: AccountOpened, _: &Context) -> Self {
            Self(0)
        }
    }

    impl Apply<AccountEvent> for Account {
        fn apply(&mut self, event: AccountEvent, _: &Context) {
            if let AccountEvent::Deposited { cents } = event {
                self.0 += cents;
            }
        }
    }

    let event = AccountEvent::from(AccountOpened);
    assert_eq!(format!("{:?}", (event, event)), "(Opened(opened), Opened(opened))");
}
