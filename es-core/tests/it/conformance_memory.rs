//! The laws of a store, kept by the one in memory.

es_core::conformance_tests!(es_core::memory::MemoryStore::new());
es_core::query_conformance_tests!(es_core::memory::MemoryStore::new());
