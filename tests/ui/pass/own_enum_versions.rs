use es_core::{event, events};

#[events(retired("ReminderSent", "OldReminder"), split(OpenedAndDeposited))]
pub enum AccountEvent {
    #[event(version = 3, from = OpenedV2, alias = "Began")]
    Opened { owner: String, limit: i64 },
    #[event(version = 3, since = 1, name = "CashIn", alias = "PaidIn", alias = "Funded")]
    Deposited(i64, #[serde(default)] String),
    #[event(version = 4, since = 3, from = es_core_v2::ClosedV2)]
    Closed,
    #[event]
    Renamed(AccountRenamed),
}

#[event(version = 2, from = OpenedV1, name = "Opened", alias = "Began")]
pub struct OpenedV2 {
    owner: String,
}

#[event(version = 1, name = "Opened", alias = "Began")]
pub struct OpenedV1;

impl From<OpenedV1> for OpenedV2 {
    fn from(_: OpenedV1) -> Self {
        Self { owner: String::new() }
    }
}

impl From<OpenedV2> for AccountEvent {
    fn from(old: OpenedV2) -> Self {
        Self::Opened { owner: old.owner, limit: 0 }
    }
}

mod es_core_v2 {
    #[es_core::event(version = 2, name = "Closed", since = 1)]
    pub struct ClosedV2;
}

impl From<es_core_v2::ClosedV2> for AccountEvent {
    fn from(_: es_core_v2::ClosedV2) -> Self {
        Self::Closed
    }
}

#[event(version = 1)]
pub struct AccountRenamed(String);

#[event(version = 1, split(AccountRenamed, AccountEvent))]
pub struct OpenedAndDeposited;

impl From<OpenedAndDeposited> for (AccountRenamed, AccountEvent) {
    fn from(_: OpenedAndDeposited) -> Self {
        (AccountRenamed(String::new()), AccountEvent::Closed)
    }
}

fn main() {}
