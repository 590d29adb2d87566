//! BSON has no integers of 128 bits, and the keys of its documents are strings. `Id` is found too,
//! because the type decides and not its name.

use std::collections::{BTreeMap, HashMap};

use es_core::{Aggregate, Apply, Context, event};

type Id = u32;

#[event(version = 1)]
pub struct Paid {
    pub cents: u128,
    pub parts: Vec<Option<(i128, std::primitive::u128)>>,
    #[serde(skip)]
    pub skipped: u128,
}

#[event(version = 1)]
pub enum Closed {
    ByNumber { names: BTreeMap<Id, String> },
    ByWeight(Box<HashMap<u64, u128>>),
    ByLetter(HashMap<String, BTreeMap<char, bool>>),
}

#[event(version = 1)]
pub struct Counted(pub BTreeMap<bool, u64>);

#[derive(Aggregate, Default)]
#[aggregate(events(Paid, Closed, Counted))]
pub struct Account {
    by_number: HashMap<u32, String>,
    total: u128,
}

impl Apply<Paid> for Account {
    fn apply(&mut self, event: Paid, _: &Context) {
        self.total = event.cents;
    }
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed, _: &Context) {
        self.by_number.clear();
    }
}

impl Apply<Counted> for Account {
    fn apply(&mut self, _: Counted, _: &Context) {}
}

fn main() {}
