//! The steps of a run, at which a test can end it.
//!
//! They are public with the feature `__internal` only.
#![cfg_attr(not(feature = "__internal"), allow(unreachable_pub, reason = "public with the feature only"))]

use std::ops::ControlFlow;

use es_core::Aggregate;

use super::{Run, Stop};

/// A step of a run that was just completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArchiveStep {
    /// A missing snapshot was taken.
    SnapshotTaken,
    /// Events were copied.
    Copied,
    /// The copies were read back and are identical.
    Confirmed,
    /// Every process knows that there is an archive.
    Waited,
    /// The originals were deleted.
    Deleted,
}

/// Decides after each step whether the run goes on.
pub(super) type Hook = Box<dyn Fn(ArchiveStep) -> ControlFlow<()> + Send + Sync>;

#[cfg(feature = "__internal")]
impl<A: Aggregate> super::Archive<'_, A> {
    /// Calls `hook` after each step. If the hook requests it, the run ends there as if the process
    /// were killed.
    pub fn at_step(self, hook: impl Fn(ArchiveStep) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self { hook: Some(Box::new(hook)), ..self }
    }
}

impl<A: Aggregate> Run<'_, A> {
    pub(super) fn reached(&self, step: ArchiveStep) -> Result<(), Stop> {
        match self.archive.hook.as_ref().map(|hook| hook(step)) {
            Some(ControlFlow::Break(())) => Err(Stop::Told),
            _ => Ok(()),
        }
    }
}
