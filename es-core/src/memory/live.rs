//! Which versions of read models are live in a store in memory.

use std::collections::BTreeMap;

use super::Inner;
use super::read_model::Kept;
use crate::AggregateId;
use crate::store::{Activity, Dropped, LiveVersion, MakeLive, ReadModelId, SkippedEvent};

/// The number of keys that are listed at once.
const KEYS: usize = 1_000;

/// The live version of each name, and what remains of the versions that were dropped.
#[derive(Debug, Default)]
pub(super) struct Live {
    versions: BTreeMap<String, LiveVersion>,
    /// The highest fence of a partition that was dropped.
    dropped: u64,
    /// What was skipped in versions that were dropped.
    skipped: BTreeMap<ReadModelId, Vec<SkippedEvent>>,
}

impl Live {
    /// The first version of a name is live.
    pub(super) fn prepared(&mut self, model: &ReadModelId) {
        let first = LiveVersion { version: model.version, previous: None };
        self.versions.entry(model.name.clone().into_owned()).or_insert(first);
    }

    pub(super) fn of(&self, name: &str) -> Option<LiveVersion> {
        self.versions.get(name).copied()
    }

    /// What was skipped in a version before it was dropped.
    pub(super) fn take_skipped(&mut self, model: &ReadModelId) -> Vec<SkippedEvent> {
        self.skipped.remove(model).unwrap_or_default()
    }

    /// The fence of a partition that is new.
    pub(super) fn first_fence(&self) -> u64 {
        self.dropped
    }
}

impl Inner {
    pub(super) fn make_live(&mut self, change: &MakeLive) -> bool {
        let MakeLive { model, instead_of, reached } = change;
        let old = ReadModelId { version: *instead_of, ..model.clone() };
        let is_live = self.live.of(&model.name).is_some_and(|live| live.version == old.version);
        let is_ready = self.read_models.get(model).is_some_and(|new| {
            new.checkpoints().all(|checkpoint| {
                checkpoint.is_live && checkpoint.activity == Activity::Running && checkpoint.position >= *reached
            })
        });
        let is_passed = self
            .read_models
            .get(&old)
            .is_some_and(|old| old.checkpoints().any(|checkpoint| checkpoint.position > *reached));
        if !is_live || !is_ready || is_passed {
            return false;
        }
        let live = LiveVersion { version: model.version, previous: Some(old.version) };
        self.live.versions.insert(model.name.clone().into_owned(), live);
        true
    }

    pub(super) fn drop_version(&mut self, model: &ReadModelId) -> Dropped {
        let live = self.live.versions.get_mut(&*model.name);
        if live.as_ref().is_some_and(|live| live.version == model.version) {
            return Dropped::IsLive;
        }
        let Some(kept) = self.read_models.remove(model) else { return Dropped::Unknown };
        self.live.dropped = self.live.dropped.max(kept.highest_fence());
        self.live.skipped.insert(model.clone(), kept.skipped());
        if let Some(live) = live.filter(|live| live.previous == Some(model.version)) {
            live.previous = None;
        }
        Dropped::Done
    }

    pub(super) fn row_keys(&self, model: &ReadModelId, after: Option<&AggregateId>) -> Vec<AggregateId> {
        let kept: Option<&Kept> = self.read_models.get(model);
        kept.map(|kept| kept.keys_after(after).take(KEYS).cloned().collect()).unwrap_or_default()
    }
}
