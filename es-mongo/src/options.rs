//! The options for opening a store.

use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use es_core::clock::{Clock, SystemClock};
use es_core::store::{Ordering, ReadModelId};

use crate::error::{check_name, invalid};

/// The names of the collections. The indexes are created and checked under these names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollectionNames {
    /// The events; `events` by default.
    pub events: String,
    /// The snapshots; `snapshots` by default.
    pub snapshots: String,
    /// The archived events; `events_archive` by default.
    pub archive: String,
    /// The sessions of the store's writers, with which other writers can end the transactions of a
    /// writer that died; `events_sessions` by default.
    pub sessions: String,
    /// The counter that gives out positions, and the frontier; `events_positions` by default.
    pub positions: String,
    /// How far each read model has come, and who folds it; `subscriptions` by default. It is
    /// created by the first subscription.
    pub subscriptions: String,
    /// The events that projections could not fold; `dead_letters` by default. It is created by the
    /// first projection.
    pub dead_letters: String,
    /// Which of them were skipped, by whom and why; `skipped_events` by default. It is created by
    /// the first projection.
    pub skipped_events: String,
    /// What the name of every collection of rows begins with; nothing by default. The rows of
    /// version 1 of the projection `customer_balance` are in `customer_balance_v1`.
    pub rows_prefix: String,
}

impl Default for CollectionNames {
    fn default() -> Self {
        Self {
            events: "events".into(),
            snapshots: "snapshots".into(),
            archive: "events_archive".into(),
            sessions: "events_sessions".into(),
            positions: "events_positions".into(),
            subscriptions: "subscriptions".into(),
            dead_letters: "dead_letters".into(),
            skipped_events: "skipped_events".into(),
            rows_prefix: String::new(),
        }
    }
}

impl CollectionNames {
    /// The names with a prefix: `billing_events`, `billing_snapshots`, `billing_events_archive`,
    /// `billing_events_sessions`, `billing_events_positions`, `billing_subscriptions`,
    /// `billing_dead_letters`, `billing_skipped_events`, and `billing_customer_balance_v1` for rows,
    /// for `billing_`.
    #[must_use]
    pub fn prefixed(prefix: &str) -> Self {
        let Self {
            events,
            snapshots,
            archive,
            sessions,
            positions,
            subscriptions,
            dead_letters,
            skipped_events,
            rows_prefix: _,
        } = Self::default();
        Self {
            events: format!("{prefix}{events}"),
            snapshots: format!("{prefix}{snapshots}"),
            archive: format!("{prefix}{archive}"),
            sessions: format!("{prefix}{sessions}"),
            positions: format!("{prefix}{positions}"),
            subscriptions: format!("{prefix}{subscriptions}"),
            dead_letters: format!("{prefix}{dead_letters}"),
            skipped_events: format!("{prefix}{skipped_events}"),
            rows_prefix: prefix.to_owned(),
        }
    }

    /// The collection with the rows of a read model.
    pub(crate) fn rows(&self, ReadModelId { name, version }: &ReadModelId) -> String {
        format!("{}{name}_v{version}", self.rows_prefix)
    }

    /// The view with the rows of the live version of a read model.
    pub(crate) fn view(&self, name: &str) -> String {
        format!("{}{name}", self.rows_prefix)
    }

    /// All collections except those of rows.
    pub(crate) fn all(&self) -> [&str; 8] {
        let Self {
            events,
            snapshots,
            archive,
            sessions,
            positions,
            subscriptions,
            dead_letters,
            skipped_events,
            rows_prefix: _,
        } = self;
        [events, snapshots, archive, sessions, positions, subscriptions, dead_letters, skipped_events]
    }

    /// Refuses names that the server cannot use, and duplicate names: if the archive were the
    /// events collection, an archive run would take each event for its own copy, and delete it.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let names = self.all();
        for (at, name) in names.into_iter().enumerate() {
            check_name(name)?;
            if names[..at].contains(&name) {
                let reason = "events, snapshots, the archive, sessions, positions, subscriptions, dead letters and skipped events each need their own collection; choose a different name";
                return Err(invalid(name, reason));
            }
        }
        Ok(())
    }
}

/// All options of a store.
#[derive(Debug, Clone)]
pub(crate) struct StoreOptions {
    pub(crate) names: CollectionNames,
    pub(crate) ordering: Ordering,
    pub(crate) keep_snapshots: u32,
    pub(crate) append_deadline: Duration,
    pub(crate) read_deadline: Duration,
    pub(crate) queue: usize,
    pub(crate) archive_grace: Duration,
    pub(crate) position_grace: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The default deadline of reads and appends.
const DEADLINE: Duration = Duration::from_secs(30);

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            names: CollectionNames::default(),
            ordering: Ordering::default(),
            keep_snapshots: 2,
            append_deadline: DEADLINE,
            read_deadline: DEADLINE,
            queue: 4096,
            archive_grace: Duration::from_secs(2),
            position_grace: Duration::from_secs(1),
            clock: Arc::new(SystemClock),
        }
    }
}
