//! The laws of a store, kept by the one on MongoDB in each way to open it.

mod default_options;
mod per_aggregate;
mod writer;
