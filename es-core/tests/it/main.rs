//! The tests that use this crate as any other crate does.
#![allow(clippy::unwrap_used, reason = "a test program has no users")]

/// Implements `SnapshotStore` for a store that wraps a different one, in this field.
macro_rules! snapshots_of {
    ($inner:ident, [$($generics:tt)*] $store:ty) => {
        impl<$($generics)*> es_core::store::SnapshotStore for $store {
            fn newest_snapshot<'a>(
                &'a self,
                stream: &'a es_core::StreamId,
                state_version: u32,
                at_most: es_core::Version,
            ) -> es_core::store::BoxFuture<'a, Result<Option<es_core::store::StoredSnapshot>, es_core::StoreError>> {
                self.$inner.newest_snapshot(stream, state_version, at_most)
            }

            fn put_snapshot<'a>(
                &'a self,
                stream: &'a es_core::StreamId,
                snapshot: es_core::store::StoredSnapshot,
            ) -> es_core::store::BoxFuture<'a, Result<(), es_core::StoreError>> {
                self.$inner.put_snapshot(stream, snapshot)
            }
        }
    };
}

/// Implements `EventStore` for a store that wraps a different one, in this field.
macro_rules! events_of {
    ($inner:ident, $store:ty) => {
        impl es_core::store::EventStore for $store {
            fn append(
                &self,
                append: es_core::store::Append,
            ) -> es_core::store::BoxFuture<'_, Result<es_core::store::Appended, es_core::StoreError>> {
                self.$inner.append(append)
            }

            fn read(
                &self,
                stream: &es_core::StreamId,
                range: es_core::store::ReadRange,
            ) -> es_core::store::BatchStream {
                self.$inner.read(stream, range)
            }

            fn find_append<'a>(
                &'a self,
                stream: &'a es_core::StreamId,
                append_id: &'a es_core::store::AppendId,
            ) -> es_core::store::BoxFuture<'a, Result<Option<es_core::store::Receipt>, es_core::StoreError>> {
                self.$inner.find_append(stream, append_id)
            }

            fn head<'a>(
                &'a self,
                stream: &'a es_core::StreamId,
            ) -> es_core::store::BoxFuture<'a, Result<es_core::store::Head, es_core::StoreError>> {
                self.$inner.head(stream)
            }
        }
    };
}

mod actions;
mod backlog;
mod cache;
mod conformance_memory;
mod contention;
mod contexts;
mod ends;
mod features;
mod feeds;
mod generic;
mod handlers;
mod ids;
mod informs;
mod laws;
mod own_enum;
mod own_enum_ends;
mod parked;
mod queries;
mod rebuilds;
mod routed;
mod several_rows;
mod steps;
mod write_check;
