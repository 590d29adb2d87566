//! An aggregate with every kind of field and version history, so that the fuzzer reaches all of the
//! decoding code.

use std::collections::{BTreeMap, HashMap};

use es_core::{Aggregate, Apply, Context, Init, Timestamp, event};
use serde::{Deserialize, Serialize};

use crate::Migrated;

/// The aggregate begins.
#[event(version = 1)]
#[derive(Debug, Clone)]
pub struct Begun {
    /// Text.
    pub name: String,
    /// Numbers of every width.
    pub numbers: (i8, u16, i32, u32, i64, f32, f64),
    /// A time.
    pub at: Timestamp,
    /// An optional text.
    pub note: Option<String>,
    /// Keys and values.
    pub by_name: BTreeMap<String, Vec<u32>>,
    /// One variant of an enum.
    pub kind: Kind,
}

/// The aggregate changes. The event has three versions.
#[event(version = 3, from = ChangedV2, alias = "Altered")]
#[derive(Debug, Clone)]
pub struct Changed {
    /// Any value that BSON can hold.
    pub anything: bson::Bson,
    /// A recursive type of any depth.
    pub tree: Tree,
    /// Bytes.
    pub bytes: Vec<u8>,
    /// A document whose fields are stored beside the other fields.
    #[serde(flatten)]
    pub rest: HashMap<String, bson::Bson>,
}

/// The change as version 2 recorded it.
#[event(version = 2, name = "Changed", from = ChangedV1)]
#[derive(Debug, Clone)]
pub struct ChangedV2 {
    /// A recursive type of any depth.
    pub tree: Tree,
    /// An id.
    pub id: bson::oid::ObjectId,
}

/// The change as version 1 recorded it.
#[event(version = 1, name = "Changed")]
#[derive(Debug, Clone)]
pub struct ChangedV1 {
    /// A character.
    pub letter: char,
    /// An amount of money.
    pub amount: bson::Decimal128,
}

/// An enum with every form of variant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Kind {
    /// No data.
    Plain,
    /// A list.
    Many(Vec<Kind>),
    /// Fields.
    Named {
        /// A boolean.
        flag: bool,
        /// An untagged enum.
        either: Either,
    },
}

/// An untagged enum.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Either {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// A recursive value.
    Tree(Tree),
}

/// A recursive type of any depth.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tree {
    /// The children.
    pub below: Vec<Tree>,
}

/// The state that the events are folded into.
#[derive(Aggregate, Debug, Clone)]
#[aggregate(init(Begun, Changed), events(Changed), retired("Forgotten"), snapshot(every = 10, version = 2))]
pub struct Everything {
    name: String,
    numbers: (i8, u16, i32, u32, i64, f32, f64),
    at: Timestamp,
    note: Option<String>,
    by_name: HashMap<String, Vec<u32>>,
    kind: Kind,
    trees: Vec<Tree>,
    bytes: Vec<u8>,
    changes: i64,
}

impl Init<Begun> for Everything {
    fn init(event: Begun, _context: &Context) -> Self {
        Self {
            name: event.name,
            numbers: event.numbers,
            at: event.at,
            note: event.note,
            by_name: event.by_name.into_iter().collect(),
            kind: event.kind,
            trees: Vec::new(),
            bytes: Vec::new(),
            changes: 0,
        }
    }
}

impl Init<Changed> for Everything {
    fn init(event: Changed, context: &Context) -> Self {
        let mut begun = Self {
            name: String::new(),
            numbers: (0, 0, 0, 0, 0, 0.0, 0.0),
            at: context.timestamp(),
            note: None,
            by_name: HashMap::new(),
            kind: Kind::Plain,
            trees: Vec::new(),
            bytes: Vec::new(),
            changes: 0,
        };
        Apply::apply(&mut begun, event, context);
        begun
    }
}

impl Apply<Changed> for Everything {
    fn apply(&mut self, event: Changed, _context: &Context) {
        self.trees.push(event.tree);
        self.bytes = event.bytes;
        self.changes += 1;
    }
}

impl From<ChangedV1> for ChangedV2 {
    fn from(old: ChangedV1) -> Self {
        let _ = (old.letter, old.amount);
        Self { tree: Tree::default(), id: bson::oid::ObjectId::from_bytes([0; 12]) }
    }
}

impl From<ChangedV2> for Changed {
    fn from(old: ChangedV2) -> Self {
        Self { anything: old.id.into(), tree: old.tree, bytes: Vec::new(), rest: HashMap::new() }
    }
}

/// A document of the old collection.
#[derive(Debug, Deserialize)]
pub struct Old {
    #[serde(rename = "_id")]
    id: String,
    tree: Tree,
    #[serde(default)]
    anything: bson::Bson,
}

/// Converts a document of the old collection.
///
/// # Errors
///
/// If the document has no name.
pub fn convert(old: Old) -> Result<Migrated<Everything>, &'static str> {
    if old.id == "nobody" {
        return Err("it has no name");
    }
    let changed = Changed { anything: old.anything, tree: old.tree, bytes: Vec::new(), rest: HashMap::new() };
    Ok(Migrated::new(old.id, changed))
}
