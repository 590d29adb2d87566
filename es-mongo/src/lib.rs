//! x

#[cfg(feature = "dev-server")]
pub mod dev;
