//! Snapshots: stored state, so that a load need not fold all events.

use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{BoxError, Panicked};
use crate::read_back::write_state;
use crate::store::{EventData, Payload, SnapshotStore};
use crate::{Aggregate, StoreError, StreamId, Timestamp, Version};

/// When the repository takes snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SnapshotPolicy {
    /// Never: each load folds every event. A snapshot can still be taken by hand.
    #[default]
    Never,
    /// Each time that the version passes a multiple of this number. A snapshot is taken in the
    /// background: an append does not wait for it.
    Every(NonZeroU64),
}

impl SnapshotPolicy {
    /// A snapshot every `events` events, or never if `events` is 0.
    pub const fn every(events: u64) -> Self {
        match NonZeroU64::new(events) {
            Some(events) => Self::Every(events),
            None => Self::Never,
        }
    }

    /// Whether a multiple lies between two versions.
    pub fn is_due(self, before: Version, after: Version) -> bool {
        match self {
            Self::Never => false,
            Self::Every(events) => before.get() / events < after.get() / events,
        }
    }
}

/// The state of an aggregate at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot<A> {
    /// The version at which the state was taken: the sequence of the last event in it.
    pub version: Version,
    /// When it was taken.
    pub timestamp: Timestamp,
    /// The state.
    pub state: A,
}

impl<A> Snapshot<A> {
    /// The state at a version, taken now.
    pub fn new(version: Version, state: A) -> Self {
        Self { version, timestamp: Timestamp::now(), state }
    }

    /// The same, taken at a different time.
    #[must_use]
    pub fn taken_at(self, timestamp: Timestamp) -> Self {
        Self { timestamp, ..self }
    }
}

impl<A: Aggregate> Snapshot<A> {
    /// The newest snapshot at or below a version that the code can read.
    ///
    /// A snapshot of a different [state version](Aggregate::STATE_VERSION), and a snapshot that the
    /// code cannot read, are skipped in favour of an older one.
    ///
    /// # Errors
    ///
    /// The error of the store.
    pub async fn newest(
        store: &dyn SnapshotStore,
        stream: &StreamId,
        at_most: Version,
    ) -> Result<Option<Self>, StoreError> {
        let mut at_most = at_most;
        while let Some(stored) = store.newest_snapshot(stream, A::STATE_VERSION, at_most).await? {
            match stored.decode() {
                Ok(snapshot) => return Ok(Some(snapshot)),
                Err(error) => store.snapshot_passed_over(stream, stored.version, &*error),
            }
            // The next version to try is also bounded by the requested one, whatever the store
            // returns.
            match Version::try_from(stored.version.min(at_most).as_i64() - 1) {
                Ok(below) => at_most = below,
                Err(_) => break,
            }
        }
        Ok(None)
    }

    /// Writes the state and reads it back, because a state that cannot be read back cannot be a
    /// snapshot.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotReadBack`] and [`StoreError::Encode`], which name the field, and
    /// [`StoreError::TooDeep`].
    pub fn encode(&self) -> Result<StoredSnapshot, StoreError> {
        let state = write_state(&self.state)?;
        let (version, timestamp) = (self.version, self.timestamp);
        Ok(StoredSnapshot { version, state_version: A::STATE_VERSION, timestamp, state })
    }
}

/// A snapshot as a store keeps it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredSnapshot {
    /// The version at which the state was taken: the sequence of the last event in it.
    pub version: Version,
    /// The version of the state's shape, [`Aggregate::STATE_VERSION`].
    pub state_version: u32,
    /// When it was taken.
    pub timestamp: Timestamp,
    /// The state: a BSON document.
    pub state: EventData,
}

impl StoredSnapshot {
    /// A snapshot from its stored parts.
    pub fn new(version: Version, state_version: u32, timestamp: Timestamp, state: EventData) -> Self {
        Self { version, state_version, timestamp, state }
    }

    /// Reads the state.
    ///
    /// # Errors
    ///
    /// The error of the deserializer if the data is not such a state, or its panic.
    pub fn decode<A: Aggregate>(&self) -> Result<Snapshot<A>, BoxError> {
        let state = State::decode(&self.state)?;
        Ok(Snapshot { version: self.version, timestamp: self.timestamp, state })
    }
}

/// The state of an aggregate in a form that serde can write.
#[derive(Debug)]
pub struct StateRef<'a, A>(pub &'a A);

impl<A: Aggregate> StateRef<'_, A> {
    /// Writes the state. A panic in its serializer is an error too.
    ///
    /// # Errors
    ///
    /// [`StoreError::Encode`] and [`StoreError::TooDeep`].
    pub fn encode(&self) -> Result<EventData, StoreError> {
        EventData::encode_caught(A::TYPE, self)
    }
}

impl<A: Aggregate> Serialize for StateRef<'_, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_state(serializer)
    }
}

/// The state of an aggregate in a form that serde can read and write.
#[derive(Debug)]
pub struct State<A>(pub A);

impl<A: Aggregate> State<A> {
    /// Reads a state. A panic in its deserializer is an error too.
    ///
    /// # Errors
    ///
    /// The error of the deserializer, or its panic.
    pub fn decode(state: &impl Payload) -> Result<A, BoxError> {
        let Self(state) = Panicked::catch(|| state.decode())??;
        Ok(state)
    }
}

impl<A: Aggregate> Serialize for State<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_state(serializer)
    }
}

impl<'de, A: Aggregate> Deserialize<'de> for State<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        A::deserialize_state(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_due_when_a_multiple_is_passed_even_by_several_events_at_once() {
        let policy = SnapshotPolicy::every(100);
        assert!(policy.is_due(Version::from(99), Version::from(100)));
        assert!(policy.is_due(Version::from(98), Version::from(103)));
        assert!(!policy.is_due(Version::from(100), Version::from(199)));
        assert!(!SnapshotPolicy::Never.is_due(Version::from(99), Version::from(100)));
    }
}
