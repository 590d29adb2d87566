use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Mutex;

use es_core::{Aggregate, Apply, Context, event};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(u32);

/// A type that serde knows only as a whole.
#[derive(Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Text<T>(String, PhantomData<T>);

impl<T> Clone for Text<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<T> From<String> for Text<T> {
    fn from(text: String) -> Self {
        Self(text, PhantomData)
    }
}

impl<T> From<Text<T>> for String {
    fn from(text: Text<T>) -> Self {
        text.0
    }
}

/// It is not stored itself.
pub struct Language;

/// It has the name of a collection, but not its elements.
mod own {
    #[derive(serde::Serialize, serde::Deserialize, Default)]
    pub struct Vec<T> {
        length: usize,
        #[serde(skip)]
        element: std::marker::PhantomData<fn() -> T>,
    }
}

#[event(version = 1)]
pub struct Ordered {
    pub boxed: Box<Line>,
    pub text: Box<str>,
    pub slice: Option<Box<[Line]>>,
    pub nested: Vec<Option<Vec<Line>>>,
    pub queue: VecDeque<Line>,
    pub list: LinkedList<Line>,
    pub heap: BinaryHeap<Line>,
    pub set: BTreeSet<Line>,
    pub hashed: HashSet<Line>,
    pub map: BTreeMap<String, Vec<Line>>,
    pub hash_map: HashMap<Line, (Line, Line)>,
    pub array: [Line; 32],
    pub empty: [Line; 0],
    pub whole: Vec<Text<Language>>,
    pub own: Vec<own::Vec<Language>>,
    pub cell: Cell<u32>,
    #[serde(skip)]
    pub lock: Mutex<Option<Line>>,
    pub parts: Vec<Self>,
}

#[derive(Aggregate, Default)]
#[aggregate(events(Ordered))]
pub struct Order {
    lines: Vec<Option<Line>>,
    lock: Mutex<u32>,
    #[serde(skip)]
    unused: PhantomData<fn() -> Rc<Line>>,
}

impl Apply<Ordered> for Order {
    fn apply(&mut self, event: Ordered, _: &Context) {
        self.lines.extend(event.queue.into_iter().map(Some));
    }
}

fn main() {
    let order = Order::default();
    let _ = (&order.lock, &order.unused);
}
