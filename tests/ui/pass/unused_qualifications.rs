//! No lint of the user fires on generated code, with every name of the library in scope.
#![deny(unused_qualifications)]

use es_core::*;

#[event(version = 1, name = "Opened")]
pub struct OpenedV1 {
    pub owner: String,
}

#[event(version = 2, from = OpenedV1)]
pub struct Opened {
    pub owner: String,
    pub lines: Vec<Option<u64>>,
}

impl From<OpenedV1> for Opened {
    fn from(old: OpenedV1) -> Self {
        Self { owner: old.owner, lines: Vec::new() }
    }
}

#[event(version = 1)]
pub struct Deposited(pub i64);

#[event(version = 1)]
pub enum Locked {
    ByOwner,
    ByBank { reason: String },
}

#[event(version = 1)]
pub struct Printed;

#[event(version = 1)]
pub struct Closed;

#[event(version = 1, split(Opened, Deposited))]
pub struct OpenedWithDeposit {
    pub owner: String,
    pub cents: i64,
}

impl From<OpenedWithDeposit> for (Opened, Deposited) {
    fn from(old: OpenedWithDeposit) -> Self {
        (Opened { owner: old.owner, lines: Vec::new() }, Deposited(old.cents))
    }
}

#[derive(Id, Clone)]
pub struct AccountId(u64);

#[derive(Aggregate)]
#[aggregate(init(Opened), events(Deposited, Locked), informs(Printed), ends(Closed), split(OpenedWithDeposit))]
#[aggregate(id = AccountId, retired("Frozen"), event_enum = AccountFact, snapshot(every = 10, version = 1))]
pub struct Account {
    owner: String,
    cents: i64,
}

impl Init<Opened> for Account {
    fn init(event: Opened, _: &Context) -> Self {
        Self { owner: event.owner, cents: 0 }
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited, _: &Context) {
        self.cents += event.0;
    }
}

impl Apply<Locked> for Account {
    fn apply(&mut self, _: Locked, _: &Context) {}
}

#[event(version = 1, name = "Moved")]
pub struct MovedV1(pub u32);

#[event(version = 1)]
pub struct Raised {
    pub by: u32,
}

#[event(version = 1, split(Raised))]
pub struct Lifted {
    pub by: u32,
}

impl From<Lifted> for Raised {
    fn from(old: Lifted) -> Self {
        Self { by: old.by }
    }
}

#[events(retired("Dropped"), split(Lifted))]
pub enum LiftEvent {
    #[event(version = 2, from = MovedV1)]
    Moved(u32, String),
    #[event(version = 1)]
    Stopped { floor: Option<u32>, names: Vec<String> },
    #[event(version = 1)]
    Opened(u64),
    #[event]
    Raised(Raised),
}

impl From<MovedV1> for LiftEvent {
    fn from(old: MovedV1) -> Self {
        Self::Moved(old.0, String::new())
    }
}

#[derive(Aggregate, Default)]
#[aggregate(events = LiftEvent)]
pub struct Lift {
    floor: u32,
}

impl Apply<LiftEvent> for Lift {
    fn apply(&mut self, event: LiftEvent, _: &Context) {
        if let LiftEvent::Moved(floor, _) = event {
            self.floor = floor;
        }
    }
}

fn main() {}
