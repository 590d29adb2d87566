//! The laws of a store, for the store in memory.

es_core::conformance_tests!(es_core::memory::MemoryStore::new());
es_core::query_conformance_tests!(es_core::memory::MemoryStore::new());
es_core::feed_conformance_tests!(es_core::memory::MemoryStore::new());
es_core::read_model_conformance_tests!(es_core::memory::MemoryStore::new());
