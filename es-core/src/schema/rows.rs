//! The rows of a projection in the lock.

use std::marker::PhantomData;
use std::path::Path;

use bson::Document;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::difference::{difference, is_same};
use super::finding::{Finding, SchemaError};
use super::trace::trace;
use super::tree::Node;
use super::{Lock, collect};
use crate::error::ErrorChain;
use crate::projection::{Dispatch, Projection, RowName, RowOf, VisitRows};

/// Checks the rows of projection `P` against the lock in a file. Its path is relative to the root of
/// the crate under test.
///
/// ```no_run
/// # use es_core::{event, Aggregate, Apply, Context};
/// # use es_core::projection::Projection;
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account { fn apply(&mut self, _: Deposited, _: &Context) {} }
/// # #[derive(Projection, Default)]
/// # #[projection(version = 1, key = aggregate_id, events(Account(Deposited)))]
/// # pub struct Balance { cents: i64 }
/// # impl Apply<Deposited> for Balance { fn apply(&mut self, _: Deposited, _: &Context) {} }
/// #[test]
/// fn rows_change_with_their_version() {
///     es_core::schema::check_rows::<Balance>("events.lock");
/// }
/// # let _ = |path: &str| es_core::schema::check_rows::<Balance>(path);
/// ```
///
/// # Panics
///
/// If they differ. The message contains the differences and a remedy for each.
#[track_caller]
pub fn check_rows<P: Projection>(path: impl AsRef<Path>) {
    RowCheck::<P>::new(path).run();
}

/// A check with the user's rows, for types that accept no generated value.
///
/// ```no_run
/// # use es_core::{event, Aggregate, Apply, Context};
/// # use es_core::projection::Projection;
/// # #[event(version = 1)]
/// # pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account { fn apply(&mut self, _: Deposited, _: &Context) {} }
/// # #[derive(Projection, Default)]
/// # #[projection(version = 1, key = aggregate_id, events(Account(Deposited)))]
/// # pub struct Balance { cents: i64 }
/// # impl Apply<Deposited> for Balance { fn apply(&mut self, _: Deposited, _: &Context) {} }
/// use es_core::schema::RowCheck;
///
/// RowCheck::<Balance>::new("events.lock").row(&Balance { cents: 500 }).run();
/// ```
#[derive(Debug)]
#[must_use = "nothing is checked before `run`"]
pub struct RowCheck<P> {
    lock: Lock,
    /// The rows of the user, each with the name of its type.
    rows: Vec<(Option<RowName>, Document)>,
    unwritable: Vec<String>,
    projection: PhantomData<fn() -> P>,
}

impl<P: Projection> RowCheck<P> {
    /// A check against the lock in a file. Its path is relative to the root of the crate under
    /// test.
    ///
    /// It updates the file if the environment has `ES_UPDATE=1`.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { lock: Lock::new(path), rows: Vec::new(), unwritable: Vec::new(), projection: PhantomData }
    }

    /// Adds a row, of any type that the projection has. Its parts replace generated values.
    pub fn row<R: RowOf<P>>(mut self, row: &R) -> Self {
        match collect::encode(&Written::<P, R>(row, PhantomData)) {
            Ok(document) => self.rows.push((R::NAME, document)),
            Err(error) => {
                self.unwritable.push(format!("a row of {} cannot be written: {}", P::NAME, ErrorChain::new(&*error)));
            }
        }
        self
    }

    /// Sets whether to add what is new, instead of reading the environment.
    pub fn update(mut self, is_update: bool) -> Self {
        self.lock.is_update = is_update;
        self
    }

    /// Runs the check.
    ///
    /// # Panics
    ///
    /// If the code and the lock differ. The message contains the differences and a remedy for each.
    #[track_caller]
    pub fn run(self) {
        if let Err(error) = self.try_run() {
            panic!("{}", ErrorChain::new(&error));
        }
    }

    /// Runs the check, and returns the differences instead of panicking.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] if the code and the lock differ, or if the file cannot be used.
    pub fn try_run(self) -> Result<(), SchemaError> {
        let current = self.declared();
        self.lock.compare(P::NAME, |sections| match &current {
            Ok(current) => {
                let locked = sections.iter().find(|section| section.line == current.line);
                (compare::<P>(locked, current), current.clone())
            }
            Err(unknown) => {
                let findings =
                    unknown.iter().map(|what| Finding::broken(what.clone(), String::new(), REMEDY.to_owned()));
                (findings.collect(), Node::default())
            }
        })
    }

    /// What the code declares, or why that cannot be determined.
    fn declared(&self) -> Result<Node, Vec<String>> {
        if !self.unwritable.is_empty() {
            return Err(self.unwritable.clone());
        }
        let mut types = Types { given: &self.rows, shapes: Vec::new(), unknown: Vec::new() };
        P::visit_rows(&mut types);
        let Types { mut shapes, unknown, .. } = types;
        if !unknown.is_empty() {
            return Err(unknown);
        }
        if !P::ROWS.is_empty() {
            shapes.sort_by(|one, other| one.line.cmp(&other.line));
        }
        let reads = Node::new(format!("reads {}", Dispatch::<P>::new().declared()));
        let rows = Node::new(format!("rows {}", P::VERSION)).with(shapes);
        Ok(Node::new(format!("projection {}", P::NAME)).with(vec![reads, rows]))
    }
}

/// The shapes of all types of rows.
struct Types<'a> {
    given: &'a [(Option<RowName>, Document)],
    /// The fields of the only type, or a node for each of several.
    shapes: Vec<Node>,
    /// Why shapes cannot be determined.
    unknown: Vec<String>,
}

impl<P: Projection> VisitRows<P> for Types<'_> {
    fn rows<R: RowOf<P>>(&mut self) {
        let what = match R::NAME {
            None => P::NAME.to_owned(),
            Some(name) => format!("{}, of the type {}", P::NAME, name.as_str()),
        };
        let given = self.given.iter().filter(|(name, _)| *name == R::NAME).map(|(_, row)| row.clone());
        let encode = |row: &Read<P, R>| collect::encode(&Written::<P, R>(&row.0, PhantomData));
        let traced = match trace::<Read<P, R>>(&given.collect::<Vec<_>>(), encode) {
            Ok(traced) => traced,
            Err(error) => return self.unknown.push(format!("the rows of {what}: {error}")),
        };
        if let Some((_, reason)) = traced.samples.into_iter().find_map(collect::unreadable::<Read<P, R>>) {
            return self.unknown.push(format!("a row of {what} is written but cannot be read back: {reason}"));
        }
        match R::NAME {
            None => self.shapes.extend(traced.shape.to_nodes()),
            Some(name) => self.shapes.push(Node::new(name.as_str()).with(traced.shape.to_nodes())),
        }
    }
}

/// A row in a form that serde can write.
struct Written<'a, P, R>(&'a R, PhantomData<fn() -> P>);

impl<P: Projection, R: RowOf<P>> Serialize for Written<'_, P, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write_row(serializer)
    }
}

/// A row in a form that serde can read.
struct Read<P, R>(R, PhantomData<fn() -> P>);

impl<'de, P: Projection, R: RowOf<P>> Deserialize<'de> for Read<P, R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        R::read_row(deserializer).map(|row| Self(row, PhantomData))
    }
}

const REMEDY: &str = "provide a row: `RowCheck::<..>::new(..).row(..).run()`";

/// The rows of one version have one shape, and are folded from the same events.
fn compare<P: Projection>(locked: Option<&Node>, current: &Node) -> Vec<Finding> {
    let (name, version) = (P::NAME, P::VERSION);
    let Some(locked) = locked else { return vec![Finding::new(format!("the projection {name}"))] };
    let rows = |section: &Node| section.children.iter().find(|node| node.after("rows").is_some()).cloned();
    let reads = |section: &Node| section.children.iter().find_map(|node| node.after("reads").map(str::to_owned));
    let (released, declared) = (rows(locked).unwrap_or_default(), rows(current).unwrap_or_default());
    let number = released.after("rows").and_then(|number| number.parse::<u32>().ok()).unwrap_or(0);
    if version > number {
        return vec![Finding::new(format!("version {version} of the projection {name}"))];
    }
    if version < number {
        return vec![Finding::broken(
            format!("the projection {name} has version {version}, but version {number} was released"),
            String::new(),
            format!("raise `#[projection(version = {})]`, because rows of version {number} may be stored", number + 1),
        )];
    }
    let raise = format!(
        "raise `#[projection(version = {})]`: the rows of the new version are built beside the stored ones; if version \
         {version} was never released, delete its lines from the file and run `ES_UPDATE=1 cargo test`",
        version + 1
    );
    let mut findings = Vec::new();
    if !is_same(&released.children, &declared.children) {
        findings.push(Finding::broken(
            format!("the rows of {name} changed, but their version is still {version}"),
            difference(&released.children, &declared.children),
            raise.clone(),
        ));
    }
    if let (Some(before), Some(now)) = (reads(locked), reads(current))
        && before != now
    {
        let what = if P::ROWS.is_empty() { "events" } else { "events, or folds them into other types of rows" };
        findings.push(Finding::broken(
            format!("the projection {name} reads other {what}, but its version is still {version}"),
            format!("-{before}\n+{now}\n"),
            raise,
        ));
    }
    findings
}
