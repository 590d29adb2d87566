// The account of the guide `es_core::guide::first_aggregate`.
include!("../../../es-core/src/docs/first_aggregate/account.rs");
