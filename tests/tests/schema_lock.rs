//! The schema lock: each rule one test, on files of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use es_core::schema::Check;
use es_core::{Aggregate, Apply, Context, Timestamp, event};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Default)]
#[serde(rename_all = "camelCase")]
struct Item {
    sku: String,
    unit_count: u32,
    parts: Vec<Item>,
}

#[derive(Serialize, Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
enum Method {
    Cash,
    Card { last_digits: String, expires: Option<Timestamp> },
    Points(i64),
    Split(Box<Method>, Box<Method>),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum Tagged {
    First { name: String, count: i64, note: Option<String> },
    Second { at: i64 },
    Third,
}

#[derive(Serialize, Deserialize)]
struct Common {
    who: String,
    why: Option<i64>,
}

#[event(version = 1)]
struct Everything {
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
enum Closed {
    ByMail { letter_date: String, copies: Option<u8> },
    Online,
    Sold(String, i64),
}

#[event(version = 1)]
struct Moved(String, u32);

#[event(version = 1)]
struct Locked;

#[derive(Aggregate, Default)]
#[aggregate(events(Everything, Closed, Moved, Locked), retired("Gone"))]
struct Store {
    items: Vec<Item>,
}

macro_rules! apply_nothing {
    ($aggregate:ident: $($event:ty),+) => {$(
        impl Apply<$event> for $aggregate {
            fn apply(&mut self, _: $event, _: &Context) {}
        }
    )+};
}

apply_nothing!(Store: Everything, Closed, Moved, Locked);

struct Lock {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Lock {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("events.lock"), _folder: folder }
    }

    fn check<A: Aggregate>(&self) -> Result<(), String> {
        Check::<A>::new(&self.path).update(false).try_run().map_err(|error| error.to_string())
    }

    fn update<A: Aggregate>(&self) -> Result<(), String> {
        Check::<A>::new(&self.path).update(true).try_run().map_err(|error| error.to_string())
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

#[test]
fn the_file_says_the_shape_and_a_sample_of_everything() {
    let lock = Lock::new();
    lock.update::<Store>().unwrap_or_else(|error| panic!("{error}"));
    println!("{}", lock.text());
    lock.check::<Store>().unwrap();
}
