//! The content of the file for everything that can be stored.

use std::collections::BTreeMap;

use es_core::{Aggregate, Apply, Context, Timestamp, event};
use serde::{Deserialize, Serialize};

use super::{Lock, apply_nothing};

#[derive(Serialize, Deserialize, Clone, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    sku: String,
    unit_count: u32,
    parts: Vec<Item>,
}

#[derive(Serialize, Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Method {
    Cash,
    Card { last_digits: String, expires: Option<Timestamp> },
    Points(i64),
    Split(Box<Method>, Box<Method>),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
pub(crate) enum Tagged {
    First { name: String, count: i64, note: Option<String> },
    Second { at: i64 },
    Third,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Common {
    who: String,
    why: Option<i64>,
}

#[event(version = 1)]
pub(crate) struct Everything {
    text: String,
    flag: bool,
    ratio: f64,
    at: Timestamp,
    note: Option<String>,
    #[serde(default)]
    count: u8,
    items: Vec<Item>,
    by_name: BTreeMap<String, i64>,
    pair: (String, u16),
    method: Method,
    methods: Vec<Method>,
    tagged: Tagged,
    #[serde(flatten)]
    common: Common,
}

#[event(version = 1)]
pub(crate) enum Closed {
    ByMail { letter_date: String, copies: Option<u8> },
    Online,
    Sold(String, i64),
}

#[event(version = 1)]
pub(crate) struct Moved(String, u32);

#[event(version = 1)]
pub(crate) struct Locked;

#[derive(Aggregate, Default)]
#[aggregate(events(Everything, Closed, Moved, Locked), retired("Gone"))]
pub(crate) struct Store {
    items: Vec<Item>,
}

apply_nothing!(Store: Everything, Closed, Moved, Locked);

#[test]
fn the_file_contains_the_shape_and_a_sample_of_everything() {
    let lock = Lock::new();
    lock.update::<Store>().unwrap();
    lock.check::<Store>().unwrap();
    let text = lock.text();
    for part in [
        "\naggregate Store\n  state 1\n    items: list of document\n      sku: string\n      unitCount: u32\n      parts: list of the type around it\n",
        "        at: date\n",
        "        byName: map of i64\n",
        "        pair: tuple\n          0: string\n          1: u16\n",
        "          card: document\n            last_digits: string\n            expires?: date | null\n          points: i64\n",
        "            1: the type around it\n",
        "        tagged: one of, named in type\n          First: document\n            name: string\n            count: integer\n            note?: string\n",
        "        note?: string | null\n",
        "        count?: u8\n",
        "        why?: integer\n",
        "        at: Date(\"2024-02-29T12:00:00.001Z\")\n",
        "          online\n          sold: tuple\n",
        "        kind: \"byMail\"\n        data:\n          letterDate: \"text\"\n          copies: 1\n",
        "  event Moved\n    version 1\n      shape\n        0: string\n        1: u32\n",
        "  retired Gone\n",
    ] {
        assert!(text.contains(part), "{part}\nis missing in:\n{text}");
    }
    assert!(text.ends_with('\n') && !text.contains(" \n"), "{text}");
}

#[test]
fn the_same_code_writes_the_same_file() {
    let (first, second) = (Lock::new(), Lock::new());
    first.update::<Store>().unwrap();
    second.update::<Store>().unwrap();
    assert_eq!(first.text(), second.text());
    first.update::<Store>().unwrap();
    assert_eq!(first.text(), second.text());
}
