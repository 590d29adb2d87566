//! What the code stores now: every version of every event, with its shape and its samples.

use std::collections::BTreeMap;

use bson::Document;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::shape::Shape;
use super::trace::{Untraceable, trace};
use crate::error::BoxError;
use crate::store::{EventInfo, EventSet, State, StateRef, VisitEvents, VisitVersions};
use crate::{Aggregate, Event, SnapshotPolicy};

/// The user's samples, by the stored name and the version.
pub(super) type Samples = BTreeMap<(&'static str, u32), Vec<Document>>;

/// What one aggregate stores.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) events: Vec<DeclaredEvent>,
    pub(super) retired: Vec<&'static str>,
    /// `None` if no snapshots are taken and the shape of the state could not be determined.
    pub(super) state: Option<Shape>,
    /// A state as a snapshot would hold it, and why it cannot be read back.
    pub(super) unreadable_state: Option<(Document, String)>,
    pub(super) untraceable: Vec<(String, Untraceable)>,
    /// Events whose impl is written by hand and does not visit its versions.
    pub(super) opaque: Vec<&'static str>,
}

#[derive(Debug)]
pub(super) struct DeclaredEvent {
    pub(super) info: EventInfo,
    /// The names of the events that it is read as, if it is split.
    pub(super) parts: Vec<&'static str>,
    pub(super) versions: Vec<DeclaredVersion>,
}

#[derive(Debug)]
pub(super) struct DeclaredVersion {
    pub(super) since: u32,
    pub(super) version: u32,
    pub(super) shape: Shape,
    pub(super) samples: Vec<Document>,
}

pub(super) fn encode<T: Serialize>(value: &T) -> Result<Document, BoxError> {
    Ok(Document::try_from(bson::serialize_to_raw_document_buf(value)?.as_ref())?)
}

pub(super) fn collect<A: Aggregate>(samples: &Samples, states: &[Document]) -> Declared {
    let mut collector = Collector { samples, declared: Declared::default() };
    A::Event::visit_events(&mut collector);
    let mut declared = collector.declared;
    if declared.events.is_empty() {
        declared.opaque.extend(A::Event::EVENTS.iter().map(|event| event.event_type));
    }
    match trace::<State<A>>(states, |state| encode(&StateRef(&state.0))) {
        Ok(traced) => {
            declared.state = Some(traced.shape);
            if A::SNAPSHOT_POLICY != SnapshotPolicy::Never {
                declared.unreadable_state = traced.samples.into_iter().find_map(unreadable::<State<A>>);
            }
        }
        Err(_) if A::SNAPSHOT_POLICY == SnapshotPolicy::Never => {}
        Err(error) => declared.untraceable.push((format!("the state of {}", A::TYPE), error)),
    }
    declared
}

/// Data that `T` has written, and why `T` cannot read it.
pub(super) fn unreadable<T: DeserializeOwned>(written: Document) -> Option<(Document, String)> {
    let read =
        bson::serialize_to_raw_document_buf(&written).and_then(|raw| bson::deserialize_from_slice::<T>(raw.as_bytes()));
    read.err().map(|error| (written, error.to_string()))
}

struct Collector<'a> {
    samples: &'a Samples,
    declared: Declared,
}

impl VisitEvents for Collector<'_> {
    fn event<E: Event>(&mut self) {
        self.declared.events.push(DeclaredEvent {
            info: EventInfo::of::<E>(),
            parts: Vec::new(),
            versions: Vec::new(),
        });
        let failures = self.declared.untraceable.len();
        E::visit_versions(self);
        let shows_none = self.declared.events.last().is_some_and(|event| event.versions.is_empty());
        if shows_none && self.declared.untraceable.len() == failures {
            self.declared.opaque.push(E::TYPE);
        }
    }

    fn split<E: Event>(&mut self, parts: &[&'static str]) {
        self.event::<E>();
        if let Some(event) = self.declared.events.last_mut() {
            event.parts = parts.to_vec();
        }
    }

    fn retired(&mut self, name: &'static str) {
        self.declared.retired.push(name);
    }
}

impl VisitVersions for Collector<'_> {
    fn version<E: Event>(&mut self, since: u32) {
        let version = E::VERSION;
        let given = self.samples.get(&(E::TYPE, version)).map_or(&[][..], Vec::as_slice);
        match (trace::<E>(given, encode), self.declared.events.last_mut()) {
            (Ok(traced), Some(event)) => {
                let (shape, samples) = (traced.shape, traced.samples);
                event.versions.push(DeclaredVersion { since, version, shape, samples });
            }
            (Err(error), _) => self.declared.untraceable.push((format!("{} version {version}", E::TYPE), error)),
            (Ok(_), None) => {}
        }
    }
}
