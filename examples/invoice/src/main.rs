//! Invoices, event-sourced on MongoDB: the whole flow of the framework in one program.
#![allow(unreachable_pub, reason = "in a program, `pub` says what a module offers to the others")]
#![allow(missing_docs, reason = "names say it; the comments are for what they do not")]

mod domain;

fn main() {}
