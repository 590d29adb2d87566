use std::collections::HashMap;

use es_core::testing::assert_roundtrip_eq;
use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
#[derive(Debug, PartialEq)]
pub struct Listed {
    name: String,
    below: Vec<Self>,
    by_name: HashMap<String, Option<Box<Self>>>,
    digits: [u8; Self::DIGITS],
}

impl Listed {
    const DIGITS: usize = 2;
}

/// Stored under numbers, as other tuples are.
#[event(version = 1)]
#[derive(Debug, PartialEq)]
pub struct Nested(Vec<Self>, [u8; Self::DIGITS]);

impl Nested {
    const DIGITS: usize = 3;
}

#[derive(Aggregate, Default)]
#[aggregate(events(Listed, Nested), snapshot(every = 10))]
pub struct List {
    digits: [u8; Self::DIGITS],
}

impl List {
    const DIGITS: usize = 1;
}

impl Apply<Listed> for List {
    fn apply(&mut self, event: Listed, _: &Context) {
        self.digits[0] = event.digits[0];
    }
}

impl Apply<Nested> for List {
    fn apply(&mut self, event: Nested, _: &Context) {
        self.digits[0] = event.1[0];
    }
}

fn main() {
    let leaf = || Listed { name: "leaf".to_owned(), below: vec![], by_name: HashMap::new(), digits: [4, 2] };
    let by_name = HashMap::from([("leaf".to_owned(), Some(Box::new(leaf())))]);
    assert_roundtrip_eq([Listed { name: "root".to_owned(), below: vec![leaf()], by_name, digits: [1, 2] }]);
    assert_roundtrip_eq([Nested(vec![Nested(vec![], [1, 2, 3])], [4, 5, 6])]);
}
