//! The rows of a projection in the lock.

use std::marker::PhantomData;
use std::path::Path;

use bson::Document;

use super::difference::{difference, is_same};
use super::finding::{Finding, SchemaError};
use super::trace::trace;
use super::tree::Node;
use super::{Lock, collect};
use crate::error::ErrorChain;
use crate::projection::{Dispatch, Projection, Row, RowRef};

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
    rows: Vec<Document>,
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

    /// Adds a row, whose parts replace generated values.
    pub fn row(mut self, row: &P) -> Self {
        match collect::encode(&RowRef(row)) {
            Ok(document) => self.rows.push(document),
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
        let traced = trace::<Row<P>>(&self.rows, |row| collect::encode(&RowRef(&row.0)))
            .map_err(|error| vec![format!("the rows of {}: {error}", P::NAME)])?;
        if let Some((_, reason)) = traced.samples.into_iter().find_map(collect::unreadable::<Row<P>>) {
            return Err(vec![format!("a row of {} is written but cannot be read back: {reason}", P::NAME)]);
        }
        let reads = Node::new(format!("reads {}", Dispatch::<P>::new().declared()));
        let rows = Node::new(format!("rows {}", P::VERSION)).with(traced.shape.to_nodes());
        Ok(Node::new(format!("projection {}", P::NAME)).with(vec![reads, rows]))
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
        findings.push(Finding::broken(
            format!("the projection {name} reads other events, but its version is still {version}"),
            format!("-{before}\n+{now}\n"),
            raise,
        ));
    }
    findings
}
