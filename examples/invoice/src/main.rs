//! Invoices, event-sourced on MongoDB: the whole flow of the framework in one program.
#![allow(unreachable_pub, reason = "in a program, `pub` marks what a module offers to other modules")]
#![allow(missing_docs, reason = "most names need no explanation, and the others have comments")]

mod cli;
mod commands;
mod connect;
mod domain;
mod failure;
mod import;
mod own_server;
mod search_list;
mod view;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(commands::run(cli::Cli::parse())).await {
        Ok(code) => code,
        Err(failure) if failure::is_closed_pipe(&failure) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", failure::describe(&failure));
            ExitCode::FAILURE
        }
    }
}
