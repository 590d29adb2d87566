//! The schema lock: one test per rule, each with separate files.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    reason = "a test program has no users, and fields that are only stored are never read"
)]

mod aggregates;
mod everything;
mod files;
mod parts;
mod releases;
mod rows;
mod rules;
mod samples;

use std::fs;
use std::path::PathBuf;

use es_core::Aggregate;
use es_core::schema::Check;

/// Events that are only stored change nothing.
macro_rules! apply_nothing {
    ($aggregate:ident: $($event:ty),+) => {$(
        impl Apply<$event> for $aggregate {
            fn apply(&mut self, _: $event, _: &Context) {}
        }
    )+};
}

use apply_nothing;

pub(crate) struct Lock {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Lock {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("events.lock"), _folder: folder }
    }

    pub(crate) fn check<A: Aggregate>(&self) -> Result<(), String> {
        Check::<A>::new(&self.path).update(false).try_run().map_err(|error| error.to_string())
    }

    pub(crate) fn update<A: Aggregate>(&self) -> Result<(), String> {
        Check::<A>::new(&self.path).update(true).try_run().map_err(|error| error.to_string())
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}
