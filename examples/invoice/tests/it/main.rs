//! The program as a user runs it: its commands, its output and the server that it starts.

mod commands;
mod common;
mod demo;
mod import;
mod own_server;
