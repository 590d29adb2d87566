//! The laws of a store, kept by the one on MongoDB.

es_core::conformance_tests!(tests::empty_store().await);
