//! The laws that every store must keep, as functions that test any implementation.
//!
//! Each law takes an empty store and panics with the broken rule.
//! [`conformance_tests!`](crate::conformance_tests) generates a test for each.
//! [`query_conformance_tests!`](crate::query_conformance_tests) does the same for a store that
//! answers queries ([`QueryStore`](crate::store::QueryStore)), and
//! [`feed_conformance_tests!`](crate::feed_conformance_tests) for one that can be read by position
//! ([`FeedStore`](crate::store::FeedStore)), and
//! [`read_model_conformance_tests!`](crate::read_model_conformance_tests) for one that keeps read
//! models ([`ReadModelStore`](crate::store::ReadModelStore)).
//!
//! ```
//! # #[cfg(test)]
//! mod my_store {
//!     es_core::conformance_tests!(es_core::memory::MemoryStore::new());
//!     es_core::query_conformance_tests!(es_core::memory::MemoryStore::new());
//!     es_core::feed_conformance_tests!(es_core::memory::MemoryStore::new());
//!     es_core::read_model_conformance_tests!(es_core::memory::MemoryStore::new());
//! }
//! ```

#![allow(clippy::missing_panics_doc, reason = "a law panics if it is broken, as the first paragraph states")]

mod append;
mod feed;
mod in_turn;
mod letters;
mod live;
mod operated;
mod query;
mod read;
mod read_model;
mod retired;
mod row_types;
mod snapshot;

use std::future::{Future, pending};
use std::pin::pin;

pub use append::*;
pub use feed::*;
pub use in_turn::*;
pub use letters::*;
pub use live::*;
pub use operated::*;
pub use query::*;
pub use read::*;
pub use read_model::*;
pub use retired::*;
pub use row_types::*;
pub use snapshot::*;

use crate::error::ErrorChain;
use crate::join::all_beside;
use crate::repository::IntoEvents;
use crate::store::next_batch;
use crate::store::{Append, Appended, EventData, EventStore, ExpectedVersion, NewEvent, ReadRange};
use crate::{Aggregate, Apply, Context, Metadata, RecordedEvent, StoreError, StreamId, Version, event};

/// The event of the laws: adds a number.
#[event(version = 1, crate = crate)]
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// The number.
    pub number: i64,
}

/// The aggregate of the laws: the added numbers, in order, so that a lost, duplicated or reordered
/// event shows.
#[derive(Debug, Clone, PartialEq, Default, Aggregate)]
#[aggregate(events(Added), snapshot(every = 10), crate = crate)]
pub struct Numbers {
    added: Vec<i64>,
}

impl Apply<Added> for Numbers {
    fn apply(&mut self, event: Added, _context: &Context) {
        self.added.push(event.number);
    }
}

/// Passes the names of all laws to a macro, after an optional expression: `$callback! { expression;
/// law law .. }`.
///
/// Use it for everything that handles each law, so that no new law is forgotten.
#[macro_export]
macro_rules! conformance_laws {
    ($callback:path $(, $argument:expr)?) => {
        $crate::conformance_laws! { @and [positions_are_unique_and_grow_from_one_append_to_the_next]
            $callback $(, $argument)?
        }
    };
    ($callback:path, $argument:expr, order within aggregates) => {
        $crate::conformance_laws! { @and [] $callback, $argument }
    };
    (@and [$($across_aggregates:ident)*] $callback:path $(, $argument:expr)?) => {
        $callback! { $($argument;)?
            the_first_event_has_sequence_one_and_the_version_counts_events
            the_head_has_the_position_of_the_last_event
            exactly_one_of_many_appends_that_expect_the_same_version_wins
            an_append_that_expects_an_older_version_is_a_conflict_and_writes_nothing
            an_append_that_expects_a_version_beyond_the_head_is_a_conflict
            a_refused_append_of_several_events_writes_none_of_them
            several_events_of_one_append_stay_together
            positions_grow_along_each_stream
            an_empty_append_is_refused
            an_append_with_a_wrong_number_of_ids_is_refused
            a_repeated_append_id_answers_with_the_first_receipt
            one_of_two_concurrent_appends_with_the_same_id_acts
            an_append_id_of_another_command_is_refused
            an_append_id_is_answered_whatever_the_data_are
            a_refused_append_does_not_use_up_its_id
            an_append_id_counts_for_one_aggregate_only
            an_append_is_found_by_its_id_with_all_its_events_and_no_others
            appends_in_turn_are_recorded_in_order_each_with_its_own_receipt
            of_appends_in_turn_none_is_recorded_after_one_that_is_not
            appends_in_turn_that_expect_an_older_version_are_conflicts_and_write_nothing
            one_of_concurrent_callers_wins_with_all_its_appends_in_turn
            aggregates_of_two_types_may_share_an_id
            what_was_recorded_is_read_back_as_it_was
            each_event_of_an_append_keeps_its_own_metadata
            a_range_is_read_without_its_beginning_and_with_its_end
            an_append_of_thousands_of_events_is_read_back_whole_and_in_order
            an_id_that_looks_like_an_operator_is_a_plain_string
            an_event_that_is_not_understood_is_an_error_and_counts_as_a_version
            an_import_keeps_the_times_of_its_events
            as_of_a_time_is_the_longest_prefix_recorded_by_then
            an_aggregate_of_retired_events_only_does_not_exist
            an_aggregate_of_retired_events_only_can_be_created
            snapshot_plus_tail_equals_full_replay_at_every_version
            the_newest_snapshot_at_or_below_a_version_is_found
            a_snapshot_of_another_state_version_is_passed_over
            a_snapshot_that_does_not_decode_is_passed_over_for_an_older_one
            the_snapshot_taken_last_is_kept_whatever_lies_above_it
            a_snapshot_beyond_the_head_is_an_error_and_nothing_is_appended
            snapshots_of_two_aggregates_never_share_a_key
            $($across_aggregates)*
        }
    };
}

/// Generates one test for each law. The expression creates an empty store; it may `.await`. It
/// needs `tokio` with macros and a multi-thread runtime.
///
/// A store that orders events only within aggregates uses `conformance_tests!(store, order within
/// aggregates)`, which omits the laws on positions across aggregates.
#[macro_export]
macro_rules! conformance_tests {
    ($store:expr $(, order $within:ident $aggregates:ident)?) => {
        $crate::conformance_laws! { $crate::conformance_tests, $store $(, order $within $aggregates)? }
    };
    ($store:expr; $($law:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $law() {
            $crate::conformance::$law($store).await;
        }
    )+};
}

/// Passes the names of the laws of queries to a macro, as
/// [`conformance_laws!`](crate::conformance_laws) does with the others.
#[macro_export]
macro_rules! query_laws {
    ($callback:path $(, $argument:expr)?) => {
        $crate::query_laws! { @and [conditions_on_positions_bound_an_answer_that_is_in_their_order]
            $callback $(, $argument)?
        }
    };
    ($callback:path, $argument:expr, order within aggregates) => {
        $crate::query_laws! { @and [] $callback, $argument }
    };
    (@and [$($across_aggregates:ident)*] $callback:path $(, $argument:expr)?) => {
        $callback! { $($argument;)?
            a_query_finds_the_events_that_meet_a_condition_and_no_others
            all_conditions_of_a_query_hold_together
            an_answer_is_in_the_order_of_time_and_within_a_millisecond_of_position
            the_events_of_one_aggregate_are_found_in_their_own_order
            pages_have_every_event_of_an_answer_once_and_in_order
            an_answer_starts_at_a_place_or_after_it
            a_count_is_the_number_of_events_of_the_answer
            the_event_that_began_a_correlation_belongs_to_it
            a_query_takes_strings_as_values
            a_query_leaves_out_no_event_that_it_cannot_decode
            an_answer_of_thousands_of_events_is_whole_and_in_order
            a_cursor_continues_a_query_of_every_handle_of_the_store
            $($across_aggregates)*
        }
    };
}

/// Makes one test of each law of queries, for a store that implements
/// [`QueryStore`](crate::store::QueryStore) too. It takes what
/// [`conformance_tests!`](crate::conformance_tests) takes.
#[macro_export]
macro_rules! query_conformance_tests {
    ($store:expr $(, order $within:ident $aggregates:ident)?) => {
        $crate::query_laws! { $crate::conformance_tests, $store $(, order $within $aggregates)? }
    };
}

/// Passes the names of the laws of reading by position to a macro, as
/// [`conformance_laws!`](crate::conformance_laws) does with the others. A store that orders events
/// only within aggregates has one law: it cannot be read by position.
#[macro_export]
macro_rules! feed_laws {
    ($callback:path, $argument:expr, order within aggregates) => {
        $callback! { $argument; a_store_without_an_order_across_aggregates_cannot_be_followed }
    };
    ($callback:path $(, $argument:expr)?) => {
        $callback! { $($argument;)?
            a_feed_has_every_event_once_and_in_the_order_of_positions
            a_feed_continues_after_every_position
            a_feed_of_some_aggregates_is_the_feed_of_all_without_the_others
            a_feed_passes_no_event_of_a_concurrent_append
            a_refused_append_holds_up_no_reader
            the_frontier_is_reached_and_no_later_event_is_below_it
            an_append_wakes_a_follower
            a_follower_continues_where_the_last_one_ended
            a_follower_from_now_on_gets_what_is_appended_afterwards
        }
    };
}

/// Makes one test of each law of reading by position, for a store that implements
/// [`FeedStore`](crate::store::FeedStore) too. It takes what
/// [`conformance_tests!`](crate::conformance_tests) takes.
#[macro_export]
macro_rules! feed_conformance_tests {
    ($store:expr $(, order $within:ident $aggregates:ident)?) => {
        $crate::feed_laws! { $crate::conformance_tests, $store $(, order $within $aggregates)? }
    };
}

/// Passes the names of the laws of read models to a macro, as
/// [`conformance_laws!`](crate::conformance_laws) does with the others.
#[macro_export]
macro_rules! read_model_laws {
    ($callback:path $(, $argument:expr)?) => {
        $callback! { $($argument;)?
            a_read_model_begins_before_the_first_event
            a_read_model_is_prepared_once
            a_subscription_begins_where_it_was_prepared_first
            rows_are_those_of_their_checkpoint
            a_commit_with_an_old_fence_writes_nothing
            one_of_concurrent_commits_wins
            a_lease_has_one_owner_until_it_is_given_back_or_ends
            a_lease_that_is_taken_from_its_owner_ends
            a_failure_is_shown_until_somebody_continues
            rows_of_two_versions_and_of_odd_keys_never_meet
            a_paused_read_model_changes_nothing
            a_reset_read_model_begins_again
            owners_are_counted_until_their_time_ends
            partitions_are_listed_with_their_owners
            a_unique_index_refuses_rows_with_the_same_values
            a_unique_index_compares_the_rows_after_a_commit
            a_missing_field_is_null_and_each_element_of_an_array_counts
            an_index_can_be_added_to_rows_that_exist
            a_unique_index_of_a_type_of_rows_ignores_the_others
            the_first_version_is_live
            a_version_becomes_live_only_if_it_has_reached_the_live_one
            keys_are_listed_in_order
            a_version_is_dropped_unless_it_is_live
            letters_change_with_the_rows_and_the_checkpoint
            letters_are_removed_and_skipped_in_one_commit
            a_refused_commit_changes_no_letter
            letters_of_two_versions_and_of_odd_keys_never_meet
            what_is_read_names_the_fence
            a_reset_deletes_what_is_parked_and_keeps_what_is_skipped
        }
    };
}

/// Makes one test of each law of read models, for a store that implements
/// [`ReadModelStore`](crate::store::ReadModelStore) too.
#[macro_export]
macro_rules! read_model_conformance_tests {
    ($store:expr) => {
        $crate::read_model_laws! { $crate::conformance_tests, $store }
    };
}

fn stream(id: &str) -> StreamId {
    expect(StreamId::of::<Numbers>(id))
}

fn new_event(number: i64) -> NewEvent {
    let event: <Numbers as Aggregate>::Event = Added { number }.into_events().remove(0);
    expect(NewEvent::encode(&event, Metadata::new()))
}

fn append(id: &str, expected: u32, numbers: impl IntoIterator<Item = i64>) -> Append {
    let expected = ExpectedVersion::exactly(Version::from(expected));
    Append::new(stream(id), expected, numbers.into_iter().map(new_event).collect())
}

async fn stored(store: &impl EventStore, stream: &StreamId) -> Vec<RecordedEvent<EventData>> {
    stored_in(store, stream, ReadRange::ALL).await
}

async fn stored_in(store: &impl EventStore, stream: &StreamId, range: ReadRange) -> Vec<RecordedEvent<EventData>> {
    let mut batches = store.read(stream, range);
    let mut events = Vec::new();
    while let Some(batch) = next_batch(&mut batches).await {
        for event in expect(batch).events() {
            events.push(expect(event).to_recorded());
        }
    }
    events
}

async fn numbers(store: &impl EventStore, id: &str) -> Vec<i64> {
    stored(store, &stream(id)).await.iter().map(number).collect()
}

fn number(event: &RecordedEvent<EventData>) -> i64 {
    expect(event.data.as_raw().get_i64("number"))
}

fn is_conflict(answer: &Result<Appended, StoreError>, expected: u64, actual: u64) -> bool {
    matches!(answer, Err(StoreError::Conflict { expected: e, actual: a, .. }) if *e == expected && *a == actual)
}

/// Runs futures concurrently in one task.
async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    all_beside(futures.into_iter().map(Box::pin).collect(), pin!(pending())).await
}

#[track_caller]
fn expect<T, E: std::error::Error>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed unexpectedly: {}", ErrorChain::new(&error)))
}
