//! The schema lock: a committed file that records which schemas were stored, and a test that fails
//! if the code no longer fits them.
//!
//! ```no_run
//! # use es_core::{event, Aggregate, Apply, Context};
//! # #[event(version = 1)]
//! # pub struct InvoicePaid { pub payment_id: String }
//! # #[derive(Aggregate, Default)]
//! # #[aggregate(events(InvoicePaid))]
//! # pub struct Invoice {}
//! # impl Apply<InvoicePaid> for Invoice { fn apply(&mut self, _: InvoicePaid, _: &Context) {} }
//! #[test]
//! fn stored_events_stay_readable() {
//!     es_core::schema::check::<Invoice>("events.lock");
//! }
//! # let _ = |path: &str| es_core::schema::check::<Invoice>(path);
//! ```
//!
//! If a run finds something new, as the first run does, it fails and asks for `ES_UPDATE=1 cargo
//! test`, which adds it to the file:
//!
//! ```text
//! aggregate Invoice
//!   state 1
//!   event InvoicePaid
//!     version 1
//!       shape
//!         paymentId: string
//!       sample
//!         paymentId: "text"
//! ```
//!
//! [`check_rows`] does the same for the rows of a projection, in the same file.
//!
//! # What it refuses, with and without `ES_UPDATE=1`
//!
//! - A different shape of a version that is in the file. A field that may be missing (`Option`,
//!   `#[serde(default)]`) and a variant of an enum are compatible additions, because stored data
//!   need not have them. The check reports them, and records them as `added`. If older programs
//!   must refuse such data instead of misreading it, `#[event(version = 2, since = 1)]` makes it a
//!   separate version.
//! - A version or a name that nothing reads any more. A name may be removed if `retired("..")`
//!   lists it.
//! - A sample that can no longer be read as the newest version of its event.
//! - A different shape of the state under the same `snapshot(version = ..)`, and a state that is
//!   written into snapshots but cannot be read back.
//! - A new aggregate with events that were released with a different aggregate: it may be that
//!   aggregate under a new name, and then nothing would read the streams of the old name. The name
//!   of the Rust type may change if `#[aggregate(name = "..")]` keeps the stored one.
//!   [`Check::beside`] states that it is a different aggregate.
//!
//! - A different shape of the rows of a projection under the same `version`, and different events
//!   from which they are folded.
//!
//! A version that was never released may be changed: delete its lines from the file, and run with
//! `ES_UPDATE=1`. After a merge with conflicts, keep what was released on either side, and let
//! `ES_UPDATE=1` add the rest. A file with any other line is refused, and never overwritten.
//!
//! # What it cannot see
//!
//! The check finds the shape by letting the types read generated values. The shape describes what
//! is stored: it contains no names of Rust types, and it does not show a change of meaning under
//! the same name and kind. The check also misses the following, unless a [sample](Check::sample)
//! shows them:
//!
//! - fields of `#[serde(flatten)]`, of `#[serde(tag)]` and of the variants of an event enum that
//!   are not written if they are empty (`skip_serializing_if`);
//! - all variants of `#[serde(untagged)]` except the first that fits;
//! - an aggregate whose check was removed, and one whose events got new names at the same time;
//! - a flattened enum without a tag, whose variants serde does not name: give a sample of each
//!   variant.
//!
//! A type that contains itself is shown once, as `the type around it`. Serde reads the fields of
//! flattened, tagged and untagged types before it asks for their types, so these show two levels,
//! and an enum inside two enums with the same names of variants is taken for the same type.
//!
//! An older name of a variant of an enum (`#[serde(alias)]`) appears in the file as a separate
//! variant, because data stored under it is still read.

mod collect;
mod compare;
mod difference;
mod file;
mod finding;
mod grammar;
mod literal;
mod lock;
mod rows;
mod shape;
#[cfg(test)]
mod tests;
mod trace;
mod tree;

use std::marker::PhantomData;
use std::path::Path;

use bson::Document;

use self::collect::{Declared, Samples};
use self::compare::compare;
use self::finding::Finding;
pub use self::finding::SchemaError;
use self::lock::Lock;
pub use self::rows::{RowCheck, check_rows};
use crate::Aggregate;
use crate::error::{DecodeError, ErrorChain};
use crate::store::{BsonPayload, EventSet, Sample, StateRef};

/// Checks aggregate `A` against the lock in a file. Its path is relative to the root of the crate
/// under test.
///
/// # Panics
///
/// If they differ. The message contains the differences and a remedy for each.
#[track_caller]
pub fn check<A: Aggregate>(path: impl AsRef<Path>) {
    Check::<A>::new(path).run();
}

/// A check with the user's samples, for types that accept no generated value.
///
/// ```no_run
/// # use es_core::{event, Aggregate, Apply, Context};
/// # #[event(version = 1)]
/// # pub struct InvoicePaid { pub amount: String }
/// # #[derive(Aggregate, Default)]
/// # #[aggregate(events(InvoicePaid))]
/// # pub struct Invoice {}
/// # impl Apply<InvoicePaid> for Invoice { fn apply(&mut self, _: InvoicePaid, _: &Context) {} }
/// use es_core::schema::Check;
///
/// Check::<Invoice>::new("events.lock").sample(InvoicePaid { amount: "12.50 EUR".into() }).run();
/// ```
#[derive(Debug)]
#[must_use = "nothing is checked before `run`"]
pub struct Check<A> {
    lock: Lock,
    samples: Samples,
    states: Vec<Document>,
    unwritable: Vec<String>,
    beside: Vec<String>,
    aggregate: PhantomData<fn() -> A>,
}

impl<A: Aggregate> Check<A> {
    /// A check against the lock in a file. Its path is relative to the root of the crate under
    /// test.
    ///
    /// It updates the file if the environment has `ES_UPDATE=1`.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            lock: Lock::new(path),
            samples: Samples::new(),
            states: Vec::new(),
            unwritable: Vec::new(),
            beside: Vec::new(),
            aggregate: PhantomData,
        }
    }

    /// Adds a value of an event, in any of its versions. Its parts replace generated values, and it
    /// becomes the sample of the version.
    ///
    /// Several values of one version are several samples.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a test is easier to read without `&`, and the value has no other use"
    )]
    pub fn sample<E: Sample>(mut self, event: E) -> Self {
        let info = event.sample_info();
        match collect::encode(&event) {
            Ok(document) => self.samples.entry((info.event_type, info.version)).or_default().push(document),
            Err(error) => self.unwritable.push(format!(
                "the sample of {} cannot be written: {}",
                info.event_type,
                ErrorChain::new(&*error)
            )),
        }
        self
    }

    /// Adds a value of the state, whose parts replace generated values.
    pub fn state(mut self, state: &A) -> Self {
        match collect::encode(&StateRef(state)) {
            Ok(document) => self.states.push(document),
            Err(error) => self.unwritable.push(format!(
                "the state of {} cannot be written: {}",
                A::TYPE,
                ErrorChain::new(&*error)
            )),
        }
        self
    }

    /// States that the aggregate is not `other` under a new name, although some of its events were
    /// released with that one.
    ///
    /// It matters only until the aggregate is in the file.
    pub fn beside(mut self, other: impl Into<String>) -> Self {
        self.beside.push(other.into());
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
        let declared = collect::collect::<A>(&self.samples, &self.states);
        self.lock.compare(A::TYPE, |sections| self.compare(&declared, sections))
    }

    fn compare(&self, declared: &Declared, sections: &[tree::Node]) -> (Vec<Finding>, tree::Node) {
        let unknown = self.cannot_be_known(declared);
        if !unknown.is_empty() {
            return (unknown, tree::Node::default());
        }
        let line = format!("aggregate {}", A::TYPE);
        let locked = sections.iter().find(|section| section.line == line);
        let others: Vec<&tree::Node> = sections.iter().filter(|section| !self.is_beside(section)).collect();
        let compared = compare(locked, &others, A::TYPE, A::STATE_VERSION, declared, &read_as_today::<A>);
        (compared.findings, compared.section)
    }

    fn is_beside(&self, section: &tree::Node) -> bool {
        section.after("aggregate").is_some_and(|name| self.beside.iter().any(|other| other == name))
    }

    /// Why the check cannot see everything.
    fn cannot_be_known(&self, declared: &Declared) -> Vec<Finding> {
        let unwritable = self.unwritable.iter().map(|what| Finding::broken(what.clone(), String::new(), String::new()));
        let untraceable = declared.untraceable.iter().map(|(what, error)| {
            let remedy = "provide a value: `Check::<..>::new(..).sample(..).run()`, or `.state(..)` for a state";
            Finding::broken(format!("{what}: {error}"), String::new(), remedy.to_owned())
        });
        let opaque = declared.opaque.iter().map(|name| {
            Finding::broken(
                format!("the event {name} does not show its versions"),
                String::new(),
                "write `visit_versions` in its `impl Event` and `visit_events` in the `impl EventSet`, or let the macros generate them".to_owned(),
            )
        });
        unwritable.chain(untraceable).chain(opaque).collect()
    }
}

/// Reads data as a current event, through all versions in between.
fn read_as_today<A: Aggregate>(name: &str, version: u32, data: &Document) -> Result<(), String> {
    let raw = bson::serialize_to_raw_document_buf(data).map_err(|error| error.to_string())?;
    match A::Event::decode(name, version, &BsonPayload(&raw)) {
        // A conversion by `TryFrom` may refuse a value, and the values of a sample are made up.
        Ok(_) | Err(DecodeError::Upcast { .. }) => Ok(()),
        Err(error) => Err(ErrorChain::new(&error).to_string()),
    }
}
